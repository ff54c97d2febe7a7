//! Transfers of data.

use clusterwright::simulator::cratedb::NewCluster;
use http::Method;
use rstest::rstest;
use serde_json::{Value, json};

use super::client::{Client, ORGANIZATION, but, paid};
use crate::client::{pass, world};

fn import() -> Value {
    json!({"type": "url", "format": "json", "compression": "gzip", "destination": {"table": "ledger"},
           "url": {"url": "https://files.example.com/ledger.json.gz"}})
}

#[tokio::test(start_paused = true)]
async fn an_import_tells_its_progress_and_makes_a_table() {
    let simulator = world();
    let client = Client::admin(&simulator);
    let id = client.created(paid("orders")).await["id"].as_str().unwrap().to_owned();
    let jobs = format!("clusters/{id}/import-jobs/");
    let job = client.post(&jobs, import()).await.created();
    assert_eq!(
        (&job["status"], &job["url"], &job["compression"]),
        (&json!("REGISTERED"), &import()["url"], &json!("gzip"))
    );
    let own = format!("{jobs}{}/", job["id"].as_str().unwrap());
    pass(30).await;
    let halfway = client.get(&own).await.ok();
    assert_eq!((&halfway["status"], &halfway["progress"]["percent"]), (&json!("IN_PROGRESS"), &json!(50)));
    assert_eq!(halfway["progress"]["records"], 500);
    let files = client.get(&format!("{own}progress/?limit=1")).await.ok()["progress"]["files"].clone();
    assert_eq!((&files[0]["name"], &files[0]["records"]), (&json!("ledger"), &json!(500)));
    assert!(simulator.cratedb().clusters()[0].tables.is_empty());
    pass(30).await;
    let done = client.get(&jobs).await.ok()[0].clone();
    assert_eq!((&done["status"], &done["progress"]["message"]), (&json!("SUCCEEDED"), &json!("Import succeeded.")));
    assert_eq!(simulator.cratedb().clusters()[0].tables, ["ledger"]);
    client.delete(&own).await.empty(204);
    client.get(&own).await.refused(404);
}

#[tokio::test(start_paused = true)]
async fn an_export_ends_in_a_file() {
    let simulator = world();
    let client = Client::admin(&simulator);
    let new = NewCluster { tables: vec!["ledger".to_owned()], ..NewCluster::new("orders") };
    let id = simulator.cratedb().seed(new).unwrap();
    let jobs = format!("clusters/{id}/export-jobs/");
    let body = |table: &str| json!({"source": {"table": table}, "destination": {"format": "csv"}});
    client.post(&jobs, body("nothing")).await.refused(400);
    let job = client.post(&jobs, body("ledger")).await.created();
    let file = format!("organizations/{ORGANIZATION}/files/{}/", job["destination"]["file"]["id"].as_str().unwrap());
    client.get(&file).await.refused(404);
    pass(60).await;
    assert_eq!(client.get(&jobs).await.ok()[0]["status"], "SUCCEEDED");
    assert!(client.get(&file).await.ok()["download_url"].as_str().unwrap().ends_with("/ledger.csv"));
    let imports = format!("clusters/{id}/import-jobs/{}/", job["id"].as_str().unwrap());
    client.send(Method::GET, &format!("/api/v2/{imports}"), None).await.refused(404);
}

#[rstest]
#[case("/type", json!("telegraph"))]
#[case("/type", json!("s3"))]
#[case("/url", json!({}))]
#[case("/format", json!("xml"))]
#[case("/destination", json!({}))]
#[tokio::test(start_paused = true)]
async fn an_import_that_makes_no_sense_is_refused(#[case] pointer: &str, #[case] value: Value) {
    let client = Client::admin(&world());
    let id = client.created(paid("orders")).await["id"].as_str().unwrap().to_owned();
    let jobs = format!("clusters/{id}/import-jobs/");
    client.post(&jobs, but(import(), pointer, value)).await.refused(400);
    assert_eq!(client.get(&jobs).await.ok(), json!([]));
}
