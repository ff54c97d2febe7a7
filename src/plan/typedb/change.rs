//! What each change is called, and by what its end is recognised.

use super::backup;
use crate::api::condition::Reason;
use crate::api::identity::ClusterId;
use crate::api::typedb::TypeDBCluster;
use crate::cloud::typedb::change::Change;
use crate::cloud::typedb::wire::{Cluster, ClusterStatus};
use crate::plan::kind;

impl kind::Change<TypeDBCluster> for Change {
    fn field(&self) -> &'static str {
        match self {
            Self::Storage { .. } => "storageSizeGB",
            Self::Machine(_) => "machineType",
            Self::Version(_) => "version",
            Self::Backup(_) => "backup",
            Self::Rename(_) => "clusterId",
            Self::Suspended(_) => "power",
        }
    }

    fn summary(&self) -> String {
        match self {
            Self::Storage { gb } => format!("Growing the storage of each server to {gb} GB"),
            Self::Machine(machine_type) => format!("Changing the machine type to {machine_type}"),
            Self::Version(version) => format!("Upgrading the database to version {version}"),
            Self::Backup(wanted) => format!("Setting backups to {}", backup::words(wanted)),
            Self::Rename(id) => format!("Renaming the cluster to {id}"),
            Self::Suspended(true) => "Suspending the cluster".to_owned(),
            Self::Suspended(false) => "Resuming the cluster".to_owned(),
        }
    }

    fn reason(&self) -> Reason {
        match self {
            Self::Rename(_) => Reason::Renaming,
            Self::Suspended(true) => Reason::Suspending,
            Self::Suspended(false) => Reason::Resuming,
            _ => Reason::Updating,
        }
    }

    /// The cloud keeps no list of what it does: the cluster's own status tells.
    fn operation(&self) -> Option<&'static str> {
        None
    }

    fn shown_by(&self, cluster: &Cluster) -> bool {
        match self {
            Self::Storage { gb } => cluster.storage_size_gb.is_some_and(|there| there >= *gb),
            Self::Machine(machine_type) => cluster.machine_type.as_ref() == Some(machine_type),
            Self::Version(version) => cluster.version.as_ref() == Some(version),
            Self::Backup(_) => false,
            Self::Rename(id) => cluster.id == *id,
            Self::Suspended(true) => cluster.status == ClusterStatus::Suspended,
            Self::Suspended(false) => cluster.status == ClusterStatus::Running,
        }
    }

    /// No answer of the cloud ever shows backup settings.
    fn is_done_when_answered(&self) -> bool {
        matches!(self, Self::Backup(_))
    }

    fn renames_to(&self) -> Option<&ClusterId> {
        match self {
            Self::Rename(id) => Some(id),
            _ => None,
        }
    }

    fn while_suspended(&self) -> bool {
        *self == Self::Suspended(false)
    }
}
