//! Where the operator stops and waits for a person, and every way on.

use http::Method;
use serde_json::json;

use crate::harness::{World, condition, paid, with};

#[tokio::test]
async fn another_manifest_of_the_same_name_does_not_get_the_recorded_cluster_unasked() {
    let world = World::new("differs").await;
    for name in ["taken-back", "forgotten"] {
        world.apply(name, paid()).await;
    }
    for name in ["taken-back", "forgotten"] {
        world.until_ready(name).await;
    }
    let way_in = world.way_in("taken-back").await;
    for name in ["taken-back", "forgotten"] {
        world.delete(name).await;
        world.until_gone(name).await;
        world.apply(name, with(paid(), json!({"region": "us-east1"}))).await;
        let message = world.until_stands(name, "RecordedClusterDiffers").await;
        assert!(message.contains("its region is another than spec.region"), "{message}");
        assert!(message.contains(&format!("set spec.externalId: {name}")), "{message}");
        assert!(message.contains(&format!("set the annotation clusterwright.dev/forget: {name}")), "{message}");
    }

    world.edit("taken-back", json!({"spec": {"externalId": "taken-back", "region": null}})).await;
    world.until_ready("taken-back").await;
    assert_eq!(world.way_in("taken-back").await, way_in);

    world.edit("forgotten", json!({"spec": {"clusterId": "anew"}})).await;
    world.annotate("forgotten", "forget", Some("forgotten")).await;
    let manifest = world.until_ready("forgotten").await;
    assert_eq!(manifest.status.unwrap().common.external_id.unwrap().as_str(), "anew");
    assert_eq!(world.cloud.ids().await, ["anew", "forgotten", "taken-back"], "nothing was destroyed");
    world.finish().await;
}

#[tokio::test]
async fn a_vanished_database_is_not_replaced_until_it_is_let_go_of() {
    let world = World::new("vanished").await;
    world.apply("orders", paid()).await;
    world.until_ready("orders").await;
    world.cloud.remove("orders").await;
    let message = world.until_stands("orders", "Vanished").await;
    assert!(message.contains("set the annotation clusterwright.dev/forget: orders"), "{message}");
    assert_eq!(world.cloud.count(Method::POST, "/deploy").await, 1);
    assert!(world.cloud.ids().await.is_empty());

    world.annotate("orders", "forget", Some("orders")).await;
    world.until_ready("orders").await;
    world.way_in("orders").await;
    assert_eq!(world.cloud.count(Method::POST, "/deploy").await, 2);
    world.finish().await;
}

#[tokio::test]
async fn another_database_under_the_recorded_id_is_not_touched_until_it_is_taken() {
    let world = World::new("replaced").await;
    world.apply("orders", paid()).await;
    world.until_ready("orders").await;
    let before = world.cloud.effects().await;
    world.cloud.recreate("orders").await;
    let message = world.until_stands("orders", "Replaced").await;
    assert!(message.contains("clusterwright.dev/forget: orders and spec.externalId: orders"), "{message}");
    assert_eq!(world.cloud.effects().await, before);

    world.password("factory", "password").await;
    let admin = json!({"currentPasswordSecretRef": {"name": "factory"}});
    let annotations = json!({"clusterwright.dev/forget": "orders"});
    let changes = json!({"metadata": {"annotations": annotations}, "spec": {"externalId": "orders", "admin": admin}});
    world.edit("orders", changes).await;
    world.until_ready("orders").await;
    assert_eq!(world.way_in("orders").await.1, "password", "its owner's password stays");
    assert_eq!(world.cloud.effects().await, before, "it was adopted as it is");
    world.finish().await;
}

#[tokio::test]
async fn a_paused_manifest_is_not_carried_out_and_can_go() {
    let mut world = World::without_operator("paused").await;
    world.credentials("typedb-cloud", "simulator", "simulator-secret").await;
    world.account("typedb", json!({})).await;
    for name in ["orders", "gone"] {
        world.apply(name, paid()).await;
        world.annotate(name, "paused", Some("true")).await;
    }
    world.start_operator();
    for name in ["orders", "gone"] {
        let message = world.until_stands(name, "Paused").await;
        assert!(message.contains("Remove it to go on"), "{message}");
        let manifest = world.cluster(name).await;
        assert_eq!(condition(&manifest, "Stalled").unwrap().status, "True");
        assert_eq!(manifest.status.unwrap().common.plan.len(), 1, "what is due is shown");
    }
    world.delete("gone").await;
    world.until_gone("gone").await;
    assert_eq!(world.cloud.effects().await, Vec::<String>::new());
    world.annotate("orders", "paused", None).await;
    world.until_ready("orders").await;
    assert_eq!(world.cloud.ids().await, ["orders"]);
    world.finish().await;
}

#[tokio::test]
async fn an_older_version_is_shown_and_not_asked_for() {
    let world = World::new("unsupported").await;
    world.apply("orders", paid()).await;
    world.until_ready("orders").await;
    world.edit("orders", json!({"spec": {"version": "1.0.0"}})).await;
    let message = world.until_stands("orders", "ChangeUnsupported").await;
    assert!(message.contains("version from ") && message.contains(" to 1.0.0"), "{message}");
    let manifest = world.cluster("orders").await;
    let in_sync = condition(&manifest, "InSync").unwrap();
    assert_eq!(in_sync.status, "False");
    assert!(in_sync.message.contains("version"), "{}", in_sync.message);
    let fields: Vec<String> = manifest.status.unwrap().common.plan.into_iter().filter_map(|step| step.field).collect();
    assert_eq!(fields, ["version"]);
    assert_eq!(world.cloud.count(Method::PATCH, "").await, 0);

    world.edit("orders", json!({"spec": {"version": null}})).await;
    world.until_ready("orders").await;
    world.finish().await;
}

#[tokio::test]
async fn an_account_of_another_location_gets_nothing_to_do_with_the_cluster() {
    let world = World::new("moved").await;
    world.credentials("second", "simulator-second", "simulator-second-secret").await;
    let place = json!({"team": "acme", "space": "second", "endpoint": world.cloud.url});
    world.account("second", json!({"typedbCloud": place, "credentials": [{"secretRef": {"name": "second"}}]})).await;
    world.apply("orders", paid()).await;
    world.until_ready("orders").await;
    let before = world.cloud.effects().await;
    world.edit("orders", json!({"spec": {"accountRef": {"name": "second"}}})).await;
    let message = world.until_stands("orders", "LocationChanged").await;
    assert!(message.contains("refer to an account of http://"), "{message}");
    world.edit("orders", json!({"spec": {"accountRef": {"name": "typedb"}}})).await;
    world.until_ready("orders").await;
    assert_eq!(world.cloud.effects().await, before);
    world.finish().await;
}
