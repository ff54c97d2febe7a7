//! From `kubectl apply` to a database that answers, and the rest that follows.

use http::Method;
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use serde_json::json;

use super::{paid, sample, status};
use crate::harness::{CrateWorld as World, meanwhile, with};

/// A life from apply to Ready, its project included, may take so many writes to the API server, Events aside.
const MOST_WRITES: usize = 14;

#[tokio::test]
async fn a_cluster_is_created_and_its_connection_secret_opens_the_database() {
    let world = World::new("crate-create").await;
    world.until_account("cratedb", "Connected").await;
    let before = writes(&world).len();
    world.apply("analytics", paid()).await;
    world.kubectl(&["wait", "cdb/analytics", "--for=condition=Ready", "--timeout=60s"]).await;
    let manifest = world.until_ready("analytics").await;

    let written = writes(&world).split_off(before);
    assert!(written.len() <= MOST_WRITES, "{} writes: {written:#?}", written.len());
    let cluster = world.cloud.named("analytics").await;
    let told = status(&manifest);
    assert_eq!(told.common.external_id.unwrap().as_str(), cluster["id"]);
    assert_eq!((told.common.creation, told.common.plan), (None, Vec::new()));
    let seen = (told.common.version.as_deref(), told.common.cloud_status.as_deref(), told.product_name.as_deref());
    assert_eq!(seen, (Some("5.10.1"), Some("GREEN"), Some("cr1")));
    assert_eq!((told.nodes, told.storage_per_node_gib), (Some(1), Some(32)));
    let operation = told.last_operation.unwrap();
    assert_eq!((operation.type_.as_str(), operation.state.as_str()), ("CREATE", "SUCCEEDED"));
    assert_eq!(world.cloud.actions().await, ["projectCreated", "created"]);

    let secret: Secret = world.secrets().get("analytics-cratedb").await.unwrap();
    assert_eq!(secret.type_.as_deref(), Some("servicebinding.io/cratedb"));
    let owners = secret.owner_references();
    assert!(owners.len() == 1 && Some(&owners[0].uid) == manifest.uid().as_ref(), "{owners:?}");
    let connection = world.read("analytics-cratedb").await;
    let keys: Vec<&str> = connection.keys().map(String::as_str).collect();
    assert_eq!(keys, ["host", "password", "port", "provider", "type", "uri", "url", "username"]);
    assert_eq!((connection["provider"].as_str(), connection["username"].as_str()), ("cratedb-cloud", "admin"));
    let (address, password) = world.way_in("analytics").await;
    assert_eq!(password.len(), 32, "the vendor's longest suggestion");
    assert_eq!(connection["url"], format!("http://{address}"));
    assert_eq!(connection["uri"], format!("crate://admin:{password}@{address}"));

    let columns = world.kubectl(&["get", "cdb/analytics"]).await;
    for word in ["True", "Running", "5.10.1", "cr1"] {
        assert!(columns.contains(word), "{columns}");
    }
    is_at_rest(&world).await;
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

/// At rest nothing is written anywhere, and the cloud is asked for one list per poll.
async fn is_at_rest(world: &World) {
    let turns = async || {
        let metrics = world.operator.as_ref().expect("a running operator").until("/metrics", 200).await;
        let of_clusters = metrics.lines().filter(|line| {
            line.starts_with("controller_runtime_reconcile_total") && line.contains("\"cratedbcluster\"")
        });
        of_clusters.map(str::to_owned).collect::<Vec<_>>()
    };
    // The last polls because of the transition.
    meanwhile(6).await;
    let (written, asked, taken) = (writes(world), world.cloud.log().await.len(), turns().await);
    meanwhile(13).await;
    let mut later = writes(world).split_off(written.len());
    // The account counts its clusters anew now and then.
    later.retain(|write| !write.ends_with("/cloudaccounts/cratedb/status"));
    assert_eq!(later, Vec::<String>::new());
    assert_eq!(turns().await, taken, "a list without news wakes nobody");
    let asked = world.cloud.log().await.split_off(asked);
    let lists = asked.iter().filter(|row| row["path"] == json!(list_path())).count();
    assert!(asked.len() == lists && (1..=2).contains(&lists), "{asked:#?}");
}

fn list_path() -> String {
    format!("/api/v2/organizations/{}/clusters/", crate::harness::Simulator::ORGANIZATION)
}

#[tokio::test]
async fn the_samples_become_ready() {
    let world = World::new("crate-samples").await;
    world.apply("analytics", sample("paid-cluster.yaml")).await;
    world.apply("sandbox", sample("free-cluster.yaml")).await;
    for name in ["analytics", "sandbox"] {
        world.until_ready(name).await;
        world.way_in(name).await;
    }
    let free = world.cloud.named("sandbox").await;
    assert_eq!((&free["product_name"], &free["subscription_id"]), (&json!("crfree"), &json!("free_tier")));
    let paid = world.cloud.named("analytics").await;
    assert_eq!(
        (&paid["deletion_protected"], &paid["ip_whitelist"][1]["cidr"]),
        (&json!(true), &json!("203.0.113.0/24"))
    );
    assert_eq!(paid["hardware_specs"]["disk_size_per_node_bytes"], 64_u64 << 30);
    world.finish().await;
}

#[tokio::test]
async fn ten_clusters_of_one_new_project_share_it() {
    let world = World::new("crate-ten").await;
    let names: Vec<String> = (0..10).map(|number| format!("analytics-{number}")).collect();
    for name in &names {
        world.apply(name, with(paid(), json!({"deletionPolicy": "Delete"}))).await;
    }
    for name in &names {
        world.until_ready(name).await;
    }
    assert_eq!(world.cloud.names().await, names);
    let state = world.cloud.crate_state().await;
    let projects = state["projects"].as_array().unwrap();
    assert_eq!(projects.len(), 1, "{projects:#?}");
    assert_eq!(world.cloud.count(Method::POST, "/projects/").await, 1);
    assert_eq!(world.cloud.count(Method::POST, "/clusters/").await, 10);

    for name in &names {
        world.delete(name).await;
    }
    for name in &names {
        world.until_gone(name).await;
    }
    assert!(world.cloud.names().await.is_empty());
    world.finish().await;
}
