//! What happens in CrateDB Cloud, and what must come of it.

mod changes;
mod crashes;
mod lives;
mod lost;
mod power;
mod restore;
pub(super) mod rights;
mod rivals;
mod waiting;

use clusterwright::simulator::Settings;
use clusterwright::simulator::cratedb::ClusterView;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::world::manifests::HERE;
use crate::world::{Vendor, World, condition, is_ready, reason_of};

/// A world with an account in CrateDB Cloud, and no operator yet.
fn asleep(settings: Settings) -> World {
    World::of(Vendor::CrateDb, settings)
}

/// The same with an operator at work.
fn awake() -> World {
    let mut world = asleep(Settings::default());
    world.start();
    world
}

/// The same where operations end soon.
fn hurried() -> World {
    let mut world = asleep(Settings { speed: 10.0.try_into().unwrap(), ..Settings::default() });
    world.start();
    world
}

/// The same from this moment on.
fn hurried_at(beginning: Timestamp) -> World {
    let settings = Settings { speed: 10.0.try_into().unwrap(), ..Settings::default() };
    let mut world = World::at(beginning, Vendor::CrateDb, settings);
    world.start();
    world
}

/// The cluster of this name.
fn view(world: &World, name: &str) -> Option<ClusterView> {
    world.cloud.cratedb().clusters().into_iter().find(|view| view.cluster.name == name)
}

/// How many requests had this effect.
fn effects(world: &World, action: &str) -> usize {
    world.asked(|row| row.effect.as_ref().is_some_and(|effect| effect.action == action)).len()
}

/// A password of a user's own that the cloud takes.
fn mine(number: u32) -> String {
    format!("a-password-of-my-own-number-{number}")
}

/// Edits the manifest, and waits until that is carried out.
async fn becomes(world: &World, spec: Value) -> Value {
    world.edit(HERE, "orders", &json!({"spec": spec}));
    let manifest = world.ready("orders").await;
    world.pass(120).await;
    assert!(is_ready(&world.manifest(HERE, "orders").unwrap()), "{spec} does not stay");
    world.audit().await;
    manifest
}

/// What a manifest says about itself.
fn message(manifest: &Value) -> String {
    condition(manifest, "Ready")["message"].as_str().unwrap_or_default().to_owned()
}

/// The reasons of Ready that a manifest has gone through, each once in a row.
fn reasons(world: &World, name: &str) -> Vec<String> {
    let states = world.user().history("CrateDBCluster", HERE, name);
    let mut reasons: Vec<String> = states.iter().flatten().map(|state| reason_of(state).to_owned()).collect();
    reasons.dedup();
    reasons.retain(|reason| !reason.is_empty());
    reasons
}
