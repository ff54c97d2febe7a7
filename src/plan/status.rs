//! The status that a plan amounts to.

use super::conditions::{self, Dates};
use super::connection;
use super::facts::Facts;
use super::kind::{CloudCluster, Kind, Phase};
use super::looked_after_elsewhere;
use super::record::Record;
use super::serving;
use super::step::{Plan, Step, Verdict};
use crate::api::condition::{Condition, ConditionType, Reason};
use crate::api::shared::{Binding, CommonStatus, Creation, PlannedStep};

/// The status to publish for a manifest. It differs from the present one only where something has changed.
#[must_use]
pub fn status<K: Kind>(facts: &Facts<K>, plan: &Plan<K>) -> K::Status {
    let before = facts.manifest.status().cloned().unwrap_or_default();
    let told = !K::common_status(&before).conditions.is_empty();
    // Two operators that each wrote what they see would never come to rest.
    if looked_after_elsewhere(facts).is_some() || (plan.verdict == Verdict::Unchanged && !told) {
        return before;
    }
    let mut status = before;
    K::common_status_mut(&mut status).operator_namespace = Some(facts.operator_namespace.clone());
    show_record(facts, plan, &mut status);
    if let Some(cluster) = &plan.cluster {
        show_cluster(facts, cluster, &mut status);
    }
    // What is only carried over says nothing about a newer generation.
    if let Verdict::Stands { reason, message, differs } = &plan.verdict {
        let common = K::common_status_mut(&mut status);
        let generation = facts.manifest.meta().generation;
        common.observed_generation = generation;
        common.plan = plan.pending.iter().map(shown).collect();
        let dates = Dates { before: &common.conditions, generation, now: facts.now };
        let seen = plan.cluster.as_ref();
        let others = [available(facts, dates, *reason, seen), in_sync(dates, seen.is_some(), differs)];
        common.conditions = conditions::publish(dates, *reason, message, others.into_iter().flatten());
    }
    status
}

/// What the cloud says of the cluster, cut to what the schema takes: a word that is too long must not keep the rest from
/// being published.
fn show_cluster<K: Kind>(facts: &Facts<K>, cluster: &K::Cluster, status: &mut K::Status) {
    let common = K::common_status_mut(status);
    common.cloud_status = Some(cut(&cluster.word(), 128));
    common.endpoints = cluster.addresses().iter().map(|address| cut(address, 253)).take(16).collect();
    common.external_id = Some(cluster.id().clone());
    common.created_at = Some(cluster.created_at().to_string());
    let bound = facts.record.as_ref().and_then(|record| record.bound.as_ref());
    // What is not known yet, after a restart for example, is shown as it was.
    if let Some(told) = K::appraisal(cluster).and_then(|question| facts.answers.get(&question)) {
        common.hourly_cost = told.answer.as_ref().and_then(K::hourly_cost);
    }
    K::show(cluster, status);
    let seen = K::fixed(cluster, None);
    let fixed = match bound {
        Some(bound) => K::completed(seen, &bound.fixed),
        None => seen,
    };
    K::show_fixed(fixed, status);
    let look =
        facts.look.as_ref().filter(|look| look.found.cluster.as_ref().is_some_and(|seen| seen.id() == cluster.id()));
    if let Some(operation) = look.and_then(|look| look.operations().first()) {
        K::show_operation(operation, status);
    }
}

/// One of the cloud's words, within what the schema takes.
pub(super) fn word(text: &str) -> String {
    cut(text, 64)
}

fn shown(step: &PlannedStep) -> PlannedStep {
    let value = |text: &Option<String>| text.as_ref().map(|text| cut(text, 253));
    PlannedStep {
        action: step.action,
        field: step.field.clone(),
        from: value(&step.from),
        to: value(&step.to),
        blocked_by: step.blocked_by.as_ref().map(|why| cut(why, 1024)),
    }
}

pub(super) fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// What the record says of the manifest's cluster. A record that belongs to a former manifest says nothing.
fn show_record<K: Kind>(facts: &Facts<K>, plan: &Plan<K>, status: &mut K::Status) {
    let record = facts.record.as_ref().filter(|record| record.owner.uid == facts.uid());
    K::common_status_mut(status).creation = record.and_then(Record::creation).map(|intent| Creation {
        target: K::target(&intent.request).to_string(),
        since: intent.first_by_cloud.to_string(),
    });
    match record {
        Some(Record { bound: Some(bound), location, .. }) => {
            let common = K::common_status_mut(status);
            let seen = common.external_id.as_ref() == Some(&bound.identity.id);
            common.location = Some(location.to_string());
            common.external_id = Some(bound.identity.id.clone());
            common.created_at = Some(bound.identity.created_at.to_string());
            common.binding = binding(facts, plan, common.binding.take());
            K::show_applied(&bound.applied, status);
            if !seen {
                K::show_fixed(bound.fixed.clone(), status);
            }
        }
        Some(_) if plan.cluster.is_none() => forget_cluster::<K>(status),
        _ => {}
    }
}

/// The connection Secret that was written last. Its name outlives an edit until the Secret of the new name stands, for
/// applications follow it, and the one who writes the new one removes the old one by it.
fn binding<K: Kind>(facts: &Facts<K>, plan: &Plan<K>, before: Option<Binding>) -> Option<Binding> {
    let name = connection::name(facts);
    let due = matches!(plan.next, Some(Step::Publish(_)));
    if facts.attempts.connection_conflict.is_some() {
        return before.filter(|before| before.name != name);
    }
    if facts.attempts.published.is_some() && !due { Some(Binding { name }) } else { before }
}

/// Nothing is bound, so nothing may be shown, and what was fixed is free again.
fn forget_cluster<K: Kind>(status: &mut K::Status) {
    let about_the_cluster = [ConditionType::Available.as_str(), ConditionType::InSync.as_str()];
    let before = std::mem::take(K::common_status_mut(status));
    *status = K::Status::default();
    let mut conditions = before.conditions;
    conditions.retain(|condition| !about_the_cluster.contains(&condition.type_.as_str()));
    *K::common_status_mut(status) = CommonStatus {
        observed_generation: before.observed_generation,
        conditions,
        creation: before.creation,
        plan: before.plan,
        operator_namespace: before.operator_namespace,
        ..CommonStatus::default()
    };
}

/// Whether the database was last seen serving.
fn available<K: Kind>(
    facts: &Facts<K>,
    dates: Dates<'_>,
    reason: Reason,
    seen: Option<&K::Cluster>,
) -> Option<Condition> {
    let (holds, word, sentence) = match (reason, seen) {
        (Reason::Vanished | Reason::Replaced, _) => (false, "Gone", "The database is gone.".to_owned()),
        (_, Some(cluster)) => {
            let serves = serving::serves(facts, cluster);
            let word = match (serves, cluster.phase()) {
                (true, _) => "Running",
                (false, Phase::Running) => "NotServing",
                (false, _) => "NotRunning",
            };
            let sentence = match (cluster.serves(), serves) {
                (None, true) => "The database answers.".to_owned(),
                _ => format!("The cloud says that the cluster is {}.", cluster.word()),
            };
            (serves, word, sentence)
        }
        (_, None) => return dates.carried(ConditionType::Available),
    };
    Some(dates.condition(ConditionType::Available, holds, word.to_owned(), sentence))
}

/// Whether the cluster is as the manifest says.
fn in_sync(dates: Dates<'_>, seen: bool, differs: &[String]) -> Option<Condition> {
    let (holds, word, sentence) = if !differs.is_empty() {
        (false, "Differs", format!("These fields differ from the manifest: {}.", differs.join(", ")))
    } else if seen {
        (true, "InSync", "Nothing differs from the manifest.".to_owned())
    } else {
        return dates.carried(ConditionType::InSync);
    };
    Some(dates.condition(ConditionType::InSync, holds, word.to_owned(), sentence))
}
