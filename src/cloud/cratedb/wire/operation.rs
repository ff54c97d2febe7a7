//! Asynchronous operations: what a write that has been answered is still doing.

use serde::{Deserialize, Serialize};
use serde_with::{DefaultOnNull, VecSkipError, serde_as};

use super::{DublinCore, OperationKind, OperationStatus};

/// One operation, running or ended.
#[serde_as]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: OperationKind,
    pub status: OperationStatus,
    pub dc: DublinCore,
    /// Never null when sent: the vendor's command line fails on that.
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnNull")]
    pub feedback_data: Feedback,
    /// The present and the wanted values, by operation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub non_sensitive_data: Option<serde_json::Value>,
}

/// What an operation says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feedback {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// The answer of `operations`. Its list is required: an answer of another form must not say that nothing runs. One
/// operation that cannot be read hides no other.
#[serde_as]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operations {
    #[serde_as(deserialize_as = "DefaultOnNull<VecSkipError<_>>")]
    pub operations: Vec<Operation>,
}

/// The last operation, as a cluster shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartialOperation {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: OperationKind,
    pub status: OperationStatus,
}
