//! Changes of running clusters.

use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use super::{paid, status, until_says};
use crate::harness::{CrateWorld as World, condition, with};

/// Waits until the cluster is as asked for again; what the cloud shows of it then.
async fn until_done(world: &World, name: &str) -> Value {
    world.until_ready(name).await;
    world.cloud.named(name).await
}

#[tokio::test]
async fn nodes_are_scaled_through_the_scale_subresource() {
    let world = World::new("crate-scale").await;
    world.apply("analytics", paid()).await;
    world.until_ready("analytics").await;

    let scale = Patch::Merge(json!({"spec": {"replicas": 2}}));
    world.clusters().patch_scale("analytics", &PatchParams::default(), &scale).await.unwrap();
    assert_eq!(until_done(&world, "analytics").await["num_nodes"], 2);
    let seen = world.clusters().get_scale("analytics").await.unwrap();
    assert_eq!((seen.spec.unwrap().replicas, seen.status.unwrap().replicas), (Some(2), 2));

    world.kubectl(&["scale", "cdb/analytics", "--replicas=3"]).await;
    assert_eq!(until_done(&world, "analytics").await["product_unit"], 2);
    world.edit("analytics", json!({"spec": {"nodes": 1}})).await;
    assert_eq!(until_done(&world, "analytics").await["num_nodes"], 1);
    let operation = status(&world.cluster("analytics").await).last_operation.unwrap();
    assert_eq!((operation.type_.as_str(), operation.state.as_str()), ("SCALE", "SUCCEEDED"));
    let expected = ["projectCreated", "created", "scaled", "scaled", "scaled"];
    assert_eq!(world.cloud.actions().await, expected, "each was asked for once");
    world.finish().await;
}

#[tokio::test]
async fn storage_grows_and_never_shrinks() {
    let world = World::new("crate-storage").await;
    world.apply("analytics", paid()).await;
    world.until_ready("analytics").await;
    world.edit("analytics", json!({"spec": {"storage": {"sizePerNodeGiB": 64}}})).await;
    let cluster = until_done(&world, "analytics").await;
    assert_eq!(cluster["hardware_specs"]["disk_size_per_node_bytes"], 64_u64 << 30);
    assert_eq!(status(&world.cluster("analytics").await).storage_per_node_gib, Some(64));

    world.edit("analytics", json!({"spec": {"storage": {"sizePerNodeGiB": 48}}})).await;
    world.until_ready("analytics").await;
    assert_eq!(world.cloud.actions().await, ["projectCreated", "created", "storageExpanded"]);
    world.finish().await;
}

#[tokio::test]
async fn the_allow_list_is_in_force_before_ready_and_compared_as_a_set() {
    let world = World::new("crate-allowed").await;
    let list = json!([{"cidr": "127.0.0.0/8"}, {"cidr": "203.0.113.0/24", "description": "the office"}]);
    world.cloud.settings(json!({"cratedb": {"enforceAllowList": true}})).await;
    world.apply("analytics", with(paid(), json!({"allowedCidrs": list}))).await;
    let cluster = until_done(&world, "analytics").await;
    assert_eq!(cluster["ip_whitelist"][1], json!({"cidr": "203.0.113.0/24", "description": "the office"}));
    let actions = ["projectCreated", "created", "allowListSet"];
    assert_eq!(world.cloud.actions().await, actions);

    let id = cluster["id"].as_str().unwrap();
    let turned = json!([{"cidr": "203.0.113.0/24", "description": "an office"}, {"cidr": "127.0.0.0/8"}]);
    world.edit("analytics", json!({"spec": {"allowedCidrs": turned}})).await;
    world.until_ready("analytics").await;
    assert_eq!(world.cloud.actions().await, actions, "neither order nor descriptions make a difference");

    // Somebody opens it in the console, and the manifest has it closed again.
    world
        .cloud
        .console(http::Method::PUT, &format!("/clusters/{id}/ip-restrictions"), json!({"ip_whitelist": []}))
        .await;
    world
        .until("analytics", "is put right", |manifest| {
            let changed = status(manifest).last_operation.is_some_and(|last| last.state == "SUCCEEDED");
            let listed = status(manifest).allowed_cidrs.is_some_and(|list| list.len() == 2);
            if changed && listed { Ok(()) } else { Err("it is not".to_owned()) }
        })
        .await;
    world.edit("analytics", json!({"spec": {"allowedCidrs": []}})).await;
    let cluster = until_done(&world, "analytics").await;
    assert_eq!(cluster["ip_whitelist"], json!([]), "an empty list is explicit");
    world.finish().await;
}

#[tokio::test]
async fn power_suspends_and_resumes() {
    let world = World::new("crate-power").await;
    world.apply("analytics", with(paid(), json!({"power": "Running"}))).await;
    world.until_ready("analytics").await;
    let way_in = world.way_in("analytics").await;

    world.edit("analytics", json!({"spec": {"power": "Suspended"}})).await;
    world.until_stands("analytics", "Suspended").await;
    let manifest = world.cluster("analytics").await;
    assert_eq!(condition(&manifest, "Ready").unwrap().status, "True");
    assert_eq!(condition(&manifest, "Available").unwrap().status, "False");
    assert_eq!(world.cloud.named("analytics").await["suspended"], true);
    // What is wanted meanwhile does not wake it.
    world.edit("analytics", json!({"spec": {"nodes": 2}})).await;
    world
        .until("analytics", "tells what waits", |manifest| {
            let plan = status(manifest).common.plan;
            let waits = |step: &clusterwright::api::shared::PlannedStep| {
                step.blocked_by.as_deref() == Some("it waits for the cluster to be resumed")
            };
            if plan.iter().any(waits) { Ok(()) } else { Err(format!("{plan:?}")) }
        })
        .await;
    assert_eq!(condition(&world.cluster("analytics").await, "Ready").unwrap().reason, "Suspended");

    world.edit("analytics", json!({"spec": {"power": "Running"}})).await;
    assert_eq!(until_done(&world, "analytics").await["num_nodes"], 2);
    assert_eq!(world.way_in("analytics").await, way_in);
    let actions = ["projectCreated", "created", "suspended", "resumed", "scaled"];
    assert_eq!(world.cloud.actions().await, actions);

    let shared = with(paid(), json!({"product": {"name": "s2"}, "power": "Suspended"}));
    world.apply("small", shared).await;
    until_says(&world, "small", "ChangeUnsupported", &["does not suspend clusters of this product"]).await;
    world.edit("small", json!({"spec": {"power": "Running"}})).await;
    world.until_ready("small").await;
    world.finish().await;
}
