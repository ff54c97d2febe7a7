//! How both of TypeDB's APIs say no.

use bytes::Bytes;
use http::{Method, Response};

use super::wire::ErrorBody;
use crate::cloud::caller::Refusal;
use crate::cloud::request::parse;

/// The status says it, and the body why.
pub(super) fn refusal(_method: &Method, answer: &Response<Bytes>) -> Refusal {
    Refusal { status: answer.status(), words: own_message(answer.body()) }
}

/// The message of an error in TypeDB's own form.
pub(super) fn own_message(body: &Bytes) -> Option<String> {
    parse::<ErrorBody>(body).ok().map(|error| error.message)
}
