//! A cluster as TypeDB Cloud describes it.

use crate::api::identity::{ClusterId, CreatedAt};
use crate::api::shared::Power;
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

impl Cluster {
    /// Whether the database serves, or its data are only kept, as it is until a transition has come to its end.
    pub(super) const fn power(&self) -> Option<Power> {
        match self.status {
            ClusterStatus::Running | ClusterStatus::Suspending => Some(Power::Running),
            ClusterStatus::Suspended | ClusterStatus::Resuming => Some(Power::Suspended),
            ClusterStatus::Starting | ClusterStatus::Destroying | ClusterStatus::Other(_) => None,
        }
    }
}
