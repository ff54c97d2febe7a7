//! What can be chosen about CrateDB Cloud.

use serde::{Deserialize, Serialize};

use super::unknowns::Unknowns;

/// How the simulated CrateDB Cloud behaves.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Settings {
    /// The database versions on offer.
    pub versions: Offered,
    /// What the clusters of an organization may cost per month together, in US dollars.
    pub monthly_budget: f64,
    /// How many clusters an organization may have; none: as many as one likes.
    pub max_clusters_per_organization: Option<usize>,
    /// Whether a cluster's allow-list is applied to its clients, which are on the loopback interface.
    pub enforce_allow_list: bool,
    /// The answers to what the vendor's documentation leaves open.
    pub unknowns: Unknowns,
}

/// The versions of each channel, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Offered {
    pub stable: Vec<String>,
    pub testing: Vec<String>,
    pub nightly: Vec<String>,
}

impl Offered {
    /// The versions of a channel; none where there is no such channel.
    #[must_use]
    pub fn channel(&self, name: &str) -> Option<&[String]> {
        match name {
            "stable" => Some(&self.stable),
            "testing" => Some(&self.testing),
            "nightly" => Some(&self.nightly),
            _ => None,
        }
    }
}

impl Default for Offered {
    fn default() -> Self {
        let list = |versions: &[&str]| versions.iter().map(|&version| version.to_owned()).collect();
        Self {
            stable: list(&["5.7.4", "5.7.5", "5.8.1", "5.8.3", "5.9.2", "5.9.4", "5.10.1"]),
            testing: list(&["5.10.1", "5.10.2"]),
            nightly: list(&["6.0.0-2026-11-21-00-02", "6.0.0-2026-11-22-00-02"]),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            versions: Offered::default(),
            monthly_budget: 100_000.0,
            max_clusters_per_organization: None,
            enforce_allow_list: false,
            unknowns: Unknowns::default(),
        }
    }
}
