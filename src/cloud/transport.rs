//! One request, one answer: the seam between the typed clients and the network.

mod http;
#[cfg(test)]
mod tests;

use std::fmt::Debug;
use std::time::Duration;

use ::http::{Request, Response};
use bytes::Bytes;
use futures::future::BoxFuture;

pub use self::http::{HttpTransport, TransportBuildError};

/// The largest body taken from a list: 64 MiB, some 100,000 clusters.
pub const LIST_BODY: usize = 64 * 1024 * 1024;
/// The largest body taken from any other call: 1 MiB.
pub const BODY: usize = 1024 * 1024;

/// What one exchange may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From the first attempt to connect to the last byte of the answer.
    pub deadline: Duration,
    /// The largest body of an answer, in bytes.
    pub max_body: usize,
}

/// Why a request has no answer. The difference between the variants is what may have happened on the other side.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// No connection came about, so nothing was sent.
    #[error("{0}")]
    NotConnected(String),
    /// The request may have been sent, and may have had its effect.
    #[error("{0}")]
    NoAnswer(String),
    /// A connection came about, but what answered does not speak HTTP.
    #[error("{0}")]
    NotHttp(String),
    /// The request had its effect, whatever that was; its answer is larger than `limit` bytes.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge { limit: usize },
}

/// Sends a request and brings back its answer, whatever its status.
///
/// An implementation keeps to the limits, follows no redirect and repeats nothing: callers decide on
/// what may be repeated. Dropping the future gives up on the answer, not on the effect.
pub trait Transport: Send + Sync + Debug {
    /// Sends `request`, whose URI is absolute.
    fn send(&self, request: Request<Bytes>, limits: Limits) -> BoxFuture<'_, Result<Response<Bytes>, SendError>>;
}

/// Runs an exchange until its deadline. Past it the effect of the request is unknown.
///
/// The deadline comes first: an exchange of a process that was stopped, and goes on past the deadline, sends nothing more.
pub async fn within<T>(
    deadline: Duration,
    exchange: impl Future<Output = Result<T, SendError>>,
) -> Result<T, SendError> {
    tokio::select! {
        biased;
        () = tokio::time::sleep(deadline) => Err(SendError::NoAnswer("there was no answer in time".to_owned())),
        outcome = exchange => outcome,
    }
}
