//! Changes of a running cluster: one at a time, each followed to its end.

use std::time::Duration;

use jiff::Timestamp;

use super::facts::{Facts, Look};
use super::kind::{Change, CloudCluster, Kind};
use super::record::{Bound, ChangeIntent, Ending, Refusal, RefusalKind};
use super::step::{Plan, RecordChange, Step, Verdict};
use crate::api::condition::Reason;
use crate::api::identity::Handle;
use crate::clock;
use crate::cloud::provider::{Operation, OperationState};

/// How often a cluster is looked at while something is done to it.
const FOLLOW: Duration = Duration::from_secs(10);

/// Decides while a change is announced and its end is not known: nothing else is asked for meanwhile.
pub(super) fn follow<K: Kind>(facts: &Facts<K>, intent: &ChangeIntent<K>, cluster: &K::Cluster) -> Plan<K> {
    let target = Handle::Id(cluster.id().clone());
    let under_way = format!("{}.", intent.change.summary());
    let Some(look) = facts.look_at(&target).filter(|look| look.at > intent.announced) else {
        return Plan::step(Step::Look(target), intent.change.reason(), under_way);
    };
    let Some(operation) = set_off(intent, look) else {
        return without_trace(facts, intent, cluster, look);
    };
    match operation.state {
        OperationState::Running => {
            let message = operation.message.clone().unwrap_or(under_way);
            following(facts, look, cluster, Plan::standing(intent.change.reason(), message))
        }
        OperationState::Succeeded => settled(Ending::Done),
        OperationState::Failed => settled(Ending::Failed(Refusal {
            kind: RefusalKind::Failed,
            message: operation.message.clone().unwrap_or_else(|| format!("{} failed", operation.kind)),
            fingerprint: intent.fingerprint.clone(),
            at: facts.now,
        })),
    }
}

/// Decides while it is not known whether something that a create needs has come into being.
pub(super) fn settle_unbound<K: Kind>(facts: &Facts<K>, intent: &ChangeIntent<K>) -> Plan<K> {
    let settled_after = intent.settled_after();
    if facts.now > settled_after {
        return settled(Ending::Nothing);
    }
    let message = format!("{} was asked for, and the outcome is not known yet.", intent.change.summary());
    let plan = Plan::standing(Reason::OutcomeUnknown, message)
        .looking_again(until(facts.now, settled_after) + Duration::from_secs(1));
    match facts.catalogue.as_ref().filter(|read| read.at > intent.announced) {
        Some(read) if intent.change.found_in(&read.catalogue) => settled(Ending::Done),
        Some(read) if facts.is_recent(read.at, FOLLOW) => {
            plan.looking_again(until(facts.now, clock::later(read.at, FOLLOW)))
        }
        _ => Plan { next: Some(Step::Survey), ..plan },
    }
}

fn settled<K: Kind>(ending: Ending) -> Plan<K> {
    Plan::quietly(Step::Record(RecordChange::SettleChange(ending)))
}

/// The operation that came of the change: of its kind, and newer than what was known when the change was announced.
fn set_off<'a, K: Kind>(intent: &ChangeIntent<K>, look: &'a Look<K>) -> Option<&'a Operation> {
    let kind = intent.change.operation()?;
    let news = look.operations().iter().take_while(|operation| Some(&operation.id) != intent.after.as_ref());
    news.filter(|operation| operation.kind == kind).last()
}

/// Nothing tells of the change, so that the cluster itself has to.
fn without_trace<K: Kind>(facts: &Facts<K>, intent: &ChangeIntent<K>, cluster: &K::Cluster, look: &Look<K>) -> Plan<K> {
    if intent.change.shown_by(cluster) {
        return settled(Ending::Done);
    }
    let settled_after = intent.settled_after();
    if look.at > settled_after && cluster.busy().is_none() {
        return settled(Ending::Nothing);
    }
    let message =
        format!("{} was asked for, and nothing tells of it yet. The cloud is looked at.", intent.change.summary());
    following(facts, look, cluster, Plan::standing(Reason::OutcomeUnknown, message))
}

/// The same plan, with another look when the last one has grown old, or when the list has news.
fn following<K: Kind>(facts: &Facts<K>, look: &Look<K>, cluster: &K::Cluster, plan: Plan<K>) -> Plan<K> {
    let due = clock::later(look.at, FOLLOW);
    let listed_later = facts.inventory.as_ref().and_then(|list| list.at).is_some_and(|at| at > look.at);
    let news = listed_later && look.found.cluster.as_ref().is_some_and(|seen| seen.busy() != cluster.busy());
    if news || facts.now >= due {
        return Plan { next: Some(Step::Look(look.target.clone())), ..plan };
    }
    plan.looking_again(until(facts.now, due))
}

fn until(now: Timestamp, moment: Timestamp) -> Duration {
    Duration::try_from(moment.duration_since(now)).unwrap_or(FOLLOW)
}

/// The cloud is busy with the cluster, by whomever it was asked: what there is to do waits for the end.
pub(super) fn waiting<K: Kind>(facts: &Facts<K>, bound: &Bound<K>, cluster: &K::Cluster, operation: &str) -> Plan<K> {
    let target = Handle::Id(bound.identity.id.clone());
    let look = facts.look_at(&target);
    let words = look.and_then(running).and_then(|told| told.message.as_deref()).unwrap_or_default();
    let message =
        format!("The cloud is busy with the cluster ({operation}), and what is to be done waits for that. {words}");
    let plan = Plan::standing(Reason::WaitingForOperation, message.trim_end());
    match look {
        Some(look) => following(facts, look, cluster, plan),
        None => Plan { next: Some(Step::Look(target)), ..plan },
    }
}

fn running<K: Kind>(look: &Look<K>) -> Option<&Operation> {
    look.operations().iter().find(|operation| operation.state == OperationState::Running)
}

/// The same with the words of the operation that runs, and with another look when the last one has grown old.
pub(super) fn told<K: Kind>(facts: &Facts<K>, cluster: &K::Cluster, mut plan: Plan<K>) -> Plan<K> {
    let target = Handle::Id(cluster.id().clone());
    let Some(look) = facts.look_at(&target) else {
        return Plan { next: Some(Step::Look(target)), ..plan };
    };
    let words = running(look).and_then(|told| told.message.as_ref());
    if let (Some(words), Verdict::Stands { message, .. }) = (words, &mut plan.verdict) {
        message.clone_from(words);
    }
    following(facts, look, cluster, plan)
}
