//! From `kubectl apply` to a database that one can log in to, and to its end.

use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use serde_json::json;

use crate::harness::{World, paid, with};

/// A life from apply to Ready may take so many writes to the API server, Events aside.
const MOST_WRITES: usize = 14;

#[tokio::test]
async fn a_cluster_is_created_and_its_connection_secret_opens_the_database() {
    let world = World::new("create").await;
    world.until_account("typedb", "Connected").await;
    let before = writes(&world).len();
    world.apply("orders", paid()).await;
    world.kubectl(&["wait", "tdb/orders", "--for=condition=Ready", "--timeout=60s"]).await;
    let manifest = world.until_ready("orders").await;

    let written = writes(&world).split_off(before);
    assert!(written.len() <= MOST_WRITES, "{} writes: {written:#?}", written.len());
    let status = manifest.status.clone().unwrap();
    assert_eq!(status.common.external_id.unwrap().as_str(), "orders");
    assert_eq!(
        (status.common.version.as_deref(), status.common.cloud_status.as_deref()),
        (Some("3.5.1"), Some("running"))
    );
    assert_eq!((status.common.creation, status.common.plan), (None, Vec::new()));
    assert_eq!(world.cloud.effects().await, ["deployed acme/default/orders", "passwordSet acme/default/orders"]);

    let secret: Secret = world.secrets().get("orders-typedb").await.unwrap();
    assert_eq!(secret.type_.as_deref(), Some("servicebinding.io/typedb"));
    let owners = secret.owner_references();
    assert!(owners.len() == 1 && Some(&owners[0].uid) == manifest.uid().as_ref(), "{owners:?}");
    let connection = world.read("orders-typedb").await;
    let keys: Vec<&str> = connection.keys().map(String::as_str).collect();
    assert_eq!(keys, ["addresses", "host", "password", "port", "provider", "type", "uri", "username"]);
    assert_eq!((connection["type"].as_str(), connection["username"].as_str()), ("typedb", "admin"));
    let (address, password) = world.way_in("orders").await;
    assert_eq!(connection["addresses"], address);
    assert_eq!(connection["uri"], format!("typedb://admin:{password}@http://{address}/?name=orders"));
    assert!(!world.cloud.opens(&address, "password").await, "the factory password is gone");
    let described = world.kubectl(&["describe", "tdb/orders"]).await;
    let events = described.split_once("Events:").unwrap().1;
    for told in ["Cluster orders is being created.", "Cluster orders was created.", "PasswordSet"] {
        assert!(events.contains(told), "{told} is missing in {events}");
    }
    world.finish().await;
}

/// The operator's writes, Events aside.
fn writes(world: &World) -> Vec<String> {
    let writes = world
        .proxy
        .writes()
        .into_iter()
        .filter(|write| !write.path.contains("/events") && !write.path.contains("/leases"));
    writes.map(|write| format!("{} {}", write.method, write.path)).collect()
}

#[tokio::test]
async fn a_given_password_is_used_and_its_change_is_carried_over() {
    let world = World::new("given-password").await;
    world.password("own", "correct-horse-battery").await;
    let spec = with(paid(), json!({"admin": {"passwordSecretRef": {"name": "own"}}}));
    world.apply("orders", spec).await;
    world.until_ready("orders").await;
    let (address, password) = world.way_in("orders").await;
    assert_eq!(password, "correct-horse-battery");

    world.password("own", "another-horse-battery").await;
    world.annotate("orders", "reconcile-at", Some("now")).await;
    crate::harness::eventually("the new password is published", async || {
        let published = world.read("orders-typedb").await["password"].clone();
        if published == "another-horse-battery" { Ok(()) } else { Err("it is another".to_owned()) }
    })
    .await;
    assert_eq!(world.way_in("orders").await.0, address);
    assert!(!world.cloud.opens(&address, "correct-horse-battery").await);
    world.finish().await;
}
