//! What is done to the world past the cloud's API: by people in the console, by accident, by a test.

use clusterwright::simulator::Speed;
use clusterwright::simulator::typedb::{ClusterName, NewCluster};
use rstest::rstest;
use serde_json::{Value, json};

use crate::client::{CLUSTERS, Client, but, paid, pass, world};

const ORDERS: &str = "/simulator/clusters/acme/default/orders";

#[tokio::test(start_paused = true)]
async fn a_cluster_of_somebody_else_runs_at_once() {
    let simulator = world();
    let client = Client::admin(&simulator).await;
    let new = json!({"id": "legacy", "storageSizeGB": 100, "createdAt": 1_600_000_000_000_i64, "password": "theirs",
                     "databases": ["ledger"]});
    assert_eq!(client.post("/simulator/clusters", new.clone()).await.status, Some(201));
    let cluster = client.cluster("legacy").await.ok();
    assert_eq!(cluster["status"], "running");
    assert_eq!(cluster["storageSizeGB"], 100);
    assert_eq!(cluster["createdAt"], 1_600_000_000_000_i64);
    let server = Client::of_server(&simulator, cluster["servers"][0]["address"].as_str().unwrap());
    let admin = server.signed_in("admin", "theirs").await;
    assert_eq!(admin.get("/v1/databases").await.ok()["databases"][0]["name"], "ledger");
    client.post("/simulator/clusters", new).await.refusal(409);
    client.post("/simulator/clusters", json!({"id": "bad", "storageSizeGB": "many"})).await.refusal(400);
}

#[tokio::test(start_paused = true)]
async fn any_field_can_be_edited() {
    let simulator = world();
    let client = Client::admin(&simulator).await;
    let before = client.deployed(paid("orders")).await;
    let edit = json!({"storageSizeGB": 500, "region": "us-east1", "status": "defragmenting", "colour": "blue"});
    assert_eq!(client.patch(ORDERS, edit.clone()).await.status, Some(204));
    let mut expected = before.clone();
    for (field, value) in edit.as_object().unwrap() {
        expected[field] = value.clone();
    }
    assert_eq!(client.cluster("orders").await.ok(), expected);
    assert_eq!(client.get(CLUSTERS).await.ok(), json!([expected]));

    client.patch(ORDERS, json!({"status": null, "colour": null, "createdAt": 7})).await;
    let after = client.cluster("orders").await.ok();
    assert_eq!((&after["status"], &after["createdAt"]), (&json!("running"), &json!(7)));
    assert!(after.get("colour").is_none());

    client.patch(ORDERS, json!({"id": "sales"})).await.refusal(400);
    client.patch(ORDERS, json!({"storageSizeGB": "many"})).await.refusal(400);
    client.patch("/simulator/clusters/acme/default/nothing", json!({})).await.refusal(404);
}

#[tokio::test(start_paused = true)]
async fn a_rename_by_hand_keeps_identity_and_password() {
    let simulator = world();
    let client = Client::admin(&simulator).await;
    let before = client.deployed(paid("orders")).await;
    client.deploy(paid("taken")).await.ok();
    let rename = format!("{ORDERS}/rename");
    client.post(&rename, json!({"id": "taken"})).await.refusal(409);
    assert_eq!(client.post(&rename, json!({"id": "sales"})).await.status, Some(204));
    client.cluster("orders").await.refusal(404);
    assert_eq!(client.cluster("sales").await.ok(), but(before, "id", json!("sales")));
    client.post(&rename, json!({"id": "sales"})).await.refusal(404);
}

#[tokio::test(start_paused = true)]
async fn a_recreated_cluster_is_another_one_of_the_same_name() {
    let simulator = world();
    let client = Client::admin(&simulator).await;
    let before = client.deployed(paid("orders")).await;
    assert_eq!(client.post(&format!("{ORDERS}/password"), json!({"password": "changed"})).await.status, Some(204));
    let old_server = Client::of_server(&simulator, before["servers"][0]["address"].as_str().unwrap());
    old_server.signed_in("admin", "changed").await.post("/v1/databases/ledger", json!({})).await;
    pass(5).await;
    assert_eq!(client.post(&format!("{ORDERS}/recreate"), json!({})).await.status, Some(204));
    let after = client.cluster("orders").await.ok();
    assert_eq!(after["storageSizeGB"], before["storageSizeGB"]);
    assert_eq!(after["createdAt"].as_i64().unwrap() - before["createdAt"].as_i64().unwrap(), 245_000);
    let server = Client::of_server(&simulator, after["servers"][0]["address"].as_str().unwrap());
    let admin = server.signed_in("admin", "password").await;
    assert_eq!(admin.get("/v1/databases").await.ok(), json!({"databases": []}));
    old_server.get("/health").await.cut();
}

#[tokio::test(start_paused = true)]
async fn a_cluster_can_be_gone_without_a_trace() {
    let simulator = world();
    let client = Client::admin(&simulator).await;
    client.deployed(paid("orders")).await;
    assert_eq!(client.delete(ORDERS).await.status, Some(204));
    client.cluster("orders").await.refusal(404);
    client.delete(ORDERS).await.refusal(404);
    client.deploy(paid("orders")).await.ok();
}

#[tokio::test(start_paused = true)]
async fn the_password_of_any_user_can_be_set() {
    let simulator = world();
    let name = simulator.seed(NewCluster::new("orders")).unwrap();
    simulator.set_password(&name, Some("guest"), "welcome".into()).unwrap();
    let server = Client::of_server(&simulator, &simulator.clusters()[0].addresses[0]);
    server.signed_in("guest", "welcome").await;
    simulator.set_password(&ClusterName::new("acme", "default", "nothing"), None, "x".into()).unwrap_err();
}

#[rstest]
#[case(json!({"seconds": 30}), false)]
#[case(json!({}), true)]
#[tokio::test(start_paused = true)]
async fn a_list_can_lag_behind(#[case] freeze: Value, #[case] until_cleared: bool) {
    let simulator = world();
    let client = Client::admin(&simulator).await;
    client.deploy(paid("orders")).await.ok();
    let then = client.get(CLUSTERS).await.ok();
    assert_eq!(client.post("/simulator/stale-list", freeze).await.status, Some(204));
    client.deploy(paid("sales")).await.ok();
    pass(29).await;
    assert_eq!(client.get(CLUSTERS).await.ok(), then);
    client.cluster("sales").await.ok();
    pass(1).await;
    let stale = client.get(CLUSTERS).await.ok() == then;
    assert_eq!(stale, until_cleared);
    client.delete("/simulator/stale-list").await;
    assert_eq!(client.get(CLUSTERS).await.ok().as_array().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn settings_are_changed_one_by_one() {
    let simulator = world();
    let client = Client::admin(&simulator).await;
    let change = json!({"speed": 240, "typedb": {"maxClustersPerSpace": 1, "unknowns": {"quotaStatus": 409}}});
    let settings = client.patch("/simulator/settings", change).await.ok();
    assert_eq!(settings["typedb"]["unknowns"]["quotaStatus"], 409);
    assert_eq!(settings["typedb"]["unknowns"]["paymentStatus"], 400);
    client.deploy(paid("orders")).await.ok();
    client.deploy(paid("sales")).await.refusal(409);
    pass(1).await;
    assert_eq!(client.cluster("orders").await.ok()["status"], "running");
    assert_eq!(
        client.patch("/simulator/settings", json!({"typedb": {"maxClustersPerSpace": null}})).await.status,
        Some(200)
    );
    client.deploy(paid("sales")).await.ok();

    for wrong in
        [json!({"sped": 2}), json!({"speed": 0}), json!({"typedb": {"unknowns": {"quotaStatus": "no"}}}), json!([])]
    {
        client.patch("/simulator/settings", wrong).await.refusal(400);
    }
    assert_eq!(simulator.settings().speed, Speed::try_from(240.0).unwrap());
}

#[tokio::test(start_paused = true)]
async fn the_state_tells_everything_but_secrets() {
    let simulator = world();
    let client = Client::admin(&simulator).await;
    client.deployed(paid("orders")).await;
    client.post("/simulator/faults", json!({"path": "/nowhere", "kind": "cut"})).await;
    let shown = client.get("/simulator/state").await;
    let state = shown.ok();
    assert_eq!(state["clusters"][0]["id"], "orders");
    assert_eq!(state["clusters"][0]["backupConfiguration"], json!({"frequency": "hourly", "retentionDays": 30}));
    assert_eq!(state["credentials"]["simulator-read"]["access"], "read");
    assert_eq!(state["faults"][0]["path"], "/nowhere");
    assert_eq!(state["settings"]["speed"], 1.0);
    assert_eq!(state["now"], "2026-11-22T12:04:00Z");
    assert!(!shown.text.contains("-secret") && !shown.text.contains("\"password\""), "{}", shown.text);
}
