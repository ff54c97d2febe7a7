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
    body: Option<Body>,
    effect: Option<Effect>,
}

#[derive(Debug)]
enum Body {
    Json(Value),
    Text(String),
}

impl Answer {
    /// 200 with a body; nothing has changed.
    pub(super) fn shown(body: Value) -> Self {
        Self { status: StatusCode::OK, body: Some(Body::Json(body)), effect: None }
    }

    /// An answer without a body.
    pub(super) fn empty(status: StatusCode) -> Self {
        Self { status, body: None, effect: None }
    }

    /// 200 with text instead of JSON.
    pub(super) fn text(text: String) -> Self {
        Self { status: StatusCode::OK, body: Some(Body::Text(text)), effect: None }
    }

    /// The same with another status.
    pub(super) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// What it changed.
    pub(super) fn effect(&self) -> Option<&Effect> {
        self.effect.as_ref()
    }

    /// The same, told in the log with what it changed.
    pub(super) fn having(self, effect: Effect) -> Self {
        Self { effect: Some(effect), ..self }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = match self.body {
            Some(Body::Json(value)) => (self.status, Json(value)).into_response(),
            Some(Body::Text(text)) => (self.status, text).into_response(),
            None => self.status.into_response(),
        };
        if let Some(effect) = self.effect {
            response.extensions_mut().insert(effect);
        }
        response
    }
}
