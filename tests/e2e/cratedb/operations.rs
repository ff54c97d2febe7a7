//! What the cloud is doing: shown in its own words, waited for, and told where it fails.

use http::Method;
use serde_json::json;

use super::{paid, status, until_says};
use crate::harness::{CrateWorld as World, condition, eventually, meanwhile};

#[tokio::test]
async fn what_the_cloud_does_is_shown_in_its_own_words() {
    let world = World::new("crate-words").await;
    world.apply("analytics", paid()).await;
    world.until_ready("analytics").await;
    // A scaling takes 30 seconds now, and is looked at every 15.
    world.cloud.go(10).await;
    world.kubectl(&["scale", "cdb/analytics", "--replicas=2"]).await;
    let words = "Scaling up from 1 to 2 nodes. Waiting for new node(s) to be present.";
    until_says(&world, "analytics", "Updating", &[words]).await;
    let manifest = world.cluster("analytics").await;
    let operation = status(&manifest).last_operation.unwrap();
    assert_eq!((operation.type_.as_str(), operation.state.as_str()), ("SCALE", "IN_PROGRESS"));
    assert_eq!(operation.message.as_deref(), Some(words));
    assert_eq!(condition(&manifest, "Available").unwrap().status, "True", "it serves meanwhile");
    let told = world.kubectl(&["describe", "cdb/analytics"]).await;
    assert!(told.contains(words), "{told}");
    world.until_ready("analytics").await;
    let operation = status(&world.cluster("analytics").await).last_operation.unwrap();
    assert_eq!(operation.message.as_deref(), Some("Successfully scaled cluster to 2 nodes."));
    world.finish().await;
}

#[tokio::test]
async fn an_operation_that_somebody_else_started_is_waited_for() {
    let mut world = World::new("crate-console").await;
    world.apply("analytics", paid()).await;
    world.until_ready("analytics").await;
    let id = world.cloud.named("analytics").await["id"].as_str().unwrap().to_owned();
    // That takes 22 seconds now.
    world.cloud.go(8).await;
    let bytes = json!({"disk_size_per_node_bytes": 64_u64 << 30});
    world.cloud.console(Method::PUT, &format!("/clusters/{id}/storage"), bytes).await;
    world.edit("analytics", json!({"spec": {"nodes": 3}})).await;
    until_says(&world, "analytics", "WaitingForOperation", &[]).await;
    assert_eq!(world.cloud.count(Method::PUT, "/scale/").await, 0, "it would only be refused");
    // Also by an operator that knows nothing of how it began.
    world.kill_operator().await;
    world.start_operator();
    until_says(&world, "analytics", "WaitingForOperation", &["Resizing volume(s)."]).await;
    world.cloud.go(600).await;
    world.until_ready("analytics").await;
    assert_eq!(world.cloud.named("analytics").await["num_nodes"], 3);
    assert_eq!(world.cloud.count(Method::PUT, "/scale/").await, 1);
    world.finish().await;
}

#[tokio::test]
async fn an_answer_that_it_is_busy_is_waited_out() {
    let world = World::new("crate-busy").await;
    world.apply("analytics", paid()).await;
    world.until_ready("analytics").await;
    let message = "Another cluster operation is currently in progress, please try again later.";
    let body = json!({"message": message, "success": false}).to_string();
    let busy = json!({"answer": {"status": 400, "body": body, "contentType": "application/json"}});
    world.cloud.fault(json!({"method": "PUT", "path": "*/scale/", "count": 2, "kind": busy})).await;
    world.edit("analytics", json!({"spec": {"nodes": 2}})).await;
    world.until_ready("analytics").await;
    assert_eq!(world.cloud.count(Method::PUT, "/scale/").await, 3);
    world.finish().await;
}

#[tokio::test]
async fn a_failed_operation_is_told_and_gone_on_from_by_an_edit() {
    let world = World::new("crate-failed").await;
    world.apply("analytics", paid()).await;
    world.until_ready("analytics").await;
    let failure = json!({"type": "SCALE", "halfway": true, "message": "Node analytics-2 did not come up."});
    world.cloud.console(Method::POST, "/failures", failure).await;
    world.edit("analytics", json!({"spec": {"nodes": 3}})).await;
    until_says(&world, "analytics", "OperationFailed", &["\"Node analytics-2 did not come up\""]).await;
    let manifest = world.cluster("analytics").await;
    assert_eq!(condition(&manifest, "Stalled").unwrap().reason, "OperationFailed");
    assert_eq!(condition(&manifest, "InSync").unwrap().status, "False");
    let told = status(&manifest);
    assert_eq!((told.nodes, told.last_operation.unwrap().state.as_str()), (Some(2), "FAILED"));
    meanwhile(6).await;
    assert_eq!(world.cloud.count(Method::PUT, "/scale/").await, 1, "it is not tried again by itself");

    world.edit("analytics", json!({"spec": {"nodes": 4}})).await;
    world.until_ready("analytics").await;
    assert_eq!(world.cloud.named("analytics").await["num_nodes"], 4);

    // The same value once more, on request.
    world.cloud.console(Method::POST, "/failures", json!({"type": "EXPAND_STORAGE"})).await;
    world.edit("analytics", json!({"spec": {"storage": {"sizePerNodeGiB": 64}}})).await;
    until_says(&world, "analytics", "OperationFailed", &["storage expansion has failed"]).await;
    world.annotate("analytics", "reconcile-at", Some("now")).await;
    world.until_ready("analytics").await;
    assert_eq!(world.cloud.count(Method::PUT, "/storage/").await, 2);
    world.finish().await;
}

#[tokio::test]
async fn a_failed_creation_is_told_and_its_name_can_be_had_again() {
    let world = World::new("crate-failed-create").await;
    world.cloud.console(Method::POST, "/failures", json!({"type": "CREATE", "message": "No capacity."})).await;
    world.apply("analytics", paid()).await;
    let message = world.until_stands("analytics", "OperationFailed").await;
    let id = world.cloud.named("analytics").await["id"].as_str().unwrap().to_owned();
    assert!(message.contains(&format!("clusterwright.dev/forget: {id}")), "{message}");
    assert_eq!(world.cloud.count(Method::POST, "/clusters/").await, 1);
    world.cloud.console(Method::DELETE, &format!("/clusters/{id}"), json!({})).await;
    world.annotate("analytics", "forget", Some(&id)).await;
    eventually("another is made", async || match world.cloud.count(Method::POST, "/clusters/").await {
        2 => Ok(()),
        other => Err(format!("{other} requests")),
    })
    .await;
    world.until_ready("analytics").await;
    world.way_in("analytics").await;
    world.finish().await;
}
