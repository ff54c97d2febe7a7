//! Everything that a decision is made from.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kube::ResourceExt;

use super::kind::{CloudCluster, Kind};
use super::lately::Lately;
use super::missing::Missing;
use super::permits::Permits;
use super::record::{AccountName, Bound, Owner, Record};
use super::waiting::PATIENCE;
use crate::api::condition::Reason;
use crate::api::identity::{ClusterId, CreatedAt, Handle, Identity, Location};
use crate::api::secret::Password;
use crate::api::shared::{CommonSpec, CommonStatus, DeletionPolicy, Management};
use crate::api::{FINALIZER, annotation};
use crate::clock;
use crate::cloud::operation::{Found, Operation};

/// A name that somebody unseen has is asked for again after this long, and so is a cluster that only others see.
const TAKEN_LASTS: Duration = Duration::from_secs(10 * 60);

/// By how much the cloud's clock may be behind ours.
const CLOCKS_DIFFER: Duration = Duration::from_secs(60);

/// What is known when a decision about one manifest is made.
#[derive(Clone, Debug)]
pub struct Facts<K: Kind> {
    pub now: Timestamp,
    pub manifest: K,
    pub namespace_uid: String,
    pub operator_namespace: String,
    /// The namespace of a former operator, whose manifests are looked after from now on.
    pub take_over_from: Option<String>,
    /// When this generation of the manifest was first seen, or created: waiting for what it refers to counts from here.
    pub edited: Timestamp,
    pub account: AccountFacts,
    pub record: Option<Record<K>>,
    /// What other manifests have to do with the clusters that this one may be about.
    pub rivals: Vec<Rival>,
    /// The last list of the location's clusters.
    pub inventory: Option<Arc<Inventory<K>>>,
    /// The last look at this one cluster.
    pub look: Option<Look<K>>,
    /// What there is around the location's clusters, as last read.
    pub catalogue: Option<Arc<Catalogued<K>>>,
    /// What the cloud was asked besides.
    pub answers: Arc<Answers<K>>,
    /// What there is behind the manifest that this one names as its source; none where it names none.
    pub source: Option<Source>,
    /// The password of that source's users, or of the cluster that is named as the source by its id.
    pub source_password: Option<Password>,
    /// What the database itself answered last, where it was asked whether it serves.
    pub probe: Option<Probe>,
    pub wanted_password: Given,
    pub current_password: Given,
    /// What our own connection Secret says the password is, where there is no record of it.
    pub published_password: Option<Password>,
    pub attempts: Attempts,
    pub lately: Lately,
}

/// How the account stands, and whether the cloud can be spoken to through it.
#[derive(Clone, Debug)]
pub struct AccountFacts {
    pub standing: AccountStanding,
    /// Where the account's last good credentials reach.
    pub reach: Option<Reach>,
    /// What the manifest may use it for.
    pub permits: Permits,
    /// A person vouches that what was missing then is gone.
    pub accepts_missing: Option<Timestamp>,
}

/// How an account stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountStanding {
    Missing,
    Connecting,
    Connected,
    /// It was connected, and the cloud does not answer as it should.
    Unavailable(String),
    /// Only a person can help.
    Refused(Reason, String),
}

/// A location, and the credentials that open it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    pub location: Location,
    /// Printable names of the credentials that the cloud has let in, the one in use first. They outlive a change of a
    /// credential's secret.
    pub credentials: Vec<String>,
    /// Changes with the credentials' secrets, and with whatever else the way there is made from.
    pub made_from: String,
}

impl Reach {
    /// Whether this is one of its credentials.
    #[must_use]
    pub fn is_open_to(&self, credential: &str) -> bool {
        self.credentials.iter().any(|own| own == credential)
    }

    /// Whether one of its credentials has seen a bound cluster.
    #[must_use]
    pub fn has_seen<K: Kind>(&self, bound: &Bound<K>) -> bool {
        self.credentials.iter().any(|own| bound.seen_by.contains(own))
    }
}

/// A list of clusters.
#[derive(Clone, Debug)]
pub struct Inventory<K: Kind> {
    pub clusters: Vec<K::Cluster>,
    pub at: Option<Timestamp>,
    pub missing: Missing,
}

impl<K: Kind> Inventory<K> {
    /// The cluster with this id.
    #[must_use]
    pub fn get(&self, id: &ClusterId) -> Option<&K::Cluster> {
        self.clusters.iter().find(|cluster| cluster.id() == id)
    }

    /// The clusters that this handle leads to: one by its id, and any number by a name.
    pub fn by<'a>(&'a self, handle: &'a Handle) -> impl Iterator<Item = &'a K::Cluster> {
        self.clusters.iter().filter(move |cluster| cluster.answers_to(handle))
    }
}

/// What there is around clusters, and when it was read.
#[derive(Clone, Debug)]
pub struct Catalogued<K: Kind> {
    pub at: Timestamp,
    pub catalogue: K::Catalogue,
}

/// What a cloud answered to single questions.
pub type Answers<K> = HashMap<<K as Kind>::Question, Answered<K>>;

/// What a cloud answered, and when it was asked.
#[derive(Clone, Debug)]
pub struct Answered<K: Kind> {
    pub at: Timestamp,
    /// None where the cloud had no answer to something that nothing waits for.
    pub answer: Option<K::Answer>,
}

/// What there is behind the name of another manifest in the same namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// There is no such manifest.
    Missing,
    /// It has no cluster yet.
    Unbound,
    /// Its cluster lives where this manifest's account does not reach.
    Elsewhere,
    /// By its record, its own.
    Cluster(ClusterId),
    /// By its own word, which everybody can give.
    Named(ClusterId),
}

/// A look at one cluster: it was asked for, and the list was read.
#[derive(Clone, Debug)]
pub struct Look<K: Kind> {
    pub target: Handle,
    pub at: Timestamp,
    /// The credential that looked.
    pub by: String,
    pub found: Found<K::Cluster>,
}

impl<K: Kind> Look<K> {
    /// What the cluster is doing or did last, newest first.
    #[must_use]
    pub fn operations(&self) -> &[Operation] {
        &self.found.operations
    }
}

/// Another manifest's interest in a cluster of the same location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rival {
    pub namespace: String,
    pub name: String,
    pub target: Handle,
    pub stake: Stake,
}

/// What another manifest has to do with a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stake {
    /// Its record is bound to this database, and it manages it.
    Claims(CreatedAt),
    /// It is about to create what is looked for.
    Creates,
    /// It wants to adopt the cluster as well, and was there earlier.
    EarlierNewcomer,
}

/// Whether the database answered when it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    pub at: Timestamp,
    pub serves: bool,
}

/// A password that the manifest refers to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Given {
    /// The manifest refers to none.
    #[default]
    NotAsked,
    Value(Password),
    /// It cannot be had; the sentence says what is wrong.
    Missing(String),
}

/// What this process remembers of its own attempts; forgotten at a restart, and when something worth another try has changed.
#[derive(Clone, Debug, Default)]
pub struct Attempts {
    /// When a person or a credential last gave reason to start afresh; none since the manifest was first seen here.
    pub begun: Option<Timestamp>,
    /// No write to the cloud before then.
    pub not_before: Option<Timestamp>,
    /// Why the last attempt came to nothing.
    pub trouble: Option<Trouble>,
    /// None of the passwords that could be tried opens the database. What it denied before says nothing of other passwords,
    /// or of another cluster.
    pub denied: Option<Denied>,
    /// The database refused the new password, in its own words, and kept the one that it had.
    pub password_refused: Option<String>,
    /// The Secret with the connection Secret's name is not ours.
    pub connection_conflict: Option<String>,
    /// The data plane may not be spoken to; the sentence names the flag.
    pub database_refused: Option<String>,
    /// The database's servers offer no way to set a password.
    pub password_unsupported: bool,
    /// What was last published, as a fingerprint; checked again now and then.
    pub published: Option<String>,
    /// The kind's definition is being deleted, so everything is released.
    pub definition_deleted: bool,
}

impl Attempts {
    /// Whether none of the passwords that could be tried opens the database.
    #[must_use]
    pub const fn password_unknown(&self) -> bool {
        self.denied.is_some()
    }
}

/// When a database opened with none of the passwords that were tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Denied {
    /// It has done so each time since then.
    pub since: Timestamp,
    pub last: Timestamp,
}

/// Why an attempt came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    pub kind: TroubleKind,
    /// A sentence, or the other side's own words.
    pub message: String,
    pub since: Timestamp,
}

/// What sort of trouble it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TroubleKind {
    RateLimited,
    Unavailable,
    OutcomeUnknown,
    /// The account's credentials may not ask for what has to be known.
    Forbidden,
    /// The cloud says that what was asked for cannot be.
    Refused,
    /// The cloud refused to repeat what it had been asked before.
    RepeatRefused,
    /// The cloud is busy with the cluster.
    Busy,
    DatabaseUnreachable,
    /// The database answered, and not as it should.
    DatabaseTrouble,
}

impl TroubleKind {
    /// Whether it is the database, and not its cloud, that does not answer as it should.
    #[must_use]
    pub const fn is_of_the_database(self) -> bool {
        matches!(self, Self::DatabaseUnreachable | Self::DatabaseTrouble)
    }
}

impl<K: Kind> Facts<K> {
    /// Whether something that was seen at `at` was seen no longer ago than `lasting`.
    #[must_use]
    pub fn is_recent(&self, at: Timestamp, lasting: Duration) -> bool {
        self.now < clock::later(at, lasting)
    }

    /// What the cloud answered to this question no longer ago than `lasting`, and since a person or a credential last gave
    /// reason to ask anew.
    #[must_use]
    pub fn answer(&self, question: &K::Question, lasting: Duration) -> Option<&K::Answer> {
        let told =
            self.answers.get(question).filter(|told| self.is_recent(told.at, lasting) && !self.is_outdated(told.at))?;
        told.answer.as_ref()
    }

    /// Whether a person or a credential has given reason to ask anew since then.
    #[must_use]
    pub fn is_outdated(&self, at: Timestamp) -> bool {
        self.attempts.begun.is_some_and(|begun| at < begun)
    }

    /// Why the last attempt to speak to the database came to nothing.
    #[must_use]
    pub fn database_trouble(&self) -> Option<&Trouble> {
        self.attempts.trouble.as_ref().filter(|trouble| trouble.kind.is_of_the_database())
    }

    /// Whether the last attempt to speak to the database did not reach it.
    #[must_use]
    pub fn database_is_out_of_reach(&self) -> bool {
        let trouble = self.attempts.trouble.as_ref();
        trouble.is_some_and(|trouble| trouble.kind == TroubleKind::DatabaseUnreachable)
    }

    /// Whether the database could not be reached for so long that no restart of a node explains it.
    #[must_use]
    pub fn database_is_shut(&self) -> bool {
        let lasts = |trouble: &Trouble| !self.is_recent(trouble.since, PATIENCE);
        self.database_is_out_of_reach() && self.attempts.trouble.as_ref().is_some_and(lasts)
    }

    /// Whether the manifest is being deleted.
    #[must_use]
    pub fn deleting(&self) -> bool {
        self.manifest.meta().deletion_timestamp.is_some()
    }

    /// Whether more clusters are missing at once than is believed.
    #[must_use]
    pub fn inventory_is_suspect(&self) -> bool {
        self.inventory.as_ref().is_some_and(|list| list.missing.is_suspect(self.account.accepts_missing))
    }

    /// Whether writes to the cloud are switched off by annotation.
    #[must_use]
    pub fn paused(&self) -> bool {
        self.annotation(annotation::PAUSED) == Some("true")
    }

    /// The value of one of the manifest's annotations.
    #[must_use]
    pub fn annotation(&self, name: &str) -> Option<&str> {
        self.manifest.annotations().get(name).map(String::as_str)
    }

    /// Whether the manifest is managed and not only observed.
    #[must_use]
    pub fn managed(&self) -> bool {
        self.spec().management == Management::Managed
    }

    /// Whether the end of the manifest destroys the database.
    #[must_use]
    pub fn destroys(&self) -> bool {
        self.managed() && self.spec().deletion_policy == DeletionPolicy::Delete
    }

    /// Whether our finalizer is on the manifest.
    #[must_use]
    pub fn has_finalizer(&self) -> bool {
        self.manifest.finalizers().iter().any(|finalizer| finalizer == FINALIZER)
    }

    /// The manifest's uid.
    #[must_use]
    pub fn uid(&self) -> &str {
        self.manifest.meta().uid.as_deref().unwrap_or_default()
    }

    /// The manifest as a record names it.
    #[must_use]
    pub fn owner(&self) -> Owner {
        Owner {
            kind: K::kind(&()).into_owned(),
            namespace: self.manifest.namespace().unwrap_or_default(),
            name: self.manifest.name_any(),
            uid: self.uid().to_owned(),
            namespace_uid: self.namespace_uid.clone(),
        }
    }

    /// The account that the manifest refers to.
    #[must_use]
    pub fn account_name(&self) -> AccountName {
        AccountName::of(&self.manifest)
    }

    /// What the manifest asks for, as every kind has it.
    #[must_use]
    pub fn spec(&self) -> &CommonSpec {
        self.manifest.common()
    }

    /// What was reported before, as every kind has it.
    #[must_use]
    pub fn reported(&self) -> Option<&CommonStatus> {
        self.manifest.status().map(K::common_status)
    }

    /// The id in the status that an earlier reconcile wrote.
    #[must_use]
    pub fn reported_id(&self) -> Option<&ClusterId> {
        self.reported()?.external_id.as_ref()
    }

    /// What cannot change about a cluster, with what is known around it.
    #[must_use]
    pub fn fixed(&self, cluster: &K::Cluster) -> K::Fixed {
        K::fixed(cluster, self.catalogue.as_ref().map(|read| &read.catalogue))
    }

    /// Who else has to do with this target, if it is so.
    #[must_use]
    pub fn rival_for(&self, target: &Handle) -> Option<&Rival> {
        self.rivals.iter().find(|rival| rival.target == *target)
    }

    /// The last look, if it was at this target.
    #[must_use]
    pub fn look_at(&self, target: &Handle) -> Option<&Look<K>> {
        self.look.as_ref().filter(|look| look.target == *target)
    }

    /// The cluster that this target leads to, by whichever of list and look is newer. That a name is taken where no list
    /// shows it is known by the look alone, and holds for a while.
    #[must_use]
    pub fn sighting(&self, target: &Handle) -> Sighting<'_, K> {
        let listed = self.inventory.as_ref();
        let by_look = |look| Look::sighting(look);
        match (listed, self.look_at(target)) {
            (Some(list), Some(look)) if list.at.is_none_or(|at| at <= look.at) => by_look(look),
            (Some(list), look) => {
                let taken = look.is_some_and(|look| look.found.taken && self.is_recent(look.at, TAKEN_LASTS));
                let unlisted = if taken { Sighting::Elsewhere } else { Sighting::Unlisted };
                list.clusters.iter().find(|cluster| cluster.answers_to(target)).map_or(unlisted, Sighting::Present)
            }
            (None, Some(look)) => by_look(look),
            (None, None) => Sighting::Unknown,
        }
    }

    /// The same as far as the account's own credentials see: what a credential may see differs, and the list is shared by
    /// all accounts of the location. Until a look with one of them has found the cluster, the cluster counts as unlisted.
    #[must_use]
    pub fn own_sighting(&self, target: &Handle) -> Sighting<'_, K> {
        let cluster = match self.sighting(target) {
            Sighting::Present(cluster) => cluster,
            unseen => return unseen,
        };
        let own = self.look_at(target).filter(|look| self.is_own(look));
        let absent = own.filter(|look| look.found.cluster.is_none());
        // What was not there yet says nothing of what the credential may see.
        let born = cluster.created_at().timestamp().map(|born| clock::later(born, CLOCKS_DIFFER));
        let worth_another = |look: &Look<K>| [self.attempts.begun, born].iter().flatten().any(|since| look.at < *since);
        match absent.filter(|look| self.is_recent(look.at, TAKEN_LASTS) && !worth_another(look)) {
            _ if self.has_seen(cluster) => Sighting::Present(cluster),
            Some(look) => Sighting::LookedAbsent(look),
            None => Sighting::Unlisted,
        }
    }

    /// By the last look, or by the record.
    fn has_seen(&self, cluster: &K::Cluster) -> bool {
        let identity = Identity { id: cluster.id().clone(), created_at: cluster.created_at() };
        let recorded = self.record.as_ref().and_then(|record| record.bound.as_ref());
        let reach = self.account.reach.as_ref();
        self.look.as_ref().is_some_and(|look| self.is_own(look) && look.shows(cluster))
            || recorded
                .is_some_and(|bound| bound.identity == identity && reach.is_some_and(|reach| reach.has_seen(bound)))
    }

    /// The last look at this target with one of the account's own credentials, as they are since they last changed.
    #[must_use]
    pub fn own_look_at(&self, target: &Handle) -> Option<&Look<K>> {
        let own = self.look_at(target).filter(|look| self.is_own(look));
        own.filter(|look| self.attempts.begun.is_none_or(|begun| look.at >= begun))
    }

    fn is_own(&self, look: &Look<K>) -> bool {
        self.account.reach.as_ref().is_some_and(|reach| reach.is_open_to(&look.by))
    }

    /// The credential that sees a cluster: the one that looked and found it, or else the one in use.
    #[must_use]
    pub fn seeing(&self, cluster: &K::Cluster) -> Option<&str> {
        let looked = self.look.as_ref().filter(|look| self.is_own(look) && look.shows(cluster));
        let in_use = || self.account.reach.as_ref()?.credentials.first();
        looked.map(|look| &look.by).or_else(in_use).map(String::as_str)
    }

    /// Whether the shared list shows something that this target leads to.
    #[must_use]
    pub fn is_listed(&self, target: &Handle) -> bool {
        self.inventory.as_ref().is_some_and(|list| list.by(target).next().is_some())
    }
}

impl<K: Kind> Look<K> {
    /// Whether it found this very database.
    #[must_use]
    pub fn shows(&self, cluster: &K::Cluster) -> bool {
        let identity = |cluster: &K::Cluster| (cluster.id().clone(), cluster.created_at());
        self.found.cluster.as_ref().is_some_and(|seen| identity(seen) == identity(cluster))
    }

    fn sighting(&self) -> Sighting<'_, K> {
        match &self.found.cluster {
            Some(cluster) => Sighting::Present(cluster),
            None if self.found.taken => Sighting::Elsewhere,
            None => Sighting::LookedAbsent(self),
        }
    }
}

/// Whether a cluster is there.
#[derive(Debug)]
pub enum Sighting<'a, K: Kind> {
    Present(&'a K::Cluster),
    /// The list does not show it; a list alone proves nothing.
    Unlisted,
    /// Neither the list nor a look at it shows it.
    LookedAbsent(&'a Look<K>),
    /// There is none here, and yet the cloud says that the name is taken.
    Elsewhere,
    /// Nobody has looked yet.
    Unknown,
}
