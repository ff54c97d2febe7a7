//! Whole lives without trouble.

use clusterwright::simulator::Plane;
use serde_json::json;

use super::{awake, becomes, effects, hurried, mine, view};
use crate::world::cratedb::cluster;
use crate::world::manifests::{HERE, secret_of, with};
use crate::world::{condition, is_ready};

const GIB: i64 = 1024 * 1024 * 1024;

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

#[tokio::test(start_paused = true)]
async fn every_change_is_followed_to_its_end() {
    let world = awake();
    world.apply(&with(cluster(HERE, "orders"), &json!({"deletionPolicy": "Delete"})));
    world.ready("orders").await;
    let now = || view(&world, "orders").unwrap().cluster;

    let scaled = becomes(&world, json!({"nodes": 3})).await;
    assert_eq!((scaled["status"]["nodes"].as_i64(), now().product_unit), (Some(3), Some(2)));
    becomes(&world, json!({"nodes": 2})).await;
    assert_eq!(now().product_unit, Some(1));

    let grown = becomes(&world, json!({"storage": {"sizePerNodeGiB": 64}})).await;
    assert_eq!(grown["status"]["storagePerNodeGiB"], 64);
    assert_eq!(now().hardware_specs.unwrap().disk_size_per_node_bytes, Some(64 * GIB));
    becomes(&world, json!({"storage": {"sizePerNodeGiB": 40}})).await;
    assert_eq!(effects(&world, "storageExpanded"), 1, "less than what there is counts as in sync");

    becomes(
        &world,
        json!({"allowedCidrs": [{"cidr": "10.0.0.0/8"}, {"cidr": "192.0.2.0/24", "description": "office"}]}),
    )
    .await;
    assert_eq!(now().ip_whitelist.unwrap().len(), 2);
    becomes(&world, json!({"allowedCidrs": []})).await;
    assert!(now().ip_whitelist.unwrap().is_empty());

    becomes(&world, json!({"deletionProtection": true})).await;
    assert_eq!(now().deletion_protected, Some(true));
    becomes(&world, json!({"deletionProtection": false})).await;

    let suspended = becomes(&world, json!({"power": "Suspended"})).await;
    assert_eq!(condition(&suspended, "Ready")["reason"], "Suspended");
    world.edit(HERE, "orders", &json!({"spec": {"nodes": 1}}));
    world.pass(900).await;
    assert_eq!(effects(&world, "scaled"), 2, "a change waits for the next resume");
    becomes(&world, json!({"power": "Running"})).await;
    assert_eq!((now().suspended, now().product_unit), (Some(false), Some(0)));

    world.delete(HERE, "orders");
    world.gone("orders").await;
    assert!(view(&world, "orders").is_none());
    for (action, times) in [("scaled", 3), ("suspended", 1), ("resumed", 1), ("allowListSet", 2), ("deleted", 1)] {
        assert_eq!(effects(&world, action), times, "{action}");
    }
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn several_edits_at_once_are_carried_out_one_after_the_other() {
    let world = awake();
    world.apply(&cluster(HERE, "orders"));
    world.ready("orders").await;
    world.user().create(secret_of(HERE, "mine", &json!({"password": mine(1)})));
    becomes(
        &world,
        json!({
            "nodes": 3, "storage": {"sizePerNodeGiB": 64}, "allowedCidrs": [{"cidr": "10.0.0.0/8"}],
            "deletionProtection": true, "passwordSecretRef": {"name": "mine"}, "power": "Suspended",
        }),
    )
    .await;
    let order: Vec<&str> = world.asked(|_| true).iter().filter_map(|row| Some(row.effect.as_ref()?.action)).collect();
    let expected = ["deletionProtected", "allowListSet", "passwordSet", "storageExpanded", "scaled", "suspended"];
    assert_eq!(order[order.len() - 6..], expected);
    assert_eq!(world.published("orders").unwrap(), mine(1));
}

#[tokio::test(start_paused = true)]
async fn a_password_of_ones_own_is_carried_over() {
    let world = awake();
    world.user().create(secret_of(HERE, "mine", &json!({"password": mine(1)})));
    world.apply(&with(cluster(HERE, "orders"), &json!({"passwordSecretRef": {"name": "mine"}})));
    world.ready("orders").await;
    let id = view(&world, "orders").unwrap().cluster.id;
    assert!(world.opens(id.as_str(), &mine(1)).await);
    assert_eq!(effects(&world, "passwordSet"), 0, "the cluster was created with it");
    world.user().apply(&secret_of(HERE, "mine", &json!({"password": mine(2)})));
    world.pass(12 * 60).await;
    assert!(world.opens(id.as_str(), &mine(2)).await, "a change is carried over within ten minutes, and some");
    assert_eq!(world.published("orders").unwrap(), mine(2));
    assert_eq!(effects(&world, "passwordSet"), 1);
    assert!(is_ready(&world.manifest(HERE, "orders").unwrap()));
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn ten_clusters_of_one_new_project_create_it_once() {
    let world = hurried();
    let names: Vec<String> = (0..10).map(|number| format!("orders-{number}")).collect();
    for name in &names {
        world.apply(&cluster(HERE, name));
    }
    for name in &names {
        world.ready(name).await;
    }
    assert_eq!(effects(&world, "projectCreated"), 1);
    assert_eq!(effects(&world, "created"), 10);
    world.audit().await;
}

/// How many writes to the API server a life may take until Ready, Events aside.
const WRITES_OF_A_LIFE: usize = 24;

#[tokio::test(start_paused = true)]
async fn every_write_to_the_api_server_changes_something() {
    let world = awake();
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
    let world = awake();
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
    let lists = world.asked(|row| row.path.ends_with("/clusters/")).len();
    assert!((54..=67).contains(&lists), "{lists} lists");
    let databases = world.asked(|row| row.plane == Plane::Data).len();
    assert!(databases <= 12, "the databases were asked {databases} times in an hour");
    let others = world.asked(|row| row.plane == Plane::Cloud && !row.path.ends_with("/clusters/"));
    assert!(others.is_empty(), "{others:#?}");
}
