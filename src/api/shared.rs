//! Fields that every kind of cluster has.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::condition::Condition;
use super::identity::ClusterId;
use super::{DATA_KEY, OBJECT_NAME};

/// What every kind of cluster asks for. What is omitted is chosen at creation and afterwards neither compared nor written.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommonSpec {
    /// The CloudAccount through which the cluster is managed.
    pub account_ref: AccountRef,
    /// Id of an existing cluster to bind to instead of creating one.
    #[schemars(length(min = 1, max = 253), regex(pattern = r"^[A-Za-z0-9._~-]+$"))]
    pub external_id: Option<ClusterId>,
    /// Whether the operator may write to the cloud, or only reports.
    #[serde(default)]
    pub management: Management,
    /// What becomes of the database when this manifest is deleted.
    #[serde(default)]
    pub deletion_policy: DeletionPolicy,
    /// While true, the database is not destroyed under deletionPolicy Delete, and the cloud's own protection is set where it has one. False lifts that again; when omitted it is left alone.
    pub deletion_protection: Option<bool>,
    /// What happens when the database was there and is gone.
    #[serde(default)]
    pub on_vanished: OnVanished,
    /// Whether the database serves (Running), or its data are only kept (Suspended), or the one or the other by powerSchedule (Scheduled); left alone when omitted.
    pub power: Option<PowerPolicy>,
    /// When the database serves, under power Scheduled.
    pub power_schedule: Option<PowerSchedule>,
    /// Where the connection details go.
    #[serde(default)]
    pub connection_secret: ConnectionSecret,
}

impl CommonSpec {
    /// What a manifest asks for that says no more than through which account.
    #[must_use]
    pub const fn through(account_ref: AccountRef) -> Self {
        Self {
            account_ref,
            external_id: None,
            management: Management::Managed,
            deletion_policy: DeletionPolicy::Retain,
            deletion_protection: None,
            on_vanished: OnVanished::Hold,
            power: None,
            power_schedule: None,
            connection_secret: ConnectionSecret { name: None, template: None },
        }
    }
}

/// What the operator reports of every kind of cluster.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct CommonStatus {
    /// The generation of the manifest that this status speaks of; -1 until the operator has looked.
    #[schemars(range(min = -1, max = 9_007_199_254_740_991_i64))]
    pub observed_generation: Option<i64>,
    /// Ready, Available, InSync, and while they hold Reconciling or Stalled.
    #[schemars(length(max = 8))]
    pub conditions: Vec<Condition>,
    /// Id of the cluster in the cloud.
    #[schemars(length(max = 253))]
    pub external_id: Option<ClusterId>,
    /// When the cluster was created, as the cloud says (RFC 3339).
    #[schemars(length(max = 64))]
    pub created_at: Option<String>,
    /// Set while the outcome of a create is open.
    pub creation: Option<Creation>,
    /// Where the cluster lives.
    #[schemars(length(max = 512))]
    pub location: Option<String>,
    /// The cloud's own word for what the cluster is doing.
    #[schemars(length(max = 128))]
    pub cloud_status: Option<String>,
    /// Addresses at which the database is spoken to, host:port.
    #[schemars(length(max = 16), inner(length(max = 253)))]
    pub endpoints: Vec<String>,
    /// The version that runs.
    #[schemars(length(max = 64))]
    pub version: Option<String>,
    /// Whether the database serves (Running), or its data are only kept (Suspended).
    pub power: Option<Power>,
    /// What the cluster costs in an hour while it runs, by the cloud's list of prices and in its currency; none where that is not known.
    #[schemars(length(max = 32))]
    pub hourly_cost: Option<String>,
    /// The pending steps, in the order in which they would be carried out.
    #[schemars(length(max = 16))]
    pub plan: Vec<PlannedStep>,
    /// Namespace of the operator that looks after this manifest.
    #[schemars(length(max = 63))]
    pub operator_namespace: Option<String>,
    /// The connection Secret, for Service Binding.
    pub binding: Option<Binding>,
}

/// Names the CloudAccount through which a cluster is managed.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountRef {
    /// Name of the CloudAccount.
    #[schemars(length(min = 1, max = 253), regex(pattern = OBJECT_NAME))]
    pub name: String,
    /// Its namespace, which the account's allowedNamespaces must grant; when omitted the manifest's own.
    #[schemars(length(min = 1, max = 63), regex(pattern = OBJECT_NAME))]
    pub namespace: Option<String>,
}

/// Whether the operator may write to the cloud.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Management {
    /// The operator makes the cloud match the manifest.
    #[default]
    Managed,
    /// The operator reports what there is and what it would do. It writes nothing and claims nothing.
    Observed,
}

/// What becomes of the database when its manifest is deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DeletionPolicy {
    /// The database stays, and so do the operator's record of it and its password.
    #[default]
    Retain,
    /// The database is destroyed with everything in it.
    Delete,
}

/// What happens when a database was there and is gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum OnVanished {
    /// It is reported, and waits for a person.
    #[default]
    Hold,
    /// A new and empty one is created in its place; one in each location and hour.
    Recreate,
}

/// Whether the database serves (Running), or its data are only kept (Suspended).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Power {
    /// The database serves.
    Running,
    /// The database does not serve, and its data are kept.
    Suspended,
}

impl fmt::Display for Power {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, formatter)
    }
}

/// What a manifest asks for of its database: to serve, to be only kept, or the one or the other by the hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum PowerPolicy {
    /// The database serves.
    Running,
    /// The database does not serve, and its data are kept.
    Suspended,
    /// As powerSchedule says.
    Scheduled,
}

impl From<Power> for PowerPolicy {
    fn from(power: Power) -> Self {
        match power {
            Power::Running => Self::Running,
            Power::Suspended => Self::Suspended,
        }
    }
}

/// When a database serves. The rule that fired last decides; where two fire at once, the database serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PowerSchedule {
    /// Name of the time zone in which the rules speak, as the IANA database has it, such as Europe/Berlin, or UTC.
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[A-Za-z][A-Za-z0-9_+/-]*$"))]
    pub time_zone: String,
    /// What the database is asked for, and when.
    #[schemars(length(min = 1, max = 16))]
    pub rules: Vec<PowerRule>,
}

/// From when on the database serves, or does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PowerRule {
    /// When, as in a crontab: minute, hour, day of month, month, day of week, such as `0 20 * * MON-FRI`. What the clocks skip fires when they jump, what they show twice fires once.
    #[schemars(length(min = 9, max = 128), regex(pattern = r"^[0-9A-Za-z*,/#?-]+( +[0-9A-Za-z*,/#?-]+){4}$"))]
    pub at: String,
    /// Running or Suspended from then on.
    pub power: Power,
}

/// One value in a Secret of the same namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasswordRef {
    /// Name of the Secret.
    #[schemars(length(min = 1, max = 253), regex(pattern = OBJECT_NAME))]
    pub name: String,
    /// Key in the Secret under which the password stands.
    #[serde(default = "password_key")]
    #[schemars(length(min = 1, max = 253), regex(pattern = DATA_KEY))]
    pub key: String,
}

fn password_key() -> String {
    "password".to_owned()
}

/// Where the connection details go.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ConnectionSecret {
    /// Name of the Secret that the operator writes; the kind's own suffix behind the manifest's name when omitted.
    #[schemars(length(min = 1, max = 253), regex(pattern = OBJECT_NAME))]
    pub name: Option<String>,
    /// The Secret's keys and their values, in which ${host}, ${port}, ${uri}, ${username}, ${password} and the other keys of the Service Binding convention stand for what is known of the cluster; $${ stands for ${. Those keys themselves when omitted.
    // A length says nothing of a map, and without a bound the API server takes no rule about its entries.
    #[schemars(extend("minProperties" = 1, "maxProperties" = 32, "additionalProperties" = {"type": "string", "maxLength": 1024}))]
    pub template: Option<BTreeMap<String, String>>,
}

/// A create whose outcome is not settled yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Creation {
    /// What the cluster is looked for by: its id, or its name where the cloud chooses the id.
    #[schemars(length(max = 253))]
    pub target: String,
    /// When the create was announced, by the cloud's clock (RFC 3339).
    #[schemars(length(max = 64))]
    pub since: String,
}

/// Names the connection Secret, as the Service Binding convention asks of a provisioned service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Binding {
    /// Name of the connection Secret.
    #[schemars(length(max = 253))]
    pub name: String,
}

/// What a pending step would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum PlannedAction {
    /// The cluster is created.
    Create,
    /// An existing cluster is bound to the manifest.
    Adopt,
    /// A field of the running cluster is changed.
    Change,
    /// The database's password is changed.
    SetPassword,
    /// The cluster is destroyed with everything in it.
    Destroy,
}

/// One pending step.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlannedStep {
    /// What the step does.
    pub action: PlannedAction,
    /// The field of the manifest that asks for it.
    #[schemars(length(max = 64))]
    pub field: Option<String>,
    /// The value in force.
    #[schemars(length(max = 253))]
    pub from: Option<String>,
    /// The value asked for.
    #[schemars(length(max = 253))]
    pub to: Option<String>,
    /// What keeps the step from being carried out; nothing when absent.
    #[schemars(length(max = 1024))]
    pub blocked_by: Option<String>,
}

/// The status is cut to this many pending steps.
pub const MAX_PLANNED_STEPS: usize = 16;
