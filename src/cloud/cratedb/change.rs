//! Everything that CrateDB Cloud can be asked to change about a cluster, or to create for one, as plain data.

use serde::{Deserialize, Serialize};

use super::wire::AllowedCidr;

/// One change. A password stands in the record beside it, and never in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Change {
    /// A project that a create needs.
    CreateProject {
        name: String,
        region: String,
    },
    DeletionProtection(bool),
    /// Replaces the whole list; an empty one opens the database to all.
    AllowList(Vec<AllowedCidr>),
    Password,
    Storage {
        bytes_per_node: i64,
    },
    Product {
        name: String,
    },
    Nodes {
        product_unit: i64,
    },
    Version {
        version: String,
    },
    Suspended(bool),
}
