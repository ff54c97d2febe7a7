//! What an update changes, and what it refuses.

use clusterwright::simulator::{Settings, typedb};
use rstest::rstest;
use serde_json::{Value, json};

use crate::client::{CLUSTERS, Client, but, free, paid, pass, world};

#[rstest]
#[case("storageSizeGB", json!(50))]
#[case("machineType", json!("c2d-highcpu-8"))]
#[case("version", json!("3.5.1"))]
#[tokio::test(start_paused = true)]
async fn a_change_takes_three_minutes(#[case] field: &str, #[case] value: Value) {
    let client = Client::admin(&world()).await;
    client.deployed(but(paid("orders"), "version", json!("3.4.4"))).await;
    let changing = client.update("orders", json!({field: value})).await.ok();
    assert_eq!(changing["status"], "updating");
    assert_eq!(changing["servers"][0]["status"], "running");
    client.update("orders", json!({"storageSizeGB": 60})).await.refusal(400);
    pass(179).await;
    assert_eq!(client.cluster("orders").await.ok()["status"], "updating");
    pass(1).await;
    let changed = client.cluster("orders").await.ok();
    assert_eq!((&changed["status"], &changed[field]), (&json!("running"), &value));
}

#[rstest]
#[case(true)]
#[case(false)]
#[tokio::test(start_paused = true)]
async fn how_a_change_shows_is_a_switch(#[case] at_once: bool) {
    let simulator = world();
    simulator.configure(|Settings { typedb: typedb::Settings { unknowns, .. }, .. }| {
        unknowns.update_shows_at_once = at_once;
        unknowns.updating_status = "running".to_owned();
    });
    let client = Client::admin(&simulator).await;
    client.deployed(paid("orders")).await;
    let changing = client.update("orders", json!({"storageSizeGB": 50})).await.ok();
    assert_eq!(changing["status"], "running");
    assert_eq!(changing["storageSizeGB"], if at_once { 50 } else { 20 });
    pass(180).await;
    assert_eq!(client.cluster("orders").await.ok()["storageSizeGB"], 50);
}

#[tokio::test(start_paused = true)]
async fn a_rename_takes_no_time_and_keeps_the_database() {
    let simulator = world();
    let client = Client::admin(&simulator).await;
    let before = client.deployed(paid("orders")).await;
    client.deploy(paid("taken")).await.ok();
    client.update("orders", json!({"id": "taken"})).await.refusal(409);
    let after = client.update("orders", json!({"id": "sales"})).await.ok();
    assert_eq!(after, but(before.clone(), "id", json!("sales")));
    client.cluster("orders").await.refusal(404);
    assert_eq!(client.cluster("sales").await.ok(), after);
    client.update("sales", json!({"id": "sales"})).await.ok();
}

#[tokio::test(start_paused = true)]
async fn backups_change_at_once_and_unseen() {
    let simulator = world();
    let client = Client::admin(&simulator).await;
    let before = client.deployed(paid("orders")).await;
    let after = client.update("orders", json!({"backupConfiguration": {"frequency": "disabled"}})).await.ok();
    assert_eq!(after, before);
    let backup = simulator.clusters()[0].backup_configuration.clone();
    assert_eq!((backup.frequency.as_str(), backup.retention_days), ("disabled", Some(30)));
}

#[tokio::test(start_paused = true)]
async fn what_is_so_already_starts_nothing() {
    let client = Client::admin(&world()).await;
    let before = client.deployed(paid("orders")).await;
    assert_eq!(client.update("orders", json!({"storageSizeGB": 20, "version": "3.5.1"})).await.ok(), before);
}

#[rstest]
#[case::nothing(json!({}), "at least one of")]
#[case::only_unknown(json!({"region": "us-east1"}), "at least one of")]
#[case::id(json!({"id": "A"}), "lowercase alphanumeric")]
#[case::shrink(json!({"storageSizeGB": 19}), "cannot be reduced")]
#[case::storage(json!({"storageSizeGB": 2000}), "from 10 to 1000")]
#[case::machine(json!({"machineType": "huge"}), "Available: c2d-highcpu-2")]
#[case::version(json!({"version": "9.0.0"}), "Available: 2.29.3")]
#[case::downgrade(json!({"version": "3.1.0"}), "cannot go down")]
#[case::backup(json!({"backupConfiguration": {"retentionDays": 8}}), "must be 7 or 30")]
#[tokio::test(start_paused = true)]
async fn a_wrong_update_changes_nothing(#[case] body: Value, #[case] message: &str) {
    let client = Client::admin(&world()).await;
    let before = client.deployed(paid("orders")).await;
    let refusal = client.update("orders", body).await.refusal(400);
    assert!(refusal.contains(message), "{refusal}");
    assert_eq!(client.cluster("orders").await.ok(), before);
}

#[tokio::test(start_paused = true)]
async fn shrinking_and_downgrading_may_be_allowed() {
    let simulator = world();
    simulator.configure(|Settings { typedb: typedb::Settings { unknowns, .. }, .. }| {
        (unknowns.storage_may_shrink, unknowns.version_may_go_down) = (true, true);
    });
    let client = Client::admin(&simulator).await;
    client.deployed(paid("orders")).await;
    let smaller = client.update("orders", json!({"storageSizeGB": 10, "version": "3.1.0"})).await.ok();
    assert_eq!((&smaller["storageSizeGB"], &smaller["version"]), (&json!(10), &json!("3.1.0")));
}

#[tokio::test(start_paused = true)]
async fn several_servers_do_not_reach_version_3() {
    let client = Client::admin(&world()).await;
    let body = but(but(paid("orders"), "version", json!("2.29.3")), "serverCount", json!(3));
    client.deployed(body).await;
    assert!(client.update("orders", json!({"version": "3.5.1"})).await.refusal(400).contains("only have one server"));
}

#[tokio::test(start_paused = true)]
async fn of_a_free_cluster_only_the_id_changes_without_a_payment_method() {
    let simulator = world();
    simulator.configure(|settings| settings.typedb.payment_method = false);
    let client = Client::admin(&simulator).await;
    client.deployed(free("trial")).await;
    client.update("trial", json!({"id": "test"})).await.ok();
    assert!(client.update("test", json!({"storageSizeGB": 20})).await.refusal(400).contains("payment method"));
    simulator.configure(|settings| settings.typedb.payment_method = true);
    assert_eq!(client.update("test", json!({"storageSizeGB": 20})).await.ok()["isFree"], false);
    client.post(&format!("{CLUSTERS}/deploy"), free("another")).await.ok();
}
