//! How the cloud says no.

use std::fmt;

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::unknowns::{FieldErrors, StrangerAnswer, Unknowns};
use crate::cloud::cratedb::wire::ErrorBody;

/// An error answer: a status with the cloud's `{message, success, errors}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub status: StatusCode,
    pub message: String,
    /// The field of the body that is wrong, such as `cluster.name`.
    pub field: Option<String>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), field: None }
    }

    /// 400: the request itself is wrong.
    pub(in crate::simulator) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// 400: one field of the body is wrong.
    pub(super) fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..Self::invalid(message) }
    }

    /// 401: there is no key, or it is wrong, inactive or expired.
    pub(super) fn unauthenticated() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Authentication required.")
    }

    /// 403: the user may not do this.
    pub(super) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    /// 404: something that the request refers to does not exist.
    pub(super) fn not_found(what: impl fmt::Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("{what} does not exist."))
    }

    /// The answer to a request for `path`.
    pub(super) fn answer(self, path: &str, unknowns: &Unknowns) -> Response {
        if self.status == StatusCode::UNAUTHORIZED {
            match unknowns.stranger_answer {
                StrangerAnswer::Json => {}
                StrangerAnswer::Page => {
                    let page = "<html><body><h1>401 Authorization Required</h1></body></html>";
                    return (self.status, [(CONTENT_TYPE, "text/html")], page).into_response();
                }
                StrangerAnswer::Redirect => {
                    return (StatusCode::FOUND, [(LOCATION, format!("/?rd={path}"))]).into_response();
                }
            }
        }
        let errors = self.field.as_deref().and_then(|field| errors(field, &self.message, unknowns.field_errors));
        let vague = unknowns.vague_messages && errors.is_some();
        let message = if vague { "Bad request".to_owned() } else { self.message };
        (self.status, Json(ErrorBody { message, success: false, errors })).into_response()
    }
}

/// The body of an error of which nothing but a sentence is known.
pub(in crate::simulator) fn error_body(_code: String, message: String) -> Value {
    json!(ErrorBody { message, success: false, errors: None })
}

fn errors(field: &str, message: &str, shape: FieldErrors) -> Option<Value> {
    match shape {
        FieldErrors::Nested => Some(field.rsplit('.').fold(json!([message]), |inner, name| json!({ name: inner }))),
        FieldErrors::Lists => Some(json!({ field: [message] })),
        FieldErrors::Texts => Some(json!({ field: message })),
        FieldErrors::Absent => None,
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.status.as_u16(), self.message)
    }
}

impl std::error::Error for Refusal {}
