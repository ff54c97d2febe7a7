//! The status that a plan amounts to.

use super::conditions::{self, Aspect};
use super::connection;
use super::facts::Facts;
use super::looked_after_elsewhere;
use super::record::Record;
use super::step::{Plan, Verdict};
use super::typedb;
use crate::api::condition::{Condition, ConditionType, Reason};
use crate::api::shared::{Binding, Creation};
use crate::api::typedb::TypeDBClusterStatus;
use crate::cloud::typedb::wire::ClusterStatus;

/// The status to publish for a manifest. It differs from the present one only where something has changed.
#[must_use]
pub fn status(facts: &Facts, plan: &Plan) -> TypeDBClusterStatus {
    let before = facts.manifest.status.clone().unwrap_or_default();
    // Two operators that each wrote what they see would never come to rest.
    if looked_after_elsewhere(facts).is_some() {
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
    show_record(facts, &mut status);
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
        status.conditions = conditions(facts, &before.conditions, (*reason, message), available, differs);
    }
    status
}

/// What the record says of the manifest's cluster. A record that belongs to a former manifest says nothing.
fn show_record(facts: &Facts, status: &mut TypeDBClusterStatus) {
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
            let published = facts.attempts.published.is_some() || status.binding.is_some();
            status.binding = (published && facts.attempts.connection_conflict.is_none())
                .then(|| Binding { name: connection::name(facts) });
        }
        Some(_) => forget_cluster(status),
        None => {}
    }
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
    verdict: (Reason, &str),
    cloud_status: Option<&ClusterStatus>,
    differs: &[String],
) -> Vec<Condition> {
    let others = [available(before, cloud_status), in_sync(before, cloud_status, differs)];
    conditions::publish(before, facts.manifest.metadata.generation, facts.now, verdict, others.into_iter().flatten())
}

fn available(before: &[Condition], cloud_status: Option<&ClusterStatus>) -> Option<Aspect> {
    let Some(status) = cloud_status else {
        return Aspect::carried(before, ConditionType::Available);
    };
    let runs = *status == ClusterStatus::Running;
    let word = if runs { "Running" } else { "NotRunning" };
    Some(Aspect::new(ConditionType::Available, runs, word, format!("The cloud says that the cluster is {status}.")))
}

fn in_sync(before: &[Condition], cloud_status: Option<&ClusterStatus>, differs: &[String]) -> Option<Aspect> {
    if !differs.is_empty() {
        let sentence = format!("These fields differ from the manifest: {}.", differs.join(", "));
        return Some(Aspect::new(ConditionType::InSync, false, "Differs", sentence));
    }
    if cloud_status.is_some() {
        return Some(Aspect::new(ConditionType::InSync, true, "InSync", "Nothing differs from the manifest."));
    }
    Aspect::carried(before, ConditionType::InSync)
}
