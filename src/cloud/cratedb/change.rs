//! Everything that CrateDB Cloud can be asked to change about a cluster, or to create for one, as plain data.

use serde::{Deserialize, Serialize};

use super::wire::{AllowedCidr, ClusterProvision};
use crate::api::identity::ClusterId;

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
    Backups {
        /// Of the day in UTC, ascending.
        hours: Vec<u8>,
    },
    Restore(Restoration),
    Suspended(bool),
}

/// What is restored into a cluster, for good: a table that is there already cannot be restored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Restoration {
    /// The cluster of which the snapshot was made.
    pub source: ClusterId,
    pub repository: String,
    pub snapshot: String,
    /// All, where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<String>,
}

/// A new cluster, and what is restored into it once it is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewDatabase {
    #[serde(flatten)]
    pub provision: ClusterProvision<()>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore: Option<Restoration>,
}
