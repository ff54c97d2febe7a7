//! CloudAccount: where clusters live, and as whom the operator speaks to that cloud.

use std::collections::BTreeMap;

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
    /// The credentials to use, in order of preference: the first that the cloud accepts is used, and what one may not do is tried with the next.
    #[schemars(length(min = 1, max = 4))]
    pub credentials: Vec<CredentialSource>,
    /// From which other namespaces clusters may refer to this account, and for what; when omitted from none.
    pub allowed_namespaces: Option<AllowedNamespaces>,
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

/// From which other namespaces clusters may refer to an account, and for what.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AllowedNamespaces {
    /// Which namespaces, besides the account's own.
    #[serde(default)]
    pub from: AllowedFrom,
    /// With from Selector: the labels of the namespaces.
    pub selector: Option<NamespaceSelector>,
    /// What clusters in those namespaces may use the account for. A cluster that is theirs may be changed in any case.
    #[serde(default = "default_permit")]
    #[schemars(length(max = 3))]
    pub permit: Vec<Permission>,
}

fn default_permit() -> Vec<Permission> {
    vec![Permission::Create, Permission::Delete]
}

/// Which namespaces, besides the account's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum AllowedFrom {
    /// None.
    #[default]
    Same,
    /// All.
    All,
    /// Those with the labels that the selector asks for.
    Selector,
}

/// What clusters in another namespace may use an account for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Permission {
    /// To create clusters.
    Create,
    /// To bind to, observe, clone or restore from whatever there is at the location.
    Adopt,
    /// To destroy their clusters, with deletionPolicy Delete.
    Delete,
}

/// Labels of namespaces. All that is given must hold, and what gives nothing holds for every namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct NamespaceSelector {
    /// Labels with exactly these values.
    #[schemars(extend("maxProperties" = 16))]
    pub match_labels: BTreeMap<String, LabelValue>,
    /// Labels with certain values, or without.
    #[schemars(length(max = 16))]
    pub match_expressions: Vec<LabelExpression>,
}

/// The value of a label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct LabelValue(#[schemars(length(max = 63))] pub String);

/// What is asked of one label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LabelExpression {
    /// The label.
    #[schemars(length(min = 1, max = 317))]
    pub key: String,
    /// What is asked of it.
    pub operator: LabelOperator,
    /// With `In` and `NotIn`: the values.
    #[serde(default)]
    #[schemars(length(max = 16))]
    pub values: Vec<LabelValue>,
}

/// What is asked of a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum LabelOperator {
    /// It has one of the values.
    In,
    /// It has none of the values, or is not there.
    NotIn,
    /// It is there.
    Exists,
    /// It is not there.
    DoesNotExist,
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
    /// How each of the credentials stands, in the order of spec.credentials.
    #[schemars(length(max = 4))]
    pub credentials: Vec<CredentialStatus>,
    /// Namespace of the operator that looks after this account.
    #[schemars(length(max = 63))]
    pub operator_namespace: Option<String>,
    /// How many clusters there are, by how they stand to the manifests of this Kubernetes cluster.
    pub clusters: Option<ClusterCounts>,
}

/// How one of an account's credentials stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CredentialStatus {
    /// Name of the Secret that holds it.
    #[schemars(length(max = 253))]
    pub secret_name: String,
    /// Whether it is in use, and else why not.
    pub state: CredentialState,
}

/// Whether a credential is in use, and else why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum CredentialState {
    /// The cloud is spoken to with it.
    InUse,
    /// The cloud accepts it. It is used for what the one in use may not do, or when that is withdrawn.
    Standby,
    /// The cloud was not asked with it yet.
    Untried,
    /// The cloud knows it, and it may not list the clusters. It is used for what it may do.
    Insufficient,
    /// The cloud does not accept it. It is tried again now and then, and at once when its Secret changes.
    Rejected,
    /// Its Secret, or a key in that, is missing or cannot be read.
    Missing,
}

impl CredentialState {
    /// As it stands in a status.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InUse => "InUse",
            Self::Standby => "Standby",
            Self::Untried => "Untried",
            Self::Insufficient => "Insufficient",
            Self::Rejected => "Rejected",
            Self::Missing => "Missing",
        }
    }
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
