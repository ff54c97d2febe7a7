//! `CrateDBCluster`: one cluster in CrateDB Cloud.

use std::fmt;

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::shared::{CommonSpec, CommonStatus, PasswordRef};

/// An id of CrateDB Cloud, in the form in which its API writes it.
pub(super) const UUID: &str = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$";

/// The product of clusters that cost nothing.
pub const FREE_PRODUCT: &str = "crfree";

/// The subscription of clusters that cost nothing.
pub const FREE_SUBSCRIPTION: &str = "free_tier";

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
    /// Fields for which an edit of this manifest is applied, and a change that was made elsewhere is left alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub ignore_drift: Vec<CrateDBField>,
    /// The database's user that the cloud makes; admin when omitted. Fixed at creation.
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$"))]
    pub username: Option<String>,
    /// The password that the user shall have, 24 to 128 characters; a change of it is carried over to the database. A generated one when omitted.
    pub password_secret_ref: Option<PasswordRef>,
}

/// A field that others can change in the cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum CrateDBField {
    /// The cloud's own protection from deletion.
    DeletionProtection,
    /// The networks that may reach the database.
    AllowedCidrs,
    /// What is bought.
    #[serde(rename = "product.name")]
    ProductName,
    /// The number of nodes.
    Nodes,
    /// The version.
    Version,
    /// Whether the database serves.
    Power,
}

impl CrateDBField {
    /// Where each of them stands below `spec`.
    pub const PATHS: [&'static str; 6] = [
        Self::DeletionProtection.path(),
        Self::AllowedCidrs.path(),
        Self::ProductName.path(),
        Self::Nodes.path(),
        Self::Version.path(),
        Self::Power.path(),
    ];

    /// Where it stands below `spec`.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::DeletionProtection => "deletionProtection",
            Self::AllowedCidrs => "allowedCidrs",
            Self::ProductName => "product.name",
            Self::Nodes => "nodes",
            Self::Version => "version",
            Self::Power => "power",
        }
    }
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
    /// Base URL of the database's SQL endpoint.
    #[schemars(length(max = 512))]
    pub url: Option<String>,
    /// The last operation that the cloud carried out or carries out, whoever asked for it.
    pub last_operation: Option<LastOperation>,
    /// What was fixed when the cluster was created, as it is in the cloud.
    pub observed: Option<FixedAtCreation>,
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
