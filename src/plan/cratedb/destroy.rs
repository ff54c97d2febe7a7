//! What comes before a cluster is destroyed: its own protection, and a subscription that would go with it.

use std::time::Duration;

use super::request::CATALOGUE_LASTS;
use crate::api::annotation;
use crate::api::condition::Reason;
use crate::api::cratedb::{CrateDBCluster, FREE_SUBSCRIPTION};
use crate::cloud::cratedb::change::Change;
use crate::cloud::cratedb::wire::{Cluster, Subscription};
use crate::plan::facts::Facts;
use crate::plan::kind::Change as _;
use crate::plan::record::Bound;
use crate::plan::refusal::unless_refused;
use crate::plan::step::{CloudWrite, Plan, Step};

/// How the vendor itself is paid: subscriptions of these outlive their clusters. Everything else is taken for a marketplace,
/// where the end of a cluster cancels the subscription.
const OWN_PROVIDERS: [&str; 4] = ["stripe", "invoice", "contract", "free"];

/// How often it is looked whether the clusters were listed.
const UNTIL_LISTED: Duration = Duration::from_secs(5);

pub(super) fn beforehand(
    facts: &Facts<CrateDBCluster>,
    bound: &Bound<CrateDBCluster>,
    cluster: &Cluster,
) -> Option<Plan<CrateDBCluster>> {
    let protected = || (cluster.deletion_protected == Some(true)).then(|| protected(facts, bound, cluster));
    shared_subscription(facts, cluster).or_else(protected)
}

/// The cloud's own protection is lifted only where the manifest says so, or where we set it.
fn protected(facts: &Facts<CrateDBCluster>, bound: &Bound<CrateDBCluster>, cluster: &Cluster) -> Plan<CrateDBCluster> {
    let permitted = facts.spec().deletion_protection == Some(false) || bound.applied.protected;
    if !permitted {
        return Plan::held(
            Reason::DeletionProtected,
            format!(
                "Cluster {} is protected from deletion in the cloud, and not by this manifest. \
                 Set spec.deletionProtection: false to have that lifted.",
                cluster.name
            ),
        );
    }
    let change = Change::DeletionProtection(false);
    let message = format!("{}.", change.summary());
    unless_refused(facts, CloudWrite::Change(change), Reason::Deleting, message)
}

/// Deleting a cluster on a marketplace's subscription cancels it, and with it all that others have there.
fn shared_subscription(facts: &Facts<CrateDBCluster>, cluster: &Cluster) -> Option<Plan<CrateDBCluster>> {
    let id = cluster.subscription_id.as_ref().filter(|id| *id != FREE_SUBSCRIPTION)?;
    let message = format!("Cluster {} is being destroyed.", cluster.name);
    let Some(list) = &facts.inventory else {
        // Nobody knows yet who shares the subscription.
        return Some(Plan::standing(Reason::Deleting, message).looking_again(UNTIL_LISTED));
    };
    let others: Vec<&str> = list
        .clusters
        .iter()
        .filter(|other| other.id != cluster.id && other.subscription_id.as_ref() == Some(id))
        .map(|other| other.name.as_str())
        .collect();
    if others.is_empty() || facts.annotation(annotation::CONFIRM_SUBSCRIPTION_CANCELLATION) == Some(id) {
        return None;
    }
    let Some(read) = facts.catalogue.as_ref().filter(|read| facts.is_recent(read.at, CATALOGUE_LASTS)) else {
        return Some(Plan::quietly(Step::Survey));
    };
    let subscription = read.catalogue.subscriptions.iter().find(|subscription| subscription.id == *id);
    if subscription.is_some_and(is_paid_to_the_vendor) {
        return None;
    }
    Some(Plan::held(
        Reason::DeletionWouldCancelSubscription,
        format!(
            "Cluster {} is paid by subscription {id} of a marketplace, which ends with the cluster, and which also pays {}. \
             To destroy it all the same set the annotation {}: {id}.",
            cluster.name,
            others.join(", "),
            annotation::CONFIRM_SUBSCRIPTION_CANCELLATION
        ),
    ))
}

fn is_paid_to_the_vendor(subscription: &Subscription) -> bool {
    let provider = subscription.provider.as_deref().unwrap_or_default().to_ascii_lowercase();
    OWN_PROVIDERS.iter().any(|own| provider.contains(own))
}
