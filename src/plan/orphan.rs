//! A record whose manifest is gone: an open create is completed, and the record of a cluster that is proved gone goes.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::creation::{alone, comes_from, taken};
use super::facts::{Inventory, Look};
use super::kind::{CloudCluster, Kind};
use super::record::{Bound, CreateIntent, Record};
use crate::api::identity::Handle;
use crate::clock;

/// How often a create that lost its manifest is looked at until it is settled.
const WHILE_OPEN: Duration = Duration::from_secs(15);

/// How long the record of a cluster is kept after the cluster was first proved gone with nobody to tell.
const MOURNING: Duration = Duration::from_secs(24 * 60 * 60);

/// What is known of a record without a manifest.
#[derive(Clone, Debug)]
pub struct OrphanFacts<K: Kind> {
    pub now: Timestamp,
    pub record: Record<K>,
    pub inventory: Option<Arc<Inventory<K>>>,
    pub look: Option<Look<K>>,
    /// The credentials through which its location can be spoken to, the one in use first.
    pub credentials: Vec<String>,
    /// A person vouches that what was missing then is gone.
    pub accepts_missing: Option<Timestamp>,
}

/// What to do with it.
#[derive(Clone, Debug, PartialEq)]
pub enum OrphanPlan<K: Kind> {
    /// The record stays for whoever applies the manifest again.
    Keep,
    Look(Handle),
    /// The cluster came into being after its manifest had gone.
    Settle(Bound<K>),
    /// The create had no effect.
    ClearIntent,
    /// The cluster is proved gone, for the first time. Its record may hold the only way into it, and is kept for a while.
    Gone,
    /// A cluster that was proved gone is there after all.
    Found,
    /// The cluster is proved gone again, after a while, or was so when its manifest was deleted.
    Drop,
    Wait(Duration),
}

/// Decides about a record whose manifest is gone.
#[must_use]
pub fn plan_orphan<K: Kind>(facts: &OrphanFacts<K>) -> OrphanPlan<K> {
    let Some(inventory) = facts.inventory.as_ref().filter(|_| !facts.credentials.is_empty()) else {
        return OrphanPlan::Keep;
    };
    if let Some(intent) = facts.record.creation() {
        return creation(facts, intent);
    }
    let Some(bound) = &facts.record.bound else {
        // Until then others must know that it may still come into being.
        let open = facts.record.is_creating(facts.now);
        return if open { OrphanPlan::Wait(WHILE_OPEN) } else { OrphanPlan::Drop };
    };
    let target = Handle::Id(bound.identity.id.clone());
    let there = |cluster: &K::Cluster| cluster.created_at() == bound.identity.created_at;
    if inventory.clusters.iter().any(there) {
        return if bound.gone.is_some() { OrphanPlan::Found } else { OrphanPlan::Keep };
    }
    let may_go = bound.gone.is_none_or(|gone| gone.told || facts.now >= clock::later(gone.since, MOURNING));
    let seen = facts.credentials.iter().any(|own| bound.seen_by.contains(own));
    if !may_go || !seen || inventory.missing.is_suspect(facts.accepts_missing) {
        return OrphanPlan::Keep;
    }
    match facts.look.as_ref().filter(|look| look.target == target && inventory.at.is_none_or(|at| look.at >= at)) {
        None => OrphanPlan::Look(target),
        Some(look) if !bound.seen_by.contains(&look.by) || look.found.cluster.as_ref().is_some_and(there) => {
            OrphanPlan::Keep
        }
        Some(_) if bound.gone.is_none() => OrphanPlan::Gone,
        Some(_) => OrphanPlan::Drop,
    }
}

fn creation<K: Kind>(facts: &OrphanFacts<K>, intent: &CreateIntent<K>) -> OrphanPlan<K> {
    let target = K::target(&intent.request);
    let Some(look) = facts.look.as_ref().filter(|look| look.target == target && look.at > intent.announced) else {
        return OrphanPlan::Look(target);
    };
    let is_only_one = facts.inventory.as_ref().is_none_or(|list| alone(list, intent));
    match &look.found.cluster {
        // Its database is not asked on nobody's behalf: whoever comes back for it finds it in doubt.
        Some(cluster) if comes_from(intent, cluster) && is_only_one => {
            OrphanPlan::Settle(taken(&facts.record, intent, cluster, K::fixed(cluster, None), &look.by))
        }
        Some(_) => OrphanPlan::ClearIntent,
        None if facts.now > intent.settled_after() && look.at > intent.settled_after() => OrphanPlan::ClearIntent,
        None => OrphanPlan::Wait(WHILE_OPEN),
    }
}
