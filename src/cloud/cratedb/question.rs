//! What CrateDB Cloud can be asked about one cluster, besides what every list shows.

use super::wire::{Channels, Snapshot};
use crate::api::identity::ClusterId;

/// One question.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Question {
    /// What the cluster, which has this version, can be upgraded to.
    Upgrades { cluster: ClusterId, from: String },
    /// What backups of the cluster there are, as an account with these credentials sees them: what those may see differs.
    Snapshots { cluster: ClusterId, by: String },
    /// What a cluster of this sort costs.
    Price { product: String, tier: String, product_unit: i64, region: String, bytes_per_node: Option<i64> },
}

/// Its answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    Upgrades(Channels),
    /// Newest first; none where the cluster is not seen.
    Snapshots(Option<Vec<Snapshot>>),
    /// By the hour, in the currency of the price list.
    Price(f64),
}
