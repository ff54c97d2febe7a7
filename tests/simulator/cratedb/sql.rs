//! The database's own endpoint.

use clusterwright::simulator::cratedb::NewCluster;
use http::Method;
use rstest::rstest;
use serde_json::{Value, json};

use super::client::{Client, GIB, PASSWORD, paid};
use crate::client::{pass, world};

#[tokio::test(start_paused = true)]
async fn a_health_check_gets_its_answers() {
    let simulator = world();
    let client = Client::admin(&simulator);
    let cluster = client.created(paid("orders")).await;
    let database = Client::of_database(&simulator, &cluster, PASSWORD);
    let one = database.sql("SELECT 1").await.ok();
    assert_eq!((&one["cols"], &one["rows"], &one["rowcount"]), (&json!(["1"]), &json!([[1]]), &json!(1)));
    let disks = "SELECT name, fs['total']['size'], fs['total']['used'] FROM sys.nodes;";
    let path = format!("cratedb/clusters/{}/disk", cluster["id"].as_str().unwrap());
    client.control(Method::POST, &path, json!({"usedBytesPerNode": 50 * GIB, "shards": 12})).await.empty(204);
    let rows = database.sql(disks).await.ok()["rows"].clone();
    assert_eq!(rows, json!([["data-hot-0", 64 * GIB, 50 * GIB], ["data-hot-1", 64 * GIB, 50 * GIB]]));
    assert_eq!(database.sql("select count(*)\n  from sys.shards").await.ok()["rows"], json!([[12]]));
    assert_eq!(database.sql("SELECT count(*) FROM sys.nodes").await.ok()["rows"], json!([[2]]));
    let banner = database.send(Method::GET, "/", None).await.ok();
    assert_eq!((&banner["ok"], &banner["version"]["number"]), (&json!(true), &json!("5.8.3")));
}

#[rstest]
#[case(json!({"stmt": "DROP TABLE ledger"}))]
#[case(json!({"statement": "SELECT 1"}))]
#[case(json!([]))]
#[tokio::test(start_paused = true)]
async fn other_statements_fail_as_the_database_says_it(#[case] body: Value) {
    let simulator = world();
    let cluster = Client::admin(&simulator).created(paid("orders")).await;
    let database = Client::of_database(&simulator, &cluster, PASSWORD);
    let answer = database.send(Method::POST, "/_sql", Some(body)).await;
    assert_eq!((answer.status, &answer.json()["error"]["code"]), (Some(400), &json!(4000)));
    assert!(answer.json()["error"]["message"].as_str().unwrap().starts_with("SQLParseException["));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_told() {
    let simulator = world();
    let cluster = Client::admin(&simulator).created(paid("orders")).await;
    let wrong = Client::of_database(&simulator, &cluster, "wrong").sql("SELECT 1").await;
    assert_eq!(wrong.status, Some(401));
    assert_eq!(wrong.text, "password authentication failed for user \"admin\"");
    let stranger =
        Client::of_database(&simulator, &cluster, PASSWORD).with_pair("crate", PASSWORD).sql("SELECT 1").await;
    assert_eq!(stranger.status, Some(401), "the password is one user's");
    assert!(wrong.headers["www-authenticate"].to_str().unwrap().starts_with("Basic"));
    let requests = simulator.requests();
    let row = requests.log.back().unwrap();
    assert_eq!((row.path.as_str(), row.client_id.as_deref()), ("/_sql", None));
    assert_eq!(requests.counts["data-plane POST /_sql"], 2);
}

#[rstest]
#[case(None)]
#[case(Some(503))]
#[tokio::test(start_paused = true)]
async fn a_cluster_that_does_not_run_lets_nobody_in(#[case] status: Option<u16>) {
    let simulator = world();
    simulator.configure(|settings| {
        settings.cratedb.unknowns.unready_endpoint_status = status.map(|status| status.try_into().unwrap());
    });
    let client = Client::admin(&simulator);
    let cluster = client.create(paid("orders")).await.created();
    let id = cluster["id"].as_str().unwrap();
    let database = Client::of_database(&simulator, &cluster, PASSWORD);
    assert_eq!(database.sql("SELECT 1").await.status, status);
    pass(300).await;
    database.sql("SELECT 1").await.ok();
    client.change(id, "suspend", json!({"suspended": true})).await.ok();
    assert_eq!(database.sql("SELECT 1").await.status, status);
    pass(60).await;
    assert_eq!(database.sql("SELECT 1").await.status, status);
    client.change(id, "suspend", json!({"suspended": false})).await.ok();
    pass(180).await;
    database.sql("SELECT 1").await.ok();
    client.delete(&format!("clusters/{id}/")).await.empty(204);
    database.sql("SELECT 1").await.cut();
}

#[rstest]
#[case(true)]
#[case(false)]
#[tokio::test(start_paused = true)]
async fn whether_a_database_serves_while_it_changes_is_a_switch(#[case] serves: bool) {
    let simulator = world();
    simulator.configure(|settings| settings.cratedb.unknowns.serves_while_changing = serves);
    let client = Client::admin(&simulator);
    let cluster = client.created(paid("orders")).await;
    client.change(cluster["id"].as_str().unwrap(), "scale", json!({"product_unit": 2})).await.ok();
    let answer = Client::of_database(&simulator, &cluster, PASSWORD).sql("SELECT 1").await;
    assert_eq!(answer.status, serves.then_some(200));
}

#[rstest]
#[case(json!([]), true)]
#[case(json!([{"cidr": "0.0.0.0/0"}]), true)]
#[case(json!([{"cidr": "192.0.2.0/24"}, {"cidr": "127.0.0.0/8"}]), true)]
#[case(json!([{"cidr": "192.0.2.0/24"}]), false)]
#[tokio::test(start_paused = true)]
async fn an_allow_list_is_applied_on_demand(#[case] networks: Value, #[case] welcome: bool) {
    let simulator = world();
    let client = Client::admin(&simulator);
    let id = simulator.cratedb().seed(NewCluster {
        password: Some(PASSWORD.into()),
        fields: json!({"ip_whitelist": networks}).as_object().unwrap().clone(),
        ..NewCluster::new("orders")
    });
    let cluster = client.cluster(id.unwrap().as_str()).await.ok();
    let database = Client::of_database(&simulator, &cluster, PASSWORD);
    database.sql("SELECT 1").await.ok();
    client.control(Method::PATCH, "settings", json!({"cratedb": {"enforceAllowList": true}})).await.ok();
    assert_eq!(database.sql("SELECT 1").await.status, welcome.then_some(200));
}
