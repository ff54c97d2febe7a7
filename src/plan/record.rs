//! The operator's own memory of one cluster.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::api::identity::{ClusterId, Identity, Location};
use crate::api::secret::Password;
use crate::api::typedb::FixedAtCreation;
use crate::clock;
use crate::cloud::typedb::wire::{BackupConfiguration, ClusterDeploy};

/// From an announcement to the moment when its request must be on its way.
pub const SEND_WITHIN: Duration = Duration::from_secs(5);

/// How long after the announcement a create can still take effect: the time to send it, the call's own
/// deadline, and a minute for what the cloud does behind a closed connection.
const LAST_EFFECT: Duration = Duration::from_secs(5 + 30 + 60);

/// How far the cloud's `createdAt` may lie before the cloud's own Date header.
const CLOCK_SLACK: Duration = Duration::from_secs(5 * 60);

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
    /// We created it, so its first password is the factory one.
    Created,
    /// It was there before, and its passwords are its owner's.
    Adopted,
    /// It was bound before and its record was lost: its password was changed, to something we no longer know.
    Recovered,
}

/// The write in progress, announced before it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Intent {
    Create(Box<CreateIntent>),
    /// The identity is that of the record.
    Destroy {
        attempt: String,
        announced: Timestamp,
    },
}

/// A create that was announced and whose outcome is not settled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateIntent {
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
    pub request: ClusterDeploy,
}

impl CreateIntent {
    /// When, by our clock, nothing sent so far can take effect any more.
    #[must_use]
    pub fn settled_after(&self) -> Timestamp {
        clock::later(self.announced, LAST_EFFECT)
    }

    /// Whether a cluster with this creation time can come from one of our sends.
    #[must_use]
    pub fn covers(&self, created: Timestamp) -> bool {
        created >= clock::earlier(self.first_by_cloud, CLOCK_SLACK)
            && created <= clock::later(self.last_by_cloud, LAST_EFFECT)
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
}

/// What is known of the password of the database's user `admin`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PasswordState {
    /// The one that was last proved to open the database.
    pub current: Option<Password>,
    /// The one that is about to be set, or may have been.
    pub pending: Option<Password>,
}

/// The operator's memory of one cluster. It outlives the manifest unless the cluster is proved gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    pub owner: Owner,
    pub location: Location,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound: Option<Bound>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<Intent>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refusal>,
    /// The value of the annotation `forget` that was honoured, so that it is honoured once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forgotten: Option<String>,
    /// Kept for whoever adopts the cluster next; it claims nothing.
    #[serde(default)]
    pub filed: bool,
    /// Stored beside the rest, under keys of their own.
    #[serde(skip)]
    pub password: PasswordState,
}

/// The cluster that a record is bound to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bound {
    #[serde(flatten)]
    pub identity: Identity,
    pub origin: Origin,
    /// What cannot change, as it was when the cluster was bound.
    pub fixed: FixedAtCreation,
    /// The credentials that have seen this cluster; only their word proves it gone.
    pub seen_by: BTreeSet<String>,
    /// The backup settings that were last applied, which no answer of the cloud ever shows; none, where we applied none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<BackupConfiguration>,
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

impl Record {
    /// A record that knows nothing yet.
    #[must_use]
    pub fn new(owner: Owner, location: Location) -> Self {
        Self {
            owner,
            location,
            bound: None,
            intent: None,
            refusal: None,
            forgotten: None,
            filed: false,
            password: PasswordState::default(),
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
    pub fn creation(&self) -> Option<&CreateIntent> {
        match &self.intent {
            Some(Intent::Create(intent)) => Some(intent),
            _ => None,
        }
    }

    /// The id that this record is about: the bound cluster's, or the one being created.
    #[must_use]
    pub fn cluster_id(&self) -> Option<&ClusterId> {
        let bound = self.bound.as_ref().map(|bound| &bound.identity.id);
        bound.or_else(|| self.creation().map(|intent| &intent.request.id))
    }
}
