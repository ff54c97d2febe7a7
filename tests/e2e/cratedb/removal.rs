//! The end of a database: as its owner said, and not past its protection or at others' expense.

use http::Method;
use serde_json::json;

use super::{paid, until_says};
use crate::harness::{CrateWorld as World, eventually, with};

#[tokio::test]
async fn a_database_is_destroyed_where_its_manifest_says_so() {
    let world = World::new("crate-destroy").await;
    world.apply("analytics", with(paid(), json!({"deletionPolicy": "Delete"}))).await;
    let manifest = world.until_ready("analytics").await;
    assert_eq!(manifest.metadata.finalizers, Some(vec!["clusterwright.dev/destroy".to_owned()]));
    world.delete("analytics").await;
    world.until_gone("analytics").await;
    assert!(world.cloud.names().await.is_empty());
    assert_eq!(world.cloud.actions().await, ["projectCreated", "created", "deleted"]);
    eventually("the record is gone", async || match world.records().await.len() {
        0 => Ok(()),
        left => Err(format!("{left} are left")),
    })
    .await;
    world.finish().await;
}

#[tokio::test]
async fn a_protected_database_outlives_its_manifest_until_the_protection_is_lifted() {
    let world = World::new("crate-protected").await;
    let spec = with(paid(), json!({"deletionPolicy": "Delete", "deletionProtection": true}));
    world.apply("analytics", spec).await;
    world.until_ready("analytics").await;
    assert_eq!(world.cloud.named("analytics").await["deletion_protected"], true);
    world.delete("analytics").await;
    until_says(&world, "analytics", "DeletionProtected", &["Set it to false", "deletionPolicy: Retain"]).await;
    assert_eq!(world.cloud.count(Method::DELETE, "").await, 0, "it is not even tried");

    world.edit("analytics", json!({"spec": {"deletionProtection": false}})).await;
    world.until_gone("analytics").await;
    let actions = ["projectCreated", "created", "deletionProtected", "deletionUnprotected", "deleted"];
    assert_eq!(world.cloud.actions().await, actions);

    // The protection that somebody set in the console is theirs.
    world.apply("ledger", with(paid(), json!({"deletionPolicy": "Delete"}))).await;
    world.until_ready("ledger").await;
    let id = world.cloud.named("ledger").await["id"].as_str().unwrap().to_owned();
    let protect = format!("/clusters/{id}/deletion-protection");
    world.cloud.console(Method::PUT, &protect, json!({"deletion_protected": true})).await;
    world.delete("ledger").await;
    until_says(&world, "ledger", "DeletionProtected", &["protected from deletion in the cloud"]).await;
    assert_eq!(world.cloud.named("ledger").await["deletion_protected"], true);
    world.edit("ledger", json!({"spec": {"deletionPolicy": "Retain"}})).await;
    world.until_gone("ledger").await;
    assert_eq!(world.cloud.names().await, ["ledger"]);
    world.finish().await;
}

#[tokio::test]
async fn a_subscription_that_others_share_is_not_cancelled_unasked() {
    let world = World::new("crate-marketplace").await;
    let new = json!({"marketplace": "azure", "name": "Azure"});
    let subscription = world.cloud.console(Method::POST, "/subscriptions", new).await;
    let spec = with(paid(), json!({"deletionPolicy": "Delete", "subscriptionId": subscription}));
    for name in ["analytics", "ledger"] {
        world.apply(name, spec.clone()).await;
    }
    for name in ["analytics", "ledger"] {
        world.until_ready(name).await;
    }
    world.delete("analytics").await;
    let words = [subscription.as_str(), "also pays ledger", "confirm-subscription-cancellation"];
    until_says(&world, "analytics", "DeletionWouldCancelSubscription", &words).await;
    assert_eq!(world.cloud.count(Method::DELETE, "").await, 0);

    world.annotate("analytics", "confirm-subscription-cancellation", Some("another")).await;
    until_says(&world, "analytics", "DeletionWouldCancelSubscription", &words).await;
    world.annotate("analytics", "confirm-subscription-cancellation", Some(&subscription)).await;
    world.until_gone("analytics").await;
    // The simulated marketplace takes the other one along.
    world.until_stands("ledger", "Vanished").await;
    world.finish().await;
}
