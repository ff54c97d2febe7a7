//! What each change is called, and by what its end is recognised.

use super::backups::in_words;
use super::networks::{same, words};
use crate::api::condition::Reason;
use crate::api::cratedb::CrateDBCluster;
use crate::api::identity::Handle;
use crate::cloud::cratedb::catalogue::Catalogue;
use crate::cloud::cratedb::change::{Change, Restoration};
use crate::cloud::cratedb::wire::{Cluster, OperationKind};
use crate::plan::kind;

impl kind::Change<CrateDBCluster> for Change {
    fn field(&self) -> &'static str {
        match self {
            Self::CreateProject { .. } => "project",
            Self::DeletionProtection(_) => "deletionProtection",
            Self::AllowList(_) => "allowedCidrs",
            Self::Password => "passwordSecretRef",
            Self::Storage { .. } => "storage.sizePerNodeGiB",
            Self::Product { .. } => "product.name",
            Self::Nodes { .. } => "nodes",
            Self::Version { .. } => "version",
            Self::Backups { .. } => "backup.hours",
            Self::Restore(_) => "restoreFrom",
            Self::Suspended(_) => "power",
        }
    }

    fn summary(&self) -> String {
        match self {
            Self::CreateProject { name, region } => format!("Creating project {name} in {region}"),
            Self::DeletionProtection(true) => "Protecting the cluster from deletion".to_owned(),
            Self::DeletionProtection(false) => "Lifting the cluster's protection from deletion".to_owned(),
            Self::AllowList(networks) if networks.is_empty() => "Opening the database to all networks".to_owned(),
            Self::AllowList(networks) => format!("Allowing {} to reach the database", words(networks)),
            Self::Password => "Changing the password of the database's user".to_owned(),
            Self::Storage { bytes_per_node } => {
                format!("Growing the disk of each node to {} GiB", bytes_per_node / super::GIB)
            }
            Self::Product { name } => format!("Changing the product of the cluster's nodes to {name}"),
            Self::Version { version } => format!("Upgrading the database to {version}"),
            Self::Backups { hours } => format!("Scheduling backups at {} o'clock UTC", in_words(hours)),
            Self::Restore(Restoration { source, snapshot, .. }) => {
                format!("Restoring snapshot {snapshot} of cluster {source}")
            }
            Self::Nodes { product_unit } => match product_unit + 1 {
                1 => "Scaling the cluster to 1 node".to_owned(),
                nodes => format!("Scaling the cluster to {nodes} nodes"),
            },
            Self::Suspended(true) => "Suspending the cluster".to_owned(),
            Self::Suspended(false) => "Resuming the cluster".to_owned(),
        }
    }

    fn reason(&self) -> Reason {
        match self {
            Self::CreateProject { .. } => Reason::Creating,
            Self::Restore(_) => Reason::Restoring,
            Self::Suspended(true) => Reason::Suspending,
            Self::Suspended(false) => Reason::Resuming,
            _ => Reason::Updating,
        }
    }

    fn operation(&self) -> Option<&'static str> {
        match self {
            Self::CreateProject { .. } | Self::DeletionProtection(_) => None,
            Self::AllowList(_) => Some(OperationKind::AllowedCidrUpdate.as_str()),
            Self::Password => Some(OperationKind::PasswordUpdate.as_str()),
            Self::Storage { .. } => Some(OperationKind::ExpandStorage.as_str()),
            Self::Product { .. } => Some(OperationKind::ChangeCompute.as_str()),
            Self::Nodes { .. } => Some(OperationKind::Scale.as_str()),
            Self::Version { .. } => Some(OperationKind::Upgrade.as_str()),
            Self::Backups { .. } => Some(OperationKind::BackupScheduleUpdate.as_str()),
            Self::Restore(_) => Some(OperationKind::RestoreSnapshot.as_str()),
            Self::Suspended(_) => Some(OperationKind::Suspend.as_str()),
        }
    }

    fn shown_by(&self, cluster: &Cluster) -> bool {
        match self {
            Self::CreateProject { .. } | Self::Password | Self::Restore(_) => false,
            Self::Backups { hours } => cluster.backup_hours().as_ref() == Some(hours),
            Self::DeletionProtection(protected) => cluster.deletion_protected == Some(*protected),
            Self::AllowList(networks) => cluster.ip_whitelist.as_ref().is_some_and(|there| same(networks, there)),
            Self::Storage { bytes_per_node } => cluster.bytes_per_node().is_some_and(|there| there >= *bytes_per_node),
            Self::Product { name } => cluster.product_name.as_ref() == Some(name),
            Self::Version { version } => cluster.crate_version.as_ref() == Some(version),
            Self::Nodes { product_unit } => cluster.nodes() == Some(product_unit + 1),
            Self::Suspended(suspended) => cluster.suspended == Some(*suspended),
        }
    }

    fn creates(&self) -> Option<Handle> {
        match self {
            Self::CreateProject { name, .. } => Some(Handle::Project(name.clone())),
            _ => None,
        }
    }

    fn found_in(&self, catalogue: &Catalogue) -> bool {
        let Self::CreateProject { name, region } = self else { return false };
        catalogue.projects.iter().any(|there| there.name == *name && there.region.as_ref() == Some(region))
    }

    fn is_unseen(&self) -> bool {
        self.sets_password() || self.is_for_good()
    }

    fn is_for_good(&self) -> bool {
        matches!(self, Self::Restore(_))
    }

    fn while_suspended(&self) -> bool {
        matches!(self, Self::Suspended(false) | Self::DeletionProtection(_))
    }

    fn sets_password(&self) -> bool {
        *self == Self::Password
    }
}
