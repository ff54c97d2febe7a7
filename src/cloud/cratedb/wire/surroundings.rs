//! What is around clusters: users, organizations, projects, subscriptions, products, regions, versions and quotas.

use serde::{Deserialize, Serialize};
use serde_with::{DefaultOnNull, serde_as};

use super::readable::Readable;

/// The user that an API key acts as.
#[serde_as]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    #[serde(default)]
    pub uid: Option<String>,
    #[serde(default)]
    pub email: Option<String>,
    #[serde(default)]
    pub is_superuser: Option<bool>,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnNull")]
    pub organization_roles: Vec<OrganizationRole>,
}

/// What a user may do in an organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationRole {
    #[serde(default)]
    pub organization_id: Option<String>,
    /// `org_admin` or `org_member`.
    pub role_fqn: String,
}

/// Who pays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organization {
    pub id: String,
    pub name: String,
    /// What the asking user may do in it.
    #[serde(default)]
    pub role_fqn: Option<String>,
}

/// A folder of clusters in one region. Id and name are required: one that is left out would be created once more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    pub id: String,
    pub name: String,
    #[serde(default)]
    pub organization_id: Option<String>,
    #[serde(default)]
    pub region: Option<String>,
}

/// By which contract a cluster is paid. A list with one in another form is not read at all: what is left out would make
/// another the only active one, and clusters be paid by that for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    pub id: String,
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub active: Option<bool>,
    #[serde(default)]
    pub state: Option<String>,
    /// A marketplace, or the vendor's own means of payment.
    #[serde(default)]
    pub provider: Option<String>,
    #[serde(default)]
    pub organization_id: Option<String>,
}

/// A kind of node that can be had.
#[serde_as]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    pub name: String,
    pub tier: String,
    #[serde(default)]
    pub label: Option<String>,
    #[serde(default)]
    pub region: Option<String>,
    #[serde(default)]
    pub deprecated: Option<bool>,
    #[serde(default)]
    pub scale_summary: Option<String>,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnNull")]
    pub scaling: Vec<ScaleOption>,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnNull")]
    pub specs: ProductSpecs,
}

/// One number of nodes that a product can be had in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScaleOption {
    /// The `product_unit`.
    pub value: i64,
    #[serde(default)]
    pub nodes: Option<i64>,
}

/// The size of one node of a product, in bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductSpecs {
    #[serde(default)]
    pub storage_minimum_bytes: Option<i64>,
    #[serde(default)]
    pub storage_maximum_bytes: Option<i64>,
}

/// Where clusters can run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Region {
    pub name: String,
    #[serde(default)]
    pub description: Option<String>,
    #[serde(default)]
    pub deprecated: Option<bool>,
    /// `UP`, `DOWN` or `UNKNOWN`.
    #[serde(default)]
    pub status: Option<String>,
}

/// The newest versions of each channel. They are required: an answer of another form must not say that there are none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Versions {
    pub crate_versions: Channels,
}

/// What each channel offers: the vendor's document has one version, the cloud has been seen to send a list.
#[serde_as]
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Channels {
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnNull")]
    pub stable: Readable<CrateVersion>,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnNull")]
    pub testing: Readable<CrateVersion>,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnNull")]
    pub nightly: Readable<CrateVersion>,
}

/// One version of the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrateVersion {
    pub version: String,
}

/// One limit of an organization.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quota {
    pub code: String,
    #[serde(default)]
    pub current_value: Option<f64>,
    #[serde(default)]
    pub quota: Option<f64>,
}

/// What an organization may still spend.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RemainingBudget {
    #[serde(default)]
    pub remaining_budget_per_month: Option<f64>,
}

/// A backup of a cluster.
#[serde_as]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    pub repository: String,
    pub snapshot: String,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnNull")]
    pub tables: Vec<String>,
}

/// What a cluster costs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pricing {
    /// Nodes and their storage together.
    pub total_price: Price,
}

/// A price, in a currency that is not told.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Price {
    pub price_per_hour: f64,
}
