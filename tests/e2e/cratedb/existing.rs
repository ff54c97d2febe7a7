//! Clusters that exist already: observed, claimed, kept, found again.

use http::Method;
use serde_json::{Value, json};

use super::{existing, paid, status, until_says};
use crate::harness::{CrateWorld as World, condition, eventually, with};

#[tokio::test]
async fn an_observed_cluster_is_told_of_and_never_written_to() {
    let world = World::new("crate-observe").await;
    let id = world.cloud.seed_crate(json!({"name": "legacy"})).await;
    let spec = with(existing(&id), json!({"management": "Observed", "nodes": 3, "deletionPolicy": "Delete"}));
    world.apply("legacy", spec).await;
    world.until_stands("legacy", "Observed").await;
    let manifest = world.cluster("legacy").await;
    assert_eq!(manifest.metadata.finalizers, None);
    let told = status(&manifest);
    assert_eq!((told.nodes, told.common.plan.len()), (Some(1), 1));
    assert_eq!(told.common.plan[0].blocked_by.as_deref(), Some("management is Observed"));
    assert_eq!(condition(&manifest, "InSync").unwrap().status, "False");
    assert!(world.records().await.is_empty(), "it claims nothing");

    // What is done in the console shows.
    let scale = format!("/clusters/{id}/scale");
    world.cloud.console(Method::PUT, &scale, json!({"product_unit": 2})).await;
    world
        .until("legacy", "shows three nodes", |manifest| match status(manifest).nodes {
            Some(3) => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .await;
    world
        .until("legacy", "is in sync", |manifest| {
            let in_sync = condition(manifest, "InSync").ok_or("no condition")?;
            if in_sync.status == "True" { Ok(()) } else { Err(in_sync.message.clone()) }
        })
        .await;
    world.delete("legacy").await;
    world.until_gone("legacy").await;
    let written: Vec<Value> = world.cloud.log().await.into_iter().filter(|row| row["method"] != "GET").collect();
    assert!(written.is_empty(), "{written:#?}");
    assert_eq!(world.cloud.names().await, ["legacy"]);
    world.finish().await;
}

#[tokio::test]
async fn a_retained_database_is_found_again_with_the_same_password() {
    let world = World::new("crate-retain").await;
    world.apply("analytics", paid()).await;
    let first = world.until_ready("analytics").await;
    assert_eq!(first.metadata.finalizers, None, "Retain never blocks anything");
    let way_in = world.way_in("analytics").await;

    world.delete("analytics").await;
    world.until_gone("analytics").await;
    eventually("the connection Secret goes with its manifest", async || {
        if world.read("analytics-cratedb").await.is_empty() { Ok(()) } else { Err("it is there".to_owned()) }
    })
    .await;
    world.apply("analytics", paid()).await;
    world.until_ready("analytics").await;
    assert_eq!(world.way_in("analytics").await, way_in);

    // Another manifest can take it over, once the first lets go.
    let id = first.status.unwrap().common.external_id.unwrap();
    world.apply("insights", existing(id.as_str())).await;
    until_says(&world, "insights", "ClaimedByAnother", &["CrateDBCluster analytics in namespace crate-retain"]).await;
    world.delete("analytics").await;
    world.until_ready("insights").await;
    assert_eq!(world.way_in("insights").await, way_in);
    assert_eq!(world.cloud.actions().await, ["projectCreated", "created"]);
    world.finish().await;
}

#[tokio::test]
async fn a_vanished_database_is_not_replaced_until_it_is_let_go_of() {
    let world = World::new("crate-vanished").await;
    world.apply("analytics", paid()).await;
    let manifest = world.until_ready("analytics").await;
    let id = status(&manifest).common.external_id.unwrap();
    world.cloud.console(Method::DELETE, &format!("/clusters/{id}"), json!({})).await;
    let message = world.until_stands("analytics", "Vanished").await;
    assert!(message.contains(&format!("clusterwright.dev/forget: {id}")), "{message}");
    assert_eq!(world.cloud.count(Method::POST, "/clusters/").await, 1);

    world.annotate("analytics", "forget", Some(id.as_str())).await;
    world.until_ready("analytics").await;
    world.way_in("analytics").await;
    assert_eq!(world.cloud.count(Method::POST, "/clusters/").await, 2);
    assert_eq!(world.cloud.count(Method::POST, "/projects/").await, 1);
    world.finish().await;
}
