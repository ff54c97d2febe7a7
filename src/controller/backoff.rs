//! How long to wait after a failure.

use std::time::Duration;

use rand::RngExt as _;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(5 * 60);

/// The wait after this many failures in a row: 1 s doubling to 5 min, of which the upper half is drawn by lot.
#[must_use]
pub(crate) fn after(failures: u32) -> Duration {
    let full = FIRST.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(LONGEST);
    full.mul_f64(rand::rng().random_range(0.5..=1.0))
}

/// `duration`, give or take a tenth, so that what started together does not stay together.
#[must_use]
pub(crate) fn spread(duration: Duration) -> Duration {
    duration.mul_f64(rand::rng().random_range(0.9..=1.1))
}
