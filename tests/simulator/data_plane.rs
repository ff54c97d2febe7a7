//! The endpoint of one cluster: users, passwords, databases, and when nobody is let in.

use axum::body::Body;
use clusterwright::simulator::{Settings, Simulator, typedb};
use http::Request;
use rstest::rstest;
use serde_json::json;

use crate::client::{Client, but, paid, pass, world};

/// A running cluster and a client of its server.
async fn running(simulator: &Simulator) -> Client {
    let cluster = Client::admin(simulator).await.deployed(paid("orders")).await;
    Client::of_server(simulator, cluster["servers"][0]["address"].as_str().unwrap())
}

#[tokio::test(start_paused = true)]
async fn the_factory_password_is_changed_and_signs_everybody_out() {
    let server = running(&world()).await;
    server.sign_in("admin", "wrong").await.refusal(401);
    server.sign_in("nobody", "password").await.refusal(401);
    let admin = server.signed_in("admin", "password").await;
    assert_eq!(admin.get("/v1/users").await.ok(), json!({"users": [{"username": "admin"}]}));
    assert_eq!(admin.put("/v1/users/admin", json!({"password": "s3cret"})).await.status, Some(200));
    admin.get("/v1/users").await.refusal(401);
    server.sign_in("admin", "password").await.refusal(401);
    server.signed_in("admin", "s3cret").await.get("/v1/databases").await.ok();
}

#[tokio::test(start_paused = true)]
async fn users_and_databases_come_and_go() {
    let server = running(&world()).await;
    let admin = server.signed_in("admin", "password").await;
    assert_eq!(admin.post("/v1/users/reader", json!({"password": "r"})).await.status, Some(200));
    admin.post("/v1/users/reader", json!({"password": "r"})).await.refusal(400);
    admin.put("/v1/users/nobody", json!({"password": "r"})).await.refusal(404);
    let reader = server.signed_in("reader", "r").await;
    reader.get("/v1/users").await.refusal(403);
    reader.put("/v1/users/admin", json!({"password": "mine"})).await.refusal(403);
    assert_eq!(reader.get("/v1/users/reader").await.ok(), json!({"username": "reader"}));
    assert_eq!(reader.put("/v1/users/reader", json!({"password": "r2"})).await.status, Some(200));
    let reader = server.signed_in("reader", "r2").await;

    assert_eq!(reader.post("/v1/databases/ledger", json!({})).await.status, Some(200));
    reader.post("/v1/databases/ledger", json!({})).await.refusal(400);
    assert_eq!(reader.get("/v1/databases").await.ok(), json!({"databases": [{"name": "ledger"}]}));
    assert_eq!(reader.get("/v1/databases/ledger").await.ok(), json!({"name": "ledger"}));
    assert_eq!(reader.delete("/v1/databases/ledger").await.status, Some(200));
    reader.get("/v1/databases/ledger").await.refusal(404);

    assert_eq!(admin.delete("/v1/users/reader").await.status, Some(200));
    reader.get("/v1/databases").await.refusal(401);
    admin.delete("/v1/users/reader").await.refusal(404);
    admin.delete("/v1/users/admin").await.refusal(400);
}

#[tokio::test(start_paused = true)]
async fn without_a_token_only_health_and_version_are_shown() {
    let server = running(&world()).await;
    assert_eq!(server.get("/health").await.status, Some(204));
    assert_eq!(server.get("/v1/version").await.ok()["version"], "3.5.1");
    server.get("/v1/users").await.refusal(401);
    server.get("/v1/databases").await.refusal(401);
    server.put("/v1/users/admin", json!({"password": "x"})).await.refusal(401);
    server.get("/v1/nothing").await.refusal(404);
}

#[tokio::test(start_paused = true)]
async fn a_body_of_another_form_is_refused_without_being_repeated() {
    let server = running(&world()).await;
    let admin = server.signed_in("admin", "password").await;
    for body in [json!({"password": 7}), json!({"secret": "hunter2"}), json!({"password": "hunter2", "more": 1})] {
        assert!(!admin.put("/v1/users/admin", body).await.refusal(400).contains("hunter2"));
    }
    server.signed_in("admin", "password").await;
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_is_valid_for_four_hours() {
    let server = running(&world()).await.signed_in("admin", "password").await;
    pass(14_399).await;
    server.get("/v1/users").await.ok();
    pass(1).await;
    server.get("/v1/users").await.refusal(401);
}

#[rstest]
#[case(None)]
#[case(Some(503))]
#[tokio::test(start_paused = true)]
async fn nobody_is_let_in_while_it_does_not_run(#[case] status: Option<u16>) {
    let simulator = world();
    simulator.configure(|settings| {
        settings.typedb.unknowns.unready_endpoint_status = status.map(|status| status.try_into().unwrap());
    });
    let client = Client::admin(&simulator).await;
    let cluster = client.deploy(paid("orders")).await.ok();
    let server = Client::of_server(&simulator, cluster["servers"][0]["address"].as_str().unwrap());
    for (action, seconds) in [(None, 240), (Some("suspend"), 60), (Some("resume"), 120)] {
        if let Some(action) = action {
            client.act("orders", action).await.ok();
        }
        if action == Some("suspend") {
            assert_eq!(server.get("/health").await.status, Some(204), "it runs until it is suspended");
            pass(seconds).await;
            assert_eq!(server.get("/health").await.status, status);
        } else {
            assert_eq!(server.sign_in("admin", "password").await.status, status);
            pass(seconds).await;
            server.sign_in("admin", "password").await.ok();
        }
    }
    client.destroy("orders").await.ok();
    pass(60).await;
    server.sign_in("admin", "password").await.cut();
}

#[rstest]
#[case(true)]
#[case(false)]
#[tokio::test(start_paused = true)]
async fn whether_it_serves_during_a_change_is_a_switch(#[case] serves: bool) {
    let simulator = world();
    simulator.configure(|settings| settings.typedb.unknowns.serves_while_updating = serves);
    let server = running(&simulator).await;
    Client::admin(&simulator).await.update("orders", json!({"storageSizeGB": 30})).await.ok();
    assert_eq!(server.get("/health").await.status.is_some(), serves);
}

#[rstest]
#[case("2.29.3", Some(415), Some(415))]
#[case("3.1.0", Some(404), Some(404))]
#[case("3.1.0", None, None)]
#[case("3.4.4", Some(415), Some(204))]
#[tokio::test(start_paused = true)]
async fn versions_before_3_2_have_no_http_api(
    #[case] version: &str,
    #[case] answered: Option<u16>,
    #[case] status: Option<u16>,
) {
    let simulator = world();
    simulator.configure(|Settings { typedb: typedb::Settings { unknowns, .. }, .. }| {
        unknowns.missing_http_api_status = answered.map(|status| status.try_into().unwrap());
    });
    let body = but(paid("orders"), "version", json!(version));
    let cluster = Client::admin(&simulator).await.deployed(body).await;
    let server = Client::of_server(&simulator, cluster["servers"][0]["address"].as_str().unwrap());
    let answer = server.get("/health").await;
    assert_eq!((answer.status, answer.text.as_str()), (status, ""));
}

/// A URL without the port and a request without a host header mean the same server.
#[tokio::test(start_paused = true)]
async fn the_server_is_found_by_the_authority_of_the_request() {
    let simulator = world();
    let cluster = Client::admin(&simulator).await.deployed(paid("orders")).await;
    let address = cluster["servers"][0]["address"].as_str().unwrap();
    let host = address.strip_suffix(":80").unwrap();
    Client::of_server(&simulator, host).sign_in("admin", "password").await.ok();
    let request = Request::get(format!("http://{address}/v1/version")).body(Body::empty()).unwrap();
    Client::stranger(&simulator).carry(request).await.ok();
    Client::of_server(&simulator, "nobody-0.cluster.typedb.com:80").get("/health").await.cut();
}

#[tokio::test(start_paused = true)]
async fn two_clusters_have_nothing_in_common() {
    let simulator = world();
    let first = running(&simulator).await.signed_in("admin", "password").await;
    first.put("/v1/users/admin", json!({"password": "changed"})).await;
    let second = Client::admin(&simulator).await.deployed(paid("other")).await;
    let second = Client::of_server(&simulator, second["servers"][0]["address"].as_str().unwrap());
    second.signed_in("admin", "password").await.get("/v1/users").await.ok();
}
