//! Whole lives without trouble.

use serde_json::json;

use crate::world::World;
use crate::world::manifests::{HERE, cluster, with};

#[tokio::test(start_paused = true)]
async fn from_apply_to_destroy() {
    let world = World::awake();
    world.apply(&with(cluster(HERE, "orders"), &json!({"deletionPolicy": "Delete"})));
    let manifest = world.ready("orders").await;
    assert_eq!(manifest["status"]["externalId"], "orders");
    let password = world.published("orders").unwrap();
    assert!(world.opens("orders", &password).await);
    world.audit().await;
    assert_eq!(world.deploys().len(), 1);
    world.delete(HERE, "orders");
    world.gone("orders").await;
    assert_eq!(world.clusters().len(), 0);
    world.audit().await;
}

/// How many writes to the API server a life may take until Ready, Events aside.
const WRITES_OF_A_LIFE: usize = 14;

#[tokio::test(start_paused = true)]
async fn every_write_to_the_api_server_changes_something() {
    let world = World::awake();
    world.apply(&cluster(HERE, "orders"));
    world.ready("orders").await;
    assert!(world.api.writes() <= WRITES_OF_A_LIFE, "{} writes", world.api.writes());
    world.pass(60).await;
    let log = world.api.log();
    let idle: Vec<_> = log.iter().filter(|entry| entry.is_write() && !entry.changed).collect();
    assert!(idle.is_empty(), "{idle:#?}");
}

#[tokio::test(start_paused = true)]
async fn an_hour_at_rest_writes_nothing_and_lists_once_a_minute() {
    let world = World::awake();
    for name in ["one", "two", "three"] {
        world.apply(&cluster(HERE, name));
    }
    for name in ["one", "two", "three"] {
        world.ready(name).await;
    }
    world.pass(120).await;
    world.api.clear_log();
    world.cloud.clear_requests();
    world.pass(3600).await;
    let writes: Vec<_> = world.api.log().into_iter().filter(|entry| entry.verb.writes()).collect();
    assert!(writes.is_empty(), "{writes:#?}");
    let lists = world.asked(|row| row.method == "GET" && row.path.ends_with("/clusters")).len();
    assert!((54..=67).contains(&lists), "{lists} lists");
    let others = world.asked(|row| row.method != "GET" && !row.path.ends_with("/auth"));
    assert!(others.is_empty(), "{others:#?}");
    let all = world.asked(|_| true).len();
    assert!(all <= lists + 2, "{all} requests, of which {lists} lists");
}
