//! The states that a cluster goes through, and how long each takes.

use serde_json::{Value, json};

use crate::client::{Client, paid, pass, world};

/// Status of the cluster, and of its servers.
async fn seen(client: &Client, id: &str) -> (String, Vec<Value>) {
    let cluster = client.cluster(id).await.ok();
    let servers = cluster["servers"].as_array().unwrap().iter().map(|server| server["status"].clone()).collect();
    (cluster["status"].as_str().unwrap().to_owned(), servers)
}

#[tokio::test(start_paused = true)]
async fn a_deploy_takes_four_minutes() {
    let client = Client::admin(&world()).await;
    let cluster = client.deploy(paid("orders")).await.ok();
    assert_eq!(cluster["status"], "starting");
    assert_eq!(cluster["createdAt"], 1_795_348_800_000_i64);
    assert_eq!(cluster["teamID"], "acme");
    assert_eq!(cluster["spaceID"], "default");
    assert!(cluster.get("backupConfiguration").is_none(), "it is write-only");
    assert!(cluster.get("message").is_none(), "official scripts take that for an error");
    let address = cluster["servers"][0]["address"].as_str().unwrap();
    assert!(address.ends_with("-0.cluster.typedb.com:80"), "{address}");
    pass(239).await;
    assert_eq!(seen(&client, "orders").await, ("starting".to_owned(), vec![json!("pending")]));
    pass(1).await;
    assert_eq!(seen(&client, "orders").await, ("running".to_owned(), vec![json!("running")]));
}
