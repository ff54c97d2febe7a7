//! A record whose manifest is gone: an open create is completed, and the record of a cluster that is proved gone goes.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::binding::created_by;
use super::facts::{Inventory, Look};
use super::record::{Bound, Record};
use super::typedb;
use crate::api::identity::ClusterId;
use crate::clock;
use crate::cloud::typedb::wire::Cluster;

/// How often a create that lost its manifest is looked at until it is settled.
const WHILE_OPEN: Duration = Duration::from_secs(15);

/// How long the record of a cluster is kept after the cluster was first proved gone with nobody to tell.
const MOURNING: Duration = Duration::from_secs(24 * 60 * 60);

/// What is known of a record without a manifest.
#[derive(Clone, Debug)]
pub struct OrphanFacts {
    pub now: Timestamp,
    pub record: Record,
    pub inventory: Option<Arc<Inventory>>,
    pub look: Option<Look>,
    /// The credential through which its location can be spoken to.
    pub credential: Option<String>,
}

/// What to do with it.
#[derive(Clone, Debug, PartialEq)]
pub enum OrphanPlan {
    /// The record stays for whoever applies the manifest again.
    Keep,
    Look(ClusterId),
    /// The cluster came into being after its manifest had gone.
    Settle(Bound),
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
pub fn plan_orphan(facts: &OrphanFacts) -> OrphanPlan {
    let (Some(credential), Some(inventory)) = (&facts.credential, &facts.inventory) else {
        return OrphanPlan::Keep;
    };
    if let Some(intent) = facts.record.creation() {
        let id = &intent.request.id;
        let look = facts.look.as_ref().filter(|look| look.id == *id && look.at > intent.announced);
        let in_time = |cluster: &Cluster| cluster.created_at.timestamp().is_some_and(|moment| intent.covers(moment));
        return match look {
            None => OrphanPlan::Look(id.clone()),
            Some(look) => match &look.found {
                Some(cluster) if in_time(cluster) && typedb::came_from(cluster, &intent.request) => {
                    OrphanPlan::Settle(created_by(&intent.request, cluster, credential))
                }
                Some(_) => OrphanPlan::ClearIntent,
                None if facts.now > intent.settled_after() && look.at > intent.settled_after() => {
                    OrphanPlan::ClearIntent
                }
                None => OrphanPlan::Wait(WHILE_OPEN),
            },
        };
    }
    let Some(bound) = &facts.record.bound else {
        return OrphanPlan::Drop;
    };
    let id = &bound.identity.id;
    let there = |cluster: &Cluster| cluster.created_at == bound.identity.created_at;
    if inventory.clusters.iter().any(there) {
        return if bound.gone.is_some() { OrphanPlan::Found } else { OrphanPlan::Keep };
    }
    let may_go = bound.gone.is_none_or(|gone| gone.told || facts.now >= clock::later(gone.since, MOURNING));
    if !may_go || !bound.seen_by.contains(credential) {
        return OrphanPlan::Keep;
    }
    match facts.look.as_ref().filter(|look| look.id == *id && inventory.at.is_none_or(|at| look.at >= at)) {
        None => OrphanPlan::Look(id.clone()),
        Some(look) if look.by != *credential || look.found.as_ref().is_some_and(there) => OrphanPlan::Keep,
        Some(_) if bound.gone.is_none() => OrphanPlan::Gone,
        Some(_) => OrphanPlan::Drop,
    }
}
