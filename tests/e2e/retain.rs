//! What becomes of a database when its manifest goes, and when it comes again.

use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, DeleteParams, Patch, PatchParams};
use serde_json::{Map, Value, json};

use crate::harness::{World, eventually, paid, with};

#[tokio::test]
async fn a_retained_database_is_found_again_with_the_same_password() {
    let world = World::new("retain").await;
    world.apply("orders", paid()).await;
    let first = world.until_ready("orders").await;
    assert_eq!(first.metadata.finalizers, None, "Retain never blocks anything");
    let way_in = world.way_in("orders").await;

    wipe_status(&world, "orders").await;
    world.until_ready("orders").await;
    assert_eq!(world.way_in("orders").await, way_in, "after a wiped status");

    world.delete("orders").await;
    world.until_gone("orders").await;
    world.apply("orders", paid()).await;
    world.until_ready("orders").await;
    assert_eq!(world.way_in("orders").await, way_in, "after the manifest was deleted");

    delete_namespace(&world).await;
    world.make_namespace_again().await;
    world.credentials("typedb-cloud", "simulator", "simulator-secret").await;
    world.account("typedb", json!({})).await;
    world.apply("orders", paid()).await;
    world.until_ready("orders").await;
    assert_eq!(world.way_in("orders").await, way_in, "after the whole namespace was deleted");
    assert_eq!(world.cloud.effects().await, ["deployed acme/default/orders", "passwordSet acme/default/orders"]);
    world.finish().await;
}

async fn wipe_status(world: &World, name: &str) {
    let status = serde_json::to_value(world.cluster(name).await.status).unwrap();
    let gone: Map<String, Value> = status.as_object().unwrap().keys().map(|key| (key.clone(), Value::Null)).collect();
    let patch = Patch::Merge(json!({"status": gone}));
    world.clusters().patch_status(name, &PatchParams::default(), &patch).await.unwrap();
}

async fn delete_namespace(world: &World) {
    let api = Api::<Namespace>::all(world.kube.clone());
    api.delete(&world.namespace, &DeleteParams::default()).await.unwrap();
    eventually("the namespace is gone", async || match api.get_opt(&world.namespace).await {
        Ok(None) => Ok(()),
        other => Err(format!("{:?}", other.map(|namespace| namespace.and_then(|namespace| namespace.status)))),
    })
    .await;
}

#[tokio::test]
async fn a_database_is_destroyed_where_its_manifest_says_so() {
    let world = World::new("destroy").await;
    world.apply("orders", with(paid(), json!({"deletionPolicy": "Delete"}))).await;
    let manifest = world.until_ready("orders").await;
    assert_eq!(manifest.metadata.finalizers, Some(vec!["clusterwright.dev/destroy".to_owned()]));
    world.delete("orders").await;
    world.until_gone("orders").await;
    assert_eq!(world.cloud.ids().await, Vec::<String>::new());
    assert_eq!(world.cloud.effects().await.last().unwrap(), "destroyed acme/default/orders");
    eventually("the record is gone", async || match world.records().await.len() {
        0 => Ok(()),
        left => Err(format!("{left} are left")),
    })
    .await;
    world.finish().await;
}

#[tokio::test]
async fn retain_releases_a_manifest_whose_account_cannot_destroy() {
    let world = World::new("release").await;
    world.apply("orders", with(paid(), json!({"deletionPolicy": "Delete"}))).await;
    world.until_ready("orders").await;
    world.cloud.credential("simulator", json!({"revoked": true})).await;
    world.until_account("typedb", "CredentialsRejected").await;

    world.delete("orders").await;
    let message = world.until_stands("orders", "CredentialsRejected").await;
    assert!(message.contains("set spec.deletionPolicy: Retain"), "{message}");
    world.edit("orders", json!({"spec": {"deletionPolicy": "Retain"}})).await;
    world.until_gone("orders").await;
    assert_eq!(world.cloud.ids().await, ["orders"]);
    world.finish().await;
}

/// A namespace goes Secrets first, credentials included.
#[tokio::test]
async fn a_namespace_whose_database_is_to_be_destroyed_still_ends() {
    let world = World::new("destroy-namespace").await;
    world.apply("orders", with(paid(), json!({"deletionPolicy": "Delete"}))).await;
    world.apply("kept", paid()).await;
    world.until_ready("orders").await;
    world.until_ready("kept").await;
    delete_namespace(&world).await;
    assert_eq!(world.cloud.ids().await, ["kept"]);
    world.finish().await;
}
