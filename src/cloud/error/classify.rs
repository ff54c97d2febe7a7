//! From what came back, or did not, to what the caller should do.

use http::{HeaderMap, StatusCode};
use serde_json::error::Category;

use super::{CloudError, sentence};
use crate::cloud::headers::retry_after;
use crate::cloud::transport::SendError;

/// Whether a call can change anything. What is a nuisance for a read leaves the outcome of a write open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Read,
    Write,
}

impl Effect {
    fn unavailable(self, message: String) -> CloudError {
        match self {
            Self::Read => CloudError::Unavailable { message },
            Self::Write => CloudError::UnknownOutcome { message },
        }
    }

    fn unexpected(self, message: String) -> CloudError {
        match self {
            Self::Read => CloudError::Protocol { message },
            Self::Write => CloudError::UnknownOutcome { message },
        }
    }
}

/// A request without an answer.
pub(crate) fn of_send(error: &SendError, effect: Effect, secrets: &[&str]) -> CloudError {
    let message = sentence(&error.to_string(), secrets);
    match error {
        SendError::NotConnected(_) => CloudError::Unavailable { message },
        SendError::NoAnswer(_) => effect.unavailable(message),
        SendError::NotHttp(_) | SendError::TooLarge { .. } => effect.unexpected(message),
    }
}

/// An answer that is no success. `own` is the message of an error body in the cloud's own form, where it has one;
/// an answer without it may come from anything between here and the cloud, and proves nothing.
pub(crate) fn of_answer(
    status: StatusCode,
    headers: &HeaderMap,
    own: Option<&str>,
    effect: Effect,
    secrets: &[&str],
) -> CloudError {
    if status == StatusCode::TOO_MANY_REQUESTS {
        return CloudError::RateLimited { retry_after: retry_after(headers) };
    }
    let Some(own) = own else {
        let message = format!("it answered {status} without an error of its own");
        return if is_passing(status) { effect.unavailable(message) } else { effect.unexpected(message) };
    };
    let message = sentence(own, secrets);
    match status.as_u16() {
        400 | 422 => CloudError::Invalid { message },
        401 => CloudError::Unauthenticated { message },
        403 => CloudError::Forbidden { message },
        404 => CloudError::NotFound { message },
        409 => CloudError::Conflict { message },
        423 => CloudError::Busy { message },
        _ if is_passing(status) => effect.unavailable(message),
        _ => effect.unexpected(message),
    }
}

/// Whether the same request may well succeed later.
fn is_passing(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status.as_u16(), 408 | 425)
}

/// A success whose body cannot be read.
pub(crate) fn of_parse(error: &serde_json::Error, headers: &HeaderMap, effect: Effect) -> CloudError {
    let kind = headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("no type");
    let trouble = match error.classify() {
        Category::Eof => "that ends too early".to_owned(),
        Category::Syntax | Category::Io => "that is not JSON".to_owned(),
        Category::Data => format!("in another form than documented: {}", without_place(error)),
    };
    effect.unexpected(sentence(&format!("a body ({kind}) {trouble}"), &[]))
}

/// The parser's text without line and column, which differ from one answer to the next.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split_once(" at line ").map_or(text.as_str(), |(trouble, _)| trouble).to_owned()
}
