//! What can be chosen about TypeDB Cloud.

use serde::{Deserialize, Serialize};

use super::unknowns::Unknowns;

/// How the simulated TypeDB Cloud behaves.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Settings {
    /// How long an access token is valid, in seconds of the clock; the speed makes no difference.
    pub token_life_seconds: u32,
    /// Tokens are random text instead of JSON Web Tokens, so that their expiry cannot be read.
    pub opaque_tokens: bool,
    /// How many clusters a space may hold; none: as many as one likes.
    pub max_clusters_per_space: Option<usize>,
    /// Whether the team has a valid payment method.
    pub payment_method: bool,
    /// The database versions on offer, oldest first.
    pub versions: Vec<String>,
    /// This many of the next deploys and clones end in a failed cluster.
    pub fail_next_deploys: u32,
    /// The answers to what the vendor's documentation leaves open.
    pub unknowns: Unknowns,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            token_life_seconds: 3600,
            opaque_tokens: false,
            max_clusters_per_space: None,
            payment_method: true,
            versions: ["2.29.3", "3.1.0", "3.4.4", "3.5.1"].map(str::to_owned).to_vec(),
            fail_next_deploys: 0,
            unknowns: Unknowns::default(),
        }
    }
}
