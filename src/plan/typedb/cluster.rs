//! A cluster as TypeDB Cloud describes it.

use crate::api::identity::{ClusterId, CreatedAt};
use crate::cloud::typedb::wire::{Cluster, ClusterStatus};
use crate::plan::kind::{CloudCluster, Phase};

impl CloudCluster for Cluster {
    fn id(&self) -> &ClusterId {
        &self.id
    }

    fn created_at(&self) -> CreatedAt {
        self.created_at
    }

    fn phase(&self) -> Phase {
        match self.status {
            ClusterStatus::Starting => Phase::Creating,
            ClusterStatus::Running => Phase::Running,
            ClusterStatus::Suspending => Phase::Suspending,
            ClusterStatus::Suspended => Phase::Suspended,
            ClusterStatus::Resuming => Phase::Resuming,
            ClusterStatus::Destroying => Phase::Destroying,
            ClusterStatus::Other(_) => Phase::Unknown,
        }
    }

    fn word(&self) -> String {
        self.status.to_string()
    }

    fn serves(&self) -> Option<bool> {
        Some(self.status == ClusterStatus::Running)
    }

    fn addresses(&self) -> Vec<String> {
        self.servers.iter().map(|server| server.address.clone()).collect()
    }
}
