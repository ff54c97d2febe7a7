use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Response;
use http::header::WWW_AUTHENTICATE;
use rstest::rstest;
use secrecy::SecretString;

use super::Database;
use crate::api::identity::Endpoint;
use crate::cloud::database::{DATABASE_DEADLINE, DatabaseError};
use crate::cloud::endpoint::EndpointPolicy;
use crate::cloud::test_support::{Outcome, Scripted, html, json, with_header};
use crate::cloud::transport::SendError;

const ROWS: &str = r#"{"cols":["1"],"rows":[[1]],"rowcount":1,"duration":0.5}"#;

fn database(transport: &Scripted) -> Database {
    let policy = EndpointPolicy::new(&[], false, &["cratedb.net".to_owned()]).unwrap();
    let endpoint = Endpoint::new("https://console.cratedb.cloud");
    let url = policy.database_url(&endpoint, "analytics.aks1.westeurope.azure.cratedb.net.:4200").unwrap();
    Database::new(Arc::new(transport.clone()), url)
}

async fn prove(transport: &Scripted, user: &str, password: &str) -> Result<(), DatabaseError> {
    database(transport).prove(user, &SecretString::from(password)).await
}

/// An error in the database's own form.
fn own(status: u16, message: &str) -> Response<Bytes> {
    let body = serde_json::json!({ "error": { "message": message, "code": 4000 } });
    json(status, &body.to_string())
}

/// The name of an error's variant.
fn kind(error: &DatabaseError) -> &'static str {
    match error {
        DatabaseError::WrongPassword => "wrong",
        DatabaseError::Unsupported { .. } => "no_api",
        DatabaseError::Unreachable { .. } => "unreachable",
        DatabaseError::UnknownOutcome { .. } => "unknown",
        DatabaseError::Refused { .. } => "refused",
        DatabaseError::Protocol { .. } => "protocol",
    }
}

#[tokio::test(start_paused = true)]
async fn a_password_is_proved_by_a_statement() {
    let transport = Scripted::sequence([Ok(json(200, ROWS))]);
    prove(&transport, "admin", "pass:wörd ").await.unwrap();
    let seen = transport.seen();
    assert_eq!(seen[0].line, "POST /_sql");
    assert_eq!(seen[0].body, r#"{"stmt":"SELECT 1"}"#);
    assert_eq!(seen[0].authorization, format!("Basic {}", STANDARD.encode("admin:pass:wörd ")));
}

#[rstest]
#[case("ad:min", "password")]
#[case("admin", "pass\nword")]
#[tokio::test(start_paused = true)]
async fn what_basic_authentication_has_no_place_for_is_not_sent(#[case] user: &str, #[case] password: &str) {
    let transport = Scripted::sequence([]);
    assert_eq!(kind(&prove(&transport, user, password).await.unwrap_err()), "refused");
    assert_eq!(transport.count(), 0);
}

#[rstest]
#[case(Ok(own(401, "password authentication failed for user \"admin\"")), "wrong")]
#[case(
    Ok(with_header(
        json(401, "password authentication failed"),
        WWW_AUTHENTICATE,
        "Basic realm=\"CrateDB Authenticator\""
    )),
    "wrong"
)]
#[case(Ok(with_header(html(401), WWW_AUTHENTICATE, "Basic realm=\"gateway\"")), "unreachable")]
#[case(Ok(html(401)), "unreachable")]
#[case(Ok(json(401, "")), "unreachable")]
#[case(Ok(own(400, "line 1:1: mismatched input")), "refused")]
#[case(Ok(own(403, "not permitted")), "refused")]
#[case(Ok(own(500, "oops")), "unreachable")]
#[case(Ok(own(503, "no master")), "unreachable")]
#[case(Ok(html(503)), "unreachable")]
#[case(Ok(html(403)), "unreachable")]
#[case(Ok(html(429)), "unreachable")]
#[case(Err(SendError::NotConnected("refused".into())), "unreachable")]
#[case(Err(SendError::NoAnswer("cut".into())), "unreachable")]
#[case(Err(SendError::NotHttp("garbage".into())), "protocol")]
#[case(Err(SendError::TooLarge { limit: 1 }), "protocol")]
#[case(Ok(html(200)), "protocol")]
#[case(Ok(own(200, "no rows")), "protocol")]
#[case(Ok(html(302)), "protocol")]
#[case(Ok(html(404)), "protocol")]
#[tokio::test(start_paused = true)]
async fn what_a_failed_proof_means(#[case] outcome: Outcome, #[case] meaning: &str) {
    let transport = Scripted::sequence([outcome]);
    let error = prove(&transport, "admin", "password").await.unwrap_err();
    assert_eq!(kind(&error), meaning, "{error}");
    assert_eq!(transport.count(), 1, "nothing is repeated");
}

#[rstest]
#[case(Err(SendError::NotConnected("no connection to analytics:4200: timed out".into())))]
#[case(Err(SendError::NoAnswer("there was no answer in time".into())))]
#[case(Ok(html(403)))]
#[tokio::test(start_paused = true)]
async fn a_database_that_may_be_closed_to_us_is_out_of_reach(#[case] outcome: Outcome) {
    let error = prove(&Scripted::sequence([outcome]), "admin", "password").await.unwrap_err();
    assert!(matches!(error, DatabaseError::Unreachable { .. }), "{error}");
}

#[rstest]
#[case(Ok(json(200, ROWS)), "")]
#[case(Ok(own(401, "trust authentication failed for user \"crate\"")), "")]
#[case(Ok(html(401)), "unreachable")]
#[case(Ok(html(200)), "protocol")]
#[case(Ok(own(503, "no master")), "unreachable")]
#[case(Err(SendError::NotConnected("refused".into())), "unreachable")]
#[tokio::test(start_paused = true)]
async fn a_database_serves_where_it_answers_itself(#[case] outcome: Outcome, #[case] trouble: &str) {
    let transport = Scripted::sequence([outcome]);
    let answer = database(&transport).serves().await;
    assert_eq!(answer.as_ref().err().map_or("", kind), trouble);
    assert_eq!((transport.lines(), transport.seen()[0].authorization.as_str()), (vec!["POST /_sql".to_owned()], ""));
}

#[tokio::test(start_paused = true)]
async fn a_database_that_never_answers_is_given_up_on() {
    let slow = Scripted::slow(|_| (DATABASE_DEADLINE * 100, Ok(json(200, ROWS))));
    assert_eq!(kind(&prove(&slow, "admin", "password").await.unwrap_err()), "unreachable");
}

#[tokio::test(start_paused = true)]
async fn no_password_is_ever_shown() {
    let echo = format!("not s3cr3t, nor {}", STANDARD.encode("admin:s3cr3t"));
    let error = prove(&Scripted::sequence([Ok(own(400, &echo))]), "admin", "s3cr3t").await.unwrap_err();
    assert_eq!(error, DatabaseError::Refused { message: "not [redacted], nor [redacted]".to_owned() });
}
