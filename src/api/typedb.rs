//! TypeDBCluster: one cluster in TypeDB Cloud.

use std::fmt;

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::identity::ClusterId;
use super::shared::{CommonSpec, CommonStatus, PasswordRef};

/// What a connection Secret tells of a cluster, and what a template may refer to.
pub const CONNECTION_KEYS: [&str; 8] = ["type", "provider", "host", "port", "uri", "username", "password", "addresses"];

/// The cluster that is wanted. What is omitted is chosen at creation and afterwards neither compared nor written.
#[skip_serializing_none]
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "clusterwright.dev",
    version = "v1alpha1",
    kind = "TypeDBCluster",
    namespaced,
    status = "TypeDBClusterStatus",
    shortname = "tdb",
    category = "clusterwright",
    doc = "A cluster in TypeDB Cloud.",
    derive = "PartialEq"
)]
#[serde(rename_all = "camelCase")]
pub struct TypeDBClusterSpec {
    /// What every kind of cluster has.
    #[serde(flatten)]
    pub common: CommonSpec,
    /// Id of the cluster in the cloud; metadata.name when omitted. Lowercase letters and digits, separated by single hyphens or underscores.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]+([_-][a-z0-9]+)*$"))]
    pub cluster_id: Option<ClusterId>,
    /// Free or Paid. A free cluster has one server, 10 GB and no backups. Fixed at creation.
    pub tier: Option<Tier>,
    /// A version that the cloud offers, such as 3.5.1, or `latest`; `latest` when omitted.
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^(latest|[0-9][0-9A-Za-z.+-]*)$"))]
    pub version: Option<String>,
    /// The infrastructure's provider, such as gcp or aws. Fixed at creation.
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[a-z0-9-]+$"))]
    pub provider: Option<String>,
    /// The provider's region, such as europe-west2. Fixed at creation.
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[a-z0-9-]+$"))]
    pub region: Option<String>,
    /// The type of machine, such as c2d-highcpu-2.
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[a-z0-9.-]+$"))]
    pub machine_type: Option<String>,
    /// The type of storage; the provider's usual one when omitted. Fixed at creation.
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[a-z0-9.-]+$"))]
    pub storage_type: Option<String>,
    /// Storage of each server in GB; 10 when omitted.
    #[serde(rename = "storageSizeGB")]
    #[schemars(range(min = 10, max = 1000))]
    pub storage_size_gb: Option<i64>,
    /// Number of servers, odd; 1 when omitted. Fixed at creation.
    #[schemars(range(min = 1, max = 9))]
    pub server_count: Option<i64>,
    /// How often the cloud backs the cluster up; the cloud's own choice when omitted.
    pub backup: Option<Backup>,
    /// The database's user `admin`.
    #[serde(default)]
    pub admin: Admin,
}

/// What a cluster costs by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Tier {
    /// The team's one free cluster.
    Free,
    /// A cluster that is paid for by the hour.
    Paid,
}

impl fmt::Display for Tier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, formatter)
    }
}

/// Backups of a cluster.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Backup {
    /// How often a backup is made.
    pub frequency: BackupFrequency,
    /// Days for which a backup is kept: 7 or 30; the cloud's own choice when omitted.
    #[schemars(range(min = 7, max = 30))]
    pub retention_days: Option<i64>,
}

/// How often a backup is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum BackupFrequency {
    /// No backups.
    Disabled,
    /// A backup every hour.
    Hourly,
    /// A backup every day.
    Daily,
}

/// The database's user `admin`. A generated password replaces the factory one when nothing is given.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Admin {
    /// The password that the user shall have; a change of it is carried over to the database.
    pub password_secret_ref: Option<PasswordRef>,
    /// The password that the user has now, where the operator cannot know it.
    pub current_password_secret_ref: Option<PasswordRef>,
}

/// What the operator last saw of a cluster.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct TypeDBClusterStatus {
    /// What every kind of cluster reports.
    #[serde(flatten)]
    pub common: CommonStatus,
    /// The machine type in force.
    #[schemars(length(max = 64))]
    pub machine_type: Option<String>,
    /// The storage of each server in GB.
    #[serde(rename = "storageSizeGB")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub storage_size_gb: Option<i64>,
    /// What was fixed when the cluster was created, as it is in the cloud.
    pub observed: Option<FixedAtCreation>,
}

/// What the cloud cannot change once a cluster exists.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct FixedAtCreation {
    /// Free or Paid.
    pub tier: Option<Tier>,
    /// The infrastructure's provider.
    #[schemars(length(max = 64))]
    pub provider: Option<String>,
    /// The provider's region.
    #[schemars(length(max = 64))]
    pub region: Option<String>,
    /// The type of storage.
    #[schemars(length(max = 64))]
    pub storage_type: Option<String>,
    /// Number of servers.
    #[schemars(range(min = 0, max = 1000))]
    pub server_count: Option<i64>,
}
