//! How the cloud says no.

use std::fmt;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::cloud::typedb::wire::ErrorBody;

/// An error answer: a status with the cloud's `{code, message}`.
///
/// The vendor publishes no codes. `UNAUTHENTICATED_REQUEST` has been seen; the others are made up in its style.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub status: StatusCode,
    pub code: &'static str,
    pub message: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    /// 400: the request itself is wrong.
    pub(in crate::simulator) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INVALID_REQUEST", message)
    }

    /// 401: the token is missing, unknown or expired.
    pub(super) fn unauthenticated() -> Self {
        let message = "The access token is missing, invalid or expired.";
        Self::new(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED_REQUEST", message)
    }

    /// 404: something that the request refers to does not exist.
    pub(super) fn not_found(what: impl fmt::Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", format!("{what} does not exist."))
    }

    /// 409: the id is in use.
    pub(super) fn in_use(id: impl fmt::Display) -> Self {
        let message = format!("A cluster with the id '{id}' exists already in this space.");
        Self::new(StatusCode::CONFLICT, "CLUSTER_ID_IN_USE", message)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}: {}", self.status.as_u16(), self.code, self.message)
    }
}

impl std::error::Error for Refusal {}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(error_body(self.code.to_owned(), self.message))).into_response()
    }
}

/// The body of every error.
pub(in crate::simulator) fn error_body(code: String, message: String) -> Value {
    json!(ErrorBody { code, message })
}
