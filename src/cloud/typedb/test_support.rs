//! Answers in the form of TypeDB's, for tests.

use bytes::Bytes;
use http::Response;

use crate::cloud::test_support::json;

/// An error of the cloud, or of a database.
pub(crate) fn own_error(status: u16, message: &str) -> Response<Bytes> {
    json(status, &serde_json::json!({ "code": "CODE", "message": message }).to_string())
}
