//! What can be asked for of a cluster that is there.

use serde::{Deserialize, Serialize};

/// One change of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Change {
    Suspended(bool),
}
