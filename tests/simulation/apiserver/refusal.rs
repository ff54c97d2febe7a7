//! What the server says when it does not do what it was asked.

use kube::core::Status;
use kube::core::response::StatusDetails;
use serde_json::{Value, json};

use super::resource::Resource;

/// An answer with a status code of 400 or above.
#[derive(Debug, Clone)]
pub(crate) struct Refusal(Box<Status>);

impl Refusal {
    pub(super) fn new(code: u16, reason: &str, message: &str) -> Self {
        Self(Box::new(Status::failure(message, reason).with_code(code)))
    }

    fn about(code: u16, reason: &str, message: &str, resource: &Resource, name: &str) -> Self {
        let details = StatusDetails {
            name: name.into(),
            group: resource.group.into(),
            kind: resource.plural.into(),
            uid: String::new(),
            causes: Vec::new(),
            retry_after_seconds: 0,
        };
        Self(Box::new(Status::failure(message, reason).with_code(code).with_details(details)))
    }

    pub(super) fn not_found(resource: &Resource, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", resource.qualified());
        Self::about(404, "NotFound", &message, resource, name)
    }

    pub(super) fn already_exists(resource: &Resource, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", resource.qualified());
        Self::about(409, "AlreadyExists", &message, resource, name)
    }

    pub(super) fn conflict(resource: &Resource, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {} \"{name}\": {why}", resource.qualified());
        Self::about(409, "Conflict", &message, resource, name)
    }

    pub(super) fn modified(resource: &Resource, name: &str) -> Self {
        let why = "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict(resource, name, why)
    }

    pub(super) fn invalid(resource: &Resource, name: &str, why: &str) -> Self {
        let message = format!("{} \"{name}\" is invalid: {why}", resource.kind);
        Self::about(422, "Invalid", &message, resource, name)
    }

    pub(super) fn forbidden(resource: &Resource, name: &str, why: &str) -> Self {
        let message = format!("{} \"{name}\" is forbidden: {why}", resource.qualified());
        Self::about(403, "Forbidden", &message, resource, name)
    }

    pub(super) fn bad_request(message: &str) -> Self {
        Self::new(400, "BadRequest", message)
    }

    pub(super) fn expired(asked: u64, oldest: u64) -> Self {
        Self::new(410, "Expired", &format!("too old resource version: {asked} ({oldest})"))
    }

    pub(super) fn too_large(asked: u64, current: u64) -> Self {
        Self::new(504, "Timeout", &format!("Too large resource version: {asked}, current: {current}"))
    }

    /// What a fault answers.
    pub(super) fn injected(code: u16) -> Self {
        let reason = match code {
            401 => "Unauthorized",
            403 => "Forbidden",
            404 => "NotFound",
            409 => "Conflict",
            410 => "Expired",
            429 => "TooManyRequests",
            503 => "ServiceUnavailable",
            504 => "Timeout",
            _ => "InternalError",
        };
        Self::new(code, reason, "this answer was asked for by the test")
    }

    /// The plain text that stands in for a `Status` where nothing is served at a path.
    pub(super) fn no_such_path() -> Self {
        Self::new(404, "", "404 page not found")
    }

    pub(crate) fn code(&self) -> u16 {
        self.0.code
    }

    pub(crate) fn message(&self) -> &str {
        &self.0.message
    }

    /// The `Status` as JSON; none where the real server answers in plain text.
    pub(super) fn to_status(&self) -> Option<Value> {
        if self.0.reason.is_empty() {
            return None;
        }
        let mut status = json!(self.0);
        status["apiVersion"] = "v1".into();
        status["kind"] = "Status".into();
        Some(status)
    }
}
