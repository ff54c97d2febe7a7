//! What somebody else changes in the cloud: fields of a database, databases, and all of them at once.

use std::collections::BTreeSet;

use clusterwright::simulator::cratedb::ClusterView;
use clusterwright::simulator::{Fault, FaultKind, RequestRow, Settings, Status};
use http::Method;
use serde_json::{Value, json};

use crate::world::manifests::{ACCOUNT, HERE, cluster, with};
use crate::world::{Vendor, World, condition, cratedb, in_space};

const HOUR: u64 = 3600;

/// CrateDB Cloud, where operations end soon, with an operator at work.
fn crates() -> World {
    let mut world = World::of(Vendor::CrateDb, Settings { speed: 10.0.try_into().unwrap(), ..Settings::default() });
    world.start();
    world
}

fn view(world: &World, name: &str) -> ClusterView {
    world.cloud.cratedb().clusters().into_iter().find(|view| view.cluster.name == name).unwrap()
}

fn nodes(world: &World, name: &str) -> Option<i64> {
    view(world, name).cluster.num_nodes
}

/// Somebody scales a cluster in the console.
fn scale(world: &World, name: &str, nodes: i64) {
    let id = view(world, name).cluster.id;
    let fields = json!({"product_unit": nodes - 1, "num_nodes": nodes});
    world.cloud.cratedb().edit(&id, fields.as_object().unwrap().clone()).unwrap();
}

/// The Events with this reason, by what they say.
fn told(world: &World, reason: &str) -> Vec<String> {
    let events = world.user().list("Event").into_iter().filter(|event| event["reason"] == reason);
    events.map(|event| event["note"].as_str().unwrap_or_default().to_owned()).collect()
}

fn scalings(world: &World) -> usize {
    world.asked(|row| row.method == "PUT" && row.path.ends_with("/scale/")).len()
}

#[tokio::test(start_paused = true)]
async fn a_change_made_elsewhere_is_told_once_and_put_right() {
    let mut world = crates();
    world.apply(&cratedb::cluster(HERE, "orders"));
    world.ready("orders").await;
    world.pass(120).await;
    scale(&world, "orders", 3);
    world.pass(600).await;
    world.ready("orders").await;
    assert_eq!((nodes(&world, "orders"), scalings(&world)), (Some(1), 1));
    assert_eq!(told(&world, "Drift"), ["nodes was changed elsewhere, from 1 to 3. This manifest says 1."]);

    world.edit(HERE, "orders", &json!({"spec": {"nodes": 2}}));
    world.ready("orders").await;
    assert_eq!((nodes(&world, "orders"), told(&world, "Drift").len()), (Some(2), 1), "an edit is no drift");

    world.start();
    world.pass(120).await;
    scale(&world, "orders", 4);
    world.pass(600).await;
    assert_eq!((nodes(&world, "orders"), told(&world, "Drift").len()), (Some(2), 2));
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn what_drifts_while_it_is_paused_is_told_once_and_waits() {
    let world = crates();
    world.apply(&cratedb::cluster(HERE, "orders"));
    world.ready("orders").await;
    world.pass(120).await;
    world.annotate(HERE, "orders", "clusterwright.dev/paused", &json!("true"));
    scale(&world, "orders", 3);
    let paused = world.reason("orders", "Paused", 600).await;
    assert_eq!((paused["status"]["plan"][0]["from"].as_str(), scalings(&world)), (Some("3"), 0));
    world.pass(2 * HOUR).await;
    assert_eq!((told(&world, "Drift").len(), scalings(&world)), (1, 0));
    world.annotate(HERE, "orders", "clusterwright.dev/paused", &Value::Null);
    world.ready("orders").await;
    assert_eq!((nodes(&world, "orders"), told(&world, "Drift").len()), (Some(1), 1));
}

#[tokio::test(start_paused = true)]
async fn a_change_made_elsewhere_is_left_alone_where_the_manifest_says_so_and_an_edit_is_applied() {
    let world = crates();
    world.apply(&with(cratedb::cluster(HERE, "orders"), &json!({"ignoreDrift": ["nodes"]})));
    world.ready("orders").await;
    world.pass(120).await;
    scale(&world, "orders", 3);
    world.pass(HOUR).await;
    let manifest = world.ready("orders").await;
    assert_eq!((condition(&manifest, "InSync")["status"].as_str(), scalings(&world)), (Some("True"), 0));
    assert!(manifest["status"]["plan"].as_array().is_none_or(Vec::is_empty), "{manifest:#}");
    world.edit(HERE, "orders", &json!({"spec": {"storage": {"sizePerNodeGiB": 64}}}));
    world.ready("orders").await;
    assert_eq!(nodes(&world, "orders"), Some(3), "another edit leaves it alone");
    world.edit(HERE, "orders", &json!({"spec": {"nodes": 2}}));
    world.ready("orders").await;
    assert_eq!((nodes(&world, "orders"), told(&world, "Drift").len()), (Some(2), 0));
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_insists_is_left_to_it_for_a_day_and_costs_no_more_requests() {
    let mut world = crates();
    world.apply(&cratedb::cluster(HERE, "orders"));
    world.ready("orders").await;
    world.pass(120).await;
    // Somebody's script makes it three nodes whenever they are fewer, and a restart in between makes no difference.
    for round in 0..60 {
        if nodes(&world, "orders") == Some(1) {
            scale(&world, "orders", 3);
        }
        if round == 10 {
            world.start();
        }
        world.pass(60).await;
    }
    assert_eq!(world.reason_now("orders"), "Contested");
    assert_eq!((scalings(&world), told(&world, "Drift").len()), (3, 3));
    world.start();
    world.cloud.clear_requests();
    world.pass(20 * HOUR).await;
    assert_eq!((world.reason_now("orders").as_str(), nodes(&world, "orders")), ("Contested", Some(3)));
    assert_eq!(world.asked(|row| row.method != "GET" && row.path.contains("/clusters/")).len(), 0);
    world.pass(5 * HOUR).await;
    assert_eq!((world.reason_now("orders").as_str(), nodes(&world, "orders")), ("Running", Some(1)), "a day is over");
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_left_is_put_right_on_demand() {
    let world = crates();
    world.apply(&cratedb::cluster(HERE, "orders"));
    world.ready("orders").await;
    world.pass(120).await;
    for _ in 0..4 {
        scale(&world, "orders", 3);
        world.pass(240).await;
    }
    assert_eq!((world.reason_now("orders").as_str(), scalings(&world)), ("Contested", 3));
    world.annotate(HERE, "orders", "clusterwright.dev/reconcile-at", &json!("now"));
    world.ready("orders").await;
    assert_eq!((nodes(&world, "orders"), scalings(&world)), (Some(1), 4));
}

fn recreating(name: &str) -> Value {
    with(cluster(HERE, name), &json!({"onVanished": "Recreate"}))
}

#[tokio::test(start_paused = true)]
async fn what_vanished_is_created_again_where_its_manifest_says_so_one_in_an_hour() {
    let mut world = World::awake();
    for name in ["one", "two"] {
        world.apply(&recreating(name));
    }
    world.apply(&cluster(HERE, "held"));
    for name in ["one", "two", "held"] {
        world.ready(name).await;
    }
    let before: Vec<Option<String>> = ["one", "two"].map(|name| world.published(name)).to_vec();
    for name in ["one", "two"] {
        world.cloud.remove(&in_space(name)).unwrap();
    }
    world.pass(900).await;
    let recreated = |world: &World| world.clusters().len() - 1;
    assert_eq!((recreated(&world), told(&world, "Recreating").len()), (1, 1));
    let waits = ["one", "two"].into_iter().find(|name| world.reason_now(name) == "Vanished").unwrap();
    world.start();
    world.pass(2400).await;
    assert_eq!((recreated(&world), world.reason_now(waits).as_str()), (1, "Vanished"));
    world.pass(900).await;
    for name in ["one", "two"] {
        world.ready(name).await;
    }
    assert_eq!(recreated(&world), 2);
    let after: Vec<Option<String>> = ["one", "two"].map(|name| world.published(name)).to_vec();
    assert!(before.iter().zip(&after).all(|(before, after)| before != after && after.is_some()), "new databases");

    world.cloud.remove(&in_space("held")).unwrap();
    world.reason("held", "Vanished", 600).await;
    world.pass(5 * HOUR).await;
    assert_eq!((world.reason_now("held").as_str(), world.clusters().len()), ("Vanished", 2));
    world.edit(HERE, "held", &json!({"spec": {"onVanished": "Recreate"}}));
    world.ready("held").await;
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn a_crate_that_vanished_is_created_again_with_a_password_of_its_own() {
    let world = crates();
    world.apply(&with(cratedb::cluster(HERE, "orders"), &json!({"onVanished": "Recreate"})));
    world.ready("orders").await;
    let (id, password) = (view(&world, "orders").cluster.id, world.published("orders"));
    world.pass(120).await;
    world.cloud.cratedb().remove(&id).unwrap();
    world
        .until(HERE, "orders", 3600, |manifest| {
            condition(manifest, "Ready")["status"] == "True" && manifest["status"]["externalId"] != id.as_str()
        })
        .await;
    assert_ne!(view(&world, "orders").cluster.id, id);
    assert_ne!(world.published("orders"), password);
    world.audit().await;
}

/// What a cloud answers that has lost its memory.
fn amnesia(world: &World) {
    let found = Status::try_from(200).unwrap();
    let empty = FaultKind::Answer {
        status: found,
        retry_after: None,
        body: Some("[]".to_owned()),
        content_type: Some("application/json".to_owned()),
    };
    world.fault(Fault::new("/api/v1/team/acme/spaces/default/clusters", empty).method(&Method::GET));
    let unknown = FaultKind::status(Status::try_from(404).unwrap());
    world.fault(Fault::new("/api/v1/team/acme/spaces/default/clusters/*", unknown).method(&Method::GET));
}

const NAMES: [&str; 5] = ["one", "two", "three", "four", "five"];

/// Five databases that are created again where they vanish, the last of them destroyed with its manifest.
async fn five() -> World {
    let world = World::awake();
    for name in NAMES {
        world.apply(&with(recreating(name), &json!({"deletionPolicy": "Delete"})));
    }
    for name in NAMES {
        world.ready(name).await;
    }
    world.pass(180).await;
    world
}

fn ids(world: &World) -> BTreeSet<String> {
    world.clusters().iter().map(|view| format!("{} {:?}", view.cluster.id, view.cluster.created_at)).collect()
}

fn effects(world: &World) -> usize {
    world.asked(|row: &RequestRow| row.effect.is_some()).len()
}

#[tokio::test(start_paused = true)]
async fn nothing_is_taken_for_gone_when_everything_is_missing_at_once() {
    for restart in [false, true] {
        let mut world = five().await;
        let (before, passwords) = (ids(&world), NAMES.map(|name| world.published(name)));
        world.cloud.clear_requests();
        if restart {
            world.crash();
        }
        amnesia(&world);
        if restart {
            world.start();
        }
        for name in NAMES {
            world.reason(name, "InventorySuspect", 900).await;
        }
        world.delete(HERE, "five");
        world.pass(30 * HOUR).await;
        assert!(world.manifest(HERE, "five").is_some(), "its database is not proved gone");
        assert_eq!((effects(&world), ids(&world)), (0, before.clone()));
        world.edit(HERE, "five", &json!({"spec": {"deletionPolicy": "Retain"}}));
        world.gone("five").await;
        world.cloud.clear_faults();
        for name in &NAMES[..4] {
            world.ready(name).await;
        }
        world.apply(&with(recreating("five"), &json!({"deletionPolicy": "Delete"})));
        world.ready("five").await;
        assert_eq!((ids(&world), NAMES.map(|name| world.published(name))), (before, passwords));
        world.audit().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_really_gone_is_believed_on_a_persons_word() {
    let world = five().await;
    for name in NAMES {
        world.cloud.remove(&in_space(name)).unwrap();
    }
    for name in NAMES {
        world.reason(name, "InventorySuspect", 900).await;
    }
    world.pass(HOUR).await;
    assert_eq!(world.clusters().len(), 0);
    let now = json!({"metadata": {"annotations": {"clusterwright.dev/accept-missing": world.clock.now().to_string()}}});
    world.user().merge("CloudAccount", HERE, ACCOUNT, &now);
    world.pass(120).await;
    assert_eq!(world.clusters().len(), 1, "one in an hour is created again, and the first one at once");
    world.pass(5 * HOUR).await;
    for name in NAMES {
        world.ready(name).await;
    }
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn ones_own_destroys_are_not_missing() {
    let world = five().await;
    for name in NAMES {
        world.delete(HERE, name);
    }
    for name in NAMES {
        world.gone(name).await;
    }
    assert_eq!(world.clusters().len(), 0);
    world.apply(&cluster(HERE, "orders"));
    world.ready("orders").await;
    world.pass(180).await;
    world.cloud.remove(&in_space("orders")).unwrap();
    world.reason("orders", "Vanished", 600).await;
}

#[tokio::test(start_paused = true)]
async fn a_storm_of_destroys_is_paced() {
    let mut world = World::with(Settings { speed: 10.0.try_into().unwrap(), ..Settings::default() });
    world.start();
    let limit = json!({"spec": {"destroyLimit": {"count": 4, "perMinutes": 30}}});
    world.user().merge("CloudAccount", HERE, ACCOUNT, &limit);
    let names: Vec<String> = (0..10).map(|number| format!("c{number}")).collect();
    for name in &names {
        world.apply(&with(cluster(HERE, name), &json!({"deletionPolicy": "Delete"})));
    }
    for name in &names {
        world.ready(name).await;
    }
    world.pass(120).await;
    for name in &names {
        world.delete(HERE, name);
    }
    let left = |world: &World| world.clusters().len();
    world.pass(600).await;
    assert_eq!(left(&world), 6);
    let held: Vec<&String> = names.iter().filter(|name| world.manifest(HERE, name).is_some()).collect();
    assert!(held.iter().all(|name| world.reason_now(name) == "DestroyLimitReached"), "{held:?}");
    // Neither a restart nor the end of the account that set the limit lets more of them go.
    world.start();
    world.pass(900).await;
    assert_eq!(left(&world), 6);
    world.pass(600).await;
    assert_eq!(left(&world), 2);
    world.edit(HERE, held[5], &json!({"spec": {"deletionPolicy": "Retain"}}));
    world.pass(1800).await;
    assert!(left(&world) <= 1);
    let tombstones = |world: &World| {
        world.user().list("Secret").iter().filter(|secret| secret["type"] == "clusterwright.dev/record").count()
    };
    assert!(tombstones(&world) >= 9);
    world.pass(26 * HOUR).await;
    assert_eq!((tombstones(&world), world.records()), (left(&world), left(&world)));
}
