//! What was asked of the server.

use bytes::Bytes;
use jiff::Timestamp;

use super::request::{Call, Part, Verb};

/// One request, and what came of it.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) at: Timestamp,
    pub(crate) verb: Verb,
    pub(crate) kind: &'static str,
    /// Empty where the request was not for one namespace.
    pub(crate) namespace: String,
    /// Empty where the request was for a collection.
    pub(crate) name: String,
    pub(crate) part: Part,
    /// The status code of the answer; none where the client got none.
    pub(crate) answer: Option<u16>,
    /// Whether anything is stored differently since.
    pub(crate) changed: bool,
    /// What the client sent.
    pub(crate) body: Bytes,
}

impl Entry {
    pub(super) fn new(call: &Call, at: Timestamp) -> Self {
        Self {
            at,
            verb: call.verb,
            kind: call.resource.kind,
            namespace: call.namespace.clone(),
            name: call.name.clone(),
            part: call.part,
            answer: None,
            changed: false,
            body: call.body.clone(),
        }
    }

    /// Whether it was meant to change something other than Events.
    pub(crate) fn is_write(&self) -> bool {
        self.verb.writes() && self.kind != "Event"
    }

    /// Whether it was for the object of this name, which a creation names in its body.
    pub(super) fn is_about(&self, name: &str) -> bool {
        let created = || serde_json::from_slice::<serde_json::Value>(&self.body).unwrap_or_default();
        self.name == name || (self.name.is_empty() && created()["metadata"]["name"] == *name)
    }

    /// Whether the client wrote one of these texts to anything but a Secret.
    pub(crate) fn leaks(&self, secrets: &[&str]) -> bool {
        let text = String::from_utf8_lossy(&self.body);
        self.kind != "Secret" && secrets.iter().any(|secret| text.contains(secret))
    }
}
