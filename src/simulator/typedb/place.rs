//! Teams, spaces, and clusters in them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::api::identity::ClusterId;

/// One space of a team.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Space {
    pub team: String,
    pub space: String,
}

impl Space {
    #[must_use]
    pub fn new(team: impl Into<String>, space: impl Into<String>) -> Self {
        Self { team: team.into(), space: space.into() }
    }
}

impl fmt::Display for Space {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.team, self.space)
    }
}

/// Where a cluster is and what it is called there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterName {
    pub space: Space,
    pub id: ClusterId,
}

impl ClusterName {
    #[must_use]
    pub fn new(team: impl Into<String>, space: impl Into<String>, id: impl Into<String>) -> Self {
        Self { space: Space::new(team, space), id: ClusterId::new(id) }
    }
}

impl fmt::Display for ClusterName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.space, self.id)
    }
}
