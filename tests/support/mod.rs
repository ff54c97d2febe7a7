//! What the tests with a real API server stand on: it, the simulator, and the program, each as a process of its own.

pub(crate) mod chart;
pub(crate) mod control_plane;
mod operator;
mod simulator;

use std::time::{Duration, Instant};

use tokio::time::MissedTickBehavior;

pub(crate) use control_plane::ControlPlane;
pub(crate) use operator::Operator;
pub(crate) use simulator::Simulator;

/// What does not happen within this time is taken not to happen at all.
const DEADLINE: Duration = Duration::from_secs(75);

/// Waits until `check` has an answer. What it said last becomes part of the failure.
pub(crate) async fn eventually<T>(what: &str, mut check: impl AsyncFnMut() -> Result<T, String>) -> T {
    let began = Instant::now();
    let mut turns = tokio::time::interval(Duration::from_millis(200));
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        turns.tick().await;
        match check().await {
            Ok(answer) => return answer,
            Err(why) => assert!(began.elapsed() < DEADLINE, "not within {DEADLINE:?}: {what}; {why}"),
        }
    }
}

/// Installs the one provider of cryptography, as the program's main does.
pub(crate) fn install_crypto() {
    // A second installation is refused, and means that it is there.
    rustls::crypto::ring::default_provider().install_default().ok();
}
