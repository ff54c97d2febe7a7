//! Everything that TypeDB Cloud can be asked to change about a cluster, as plain data.

use serde::{Deserialize, Serialize};

use super::wire::{BackupConfiguration, ClusterUpdate};
use crate::api::identity::ClusterId;

/// One change of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Change {
    /// Storage of each server.
    Storage {
        gb: i64,
    },
    Machine(String),
    Version(String),
    Backup(BackupConfiguration),
    /// The cluster's new id.
    Rename(ClusterId),
    Suspended(bool),
}

impl Change {
    /// The update that carries it out; none where another call does.
    pub(super) fn update(&self) -> Option<ClusterUpdate> {
        let nothing = ClusterUpdate::default();
        Some(match self.clone() {
            Self::Storage { gb } => ClusterUpdate { storage_size_gb: Some(gb), ..nothing },
            Self::Machine(machine_type) => ClusterUpdate { machine_type: Some(machine_type), ..nothing },
            Self::Version(version) => ClusterUpdate { version: Some(version), ..nothing },
            Self::Backup(backup) => ClusterUpdate { backup_configuration: Some(backup), ..nothing },
            Self::Rename(id) => ClusterUpdate { id: Some(id), ..nothing },
            Self::Suspended(_) => return None,
        })
    }
}
