//! What CrateDB Cloud's administration API sends and receives, as plain data.
//!
//! Source: the vendor's `OpenAPI` document "CrateDB Cloud API 1.0.0". Unknown fields are ignored and unknown words
//! carried; what may be null or missing is optional, because that document and the cloud differ in places.

mod moment;
mod operation;
mod readable;
mod surroundings;
#[cfg(test)]
mod tests;
mod words;

use serde::{Deserialize, Serialize};
use serde_with::{DefaultOnError, DefaultOnNull, serde_as};

pub use self::operation::{Feedback, Operation, Operations, PartialOperation};
pub use self::readable::Readable;
pub use self::surroundings::{
    Channels, CrateVersion, Organization, OrganizationRole, Price, Pricing, Product, ProductSpecs, Project, Quota,
    Region, RemainingBudget, ScaleOption, Snapshot, Subscription, User, Versions,
};
pub use self::words::{HealthStatus, OperationKind, OperationStatus};
use crate::api::identity::{ClusterId, CreatedAt};

/// Where every database serves SQL over HTTP.
const SQL_PORT: u16 = 4200;

/// One cluster, as `list`, `get` and every write answer it. A write answers the values from before it.
///
/// Only what makes up the identity is required: a field that the cloud stops sending must not hide a database.
#[serde_as]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    pub id: ClusterId,
    pub name: String,
    pub dc: DublinCore,
    #[serde(default)]
    pub project_id: Option<String>,
    #[serde(default)]
    pub subscription_id: Option<String>,
    #[serde(default)]
    pub crate_version: Option<String>,
    #[serde(default)]
    pub channel: Option<String>,
    #[serde(default)]
    pub product_name: Option<String>,
    #[serde(default)]
    pub product_tier: Option<String>,
    /// The number of nodes less one.
    #[serde(default)]
    pub product_unit: Option<i64>,
    #[serde(default)]
    pub num_nodes: Option<i64>,
    #[serde(default)]
    pub username: Option<String>,
    /// The database's host name, with a trailing dot.
    #[serde(default)]
    pub fqdn: Option<String>,
    /// The base URL of the database's SQL endpoint.
    #[serde(default)]
    pub url: Option<String>,
    #[serde(default)]
    pub hardware_specs: Option<HardwareSpecs>,
    /// Empty: open to all. The cloud calls it a whitelist.
    #[serde(default)]
    pub ip_whitelist: Option<Vec<AllowedCidr>>,
    #[serde(default)]
    pub backup_schedule: Option<String>,
    #[serde(default)]
    pub deletion_protected: Option<bool>,
    #[serde(default)]
    pub suspended: Option<bool>,
    /// Whether this cluster's product can be suspended.
    #[serde(default)]
    pub allow_suspend: Option<bool>,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnNull")]
    pub health: Health,
    /// A summary, of which nothing is required; `operations` says more.
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError")]
    pub last_async_operation: Option<PartialOperation>,
}

impl Cluster {
    /// Where the SQL endpoint is reached, as `HOST:PORT`; none before the cloud has given it a name.
    #[must_use]
    pub fn address(&self) -> Option<String> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let of_url = |url: String| {
            let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
            rest.trim_end_matches('/').to_owned()
        };
        let of_name = |name: String| format!("{}:{SQL_PORT}", name.trim_end_matches('.'));
        given(&self.url).map(of_url).or_else(|| given(&self.fqdn).map(of_name))
    }
}

/// When something was created and last changed.
#[serde_as]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DublinCore {
    #[serde_as(as = "moment::Created")]
    pub created: CreatedAt,
    #[serde(default)]
    #[serde_as(as = "moment::WithOffset")]
    pub modified: Option<jiff::Timestamp>,
}

/// What the cloud's monitoring sees of a cluster.
#[serde_as]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnNull")]
    pub status: HealthStatus,
    /// Without an offset, and empty while the cluster is being created.
    #[serde(default)]
    #[serde_as(as = "moment::WithoutOffset")]
    pub last_seen: Option<jiff::Timestamp>,
    /// Empty while nothing runs.
    #[serde(default)]
    #[serde_as(as = "words::OrEmpty")]
    pub running_operation: Option<OperationKind>,
}

/// What one node of a cluster consists of. What is none is chosen by the product.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HardwareSpecs {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_size_per_node_bytes: Option<i64>,
    /// `standard` or `premium`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disks_per_node: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_per_node_bytes: Option<i64>,
}

/// One network that may reach the database.
#[serde_as]
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AllowedCidr {
    pub cidr: String,
    /// Left out where it is empty: the cloud wants one character at least.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[serde_as(deserialize_as = "DefaultOnNull")]
    pub description: String,
}

/// The body of a create.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterProvision<Password> {
    pub cluster: NewCluster<Password>,
    pub subscription_id: String,
    pub project_id: String,
}

/// The cluster of a create. Its password is a type of its own, so that a request without it can be kept and compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewCluster<Password> {
    pub name: String,
    pub crate_version: String,
    pub channel: String,
    pub product_name: String,
    pub product_tier: String,
    pub product_unit: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hardware_specs: Option<HardwareSpecs>,
    pub username: String,
    pub password: Password,
}

/// The body of every documented error. Unlike in the vendor's document, `errors` is not only on a 400.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    pub message: String,
    #[serde(default)]
    pub success: bool,
    /// What is wrong with which field; the shape of the values is documented nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errors: Option<serde_json::Value>,
}
