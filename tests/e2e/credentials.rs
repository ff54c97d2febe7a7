//! Credentials roll over: one is withdrawn, and no manifest notices.

use http::Method;
use serde_json::{Value, json};

use crate::harness::{World, eventually, paid};

fn in_secrets(names: &[&str]) -> Value {
    let credentials: Vec<Value> = names.iter().map(|name| json!({"secretRef": {"name": name}})).collect();
    json!({"credentials": credentials})
}

/// Waits until the credentials stand so, in order.
async fn until_they_stand(world: &World, expected: &[&str]) {
    eventually("the credentials stand as they should", async || {
        let account = world.accounts().get("typedb").await.map_err(|error| error.to_string())?;
        let credentials = account.status.unwrap_or_default().credentials;
        let states: Vec<&str> = credentials.iter().map(|credential| credential.state.as_str()).collect();
        if states == expected { Ok(()) } else { Err(format!("{states:?}")) }
    })
    .await;
}

#[tokio::test]
async fn a_withdrawn_credential_is_replaced_within_the_call() {
    let mut world = World::without_operator("roll-over").await;
    world.start_operator();
    world.credentials("first", "simulator", "simulator-secret").await;
    world.credentials("second", "simulator-write", "simulator-write-secret").await;
    world.account("typedb", in_secrets(&["first", "second"])).await;
    until_they_stand(&world, &["InUse", "Standby"]).await;
    world.apply("orders", paid()).await;
    world.until_ready("orders").await;
    let before = world.cloud.log().await.len();

    world.cloud.credential("simulator", json!({"revoked": true})).await;
    world.apply("sales", paid()).await;
    world.until_ready("sales").await;
    until_they_stand(&world, &["Rejected", "InUse"]).await;
    // What was refused was asked again at once by the other, and answered.
    let log = world.cloud.log().await.split_off(before);
    let api: Vec<&Value> = log.iter().filter(|row| row["path"].as_str().unwrap().contains("/clusters")).collect();
    let refused: Vec<usize> = (0..api.len()).filter(|row| api[*row]["status"] == 401).collect();
    assert!(!refused.is_empty(), "the withdrawn token was never used");
    for row in refused {
        let again =
            api[row..].iter().find(|next| next["path"] == api[row]["path"] && next["clientId"] == "simulator-write");
        assert!(again.is_some_and(|next| next["status"] != 401), "{} was not asked again", api[row]);
    }
    let deploys: Vec<&Value> =
        api.iter().copied().filter(|row| row["path"].as_str().unwrap().ends_with("/deploy")).collect();
    assert_eq!(deploys.iter().filter(|row| row["status"] == 200).count(), 1, "{deploys:?}");

    world.cloud.credential("simulator", json!({"revoked": false})).await;
    until_they_stand(&world, &["InUse", "Standby"]).await;
    world.secrets().delete("first", &kube::api::DeleteParams::default()).await.unwrap();
    until_they_stand(&world, &["Missing", "InUse"]).await;
    world.edit("sales", json!({"spec": {"storageSizeGB": 50}})).await;
    world.until_ready("sales").await;
    // Whatever was said of the account and of the manifests, it was never that something is wrong with credentials.
    for write in world.proxy.writes() {
        let body = String::from_utf8_lossy(&write.body).into_owned();
        let told = ["CredentialsRejected", "CredentialsMissing", "WaitingForCredentials", "CredentialsInsufficient"];
        assert!(!told.iter().any(|reason| body.contains(reason)), "{} {body}", write.path);
    }
    let metrics = world.operator.as_ref().unwrap().until("/metrics", 200).await;
    for series in [
        "clusterwright_credentials{cloud=\"TypeDB Cloud\",account=\"roll-over/typedb\",secret=\"second\",state=\"InUse\"} 1",
        "clusterwright_credential_age_seconds{cloud=\"TypeDB Cloud\",account=\"roll-over/typedb\",secret=\"second\"}",
        "clusterwright_credential_idle_seconds{cloud=\"TypeDB Cloud\",account=\"roll-over/typedb\",secret=\"second\"}",
    ] {
        assert!(metrics.contains(series), "{series} is missing in {metrics}");
    }
    world.finish().await;
}

#[tokio::test]
async fn one_credential_reads_and_the_other_writes() {
    let mut world = World::without_operator("read-and-write").await;
    world.start_operator();
    world.credentials("reader", "simulator-read", "simulator-read-secret").await;
    world.credentials("writer", "simulator-write", "simulator-write-secret").await;
    world.account("typedb", in_secrets(&["reader", "writer"])).await;
    world.apply("orders", paid()).await;
    world.until_ready("orders").await;
    let deploys = world.cloud.requests(Method::POST, "/deploy").await;
    let asked: Vec<(&str, u64)> =
        deploys.iter().map(|row| (row["clientId"].as_str().unwrap(), row["status"].as_u64().unwrap())).collect();
    assert_eq!(asked, [("simulator-read", 403), ("simulator-write", 200)]);
    world.finish().await;
}
