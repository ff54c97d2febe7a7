//! Credentials, tokens, and what they allow.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use clusterwright::simulator::{Settings, Simulator, Speed, typedb};
use http::Method;
use http::header::{DATE, RETRY_AFTER};
use rstest::rstest;
use serde_json::{Value, json};

use crate::client::{CLUSTERS, Client, paid, pass, settings, world};

const SECOND: &str = "/api/v1/team/acme/spaces/second/clusters";

#[rstest]
#[case("simulator:simulator-secret", 200)]
#[case("simulator-read:simulator-read-secret", 200)]
#[case("simulator-write:simulator-write-secret", 200)]
#[case("simulator-second:simulator-second-secret", 200)]
#[case("simulator:wrong", 400)]
#[case("nobody:simulator-secret", 400)]
#[case("simulator", 400)]
#[tokio::test(start_paused = true)]
async fn a_pair_is_sent_as_it_is_and_a_wrong_one_is_a_bad_request(#[case] pair: &str, #[case] status: u16) {
    let answer = Client::stranger(&world()).basic(pair).await;
    assert_eq!(answer.status, Some(status), "{}", answer.text);
    if status == 400 {
        answer.refusal(400);
    }
}

#[rstest]
#[case(false, 400)]
#[case(true, 200)]
#[tokio::test(start_paused = true)]
async fn whether_base64_is_accepted_is_a_switch(#[case] accepted: bool, #[case] status: u16) {
    let simulator = world();
    simulator.configure(|settings| settings.typedb.unknowns.base64_basic = accepted);
    let stranger = Client::stranger(&simulator);
    let encoded = STANDARD.encode("simulator:simulator-secret");
    assert_eq!(stranger.basic(&encoded).await.status, Some(status));
    assert_eq!(stranger.basic("simulator:simulator-secret").await.status, Some(200));
}

#[tokio::test(start_paused = true)]
async fn a_token_tells_its_expiry_and_keeps_to_it_whatever_the_speed() {
    let speed = Speed::try_from(600.0).unwrap();
    let simulator = Simulator::new(Settings { speed, ..settings() });
    let stranger = Client::stranger(&simulator);
    let token = stranger.basic("simulator:simulator-secret").await.text;
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3600);
    let client = stranger.with_token(&token);
    pass(3599).await;
    client.get(CLUSTERS).await.ok();
    pass(1).await;
    assert!(client.get(CLUSTERS).await.refusal(401).contains("expired"));
}

#[tokio::test(start_paused = true)]
async fn an_opaque_token_works_as_long_as_it_was_told_to() {
    let typedb = typedb::Settings { opaque_tokens: true, token_life_seconds: 10, ..typedb::Settings::default() };
    let simulator = Simulator::new(Settings { typedb, ..settings() });
    let stranger = Client::stranger(&simulator);
    let token = stranger.basic("simulator:simulator-secret").await.text;
    assert!(!token.contains('.'));
    stranger.with_token(&token).get(CLUSTERS).await.ok();
    pass(10).await;
    stranger.with_token(&token).get(CLUSTERS).await.refusal(401);
}

#[tokio::test(start_paused = true)]
async fn without_a_valid_token_only_the_versions_are_shown() {
    let simulator = world();
    let stranger = Client::stranger(&simulator);
    for client in [stranger.clone(), stranger.with_token("made-up")] {
        client.get(CLUSTERS).await.refusal(401);
        client.deploy(json!({})).await.refusal(401);
        assert_eq!(client.get("/api/v1/cluster-versions").await.ok()["availableVersions"][0], "2.29.3");
    }
    simulator.configure(|settings| settings.typedb.unknowns.versions_need_token = true);
    stranger.get("/api/v1/cluster-versions").await.refusal(401);
    Client::of(&simulator, "simulator-read").await.get("/api/v1/cluster-versions").await.ok();
}

/// The operation and the least access level that it needs: 0 read, 1 write, 2 admin.
#[rstest]
#[case(Method::GET, "", 0)]
#[case(Method::GET, "/orders", 0)]
#[case(Method::POST, "/deploy", 1)]
#[case(Method::PATCH, "/orders", 1)]
#[case(Method::POST, "/orders/suspend", 1)]
#[case(Method::POST, "/orders/resume", 1)]
#[case(Method::POST, "/orders/clone", 1)]
#[case(Method::DELETE, "/orders", 2)]
#[tokio::test(start_paused = true)]
async fn every_operation_needs_its_access_level(#[case] method: Method, #[case] path: &str, #[case] needed: usize) {
    let simulator = world();
    Client::admin(&simulator).await.deployed(paid("orders")).await;
    for (level, client_id) in ["simulator-read", "simulator-write", "simulator"].into_iter().enumerate() {
        let client = Client::of(&simulator, client_id).await;
        let answer = client.send(method.clone(), &format!("{CLUSTERS}{path}"), Some(json!({}))).await;
        assert_eq!(answer.status == Some(403), level < needed, "{client_id}: {}", answer.text);
    }
}

#[rstest]
#[case(403)]
#[case(404)]
#[tokio::test(start_paused = true)]
async fn a_token_is_for_one_space(#[case] status: u16) {
    let simulator = world();
    simulator.configure(|settings| settings.typedb.unknowns.foreign_space_status = status.try_into().unwrap());
    let (first, second) = (Client::admin(&simulator).await, Client::of(&simulator, "simulator-second").await);
    first.deploy(paid("orders")).await.ok();
    second.post(&format!("{SECOND}/deploy"), paid("orders")).await.ok();
    assert_eq!(first.get(CLUSTERS).await.ok().as_array().unwrap().len(), 1);
    assert_eq!(second.get(SECOND).await.ok()[0]["spaceID"], "second");
    first.get(SECOND).await.refusal(status);
    second.cluster("orders").await.refusal(status);
}

#[tokio::test(start_paused = true)]
async fn a_credential_is_revoked_restored_and_changed() {
    let simulator = world();
    let (client, anyone) = (Client::admin(&simulator).await, Client::stranger(&simulator));
    let change = "/simulator/credentials/simulator";
    anyone.post(change, json!({"revoked": true})).await;
    client.get(CLUSTERS).await.refusal(401);
    anyone.basic("simulator:simulator-secret").await.refusal(400);

    anyone.post(change, json!({"revoked": false, "secret": "another", "access": "read"})).await;
    client.get(CLUSTERS).await.refusal(401);
    anyone.basic("simulator:simulator-secret").await.refusal(400);
    let token = anyone.basic("simulator:another").await.text;
    let client = anyone.with_token(&token);
    client.get(CLUSTERS).await.ok();
    client.deploy(paid("orders")).await.refusal(403);

    anyone.post(change, json!({"expireTokens": true})).await;
    client.get(CLUSTERS).await.refusal(401);
    assert_eq!(anyone.basic("simulator:another").await.status, Some(200));
    anyone.post("/simulator/credentials/nobody", json!({})).await.refusal(404);
}

#[tokio::test(start_paused = true)]
async fn above_a_rate_limit_the_rest_of_the_minute_is_refused() {
    let simulator = world();
    simulator.configure(|settings| settings.typedb.unknowns.requests_per_minute = Some(3));
    let client = Client::admin(&simulator).await;
    client.get(CLUSTERS).await.ok();
    pass(20).await;
    client.get(CLUSTERS).await.ok();
    let refused = client.get(CLUSTERS).await;
    refused.refusal(429);
    assert_eq!(refused.headers[RETRY_AFTER], "40");
    pass(40).await;
    client.get(CLUSTERS).await.ok();
}

#[tokio::test(start_paused = true)]
async fn every_answer_has_the_date_of_the_simulated_clock() {
    let simulator = world();
    pass(3600).await;
    for answer in
        [Client::stranger(&simulator).get(CLUSTERS).await, Client::admin(&simulator).await.get(CLUSTERS).await]
    {
        assert_eq!(answer.headers[DATE], "Sun, 22 Nov 2026 13:00:00 GMT");
    }
}

#[rstest]
#[case(Method::GET, "/api/v3/auth")]
#[case(Method::GET, "/api/v1/auth")]
#[case(Method::POST, "/api/v1/team/acme/spaces/default/clusters/orders")]
#[case(Method::PUT, "/api/v1/team/acme/spaces/default/clusters/orders")]
#[tokio::test(start_paused = true)]
async fn what_is_no_operation_does_not_exist(#[case] method: Method, #[case] path: &str) {
    Client::admin(&world()).await.send(method, path, None).await.refusal(404);
}
