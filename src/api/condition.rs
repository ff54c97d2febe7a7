//! Conditions and the closed set of reasons that explain them.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

/// One aspect of an object's state, in the form that Kubernetes' tools expect.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// Which aspect: Ready, Available, InSync, Reconciling or Stalled.
    #[serde(rename = "type")]
    #[schemars(length(max = 316))]
    pub type_: String,
    /// Whether it holds: True, False or Unknown.
    #[schemars(length(max = 16))]
    pub status: String,
    /// One word that says why; the reference lists them all with what to do about each.
    #[schemars(length(max = 1024))]
    pub reason: String,
    /// A sentence that says why, and what to do where something is to be done.
    #[schemars(length(max = 32768))]
    pub message: String,
    /// When the status of this condition last changed (RFC 3339).
    #[schemars(length(max = 64))]
    pub last_transition_time: String,
    /// The generation of the manifest that this condition speaks of.
    #[schemars(range(min = -1, max = 9_007_199_254_740_991_i64))]
    pub observed_generation: Option<i64>,
}

/// The aspects that are published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConditionType {
    /// In the state that was asked for.
    Ready,
    /// The database was last seen serving.
    Available,
    /// Nothing differs from the manifest.
    InSync,
    /// Working towards it; published only while True.
    Reconciling,
    /// Only a person can help; published only while True.
    Stalled,
}

impl ConditionType {
    /// The word in `type`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::Available => "Available",
            Self::InSync => "InSync",
            Self::Reconciling => "Reconciling",
            Self::Stalled => "Stalled",
        }
    }
}

/// How a reason counts towards Ready, Reconciling and Stalled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Ready is True.
    Done,
    /// Ready is False and Reconciling True: the operator is at it, or waits for what passes by itself.
    Working,
    /// Ready is False and Stalled True: a person is needed.
    Stalled,
}

/// Why an object is in its state. The set is closed; each says what a person should do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The database runs as asked for. Nothing to do.
    Running,
    /// The database is suspended, as asked for. Nothing to do.
    Suspended,
    /// The manifest only observes, and the database serves. Nothing to do.
    Observed,
    /// The account's cloud accepts its credentials. Nothing to do.
    Connected,
    /// The account is being tried for the first time. Wait.
    Connecting,
    /// The cluster is being created. Wait.
    Creating,
    /// A change is being carried out. Wait.
    Updating,
    /// The cluster is getting another id. Wait.
    Renaming,
    /// Data are being restored into the new database. Wait.
    Restoring,
    /// The cluster is being resumed in the cloud. Wait.
    Resuming,
    /// The cluster is being suspended in the cloud. Wait.
    Suspending,
    /// The cluster is being destroyed. Wait.
    Deleting,
    /// An operation runs on the cluster, and its cloud takes one at a time. Wait.
    WaitingForOperation,
    /// Requests to the cloud are limited for a while. Wait.
    WaitingForRateLimit,
    /// The cloud's API does not answer as it should. Wait, or look at the CloudAccount.
    CloudUnavailable,
    /// A request was sent and its outcome is not known yet; the cloud is being looked at. Wait.
    OutcomeUnknown,
    /// The database does not serve at the moment, although the cluster is there. Wait; if it lasts, look at it in the cloud's console.
    DatabaseUnavailable,
    /// The CloudAccount is missing or not connected yet. Apply it.
    WaitingForAccount,
    /// The credentials of the CloudAccount are missing or rejected since a short while. Apply them.
    WaitingForCredentials,
    /// The Secret with the password is missing since a short while. Apply it.
    WaitingForPassword,
    /// The CloudAccount is missing for more than five minutes. Apply it, or correct `accountRef`.
    AccountNotFound,
    /// The CloudAccount of another namespace does not permit what is asked for. Ask whoever looks after it, or take it back.
    NamespaceNotAllowed,
    /// The Secret with the credentials, or a key in it, is missing. Apply it.
    CredentialsMissing,
    /// The cloud rejects the credentials. Put valid ones into the Secret.
    CredentialsRejected,
    /// The credentials may not do what is needed. Give the credentials more access.
    CredentialsInsufficient,
    /// The Secret with the password, or a key in it, is missing or unusable. Mend it.
    PasswordMissing,
    /// The manifest asks for what cannot be. Correct it.
    InvalidSpec,
    /// The cloud refused a request; the message is its own. Correct the manifest or what the message names.
    ChangeRefused,
    /// The cloud began a change and could not finish it; the message is its own. Correct the manifest or what the message names.
    OperationFailed,
    /// The manifest asks for a change that is not carried out. Take it back, or change the cluster in the cloud's console.
    ChangeUnsupported,
    /// Somebody else's cluster has the name. Choose another, or adopt it with `externalId`.
    NameTaken,
    /// Another manifest manages the cluster. Remove one of the two.
    ClaimedByAnother,
    /// The account now names another location than the one where the cluster was recorded. Refer to an account of that location.
    LocationChanged,
    /// A manifest of this name had another cluster. Take it back with `externalId`, or let go of it with the annotation `clusterwright.dev/forget`.
    RecordedClusterDiffers,
    /// The organization has several active subscriptions. Name one with `subscriptionId`.
    SubscriptionAmbiguous,
    /// A Secret that is not the operator's has the connection Secret's name. Choose another name.
    ConnectionSecretConflict,
    /// The endpoint is not among the allowed ones. Correct it, or start the operator with the flag that the message names.
    EndpointNotAllowed,
    /// The password of the database's user is not known. Give it with the field that the message names.
    AdminPasswordUnknown,
    /// The database's version offers no way to change its factory password. Change it by hand, then give it with the field that the message names.
    AdminPasswordUnsupported,
    /// The database was there and is gone. Find out why; then `onVanished: Recreate`, `clusterwright.dev/forget`, or delete the manifest.
    Vanished,
    /// Another database has the recorded one's id. Find out why; then `clusterwright.dev/forget`, with `externalId` to take the new one.
    Replaced,
    /// More of the location's clusters are missing at once than is believed, so none is taken for gone. Find out why; where it is so, confirm with the annotation `clusterwright.dev/accept-missing` on the CloudAccount.
    InventorySuspect,
    /// Somebody else changes a field back whenever it is put right, so it is left. Find out who; then edit the manifest, list the field in `ignoreDrift`, or set `clusterwright.dev/reconcile-at`.
    Contested,
    /// The database is suspended in the cloud, and nobody asked for that here. Resume it in the cloud's console, or set `power: Running`.
    NotRunning,
    /// The CloudAccount is being deleted, and databases that go with their manifests still need it. Delete those manifests, or set their `deletionPolicy` to `Retain`.
    InUse,
    /// The database would be destroyed and is protected. Set `deletionProtection` to false, or `deletionPolicy` to `Retain`.
    DeletionProtected,
    /// As many databases were destroyed in the location as `destroyLimit` of its accounts allows. Wait until the time that the message names, raise the limit, or set `deletionPolicy` to `Retain`.
    DestroyLimitReached,
    /// Destroying the database would end a subscription that pays for other clusters too, or may, as far as the credentials see. Confirm with the annotation `clusterwright.dev/confirm-subscription-cancellation`, or set `deletionPolicy` to `Retain`.
    DeletionWouldCancelSubscription,
    /// Something is to be done, and the annotation `clusterwright.dev/paused` forbids it. Remove the annotation.
    Paused,
}

impl Reason {
    /// Every reason, for documentation and for tests over all of them.
    pub const ALL: [Self; 49] = [
        Self::Running,
        Self::Suspended,
        Self::Observed,
        Self::Connected,
        Self::Connecting,
        Self::Creating,
        Self::Updating,
        Self::Renaming,
        Self::Restoring,
        Self::Resuming,
        Self::Suspending,
        Self::Deleting,
        Self::WaitingForOperation,
        Self::WaitingForRateLimit,
        Self::CloudUnavailable,
        Self::OutcomeUnknown,
        Self::DatabaseUnavailable,
        Self::WaitingForAccount,
        Self::WaitingForCredentials,
        Self::WaitingForPassword,
        Self::AccountNotFound,
        Self::NamespaceNotAllowed,
        Self::CredentialsMissing,
        Self::CredentialsRejected,
        Self::CredentialsInsufficient,
        Self::PasswordMissing,
        Self::InvalidSpec,
        Self::ChangeRefused,
        Self::OperationFailed,
        Self::ChangeUnsupported,
        Self::NameTaken,
        Self::ClaimedByAnother,
        Self::LocationChanged,
        Self::RecordedClusterDiffers,
        Self::SubscriptionAmbiguous,
        Self::ConnectionSecretConflict,
        Self::EndpointNotAllowed,
        Self::AdminPasswordUnknown,
        Self::AdminPasswordUnsupported,
        Self::Vanished,
        Self::Replaced,
        Self::InventorySuspect,
        Self::Contested,
        Self::NotRunning,
        Self::InUse,
        Self::DeletionProtected,
        Self::DestroyLimitReached,
        Self::DeletionWouldCancelSubscription,
        Self::Paused,
    ];

    /// Whether nothing is being done for an object with this reason: it waits for a person, or for what passes by itself.
    #[must_use]
    pub const fn waits(self) -> bool {
        let passes = matches!(
            self,
            Self::WaitingForOperation
                | Self::WaitingForRateLimit
                | Self::CloudUnavailable
                | Self::OutcomeUnknown
                | Self::WaitingForAccount
                | Self::WaitingForCredentials
                | Self::WaitingForPassword
        );
        passes || matches!(self.standing(), Standing::Stalled)
    }

    /// How an object with this reason stands.
    #[must_use]
    pub const fn standing(self) -> Standing {
        match self {
            Self::Running | Self::Suspended | Self::Observed | Self::Connected => Standing::Done,
            Self::Connecting
            | Self::Creating
            | Self::Updating
            | Self::Renaming
            | Self::Restoring
            | Self::Resuming
            | Self::Suspending
            | Self::Deleting
            | Self::WaitingForOperation
            | Self::WaitingForRateLimit
            | Self::CloudUnavailable
            | Self::OutcomeUnknown
            | Self::DatabaseUnavailable
            | Self::WaitingForAccount
            | Self::WaitingForCredentials
            | Self::WaitingForPassword => Standing::Working,
            _ => Standing::Stalled,
        }
    }
}

impl fmt::Display for Reason {
    /// The word in `reason`: the variant's own name.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, formatter)
    }
}
