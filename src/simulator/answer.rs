//! A success of a cloud's API.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::requests::Effect;

/// A success, and what it changed.
#[derive(Debug)]
pub(super) struct Answer {
    status: StatusCode,
    /// None: the answer has no body.
    body: Option<Value>,
    effect: Option<Effect>,
}

impl Answer {
    /// 200 with a body; nothing has changed.
    pub(super) fn shown(body: Value) -> Self {
        Self { status: StatusCode::OK, body: Some(body), effect: None }
    }

    /// An answer without a body.
    pub(super) fn empty(status: StatusCode) -> Self {
        Self { status, body: None, effect: None }
    }

    /// The same with another status.
    pub(super) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// The same, told in the log with what it changed.
    pub(super) fn having(self, effect: Effect) -> Self {
        Self { effect: Some(effect), ..self }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = match self.body {
            Some(body) => (self.status, Json(body)).into_response(),
            None => self.status.into_response(),
        };
        if let Some(effect) = self.effect {
            response.extensions_mut().insert(effect);
        }
        response
    }
}
