//! What comes before a cluster is destroyed: its own protection, and a subscription that would go with it.

use std::time::Duration;

use kube::Resource as _;

use super::request::CATALOGUE_LASTS;
use crate::api::annotation;
use crate::api::condition::Reason;
use crate::api::cratedb::{CrateDBCluster, FREE_SUBSCRIPTION};
use crate::api::identity::Handle;
use crate::cloud::cratedb::change::Change;
use crate::cloud::cratedb::wire::{Cluster, Subscription};
use crate::plan::facts::{Facts, Inventory};
use crate::plan::kind::Change as _;
use crate::plan::record::Bound;
use crate::plan::refusal::unless_refused;
use crate::plan::step::{CloudWrite, Plan, Step};

/// The words for those whom the vendor itself is paid through: their subscriptions outlive their clusters. The vendor
/// publishes no list of these words, so that every other one is taken for a marketplace, where the end of a cluster cancels
/// the subscription. That asks for one annotation too many where a word of the vendor's own is missing here, and cancels
/// nothing by mistake.
const OWN_PROVIDERS: [&str; 4] = ["stripe", "invoice", "contract", "free"];

/// How often it is looked whether the clusters were listed, and how often they are hastened to be.
const UNTIL_LISTED: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_secs(30);

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

/// Deleting a cluster on a marketplace's subscription cancels it, and with it all that others have there. That there are no
/// others only an administrator of the organization can tell: from everybody else it hides projects and their clusters.
fn shared_subscription(facts: &Facts<CrateDBCluster>, cluster: &Cluster) -> Option<Plan<CrateDBCluster>> {
    let id = cluster.subscription_id.as_ref().filter(|id| *id != FREE_SUBSCRIPTION)?;
    // What others have there is not for everybody to give up.
    let may_confirm = facts.account.permits.may_adopt();
    let confirmed = may_confirm && facts.annotation(annotation::CONFIRM_SUBSCRIPTION_CANCELLATION) == Some(id);
    let read = facts.catalogue.as_ref().filter(|read| facts.is_recent(read.at, CATALOGUE_LASTS));
    let known = read.and_then(|read| read.catalogue.subscriptions.iter().find(|subscription| subscription.id == *id));
    if confirmed || known.is_some_and(is_paid_to_the_vendor) {
        return None;
    }
    let Some(list) = listed_since_deletion(facts) else {
        return Some(until_listed(facts, cluster));
    };
    let Some(read) = read else {
        return Some(Plan::quietly(Step::Survey));
    };
    let others: Vec<&str> = list
        .clusters
        .iter()
        .filter(|other| other.id != cluster.id && other.subscription_id.as_ref() == Some(id))
        .map(|other| other.name.as_str())
        .collect();
    if others.is_empty() && read.catalogue.administered {
        return None;
    }
    let paid = match others.as_slice() {
        _ if !may_confirm => "which may also pay clusters of others".to_owned(),
        [] => "which may also pay clusters that the account's credentials do not see".to_owned(),
        seen => format!("which also pays {}", seen.join(", ")),
    };
    let way_out = if may_confirm {
        format!(
            "To destroy it all the same set the annotation {}: {id}.",
            annotation::CONFIRM_SUBSCRIPTION_CANCELLATION
        )
    } else {
        "Ask whoever looks after its CloudAccount to destroy it.".to_owned()
    };
    Some(Plan::held(
        Reason::DeletionWouldCancelSubscription,
        format!(
            "Cluster {} is paid by subscription {id} of a marketplace, which ends with the cluster, and {paid}. {way_out}",
            cluster.name
        ),
    ))
}

/// The list, where it was read after the manifest was deleted: another cluster may have come to share the subscription
/// since an older one.
fn listed_since_deletion(facts: &Facts<CrateDBCluster>) -> Option<&Inventory<CrateDBCluster>> {
    let deleted = facts.manifest.meta().deletion_timestamp.as_ref().map(|time| time.0);
    facts.inventory.as_deref().filter(|list| list.at >= deleted)
}

/// A look has the list read soon.
fn until_listed(facts: &Facts<CrateDBCluster>, cluster: &Cluster) -> Plan<CrateDBCluster> {
    let target = Handle::Id(cluster.id.clone());
    let waiting = Plan::standing(Reason::Deleting, format!("Cluster {} is being destroyed.", cluster.name));
    match facts.look_at(&target).filter(|look| facts.is_recent(look.at, LOOK_AGAIN)) {
        Some(_) => waiting.looking_again(UNTIL_LISTED),
        None => Plan { next: Some(Step::Look(target)), ..waiting },
    }
}

fn is_paid_to_the_vendor(subscription: &Subscription) -> bool {
    let provider = subscription.provider.as_deref().unwrap_or_default();
    OWN_PROVIDERS.iter().any(|own| provider.eq_ignore_ascii_case(own))
}
