//! Backups and restores.

use clusterwright::simulator::cratedb::NewCluster;
use serde_json::{Value, json};

use super::client::{Client, paid};
use crate::client::{pass, world};

const HOUR: u64 = 60 * 60;

fn with_tables(name: &str, tables: &[&str]) -> NewCluster {
    let tables = tables.iter().map(|&table| table.to_owned()).collect();
    NewCluster { tables, ..NewCluster::new(name) }
}

#[tokio::test(start_paused = true)]
async fn backups_are_hourly_newest_first_and_kept_for_two_weeks() {
    let simulator = world();
    let client = Client::admin(&simulator);
    let id = simulator.cratedb().seed(with_tables("orders", &["ledger"])).unwrap();
    let path = format!("clusters/{id}/snapshots/");
    assert_eq!(client.get(&path).await.ok(), json!([]));
    pass(3 * HOUR).await;
    let listed = client.get(&path).await.ok();
    let taken: Vec<&str> =
        listed.as_array().unwrap().iter().map(|snapshot| snapshot["snapshot"].as_str().unwrap()).collect();
    assert_eq!(taken, ["20261122145500", "20261122135500", "20261122125500"]);
    assert_eq!((&listed[0]["tables"], &listed[0]["created"]), (&json!(["ledger"]), &json!("2026-11-22T14:55:00Z")));
    let since = client.get(&format!("{path}?start=2026-11-22T14:00:00Z")).await.ok();
    assert_eq!(since.as_array().unwrap().len(), 1);
    pass(30 * 24 * HOUR).await;
    assert_eq!(client.get(&path).await.ok().as_array().unwrap().len(), 14 * 24);
}

#[tokio::test(start_paused = true)]
async fn tables_are_restored_where_they_do_not_exist() {
    let simulator = world();
    let client = Client::admin(&simulator);
    let source = simulator.cratedb().seed(with_tables("orders", &["ledger", "prices"])).unwrap();
    let target = simulator.cratedb().seed(with_tables("copy", &["prices"])).unwrap();
    pass(HOUR).await;
    let snapshot = client.get(&format!("clusters/{source}/snapshots/")).await.ok()[0].clone();
    let path = format!("clusters/{target}/snapshots/restore/");
    let body = |kind: &str, tables: Value| {
        json!({"repository": snapshot["repository"], "snapshot": snapshot["snapshot"], "source_cluster_id": source,
               "type": kind, "tables": tables})
    };
    assert!(client.post(&path, body("all", json!(null))).await.refused(400).contains("'prices' exists"));
    client.post(&path, body("tables", json!(["nothing"]))).await.refused(400);
    client.post(&path, body("pieces", json!(null))).await.refused(400);
    client.post(&path, json!({"repository": "r", "snapshot": "s"})).await.refused(400);
    assert_eq!(client.post(&path, body("tables", json!(["ledger"]))).await.ok(), snapshot);
    client.post(&path, body("metadata", json!(null))).await.refused(400);
    pass(300).await;
    assert_eq!(simulator.cratedb().clusters()[1].tables, ["ledger", "prices"]);
    let progress = client.progress(target.as_str()).await;
    assert_eq!(progress.1, "The snapshot has been restored successfully.");
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_of_another_region_or_organization_is_out_of_reach() {
    let simulator = world();
    let client = Client::admin(&simulator);
    let source = simulator.cratedb().seed(with_tables("orders", &["ledger"])).unwrap();
    let target = client.created(paid("copy")).await["id"].as_str().unwrap().to_owned();
    pass(HOUR).await;
    let snapshot = client.get(&format!("clusters/{source}/snapshots/")).await.ok()[0].clone();
    let body =
        json!({"repository": snapshot["repository"], "snapshot": snapshot["snapshot"], "source_cluster_id": source});
    let refused = client.post(&format!("clusters/{target}/snapshots/restore/"), body).await.refused(400);
    assert!(refused.contains("region"), "{refused}");
}
