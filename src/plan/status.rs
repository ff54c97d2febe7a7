//! The status that a plan amounts to.

use super::conditions::{self, Dates};
use super::connection;
use super::facts::Facts;
use super::looked_after_elsewhere;
use super::record::Record;
use super::step::{Plan, Step, Verdict};
use super::typedb;
use crate::api::condition::{Condition, ConditionType, Reason};
use crate::api::shared::{Binding, CommonStatus, Creation, PlannedStep};
use crate::api::typedb::{FixedAtCreation, TypeDBClusterStatus};
use crate::cloud::typedb::wire::{Cluster, ClusterStatus};

/// The status to publish for a manifest. It differs from the present one only where something has changed.
#[must_use]
pub fn status(facts: &Facts, plan: &Plan) -> TypeDBClusterStatus {
    let before = facts.manifest.status.clone().unwrap_or_default();
    // Two operators that each wrote what they see would never come to rest.
    if looked_after_elsewhere(facts).is_some()
        || (plan.verdict == Verdict::Unchanged && before.common.conditions.is_empty())
    {
        return before;
    }
    let mut status = before;
    status.common.operator_namespace = Some(facts.operator_namespace.clone());
    show_record(facts, plan, &mut status);
    if let Some(cluster) = &plan.cluster {
        show_cluster(cluster, &mut status);
    }
    // What is only carried over says nothing about a newer generation.
    if let Verdict::Stands { reason, message, differs } = &plan.verdict {
        status.common.observed_generation = facts.manifest.metadata.generation;
        status.common.plan = plan.pending.iter().map(shown).collect();
        let seen = plan.cluster.as_ref().map(|cluster| &cluster.status);
        let generation = facts.manifest.metadata.generation;
        let dates = Dates { before: &status.common.conditions, generation, now: facts.now };
        let others = [available(dates, *reason, seen), in_sync(dates, seen, differs)];
        status.common.conditions = conditions::publish(dates, *reason, message, others.into_iter().flatten());
    }
    status
}

/// What the cloud says of the cluster, cut to what the schema takes: a word that is too long must not keep the rest from
/// being published.
fn show_cluster(cluster: &Cluster, status: &mut TypeDBClusterStatus) {
    let word = |text: &Option<String>| text.as_ref().map(|text| cut(text, 64));
    let fixed = typedb::fixed(cluster);
    status.common.cloud_status = Some(cut(cluster.status.as_str(), 128));
    status.common.endpoints = cluster.servers.iter().map(|server| cut(&server.address, 253)).take(16).collect();
    status.common.version = word(&cluster.version);
    status.machine_type = word(&cluster.machine_type);
    status.storage_size_gb = cluster.storage_size_gb;
    status.observed = Some(FixedAtCreation {
        provider: word(&fixed.provider),
        region: word(&fixed.region),
        storage_type: word(&fixed.storage_type),
        ..fixed
    });
    status.common.external_id = Some(cluster.id.clone());
    status.common.created_at = Some(cluster.created_at.to_string());
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

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// What the record says of the manifest's cluster. A record that belongs to a former manifest says nothing.
fn show_record(facts: &Facts, plan: &Plan, status: &mut TypeDBClusterStatus) {
    let record = facts.record.as_ref().filter(|record| record.owner.uid == facts.uid());
    status.common.creation = record
        .and_then(Record::creation)
        .map(|intent| Creation { cluster_id: intent.request.id.to_string(), since: intent.first_by_cloud.to_string() });
    match record {
        Some(Record { bound: Some(bound), location, .. }) => {
            status.common.location = Some(location.to_string());
            status.common.external_id = Some(bound.identity.id.clone());
            status.common.created_at = Some(bound.identity.created_at.to_string());
            status.observed.get_or_insert_with(|| bound.fixed.clone());
            status.common.binding = binding(facts, plan, status.common.binding.take());
        }
        Some(_) if plan.cluster.is_none() => forget_cluster(status),
        _ => {}
    }
}

/// The connection Secret that was written last. Its name outlives an edit until the Secret of the new name stands, for
/// applications follow it, and the one who writes the new one removes the old one by it.
fn binding(facts: &Facts, plan: &Plan, before: Option<Binding>) -> Option<Binding> {
    let name = connection::name(facts);
    let due = matches!(plan.next, Some(Step::Publish(_)));
    if facts.attempts.connection_conflict.is_some() {
        return before.filter(|before| before.name != name);
    }
    if facts.attempts.published.is_some() && !due { Some(Binding { name }) } else { before }
}

/// Nothing is bound, so nothing may be shown, and what was fixed is free again.
fn forget_cluster(status: &mut TypeDBClusterStatus) {
    let about_the_cluster = [ConditionType::Available.as_str(), ConditionType::InSync.as_str()];
    status.common.conditions.retain(|condition| !about_the_cluster.contains(&condition.type_.as_str()));
    let before = std::mem::take(&mut status.common);
    *status = TypeDBClusterStatus::default();
    status.common = CommonStatus {
        observed_generation: before.observed_generation,
        conditions: before.conditions,
        creation: before.creation,
        plan: before.plan,
        operator_namespace: before.operator_namespace,
        ..CommonStatus::default()
    };
}

/// Whether the database was last seen serving.
fn available(dates: Dates<'_>, reason: Reason, seen: Option<&ClusterStatus>) -> Option<Condition> {
    let (holds, word, sentence) = match (reason, seen) {
        (Reason::Vanished | Reason::Replaced, _) => (false, "Gone", "The database is gone.".to_owned()),
        (_, Some(status)) => {
            let runs = *status == ClusterStatus::Running;
            let word = if runs { "Running" } else { "NotRunning" };
            (runs, word, format!("The cloud says that the cluster is {status}."))
        }
        (_, None) => return dates.carried(ConditionType::Available),
    };
    Some(dates.condition(ConditionType::Available, holds, word.to_owned(), sentence))
}

/// Whether the cluster is as the manifest says.
fn in_sync(dates: Dates<'_>, seen: Option<&ClusterStatus>, differs: &[String]) -> Option<Condition> {
    let (holds, word, sentence) = if !differs.is_empty() {
        (false, "Differs", format!("These fields differ from the manifest: {}.", differs.join(", ")))
    } else if seen.is_some() {
        (true, "InSync", "Nothing differs from the manifest.".to_owned())
    } else {
        return dates.carried(ConditionType::InSync);
    };
    Some(dates.condition(ConditionType::InSync, holds, word.to_owned(), sentence))
}
