//! The status that a plan amounts to.

use super::connection;
use super::facts::Facts;
use super::other_operator;
use super::record::Record;
use super::step::{Plan, Step, Verdict};
use super::typedb;
use crate::api::condition::{Condition, ConditionType, Reason, Standing};
use crate::api::shared::{Binding, Creation};
use crate::api::typedb::TypeDBClusterStatus;
use crate::cloud::typedb::wire::ClusterStatus;

/// The status to publish for a manifest. It differs from the present one only where something has changed.
#[must_use]
pub fn status(facts: &Facts, plan: &Plan) -> TypeDBClusterStatus {
    let before = facts.manifest.status.clone().unwrap_or_default();
    // Two operators that each wrote what they see would never come to rest.
    if other_operator(facts).is_some() {
        return before;
    }
    let mut status = TypeDBClusterStatus {
        observed_generation: facts.manifest.metadata.generation,
        operator_namespace: Some(facts.operator_namespace.clone()),
        plan: plan.pending.clone(),
        ..before.clone()
    };
    if let Verdict::Unchanged = plan.verdict {
        if before.conditions.is_empty() {
            return before;
        }
        // What is only carried over says nothing about a newer generation.
        status.observed_generation = before.observed_generation;
        status.plan.clone_from(&before.plan);
    }
    show_record(facts, plan, &mut status);
    if let Some(cluster) = &plan.cluster {
        status.cloud_status = Some(cluster.status.to_string());
        status.endpoints = cluster.servers.iter().map(|server| server.address.clone()).take(16).collect();
        status.version.clone_from(&cluster.version);
        status.machine_type.clone_from(&cluster.machine_type);
        status.storage_size_gb = cluster.storage_size_gb;
        status.observed = Some(typedb::fixed(cluster));
        status.external_id = Some(cluster.id.clone());
        status.created_at = Some(cluster.created_at.to_string());
    }
    if let Verdict::Stands { reason, message, differs } = &plan.verdict {
        let available = plan.cluster.as_ref().map(|cluster| &cluster.status);
        status.conditions = conditions(facts, &before.conditions, *reason, message, available, differs);
    }
    status
}

/// What the record says of the manifest's cluster. A record that belongs to a former manifest says nothing.
fn show_record(facts: &Facts, plan: &Plan, status: &mut TypeDBClusterStatus) {
    let record = facts.record.as_ref().filter(|record| record.owner.uid == facts.uid());
    status.creation = record
        .and_then(Record::creation)
        .map(|intent| Creation { cluster_id: intent.request.id.to_string(), since: intent.first_by_cloud.to_string() });
    match record {
        Some(Record { bound: Some(bound), location, .. }) => {
            status.location = Some(location.to_string());
            status.external_id = Some(bound.identity.id.clone());
            status.created_at = Some(bound.identity.created_at.to_string());
            status.observed = Some(bound.fixed.clone());
            status.binding = binding(facts, plan, status.binding.take());
        }
        Some(_) => forget_cluster(status),
        None => {}
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
    *status = TypeDBClusterStatus {
        observed_generation: status.observed_generation,
        conditions: std::mem::take(&mut status.conditions),
        creation: status.creation.take(),
        plan: std::mem::take(&mut status.plan),
        operator_namespace: status.operator_namespace.take(),
        ..TypeDBClusterStatus::default()
    };
}

fn conditions(
    facts: &Facts,
    before: &[Condition],
    reason: Reason,
    message: &str,
    cloud_status: Option<&ClusterStatus>,
    differs: &[String],
) -> Vec<Condition> {
    let standing = reason.standing();
    let mut wanted =
        vec![(ConditionType::Ready, truth(standing == Standing::Done), reason.to_string(), message.to_owned())];
    match cloud_status {
        Some(status) => {
            let word = if *status == ClusterStatus::Running { "Running" } else { "NotRunning" };
            let sentence = format!("The cloud says that the cluster is {status}.");
            wanted.push((
                ConditionType::Available,
                truth(*status == ClusterStatus::Running),
                word.to_owned(),
                sentence,
            ));
        }
        None => wanted.extend(carried(before, ConditionType::Available)),
    }
    let in_sync = if !differs.is_empty() {
        Some(("False", "Differs", format!("These fields differ from the manifest: {}.", differs.join(", "))))
    } else if cloud_status.is_some() {
        Some(("True", "InSync", "Nothing differs from the manifest.".to_owned()))
    } else {
        None
    };
    match in_sync {
        Some((status, word, sentence)) => wanted.push((ConditionType::InSync, status, word.to_owned(), sentence)),
        None => wanted.extend(carried(before, ConditionType::InSync)),
    }
    match standing {
        Standing::Done => {}
        Standing::Working => wanted.push((ConditionType::Reconciling, "True", reason.to_string(), message.to_owned())),
        Standing::Stalled => wanted.push((ConditionType::Stalled, "True", reason.to_string(), message.to_owned())),
    }
    let generation = facts.manifest.metadata.generation;
    wanted
        .into_iter()
        .map(|(kind, status, reason, message)| {
            let same = before.iter().find(|condition| condition.type_ == kind.as_str() && condition.status == status);
            Condition {
                type_: kind.as_str().to_owned(),
                status: status.to_owned(),
                reason,
                message,
                last_transition_time: same
                    .map_or_else(|| whole_seconds(facts.now), |condition| condition.last_transition_time.clone()),
                observed_generation: generation,
            }
        })
        .collect()
}

fn truth(holds: bool) -> &'static str {
    if holds { "True" } else { "False" }
}

/// An aspect about which nothing new is known keeps what was last seen.
fn carried(before: &[Condition], kind: ConditionType) -> Option<(ConditionType, &'static str, String, String)> {
    let condition = before.iter().find(|condition| condition.type_ == kind.as_str())?;
    let status = match condition.status.as_str() {
        "True" => "True",
        "False" => "False",
        _ => "Unknown",
    };
    Some((kind, status, condition.reason.clone(), condition.message.clone()))
}

/// A moment as Kubernetes' own conditions carry it: RFC 3339, in whole seconds.
#[must_use]
pub fn whole_seconds(moment: jiff::Timestamp) -> String {
    moment.round(jiff::Unit::Second).unwrap_or(moment).to_string()
}
