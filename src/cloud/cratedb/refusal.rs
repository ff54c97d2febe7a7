//! How CrateDB Cloud says no.

use bytes::Bytes;
use http::header::LOCATION;
use http::{Method, Response, StatusCode};
use serde_json::Value;

use super::wire::ErrorBody;
use crate::cloud::caller::Refusal;
use crate::cloud::request::parse;

/// Reads an answer that is no success.
///
/// The documented statuses do not say everything: who is not signed in may be sent to a page that signs in, a 401
/// can come without JSON, and that another operation runs is said in words alone.
pub(super) fn refusal(method: &Method, answer: &Response<Bytes>) -> Refusal {
    let status = answer.status();
    if leads_to_sign_in(answer) {
        return Refusal { status: StatusCode::UNAUTHORIZED, words: Some("it asks to sign in".to_owned()) };
    }
    let words = parse::<ErrorBody>(answer.body()).ok().map(in_one);
    match words {
        Some(words) if another_operation_runs(status, &words) => {
            Refusal { status: StatusCode::LOCKED, words: Some(words) }
        }
        words => Refusal { status, words: words.or_else(|| status_alone(method, status)) },
    }
}

/// Unauthenticated requests have been seen to be sent to `/?rd=PATH`.
fn leads_to_sign_in(answer: &Response<Bytes>) -> bool {
    let target = answer.headers().get(LOCATION).and_then(|target| target.to_str().ok());
    answer.status().is_redirection() && target.is_some_and(|target| target.contains("/?rd="))
}

/// Seen: "Another cluster operation is currently in progress, please try again later." and "… is already in
/// progress."; with which status is documented nowhere.
fn another_operation_runs(status: StatusCode, words: &str) -> bool {
    let words = words.to_ascii_lowercase();
    matches!(status.as_u16(), 400 | 409) && words.contains("operation") && words.contains("in progress")
}

/// Where the status can only be the cloud's own: a 401, and what answers HEAD, which never has a body.
fn status_alone(method: &Method, status: StatusCode) -> Option<String> {
    let own = status == StatusCode::UNAUTHORIZED || (method == Method::HEAD && status.is_client_error());
    own.then(|| format!("it answered {status}"))
}

/// The message with what is wrong with each field, such as "Bad request (name: too short; region: unknown)".
fn in_one(error: ErrorBody) -> String {
    let details = error.errors.as_ref().map(flattened).unwrap_or_default();
    if details.is_empty() { error.message } else { format!("{} ({details})", error.message) }
}

/// The shape of these values is documented nowhere: texts, lists of texts and fields within fields are all taken.
fn flattened(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(items) => joined(items.iter().map(flattened), ", "),
        Value::Object(fields) => {
            let field = |(name, value): (&String, _)| joined([name.clone(), flattened(value)], ": ");
            joined(fields.iter().map(field), "; ")
        }
    }
}

fn joined(parts: impl IntoIterator<Item = String>, between: &str) -> String {
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(between)
}
