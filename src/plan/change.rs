//! Changes of a running cluster: one at a time, each followed to its end.

use std::time::Duration;

use jiff::Timestamp;

use super::facts::{Facts, Look};
use super::kind::{Change, CloudCluster, Kind};
use super::record::{CLOCK_SLACK, ChangeIntent, Ending, Refusal, RefusalKind};
use super::step::{Plan, RecordChange, Step, Verdict};
use crate::api::condition::Reason;
use crate::api::identity::Handle;
use crate::clock;
use crate::cloud::operation::{Operation, OperationState};

/// How often a cluster is looked at while something is done to it: for the first two minutes, for the first ten, and later.
/// A look is up to three requests, and ten clusters in transition must leave something of 120 a minute to everybody else; that an
/// operation is over, the list says.
const FOLLOW: [Duration; 3] = [Duration::from_secs(15), Duration::from_secs(30), Duration::from_secs(60)];
const SOON: Duration = Duration::from_secs(2 * 60);
const LATER: Duration = Duration::from_secs(10 * 60);

/// An operation that still runs after this long, by the list of operations alone, has been forgotten there.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(60 * 60);

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
        // The change may have been made or not: asked for again, it would end in the same word again and again.
        OperationState::Unknown if is_over(intent, look) && !intent.change.shown_by(cluster) => {
            let Operation { kind, word, .. } = operation;
            failed(facts, intent, format!("{kind} ended as {word}, a word that is not known here"))
        }
        // A word that is not known, or an operation that was forgotten: the cloud itself is at nothing any more.
        OperationState::Running | OperationState::Unknown if is_over(intent, look) => {
            without_trace(facts, intent, cluster, look)
        }
        OperationState::Running | OperationState::Unknown => {
            let message = operation.message.clone().unwrap_or(under_way);
            let plan = Plan::standing(intent.change.reason(), message);
            following(facts, look, cluster, Some(intent.announced), plan)
        }
        OperationState::Succeeded if intent.change.is_unseen() || intent.change.shown_by(cluster) => {
            settled(Ending::Done)
        }
        OperationState::Succeeded if !is_over(intent, look) => {
            let plan = Plan::standing(intent.change.reason(), under_way);
            following(facts, look, cluster, Some(intent.announced), plan)
        }
        // Asked again at once it would be done again and again, each time on a cluster that is paid for.
        OperationState::Succeeded => {
            failed(facts, intent, "the cloud says that it is done, and the cluster does not show it".to_owned())
        }
        OperationState::Failed => {
            let words = operation.message.clone().unwrap_or_else(|| format!("{} failed", operation.kind));
            failed(facts, intent, words)
        }
    }
}

fn failed<K: Kind>(facts: &Facts<K>, intent: &ChangeIntent<K>, message: String) -> Plan<K> {
    let fingerprint = intent.fingerprint.clone();
    settled(Ending::Failed(Refusal { kind: RefusalKind::Failed, message, fingerprint, at: facts.now }))
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
        Some(read) if facts.is_recent(read.at, FOLLOW[0]) => {
            plan.looking_again(until(facts.now, clock::later(read.at, FOLLOW[0])))
        }
        _ => Plan { next: Some(Step::Survey), ..plan },
    }
}

pub(super) fn settled<K: Kind>(ending: Ending) -> Plan<K> {
    Plan::quietly(Step::Record(RecordChange::SettleChange(ending)))
}

/// The operation that came of the change: of its kind, and newer than what was known when the change was announced.
fn set_off<'a, K: Kind>(intent: &ChangeIntent<K>, look: &'a Look<K>) -> Option<&'a Operation> {
    let kind = intent.change.operation()?;
    let news = look.operations().iter().take_while(|operation| Some(&operation.id) != intent.after.as_ref());
    // The list may have been cut short of the one that was the newest then.
    let earliest = clock::earlier(intent.announced, CLOCK_SLACK);
    news.filter(|operation| operation.kind == kind && operation.started >= earliest).last()
}

/// Whether nothing can come of the change any more that this look has not seen.
fn is_over<K: Kind>(intent: &ChangeIntent<K>, look: &Look<K>) -> bool {
    let changing = look.found.cluster.as_ref().is_some_and(|cluster| cluster.phase().in_transition());
    look.at > settled_after(intent) && !changing
}

/// When the request cannot take effect any more, should it have none by then. What the cloud has accepted has longer.
pub(super) fn settled_after<K: Kind>(intent: &ChangeIntent<K>) -> Timestamp {
    if intent.accepted { clock::later(intent.announced, LATER) } else { intent.settled_after() }
}

/// Nothing came of the change. What the cloud said that it would do is not asked for again and again.
pub(super) fn without_effect<K: Kind>(facts: &Facts<K>, intent: &ChangeIntent<K>) -> Plan<K> {
    if intent.accepted {
        return failed(facts, intent, "the cloud accepted it, and the cluster does not show it".to_owned());
    }
    settled(Ending::Nothing)
}

/// Nothing tells of the change, so that the cluster itself has to.
fn without_trace<K: Kind>(facts: &Facts<K>, intent: &ChangeIntent<K>, cluster: &K::Cluster, look: &Look<K>) -> Plan<K> {
    if intent.change.shown_by(cluster) {
        return settled(Ending::Done);
    }
    // Operations that were told, without the one that it would have set off, are as good as a no.
    if is_over(intent, look) && intent.change.is_for_good() && look.operations().is_empty() {
        return failed(facts, intent, "nothing tells what came of it".to_owned());
    }
    if is_over(intent, look) {
        return without_effect(facts, intent);
    }
    let summary = intent.change.summary();
    let only_the_cluster_tells = intent.change.operation().is_none();
    let plan = if only_the_cluster_tells && cluster.phase().in_transition() {
        Plan::standing(intent.change.reason(), format!("{summary}. The cloud says that it is {}.", cluster.word()))
    } else if intent.accepted {
        Plan::standing(intent.change.reason(), format!("{summary}."))
    } else {
        let message = format!("{summary} was asked for, and nothing tells of it yet. The cloud is looked at.");
        Plan::standing(Reason::OutcomeUnknown, message)
    };
    following(facts, look, cluster, Some(intent.announced), plan)
}

/// The same plan about what we asked for at `asked`, or somebody else did, with another look when the last one has grown
/// old, or when the list has news.
fn following<K: Kind>(
    facts: &Facts<K>,
    look: &Look<K>,
    cluster: &K::Cluster,
    asked: Option<Timestamp>,
    plan: Plan<K>,
) -> Plan<K> {
    let begun = running(look).map(|operation| operation.started).or(asked);
    let listed_since = facts.inventory.as_ref().and_then(|list| list.at).is_some_and(|at| at > look.at);
    let news = listed_since && look.found.cluster.as_ref().is_some_and(|seen| seen.busy() != cluster.busy());
    if news {
        return Plan { next: Some(Step::Look(look.target.clone())), ..plan };
    }
    paced(facts, look, begun, plan)
}

/// The same plan about what was begun then, with another look when the last one has grown old.
pub(super) fn paced<K: Kind>(facts: &Facts<K>, look: &Look<K>, begun: Option<Timestamp>, plan: Plan<K>) -> Plan<K> {
    let due = clock::later(look.at, pace(facts, begun));
    if facts.now >= due {
        return Plan { next: Some(Step::Look(look.target.clone())), ..plan };
    }
    plan.looking_again(until(facts.now, due))
}

/// What takes long is looked at less often, and least what nothing tells the beginning of: there is nothing to learn of it
/// but its end, which the list shows.
fn pace<K: Kind>(facts: &Facts<K>, begun: Option<Timestamp>) -> Duration {
    let younger_than = |age| begun.is_some_and(|begun| facts.is_recent(begun, age));
    match (younger_than(SOON), younger_than(LATER)) {
        (true, _) => FOLLOW[0],
        (false, true) => FOLLOW[1],
        (false, false) => FOLLOW[2],
    }
}

fn until(now: Timestamp, moment: Timestamp) -> Duration {
    clock::until(now, moment).unwrap_or(FOLLOW[0])
}

/// The cloud is busy with the cluster, by whomever it was asked: what there is to do waits for the end.
pub(super) fn waiting<K: Kind>(facts: &Facts<K>, cluster: &K::Cluster, operation: &str) -> Plan<K> {
    let target = Handle::Id(cluster.id().clone());
    let look = facts.look_at(&target);
    let words = look.and_then(running).and_then(|told| told.message.as_deref()).unwrap_or_default();
    let message =
        format!("The cloud is busy with the cluster ({operation}), and what is to be done waits for that. {words}");
    let plan = Plan::standing(Reason::WaitingForOperation, message.trim_end());
    match look {
        Some(look) => following(facts, look, cluster, None, plan),
        None => Plan { next: Some(Step::Look(target)), ..plan },
    }
}

fn running<K: Kind>(look: &Look<K>) -> Option<&Operation> {
    let open = [OperationState::Running, OperationState::Unknown];
    look.operations().iter().find(|operation| open.contains(&operation.state))
}

/// What the cloud is at, before whose end it takes nothing else: by the cluster itself, or by the operations of a look
/// that is not old, which may be ahead of that. One that was forgotten in there bars nothing.
pub(super) fn under_way<K: Kind>(facts: &Facts<K>, cluster: &K::Cluster) -> Option<String> {
    let begun = |operation: &&Operation| {
        operation.state == OperationState::Running && facts.is_recent(operation.started, FORGOTTEN_AFTER)
    };
    let look = facts.look_at(&Handle::Id(cluster.id().clone())).filter(|look| facts.is_recent(look.at, SOON));
    let looked = || look?.operations().iter().find(begun);
    let changing = || cluster.phase().in_transition().then(|| cluster.word());
    cluster.busy().or_else(changing).or_else(|| looked().map(|operation| operation.kind.clone()))
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
    following(facts, look, cluster, None, plan)
}
