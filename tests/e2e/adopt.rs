//! Clusters that exist already: adopted, observed, claimed, handed over.

use http::Method;
use serde_json::{Value, json};

use crate::harness::{World, condition, eventually, meanwhile, paid, stands, with};

/// A manifest of a cluster that exists, and nothing more.
fn existing(id: &str) -> Value {
    json!({"accountRef": {"name": "typedb"}, "externalId": id})
}

#[tokio::test]
async fn an_adopted_database_keeps_its_password_unless_the_manifest_gives_one() {
    let world = World::new("adopt").await;
    for (id, password) in [("legacy", "legacy-own-password"), ("ledger", "ledger-own-password")] {
        world.cloud.seed(json!({"id": id, "password": password})).await;
    }
    world.apply("legacy", existing("legacy")).await;
    world.password("ledger-now", "ledger-own-password").await;
    world.password("ledger-wanted", "ledger-new-password").await;
    let admin = json!({
        "passwordSecretRef": {"name": "ledger-wanted"}, "currentPasswordSecretRef": {"name": "ledger-now"}
    });
    world.apply("ledger", with(existing("ledger"), json!({"admin": admin}))).await;

    world.until_ready("legacy").await;
    let message = world.until_stands("legacy", "Running").await;
    assert!(message.contains("give it with spec.admin.currentPasswordSecretRef"), "{message}");
    let connection = world.read("legacy-typedb").await;
    assert!(connection.contains_key("host") && !connection.contains_key("password"), "{:?}", connection.keys());
    assert!(!connection.contains_key("uri"), "{:?}", connection.keys());

    world.password("legacy-now", "legacy-own-password").await;
    world.edit("legacy", json!({"spec": {"admin": {"currentPasswordSecretRef": {"name": "legacy-now"}}}})).await;
    eventually("the password is published", async || {
        let published = world.read("legacy-typedb").await.remove("password");
        if published.as_deref() == Some("legacy-own-password") { Ok(()) } else { Err("it is not".to_owned()) }
    })
    .await;
    world.until_ready("ledger").await;
    assert_eq!(world.way_in("ledger").await.1, "ledger-new-password");
    assert_eq!(world.cloud.effects().await, ["passwordSet acme/default/ledger"], "and nothing else was changed");
    world.finish().await;
}

#[tokio::test]
async fn an_observed_cluster_is_told_of_and_never_written_to() {
    let world = World::new("observe").await;
    world.cloud.seed(json!({"id": "legacy", "storageSizeGB": 20})).await;
    let spec = json!({"accountRef": {"name": "typedb"}, "management": "Observed", "externalId": "legacy",
        "storageSizeGB": 50, "deletionPolicy": "Delete"});
    world.apply("legacy", spec).await;
    world.until_stands("legacy", "Observed").await;
    let manifest = world.cluster("legacy").await;
    assert_eq!(manifest.metadata.finalizers, None);
    let status = manifest.status.clone().unwrap();
    assert_eq!((status.storage_size_gb, status.common.plan.len()), (Some(20), 1));
    assert_eq!(status.common.plan[0].blocked_by.as_deref(), Some("management is Observed"));
    assert_eq!(condition(&manifest, "InSync").unwrap().status, "False");
    assert!(world.records().await.is_empty(), "it claims nothing");
    world.delete("legacy").await;
    world.until_gone("legacy").await;
    let written: Vec<Value> = world.cloud.log().await.into_iter().filter(|row| row["method"] != "GET").collect();
    assert!(written.iter().all(|row| row["path"] == "/api/v1/auth"), "{written:#?}");
    assert_eq!(world.cloud.ids().await, ["legacy"]);
    world.finish().await;
}

#[tokio::test]
async fn one_manifest_has_a_cluster_and_hands_it_over_with_its_password() {
    let world = World::new("claims").await;
    world.apply("orders", paid()).await;
    world.until_ready("orders").await;
    let way_in = world.way_in("orders").await;

    world.apply("sales", existing("orders")).await;
    let message = world.until_stands("sales", "ClaimedByAnother").await;
    assert!(message.contains("TypeDBCluster orders in namespace claims"), "{message}");
    assert!(message.contains("Remove one of the two manifests"), "{message}");
    assert!(world.read("sales-typedb").await.is_empty(), "it gets no way in");

    world.delete("orders").await;
    world.until_gone("orders").await;
    world.annotate("sales", "reconcile-at", Some("now")).await;
    world.until_ready("sales").await;
    assert_eq!(world.way_in("sales").await, way_in);
    assert_eq!(world.cloud.effects().await.len(), 2, "one deploy, one password");

    // The name has no cluster any more, and the cluster is somebody else's.
    world.apply("orders", paid()).await;
    world
        .until("orders", "gets no cluster", |manifest| {
            stands(manifest, "ClaimedByAnother").or_else(|_| stands(manifest, "NameTaken"))
        })
        .await;
    world.finish().await;
}

#[tokio::test]
async fn a_cluster_that_is_not_there_cannot_be_adopted_until_it_is() {
    let world = World::new("adopt-missing").await;
    world.apply("legacy", existing("legacy")).await;
    let message = world.until_stands("legacy", "InvalidSpec").await;
    assert!(message.contains("see no cluster legacy in") && message.contains("Correct spec.externalId"), "{message}");
    world.cloud.seed(json!({"id": "legacy"})).await;
    world.until_ready("legacy").await;
    world.finish().await;
}

#[tokio::test]
async fn a_password_that_is_not_known_is_asked_for() {
    let world = World::new("unknown-password").await;
    world.cloud.seed(json!({"id": "legacy", "password": "legacy-own-password"})).await;
    world.password("wanted", "legacy-new-password").await;
    world.apply("legacy", with(existing("legacy"), json!({"admin": {"passwordSecretRef": {"name": "wanted"}}}))).await;
    let message = world.until_stands("legacy", "AdminPasswordUnknown").await;
    assert!(message.contains("Give the present one with spec.admin.currentPasswordSecretRef"), "{message}");
    let sign_ins = world.cloud.count(Method::POST, "/v1/signin").await;
    meanwhile(3).await;
    assert_eq!(world.cloud.count(Method::POST, "/v1/signin").await, sign_ins, "a wrong password is not tried again");

    world.password("now", "legacy-own-password").await;
    world.edit("legacy", json!({"spec": {"admin": {"currentPasswordSecretRef": {"name": "now"}}}})).await;
    world.until_ready("legacy").await;
    assert_eq!(world.way_in("legacy").await.1, "legacy-new-password");
    world.finish().await;
}

#[tokio::test]
async fn a_version_without_an_http_api_is_told_until_its_owner_names_the_password() {
    let world = World::new("no-http-api").await;
    world.apply("old", with(paid(), json!({"version": "3.1.0"}))).await;
    let message = world.until_stands("old", "AdminPasswordUnsupported").await;
    assert!(message.contains("Version 3.1.0 of cluster old has no HTTP API"), "{message}");
    assert!(message.contains("then give it with spec.admin.currentPasswordSecretRef"), "{message}");
    world.password("now", "set-by-its-owner").await;
    world.edit("old", json!({"spec": {"admin": {"currentPasswordSecretRef": {"name": "now"}}}})).await;
    world.until_ready("old").await;
    assert_eq!(world.read("old-typedb").await["password"], "set-by-its-owner");
    assert_eq!(world.cloud.effects().await, ["deployed acme/default/old"]);
    world.finish().await;
}
