//! CrateDB Cloud: each of its verbs, and what differs from TypeDB Cloud.

mod changes;
mod existing;
mod kills;
mod lifecycle;
mod operations;
mod password;
mod refusals;
mod removal;
mod verbs;

use std::fs;

use clusterwright::api::cratedb::{CrateDBCluster, CrateDBClusterStatus};
use serde_json::{Value, json};

use crate::harness::{CrateWorld as World, stands};

/// What a small paid cluster needs.
pub(crate) fn paid() -> Value {
    json!({
        "accountRef": {"name": "cratedb"},
        "project": {"name": "shop", "region": "eks1.eu-west-1.aws"},
        "product": {"name": "cr1"},
        "nodes": 1,
    })
}

/// A manifest of a cluster that exists, and nothing more.
fn existing(id: &str) -> Value {
    json!({"accountRef": {"name": "cratedb"}, "externalId": id})
}

/// The specification in one of the project's samples, for the account of a test.
fn sample(file: &str) -> Value {
    let path = format!("{}/deploy/samples/cratedb/{file}", env!("CARGO_MANIFEST_DIR"));
    let manifest: Value = serde_saphyr::from_str(&fs::read_to_string(path).expect("a sample")).expect("a manifest");
    crate::harness::with(manifest["spec"].clone(), json!({"accountRef": {"name": "cratedb"}}))
}

fn status(manifest: &CrateDBCluster) -> CrateDBClusterStatus {
    manifest.status.clone().expect("a status")
}

/// Waits until a manifest stands for `reason` with a message that has all of `words`.
async fn until_says(world: &World, name: &str, reason: &str, words: &[&str]) {
    world
        .until(name, &format!("stands for {reason} with {words:?}"), |manifest| {
            let message = stands(manifest, reason)?;
            if words.iter().all(|part| message.contains(part)) { Ok(()) } else { Err(message) }
        })
        .await;
}
