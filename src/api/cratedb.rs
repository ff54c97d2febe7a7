//! `CrateDBCluster`: one cluster in CrateDB Cloud.

use std::fmt;

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::OBJECT_NAME;
use super::identity::ClusterId;
use super::shared::{CommonSpec, CommonStatus, PasswordRef};

/// An id of CrateDB Cloud, in the form in which its API writes it.
pub(super) const UUID: &str = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$";

/// The product of clusters that cost nothing.
pub const FREE_PRODUCT: &str = "crfree";

/// The subscription of clusters that cost nothing.
pub const FREE_SUBSCRIPTION: &str = "free_tier";

/// What a connection Secret tells of a cluster, and what a template may refer to.
pub const CONNECTION_KEYS: [&str; 8] = ["type", "provider", "host", "port", "uri", "username", "password", "url"];

/// The cluster that is wanted. What is omitted is chosen at creation and afterwards neither compared nor written.
#[skip_serializing_none]
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "clusterwright.dev",
    version = "v1alpha1",
    kind = "CrateDBCluster",
    namespaced,
    status = "CrateDBClusterStatus",
    scale(spec_replicas_path = ".spec.nodes", status_replicas_path = ".status.nodes"),
    shortname = "cdb",
    category = "clusterwright",
    doc = "A cluster in CrateDB Cloud.",
    derive = "PartialEq"
)]
#[serde(rename_all = "camelCase")]
pub struct CrateDBClusterSpec {
    /// What every kind of cluster has.
    #[serde(flatten)]
    pub common: CommonSpec,
    /// Name of the cluster in the cloud, and the first part of its address; metadata.name when omitted. Lowercase letters, digits and hyphens. Fixed at creation.
    #[schemars(length(min = 3, max = 63), regex(pattern = r"^[a-z0-9][a-z0-9-]*[a-z0-9]$"))]
    pub cluster_name: Option<String>,
    /// The project that the cluster belongs to, and by it the region. Fixed at creation.
    pub project: Option<ProjectSpec>,
    /// Id of the subscription that pays, or `free_tier` with the product crfree; the organization's only active one when omitted. Fixed at creation.
    #[schemars(length(min = 1, max = 128), regex(pattern = r"^[A-Za-z0-9._-]+$"))]
    pub subscription_id: Option<String>,
    /// What is bought.
    pub product: Option<ProductSpec>,
    /// Number of nodes, within what the product can be had in; 1 when omitted. kubectl scale changes it, where it is written.
    #[schemars(range(min = 1, max = 64))]
    pub nodes: Option<i64>,
    /// A version that the cloud offers, such as 5.8.3; the newest of the channel when omitted.
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^(nightly-)?[0-9][0-9A-Za-z.+-]*$"))]
    pub version: Option<String>,
    /// Which releases the cluster gets; stable ones when omitted. Fixed at creation.
    pub channel: Option<Channel>,
    /// The disk of each node.
    pub storage: Option<StorageSpec>,
    /// The networks that may reach the database; an empty list opens it to all.
    #[schemars(length(max = 64))]
    pub allowed_cidrs: Option<Vec<AllowedCidr>>,
    /// When backups are made.
    pub backup: Option<BackupSpec>,
    /// The backup of another cluster that is restored into the new one before it is Ready. Read when the cluster is created, and not afterwards.
    pub restore_from: Option<RestoreSpec>,
    /// The database's user that the cloud makes; admin when omitted. Fixed at creation.
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$"))]
    pub username: Option<String>,
    /// The password that the user shall have, 24 to 128 characters; a change of it is carried over to the database. A generated one when omitted.
    pub password_secret_ref: Option<PasswordRef>,
}

/// A project, by its id or by name and region.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ProjectSpec {
    /// Id of a project that exists. Without name and region.
    #[schemars(length(min = 36, max = 36), regex(pattern = UUID))]
    pub id: Option<String>,
    /// Name of the project, which is created where the organization has none of this name. Together with region.
    #[schemars(length(min = 1, max = 128))]
    pub name: Option<String>,
    /// The region of the project of this name, such as eks1.eu-west-1.aws.
    #[schemars(length(min = 1, max = 128), regex(pattern = r"^[A-Za-z0-9._-]+$"))]
    pub region: Option<String>,
}

/// A product of the cloud's price list.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProductSpec {
    /// Name of the product, such as cr1, or crfree for the cluster that costs nothing.
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[A-Za-z0-9._-]+$"))]
    pub name: String,
    /// Tier of the product; `default` when omitted. Fixed at creation.
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[A-Za-z0-9._-]+$"))]
    pub tier: Option<String>,
}

/// Which releases the cluster gets; stable ones when omitted. Fixed at creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// Releases.
    Stable,
    /// Release candidates.
    Testing,
    /// Builds of the day.
    Nightly,
}

impl Channel {
    /// The word that the cloud and the manifest have for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::Testing => "testing",
            Self::Nightly => "nightly",
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// The disk of each node.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct StorageSpec {
    /// The least size in GiB; the product's own minimum when omitted. A disk grows and never shrinks: less than what there is counts as in sync.
    #[serde(rename = "sizePerNodeGiB")]
    #[schemars(range(min = 1, max = 65_536))]
    pub size_per_node_gib: Option<i64>,
    /// The type of disk; the product's own when omitted. Fixed at creation.
    pub disk_type: Option<DiskType>,
}

/// The type of disk; the product's own when omitted. Fixed at creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DiskType {
    /// The usual disks.
    Standard,
    /// Faster ones.
    Premium,
}

impl DiskType {
    /// The word that the cloud and the manifest have for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Premium => "premium",
        }
    }
}

impl fmt::Display for DiskType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A network that may reach the database.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AllowedCidr {
    /// The network's first address and its prefix length, such as 203.0.113.0/24; /32 for one address.
    #[schemars(length(min = 1, max = 64))]
    pub cidr: String,
    /// What the network is, for people. A change of it alone is not carried over.
    #[schemars(length(max = 253))]
    pub description: Option<String>,
}

/// When backups are made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupSpec {
    /// The hours of the day, in UTC, in which a backup is made.
    #[schemars(length(min = 1, max = 24), inner(range(min = 0, max = 23)))]
    pub hours: Vec<i64>,
}

/// The backup of another cluster, in the same organization and region, that is restored into the new one.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RestoreSpec {
    /// Id of the other cluster.
    #[schemars(length(min = 36, max = 36), regex(pattern = UUID))]
    pub external_id: Option<ClusterId>,
    /// Name of the other cluster's CrateDBCluster in the same namespace, instead of its id.
    #[schemars(length(min = 1, max = 253), regex(pattern = OBJECT_NAME))]
    pub name: Option<String>,
    /// The backup, as the cloud calls it, such as 20261122125500. A name that it has not makes the message list the newest.
    #[schemars(length(min = 1, max = 253))]
    pub snapshot: String,
    /// The tables that are restored, as the cloud lists them; all when omitted. Users and their rights are never restored.
    #[schemars(length(min = 1, max = 64), inner(length(min = 1, max = 253)))]
    pub tables: Option<Vec<String>>,
}

/// What the operator last saw of a cluster.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct CrateDBClusterStatus {
    /// What every kind of cluster reports.
    #[serde(flatten)]
    pub common: CommonStatus,
    /// Number of nodes in force.
    #[schemars(range(min = 0, max = 1000))]
    pub nodes: Option<i64>,
    /// Name of the product in force.
    #[schemars(length(max = 64))]
    pub product_name: Option<String>,
    /// The disk of each node in GiB.
    #[serde(rename = "storagePerNodeGiB")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub storage_per_node_gib: Option<i64>,
    /// The networks that may reach the database, the first 64 of them; none where it is open to all.
    #[schemars(length(max = 64))]
    pub allowed_cidrs: Option<Vec<AllowedCidr>>,
    /// When backups are made.
    pub backup: Option<BackupSchedule>,
    /// The backup that was restored into the database when it was new.
    pub restored_from: Option<RestoredFrom>,
    /// Base URL of the database's SQL endpoint.
    #[schemars(length(max = 512))]
    pub url: Option<String>,
    /// The last operation that the cloud carried out or carries out, whoever asked for it.
    pub last_operation: Option<LastOperation>,
    /// What was fixed when the cluster was created, as it is in the cloud.
    pub observed: Option<FixedAtCreation>,
}

/// When backups are made.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupSchedule {
    /// The schedule as the cloud writes it, a cron expression in UTC.
    #[schemars(length(max = 128))]
    pub schedule: String,
    /// The hours in it; none where it says more than hours of every day.
    #[schemars(length(max = 24), inner(range(min = 0, max = 23)))]
    pub hours: Option<Vec<i64>>,
}

/// A backup that was restored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RestoredFrom {
    /// Id of the cluster of which it was made.
    #[schemars(length(max = 253))]
    pub external_id: ClusterId,
    /// The backup, as the cloud calls it.
    #[schemars(length(max = 253))]
    pub snapshot: String,
}

/// An operation on a cluster, in the cloud's own words.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LastOperation {
    /// Id of the operation.
    #[schemars(length(max = 128))]
    pub id: String,
    /// What it does to the cluster, such as SCALE.
    #[serde(rename = "type")]
    #[schemars(length(max = 64))]
    pub type_: String,
    /// How far it is, such as SUCCEEDED or FAILED.
    #[schemars(length(max = 64))]
    pub state: String,
    /// What it says about itself.
    #[schemars(length(max = 1024))]
    pub message: Option<String>,
}

/// What the cloud cannot change once a cluster exists.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct FixedAtCreation {
    /// Name of the cluster.
    #[schemars(length(max = 128))]
    pub cluster_name: Option<String>,
    /// Id of the project.
    #[schemars(length(max = 128))]
    pub project_id: Option<String>,
    /// Name of the project.
    #[schemars(length(max = 253))]
    pub project_name: Option<String>,
    /// The region.
    #[schemars(length(max = 128))]
    pub region: Option<String>,
    /// Id of the subscription that pays.
    #[schemars(length(max = 128))]
    pub subscription_id: Option<String>,
    /// Which releases the cluster gets.
    #[schemars(length(max = 64))]
    pub channel: Option<String>,
    /// Tier of the product.
    #[schemars(length(max = 64))]
    pub tier: Option<String>,
    /// The type of disk.
    #[schemars(length(max = 64))]
    pub disk_type: Option<String>,
    /// The database's user that the cloud made.
    #[schemars(length(max = 128))]
    pub username: Option<String>,
}
