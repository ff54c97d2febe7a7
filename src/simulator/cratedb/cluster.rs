//! One cluster and what becomes of it as time passes. Pure: whoever asks brings the time along.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::catalogue::{self, FREE, Product};
use super::jobs::{Direction, Job};
use super::operation::{Change, Operation};
use super::unknowns::Unknowns;
use crate::api::identity::{ClusterId, CreatedAt};
use crate::clock::later;
use crate::cloud::cratedb::wire::{self, AllowedCidr, Health, HealthStatus, OperationKind, PartialOperation};

/// The domain of databases.
pub(in crate::simulator) const DOMAIN: &str = ".cratedb.net";
/// The port of their SQL endpoint.
pub(in crate::simulator) const PORT: u16 = 4200;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// A free cluster that nobody uses is suspended after so long.
const FREE_SUSPENDED: Duration = DAY.saturating_mul(4);
/// And deleted after so long.
const FREE_DELETED: Duration = DAY.saturating_mul(14);

/// A cluster.
pub(super) struct Cluster {
    pub(super) id: ClusterId,
    pub(super) organization_id: String,
    pub(super) name: String,
    pub(super) region: String,
    pub(super) username: String,
    pub(super) created: Timestamp,
    pub(super) spec: Spec,
    pub(super) deletion_protected: bool,
    /// Whether its creation has succeeded.
    pub(super) exists: bool,
    /// Oldest first; at most the last one runs.
    pub(super) operations: Vec<Operation>,
    /// Transfers of data, oldest first.
    pub(super) jobs: Vec<Job>,
    /// When it is gone, where it is being deleted.
    pub(super) gone: Option<Timestamp>,
    /// The address of its SQL endpoint.
    pub(super) address: String,
    /// The password that is in force.
    pub(super) password: SecretString,
    pub(super) tables: BTreeSet<String>,
    pub(super) disk: Disk,
    /// When its database was last used.
    pub(super) used: Timestamp,
    /// Fields of the answers that are not what they should be.
    pub(super) overlay: Map<String, Value>,
}

/// What a cluster consists of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Spec {
    pub(super) project_id: String,
    pub(super) subscription_id: String,
    pub(super) crate_version: String,
    pub(super) channel: String,
    pub(super) product_name: String,
    pub(super) product_tier: String,
    pub(super) product_unit: i64,
    pub(super) disk_size_per_node_bytes: i64,
    pub(super) disk_type: String,
    pub(super) ip_whitelist: Vec<AllowedCidr>,
    pub(super) backup_schedule: String,
    pub(super) suspended: bool,
}

/// What is on each node's disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Disk {
    pub(super) used_bytes_per_node: i64,
    pub(super) shards: i64,
}

impl Cluster {
    /// Takes the steps that are due by `now`; false: the cluster is gone.
    pub(super) fn settle(&mut self, now: Timestamp) -> bool {
        if let Some(change) = self.operations.last_mut().and_then(|operation| operation.end(now)) {
            change.carry_out(self);
        }
        let imported = self.jobs.iter().filter(|job| job.direction == Direction::Import && job.until <= now);
        self.tables.extend(imported.map(|job| job.table.clone()));
        if self.spec.product_name == FREE && later(self.used, FREE_SUSPENDED) <= now {
            self.spec.suspended = true;
        }
        let unused = self.spec.product_name == FREE && later(self.used, FREE_DELETED) <= now;
        !unused && self.gone.is_none_or(|gone| now < gone)
    }

    /// The operation that has not come to its end.
    pub(super) fn running(&self, now: Timestamp) -> Option<&Operation> {
        self.operations.last().filter(|operation| now < operation.until)
    }

    pub(super) fn product(&self) -> Option<&'static Product> {
        catalogue::product(&self.spec.product_name, &self.spec.product_tier)
    }

    /// What it costs per month, in US dollars.
    pub(super) fn monthly_price(&self) -> f64 {
        let Spec { product_unit, disk_size_per_node_bytes, .. } = self.spec;
        self.product().map_or(0.0, |product| catalogue::monthly(product, product_unit, disk_size_per_node_bytes))
    }

    /// Whether its SQL endpoint works.
    pub(super) fn serving(&self, unknowns: &Unknowns, now: Timestamp) -> bool {
        let blocked = match self.running(now).map(|operation| &operation.change) {
            None => false,
            Some(Change::Create | Change::Suspend { .. }) => true,
            Some(_) => !unknowns.serves_while_changing,
        };
        self.exists && !self.spec.suspended && !blocked && self.gone.is_none()
    }

    /// The base URL of its SQL endpoint, which is an address on the loopback interface where it is really served.
    pub(super) fn url(&self) -> String {
        let scheme = if self.address.contains(DOMAIN) { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// The cluster as the cloud's API shows it.
    pub(super) fn answer(&self, unknowns: &Unknowns, now: Timestamp) -> Value {
        let mut answer = json!(self.on_the_wire(unknowns, now));
        answer["external_ip"] = json!("203.0.113.10");
        answer["origin"] = json!(unknowns.origin);
        answer["gc_available"] = json!(false);
        if unknowns.newer_fields {
            answer["master_product_name"] = Value::Null;
        }
        answer["allow_custom_storage"] = json!(!self.is_free());
        answer["dc"] = dublin_core(self.created, self.modified(now));
        if let (Some(product), Value::Object(specs)) = (self.product(), &mut answer["hardware_specs"])
            && let Value::Object(hardware) = product.hardware()
        {
            specs.extend(hardware);
        }
        if let Value::Object(fields) = &mut answer {
            fields.extend(self.overlay.clone());
        }
        answer
    }

    pub(super) fn view(&self, unknowns: &Unknowns, now: Timestamp) -> ClusterView {
        ClusterView {
            cluster: self.on_the_wire(unknowns, now),
            organization_id: self.organization_id.clone(),
            address: self.address.clone(),
            serving: self.serving(unknowns, now),
            operations: self.operations.iter().map(|operation| operation.describe(self, now)).collect(),
            tables: self.tables.iter().cloned().collect(),
            altered_fields: self.overlay.clone(),
        }
    }

    pub(super) fn is_free(&self) -> bool {
        self.spec.product_name == FREE
    }

    fn on_the_wire(&self, unknowns: &Unknowns, now: Timestamp) -> wire::Cluster {
        let spec = self.spec.clone();
        let last = self.operations.last();
        wire::Cluster {
            id: self.id.clone(),
            name: self.name.clone(),
            dc: wire::DublinCore { created: created_at(self.created), modified: Some(self.modified(now)) },
            project_id: Some(spec.project_id),
            subscription_id: Some(spec.subscription_id),
            crate_version: Some(spec.crate_version),
            channel: Some(spec.channel),
            product_name: Some(spec.product_name),
            product_tier: Some(spec.product_tier),
            product_unit: Some(spec.product_unit),
            num_nodes: Some(spec.product_unit + 1),
            username: Some(self.username.clone()),
            fqdn: Some(format!("{}.{}{DOMAIN}.", self.name, self.region)),
            url: Some(self.url()),
            hardware_specs: Some(wire::HardwareSpecs {
                disk_size_per_node_bytes: Some(spec.disk_size_per_node_bytes),
                disk_type: Some(spec.disk_type),
                disks_per_node: Some(1),
                memory_per_node_bytes: None,
            }),
            ip_whitelist: Some(spec.ip_whitelist),
            backup_schedule: Some(spec.backup_schedule),
            deletion_protected: Some(self.deletion_protected),
            suspended: Some(spec.suspended),
            allow_suspend: Some(self.product().is_some_and(Product::is_dedicated)),
            health: self.health(unknowns, now),
            last_async_operation: last.map(|operation| PartialOperation {
                id: operation.id.clone(),
                kind: operation.change.kind(),
                status: operation.status(now),
            }),
        }
    }

    fn health(&self, unknowns: &Unknowns, now: Timestamp) -> Health {
        let running = self.running(now).map(|operation| operation.change.kind());
        let deleting = self.gone.and(unknowns.deleting_operation.clone()).map(OperationKind::from);
        let status = if !self.exists || self.gone.is_some() {
            HealthStatus::Unreachable
        } else if self.spec.suspended {
            HealthStatus::Suspended
        } else {
            HealthStatus::Green
        };
        Health { status, last_seen: self.exists.then(|| whole_millis(now)), running_operation: deleting.or(running) }
    }

    fn modified(&self, now: Timestamp) -> Timestamp {
        whole_millis(self.operations.last().map_or(self.created, |operation| operation.until.min(now)))
    }
}

/// When something was created and last changed, as the cloud's API shows it.
pub(super) fn dublin_core(created: Timestamp, modified: Timestamp) -> Value {
    json!(wire::DublinCore { created: created_at(created), modified: Some(whole_millis(modified)) })
}

/// Answers are not more exact than that.
pub(super) fn whole_millis(moment: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(moment.as_millisecond()).unwrap_or(moment)
}

pub(super) fn created_at(moment: Timestamp) -> CreatedAt {
    CreatedAt::from_epoch_millis(moment.as_millisecond())
}

/// A cluster as the simulator knows it: what the cloud's API shows, and what it hides.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterView {
    pub cluster: wire::Cluster,
    pub organization_id: String,
    /// The address of its SQL endpoint, host and port.
    pub address: String,
    /// Whether that endpoint works.
    pub serving: bool,
    /// Its operations as the cloud's API shows them, oldest first.
    pub operations: Vec<Value>,
    pub tables: Vec<String>,
    /// Fields that an edit made the API show as they are not.
    pub altered_fields: Map<String, Value>,
}
