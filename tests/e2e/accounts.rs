//! Accounts that cannot be used, clouds that answer nonsense, and the way back.

use http::Method;
use kube::api::{DeleteParams, PostParams};
use serde_json::{Value, json};

use crate::harness::{TlsFront, World, condition, eventually, meanwhile, paid, stands, with};

fn through(account: &str) -> Value {
    with(paid(), json!({"accountRef": {"name": account}}))
}

fn credentials(secret: &str, key: &str) -> Value {
    json!({"credentials": [{"secretRef": {"name": secret, "secretKey": key}}]})
}

fn endpoint(url: &str) -> Value {
    json!({"typedbCloud": {"team": "acme", "space": "default", "endpoint": url}})
}

#[tokio::test]
async fn what_an_account_lacks_is_told_and_waited_for() {
    let world = World::new("lacking").await;
    world.credentials("incomplete", "simulator", "simulator-secret").await;
    world.credentials("wrong", "simulator", "wrong-simulator-secret").await;
    world.account("no-secret", credentials("nothing", "secret")).await;
    world.account("no-key", credentials("incomplete", "token")).await;
    world.account("rejected", credentials("wrong", "secret")).await;
    let record = json!({"apiVersion": "v1", "kind": "Secret", "type": "clusterwright.dev/record",
        "metadata": {"name": "stolen"}, "stringData": {"id": "simulator", "secret": "simulator-secret"}});
    world.secrets().create(&PostParams::default(), &serde_json::from_value(record).unwrap()).await.unwrap();
    world.account("record", credentials("stolen", "secret")).await;
    for name in ["absent", "no-secret", "no-key", "rejected", "record"] {
        world.apply(name, through(name)).await;
    }
    let table = [
        ("absent", "WaitingForAccount", "There is no CloudAccount absent in this namespace. Apply it, or correct"),
        ("no-secret", "WaitingForCredentials", "Secret nothing is missing in namespace lacking. Apply it, or correct"),
        ("no-key", "WaitingForCredentials", "Secret incomplete has no key token. Add it, or correct the reference."),
        (
            "record",
            "WaitingForCredentials",
            "Secret stolen is one of the operator's own records, which no manifest may",
        ),
        ("rejected", "WaitingForCredentials", "The cloud rejects the credentials in Secret wrong: \"The client id or"),
    ];
    for (name, reason, words) in table {
        let message = world.until_stands(name, reason).await;
        assert!(message.contains(words), "{name}: {message}");
        assert!(condition(&world.cluster(name).await, "Reconciling").is_some(), "{name} is given some minutes");
    }
    world.until_account("no-secret", "CredentialsMissing").await;
    world.until_account("no-key", "CredentialsMissing").await;
    let message = world.until_account("rejected", "CredentialsRejected").await;
    assert!(message.contains("Put valid ones there"), "{message}");
    let exchanges = world.cloud.count(Method::POST, "/auth").await;
    meanwhile(4).await;
    let exchanges = world.cloud.count(Method::POST, "/auth").await - exchanges;
    assert!(exchanges <= 2, "{exchanges} exchanges of rejected credentials in four seconds");
    assert_eq!(world.cloud.effects().await, Vec::<String>::new());

    world.account("absent", json!({})).await;
    world.credentials("nothing", "simulator", "simulator-secret").await;
    world.account("no-key", credentials("incomplete", "secret")).await;
    world.credentials("wrong", "simulator", "simulator-secret").await;
    world.account("record", json!({})).await;
    for name in ["absent", "no-secret", "no-key", "rejected", "record"] {
        world.until_ready(name).await;
    }
    world.finish().await;
}

#[tokio::test]
async fn an_endpoint_that_cannot_be_used_is_told() {
    let mut world = World::without_operator("endpoints").await;
    let tls = TlsFront::before(&world.cloud.url).await;
    let tls_url = format!("https://{}", tls.address);
    // Nothing listens on the first port of a machine's loopback interface.
    let deaf = "http://127.0.0.1:1";
    let allowed = [world.cloud.url.as_str(), deaf, &tls_url].join(",");
    world.start_operator_with(&["--insecure-endpoints", "--allowed-endpoints", &allowed]);
    world.credentials("typedb-cloud", "simulator", "simulator-secret").await;
    let table = [
        ("foreign", "https://example.org", "EndpointNotAllowed", "flag --allowed-endpoints=https://example.org"),
        ("deaf", deaf, "CloudUnavailable", "http://127.0.0.1:1 cannot be asked: "),
        ("distrusted", &tls_url, "CloudUnavailable", "caBundle"),
    ];
    for (name, url, _, _) in table {
        world.account(name, endpoint(url)).await;
        world.apply(name, through(name)).await;
    }
    for (name, _, reason, words) in table {
        let message = world.until_account(name, reason).await;
        assert!(message.contains(words), "{name}: {message}");
        let message = world.until_stands(name, reason).await;
        assert!(message.contains(words), "{name}: {message}");
    }
    assert!(world.cloud.log().await.is_empty(), "no credentials went anywhere");

    world.secret("authority", &[("ca.crt", &tls.authority)]).await;
    let trusting = with(endpoint(&tls_url), json!({"caBundle": {"secretRef": {"name": "authority"}}}));
    world.account("distrusted", trusting).await;
    world.until_account("distrusted", "Connected").await;
    for name in ["foreign", "deaf"] {
        world.accounts().delete(name, &DeleteParams::default()).await.unwrap();
        world.account(name, json!({})).await;
        world.until_ready(name).await;
    }
    world.finish().await;
}

#[tokio::test]
async fn plain_http_needs_its_flag() {
    let mut world = World::without_operator("plain").await;
    world.start_operator_with(&["--allowed-endpoints", &world.cloud.url.clone()]);
    world.credentials("typedb-cloud", "simulator", "simulator-secret").await;
    world.account("typedb", json!({})).await;
    world.apply("orders", paid()).await;
    let words = "is not HTTPS; the operator's flag --insecure-endpoints would permit it.";
    for message in [
        world.until_account("typedb", "EndpointNotAllowed").await,
        world.until_stands("orders", "EndpointNotAllowed").await,
    ] {
        assert!(message.contains(words), "{message}");
    }
    assert!(world.cloud.log().await.is_empty(), "no credentials went anywhere");
    world.kill_operator().await;
    world.start_operator();
    world.until_ready("orders").await;
    world.finish().await;
}

#[tokio::test]
async fn a_database_outside_the_permitted_domains_is_not_spoken_to() {
    let mut world = World::without_operator("outside").await;
    // By this name the cloud is another host than its databases, whose addresses are 127.0.0.1.
    let by_name = world.cloud.url.replace("127.0.0.1", "localhost");
    world.start_operator_with(&["--insecure-endpoints", "--allowed-endpoints", &by_name]);
    world.credentials("typedb-cloud", "simulator", "simulator-secret").await;
    world.account("typedb", endpoint(&by_name)).await;
    world.apply("orders", paid()).await;
    let message = world.until_stands("orders", "EndpointNotAllowed").await;
    assert!(message.contains("127.0.0.1") && message.contains("--data-plane-domains"), "{message}");
    assert_eq!(world.cloud.count(Method::POST, "/v1/signin").await, 0, "no password went anywhere");
    assert!(world.secrets().get_opt("orders-typedb").await.unwrap().is_none(), "there is nothing to connect with");
    world.finish().await;
}

#[tokio::test]
async fn a_list_that_is_no_list_is_told_and_asked_for_again_with_patience() {
    let mut world = World::without_operator("nonsense").await;
    world.cloud.seed(json!({"id": "legacy"})).await;
    let page = "<html><body>Be right back</body></html>";
    let html = json!({"answer": {"status": 200, "body": page}});
    world.cloud.fault(json!({"method": "GET", "path": "*/clusters", "kind": html})).await;
    world.start_operator();
    world.credentials("typedb-cloud", "simulator", "simulator-secret").await;
    world.account("typedb", json!({})).await;
    world.apply("orders", paid()).await;
    let told = world.until_account("typedb", "CloudUnavailable").await;
    assert!(told.contains("cannot be asked") && told.contains("It is tried again by itself"), "{told}");
    world.until_stands("orders", "CloudUnavailable").await;
    let lists = world.cloud.count(Method::GET, "/clusters").await;
    meanwhile(6).await;
    let lists = world.cloud.count(Method::GET, "/clusters").await - lists;
    assert!(lists <= 3, "{lists} lists in six seconds");

    world.cloud.clear_faults().await;
    world.cloud.fault(json!({"method": "GET", "path": "*/clusters", "kind": "truncated"})).await;
    eventually("the account tells of the other trouble", async || {
        let now = world.until_account("typedb", "CloudUnavailable").await;
        if now == told { Err(now) } else { Ok(()) }
    })
    .await;
    assert_eq!(world.cloud.count(Method::POST, "/deploy").await, 0, "without a list nothing is created");
    world.cloud.clear_faults().await;
    world.until_ready("orders").await;
    world.finish().await;
}

#[tokio::test]
async fn a_create_that_is_answered_with_nonsense_is_found() {
    let world = World::new("nonsense-create").await;
    let html = json!({"answer": {"status": 200, "body": "<html></html>"}});
    let bad_gateway = json!({"answer": {"status": 502, "body": "<html></html>"}});
    let table = [("html", html), ("truncated", json!("truncated")), ("cut", json!("cut")), ("gateway", bad_gateway)];
    for (name, kind) in &table {
        let fault = json!({"method": "POST", "path": "*/deploy", "count": 1, "when": "afterEffect", "kind": kind});
        world.cloud.fault(fault).await;
        world.apply(name, paid()).await;
        eventually("its request was sent", async || {
            let deployed = format!("deployed acme/default/{name}");
            if world.cloud.effects().await.contains(&deployed) { Ok(()) } else { Err("it was not".to_owned()) }
        })
        .await;
    }
    for (name, _) in &table {
        world.until_ready(name).await;
    }
    assert_eq!(world.cloud.count(Method::POST, "/deploy").await, table.len(), "none was sent twice");
    world.finish().await;
}

#[tokio::test]
async fn unknown_words_and_fields_of_the_cloud_are_carried_through() {
    let world = World::new("unknown-words").await;
    world.cloud.seed(json!({"id": "odd", "status": "hibernating", "colour": "blue"})).await;
    world.apply("odd", json!({"accountRef": {"name": "typedb"}, "externalId": "odd"})).await;
    let manifest = world
        .until("odd", "is in transition", |manifest| {
            let message = stands(manifest, "Updating")?;
            if message.contains("cluster odd is hibernating") { Ok(manifest.clone()) } else { Err(message) }
        })
        .await;
    assert_eq!(condition(&manifest, "Available").unwrap().status, "False");
    assert_eq!(manifest.status.unwrap().common.cloud_status.as_deref(), Some("hibernating"));
    world.cloud.edit("odd", json!({"status": null})).await;
    world.until_ready("odd").await;
    world.finish().await;
}
