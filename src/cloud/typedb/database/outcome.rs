//! From a database's answer, or its absence, to what the caller should do.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Response, StatusCode};

use crate::cloud::database::{DatabaseError, bare};
use crate::cloud::error::sentence;
use crate::cloud::transport::SendError;
use crate::cloud::typedb::refusal::own_message;

pub(super) fn no_session() -> DatabaseError {
    DatabaseError::Unreachable { message: "its answer to the sign-in holds no token".to_owned() }
}

pub(super) fn no_version() -> DatabaseError {
    DatabaseError::Unreachable { message: "its answer holds no version".to_owned() }
}

/// Such a server speaks gRPC only.
fn no_http_api() -> DatabaseError {
    DatabaseError::Unsupported { message: "they have no HTTP API for users, as TypeDB has since 3.2".to_owned() }
}

pub(super) fn sign_in_unanswered(error: &SendError, secrets: &[&str]) -> DatabaseError {
    match error {
        SendError::NotHttp(_) => no_http_api(),
        _ => DatabaseError::Unreachable { message: sentence(&error.to_string(), secrets) },
    }
}

pub(super) fn set_password_unanswered(error: &SendError, secrets: &[&str]) -> DatabaseError {
    let message = sentence(&error.to_string(), secrets);
    match error {
        SendError::NotConnected(_) => DatabaseError::Unreachable { message },
        _ => DatabaseError::UnknownOutcome { message },
    }
}

/// Signing in changes nothing, so that whatever is no answer of the database's own is for later.
pub(super) fn sign_in(answer: &Response<Bytes>, secrets: &[&str]) -> Result<(), DatabaseError> {
    if lacks_http_api(answer) {
        return Err(no_http_api());
    }
    let status = answer.status();
    match own(answer, secrets) {
        _ if status.is_success() => Ok(()),
        // A bare 401 is somebody's before the database, such as a gateway's while the server starts.
        Some(_) if status == StatusCode::UNAUTHORIZED => Err(DatabaseError::WrongPassword),
        Some(message) if is_refusal(status) => Err(DatabaseError::Refused { message }),
        message => Err(DatabaseError::Unreachable { message: message.unwrap_or_else(|| bare(status)) }),
    }
}

/// Setting a password is undone by nothing: only an answer of the database's own proves that it was not set.
pub(super) fn set_password(answer: &Response<Bytes>, secrets: &[&str]) -> Result<(), DatabaseError> {
    let status = answer.status();
    match own(answer, secrets) {
        _ if status == StatusCode::OK || status == StatusCode::NO_CONTENT => Ok(()),
        Some(_) if status == StatusCode::UNAUTHORIZED => Err(DatabaseError::WrongPassword),
        Some(message) if is_refusal(status) || status == StatusCode::NOT_FOUND => {
            Err(DatabaseError::Refused { message })
        }
        message => Err(DatabaseError::UnknownOutcome { message: message.unwrap_or_else(|| bare(status)) }),
    }
}

/// What a server without that API answers: one that speaks HTTP for other purposes does not know the path, one
/// that speaks gRPC does not know the method or the type of the body, or says so in gRPC's own way.
fn lacks_http_api(answer: &Response<Bytes>) -> bool {
    let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    matches!(answer.status().as_u16(), 404 | 405 | 415) || kind.starts_with("application/grpc")
}

fn is_refusal(status: StatusCode) -> bool {
    matches!(status.as_u16(), 400 | 403 | 409 | 422)
}

fn own(answer: &Response<Bytes>, secrets: &[&str]) -> Option<String> {
    own_message(answer.body()).map(|message| sentence(&message, secrets))
}
