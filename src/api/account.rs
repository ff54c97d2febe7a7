//! CloudAccount: where clusters live, and as whom the operator speaks to that cloud.

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::condition::Condition;
use super::cratedb::UUID;
use super::identity::{Endpoint, Location};
use super::{DATA_KEY, OBJECT_NAME};

/// Scheme, host and perhaps a port.
const BASE_URL: &str = r"^https?://[A-Za-z0-9.:\[\]-]+/?$";

/// Where clusters live and as whom the operator speaks to the cloud there.
#[skip_serializing_none]
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "clusterwright.dev",
    version = "v1alpha1",
    kind = "CloudAccount",
    namespaced,
    status = "CloudAccountStatus",
    shortname = "cloudacct",
    category = "clusterwright",
    doc = "Where clusters live and as whom the operator speaks to the cloud there.",
    derive = "PartialEq"
)]
#[serde(rename_all = "camelCase")]
pub struct CloudAccountSpec {
    /// A space of a team in TypeDB Cloud; this or cratedbCloud. Immutable: another location is another account.
    pub typedb_cloud: Option<TypeDbCloud>,
    /// An organization in CrateDB Cloud; this or typedbCloud. Immutable: another location is another account.
    pub cratedb_cloud: Option<CrateDbCloud>,
    /// The credentials to use; exactly one for now.
    #[schemars(length(min = 1, max = 1))]
    pub credentials: Vec<CredentialSource>,
    /// How many databases may be destroyed here in how much time; what is beyond that waits.
    #[serde(default)]
    pub destroy_limit: DestroyLimit,
    /// Certificates to trust besides the platform's own, for an endpoint behind a private authority.
    pub ca_bundle: Option<CaBundle>,
    /// Seconds between two looks at the cloud's list of clusters while nothing is in transition.
    #[serde(default = "default_poll_interval")]
    #[schemars(range(min = 10, max = 3600))]
    pub poll_interval_seconds: i64,
    /// Requests a minute to this location; among several accounts of one location the smallest counts.
    #[serde(default = "default_request_rate")]
    #[schemars(range(min = 6, max = 6000))]
    pub requests_per_minute: i64,
}

/// How many databases of a location may be destroyed within a while. Each account's limit holds for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct DestroyLimit {
    /// So many databases.
    #[schemars(range(min = 1, max = 10_000))]
    pub count: i64,
    /// Within so many minutes.
    #[schemars(range(min = 1, max = 1440))]
    pub per_minutes: i64,
}

impl Default for DestroyLimit {
    fn default() -> Self {
        Self { count: 10, per_minutes: 60 }
    }
}

fn default_poll_interval() -> i64 {
    60
}

fn default_request_rate() -> i64 {
    120
}

fn default_typedb_endpoint() -> String {
    "https://cloud.typedb.com".to_owned()
}

/// A space of a team in TypeDB Cloud.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TypeDbCloud {
    /// The team's id, as it stands in the console's address.
    #[schemars(length(min = 1, max = 128), regex(pattern = r"^[A-Za-z0-9._~-]+$"))]
    pub team: String,
    /// The space's id, as it stands in the console's address.
    #[schemars(length(min = 1, max = 128), regex(pattern = r"^[A-Za-z0-9._~-]+$"))]
    pub space: String,
    /// Base URL of the cloud's API. Others than the vendor's own must be allowed by the operator's flags.
    #[serde(default = "default_typedb_endpoint")]
    #[schemars(length(min = 1, max = 253), regex(pattern = BASE_URL))]
    pub endpoint: String,
}

fn default_cratedb_endpoint() -> String {
    "https://console.cratedb.cloud".to_owned()
}

/// An organization in CrateDB Cloud.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CrateDbCloud {
    /// The organization's id, as the console shows it in the organization's settings.
    #[schemars(length(min = 36, max = 36), regex(pattern = UUID))]
    pub organization_id: String,
    /// Base URL of the cloud's API. Others than the vendor's own must be allowed by the operator's flags.
    #[serde(default = "default_cratedb_endpoint")]
    #[schemars(length(min = 1, max = 253), regex(pattern = BASE_URL))]
    pub endpoint: String,
}

/// A Secret with the id and secret of an API token, or with those of an API key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CredentialSource {
    /// The Secret and the keys to read in it.
    pub secret_ref: CredentialSecretRef,
}

/// The Secret of a credential, in the account's namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CredentialSecretRef {
    /// Name of the Secret.
    #[schemars(length(min = 1, max = 253), regex(pattern = OBJECT_NAME))]
    pub name: String,
    /// Key under which the token's id, or the API key, stands.
    #[serde(default = "default_id_key")]
    #[schemars(length(min = 1, max = 253), regex(pattern = DATA_KEY))]
    pub id_key: String,
    /// Key under which its secret stands.
    #[serde(default = "default_secret_key")]
    #[schemars(length(min = 1, max = 253), regex(pattern = DATA_KEY))]
    pub secret_key: String,
}

fn default_id_key() -> String {
    "id".to_owned()
}

fn default_secret_key() -> String {
    "secret".to_owned()
}

/// PEM certificates in a ConfigMap or a Secret of the account's namespace; exactly one of the two.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CaBundle {
    /// A key in a ConfigMap.
    pub config_map_ref: Option<BundleRef>,
    /// A key in a Secret.
    pub secret_ref: Option<BundleRef>,
}

/// One key of a ConfigMap or Secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BundleRef {
    /// Name of the ConfigMap or Secret.
    #[schemars(length(min = 1, max = 253), regex(pattern = OBJECT_NAME))]
    pub name: String,
    /// Key under which the certificates stand.
    #[serde(default = "default_bundle_key")]
    #[schemars(length(min = 1, max = 253), regex(pattern = DATA_KEY))]
    pub key: String,
}

fn default_bundle_key() -> String {
    "ca.crt".to_owned()
}

/// What the operator last saw of an account.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct CloudAccountStatus {
    /// The generation of the manifest that this status speaks of; -1 until the operator has looked.
    #[schemars(range(min = -1, max = 9_007_199_254_740_991_i64))]
    pub observed_generation: Option<i64>,
    /// Ready, and while they hold Reconciling or Stalled.
    #[schemars(length(max = 8))]
    pub conditions: Vec<Condition>,
    /// Where the clusters of this account live.
    #[schemars(length(max = 512))]
    pub location: Option<String>,
    /// Name of the Secret whose credentials are in use.
    #[schemars(length(max = 253))]
    pub active_credential: Option<String>,
    /// Namespace of the operator that looks after this account.
    #[schemars(length(max = 63))]
    pub operator_namespace: Option<String>,
    /// How many clusters there are, by how they stand to the manifests of this Kubernetes cluster.
    pub clusters: Option<ClusterCounts>,
}

/// Clusters of a location.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterCounts {
    /// Clusters that a manifest manages.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub managed: i64,
    /// Clusters that nothing here manages.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub unmanaged: i64,
}

impl CloudAccountSpec {
    /// The location that this account names. `Err` is a sentence: it names no cloud, which the schema refuses.
    pub fn location(&self) -> Result<Location, &'static str> {
        let typedb = |TypeDbCloud { team, space, endpoint }: &TypeDbCloud| Location::TypedbCloud {
            endpoint: Endpoint::new(endpoint),
            team: team.clone(),
            space: space.clone(),
        };
        let cratedb = |CrateDbCloud { organization_id, endpoint }: &CrateDbCloud| Location::CratedbCloud {
            endpoint: Endpoint::new(endpoint),
            organization: organization_id.clone(),
        };
        let there = self.typedb_cloud.as_ref().map(typedb).or_else(|| self.cratedb_cloud.as_ref().map(cratedb));
        there.ok_or("spec names no cloud. Give typedbCloud or cratedbCloud.")
    }
}
