//! What somebody else changes in the cloud, seen with kubectl: told, put right, left alone, believed or not.

use http::Method;
use serde_json::json;

use crate::cratedb;
use crate::harness::{CrateWorld, World, eventually, paid, with};

/// Somebody scales a cluster in the console; the number of its nodes now.
async fn scale(world: &CrateWorld, nodes: i64) {
    let id = world.cloud.named("analytics").await["id"].as_str().unwrap().to_owned();
    let fields = json!({"product_unit": nodes - 1, "num_nodes": nodes});
    world.cloud.console(Method::PATCH, &format!("/clusters/{id}"), fields).await;
}

#[tokio::test]
async fn a_change_made_elsewhere_is_described_and_put_right_and_left_alone_on_demand() {
    let world = CrateWorld::new("drift").await;
    world.apply("analytics", cratedb::paid()).await;
    world.until_ready("analytics").await;
    scale(&world, 3).await;
    eventually("it is put right", async || {
        let scaled = world.cloud.actions().await.iter().filter(|action| *action == "scaled").count();
        let nodes = world.cloud.named("analytics").await["num_nodes"].clone();
        if scaled == 1 && nodes == 1 { Ok(()) } else { Err(format!("{scaled} scalings, {nodes} nodes")) }
    })
    .await;
    world.until_ready("analytics").await;
    let described = world.kubectl(&["describe", "cdb/analytics"]).await;
    assert!(described.contains("nodes was changed elsewhere, from 1 to 3. This manifest says 1."), "{described}");

    world.edit("analytics", json!({"spec": {"ignoreDrift": ["nodes"]}})).await;
    world.until_ready("analytics").await;
    scale(&world, 2).await;
    world.edit("analytics", json!({"spec": {"storage": {"sizePerNodeGiB": 64}}})).await;
    world.until_ready("analytics").await;
    assert_eq!(world.cloud.named("analytics").await["num_nodes"], 2, "it is left alone");
    world.finish().await;
}

#[tokio::test]
async fn a_vanished_database_is_created_again_where_its_manifest_says_so() {
    let world = World::new("recreate").await;
    world.apply("orders", with(paid(), json!({"onVanished": "Recreate"}))).await;
    world.until_ready("orders").await;
    let former = world.way_in("orders").await;
    world.cloud.remove("orders").await;
    eventually("it is there again", async || {
        if world.cloud.ids().await == ["orders"] { Ok(()) } else { Err("it is gone".to_owned()) }
    })
    .await;
    world.until_ready("orders").await;
    assert_ne!(world.way_in("orders").await.1, former.1, "a new database has a password of its own");
    let described = world.kubectl(&["describe", "tdb/orders"]).await;
    assert!(described.contains("Recreating"), "{described}");
    world.finish().await;
}

#[tokio::test]
async fn what_is_missing_all_at_once_is_believed_on_a_persons_word() {
    let world = World::new("suspect").await;
    let names = ["one", "two", "three"];
    for name in names {
        world.apply(name, paid()).await;
    }
    for name in names {
        world.until_ready(name).await;
    }
    tokio::join!(world.cloud.remove("one"), world.cloud.remove("two"), world.cloud.remove("three"));
    for name in names {
        let message = world.until_stands(name, "InventorySuspect").await;
        assert!(message.contains("clusterwright.dev/accept-missing"), "{message}");
    }
    let now = jiff::Timestamp::now().to_string();
    world.kubectl(&["annotate", "cloudacct/typedb", &format!("clusterwright.dev/accept-missing={now}")]).await;
    for name in names {
        world.until_stands(name, "Vanished").await;
    }
    world.finish().await;
}

#[tokio::test]
async fn destroys_beyond_the_limit_wait_and_say_until_when() {
    let world = World::new("storm").await;
    world
        .kubectl(&["patch", "cloudacct/typedb", "--type=merge", "-p", r#"{"spec":{"destroyLimit":{"count":1}}}"#])
        .await;
    for name in ["one", "two"] {
        world.apply(name, with(paid(), json!({"deletionPolicy": "Delete"}))).await;
    }
    for name in ["one", "two"] {
        world.until_ready(name).await;
    }
    world.delete("one").await;
    world.until_gone("one").await;
    world.delete("two").await;
    let message = world.until_stands("two", "DestroyLimitReached").await;
    assert!(message.contains("waits until 20") && message.contains("deletionPolicy: Retain"), "{message}");
    assert_eq!(world.cloud.ids().await, ["two"]);
    world
        .kubectl(&["patch", "cloudacct/typedb", "--type=merge", "-p", r#"{"spec":{"destroyLimit":{"count":2}}}"#])
        .await;
    world.until_gone("two").await;
    world.finish().await;
}
