//! Fields that every kind of cluster has.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::{DATA_KEY, OBJECT_NAME};

/// Names the CloudAccount through which a cluster is managed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountRef {
    /// Name of a CloudAccount in the same namespace.
    #[schemars(length(min = 1, max = 253), regex(pattern = OBJECT_NAME))]
    pub name: String,
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
}

/// A create whose outcome is not settled yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Creation {
    /// The id that the cluster gets.
    #[schemars(length(max = 253))]
    pub cluster_id: String,
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
