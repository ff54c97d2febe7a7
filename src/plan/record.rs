//! The operator's own memory of one cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use kube::ResourceExt;
use serde::{Deserialize, Serialize};

use super::kind::{Change, Kind};
use crate::api::identity::{ClusterId, Handle, Identity, Location};
use crate::api::secret::Password;
use crate::clock;

/// From an announcement to the moment when its request must be on its way.
pub const SEND_WITHIN: Duration = Duration::from_secs(5);

/// How long after the announcement a create can still take effect: the time to send it, the call's own
/// deadline, and a minute for what the cloud does behind a closed connection.
const LAST_EFFECT: Duration = Duration::from_secs(5 + 30 + 60);

/// How far the cloud's `createdAt` may lie before the cloud's own Date header.
pub(super) const CLOCK_SLACK: Duration = Duration::from_secs(5 * 60);

/// Which manifest a record belongs to: its name, and the uids that tell it from a namesake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Owner {
    pub kind: String,
    pub namespace: String,
    pub name: String,
    pub uid: String,
    pub namespace_uid: String,
}

/// How the cluster came to be bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    /// We created it, so its first password is the one that it was created with.
    Created,
    /// It was there before, and its passwords are its owner's.
    Adopted,
    /// It was bound before and its record was lost: its password was changed, to something we no longer know.
    Recovered,
}

/// Why a cluster that came of one of our creates may be somebody else's: the answer was lost, so that it was taken by its looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Doubt {
    /// Its database has not been asked whether the recorded password opens it.
    Unproved,
    /// The recorded password does not open it.
    Refused,
}

/// The write in progress, announced before it is sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "camelCase", rename_all_fields = "camelCase", bound = "")]
pub enum Intent<K: Kind> {
    Create(Box<CreateIntent<K>>),
    Change(Box<ChangeIntent<K>>),
    /// The identity is that of the record.
    Destroy {
        attempt: String,
        announced: Timestamp,
    },
}

/// A create that was announced and whose outcome is not settled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", bound = "")]
pub struct CreateIntent<K: Kind> {
    /// A fresh word for each announcement, so that two of them never look the same.
    pub attempt: String,
    /// How many sends were announced.
    pub sends: u32,
    /// The last announcement, by our clock.
    pub announced: Timestamp,
    /// The first announcement, by the cloud's clock.
    pub first_by_cloud: Timestamp,
    /// The last announcement, by the cloud's clock.
    pub last_by_cloud: Timestamp,
    /// Exactly what is sent, and sent again.
    pub request: K::Request,
}

impl<K: Kind> CreateIntent<K> {
    /// When, by our clock, nothing sent so far can take effect any more.
    #[must_use]
    pub fn settled_after(&self) -> Timestamp {
        clock::later(self.announced, LAST_EFFECT + K::NOT_AGAIN_WITHIN)
    }

    /// When, by our clock, none of the sends can take effect any more.
    #[must_use]
    pub fn last_effect(&self) -> Timestamp {
        clock::later(self.announced, LAST_EFFECT)
    }

    /// Whether a cluster with this creation time can come from one of our sends.
    #[must_use]
    pub fn covers(&self, created: Timestamp) -> bool {
        created >= clock::earlier(self.first_by_cloud, CLOCK_SLACK)
            && created <= clock::later(self.last_by_cloud, LAST_EFFECT)
    }
}

/// A change that was announced and whose end is not known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", bound = "")]
pub struct ChangeIntent<K: Kind> {
    /// A fresh word for each announcement, so that two of them never look the same.
    pub attempt: String,
    /// By our clock.
    pub announced: Timestamp,
    pub change: K::Change,
    /// The newest operation that was known then: what the change sets off comes after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// The cloud has taken the request, so that sooner or later it shows.
    #[serde(default)]
    pub accepted: bool,
    /// What a refusal that comes late is remembered under, see [`Refusal::fingerprint`].
    pub fingerprint: String,
}

impl<K: Kind> ChangeIntent<K> {
    /// When, by our clock, the request cannot take effect any more, should it have none by then.
    #[must_use]
    pub fn settled_after(&self) -> Timestamp {
        clock::later(self.announced, LAST_EFFECT)
    }
}

/// A request that the cloud refused, kept so that it is not sent again until something has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    pub kind: RefusalKind,
    /// The cloud's own words.
    pub message: String,
    /// What was asked, with what and amid what: another value is worth another try.
    pub fingerprint: String,
    pub at: Timestamp,
}

/// What sort of refusal it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RefusalKind {
    /// The cloud cannot or will not do it.
    Refused,
    /// The credential may not ask for it.
    Forbidden,
    /// The cloud accepted it, and failed to carry it out.
    Failed,
}

/// How a change ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was carried out.
    Done,
    /// It never took effect, so that it can be asked for again.
    Nothing,
    /// The cloud failed to carry it out; it is not asked for again until something changes.
    Failed(Refusal),
}

/// What is known of the password of the database's user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PasswordState {
    /// The one that was last proved to open the database.
    pub current: Option<Password>,
    /// The one that is about to be set, or may have been.
    pub pending: Option<Password>,
}

/// Namespace and name of a CloudAccount.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AccountName {
    pub namespace: String,
    pub name: String,
}

impl AccountName {
    /// The account to which a manifest refers: one in its own namespace, unless it names another.
    #[must_use]
    pub fn of<K: Kind>(manifest: &K) -> Self {
        let reference = &manifest.common().account_ref;
        let namespace = reference.namespace.clone().or_else(|| manifest.namespace()).unwrap_or_default();
        Self { namespace, name: reference.name.clone() }
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.namespace, self.name)
    }
}

/// The operator's memory of one cluster. It outlives the manifest unless the cluster is proved gone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", bound = "")]
pub struct Record<K: Kind> {
    pub owner: Owner,
    pub location: Location,
    /// The account through which the cloud was last written to, or the cluster bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound: Option<Bound<K>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<Intent<K>>,
    /// What the cloud refused, by the subject of the write.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub refusals: BTreeMap<String, Refusal>,
    /// The value of the annotation `forget` that was honoured, so that it is honoured once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forgotten: Option<String>,
    /// Kept for whoever adopts the cluster next; it claims nothing.
    #[serde(default)]
    pub filed: bool,
    /// The cloud was asked for the pending password, and has carried it out.
    #[serde(default)]
    pub password_sent: bool,
    /// Stored beside the rest, under keys of their own.
    #[serde(skip)]
    pub password: PasswordState,
}

/// The cluster that a record is bound to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", bound = "")]
pub struct Bound<K: Kind> {
    #[serde(flatten)]
    pub identity: Identity,
    /// The ids that it had before, one of which the manifest may still name.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub former_ids: BTreeSet<ClusterId>,
    pub origin: Origin,
    /// Set until its database has proved that it is ours; none where that was never in doubt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<Doubt>,
    /// What cannot change, as it was when the cluster was bound.
    pub fixed: K::Fixed,
    /// The credentials that have seen this cluster; only their word proves it gone.
    pub seen_by: BTreeSet<String>,
    /// What was last applied and cannot be seen in the cloud afterwards.
    #[serde(default)]
    pub applied: K::Applied,
    /// Set while the cluster is proved gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone: Option<Gone>,
}

/// A cluster was proved gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Gone {
    pub since: Timestamp,
    /// Whether its manifest was there to say so. Whoever deletes the manifest then knows what they let go of.
    pub told: bool,
}

impl<K: Kind> Record<K> {
    /// A record that knows nothing yet.
    #[must_use]
    pub fn new(owner: Owner, location: Location) -> Self {
        Self {
            owner,
            location,
            account: None,
            bound: None,
            intent: None,
            refusals: BTreeMap::new(),
            forgotten: None,
            filed: false,
            password_sent: false,
            password: PasswordState::default(),
        }
    }

    /// One of our creates brought this cluster.
    pub fn settle_creation(&mut self, bound: Bound<K>) {
        self.bound = Some(bound);
        self.intent = None;
        self.refusals.clear();
        self.password_sent = K::CREATED_WITH_PASSWORD;
    }

    /// Nothing came of the open create. What opened the cluster that seemed to come of it says nothing of the next one.
    pub fn give_up_creation(&mut self, refusal: Option<Refusal>) {
        self.intent = None;
        if self.bound.is_none() {
            self.password.current = None;
        }
        if let Some(refusal) = refusal {
            self.refusals.insert("create".to_owned(), refusal);
        }
    }

    /// An existing cluster is taken. A password that was made for a create which came to nothing is not its own.
    pub fn adopt(&mut self, owner: Owner, bound: Bound<K>) {
        self.owner = owner;
        self.bound = Some(bound);
        self.refusals.clear();
        self.password = PasswordState::default();
        self.password_sent = false;
    }

    /// What a record that claims the cluster no longer knew of it, besides its identity.
    pub fn inherit(&mut self, former: &Self) {
        self.password = former.password.clone();
        self.password_sent = former.password_sent;
        if let (Some(bound), Some(former)) = (&mut self.bound, &former.bound) {
            // What was taken for ours by its looks alone is, once a person adopts it, a cluster that was there before: the
            // password that was made for ours is not set in it.
            if former.doubt.is_none() {
                bound.origin = former.origin;
            }
            bound.applied = former.applied.clone();
        }
    }

    /// A new password is written down before anybody is asked to set it.
    pub fn announce_password(&mut self, password: Password) {
        self.password.pending = Some(password);
        self.password_sent = false;
    }

    /// This password was proved to open the database, and with it whose the cluster is.
    pub fn promote_password(&mut self, password: Password) {
        self.trust_password(password);
        if let Some(bound) = &mut self.bound {
            bound.doubt = None;
        }
    }

    /// This password is said to open the database.
    pub fn trust_password(&mut self, password: Password) {
        self.password = PasswordState { current: Some(password), pending: None };
        self.password_sent = false;
    }

    /// The recorded password does not open the bound cluster, which was taken by its looks.
    pub fn disown(&mut self) {
        if let Some(bound) = &mut self.bound {
            bound.doubt = Some(Doubt::Refused);
        }
        // It was trusted at most, for what was proved leaves no doubt.
        let trusted = self.password.current.take();
        self.password.pending = self.password.pending.take().or(trusted);
    }

    /// The cloud has answered that it takes the open change. Whether that is worth noting: nothing else tells of it later.
    pub fn accept_change(&mut self) -> bool {
        let Some(Intent::Change(intent)) = &mut self.intent else { return false };
        if intent.change.is_done_when_answered() {
            self.settle_change(Ending::Done);
            return true;
        }
        intent.accepted = intent.change.operation().is_none();
        intent.accepted
    }

    /// The open change has come to its end.
    pub fn settle_change(&mut self, ending: Ending) {
        let Some(Intent::Change(intent)) = self.intent.take() else { return };
        let subject = intent.change.field().to_owned();
        match ending {
            Ending::Nothing => {
                if let Some(bound) = &mut self.bound {
                    K::forget_applied(&mut bound.applied, &intent.change);
                }
            }
            Ending::Failed(refusal) => {
                self.refusals.insert(subject, refusal);
            }
            Ending::Done => {
                // What was refused may be possible by now: a larger product takes larger disks.
                self.refusals.clear();
                self.password_sent |= intent.change.sets_password();
                if let Some(bound) = &mut self.bound {
                    K::note_applied(&mut bound.applied, &intent.change);
                }
                if let Some(id) = intent.change.renames_to() {
                    self.rename(id.clone());
                }
            }
        }
    }

    /// The bound cluster has another id now.
    pub fn rename(&mut self, id: ClusterId) {
        if let Some(bound) = &mut self.bound {
            bound.gone = None;
            bound.former_ids.remove(&id);
            let former = std::mem::replace(&mut bound.identity.id, id);
            bound.former_ids.insert(former);
        }
    }

    /// Notes that the bound cluster is gone, or is there after all.
    pub fn set_gone(&mut self, gone: Option<Gone>) {
        if let Some(bound) = &mut self.bound {
            bound.gone = gone;
        }
    }

    /// The open create, if there is one.
    #[must_use]
    pub fn creation(&self) -> Option<&CreateIntent<K>> {
        match &self.intent {
            Some(Intent::Create(intent)) => Some(intent),
            _ => None,
        }
    }

    /// The open change, if there is one.
    #[must_use]
    pub fn change(&self) -> Option<&ChangeIntent<K>> {
        match &self.intent {
            Some(Intent::Change(intent)) => Some(intent),
            _ => None,
        }
    }

    /// Whether something that was asked for may still come into being.
    #[must_use]
    pub fn is_creating(&self, now: Timestamp) -> bool {
        self.change().is_some_and(|intent| intent.change.creates().is_some() && now <= intent.settled_after())
    }

    /// The id of the bound cluster.
    #[must_use]
    pub fn bound_id(&self) -> Option<&ClusterId> {
        self.bound.as_ref().map(|bound| &bound.identity.id)
    }

    /// What this record is about: the bound cluster, the one being created, or what is prepared for its creation.
    #[must_use]
    pub fn target(&self) -> Option<Handle> {
        let bound = self.bound_id().map(|id| Handle::Id(id.clone()));
        bound
            .or_else(|| self.creation().map(|intent| K::target(&intent.request)))
            .or_else(|| self.change().and_then(|intent| intent.change.creates()))
    }

    /// Everything that nobody else may take: what the record is about, and the id that its cluster is about to get.
    pub fn targets(&self) -> impl Iterator<Item = Handle> {
        let new = self.change().and_then(|intent| intent.change.renames_to()).cloned().map(Handle::Id);
        self.target().into_iter().chain(new)
    }

    /// Whether it is about a cluster, or one that may still come into being.
    #[must_use]
    pub fn has_cluster(&self) -> bool {
        self.bound.is_some() || self.creation().is_some()
    }
}
