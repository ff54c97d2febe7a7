//! From a database's answer, or its absence, to what the caller should do.

use bytes::Bytes;
use http::header::WWW_AUTHENTICATE;
use http::{Response, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use crate::cloud::database::{DatabaseError, bare};
use crate::cloud::error::sentence;
use crate::cloud::request::parse;
use crate::cloud::transport::SendError;

/// How the database calls itself where it asks who is there.
const REALM: &str = "CrateDB Authenticator";

/// What a statement that brings rows is answered with.
#[derive(Deserialize)]
struct Rows {
    #[serde(rename = "rows")]
    _rows: Vec<Value>,
}

/// An error in the database's own form.
#[derive(Deserialize)]
struct ErrorBody {
    error: Trouble,
}

#[derive(Deserialize)]
struct Trouble {
    message: String,
}

pub(super) fn unanswered(error: &SendError, secrets: &[&str]) -> DatabaseError {
    let message = sentence(&error.to_string(), secrets);
    match error {
        // A network that is not on the list of allowed ones is not refused, but left without an answer.
        SendError::NotConnected(_) | SendError::NoAnswer(_) => DatabaseError::Unreachable { message },
        SendError::NotHttp(_) | SendError::TooLarge { .. } => DatabaseError::Protocol { message },
    }
}

pub(super) fn proof(answer: &Response<Bytes>, secrets: &[&str]) -> Result<(), DatabaseError> {
    let status = answer.status();
    if is_own_denial(answer) {
        return Err(DatabaseError::WrongPassword);
    }
    if status.is_success() {
        let unread = |_| DatabaseError::Protocol { message: "its answer to a statement holds no rows".to_owned() };
        return parse::<Rows>(answer.body()).map(|_| ()).map_err(unread);
    }
    let own = parse::<ErrorBody>(answer.body()).ok().map(|body| sentence(&body.error.message, secrets));
    Err(match own {
        own if is_passing(status) => DatabaseError::Unreachable { message: own.unwrap_or_else(|| bare(status)) },
        Some(message) => DatabaseError::Refused { message },
        None if status == StatusCode::FORBIDDEN => DatabaseError::Unreachable { message: bare(status) },
        None => DatabaseError::Protocol { message: bare(status) },
    })
}

/// Whether it is the database that does not let us in. What stands before it may say the same while there is none.
fn is_own_denial(answer: &Response<Bytes>) -> bool {
    let realm = answer.headers().get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok());
    let is_own = || realm.is_some_and(|realm| realm.contains(REALM)) || parse::<ErrorBody>(answer.body()).is_ok();
    answer.status() == StatusCode::UNAUTHORIZED && is_own()
}

/// Whether the database may well serve later.
fn is_passing(status: StatusCode) -> bool {
    let passing = [StatusCode::UNAUTHORIZED, StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
    status.is_server_error() || passing.contains(&status)
}
