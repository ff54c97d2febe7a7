use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::future::join_all;
use http::header::{DATE, RETRY_AFTER};
use http::{Request, Response};
use rstest::rstest;
use secrecy::SecretString;
use tokio::time::{Instant, sleep, timeout};

use super::Client;
use crate::api::identity::{ClusterId, Endpoint, Handle, Location};
use crate::clock::Clock;
use crate::cloud::budget::{Budget, Permit, Priority};
use crate::cloud::call::{Answer, WRITE_DEADLINE};
use crate::cloud::credential::Credential;
use crate::cloud::error::CloudError;
use crate::cloud::observer::Observer;
use crate::cloud::provider::Provider as _;
use crate::cloud::test_support::{Outcome, Scripted, html, json, with_header};
use crate::cloud::token::TokenSource;
use crate::cloud::transport::SendError;
use crate::cloud::typedb::exchange::KeyExchange;
use crate::cloud::typedb::test_support::own_error;
use crate::cloud::typedb::wire::{Cluster, ClusterDeploy, ClusterStatus};

const CLUSTER: &str = r#"{"id":"my-db","createdAt":1738256490070,"status":"upgrading","surprise":{"a":1},
    "servers":[{"address":"abc123-0.cluster.typedb.com:80","status":"running"}]}"#;

fn endpoint() -> Endpoint {
    Endpoint::new("https://cloud.typedb.com/")
}

fn client_on(transport: &Scripted, budget: Budget) -> Client {
    let transport = Arc::new(transport.clone());
    let credential = Credential::new("client-id", &SecretString::from("client-secret"));
    let exchange = KeyExchange::new(transport.clone(), &endpoint(), credential);
    let token = TokenSource::spawn(exchange, Clock::anchored("2030-01-01T00:00:00Z".parse().unwrap()));
    Client::new(transport, budget, token, endpoint(), "acme", "default")
}

fn client(transport: &Scripted) -> Client {
    client_on(transport, Budget::spawn(6000))
}

/// A cloud whose exchange works, and which answers every other request with what `script` says.
fn cloud(script: impl Fn(&Request<Bytes>) -> (Duration, Outcome) + Send + Sync + 'static) -> Scripted {
    let exchanges = Mutex::new(0);
    Scripted::slow(move |request| {
        if request.uri().path() != "/api/v1/auth" {
            return script(request);
        }
        let mut number = exchanges.lock().unwrap();
        *number += 1;
        (Duration::ZERO, Ok(Response::new(Bytes::from(format!("token-{number}\n")))))
    })
}

/// The same, with one answer for each request in turn.
fn cloud_that_says(outcomes: impl IntoIterator<Item = Outcome>) -> Scripted {
    let outcomes = Mutex::new(outcomes.into_iter().collect::<std::collections::VecDeque<_>>());
    cloud(move |_| (Duration::ZERO, outcomes.lock().unwrap().pop_front().expect("no further request")))
}

async fn permit() -> Permit {
    Budget::spawn(60).acquire(Priority::Edit).await.unwrap()
}

fn id() -> ClusterId {
    ClusterId::new("my-db")
}

async fn destroy(client: &Client) -> Result<Answer<Cluster>, CloudError> {
    client.destroy(permit().await, &id()).await
}

async fn get(client: &Client) -> Result<Answer<Cluster>, CloudError> {
    client.get(&id(), Priority::Edit).await
}

fn deploy_body() -> ClusterDeploy {
    serde_json::from_str(
        r#"{"id":"my-db","serverCount":1,"storageSizeGB":10,"provider":"gcp","region":"europe-west2",
        "machineType":"c2d-highcpu-2","storageType":"standard-rwo","isFree":true,"version":"latest"}"#,
    )
    .unwrap()
}

#[tokio::test(start_paused = true)]
async fn calls_are_made_as_documented() {
    let transport = cloud_that_says([
        Ok(with_header(json(200, &format!("[{CLUSTER}]")), DATE, "Sun, 06 Nov 2033 08:49:37 GMT")),
        Ok(json(200, CLUSTER)),
        Ok(json(200, r#"{"availableVersions":["3.5.1"]}"#)),
        Ok(json(200, CLUSTER)),
        Ok(json(200, CLUSTER)),
    ]);
    let client = client(&transport);
    let list = client.list(Priority::Poll).await.unwrap();
    assert_eq!(list.date, Some("2033-11-06T08:49:37Z".parse().unwrap()));
    assert_eq!(list.value[0].status, ClusterStatus::Other("upgrading".to_owned()));
    assert_eq!(get(&client).await.unwrap().value.id, id());
    assert_eq!(client.versions(Priority::Poll).await.unwrap().value.available_versions, ["3.5.1"]);
    client.deploy(permit().await, &deploy_body()).await.unwrap();
    destroy(&client).await.unwrap();
    let clusters = "/api/v1/team/acme/spaces/default/clusters";
    assert_eq!(
        transport.lines(),
        [
            "POST /api/v1/auth".to_owned(),
            format!("GET {clusters}"),
            format!("GET {clusters}/my-db"),
            "GET /api/v1/cluster-versions".to_owned(),
            format!("POST {clusters}/deploy"),
            format!("DELETE {clusters}/my-db"),
        ]
    );
    let seen = transport.seen();
    assert_eq!(seen[0].authorization, "Basic client-id:client-secret", "the pair goes as it is, not in base64");
    assert!(seen[1..].iter().all(|call| call.authorization == "Bearer token-1"));
    assert_eq!(serde_json::from_str::<ClusterDeploy>(&seen[4].body).unwrap(), deploy_body());
}

#[rstest]
#[case("")]
#[case(".")]
#[case("..")]
#[tokio::test(start_paused = true)]
async fn an_id_that_would_address_something_else_is_never_sent(#[case] id: &str) {
    let transport = cloud_that_says([]);
    let outcome = client(&transport).destroy(permit().await, &ClusterId::new(id)).await;
    assert_eq!(outcome.unwrap_err().kind(), "invalid");
    assert_eq!(transport.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_id_stays_one_segment() {
    let transport = cloud_that_says([Ok(json(200, CLUSTER))]);
    client(&transport).get(&ClusterId::new("a/../b?c#d é%"), Priority::Edit).await.unwrap();
    let path = "/api/v1/team/acme/spaces/default/clusters/a%2F..%2Fb%3Fc%23d%20%C3%A9%25";
    assert_eq!(transport.lines()[1], format!("GET {path}"));
}

#[rstest]
#[case::refused(Ok(own_error(400, "no")), "invalid", "invalid")]
#[case::no_such_cluster(Ok(own_error(404, "no such cluster")), "not_found", "not_found")]
#[case::server_error(Ok(own_error(500, "oops")), "unavailable", "unknown_outcome")]
#[case::foreign_404(Ok(html(404)), "protocol", "unknown_outcome")]
#[case::html(Ok(html(200)), "protocol", "unknown_outcome")]
#[case::truncated(Ok(json(200, &CLUSTER[..60])), "protocol", "unknown_outcome")]
#[case::error_in_a_success(Ok(own_error(200, "no")), "protocol", "unknown_outcome")]
#[case::redirect(Ok(html(302)), "protocol", "unknown_outcome")]
#[case::cut_off(Err(SendError::NoAnswer("cut".into())), "unavailable", "unknown_outcome")]
#[case::too_large(Err(SendError::TooLarge { limit: 1 }), "protocol", "unknown_outcome")]
#[tokio::test(start_paused = true)]
async fn nothing_is_repeated_that_may_have_had_an_effect(
    #[case] outcome: Outcome,
    #[case] of_get: &str,
    #[case] of_destroy: &str,
) {
    let transport = cloud_that_says([outcome.clone(), outcome]);
    let client = client(&transport);
    assert_eq!(get(&client).await.unwrap_err().kind(), of_get);
    assert_eq!(destroy(&client).await.unwrap_err().kind(), of_destroy);
    assert_eq!(transport.count(), 3, "the exchange and one request for each call");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_never_was_is_tried_once_more() {
    let refused = || Err(SendError::NotConnected("connection refused".to_owned()));
    let transport = cloud_that_says([refused(), Ok(json(200, CLUSTER)), refused(), refused()]);
    let client = client(&transport);
    assert!(destroy(&client).await.is_ok());
    let error = destroy(&client).await.unwrap_err();
    assert_eq!(error, CloudError::Unavailable { message: "connection refused".to_owned() });
    assert_eq!(transport.count(), 1 + 2 + 2);
}

#[tokio::test(start_paused = true)]
async fn a_second_attempt_without_an_answer_leaves_the_outcome_open() {
    let transport = cloud_that_says([
        Err(SendError::NotConnected("refused".to_owned())),
        Err(SendError::NoAnswer("cut".to_owned())),
    ]);
    assert_eq!(destroy(&client(&transport)).await.unwrap_err().kind(), "unknown_outcome");
}

/// Accepts one token only; the first one is no longer it.
fn cloud_that_revoked_the_first_token(refusal: fn() -> Response<Bytes>) -> Scripted {
    cloud(move |request| {
        let accepted = request.headers()["authorization"] != "Bearer token-1";
        (Duration::from_millis(200), Ok(if accepted { json(200, CLUSTER) } else { refusal() }))
    })
}

#[tokio::test(start_paused = true)]
async fn a_rejected_token_is_renewed_once_for_all_and_every_call_made_again() {
    let transport = cloud_that_revoked_the_first_token(|| own_error(401, "expired"));
    let client = client(&transport);
    let outcomes = join_all((0..50).map(|_| get(&client))).await;
    assert!(outcomes.iter().all(Result::is_ok));
    assert!(destroy(&client).await.is_ok());
    let exchanges = transport.lines().iter().filter(|line| *line == "POST /api/v1/auth").count();
    assert_eq!(exchanges, 2);
}

#[tokio::test(start_paused = true)]
async fn a_write_is_made_again_only_where_the_cloud_itself_rejected_the_token() {
    let transport = cloud_that_revoked_the_first_token(|| own_error(401, "expired"));
    assert!(destroy(&client(&transport)).await.is_ok());

    let transport = cloud_that_revoked_the_first_token(|| html(401));
    let client = client(&transport);
    assert_eq!(destroy(&client).await.unwrap_err().kind(), "unknown_outcome");
    assert!(get(&client).await.is_ok(), "the token was renewed all the same");
}

#[tokio::test(start_paused = true)]
async fn a_cloud_that_rejects_every_token_is_not_asked_in_circles() {
    let transport = cloud(|_| (Duration::ZERO, Ok(own_error(401, "no"))));
    let client = client(&transport);
    for _ in 0..10 {
        assert_eq!(get(&client).await.unwrap_err().kind(), "unauthenticated");
    }
    let exchanges = transport.lines().iter().filter(|line| *line == "POST /api/v1/auth").count();
    assert_eq!((exchanges, transport.count()), (2, 2 + 11), "one renewal a minute, and one call repeated after it");
}

#[tokio::test(start_paused = true)]
async fn a_wrong_pair_is_unauthenticated_and_reaches_no_call() {
    let transport = Scripted::new(|_| Ok(own_error(400, "no such client: client-id, client-secret")));
    let client = client(&transport);
    for _ in 0..10 {
        let error = get(&client).await.unwrap_err();
        assert_eq!(error.kind(), "unauthenticated");
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("client-secret") && !shown.contains("client-id"), "{shown}");
    }
    assert_eq!(transport.lines(), ["POST /api/v1/auth"]);
}

#[rstest]
#[case(Ok(own_error(404, "what?")), "protocol")]
#[case(Ok(own_error(409, "what?")), "protocol")]
#[case(Ok(html(400)), "protocol")]
#[case(Ok(html(200)), "protocol")]
#[case(Ok(html(503)), "unavailable")]
#[case(Ok(own_error(401, "no")), "unauthenticated")]
#[case(Err(SendError::NoAnswer("cut".into())), "unavailable")]
#[tokio::test(start_paused = true)]
async fn a_failed_exchange_is_never_taken_for_the_answer_of_the_call(#[case] outcome: Outcome, #[case] kind: &str) {
    let transport = Scripted::sequence([outcome]);
    assert_eq!(destroy(&client(&transport)).await.unwrap_err().kind(), kind);
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_closes_the_budget_for_everyone() {
    let limit = || Ok(with_header(html(429), RETRY_AFTER, "60"));
    let transport = cloud_that_says([limit(), Ok(json(200, CLUSTER))]);
    let budget = Budget::spawn(6000);
    let client = client_on(&transport, budget.clone());
    let limited = CloudError::RateLimited { retry_after: Duration::from_secs(60) };
    assert_eq!(get(&client).await.unwrap_err(), limited);
    assert_eq!(get(&client).await.unwrap_err(), limited);
    assert_eq!(transport.count(), 2, "the second call was not sent");
    sleep(Duration::from_secs(60)).await;
    assert!(get(&client).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_overload_that_says_how_long_closes_the_budget_too() {
    let transport = cloud_that_says([Ok(with_header(html(503), RETRY_AFTER, "30"))]);
    let budget = Budget::spawn(6000);
    assert_eq!(get(&client_on(&transport, budget.clone())).await.unwrap_err().kind(), "unavailable");
    assert_eq!(budget.closed_for(), Some(Duration::from_secs(30)));
}

#[tokio::test(start_paused = true)]
async fn a_write_ends_by_its_deadline_whatever_happens_on_its_way() {
    let transport = cloud(|request| match request.headers()["authorization"].to_str() {
        Ok("Bearer token-1") => (Duration::from_secs(25), Ok(own_error(401, "expired"))),
        _ => (Duration::from_secs(3600), Ok(json(200, CLUSTER))),
    });
    let client = client(&transport);
    let permit = permit().await;
    let start = Instant::now();
    assert_eq!(client.destroy(permit, &id()).await.unwrap_err().kind(), "unknown_outcome");
    assert_eq!(start.elapsed(), WRITE_DEADLINE);
}

#[tokio::test(start_paused = true)]
async fn a_write_does_not_wait_long_for_a_token() {
    let transport = Scripted::slow(|_| (Duration::from_secs(10), Ok(Response::new(Bytes::from_static(b"token")))));
    let client = client(&transport);
    let permit = permit().await;
    let start = Instant::now();
    assert_eq!(client.destroy(permit, &id()).await.unwrap_err().kind(), "unavailable");
    assert_eq!(start.elapsed(), Duration::from_secs(3));
    assert_eq!(transport.lines(), ["POST /api/v1/auth"], "nothing else was sent");
}

#[tokio::test(start_paused = true)]
async fn an_error_that_echoes_the_token_does_not_show_it() {
    let transport = cloud_that_says([Ok(own_error(403, "Bearer token-1 may not\ndo that"))]);
    let error = destroy(&client(&transport)).await.unwrap_err();
    assert_eq!(error, CloudError::Forbidden { message: "Bearer [redacted] may not do that".to_owned() });
}

#[tokio::test(start_paused = true)]
async fn neither_client_nor_credential_print_a_secret() {
    let client = client(&cloud_that_says([Ok(json(200, CLUSTER))]));
    get(&client).await.unwrap();
    let credential = Credential::new(" client-id\n", &SecretString::from("client-secret\n"));
    let exchange = KeyExchange::new(Arc::new(cloud_that_says([])), &endpoint(), credential.clone());
    let printed = format!("{client:?} {credential:?} {exchange:?} {}", credential.fingerprint());
    for secret in ["client-id", "client-secret", "token-1"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

#[derive(Debug, Default)]
struct Recorder(Mutex<Vec<(&'static str, &'static str)>>);

impl Observer for Recorder {
    fn request(&self, _location: &Location, operation: &'static str, outcome: &'static str) {
        self.0.lock().unwrap().push((operation, outcome));
    }
}

#[tokio::test(start_paused = true)]
async fn an_observer_is_told_of_every_request() {
    let transport = cloud_that_says([
        Ok(json(200, CLUSTER)),
        Err(SendError::NotConnected("refused".to_owned())),
        Ok(own_error(409, "in use")),
    ]);
    let recorder = Arc::new(Recorder::default());
    let client = client(&transport).with_observer(recorder.clone());
    get(&client).await.unwrap();
    client.deploy(permit().await, &deploy_body()).await.unwrap_err();
    let seen = recorder.0.lock().unwrap();
    assert_eq!(*seen, [("get", "ok"), ("deploy", "unavailable"), ("deploy", "conflict")]);
}

#[tokio::test(start_paused = true)]
async fn a_look_that_may_wait_lets_edits_go_first() {
    let transport = cloud(|_| (Duration::ZERO, Ok(json(200, CLUSTER))));
    let budget = Budget::spawn(120);
    let client = client_on(&transport, budget.clone());
    while let Ok(permit) = timeout(Duration::from_millis(1), budget.acquire(Priority::Edit)).await {
        permit.map(drop).unwrap();
    }
    let target = Handle::Id(id());
    let start = Instant::now();
    let looks = join_all((0..3).map(|_| client.find(&target, Priority::Poll)));
    let looks = async { (looks.await, start.elapsed()) };
    let edits = join_all((0..10).map(|_| budget.acquire(Priority::Edit)));
    let ((looks, elapsed), _) = futures::join!(looks, edits);
    assert!(looks.into_iter().all(|look| look.unwrap().cluster.is_some()));
    assert!(elapsed > Duration::from_secs(4), "of two requests a second the three looks, which came first, got all");
}
