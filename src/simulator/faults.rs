//! What goes wrong on demand.

use std::time::Duration;

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, Method};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::cut;
use super::settings::Status;

/// Something that goes wrong with the requests that it matches.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// The method it is about; none: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The paths it is about.
    #[serde(default)]
    pub path: PathPattern,
    /// The server it is about, for a cluster's own endpoint; none: any, and the cloud's API too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// How many requests it strikes yet; none: until it is cleared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// Whether the request still has its effect.
    #[serde(default)]
    pub when: Moment,
    pub kind: FaultKind,
}

/// Whether a fault strikes before the request has its effect, or after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Moment {
    #[default]
    BeforeEffect,
    AfterEffect,
}

/// What goes wrong: `"cut"`, `"truncated"`, `{"latency": {"millis": 50}}`, `{"answer": {"status": 503, "retryAfter": 7}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum FaultKind {
    /// It takes longer; the effect comes even if the client no longer waits for it.
    Latency { millis: u64 },
    /// Another answer. Without a body it is the cloud's usual one for errors.
    Answer {
        status: Status,
        /// Seconds, for the header of that name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        body: Option<String>,
        /// `text/html` where there is a body and nothing else is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        content_type: Option<String>,
    },
    /// The connection is closed without an answer.
    Cut,
    /// The real answer, of which the second half is missing. It always comes after the effect.
    Truncated,
}

/// A path in which `*` stands for any text, slashes included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PathPattern(String);

impl PathPattern {
    #[must_use]
    pub fn new(pattern: impl Into<String>) -> Self {
        Self(pattern.into())
    }

    /// Whether the whole `path` matches.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        glob(&self.0, path)
    }
}

fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, tail)) => text
            .strip_prefix(head)
            .is_some_and(|rest| rest.char_indices().any(|(at, _)| glob(tail, &rest[at..])) || glob(tail, "")),
    }
}

impl Default for PathPattern {
    fn default() -> Self {
        Self("*".to_owned())
    }
}

/// The faults in force, in the order in which they were asked for.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Fault>);

/// What strikes one request.
#[derive(Debug, Default)]
pub(super) struct Strike {
    pub(super) delay_before: Duration,
    pub(super) delay_after: Duration,
    /// The answer instead of the effect.
    pub(super) instead: Option<FaultKind>,
    /// The answer after the effect.
    pub(super) afterwards: Option<FaultKind>,
}

impl Faults {
    pub(super) fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn all(&self) -> &[Fault] {
        &self.0
    }

    /// Draws the faults for one request: every latency that matches, and the first answer.
    pub(super) fn strike(&mut self, method: &Method, path: &str, address: Option<&str>) -> Strike {
        let mut strike = Strike::default();
        for fault in &mut self.0 {
            if fault.matches(method, path, address) && strike.take(fault) {
                fault.count = fault.count.map(|left| left - 1);
            }
        }
        self.0.retain(|fault| fault.count != Some(0));
        strike
    }
}

impl Fault {
    /// A fault of `kind` for every request to the paths that match `path`, before their effect.
    #[must_use]
    pub fn new(path: impl Into<String>, kind: FaultKind) -> Self {
        let path = PathPattern::new(path);
        Self { method: None, path, address: None, count: None, when: Moment::BeforeEffect, kind }
    }

    /// The same for one method only.
    #[must_use]
    pub fn method(self, method: &Method) -> Self {
        Self { method: Some(method.to_string()), ..self }
    }

    /// The same for the next `count` requests only.
    #[must_use]
    pub fn times(self, count: u32) -> Self {
        Self { count: Some(count), ..self }
    }

    /// The same after the request has had its effect.
    #[must_use]
    pub fn after_effect(self) -> Self {
        Self { when: Moment::AfterEffect, ..self }
    }

    fn matches(&self, method: &Method, path: &str, address: Option<&str>) -> bool {
        self.count != Some(0)
            && self.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method.as_str()))
            && self.address.as_deref().is_none_or(|wanted| Some(wanted) == address)
            && self.path.matches(path)
    }
}

impl FaultKind {
    /// An answer of `status` with the cloud's usual error body.
    #[must_use]
    pub fn status(status: Status) -> Self {
        Self::Answer { status, retry_after: None, body: None, content_type: None }
    }
}

impl Strike {
    /// Takes `fault` up; false where an earlier one decides the answer already.
    fn take(&mut self, fault: &Fault) -> bool {
        let answered = match (&fault.kind, fault.when) {
            (FaultKind::Latency { millis }, moment) => {
                let delay = Duration::from_millis(*millis);
                match moment {
                    Moment::BeforeEffect => self.delay_before = self.delay_before.saturating_add(delay),
                    Moment::AfterEffect => self.delay_after = self.delay_after.saturating_add(delay),
                }
                return true;
            }
            _ if self.instead.is_some() => return false,
            (FaultKind::Truncated, _) | (_, Moment::AfterEffect) => &mut self.afterwards,
            (_, Moment::BeforeEffect) => &mut self.instead,
        };
        let free = answered.is_none();
        if free {
            *answered = Some(fault.kind.clone());
        }
        free
    }
}

/// A cloud's usual error body, from a code such as `BAD_GATEWAY` and a sentence.
pub(super) type ErrorBody = fn(code: String, message: String) -> Value;

/// The answer that `kind` gives instead of the `real` one, which is none where the request had no effect.
pub(super) fn answer(kind: FaultKind, real: Option<&[u8]>, error_body: ErrorBody) -> Response {
    match kind {
        FaultKind::Latency { .. } | FaultKind::Cut => cut::response(),
        FaultKind::Truncated => {
            let whole = real.unwrap_or_default();
            let half = whole[..whole.len() / 2].to_vec();
            ([(CONTENT_TYPE, "application/json")], half).into_response()
        }
        FaultKind::Answer { status, retry_after, body, content_type } => {
            let mut response = if let Some(body) = body {
                let content_type = content_type.unwrap_or_else(|| "text/html".to_owned());
                (status.0, [(CONTENT_TYPE, content_type)], body).into_response()
            } else {
                let reason = status.0.canonical_reason().unwrap_or("Unknown");
                let code = reason.to_uppercase().replace(' ', "_");
                (status.0, axum::Json(error_body(code, format!("{reason}.")))).into_response()
            };
            if let Some(seconds) = retry_after {
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
            }
            response
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case("/a/b", "/a/b", true)]
    #[case("/a/b", "/a/b/c", false)]
    #[case("*", "", true)]
    #[case("/a/*", "/a/b/c", true)]
    #[case("/a/*/c", "/a/b/x/c", true)]
    #[case("/a/*/c", "/a/c", false)]
    #[case("*/deploy", "/api/deploy", true)]
    #[case("*/deploy", "/api/deploy2", false)]
    #[case("/a*b*c", "/a1b2b3c", true)]
    #[case("/a*b*c", "/a1c2b", false)]
    #[case("/ab*bc", "/abc", false)]
    fn a_star_stands_for_any_text(#[case] pattern: &str, #[case] path: &str, #[case] expected: bool) {
        assert_eq!(PathPattern::new(pattern).matches(path), expected);
    }

    #[test]
    fn a_fault_strikes_as_often_as_it_was_asked_to() {
        let mut faults = Faults::default();
        faults.add(Fault::new("/x", FaultKind::Cut).times(2));
        let struck: Vec<bool> = (0..3).map(|_| faults.strike(&Method::GET, "/x", None).instead.is_some()).collect();
        assert_eq!(struck, [true, true, false]);
        assert!(faults.all().is_empty());
    }

    #[test]
    fn latencies_add_up_and_the_first_answer_wins_without_using_the_second() {
        let mut faults = Faults::default();
        faults.add(Fault::new("*", FaultKind::Latency { millis: 10 }));
        faults.add(Fault::new("*", FaultKind::Latency { millis: 20 }));
        faults.add(Fault::new("*", FaultKind::Cut).times(1));
        faults.add(Fault::new("*", FaultKind::status(Status(StatusCode::BAD_GATEWAY))).times(1));
        let first = faults.strike(&Method::GET, "/", None);
        assert_eq!((first.delay_before, first.instead), (Duration::from_millis(30), Some(FaultKind::Cut)));
        assert!(matches!(faults.strike(&Method::GET, "/", None).instead, Some(FaultKind::Answer { .. })));
    }

    #[test]
    fn method_and_address_narrow_a_fault_down() {
        let mut faults = Faults::default();
        faults.add(Fault { address: Some("a:80".to_owned()), ..Fault::new("*", FaultKind::Cut).method(&Method::PUT) });
        assert!(faults.strike(&Method::PUT, "/", None).instead.is_none());
        assert!(faults.strike(&Method::PUT, "/", Some("b:80")).instead.is_none());
        assert!(faults.strike(&Method::GET, "/", Some("a:80")).instead.is_none());
        assert!(faults.strike(&Method::PUT, "/", Some("a:80")).instead.is_some());
    }

    #[test]
    fn a_fault_is_read_strictly() {
        let fault: Fault = serde_json::from_value(json!({
            "method": "POST", "path": "/api/*", "count": 3, "when": "afterEffect",
            "kind": {"answer": {"status": 503, "retryAfter": 7}}
        }))
        .unwrap();
        assert_eq!((fault.count, fault.when), (Some(3), Moment::AfterEffect));
        assert!(matches!(fault.kind, FaultKind::Answer { retry_after: Some(7), .. }));
        let misspelt = json!({"methd": "POST", "kind": "cut"});
        assert!(serde_json::from_value::<Fault>(misspelt).is_err(), "it would strike more than was meant");
    }
}
