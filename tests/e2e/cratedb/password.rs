//! The password of the database's user: given by a Secret, changed through the cloud, proved at the database.

use http::Method;
use serde_json::json;

use super::{existing, paid, until_says};
use crate::harness::{CrateWorld as World, eventually, with};

const FIRST: &str = "correct-horse-battery-staple";
const SECOND: &str = "another-horse-battery-staple";

/// Waits until the connection Secret of `name` has this password.
async fn until_published(world: &World, name: &str, password: &str) {
    eventually("the password is published", async || {
        let published = world.read(&format!("{name}-cratedb")).await.remove("password");
        if published.as_deref() == Some(password) { Ok(()) } else { Err("it is not".to_owned()) }
    })
    .await;
}

#[tokio::test]
async fn a_given_password_is_used_and_its_change_is_carried_over() {
    let world = World::new("crate-password").await;
    world.password("own", FIRST).await;
    let spec = with(paid(), json!({"username": "analyst", "passwordSecretRef": {"name": "own"}}));
    world.apply("analytics", spec).await;
    world.until_ready("analytics").await;
    let (address, password) = world.way_in("analytics").await;
    assert_eq!((world.read("analytics-cratedb").await["username"].as_str(), password.as_str()), ("analyst", FIRST));

    world.password("own", SECOND).await;
    world.annotate("analytics", "reconcile-at", Some("now")).await;
    until_published(&world, "analytics", SECOND).await;
    assert_eq!(world.way_in("analytics").await, (address.clone(), SECOND.to_owned()));
    assert!(!world.cloud.answers_sql(&address, "analyst", FIRST).await, "the old one no longer opens it");
    assert_eq!(world.cloud.actions().await, ["projectCreated", "created", "passwordSet"]);
    world.finish().await;
}

#[tokio::test]
async fn a_password_that_the_cloud_does_not_take_is_told_beforehand() {
    let world = World::new("crate-short").await;
    world.apply("analytics", with(paid(), json!({"passwordSecretRef": {"name": "own"}}))).await;
    until_says(&world, "analytics", "WaitingForPassword", &["Secret own is missing in namespace crate-short"]).await;
    world.password("own", "too-short-a-password").await;
    world.annotate("analytics", "reconcile-at", Some("now")).await;
    until_says(&world, "analytics", "PasswordMissing", &["has 20 characters", "the cloud takes 24 to 128"]).await;
    assert_eq!(world.cloud.count(Method::POST, "/clusters/").await, 0);
    world.password("own", FIRST).await;
    world.annotate("analytics", "reconcile-at", Some("again")).await;
    world.until_ready("analytics").await;
    assert_eq!(world.way_in("analytics").await.1, FIRST);
    world.finish().await;
}

#[tokio::test]
async fn an_adopted_database_keeps_its_password_unless_the_manifest_gives_one() {
    let world = World::new("crate-adopt").await;
    let legacy = world.cloud.seed_crate(json!({"name": "legacy", "password": FIRST, "product_unit": 1})).await;
    let ledger = world.cloud.seed_crate(json!({"name": "ledger", "password": FIRST})).await;
    world.apply("legacy", existing(&legacy)).await;
    world.password("wanted", SECOND).await;
    world.apply("ledger", with(existing(&ledger), json!({"passwordSecretRef": {"name": "wanted"}}))).await;

    until_says(&world, "legacy", "Running", &["give it with spec.passwordSecretRef"]).await;
    let connection = world.until_ready("legacy").await;
    assert_eq!(connection.status.unwrap().nodes, Some(2));
    let connection = world.read("legacy-cratedb").await;
    assert!(connection.contains_key("url") && !connection.contains_key("password"), "{:?}", connection.keys());
    assert!(!connection.contains_key("uri"), "{:?}", connection.keys());
    world.until_ready("ledger").await;
    assert_eq!(world.way_in("ledger").await.1, SECOND);

    // The one that it has already is proved, and not set once more.
    world.password("present", FIRST).await;
    world.edit("legacy", json!({"spec": {"passwordSecretRef": {"name": "present"}}})).await;
    until_published(&world, "legacy", FIRST).await;
    world.way_in("legacy").await;
    assert_eq!(world.cloud.actions().await, ["passwordSet"], "and nothing else was changed");
    world.finish().await;
}
