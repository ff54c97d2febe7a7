//! Everything that a decision is made from.

use std::sync::Arc;

use jiff::Timestamp;
use kube::ResourceExt;

use super::record::{Owner, Record};
use crate::api::condition::Reason;
use crate::api::identity::{ClusterId, CreatedAt, Location};
use crate::api::secret::Password;
use crate::api::shared::{DeletionPolicy, Management};
use crate::api::typedb::TypeDBCluster;
use crate::api::{FINALIZER, annotation};
use crate::cloud::typedb::wire::Cluster;

/// What is known when a decision about one manifest is made.
#[derive(Clone, Debug)]
pub struct Facts {
    pub now: Timestamp,
    pub manifest: TypeDBCluster,
    pub namespace_uid: String,
    pub operator_namespace: String,
    /// When this generation of the manifest was first seen, or created: waiting for what it refers to counts from here.
    pub edited: Timestamp,
    pub account: AccountFacts,
    pub record: Option<Record>,
    /// What other manifests have to do with the clusters that this one may be about.
    pub rivals: Vec<Rival>,
    /// The last list of the location's clusters.
    pub inventory: Option<Arc<Inventory>>,
    /// The last look at this one cluster, by its id.
    pub look: Option<Look>,
    pub wanted_password: Given,
    pub current_password: Given,
    /// What our own connection Secret says the password is, where there is no record of it.
    pub published_password: Option<Password>,
    pub attempts: Attempts,
}

/// How the account stands, and whether the cloud can be spoken to through it.
#[derive(Clone, Debug)]
pub struct AccountFacts {
    pub standing: AccountStanding,
    /// Where the account's last good credentials reach.
    pub reach: Option<Reach>,
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

/// A location, and the credential that opens it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    pub location: Location,
    /// A printable name of the credential. It outlives a change of the credential's secret.
    pub credential: String,
    /// Changes with the credential's secret, and with whatever else the way there is made from.
    pub made_from: String,
}

/// A list of clusters.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    pub clusters: Vec<Cluster>,
    pub at: Option<Timestamp>,
}

impl Inventory {
    /// The cluster with this id.
    #[must_use]
    pub fn get(&self, id: &ClusterId) -> Option<&Cluster> {
        self.clusters.iter().find(|cluster| cluster.id == *id)
    }

    /// A cluster that was created at this very moment, under whatever id.
    #[must_use]
    pub fn created_at(&self, moment: CreatedAt) -> Option<&Cluster> {
        self.clusters.iter().find(|cluster| cluster.created_at == moment)
    }
}

/// A look at one cluster: it was asked for by its id, and the list was read.
#[derive(Clone, Debug)]
pub struct Look {
    pub id: ClusterId,
    pub at: Timestamp,
    pub by: String,
    pub found: Option<Cluster>,
}

/// Another manifest's interest in a cluster of the same location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rival {
    pub namespace: String,
    pub name: String,
    pub id: ClusterId,
    pub stake: Stake,
}

/// What another manifest has to do with a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stake {
    /// Its record is bound to this database, and it manages it.
    Claims(CreatedAt),
    /// It is about to create a cluster of this id.
    Creates,
    /// It wants to adopt the cluster as well, and was there earlier.
    EarlierNewcomer,
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
    /// No write to the cloud before then.
    pub not_before: Option<Timestamp>,
    /// Why the last attempt came to nothing.
    pub trouble: Option<Trouble>,
    /// None of the passwords that could be tried opens the database.
    pub password_unknown: bool,
    /// The database refused the new password, in its own words, and kept the one that it had.
    pub password_refused: Option<String>,
    /// The Secret with the connection Secret's name is not ours.
    pub connection_conflict: Option<String>,
    /// The data plane may not be spoken to; the sentence names the flag.
    pub database_refused: Option<String>,
    /// The database's servers offer no HTTP API.
    pub no_http_api: bool,
    /// What was last published, as a fingerprint; checked again now and then.
    pub published: Option<String>,
    /// The kind's definition is being deleted, so everything is released.
    pub definition_deleted: bool,
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
    /// The cloud refused to repeat what it had been asked before.
    RepeatRefused,
    DatabaseUnreachable,
}

impl Facts {
    /// Whether the manifest is being deleted.
    #[must_use]
    pub fn deleting(&self) -> bool {
        self.manifest.metadata.deletion_timestamp.is_some()
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
        self.manifest.spec.common.management == Management::Managed
    }

    /// Whether the end of the manifest destroys the database.
    #[must_use]
    pub fn destroys(&self) -> bool {
        self.managed() && self.manifest.spec.common.deletion_policy == DeletionPolicy::Delete
    }

    /// Whether our finalizer is on the manifest.
    #[must_use]
    pub fn has_finalizer(&self) -> bool {
        self.manifest.finalizers().iter().any(|finalizer| finalizer == FINALIZER)
    }

    /// The manifest's uid.
    #[must_use]
    pub fn uid(&self) -> &str {
        self.manifest.metadata.uid.as_deref().unwrap_or_default()
    }

    /// The manifest as a record names it.
    #[must_use]
    pub fn owner(&self) -> Owner {
        Owner {
            kind: "TypeDBCluster".to_owned(),
            namespace: self.manifest.namespace().unwrap_or_default(),
            name: self.manifest.name_any(),
            uid: self.uid().to_owned(),
            namespace_uid: self.namespace_uid.clone(),
        }
    }

    /// The id that the manifest's cluster has or shall get.
    #[must_use]
    pub fn wanted_id(&self) -> ClusterId {
        let spec = &self.manifest.spec;
        spec.cluster_id.clone().unwrap_or_else(|| ClusterId::new(self.manifest.name_any()))
    }

    /// The id in the status that an earlier reconcile wrote.
    #[must_use]
    pub fn reported_id(&self) -> Option<&ClusterId> {
        self.manifest.status.as_ref()?.common.external_id.as_ref()
    }

    /// Who else has a claim on this id, if it is so.
    #[must_use]
    pub fn rival_for(&self, id: &ClusterId) -> Option<&Rival> {
        self.rivals.iter().find(|rival| rival.id == *id)
    }

    /// The cluster of this id, by whichever of list and look is newer.
    #[must_use]
    pub fn sighting(&self, id: &ClusterId) -> Sighting<'_> {
        let listed = self.inventory.as_ref();
        let look = self.look.as_ref().filter(|look| look.id == *id);
        match (listed, look) {
            (Some(list), Some(look)) if list.at.is_none_or(|at| at <= look.at) => {
                look.found.as_ref().map_or(Sighting::LookedAbsent(look), Sighting::Present)
            }
            (Some(list), _) => list.get(id).map_or(Sighting::Unlisted, Sighting::Present),
            (None, Some(look)) => look.found.as_ref().map_or(Sighting::LookedAbsent(look), Sighting::Present),
            (None, None) => Sighting::Unknown,
        }
    }
}

/// Whether a cluster is there.
#[derive(Clone, Copy, Debug)]
pub enum Sighting<'a> {
    Present(&'a Cluster),
    /// The list does not show it; a list alone proves nothing.
    Unlisted,
    /// Neither the list nor a look at it by id shows it.
    LookedAbsent(&'a Look),
    /// Nobody has looked yet.
    Unknown,
}
