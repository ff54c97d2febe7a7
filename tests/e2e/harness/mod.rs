//! What every test here stands on: a real control plane, and a world of its own for each test.

pub(crate) mod account;
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

use std::time::Duration;

pub(crate) use crate::support::{ControlPlane, Operator, Simulator, eventually};
pub(crate) use kinds::{CrateWorld, Tested, World};
pub(crate) use manifests::{condition, paid, stands, with};
pub(crate) use operator::Connected;
pub(crate) use prometheus::Prometheus;
pub(crate) use proxy::{Proxy, Side};
pub(crate) use tls::TlsFront;
pub(crate) use world::WorldOf;

/// Lets the operator live on for a while: for what must *not* happen, where there is no event to wait for.
pub(crate) async fn meanwhile(seconds: u64) {
    let mut turns = tokio::time::interval(Duration::from_secs(seconds));
    turns.tick().await;
    turns.tick().await;
}
