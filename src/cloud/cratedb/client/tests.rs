use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Response;
use http::header::{DATE, LOCATION, RETRY_AFTER};
use rstest::rstest;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::Client;
use crate::api::identity::{ClusterId, Endpoint};
use crate::cloud::budget::{Budget, Permit, Priority};
use crate::cloud::call::{Answer, WRITE_DEADLINE};
use crate::cloud::cratedb::change::Restoration;
use crate::cloud::cratedb::wire::{AllowedCidr, Cluster, ClusterProvision};
use crate::cloud::credential::Credential;
use crate::cloud::error::CloudError;
use crate::cloud::observer::Observer;
use crate::cloud::test_support::{Outcome, Scripted, html, json as said_in_json, with_header};
use crate::cloud::transport::SendError;

const ORGANIZATION: &str = "/api/v2/organizations/org-1";
const PASSWORD: &str = "a password of 24 letters";

fn endpoint() -> Endpoint {
    Endpoint::new("https://console.cratedb.cloud/")
}

fn key(id: &str) -> Credential {
    Credential::new(id, &SecretString::from("key-secret"))
}

fn client_on(transport: &Scripted, budget: Budget) -> Client {
    Client::new(Arc::new(transport.clone()), budget, key("key-id"), endpoint(), "org-1")
}

fn client(transport: &Scripted) -> Client {
    client_on(transport, Budget::spawn(6000))
}

async fn permit() -> Permit {
    Budget::spawn(60).acquire(Priority::Edit).await.unwrap()
}

fn id() -> ClusterId {
    ClusterId::new("0c63c7de")
}

fn password() -> SecretString {
    SecretString::from(PASSWORD)
}

fn cluster() -> Value {
    json!({ "id": "0c63c7de", "name": "analytics", "dc": { "created": "2024-09-27T08:00:00+00:00" } })
}

fn project() -> Value {
    json!({ "id": "p-1", "name": "p", "organization_id": "org-1" })
}

fn said(status: u16, body: &Value) -> Response<Bytes> {
    said_in_json(status, &body.to_string())
}

/// An error in the cloud's own form.
fn refused(status: u16, message: &str) -> Response<Bytes> {
    said(status, &json!({ "message": message, "success": false }))
}

fn bare(status: u16) -> Response<Bytes> {
    Response::builder().status(status).body(Bytes::new()).unwrap()
}

fn provision() -> ClusterProvision<()> {
    serde_json::from_value(json!({
        "cluster": {
            "name": "analytics", "crate_version": "5.8.3", "channel": "stable", "product_name": "cr1",
            "product_tier": "default", "product_unit": 0, "username": "admin", "password": null,
            "hardware_specs": { "disk_size_per_node_bytes": 34_359_738_368_i64 }
        },
        "subscription_id": "s-1",
        "project_id": "p-1"
    }))
    .unwrap()
}

async fn get(client: &Client) -> Result<Answer<Cluster>, CloudError> {
    client.get(&id(), Priority::Edit).await
}

async fn suspend(client: &Client) -> Result<Answer<Cluster>, CloudError> {
    client.set_suspended(permit().await, &id(), true).await
}

async fn create(client: &Client) -> Result<Answer<Cluster>, CloudError> {
    client.create(permit().await, &provision(), &password()).await
}

#[tokio::test(start_paused = true)]
async fn reads_are_made_as_documented() {
    let transport = Scripted::sequence([
        Ok(with_header(said(200, &json!([cluster()])), DATE, "Fri, 27 Sep 2024 08:00:00 GMT")),
        Ok(said(200, &cluster())),
        Ok(said(200, &json!({ "operations": [] }))),
        Ok(said(200, &json!({ "uid": "u-1", "email": "someone@example.com" }))),
        Ok(said(200, &json!({ "id": "org-1", "name": "Acme", "plan_type": 3 }))),
        Ok(said(200, &json!([project()]))),
        Ok(said(200, &json!([{ "id": "s-1", "active": true }]))),
        Ok(said(200, &json!([{ "name": "cr1", "tier": "default" }]))),
        Ok(said(200, &json!([{ "name": "aks1.westeurope.azure" }]))),
        Ok(said(200, &json!({ "crate_versions": { "stable": { "version": "5.8.3" } } }))),
        Ok(said(200, &json!([{ "code": "clusters", "current_value": 1, "quota": 5 }]))),
        Ok(said(200, &json!({ "remaining_budget_per_month": 12.5 }))),
        Ok(said(200, &json!({ "crate_versions": { "stable": [{ "version": "5.9.0" }] } }))),
        Ok(said(200, &json!([{ "repository": "r", "snapshot": "20261122125500", "tables": null }]))),
        Ok(said(200, &json!({ "total_price": { "price_per_hour": 0.25, "price_per_month": 182.5 } }))),
    ]);
    let (client, poll) = (client(&transport), Priority::Poll);
    let list = client.list(poll).await.unwrap();
    assert_eq!((list.value[0].id.clone(), list.date), (id(), Some("2024-09-27T08:00:00Z".parse().unwrap())));
    assert_eq!(get(&client).await.unwrap().value.name, "analytics");
    assert_eq!(client.operations(&id(), poll).await.unwrap().value.operations, []);
    assert_eq!(client.me(poll).await.unwrap().value.uid.as_deref(), Some("u-1"));
    assert_eq!(client.organization(poll).await.unwrap().value.name, "Acme");
    assert_eq!(client.projects(poll).await.unwrap().value[0].id, "p-1");
    assert_eq!(client.subscriptions(poll).await.unwrap().value[0].active, Some(true));
    assert_eq!(client.products(poll).await.unwrap().value[0].name, "cr1");
    assert_eq!(client.regions(poll).await.unwrap().value[0].name, "aks1.westeurope.azure");
    assert_eq!(client.versions(poll).await.unwrap().value.crate_versions.stable.read[0].version, "5.8.3");
    assert_eq!(client.quotas(poll).await.unwrap().value[0].quota, Some(5.0));
    assert_eq!(client.remaining_budget(poll).await.unwrap().value.remaining_budget_per_month, Some(12.5));
    assert_eq!(client.upgrades(&id(), poll).await.unwrap().value.crate_versions.stable.read[0].version, "5.9.0");
    assert_eq!(client.snapshots(&id(), poll).await.unwrap().value[0].snapshot, "20261122125500");
    let sort = [("product_name", "cr1 & more".to_owned()), ("product_unit", "0".to_owned())];
    let price = client.price(&sort, poll).await.unwrap().value.total_price.price_per_hour;
    assert!((price - 0.25).abs() < 1e-9);
    let paths = [
        &format!("{ORGANIZATION}/clusters/"),
        "/api/v2/clusters/0c63c7de/",
        "/api/v2/clusters/0c63c7de/operations/",
        "/api/v2/users/me/",
        &format!("{ORGANIZATION}/"),
        &format!("{ORGANIZATION}/projects/"),
        &format!("{ORGANIZATION}/subscriptions/"),
        "/api/v2/products/cluster/",
        "/api/v2/regions/",
        "/api/v2/meta/cratedb-versions/",
        &format!("{ORGANIZATION}/quotas/"),
        &format!("{ORGANIZATION}/remaining-budget/"),
        "/api/v2/clusters/0c63c7de/available-upgrades/",
        "/api/v2/clusters/0c63c7de/snapshots/",
        "/api/v2/products/clusters/price?product_name=cr1%20%26%20more&product_unit=0",
    ];
    assert_eq!(transport.lines(), paths.map(|path| format!("GET {path}")));
    let basic = format!("Basic {}", STANDARD.encode("key-id:key-secret"));
    assert!(transport.seen().iter().all(|seen| seen.authorization == basic));
}

#[tokio::test(start_paused = true)]
async fn writes_are_made_as_documented() {
    let mut answers = vec![Ok(said(201, &project())), Ok(said(201, &cluster()))];
    answers.extend((0..9).map(|_| Ok(said(200, &cluster()))));
    answers.extend((0..2).map(|_| Ok(said(200, &json!({ "repository": "r", "snapshot": "s" })))));
    answers.push(Ok(bare(204)));
    let transport = Scripted::sequence(answers);
    let client = client(&transport);
    let networks = [
        AllowedCidr { cidr: "203.0.113.0/24".into(), description: "office".into() },
        AllowedCidr { cidr: "198.51.100.7/32".into(), description: String::new() },
    ];
    client.create_project(permit().await, "p", "aks1.westeurope.azure").await.unwrap();
    create(&client).await.unwrap();
    client.set_nodes(permit().await, &id(), 2).await.unwrap();
    client.set_storage(permit().await, &id(), 1 << 36).await.unwrap();
    client.set_allow_list(permit().await, &id(), &networks).await.unwrap();
    client.set_deletion_protection(permit().await, &id(), true).await.unwrap();
    suspend(&client).await.unwrap();
    client.set_password(permit().await, &id(), &password()).await.unwrap();
    client.set_product(permit().await, &id(), "cr2").await.unwrap();
    client.upgrade(permit().await, &id(), "5.9.0").await.unwrap();
    client.schedule_backups(permit().await, &id(), &[4, 16]).await.unwrap();
    let all = Restoration {
        source: ClusterId::new("11111111"),
        repository: "r".to_owned(),
        snapshot: "s".to_owned(),
        tables: Vec::new(),
    };
    client.restore(permit().await, &id(), &all).await.unwrap();
    let some = Restoration { tables: vec!["doc.ledger".to_owned()], ..all };
    client.restore(permit().await, &id(), &some).await.unwrap();
    client.destroy(permit().await, &id()).await.unwrap();
    let mut created = serde_json::to_value(provision()).unwrap();
    created["cluster"]["password"] = json!(PASSWORD);
    let cluster = "/api/v2/clusters/0c63c7de/";
    let expected = [
        (
            "POST /api/v2/projects/".to_owned(),
            json!({ "name": "p", "organization_id": "org-1", "region": "aks1.westeurope.azure" }),
        ),
        (format!("POST {ORGANIZATION}/clusters/"), created),
        (format!("PUT {cluster}scale/"), json!({ "product_unit": 2 })),
        (format!("PUT {cluster}storage/"), json!({ "disk_size_per_node_bytes": 68_719_476_736_i64 })),
        (
            format!("PUT {cluster}ip-restrictions/"),
            json!({ "ip_whitelist": [
                { "cidr": "203.0.113.0/24", "description": "office" }, { "cidr": "198.51.100.7/32" }
            ] }),
        ),
        (format!("PUT {cluster}deletion-protection/"), json!({ "deletion_protected": true })),
        (format!("PUT {cluster}suspend/"), json!({ "suspended": true })),
        (format!("PATCH {cluster}"), json!({ "password": PASSWORD })),
        (format!("PUT {cluster}product/"), json!({ "product_name": "cr2" })),
        (format!("PUT {cluster}upgrade/"), json!({ "crate_version": "5.9.0" })),
        (format!("PUT {cluster}backup-schedule/"), json!({ "backup_hours": "4,16" })),
        (
            format!("POST {cluster}snapshots/restore/"),
            json!({ "source_cluster_id": "11111111", "repository": "r", "snapshot": "s", "type": "tables" }),
        ),
        (
            format!("POST {cluster}snapshots/restore/"),
            json!({ "source_cluster_id": "11111111", "repository": "r", "snapshot": "s", "type": "tables",
                "tables": ["doc.ledger"] }),
        ),
        (format!("DELETE {cluster}"), Value::Null),
    ];
    let seen = transport.seen().into_iter();
    let seen: Vec<_> = seen.map(|seen| (seen.line, serde_json::from_str(&seen.body).unwrap_or_default())).collect();
    assert_eq!(seen, expected);
}

#[rstest]
#[case(Ok(bare(200)), Ok(true))]
#[case(Ok(bare(404)), Ok(false))]
#[case(Ok(html(404)), Ok(false))]
#[case(Ok(bare(400)), Err("invalid"))]
#[case(Ok(bare(401)), Err("unauthenticated"))]
#[case(Ok(with_header(html(302), LOCATION, "/?rd=/api/v2/clusters/name/x/")), Err("unauthenticated"))]
#[case(Ok(bare(403)), Err("forbidden"))]
#[case(Ok(bare(429)), Err("rate_limited"))]
#[case(Ok(bare(500)), Err("unavailable"))]
#[case(Ok(html(302)), Err("protocol"))]
#[case(Err(SendError::NoAnswer("cut".into())), Err("unavailable"))]
#[tokio::test(start_paused = true)]
async fn a_name_is_looked_up_by_the_status_alone(#[case] outcome: Outcome, #[case] taken: Result<bool, &str>) {
    let transport = Scripted::sequence([outcome]);
    let result = client(&transport).name_taken("analytics", Priority::Edit).await;
    assert_eq!(result.map(|answer| answer.value).map_err(|error| error.kind()), taken);
    assert_eq!(transport.lines(), ["HEAD /api/v2/clusters/name/analytics/"]);
}

#[tokio::test(start_paused = true)]
async fn what_would_address_something_else_is_never_sent() {
    let transport = Scripted::sequence([Ok(bare(404))]);
    let client = client(&transport);
    for text in ["", ".", ".."] {
        assert_eq!(client.name_taken(text, Priority::Edit).await.unwrap_err().kind(), "invalid");
        let destroyed = client.destroy(permit().await, &ClusterId::new(text)).await;
        assert_eq!(destroyed.unwrap_err().kind(), "invalid");
    }
    assert_eq!(transport.count(), 0);
    client.name_taken("a/../b?c", Priority::Edit).await.unwrap();
    assert_eq!(transport.lines(), ["HEAD /api/v2/clusters/name/a%2F..%2Fb%3Fc/"]);
}

#[rstest]
#[case::invalid(Ok(refused(400, "Bad request")), "invalid", "invalid")]
#[case::key(Ok(refused(401, "Authentication required.")), "unauthenticated", "unauthenticated")]
#[case::key_without_words(Ok(bare(401)), "unauthenticated", "unauthenticated")]
#[case::key_page(Ok(html(401)), "unauthenticated", "unauthenticated")]
#[case::sign_in(Ok(with_header(html(302), LOCATION, "/?rd=/api/v2/x/")), "unauthenticated", "unauthenticated")]
#[case::sign_in_elsewhere(
    Ok(with_header(html(302), LOCATION, "https://console.cratedb.cloud/?rd=%2Fapi")),
    "unauthenticated",
    "unauthenticated"
)]
#[case::redirect(Ok(with_header(html(302), LOCATION, "/elsewhere")), "protocol", "unknown_outcome")]
#[case::role(Ok(refused(403, "Permission denied for user.")), "forbidden", "forbidden")]
#[case::no_such_cluster(Ok(refused(404, "Resource not found.")), "not_found", "not_found")]
#[case::conflict(Ok(refused(409, "The name is taken.")), "conflict", "conflict")]
#[case::too_often(Ok(html(429)), "rate_limited", "rate_limited")]
#[case::server_error(Ok(refused(500, "An error occured.")), "unavailable", "unknown_outcome")]
#[case::gateway(Ok(html(502)), "unavailable", "unknown_outcome")]
#[case::foreign_400(Ok(html(400)), "protocol", "unknown_outcome")]
#[case::foreign_403(Ok(html(403)), "protocol", "unknown_outcome")]
#[case::foreign_404(Ok(html(404)), "protocol", "unknown_outcome")]
#[case::page(Ok(html(200)), "protocol", "unknown_outcome")]
#[case::error_in_a_success(Ok(refused(200, "no")), "protocol", "unknown_outcome")]
#[case::cut_off(Err(SendError::NoAnswer("cut".into())), "unavailable", "unknown_outcome")]
#[tokio::test(start_paused = true)]
async fn nothing_is_repeated_that_was_answered(#[case] outcome: Outcome, #[case] read: &str, #[case] write: &str) {
    let transport = Scripted::sequence([outcome.clone(), outcome]);
    let client = client(&transport);
    assert_eq!(get(&client).await.unwrap_err().kind(), read);
    // A 429 has closed the budget for some seconds.
    sleep(Duration::from_secs(60)).await;
    assert_eq!(create(&client).await.unwrap_err().kind(), write);
    assert_eq!(transport.count(), 2);
}

#[rstest]
#[case(400, "Another cluster operation is currently in progress, please try again later.", "busy")]
#[case(400, "Another cluster operation is already in progress.", "busy")]
#[case(409, "Another cluster operation is already in progress.", "busy")]
#[case(423, "Locked", "busy")]
#[case(400, "Cluster operation in progress", "busy")]
#[case(400, "The product_unit is out of range.", "invalid")]
#[case(403, "Another cluster operation is already in progress.", "forbidden")]
#[case(500, "Another cluster operation is already in progress.", "unknown_outcome")]
#[tokio::test(start_paused = true)]
async fn another_operation_is_known_by_its_words(#[case] status: u16, #[case] message: &str, #[case] kind: &str) {
    let transport = Scripted::sequence([Ok(refused(status, message))]);
    let error = suspend(&client(&transport)).await.unwrap_err();
    assert_eq!((error.kind(), error.message()), (kind, message));
}

#[rstest]
#[case(json!({ "name": "too short", "region": ["unknown", "far away"] }), "Bad request (name: too short; region: unknown, far away)")]
#[case(json!({ "cluster": { "password": { "length": 24, "weak": true } } }), "Bad request (cluster: password: length: 24; weak: true)")]
#[case(json!({ "name": null }), "Bad request (name)")]
#[case(json!(["this", "and that"]), "Bad request (this, and that)")]
#[case(json!("line\nfeed"), "Bad request (line feed)")]
#[case(json!({}), "Bad request")]
#[case(Value::Null, "Bad request")]
#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_a_field_is_told(#[case] errors: Value, #[case] message: &str) {
    let transport =
        Scripted::sequence([Ok(said(400, &json!({ "message": "Bad request", "success": false, "errors": errors })))]);
    assert_eq!(create(&client(&transport)).await.unwrap_err(), CloudError::Invalid { message: message.to_owned() });
}

#[tokio::test(start_paused = true)]
async fn a_long_list_of_errors_is_cut() {
    let errors: Value = (0..1000).map(|number| (format!("field-{number}"), json!("wrong"))).collect();
    let transport = Scripted::sequence([Ok(said(400, &json!({ "message": "Bad request", "errors": errors })))]);
    let error = create(&client(&transport)).await.unwrap_err();
    assert_eq!(error.message().chars().count(), 301, "300 and the mark of the cut");
}

#[tokio::test(start_paused = true)]
async fn no_key_and_no_password_is_ever_shown() {
    let quoted = "it's \"quoted\" and 24 letters";
    let echo = |status| {
        let pair = STANDARD.encode("key-id:key-secret");
        let errors = json!({ "password": [PASSWORD, quoted], "authorization": format!("Basic {pair}") });
        said(status, &json!({ "message": "key-id:key-secret may not", "errors": errors }))
    };
    let transport = Scripted::sequence([400, 403, 500, 400].map(|status| Ok(echo(status))));
    let client = client(&transport);
    let errors = [
        create(&client).await.unwrap_err(),
        client.set_password(permit().await, &id(), &password()).await.unwrap_err(),
        create(&client).await.unwrap_err(),
        client.set_password(permit().await, &id(), &SecretString::from(quoted)).await.unwrap_err(),
    ];
    let shown = format!("{client:?}{:?}{:?}{:?}", errors[0], errors[1], errors[2]);
    for secret in ["key-id", "key-secret", PASSWORD, &STANDARD.encode("key-id:key-secret")] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert!(!errors[3].message().contains(quoted), "{}", errors[3]);
    assert!(errors[0].message().starts_with("[redacted]:[redacted] may not (authorization: Basic [redacted];"));
}

#[tokio::test(start_paused = true)]
async fn a_key_that_cannot_be_sent_reaches_no_call() {
    let transport = Scripted::sequence([]);
    for id in ["key:id", "key\nid"] {
        let client = Client::new(Arc::new(transport.clone()), Budget::spawn(60), key(id), endpoint(), "org-1");
        assert_eq!(get(&client).await.unwrap_err().kind(), "unauthenticated");
        assert_eq!(create(&client).await.unwrap_err().kind(), "unauthenticated");
    }
    assert_eq!(transport.count(), 0);
}

#[rstest]
#[case(Ok(bare(204)), Ok(()))]
#[case(Ok(said(200, &json!({ "message": "Deleted.", "success": true }))), Ok(()))]
#[case(Ok(html(200)), Err("unknown_outcome"))]
#[case(Ok(refused(404, "Resource not found.")), Err("not_found"))]
#[case(Ok(refused(403, "The cluster is protected.")), Err("forbidden"))]
#[tokio::test(start_paused = true)]
async fn a_destroy_is_confirmed_without_a_body(#[case] outcome: Outcome, #[case] expected: Result<(), &str>) {
    let transport = Scripted::sequence([outcome]);
    let result = client(&transport).destroy(permit().await, &id()).await;
    assert_eq!(result.map(|answer| answer.value).map_err(|error| error.kind()), expected);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_never_was_is_tried_once_more() {
    let unconnected = || Err(SendError::NotConnected("connection refused".to_owned()));
    let transport = Scripted::sequence([unconnected(), Ok(said(201, &cluster())), unconnected(), unconnected()]);
    let client = client(&transport);
    assert!(create(&client).await.is_ok());
    assert_eq!(create(&client).await.unwrap_err().kind(), "unavailable");
}

#[tokio::test(start_paused = true)]
async fn a_write_ends_by_its_deadline() {
    let transport = Scripted::slow(|_| (Duration::from_secs(3600), Ok(bare(204))));
    let (client, permit, start) = (client(&transport), permit().await, Instant::now());
    assert_eq!(client.destroy(permit, &id()).await.unwrap_err().kind(), "unknown_outcome");
    assert_eq!(start.elapsed(), WRITE_DEADLINE);
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_closes_the_budget_for_everyone() {
    let transport = Scripted::sequence([Ok(with_header(html(429), RETRY_AFTER, "60"))]);
    let budget = Budget::spawn(6000);
    let limited = CloudError::RateLimited { retry_after: Duration::from_secs(60) };
    assert_eq!(suspend(&client_on(&transport, budget.clone())).await.unwrap_err(), limited);
    assert_eq!(budget.closed_for(), Some(Duration::from_secs(60)));
}

#[derive(Debug, Default)]
struct Recorder {
    requests: Mutex<Vec<(&'static str, &'static str)>>,
    waits: Mutex<Vec<Duration>>,
}

impl Observer for Recorder {
    fn request(&self, operation: &'static str, outcome: &'static str) {
        self.requests.lock().unwrap().push((operation, outcome));
    }

    fn waited(&self, wait: Duration) {
        self.waits.lock().unwrap().push(wait);
    }

    fn token(&self, _life: Duration) {}
}

#[tokio::test(start_paused = true)]
async fn an_observer_is_told_of_every_request() {
    let busy = Ok(refused(400, "Another cluster operation is already in progress."));
    let transport = Scripted::sequence([Ok(bare(404)), busy, Ok(bare(204))]);
    let recorder = Arc::new(Recorder::default());
    let client = client(&transport).with_observer(recorder.clone());
    client.name_taken("analytics", Priority::Edit).await.unwrap();
    suspend(&client).await.unwrap_err();
    client.destroy(permit().await, &id()).await.unwrap();
    let seen = recorder.requests.lock().unwrap();
    assert_eq!(*seen, [("name_taken", "ok"), ("set_suspended", "busy"), ("destroy", "ok")]);
}

#[tokio::test(start_paused = true)]
async fn an_observer_is_told_how_long_a_request_has_waited() {
    let transport = Scripted::sequence([Ok(bare(404)), Ok(bare(404))]);
    let recorder = Arc::new(Recorder::default());
    let client = client_on(&transport, Budget::spawn(6)).with_observer(recorder.clone());
    for _ in 0..2 {
        client.name_taken("analytics", Priority::Edit).await.unwrap();
    }
    let [first, second] = recorder.waits.lock().unwrap()[..] else { panic!("two requests have waited") };
    assert!(first < Duration::from_millis(10) && second > Duration::from_secs(9), "{first:?}, {second:?}");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_hides_nothing_else() {
    let transport = Scripted::sequence([
        Ok(said(200, &json!([{ "name": "cr1", "tier": null }, { "name": "cr2", "tier": "default" }]))),
        Ok(said(200, &json!([{ "name": null }, { "name": "aks1.westeurope.azure" }]))),
        Ok(said(200, &json!([{ "id": "s-1", "active": true }, { "id": "s-2", "active": "true" }]))),
        Ok(said(200, &json!({ "crate_versions": { "stable": [{ "version": 5 }, { "version": "5.8.3" }] } }))),
        Ok(said(200, &json!([{ "id": "p-1", "name": "shop", "organization_id": null }]))),
        Ok(said(200, &json!([{ "id": "p-1", "name": "shop" }, { "id": "p-2", "name": null }]))),
        Ok(said(200, &json!([{ "name": "cr1" }]))),
        Ok(said(200, &json!({ "message": "no products today" }))),
    ]);
    let (client, poll) = (client(&transport), Priority::Poll);
    let products = client.products(poll).await.unwrap().value;
    assert_eq!(products.iter().map(|product| product.name.as_str()).collect::<Vec<_>>(), ["cr2"]);
    assert_eq!(client.regions(poll).await.unwrap().value.len(), 1);
    let one_odd = client.subscriptions(poll).await.unwrap_err();
    assert!(matches!(one_odd, CloudError::Protocol { .. }), "the other one would be taken for the only active one");
    let stable = client.versions(poll).await.unwrap().value.crate_versions.stable;
    assert_eq!((stable.read.len(), stable.unread.len()), (1, 1));
    assert_eq!(client.projects(poll).await.unwrap().value[0].organization_id, None);
    let one_unnamed = client.projects(poll).await.unwrap_err();
    assert!(matches!(one_unnamed, CloudError::Protocol { .. }), "one that is left out would be created once more");
    for _ in 0..2 {
        let none = client.products(poll).await.unwrap_err();
        assert!(matches!(none, CloudError::Protocol { .. }), "{none:?}");
    }
}
