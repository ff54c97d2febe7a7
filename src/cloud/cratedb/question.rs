//! What CrateDB Cloud can be asked about one cluster, besides what every list shows.

use super::wire::Channels;
use crate::api::identity::ClusterId;

/// One question.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Question {
    /// What the cluster, which has this version, can be upgraded to.
    Upgrades { cluster: ClusterId, from: String },
}

/// Its answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    Upgrades(Channels),
}
