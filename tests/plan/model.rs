//! TypeDB Cloud, small enough to be seen through.

use clusterwright::api::identity::{ClusterId, CreatedAt, Handle, Identity, Location};
use clusterwright::api::secret::Password;
use clusterwright::api::typedb::TypeDBCluster;
use clusterwright::cloud::operation::Found;
use clusterwright::cloud::typedb::change::Change;
use clusterwright::cloud::typedb::wire::{Cluster, ClusterDeploy, ClusterStatus};
use clusterwright::plan::{CloudCluster, Kind};
use jiff::Timestamp;

use super::fixture::{cluster, location};
use super::world::{Cloud, No, OutOfReach};

#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) clusters: Vec<Cluster>,
    /// What opens each database; the factory password where it was never changed.
    pub(crate) password: Password,
}

impl Model {
    pub(crate) fn new(clusters: Vec<Cluster>, password: &str) -> Self {
        Self { clusters, password: Password::new(password) }
    }
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

    fn catalogue(&self) -> Option<<TypeDBCluster as Kind>::Catalogue> {
        None
    }

    fn in_transition(&self) -> bool {
        self.clusters.iter().any(|cluster| cluster.status.in_transition())
    }

    fn pass(&mut self, _now: Timestamp) {
        self.clusters.retain(|cluster| cluster.status != ClusterStatus::Destroying);
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
        Ok(built)
    }

    fn change(
        &mut self,
        change: &Change,
        id: Option<&ClusterId>,
        _password: Option<&Password>,
        _fails: bool,
        _now: Timestamp,
    ) -> Result<(), No> {
        let there = self.clusters.iter_mut().find(|cluster| Some(&cluster.id) == id).ok_or(No)?;
        assert!(!there.status.in_transition(), "{change:?} while it is {}", there.status);
        match change {
            Change::Suspended(suspended) if *suspended == (there.status == ClusterStatus::Suspended) => return Err(No),
            Change::Suspended(true) => there.status = ClusterStatus::Suspending,
            Change::Suspended(false) => there.status = ClusterStatus::Resuming,
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
