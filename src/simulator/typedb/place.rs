//! Teams, spaces, and clusters in them.

use std::{fmt, io};

use serde::{Deserialize, Serialize};

use crate::api::identity::ClusterId;
use crate::simulator::Environment;
use crate::simulator::addresses::random_text;

/// The domain of clusters that are served in process.
pub(in crate::simulator) const DOMAIN: &str = ".cluster.typedb.com";
/// The port of their servers.
pub(in crate::simulator) const PORT: u16 = 80;

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

/// Addresses for `count` new servers of one cluster.
pub(super) fn allocate(environment: &mut Environment, count: usize) -> io::Result<Vec<String>> {
    let stem = random_text(&mut environment.random, 6);
    environment.addresses.allocate((0..count).map(|index| format!("{stem}-{index}{DOMAIN}:{PORT}")).collect())
}
