//! What can be chosen about the simulated world.

use std::str::FromStr;
use std::time::Duration;

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::{cratedb, typedb};
use crate::clock::Clock;

/// How the simulator behaves. All but clock and seed can be changed while it runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Settings {
    /// The time of day that everything happens by.
    #[serde(skip, default = "Clock::system")]
    pub clock: Clock,
    /// The same seed gives the same addresses and tokens.
    #[serde(skip)]
    pub seed: u64,
    /// How much faster than in reality clusters start, stop and change.
    pub speed: Speed,
    /// What is TypeDB Cloud's own.
    pub typedb: typedb::Settings,
    /// What is CrateDB Cloud's own.
    pub cratedb: cratedb::Settings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            clock: Clock::system(),
            seed: 0,
            speed: Speed::REAL,
            typedb: typedb::Settings::default(),
            cratedb: cratedb::Settings::default(),
        }
    }
}

impl Settings {
    /// How long something takes here that takes `realistic` in the real cloud.
    pub(super) fn scaled(&self, realistic: Duration) -> Duration {
        Duration::try_from_secs_f64(realistic.as_secs_f64() / self.speed.0).unwrap_or(Duration::MAX)
    }
}

/// A factor above zero.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Speed(f64);

impl Speed {
    /// As fast as the real cloud.
    pub const REAL: Self = Self(1.0);
}

impl TryFrom<f64> for Speed {
    type Error = String;

    fn try_from(factor: f64) -> Result<Self, String> {
        if factor.is_finite() && factor > 0.0 {
            Ok(Self(factor))
        } else {
            Err(format!("the speed must be a number above 0, not {factor}"))
        }
    }
}

impl From<Speed> for f64 {
    fn from(speed: Speed) -> Self {
        speed.0
    }
}

impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let factor: f64 = text.parse().map_err(|_| format!("the speed must be a number above 0, not '{text}'"))?;
        Self::try_from(factor)
    }
}

/// An HTTP status code, written as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Status(pub StatusCode);

impl TryFrom<u16> for Status {
    type Error = String;

    fn try_from(code: u16) -> Result<Self, String> {
        StatusCode::from_u16(code).map(Self).map_err(|_| format!("{code} is not an HTTP status code"))
    }
}

impl From<Status> for u16 {
    fn from(status: Status) -> Self {
        status.0.as_u16()
    }
}
