//! Deleting clusters and subscriptions, and what goes with them.

use std::time::Duration;

use axum::http::StatusCode;
use jiff::Timestamp;

use super::call::{Call, Reply, Right, effect, effect_on};
use super::cloud::Cloud;
use super::cluster::Cluster;
use super::refusal::Refusal;
use super::unknowns::Cancelling;
use crate::clock::later;
use crate::simulator::answer::Answer;

/// How long a deleted cluster is seen, where it is.
const LINGERS: Duration = Duration::from_secs(60);

impl Call<'_> {
    pub(super) fn delete_cluster(&mut self, id: &str) -> Reply {
        let cluster = self.cluster_with(id, Right::ProjectAdmin)?;
        let unknowns = &self.settings().unknowns;
        if cluster.deletion_protected {
            let message = "The cluster is protected from deletion.";
            return Err(Refusal::new(unknowns.protected_status.0, message));
        }
        if cluster.gone.is_some() || cluster.running(self.now).is_some() && !unknowns.delete_while_busy {
            let message = "Another cluster operation is already in progress.";
            return Err(Refusal::new(unknowns.busy_status.0, message));
        }
        let cancelled = self.cancelled_with(cluster);
        let fields = if cancelled.is_some() { vec!["subscription_id"] } else { Vec::new() };
        let effect = effect_on(cluster, "deleted", fields);
        self.let_go(|cluster| cluster.id.as_str() == id);
        if let Some(subscription) = cancelled {
            self.cancel(&subscription);
        }
        Ok(Answer::empty(StatusCode::NO_CONTENT).having(effect))
    }

    /// Works for the vendor's own means of payment only, and deletes the clusters that are paid by them.
    pub(super) fn cancel_subscription(&mut self, id: &str) -> Reply {
        let subscription = self.subscription(id)?;
        self.administered(&subscription.organization_id)?;
        if subscription.marketplace.is_some() {
            return Err(Refusal::forbidden("A marketplace subscription is cancelled in the marketplace."));
        }
        let effect =
            effect("subscriptionCancelled", &subscription.organization_id, id, subscription.created, Vec::new());
        self.cancel(id);
        Ok(Answer::shown(self.subscription(id)?.describe(self.settings())).having(effect))
    }

    /// The marketplace subscription that ends with this cluster.
    fn cancelled_with(&self, cluster: &Cluster) -> Option<String> {
        let id = &cluster.spec.subscription_id;
        let mut known = self.cloud.subscriptions.iter();
        known.find(|subscription| subscription.id == *id && subscription.marketplace.is_some())?;
        let sharing = self.cloud.clusters.iter().filter(|other| other.spec.subscription_id == *id).count();
        let ends = match self.settings().unknowns.cancelling {
            Cancelling::AnyCluster => true,
            Cancelling::LastCluster => sharing == 1,
        };
        ends.then(|| id.clone())
    }

    fn cancel(&mut self, id: &str) {
        if let Some(subscription) = self.cloud.subscriptions.iter_mut().find(|subscription| subscription.id == id) {
            subscription.active = false;
        }
        self.let_go(|cluster| cluster.spec.subscription_id == id);
    }

    fn let_go(&mut self, which: impl Fn(&Cluster) -> bool) {
        let lingers = self.settings().unknowns.deleted_lingers;
        let gone = later(self.now, self.environment.settings.scaled(LINGERS));
        self.cloud.delete(which, lingers.then_some(gone));
    }
}

impl Cloud {
    /// Lets clusters be gone, at once or then.
    fn delete(&mut self, which: impl Fn(&Cluster) -> bool, then: Option<Timestamp>) {
        match then {
            None => self.clusters.retain(|cluster| !which(cluster)),
            Some(then) => {
                for cluster in self.clusters.iter_mut().filter(|cluster| which(cluster) && cluster.gone.is_none()) {
                    cluster.gone = Some(then);
                }
            }
        }
    }
}
