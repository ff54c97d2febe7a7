//! What TypeDB Cloud's administration API sends and receives, as plain data.
//!
//! Source: the vendor's `cloud-http-api` pages. Unknown fields are ignored and unknown statuses carried, because
//! the vendor publishes no enumeration of either.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::api::identity::{ClusterId, CreatedAt};

/// One cluster, as `list`, `get` and every write answer it.
///
/// Only what makes up the identity is required: a field that the cloud stops sending must not hide a database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cluster {
    pub id: ClusterId,
    /// Epoch milliseconds; together with the id it tells one database from its successor of the same name.
    pub created_at: CreatedAt,
    pub status: ClusterStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_count: Option<i64>,
    #[serde(default, rename = "storageSizeGB", skip_serializing_if = "Option::is_none")]
    pub storage_size_gb: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_free: Option<bool>,
    #[serde(default, rename = "teamID", skip_serializing_if = "Option::is_none")]
    pub team_id: Option<String>,
    #[serde(default, rename = "spaceID", skip_serializing_if = "Option::is_none")]
    pub space_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_type: Option<String>,
    /// Empty while the cluster is suspended.
    #[serde(default)]
    pub servers: Vec<Server>,
}

/// One server of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// `host:port`; it is spoken to over TLS although the port is 80.
    pub address: String,
    #[serde(default)]
    pub status: ServerStatus,
}

/// The cloud's own word for what a cluster is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum ClusterStatus {
    Starting,
    Running,
    Suspending,
    Suspended,
    Resuming,
    Destroying,
    /// A word that was not known when this was written: in transition, keep watching.
    Other(String),
}

impl ClusterStatus {
    /// The word as the cloud writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Suspending => "suspending",
            Self::Suspended => "suspended",
            Self::Resuming => "resuming",
            Self::Destroying => "destroying",
            Self::Other(word) => word,
        }
    }

    /// Whether the cluster is expected to leave this status by itself.
    #[must_use]
    pub fn in_transition(&self) -> bool {
        !matches!(self, Self::Running | Self::Suspended)
    }
}

impl From<String> for ClusterStatus {
    fn from(word: String) -> Self {
        match word.as_str() {
            "starting" => Self::Starting,
            "running" => Self::Running,
            "suspending" => Self::Suspending,
            "suspended" => Self::Suspended,
            "resuming" => Self::Resuming,
            "destroying" => Self::Destroying,
            _ => Self::Other(word),
        }
    }
}

impl From<ClusterStatus> for String {
    fn from(status: ClusterStatus) -> Self {
        status.as_str().to_owned()
    }
}

impl fmt::Display for ClusterStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// The cloud's own word for what one server is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum ServerStatus {
    #[default]
    Pending,
    Running,
    Other(String),
}

impl From<String> for ServerStatus {
    fn from(word: String) -> Self {
        match word.as_str() {
            "pending" => Self::Pending,
            "running" => Self::Running,
            _ => Self::Other(word),
        }
    }
}

impl From<ServerStatus> for String {
    fn from(status: ServerStatus) -> Self {
        match status {
            ServerStatus::Pending => "pending".to_owned(),
            ServerStatus::Running => "running".to_owned(),
            ServerStatus::Other(word) => word,
        }
    }
}

/// The body of `deploy`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterDeploy {
    pub id: ClusterId,
    pub server_count: i64,
    #[serde(rename = "storageSizeGB")]
    pub storage_size_gb: i64,
    pub provider: String,
    pub region: String,
    pub machine_type: String,
    pub storage_type: String,
    pub is_free: bool,
    /// A version that the cloud offers, or `latest`, which comes back as a concrete one.
    pub version: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_configuration: Option<BackupConfiguration>,
}

/// The body of `clone`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterClone {
    /// The new cluster's id.
    pub id: ClusterId,
}

/// The body of `update`: at least one of these, and nothing about what is not named.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClusterUpdate {
    /// The cluster's new id.
    pub id: Option<ClusterId>,
    #[serde(rename = "storageSizeGB")]
    pub storage_size_gb: Option<i64>,
    pub machine_type: Option<String>,
    pub version: Option<String>,
    pub backup_configuration: Option<BackupConfiguration>,
}

/// How often the cloud backs a cluster up. It is write-only: no answer ever contains it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackupConfiguration {
    /// `disabled`, `hourly` or `daily`.
    pub frequency: String,
    /// 7 or 30.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<i64>,
}

/// The body of every documented error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    pub code: String,
    pub message: String,
}

/// The answer of `cluster-versions`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterVersions {
    pub available_versions: Vec<String>,
}
