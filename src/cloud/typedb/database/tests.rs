use std::sync::Arc;

use http::header::CONTENT_TYPE;
use rstest::rstest;
use secrecy::SecretString;

use super::Database;
use crate::api::identity::Endpoint;
use crate::cloud::database::{DATABASE_DEADLINE, DatabaseError};
use crate::cloud::endpoint::EndpointPolicy;
use crate::cloud::test_support::{Outcome, Scripted, html, json, with_header};
use crate::cloud::transport::SendError;
use crate::cloud::typedb::test_support::own_error;

const SESSION: &str = r#"{"token":"session-token"}"#;

fn database(transport: &Scripted) -> Database {
    let policy = EndpointPolicy::new(&[], false, &["typedb.com".to_owned()]).unwrap();
    let endpoint = Endpoint::new("https://cloud.typedb.com");
    let url = policy.database_url(&endpoint, "abc123-0.cluster.typedb.com:80").unwrap();
    Database::new(Arc::new(transport.clone()), url)
}

fn password() -> SecretString {
    SecretString::from("old-value")
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

async fn set_password_with(outcome: Outcome) -> (Result<(), DatabaseError>, Scripted) {
    let transport = Scripted::sequence([Ok(json(200, SESSION)), outcome]);
    let database = database(&transport);
    let session = database.sign_in("admin", &password()).await.unwrap();
    (database.set_password(&session, "admin", &SecretString::from("new-value")).await, transport)
}

#[tokio::test(start_paused = true)]
async fn a_password_is_proved_and_replaced_as_documented() {
    let (outcome, transport) = set_password_with(Ok(json(200, ""))).await;
    outcome.unwrap();
    assert_eq!(transport.lines(), ["POST /v1/signin", "PUT /v1/users/admin"]);
    let seen = transport.seen();
    assert_eq!(seen[0].body, r#"{"username":"admin","password":"old-value"}"#);
    assert_eq!(seen[0].authorization, "");
    assert_eq!(seen[1].body, r#"{"password":"new-value"}"#);
    assert_eq!(seen[1].authorization, "Bearer session-token");
}

#[rstest]
#[case(Ok(own_error(401, "invalid credential")), "wrong")]
#[case(Ok(html(401)), "unreachable")]
#[case(Ok(html(404)), "no_api")]
#[case(Ok(html(405)), "no_api")]
#[case(Ok(html(415)), "no_api")]
#[case(Ok(with_header(json(200, ""), CONTENT_TYPE, "application/grpc")), "no_api")]
#[case(Err(SendError::NotHttp("garbage".into())), "no_api")]
#[case(Ok(own_error(400, "malformed")), "refused")]
#[case(Ok(own_error(500, "oops")), "unreachable")]
#[case(Ok(html(503)), "unreachable")]
#[case(Ok(html(200)), "unreachable")]
#[case(Ok(html(302)), "unreachable")]
#[case(Ok(json(429, "")), "unreachable")]
#[case(Err(SendError::NotConnected("refused".into())), "unreachable")]
#[case(Err(SendError::NoAnswer("cut".into())), "unreachable")]
#[tokio::test(start_paused = true)]
async fn what_a_failed_sign_in_means(#[case] outcome: Outcome, #[case] meaning: &str) {
    let transport = Scripted::sequence([outcome]);
    let error = database(&transport).sign_in("admin", &password()).await.unwrap_err();
    assert_eq!(kind(&error), meaning, "{error}");
    assert_eq!(transport.count(), 1, "nothing is repeated");
}

#[rstest]
#[case(Ok(own_error(401, "invalid token")), "wrong")]
#[case(Ok(own_error(403, "not permitted")), "refused")]
#[case(Ok(own_error(404, "no such user")), "refused")]
#[case(Ok(own_error(400, "too short")), "refused")]
#[case(Ok(own_error(500, "oops")), "unknown")]
#[case(Ok(html(401)), "unknown")]
#[case(Ok(html(404)), "unknown")]
#[case(Ok(html(502)), "unknown")]
#[case(Err(SendError::NoAnswer("cut".into())), "unknown")]
#[case(Err(SendError::NotHttp("garbage".into())), "unknown")]
#[case(Err(SendError::NotConnected("refused".into())), "unreachable")]
#[tokio::test(start_paused = true)]
async fn what_a_password_that_was_not_confirmed_means(#[case] outcome: Outcome, #[case] meaning: &str) {
    let (result, transport) = set_password_with(outcome).await;
    let error = result.unwrap_err();
    assert_eq!(kind(&error), meaning, "{error}");
    assert_eq!(transport.count(), 2, "nothing is repeated");
}

#[rstest]
#[case(Ok(json(200, r#"{"distribution":"TypeDB Cloud","version":"3.5.1"}"#)), "")]
#[case(Ok(own_error(401, "missing token")), "")]
#[case(Ok(html(401)), "unreachable")]
#[case(Ok(html(200)), "unreachable")]
#[case(Ok(html(503)), "unreachable")]
#[tokio::test(start_paused = true)]
async fn a_database_serves_where_it_answers_itself(#[case] outcome: Outcome, #[case] trouble: &str) {
    let transport = Scripted::sequence([outcome]);
    let answer = database(&transport).serves().await;
    assert_eq!(answer.as_ref().err().map_or("", kind), trouble);
    assert_eq!(
        (transport.lines(), transport.seen()[0].authorization.as_str()),
        (vec!["GET /v1/version".to_owned()], "")
    );
}

#[tokio::test(start_paused = true)]
async fn a_database_that_never_answers_is_given_up_on() {
    let slow = Scripted::slow(|_| (DATABASE_DEADLINE * 100, Ok(json(200, SESSION))));
    let error = database(&slow).sign_in("admin", &password()).await.unwrap_err();
    assert_eq!(kind(&error), "unreachable");
}

#[tokio::test(start_paused = true)]
async fn no_password_and_no_token_is_ever_shown() {
    let (result, _) = set_password_with(Ok(own_error(400, "session-token may not set new-value"))).await;
    let error = result.unwrap_err();
    assert_eq!(error, DatabaseError::Refused { message: "[redacted] may not set [redacted]".to_owned() });

    let transport = Scripted::sequence([Ok(json(200, SESSION))]);
    let session = database(&transport).sign_in("admin", &password()).await.unwrap();
    assert!(!format!("{session:?}").contains("session-token"));
}

#[tokio::test(start_paused = true)]
async fn a_users_name_stays_one_segment() {
    let transport = Scripted::sequence([Ok(json(200, SESSION)), Ok(json(200, ""))]);
    let database = database(&transport);
    let session = database.sign_in("a/b", &password()).await.unwrap();
    database.set_password(&session, "a/b", &password()).await.unwrap();
    assert_eq!(transport.lines()[1], "PUT /v1/users/a%2Fb");
    let error = database.set_password(&session, "..", &password()).await.unwrap_err();
    assert_eq!(kind(&error), "refused");
}
