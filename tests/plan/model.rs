//! TypeDB Cloud, small enough to be seen through.

use clusterwright::api::identity::{ClusterId, CreatedAt, Handle, Identity, Location};
use clusterwright::api::secret::Password;
use clusterwright::api::typedb::TypeDBCluster;
use clusterwright::cloud::operation::Found;
use clusterwright::cloud::typedb::change::Change;
use clusterwright::cloud::typedb::wire::{BackupConfiguration, Cluster, ClusterDeploy, ClusterStatus};
use clusterwright::plan::{Change as _, CloudCluster, Kind};
use jiff::Timestamp;

use super::fixture::{apply, cluster, location};
use super::world::{Cloud, No, OutOfReach};

#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) clusters: Vec<Cluster>,
    /// What opens each database; the factory password where it was never changed.
    pub(crate) password: Password,
    /// The backup settings, which nobody is shown.
    pub(crate) backup: Option<BackupConfiguration>,
    /// What will have been done when the cloud is at rest again.
    pending: Option<Change>,
}

impl Model {
    pub(crate) fn new(clusters: Vec<Cluster>, password: &str) -> Self {
        Self { clusters, password: Password::new(password), backup: None, pending: None }
    }
}

/// The word for a cluster that is changed, which is documented nowhere.
const UPDATING: &str = "updating";

fn is_updating(cluster: &Cluster) -> bool {
    cluster.status == ClusterStatus::Other(UPDATING.to_owned())
}

impl Cloud for Model {
    type Kind = TypeDBCluster;

    fn home() -> Location {
        location()
    }

    fn listed(&self) -> Vec<Cluster> {
        self.clusters.clone()
    }

    fn look(&self, target: &Handle) -> Found<Cluster> {
        Found::just(self.clusters.iter().find(|cluster| cluster.answers_to(target)).cloned())
    }

    fn answer(&self, question: &<TypeDBCluster as Kind>::Question) -> <TypeDBCluster as Kind>::Answer {
        match *question {}
    }

    fn catalogue(&self) -> Option<<TypeDBCluster as Kind>::Catalogue> {
        None
    }

    fn in_transition(&self) -> bool {
        self.clusters.iter().any(|cluster| cluster.status.in_transition())
    }

    fn pass(&mut self, _now: Timestamp) {
        self.clusters.retain(|cluster| cluster.status != ClusterStatus::Destroying);
        if let Some(change) = self.pending.take()
            && let Some(there) = self.clusters.iter_mut().find(|cluster| is_updating(cluster))
        {
            apply(&change, there);
        }
        for cluster in &mut self.clusters {
            cluster.status = match &cluster.status {
                ClusterStatus::Suspending | ClusterStatus::Suspended => ClusterStatus::Suspended,
                _ => ClusterStatus::Running,
            };
        }
    }

    fn create(&mut self, request: &ClusterDeploy, _password: Option<&Password>, now: Timestamp) -> Result<Cluster, No> {
        if self.clusters.iter().any(|cluster| cluster.id == request.id) {
            return Err(No);
        }
        let built = Cluster {
            created_at: CreatedAt::from_epoch_millis(now.as_millisecond()),
            status: ClusterStatus::Starting,
            server_count: Some(request.server_count),
            storage_size_gb: Some(request.storage_size_gb),
            is_free: Some(request.is_free),
            provider: Some(request.provider.clone()),
            region: Some(request.region.clone()),
            machine_type: Some(request.machine_type.clone()),
            storage_type: Some(request.storage_type.clone()),
            ..cluster(request.id.as_str())
        };
        self.clusters.push(built.clone());
        self.password = Password::new("password");
        self.backup.clone_from(&request.backup_configuration);
        Ok(built)
    }

    fn change(
        &mut self,
        change: &Change,
        id: Option<&ClusterId>,
        _password: Option<&Password>,
        fails: bool,
        _now: Timestamp,
    ) -> Result<(), No> {
        let is_taken =
            |change: &Change| change.renames_to().is_some_and(|new| self.clusters.iter().any(|other| other.id == *new));
        if is_taken(change) {
            return Err(No);
        }
        let there = self.clusters.iter_mut().find(|cluster| Some(&cluster.id) == id).ok_or(No)?;
        assert!(!there.status.in_transition(), "{change:?} while it is {}", there.status);
        let asleep = there.status == ClusterStatus::Suspended;
        match change {
            Change::Suspended(suspended) if *suspended == asleep => return Err(No),
            _ if asleep && *change != Change::Suspended(false) => return Err(No),
            Change::Storage { gb } if there.storage_size_gb > Some(*gb) => return Err(No),
            Change::Backup(backup) => self.backup = Some(backup.clone()),
            Change::Rename(id) => there.id = id.clone(),
            // It is taken, and nothing ever comes of it.
            _ if fails => {}
            Change::Suspended(true) => there.status = ClusterStatus::Suspending,
            Change::Suspended(false) => there.status = ClusterStatus::Resuming,
            _ => {
                there.status = ClusterStatus::Other(UPDATING.to_owned());
                self.pending = Some(change.clone());
            }
        }
        Ok(())
    }

    fn destroy(&mut self, identity: &Identity) -> Result<(), No> {
        for cluster in self.clusters.iter_mut().filter(|cluster| cluster.id == identity.id) {
            cluster.status = ClusterStatus::Destroying;
        }
        Ok(())
    }

    fn occupy(&mut self, _id: Option<&ClusterId>, _now: Timestamp) {}

    fn opened_by(&self, _id: &ClusterId, claims: &[Password]) -> Result<Option<Password>, OutOfReach> {
        Ok(claims.iter().find(|claim| **claim == self.password).cloned())
    }

    fn set_password(&mut self, password: Password) {
        self.password = password;
    }
}
