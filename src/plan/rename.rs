//! A cluster gets another id, by our own hand or by somebody else's. Its creation time tells that it is the same.

use super::binding::claimed;
use super::change;
use super::facts::{Facts, Inventory};
use super::kind::{Change, CloudCluster, Kind};
use super::record::{Bound, ChangeIntent, Ending, Intent, Record};
use super::step::{Plan, RecordChange, Step};
use crate::api::identity::{ClusterId, Handle};

/// Decides while an announced rename is open: both ids are looked at, and the creation time says which one the cluster has.
/// None where no rename is open.
pub(super) fn settle<K: Kind>(facts: &Facts<K>, record: &Record<K>, bound: &Bound<K>) -> Option<Plan<K>> {
    let Some(Intent::Change(intent)) = &record.intent else { return None };
    let new = intent.change.renames_to()?;
    Some(outcome(facts, intent, bound, new))
}

fn outcome<K: Kind>(facts: &Facts<K>, intent: &ChangeIntent<K>, bound: &Bound<K>, new: &ClusterId) -> Plan<K> {
    let target = Handle::Id(new.clone());
    let is_ours = |cluster: &&K::Cluster| cluster.created_at() == bound.identity.created_at;
    let Some(look) = facts.look_at(&target).filter(|look| look.at > intent.announced) else {
        return Plan::step(Step::Look(target), intent.change.reason(), format!("{}.", intent.change.summary()));
    };
    let listed = facts.inventory.as_ref().filter(|list| list.at > Some(look.at)).and_then(|list| list.get(new));
    if look.found.cluster.as_ref().or(listed).filter(is_ours).is_some() {
        return change::settled(Ending::Done);
    }
    if look.at > change::settled_after(intent) {
        return change::without_effect(facts, intent);
    }
    let message = format!(
        "{} was asked for, and it is not seen under that id yet. Both ids are looked at.",
        intent.change.summary()
    );
    change::paced(facts, look, Some(intent.announced), Plan::standing(intent.change.reason(), message))
}

/// The record follows a cluster that somebody has given another id: the recorded one is proved not to be its own any more.
pub(super) fn followed<K: Kind>(facts: &Facts<K>, bound: &Bound<K>) -> Option<Plan<K>> {
    let cluster = elsewhere(facts.inventory.as_deref()?, bound)?;
    let rival = facts.rivals.iter().find(|rival| rival.claims(cluster.id(), cluster.created_at()));
    let follow = || Plan::quietly(Step::Record(RecordChange::Renamed(cluster.id().clone())));
    Some(rival.map_or_else(follow, |rival| claimed(facts, rival)))
}

/// The bound cluster under another id, where there is no doubt which one it is.
fn elsewhere<'a, K: Kind>(list: &'a Inventory<K>, bound: &Bound<K>) -> Option<&'a K::Cluster> {
    let alike = |cluster: &&K::Cluster| {
        cluster.created_at() == bound.identity.created_at
            && *cluster.id() != bound.identity.id
            && K::could_be(cluster, &bound.fixed)
    };
    only(list.clusters.iter().filter(alike))
}

/// The id under which the list shows the recorded cluster, or where none is recorded that of the status.
pub(super) fn listed_id<K: Kind>(facts: &Facts<K>, bound: Option<&Bound<K>>) -> Option<ClusterId> {
    let list = facts.inventory.as_deref().filter(|_| K::RENAMES)?;
    match bound {
        Some(bound) => elsewhere(list, bound).map(|cluster| cluster.id().clone()),
        None => reported(facts, list),
    }
}

fn reported<K: Kind>(facts: &Facts<K>, list: &Inventory<K>) -> Option<ClusterId> {
    let (id, born) = (facts.reported_id()?, facts.reported()?.created_at.as_ref()?);
    let is_it = |cluster: &&K::Cluster| cluster.created_at().to_string() == *born;
    let there = list.get(id).filter(is_it).or_else(|| only(list.clusters.iter().filter(is_it)));
    there.map(|cluster| cluster.id().clone())
}

fn only<T>(mut found: impl Iterator<Item = T>) -> Option<T> {
    let first = found.next()?;
    found.next().is_none().then_some(first)
}
