use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, DATE, RETRY_AFTER};
use http::{HeaderMap, Response, StatusCode};
use rstest::rstest;

use super::{CloudError, Effect, of_answer, of_parse, of_send, sentence};
use crate::cloud::headers::retry_after;
use crate::cloud::transport::SendError;

const OWN: Option<&str> = Some("no");
const FOREIGN: Option<&str> = None;

#[rstest]
#[case(400, OWN, "invalid", "invalid")]
#[case(401, OWN, "unauthenticated", "unauthenticated")]
#[case(403, OWN, "forbidden", "forbidden")]
#[case(404, OWN, "not_found", "not_found")]
#[case(409, OWN, "conflict", "conflict")]
#[case(422, OWN, "invalid", "invalid")]
#[case(423, OWN, "busy", "busy")]
#[case(408, OWN, "unavailable", "unknown_outcome")]
#[case(418, OWN, "protocol", "unknown_outcome")]
#[case(429, OWN, "rate_limited", "rate_limited")]
#[case(429, FOREIGN, "rate_limited", "rate_limited")]
#[case(500, OWN, "unavailable", "unknown_outcome")]
#[case(502, FOREIGN, "unavailable", "unknown_outcome")]
#[case(503, FOREIGN, "unavailable", "unknown_outcome")]
#[case(302, FOREIGN, "protocol", "unknown_outcome")]
#[case(400, FOREIGN, "protocol", "unknown_outcome")]
#[case(401, FOREIGN, "protocol", "unknown_outcome")]
#[case(403, FOREIGN, "protocol", "unknown_outcome")]
#[case(404, FOREIGN, "protocol", "unknown_outcome")]
#[case(409, FOREIGN, "protocol", "unknown_outcome")]
fn an_answer_says_more_about_a_read_than_about_a_write(
    #[case] status: u16,
    #[case] own: Option<&str>,
    #[case] read: &str,
    #[case] write: &str,
) {
    let of = |effect| of_answer(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), own, effect, &[]).kind();
    assert_eq!((of(Effect::Read), of(Effect::Write)), (read, write));
}

#[rstest]
#[case(SendError::NotConnected("x".into()), "unavailable", "unavailable")]
#[case(SendError::NoAnswer("x".into()), "unavailable", "unknown_outcome")]
#[case(SendError::NotHttp("x".into()), "protocol", "unknown_outcome")]
#[case(SendError::TooLarge { limit: 1 }, "protocol", "unknown_outcome")]
fn only_a_missing_connection_surely_had_no_effect(#[case] error: SendError, #[case] read: &str, #[case] write: &str) {
    let of = |effect| of_send(&error, effect, &[]).kind();
    assert_eq!((of(Effect::Read), of(Effect::Write)), (read, write));
}

#[test]
fn definite_refusals_are_the_clouds_own_words_and_no_others() {
    let definite = |status: u16, own| {
        let status = StatusCode::from_u16(status).unwrap();
        of_answer(status, &HeaderMap::new(), own, Effect::Write, &[]).is_definite_refusal()
    };
    let refusals: Vec<u16> = (300..600).filter(|status| definite(*status, OWN)).collect();
    assert_eq!(refusals, [400, 401, 403, 404, 409, 422]);
    assert!((300..600).all(|status| !definite(status, FOREIGN)));
}

fn unreadable(body: &str, kind: &'static str, effect: Effect) -> CloudError {
    let error = serde_json::from_slice::<Vec<u8>>(&Bytes::from(body.to_owned())).unwrap_err();
    let headers = Response::builder().header(CONTENT_TYPE, kind).body(()).unwrap().into_parts().0.headers;
    of_parse(&error, &headers, effect)
}

#[rstest]
#[case("<html>", "text/html", "a body (text/html) that is not JSON")]
#[case("[1, 2", "application/json", "a body (application/json) that ends too early")]
#[case("", "application/json", "a body (application/json) that ends too early")]
fn an_unreadable_body_is_described_in_the_same_words_each_time(
    #[case] body: &str,
    #[case] kind: &'static str,
    #[case] message: &str,
) {
    assert_eq!(unreadable(body, kind, Effect::Read), CloudError::Protocol { message: message.to_owned() });
    assert_eq!(unreadable(body, kind, Effect::Write), CloudError::UnknownOutcome { message: message.to_owned() });
}

#[test]
fn a_body_of_another_form_is_described_without_its_place() {
    let message = unreadable("[1,\n\"x\"]", "application/json", Effect::Read).message().to_owned();
    assert!(message.contains("another form than documented: invalid type: string"), "{message}");
    assert!(!message.contains("line"), "{message}");
}

#[rstest]
#[case(None, 5)]
#[case(Some("7"), 7)]
#[case(Some(" 7 "), 7)]
#[case(Some("0"), 1)]
#[case(Some("86400"), 600)]
#[case(Some("99999999999999999999"), 5)]
#[case(Some("-3"), 5)]
#[case(Some("soon"), 5)]
#[case(Some("Sun, 06 Nov 1994 08:50:07 GMT"), 30)]
#[case(Some("Sun, 06 Nov 1994 08:00:00 GMT"), 1)]
#[case(Some("Mon, 07 Nov 1994 08:49:37 GMT"), 600)]
fn retry_after_is_seconds_or_a_date_and_has_bounds(#[case] value: Option<&str>, #[case] seconds: u64) {
    let mut headers = HeaderMap::new();
    headers.insert(DATE, "Sun, 06 Nov 1994 08:49:37 GMT".parse().unwrap());
    if let Some(value) = value {
        headers.insert(RETRY_AFTER, value.parse().unwrap());
    }
    assert_eq!(retry_after(&headers), Duration::from_secs(seconds));
}

#[rstest]
#[case("two\nlines\u{1b}[31m, \u{202e}tricks", "two lines [31m, tricks")]
#[case("token eyJhbGciOi.x.y is bad", "token [redacted] is bad")]
fn foreign_text_becomes_one_harmless_line(#[case] text: &str, #[case] shown: &str) {
    assert_eq!(sentence(text, &["", "eyJhbGciOi.x.y"]), shown);
}

#[test]
fn foreign_text_is_cut_after_secrets_are_taken_out() {
    let text = format!("{}s3cr3t-value{}", "é".repeat(295), "é".repeat(100));
    let shown = sentence(&text, &["s3cr3t-value"]);
    assert_eq!(shown.chars().count(), 301, "300 and the mark of the cut");
    assert!(!shown.contains("s3cr"), "{shown}");
}
