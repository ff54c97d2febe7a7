//! What is done past the cloud's API.

use clusterwright::simulator::cratedb::NewCluster;
use clusterwright::simulator::{Fault, FaultKind};
use http::Method;
use serde_json::json;

use super::client::{Client, GIB, ORGANIZATION, paid};
use crate::client::{pass, world};

#[tokio::test(start_paused = true)]
async fn a_cluster_of_somebody_else_runs_at_once() {
    let simulator = world();
    let client = Client::admin(&simulator);
    let new = json!({"name": "legacy", "product_unit": 2, "password": "theirs", "created": "2020-01-01T00:00:00Z",
                     "ip_whitelist": [{"cidr": "192.0.2.0/24"}], "tables": ["ledger"]});
    let made = client.control(Method::POST, "cratedb/clusters", new.clone()).await.created();
    let cluster = client.cluster(made["id"].as_str().unwrap()).await.ok();
    assert_eq!((&cluster["num_nodes"], &cluster["health"]["status"]), (&json!(3), &json!("GREEN")));
    assert_eq!(cluster["dc"]["created"], "2020-01-01T00:00:00+00:00");
    Client::of_database(&simulator, &cluster, "theirs").sql("SELECT 1").await.ok();
    client.control(Method::POST, "cratedb/clusters", new).await.refused(400);
    client.control(Method::POST, "cratedb/clusters", json!({"name": "bad", "product_unit": "many"})).await.refused(400);
    assert_eq!(client.get("clusters/").await.ok().as_array().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn any_field_can_be_edited() {
    let simulator = world();
    let client = Client::admin(&simulator).beyond_the_document();
    let id = client.created(paid("orders")).await["id"].as_str().unwrap().to_owned();
    let path = format!("cratedb/clusters/{id}");
    let edit = json!({"product_unit": 4, "deletion_protected": true, "health": {"status": "PURPLE"}, "colour": "blue"});
    client.control(Method::PATCH, &path, edit).await.empty(204);
    let cluster = client.cluster(&id).await.ok();
    assert_eq!((&cluster["num_nodes"], &cluster["deletion_protected"]), (&json!(5), &json!(true)));
    assert_eq!((&cluster["health"], &cluster["colour"]), (&json!({"status": "PURPLE"}), &json!("blue")));
    client.control(Method::PATCH, &path, json!({"health": null, "colour": null})).await.empty(204);
    let cluster = client.cluster(&id).await.ok();
    assert_eq!((&cluster["health"]["status"], cluster.get("colour")), (&json!("GREEN"), None));
    client.control(Method::PATCH, &path, json!({"id": "x"})).await.refused(400);
    client.control(Method::PATCH, &path, json!({"product_unit": "many"})).await.refused(400);
    client.control(Method::DELETE, &path, json!({})).await.empty(204);
    client.cluster(&id).await.refused(404);
    client.control(Method::DELETE, &path, json!({})).await.refused(404);
}

#[tokio::test(start_paused = true)]
async fn the_state_tells_everything_but_secrets() {
    let simulator = world();
    let client = Client::admin(&simulator);
    client.created(paid("orders")).await;
    let new = json!({"marketplace": "azure", "active": false});
    client.control(Method::POST, "cratedb/subscriptions", new).await.created();
    let budget = json!({"monthlyBudget": 1});
    client.control(Method::PATCH, &format!("cratedb/organizations/{ORGANIZATION}"), budget).await.empty(204);
    let shown = client.control(Method::GET, "state", json!({})).await;
    let state = &shown.ok()["cratedb"];
    assert_eq!(state["clusters"][0]["cluster"]["name"], "orders");
    assert_eq!(
        (&state["clusters"][0]["serving"], &state["clusters"][0]["operations"][0]["type"]),
        (&json!(true), &json!("CREATE"))
    );
    assert_eq!(state["subscriptions"][2]["marketplace"], "azure");
    assert_eq!(state["organizations"][0]["monthlyBudget"], 1.0);
    assert_eq!(state["keys"][0]["name"], "simulator");
    assert!(!shown.text.contains("-secret"), "{}", shown.text);
}

#[tokio::test(start_paused = true)]
async fn a_list_can_lag_behind() {
    let simulator = world();
    let client = Client::admin(&simulator);
    client.created(paid("orders")).await;
    let then = client.get("clusters/").await.ok();
    client.control(Method::POST, "stale-list", json!({"seconds": 30})).await.empty(204);
    let id = client.create(paid("sales")).await.created()["id"].as_str().unwrap().to_owned();
    pass(29).await;
    assert_eq!(client.get("clusters/").await.ok(), then);
    client.cluster(&id).await.ok();
    pass(1).await;
    assert_eq!(client.get("clusters/").await.ok().as_array().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn faults_speak_the_language_of_the_cloud_they_strike() {
    let simulator = world();
    let client = Client::admin(&simulator);
    let status = |status: u16| FaultKind::status(status.try_into().unwrap());
    simulator.fault(Fault::new("*/clusters/", status(503)).method(&Method::POST).times(1).after_effect());
    client.create(paid("orders")).await.refused(503);
    assert_eq!(simulator.cratedb().clusters().len(), 1, "it was created all the same");
    simulator.fault(Fault::new("*/clusters/", FaultKind::Cut).method(&Method::POST).times(1));
    client.create(paid("sales")).await.cut();
    assert_eq!(simulator.cratedb().clusters().len(), 1);
    let cluster = client.get("clusters/").await.ok()[0].clone();
    pass(300).await;
    simulator.fault(Fault::new("/_sql", status(502)).times(1));
    let database = Client::of_database(&simulator, &cluster, super::client::PASSWORD);
    assert_eq!(database.sql("SELECT 1").await.status, Some(502));
    database.sql("SELECT 1").await.ok();
}

#[tokio::test(start_paused = true)]
async fn people_in_the_console_keep_to_the_clouds_rules() {
    let simulator = world();
    let cloud = simulator.cratedb();
    let id = cloud.seed(NewCluster::new("legacy")).unwrap();
    cloud.act(&id, "deletion-protection", &json!({"deletion_protected": true})).unwrap();
    let refusal = cloud.act(&id, "delete", &json!({})).unwrap_err();
    assert_eq!(refusal.status, 403, "{refusal}");
    cloud.act(&id, "storage", &json!({"disk_size_per_node_bytes": 64 * GIB})).unwrap();
    cloud.act(&id, "scale", &json!({"product_unit": 1})).unwrap_err();
    pass(180).await;
    let view = &cloud.clusters()[0];
    assert_eq!(view.cluster.hardware_specs.as_ref().unwrap().disk_size_per_node_bytes, Some(64 * GIB));
    assert_eq!((view.organization_id.as_str(), view.operations.len()), (ORGANIZATION, 2));
    cloud.remove(&id).unwrap();
    assert!(cloud.clusters().is_empty());
}
