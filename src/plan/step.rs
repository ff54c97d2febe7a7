//! What a plan consists of.

use std::time::Duration;

use super::connection::Connection;
use super::kind::{Change, Kind};
use super::record::{Bound, Ending, Refusal};
use crate::api::condition::{Reason, Standing};
use crate::api::identity::{ClusterId, Handle, Identity};
use crate::api::secret::Password;
use crate::api::shared::PlannedStep;

/// The decision about one manifest.
#[derive(Clone, Debug)]
pub struct Plan<K: Kind> {
    /// What to do now; after it, everything is observed and decided anew.
    pub next: Option<Step<K>>,
    /// The steps that change the cloud, with what blocks them, as the status shows them.
    pub pending: Vec<PlannedStep>,
    pub verdict: Verdict,
    /// The cluster as it was seen.
    pub cluster: Option<K::Cluster>,
    /// When to decide again even if nothing happens; never, when absent.
    pub look_again: Option<Duration>,
}

/// How the manifest stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The conditions stay as they are: nothing new is known.
    Unchanged,
    Stands {
        reason: Reason,
        message: String,
        /// The fields that differ from the manifest; empty when in sync.
        differs: Vec<String>,
    },
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Step<K: Kind> {
    AddFinalizer,
    RemoveFinalizer,
    /// Ask the cloud for one cluster, and for the list.
    Look(Handle),
    /// Ask the cloud what there is around its clusters.
    Survey,
    /// Ask the cloud a single question.
    Ask(K::Question),
    Record(RecordChange<K>),
    Cloud(CloudWrite<K>),
    Database(DatabaseStep),
    /// Write the connection Secret, or check that it is as it should be.
    Publish(Connection),
}

/// A change of the record that sends nothing to a cloud.
#[derive(Clone, Debug, PartialEq)]
pub enum RecordChange<K: Kind> {
    /// The create's outcome is known: this cluster is ours.
    Settle(Bound<K>),
    /// The create or the change had no effect, or the id turned out to be somebody else's. With a refusal it is not tried again until something changes.
    ClearIntent(Option<Refusal>),
    /// The outcome of a change is known.
    SettleChange(Ending),
    /// An existing cluster is taken; passwords come along from a record that claims it no longer.
    Adopt(Bound<K>),
    /// A manifest of the same name takes the recorded cluster back.
    Rebind,
    /// The record is filed, and the manifest starts anew. Holds the annotation's value.
    Forget(String),
    /// The annotation `forget` is gone, so that it can be set again.
    ClearForgotten,
    /// Another credential has seen the cluster.
    SeenBy(String),
    /// The password was given by somebody who knows, and cannot be proved.
    TrustPassword(Password),
    /// The recorded password does not open the cluster, which was taken by its looks.
    Disown,
    /// Somebody has given the cluster another id.
    Renamed(ClusterId),
    /// The cluster is proved gone, and its manifest is there to say so.
    Gone,
    /// A cluster that was proved gone is there after all.
    Found,
    /// The cluster is proved gone, so its record goes.
    Drop,
}

/// Every write to a cloud that the operator can make.
#[derive(Clone, Debug, PartialEq)]
pub enum CloudWrite<K: Kind> {
    /// Create a cluster. `again`: the same request was sent before and nothing came of it.
    Deploy { request: K::Request, again: bool },
    /// Change one thing about a cluster, or prepare what its creation needs.
    Change(K::Change),
    /// Destroy this one cluster with everything in it.
    Destroy(Identity),
}

/// What is done at the database's own endpoint.
#[derive(Clone, Debug, PartialEq)]
pub enum DatabaseStep {
    /// Write a password to the record as pending, before it is set.
    Announce(NewPassword),
    /// Find out which of these opens the database, by signing in. Nothing is changed.
    Prove { address: String, claims: Vec<Password> },
    /// Find out whether the database serves, without signing in: that it asks who is there is answer enough.
    Probe { address: String },
    /// Make the pending password the database's, and prove it by signing in.
    SetPassword { address: String, candidates: Vec<Password>, pending: Password },
}

/// Where a new password comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum NewPassword {
    Generate,
    Given(Password),
}

impl<K: Kind> Step<K> {
    /// Whether it changes something in a cloud or in a database.
    #[must_use]
    pub fn writes_to_a_cloud(&self) -> bool {
        let only_asks = matches!(self, Self::Database(DatabaseStep::Prove { .. } | DatabaseStep::Probe { .. }));
        matches!(self, Self::Cloud(_) | Self::Database(_)) && !only_asks
    }

    /// Whether it asks or changes something in a cloud or in a database.
    #[must_use]
    pub fn speaks_to_a_cloud(&self) -> bool {
        matches!(self, Self::Cloud(_) | Self::Database(_) | Self::Look(_) | Self::Survey | Self::Ask(_))
    }

    /// Whether it asks what the cloud offers, and nothing about the cluster itself.
    #[must_use]
    pub(super) fn only_asks_the_cloud(&self) -> bool {
        matches!(self, Self::Survey | Self::Ask(_))
    }

    /// The step in a few words.
    #[must_use]
    pub fn summary(&self) -> String {
        match self {
            Self::AddFinalizer | Self::RemoveFinalizer => "Preparing the manifest".to_owned(),
            Self::Look(target) => format!("A look at cluster {target}"),
            Self::Survey => "A look at what the cloud offers".to_owned(),
            Self::Ask(_) => "A question about what the cloud has to offer".to_owned(),
            Self::Record(_) => "Keeping the record".to_owned(),
            Self::Cloud(write) => write.summary(),
            Self::Database(DatabaseStep::Prove { .. }) => {
                "Trying the known passwords of the database's user".to_owned()
            }
            Self::Database(DatabaseStep::Probe { .. }) => "Asking the database whether it serves".to_owned(),
            Self::Database(_) => "Setting the password of the database's user".to_owned(),
            Self::Publish(_) => "Writing the connection Secret".to_owned(),
        }
    }
}

impl<K: Kind> CloudWrite<K> {
    /// What the write is about, in one word: what is refused is refused for this subject.
    #[must_use]
    pub fn subject(&self) -> &'static str {
        match self {
            Self::Deploy { .. } => "create",
            Self::Change(change) => change.field(),
            Self::Destroy(_) => "destroy",
        }
    }

    /// Whether the pending password goes with it.
    pub(super) fn sets_password(&self) -> bool {
        match self {
            Self::Deploy { .. } => K::CREATED_WITH_PASSWORD,
            Self::Change(change) => change.sets_password(),
            Self::Destroy(_) => false,
        }
    }

    /// The write in a few words.
    #[must_use]
    pub fn summary(&self) -> String {
        match self {
            Self::Deploy { request, .. } => format!("Creating cluster {}", K::target(request)),
            Self::Change(change) => change.summary(),
            Self::Destroy(identity) => format!("Destroying cluster {}", identity.id),
        }
    }
}

impl<K: Kind> Plan<K> {
    /// Nothing is done, and the manifest stands like this.
    #[must_use]
    pub fn standing(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            next: None,
            pending: Vec::new(),
            verdict: Verdict::Stands { reason, message: message.into(), differs: Vec::new() },
            cluster: None,
            look_again: None,
        }
    }

    /// Whether everything is as it was asked for.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        matches!(&self.verdict, Verdict::Stands { reason, .. } if reason.standing() == Standing::Done)
    }

    /// Whether the manifest stands like this.
    #[must_use]
    pub(super) fn stands_at(&self, reason: Reason) -> bool {
        matches!(&self.verdict, Verdict::Stands { reason: stated, .. } if *stated == reason)
    }

    /// Waits for a person; a second look now and then notices what sends no event.
    #[must_use]
    pub fn held(reason: Reason, message: impl Into<String>) -> Self {
        Self::standing(reason, message).looking_again(Duration::from_secs(10 * 60))
    }

    /// Does one thing, and stands like this meanwhile.
    #[must_use]
    pub fn step(step: Step<K>, reason: Reason, message: impl Into<String>) -> Self {
        Self { next: Some(step), ..Self::standing(reason, message) }
    }

    /// Does one thing without a word about how the manifest stands.
    #[must_use]
    pub fn quietly(step: Step<K>) -> Self {
        Self { next: Some(step), ..Self::unchanged() }
    }

    /// Leaves everything as it is.
    #[must_use]
    pub fn unchanged() -> Self {
        Self { next: None, pending: Vec::new(), verdict: Verdict::Unchanged, cluster: None, look_again: None }
    }

    /// The same, decided again after `delay` at the latest.
    #[must_use]
    pub fn looking_again(mut self, delay: Duration) -> Self {
        self.look_again = Some(self.look_again.map_or(delay, |sooner| sooner.min(delay)));
        self
    }

    /// The same, with what is pending in the cloud.
    #[must_use]
    pub fn pending(mut self, pending: Vec<PlannedStep>) -> Self {
        self.pending = pending;
        self
    }

    /// The same, about this cluster.
    #[must_use]
    pub fn about(mut self, cluster: &K::Cluster) -> Self {
        self.cluster = Some(cluster.clone());
        self
    }

    /// The same without its step, which stays visible with what blocks it.
    #[must_use]
    pub(super) fn blocked(mut self, reason: Reason, why: &str) -> Self {
        self.next = None;
        for step in &mut self.pending {
            step.blocked_by.get_or_insert_with(|| why.to_owned());
        }
        let differs = match &self.verdict {
            Verdict::Stands { differs, .. } => differs.clone(),
            Verdict::Unchanged => Vec::new(),
        };
        self.verdict = Verdict::Stands { reason, message: why.to_owned(), differs };
        self
    }
}
