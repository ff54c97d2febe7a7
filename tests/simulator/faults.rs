//! Faults on demand, and the record of what was asked.

use std::time::Duration;

use clusterwright::simulator::{Fault, FaultKind, Plane, Status};
use http::Method;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use serde_json::json;
use tokio::time::{Instant, timeout};

use crate::client::{CLUSTERS, Client, paid, pass, world};

const DEPLOY: &str = "/api/v1/team/acme/spaces/default/clusters/deploy";

fn latency(seconds: u64) -> FaultKind {
    FaultKind::Latency { millis: seconds * 1000 }
}

#[tokio::test(start_paused = true)]
async fn a_status_strikes_as_often_as_asked_and_has_no_effect() {
    let simulator = world();
    let client = Client::admin(&simulator).await;
    let fault = json!({"method": "POST", "path": "*/deploy", "count": 2,
                       "kind": {"answer": {"status": 503, "retryAfter": 7}}});
    assert_eq!(client.post("/simulator/faults", fault).await.status, Some(204));
    for _ in 0..2 {
        let answer = client.deploy(paid("orders")).await;
        answer.refusal(503);
        assert_eq!(answer.headers[RETRY_AFTER], "7");
    }
    assert!(simulator.clusters().is_empty());
    client.get(CLUSTERS).await.ok();
    client.deploy(paid("orders")).await.ok();
}

#[tokio::test(start_paused = true)]
async fn a_status_after_the_effect_hides_a_success() {
    let simulator = world();
    let client = Client::admin(&simulator).await;
    let kind = FaultKind::status(Status::try_from(500).unwrap());
    simulator.fault(Fault::new(DEPLOY, kind).times(1).after_effect());
    client.deploy(paid("orders")).await.refusal(500);
    client.cluster("orders").await.ok();
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_cut_before_or_after_the_effect() {
    let simulator = world();
    let client = Client::admin(&simulator).await;
    simulator.fault(Fault::new(DEPLOY, FaultKind::Cut).times(1));
    client.deploy(paid("orders")).await.cut();
    assert!(simulator.clusters().is_empty());
    simulator.fault(Fault::new(DEPLOY, FaultKind::Cut).times(1).after_effect());
    client.deploy(paid("orders")).await.cut();
    assert_eq!(simulator.clusters().len(), 1);

    let log = simulator.requests().log;
    let cuts: Vec<_> = log.iter().filter(|row| row.cut).map(|row| (row.status, row.effect.is_some())).collect();
    assert_eq!(cuts, [(None, false), (None, true)]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_may_be_something_else_than_json_or_half_of_it() {
    let simulator = world();
    let client = Client::admin(&simulator).await;
    let body = Some("<html>maintenance</html>".to_owned());
    let html = FaultKind::Answer { status: 200.try_into().unwrap(), retry_after: None, body, content_type: None };
    simulator.fault(Fault::new("*", html).times(1));
    let answer = client.get(CLUSTERS).await;
    assert_eq!((answer.status, answer.text.as_str()), (Some(200), "<html>maintenance</html>"));
    assert_eq!(answer.headers[CONTENT_TYPE], "text/html");

    simulator.fault(Fault::new("*", FaultKind::Truncated).times(1));
    let whole = client.deploy(paid("orders")).await;
    assert_eq!(whole.status, Some(200));
    assert!(whole.text.starts_with('{') && serde_json::from_str::<serde_json::Value>(&whole.text).is_err());
    client.cluster("orders").await.ok();
}

#[tokio::test(start_paused = true)]
async fn latency_delays_the_effect_or_the_answer() {
    let simulator = world();
    let client = Client::admin(&simulator).await;
    simulator.fault(Fault::new(DEPLOY, latency(10)).times(1));
    simulator.fault(Fault::new(DEPLOY, latency(5)).times(1).after_effect());
    let began = Instant::now();
    let created = client.deploy(paid("orders")).await.ok()["createdAt"].as_i64().unwrap();
    assert_eq!(began.elapsed().as_secs(), 15);
    assert_eq!(created, 1_795_348_800_000 + 10_000, "the effect came after the first delay");
}

#[tokio::test(start_paused = true)]
async fn an_effect_comes_although_the_client_has_given_up() {
    let simulator = world();
    let client = Client::admin(&simulator).await;
    simulator.fault(Fault::new(DEPLOY, latency(60)));
    timeout(Duration::from_secs(10), client.deploy(paid("orders"))).await.unwrap_err();
    client.cluster("orders").await.refusal(404);
    tokio::time::sleep(Duration::from_secs(51)).await;
    client.cluster("orders").await.ok();
}

#[tokio::test(start_paused = true)]
async fn faults_reach_the_servers_of_clusters_and_can_be_cleared() {
    let simulator = world();
    let client = Client::admin(&simulator).await;
    let address = client.deployed(paid("orders")).await["servers"][0]["address"].as_str().unwrap().to_owned();
    let server = Client::of_server(&simulator, &address);
    let fault = json!({"path": "/v1/*", "address": address, "kind": "cut"});
    client.post("/simulator/faults", fault).await;
    server.sign_in("admin", "password").await.cut();
    client.get(CLUSTERS).await.ok();
    client.delete("/simulator/faults").await;
    server.sign_in("admin", "password").await.ok();
}

#[tokio::test(start_paused = true)]
async fn a_fault_that_is_not_understood_is_refused() {
    let client = Client::stranger(&world());
    for fault in [json!({}), json!({"kind": "explode"}), json!({"kind": {"answer": {"status": 99}}})] {
        let answer = client.post("/simulator/faults", fault).await;
        answer.refusal(400);
    }
}

#[tokio::test(start_paused = true)]
async fn requests_are_counted_and_logged_without_secrets() {
    let simulator = world();
    let client = Client::admin(&simulator).await;
    let cluster = client.deployed(paid("orders")).await;
    client.deploy(paid("orders")).await.refusal(409);
    let address = cluster["servers"][0]["address"].as_str().unwrap();
    let admin = Client::of_server(&simulator, address).signed_in("admin", "password").await;
    admin.put("/v1/users/admin", json!({"password": "s3cret-value"})).await;
    client.update("orders", json!({"id": "sales", "storageSizeGB": 40})).await.ok();

    let shown = client.get("/simulator/requests").await;
    let requests = shown.ok();
    assert_eq!(requests["counts"][format!("POST {DEPLOY}")], 2);
    assert_eq!(requests["counts"]["POST /api/v1/auth"], 1);
    assert_eq!(requests["counts"]["data-plane POST /v1/signin"], 1);
    assert!(!shown.text.contains("/simulator"), "requests to the simulator itself are not among them");
    for secret in ["simulator-secret", "s3cret-value", "eyJ"] {
        assert!(!shown.text.contains(secret), "{secret}");
    }

    let requests = simulator.requests();
    assert_eq!(requests.count(&Method::POST, DEPLOY), 2);
    let effects: Vec<_> = requests.log.iter().filter_map(|row| row.effect.clone()).collect();
    let told: Vec<_> = effects.iter().map(|effect| (effect.action, effect.cluster.as_str())).collect();
    let expected = [
        ("deployed", "acme/default/orders"),
        ("passwordSet", "acme/default/orders"),
        ("updated", "acme/default/sales"),
    ];
    assert_eq!(told, expected);
    assert!(effects.iter().all(|effect| effect.created_at == cluster["createdAt"]));
    assert_eq!(effects[2].fields, ["id", "storageSizeGB"]);
    let refused = requests.log.iter().find(|row| row.status == Some(409)).unwrap();
    assert_eq!((refused.client_id.as_deref(), refused.plane), (Some("simulator"), Plane::Cloud));
    let signed_in = requests.log.iter().find(|row| row.path == "/v1/signin").unwrap();
    assert_eq!((signed_in.address.as_deref(), signed_in.plane), (Some(address), Plane::Data));

    client.delete("/simulator/requests").await;
    assert!(simulator.requests().counts.is_empty() && simulator.requests().log.is_empty());
    pass(1).await;
    client.get(CLUSTERS).await.ok();
    assert_eq!(simulator.requests().log.len(), 1);
}
