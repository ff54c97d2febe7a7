//! Whole lives without trouble.

use serde_json::json;

use super::{awake, effects, view};
use crate::world::cratedb::cluster;
use crate::world::manifests::{HERE, with};

#[tokio::test(start_paused = true)]
async fn from_apply_to_destroy() {
    let world = awake();
    world.apply(&with(cluster(HERE, "orders"), &json!({"deletionPolicy": "Delete"})));
    let manifest = world.ready("orders").await;
    let id = view(&world, "orders").unwrap().cluster.id;
    assert_eq!(manifest["status"]["externalId"], id.as_str());
    let password = world.published("orders").unwrap();
    assert!(world.opens(id.as_str(), &password).await);
    world.audit().await;
    assert_eq!(effects(&world, "created"), 1);
    assert_eq!(effects(&world, "projectCreated"), 1);
    world.delete(HERE, "orders");
    world.gone("orders").await;
    assert!(view(&world, "orders").is_none());
    world.audit().await;
}
