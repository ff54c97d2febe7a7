//! What a cluster in CrateDB Cloud is doing.

use crate::api::identity::{ClusterId, CreatedAt};
use crate::api::shared::Power;
use crate::cloud::cratedb::wire::{Cluster, DublinCore, Health, HealthStatus, OperationKind, OperationStatus};
use crate::plan::kind::{CloudCluster, Phase};

impl CloudCluster for Cluster {
    fn id(&self) -> &ClusterId {
        &self.id
    }

    fn created_at(&self) -> CreatedAt {
        self.dc.created
    }

    fn name(&self) -> Option<&str> {
        Some(&self.name)
    }

    /// When the cloud's monitoring last saw it, and wrote that down, changes all the time.
    fn is_still(&self, before: &Self) -> bool {
        let health = Health { last_seen: before.health.last_seen, ..self.health.clone() };
        let dc = DublinCore { modified: before.dc.modified, ..self.dc };
        Self { dc, health, ..self.clone() } == *before
    }

    fn phase(&self) -> Phase {
        match &self.health.running_operation {
            Some(OperationKind::Create) => Phase::Creating,
            Some(OperationKind::Suspend) if self.is_suspended() => Phase::Resuming,
            Some(OperationKind::Suspend) => Phase::Suspending,
            Some(_) => Phase::Changing,
            None if self.creation_failed() => Phase::Failed,
            None if self.is_suspended() => Phase::Suspended,
            None => Phase::Running,
        }
    }

    fn word(&self) -> String {
        match &self.health.running_operation {
            Some(operation) => format!("{} ({operation})", self.health.status),
            None => self.health.status.to_string(),
        }
    }

    fn busy(&self) -> Option<String> {
        self.health.running_operation.as_ref().map(ToString::to_string)
    }

    fn serves(&self) -> Option<bool> {
        match (&self.health.status, self.phase()) {
            (HealthStatus::Green | HealthStatus::Yellow, phase) => {
                Some(matches!(phase, Phase::Running | Phase::Changing))
            }
            (HealthStatus::Red, _) => Some(false),
            (_, phase) => (phase != Phase::Running).then_some(false),
        }
    }

    fn addresses(&self) -> Vec<String> {
        self.address().into_iter().collect()
    }

    fn is_fenced(&self) -> bool {
        self.ip_whitelist.as_ref().is_some_and(|networks| !networks.is_empty())
    }
}

impl Cluster {
    /// Whether its data are only kept. The monitoring lags behind, and counts only where the cloud says nothing else.
    pub(super) fn is_suspended(&self) -> bool {
        self.suspended.unwrap_or(self.health.status == HealthStatus::Suspended)
    }

    /// Whether its database serves, as far as the cloud says so.
    pub(super) fn power(&self) -> Option<Power> {
        self.suspended.map(|suspended| if suspended { Power::Suspended } else { Power::Running })
    }

    fn creation_failed(&self) -> bool {
        self.last_async_operation
            .as_ref()
            .is_some_and(|last| last.kind == OperationKind::Create && last.status == OperationStatus::Failed)
    }

    /// The number of nodes.
    pub(super) fn nodes(&self) -> Option<i64> {
        self.product_unit.map(|unit| unit + 1).or(self.num_nodes)
    }

    /// The disk of each node.
    pub(super) fn bytes_per_node(&self) -> Option<i64> {
        self.hardware_specs.as_ref()?.disk_size_per_node_bytes
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn seen(at: &str, status: &str) -> Cluster {
        serde_json::from_value(json!({
            "id": "c-1", "name": "analytics", "dc": {"created": "2026-11-01T08:00:00+00:00", "modified": format!("{at}+00:00")},
            "health": {"status": status, "last_seen": at, "running_operation": ""},
        }))
        .unwrap()
    }

    #[test]
    fn that_it_was_seen_again_is_no_news() {
        let before = seen("2026-11-22T05:00:00", "GREEN");
        assert!(seen("2026-11-22T05:01:00", "GREEN").is_still(&before));
        assert!(!seen("2026-11-22T05:01:00", "RED").is_still(&before));
    }
}
