//! One cluster and what becomes of it as time passes. Pure: whoever asks brings the time along.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::database::Database;
use super::place::ClusterName;
use super::unknowns::Unknowns;
use crate::api::identity::CreatedAt;
use crate::cloud::typedb::wire::{self, BackupConfiguration, ClusterDeploy, ClusterStatus, Server, ServerStatus};

/// A cluster.
pub(super) struct Cluster {
    pub(super) name: ClusterName,
    pub(super) created_at: CreatedAt,
    pub(super) spec: Spec,
    pub(super) phase: Phase,
    pub(super) addresses: Vec<String>,
    pub(super) database: Database,
    /// Fields of the answers that are not what they should be.
    pub(super) overlay: Map<String, Value>,
}

/// What a cluster consists of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Spec {
    pub(super) server_count: i64,
    #[serde(rename = "storageSizeGB")]
    pub(super) storage_size_gb: i64,
    pub(super) is_free: bool,
    pub(super) version: String,
    pub(super) provider: String,
    pub(super) region: String,
    pub(super) machine_type: String,
    pub(super) storage_type: String,
    pub(super) backup_configuration: BackupConfiguration,
}

/// What a cluster is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Resting(Rest),
    Moving { towards: Move, until: Timestamp },
}

/// A phase that does not end by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    Running,
    Suspended,
    Failed,
}

/// A phase that ends by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Move {
    Deploy,
    Clone,
    FailedDeploy,
    Suspend,
    Resume,
    /// A change of size or version; `spec` is what it will be, where that is not seen yet.
    Update {
        spec: Option<Box<Spec>>,
        back_to: Rest,
    },
    Destroy,
}

impl Move {
    /// How long it takes in the real cloud.
    pub(super) fn takes(&self) -> Duration {
        let minutes = match self {
            Self::Suspend | Self::Destroy => 1,
            Self::Resume => 2,
            Self::Update { .. } => 3,
            Self::Deploy | Self::FailedDeploy => 4,
            Self::Clone => 6,
        };
        Duration::from_secs(60 * minutes)
    }
}

impl Spec {
    /// What was asked for, with the gaps filled in.
    pub(super) fn requested(deploy: ClusterDeploy, default_backup: BackupConfiguration) -> Self {
        Self {
            server_count: deploy.server_count,
            storage_size_gb: deploy.storage_size_gb,
            is_free: deploy.is_free,
            version: deploy.version,
            provider: deploy.provider,
            region: deploy.region,
            machine_type: deploy.machine_type,
            storage_type: deploy.storage_type,
            backup_configuration: deploy.backup_configuration.unwrap_or(default_backup),
        }
    }
}

impl Cluster {
    /// Takes the steps that are due by `now`; false: the cluster is gone.
    pub(super) fn settle(&mut self, now: Timestamp) -> bool {
        let Phase::Moving { towards, until } = &mut self.phase else { return true };
        if now < *until {
            return true;
        }
        let rest = match towards {
            Move::Deploy | Move::Clone | Move::Resume => Rest::Running,
            Move::FailedDeploy => Rest::Failed,
            Move::Suspend => Rest::Suspended,
            Move::Update { spec, back_to } => {
                if let Some(spec) = spec.take() {
                    self.spec = *spec;
                }
                *back_to
            }
            Move::Destroy => return false,
        };
        self.phase = Phase::Resting(rest);
        true
    }

    /// When it changes next by itself.
    pub(super) fn due(&self) -> Option<Timestamp> {
        match self.phase {
            Phase::Moving { until, .. } => Some(until),
            Phase::Resting(_) => None,
        }
    }

    /// The word for what it is doing.
    pub(super) fn status(&self, unknowns: &Unknowns) -> ClusterStatus {
        match &self.phase {
            Phase::Resting(Rest::Running) => ClusterStatus::Running,
            Phase::Resting(Rest::Suspended) => ClusterStatus::Suspended,
            Phase::Resting(Rest::Failed) => unknowns.failed_status.clone().into(),
            Phase::Moving { towards, .. } => match towards {
                Move::Deploy | Move::Clone | Move::FailedDeploy => ClusterStatus::Starting,
                Move::Suspend => ClusterStatus::Suspending,
                Move::Resume => ClusterStatus::Resuming,
                Move::Update { .. } => unknowns.updating_status.clone().into(),
                Move::Destroy => ClusterStatus::Destroying,
            },
        }
    }

    /// Whether its own endpoint works.
    pub(super) fn serving(&self, unknowns: &Unknowns) -> bool {
        match &self.phase {
            Phase::Resting(rest) => *rest == Rest::Running,
            Phase::Moving { towards: Move::Update { back_to, .. }, .. } => {
                *back_to == Rest::Running && unknowns.serves_while_updating
            }
            Phase::Moving { towards, .. } => matches!(towards, Move::Suspend | Move::Destroy),
        }
    }

    /// The cluster as the cloud's API shows it.
    pub(super) fn answer(&self, unknowns: &Unknowns) -> Value {
        let mut answer = json!(self.on_the_wire(unknowns));
        if let Value::Object(fields) = &mut answer {
            fields.extend(self.overlay.clone());
        }
        answer
    }

    pub(super) fn view(&self, unknowns: &Unknowns) -> ClusterView {
        ClusterView {
            cluster: self.on_the_wire(unknowns),
            backup_configuration: self.spec.backup_configuration.clone(),
            addresses: self.addresses.clone(),
            databases: self.database.names().cloned().collect(),
            users: self.database.users().cloned().collect(),
            altered_fields: self.overlay.clone(),
        }
    }

    fn on_the_wire(&self, unknowns: &Unknowns) -> wire::Cluster {
        let Spec { server_count, storage_size_gb, is_free, .. } = self.spec;
        let spec = self.spec.clone();
        wire::Cluster {
            id: self.name.id.clone(),
            created_at: self.created_at,
            status: self.status(unknowns),
            server_count: Some(server_count),
            storage_size_gb: Some(storage_size_gb),
            is_free: Some(is_free),
            team_id: Some(self.name.space.team.clone()),
            space_id: Some(self.name.space.space.clone()),
            version: Some(spec.version),
            provider: Some(spec.provider),
            region: Some(spec.region),
            machine_type: Some(spec.machine_type),
            storage_type: Some(spec.storage_type),
            servers: self.servers(),
        }
    }

    /// None while suspended; `pending` until it runs.
    fn servers(&self) -> Vec<Server> {
        let status = match &self.phase {
            Phase::Resting(Rest::Suspended)
            | Phase::Moving { towards: Move::Update { back_to: Rest::Suspended, .. }, .. } => return Vec::new(),
            Phase::Resting(Rest::Running)
            | Phase::Moving { towards: Move::Suspend | Move::Update { .. } | Move::Destroy, .. } => {
                ServerStatus::Running
            }
            Phase::Resting(Rest::Failed) | Phase::Moving { .. } => ServerStatus::Pending,
        };
        let server = |address: &String| Server { address: address.clone(), status: status.clone() };
        self.addresses.iter().map(server).collect()
    }
}

/// A cluster as the simulator knows it: what the cloud's API shows, and what it hides.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterView {
    #[serde(flatten)]
    pub cluster: wire::Cluster,
    pub backup_configuration: BackupConfiguration,
    /// Its servers' addresses, also while it is suspended.
    pub addresses: Vec<String>,
    pub databases: Vec<String>,
    pub users: Vec<String>,
    /// Fields that an edit made the API show as they are not.
    pub altered_fields: Map<String, Value>,
}
