//! One call of a cloud's API, before it is made, and what it brings.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Response};
use jiff::Timestamp;
use secrecy::SecretString;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::error::Effect;
use super::request::parse;
use super::transport::{BODY, LIST_BODY};

/// How long a read of one thing may take, from its permit to the last byte of its answer.
pub const READ_DEADLINE: Duration = Duration::from_secs(20);
/// How long a list may take.
pub const LIST_DEADLINE: Duration = Duration::from_secs(60);
/// How long a write may take. It had its effect by then, or shortly after, or never.
pub const WRITE_DEADLINE: Duration = Duration::from_secs(30);
/// How long a write waits for an access token: what was looked up before it must not grow old.
pub const WRITE_TOKEN_WAIT: Duration = Duration::from_secs(3);

/// What a call brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer<T> {
    pub value: T,
    /// The cloud's own time of day, from the answer's Date header.
    pub date: Option<Timestamp>,
}

/// What an answer is to its call; none where it says that the call failed.
pub(super) type Reader<T> = fn(&Response<Bytes>) -> Option<Result<T, serde_json::Error>>;

/// One call that brings a `T`.
pub(super) struct Call<T> {
    /// A name for counting.
    pub(super) operation: &'static str,
    pub(super) method: Method,
    pub(super) url: String,
    /// In JSON.
    pub(super) body: Option<Bytes>,
    /// What of the body must not be shown.
    pub(super) confidential: Option<SecretString>,
    pub(super) effect: Effect,
    pub(super) deadline: Duration,
    /// The largest body of an answer, in bytes.
    pub(super) max_body: usize,
    pub(super) reader: Reader<T>,
}

impl<T: DeserializeOwned> Call<T> {
    /// Reads one thing.
    pub(super) fn read(operation: &'static str, url: String) -> Self {
        Self {
            operation,
            method: Method::GET,
            url,
            body: None,
            confidential: None,
            effect: Effect::Read,
            deadline: READ_DEADLINE,
            max_body: BODY,
            reader: value,
        }
    }

    /// Reads a list, which has no pages and may be long.
    pub(super) fn list(operation: &'static str, url: String) -> Self {
        Self { deadline: LIST_DEADLINE, max_body: LIST_BODY, ..Self::read(operation, url) }
    }

    /// Changes something.
    pub(super) fn write(operation: &'static str, method: Method, url: String, body: Option<Bytes>) -> Self {
        Self { method, body, effect: Effect::Write, deadline: WRITE_DEADLINE, ..Self::read(operation, url) }
    }
}

/// A success brings a value in JSON.
fn value<T: DeserializeOwned>(answer: &Response<Bytes>) -> Option<Result<T, serde_json::Error>> {
    answer.status().is_success().then(|| parse(answer.body()))
}

/// A success brings nothing. What is neither nothing nor JSON, such as a gateway's page, is not the cloud's word.
pub(super) fn nothing(answer: &Response<Bytes>) -> Option<Result<(), serde_json::Error>> {
    let body = answer.body();
    let read = || if body.is_empty() { Ok(()) } else { parse::<IgnoredAny>(body).map(|_| ()) };
    answer.status().is_success().then(read)
}
