//! What every request has in common.

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::CloudError;
use crate::api::identity::Endpoint;

/// A request, with a body in JSON where it has one.
pub(super) fn request(
    method: Method,
    url: &str,
    authorization: Option<HeaderValue>,
    json: Option<Bytes>,
) -> Result<Request<Bytes>, CloudError> {
    let mut builder = Request::builder().method(method).uri(url).header(ACCEPT, "application/json, text/plain");
    if let Some(authorization) = authorization {
        builder = builder.header(AUTHORIZATION, authorization);
    }
    if json.is_some() {
        builder = builder.header(CONTENT_TYPE, "application/json");
    }
    builder.body(json.unwrap_or_default()).map_err(|error| unsendable(&error))
}

/// A body in JSON.
pub(super) fn json(value: &impl Serialize) -> Result<Bytes, CloudError> {
    serde_json::to_vec(value).map(Bytes::from).map_err(|error| unsendable(&error))
}

pub(super) fn parse<T: DeserializeOwned>(body: &Bytes) -> Result<T, serde_json::Error> {
    serde_json::from_slice(body)
}

/// One segment of a path; none where the text cannot be one.
///
/// An empty segment and the two that move about in the path, encoded or not, would address something else:
/// a deletion of `..` must not reach the collection.
pub(super) fn segment(text: &str) -> Option<String> {
    if matches!(text, "" | "." | "..") {
        return None;
    }
    Some(encoded(text))
}

fn encoded(text: &str) -> String {
    let encoded = text.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    });
    encoded.collect()
}

/// A URL with a query of these parameters.
pub(super) fn with_query(url: &str, parameters: &[(&str, String)]) -> String {
    let query: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    format!("{url}?{}", query.join("&"))
}

/// A URL at `endpoint` whose path consists of these segments.
pub(super) fn url(endpoint: &Endpoint, path: &[&str]) -> Result<String, CloudError> {
    let mut url = endpoint.to_string();
    for text in path {
        let Some(segment) = segment(text) else {
            return Err(CloudError::Invalid { message: format!("\"{text}\" cannot be part of a URL") });
        };
        url.push('/');
        url.push_str(&segment);
    }
    Ok(url)
}

fn unsendable(error: &dyn std::error::Error) -> CloudError {
    CloudError::Invalid { message: format!("the request cannot be sent: {error}") }
}
