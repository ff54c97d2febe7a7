//! What every test here stands on: a real control plane, and a world of its own for each test.

mod control_plane;
mod crate_cloud;
mod kinds;
mod leaks;
mod manifests;
mod operator;
#[path = "../../support/programs.rs"]
mod programs;
mod prometheus;
mod proxy;
mod simulator;
mod tls;
mod world;

use std::time::{Duration, Instant};

use tokio::time::MissedTickBehavior;

pub(crate) use control_plane::ControlPlane;
pub(crate) use kinds::{CrateWorld, Tested, World};
pub(crate) use manifests::{condition, paid, stands, with};
pub(crate) use operator::{Connected, Operator};
pub(crate) use prometheus::Prometheus;
pub(crate) use proxy::{Proxy, Side};
pub(crate) use simulator::Simulator;
pub(crate) use tls::TlsFront;
pub(crate) use world::WorldOf;

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

/// Lets the operator live on for a while: for what must *not* happen, where there is no event to wait for.
pub(crate) async fn meanwhile(seconds: u64) {
    let mut turns = tokio::time::interval(Duration::from_secs(seconds));
    turns.tick().await;
    turns.tick().await;
}

/// Installs the one provider of cryptography, as the program's main does.
pub(crate) fn install_crypto() {
    // A second installation is refused, and means that it is there.
    rustls::crypto::ring::default_provider().install_default().ok();
}
