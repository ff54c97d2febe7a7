//! One server of a database, whichever cloud runs it: how it is asked, and how that can fail.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode};

use super::endpoint::DatabaseUrl;
use super::request::request;
use super::transport::{BODY, Limits, SendError, Transport};

/// How long one call of a database may take.
pub const DATABASE_DEADLINE: Duration = Duration::from_secs(15);

/// Why a call of a database brought no result. Messages never hold a password or a token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseError {
    /// The password is wrong, or the session has ended. The call had no effect.
    #[error("The database does not accept the user name and password.")]
    WrongPassword,
    /// This server knows nothing of such calls, and no later try is answered otherwise.
    #[error("The database's servers offer no way to set a password: {message}")]
    Unsupported { message: String },
    /// Try again later. Nothing was changed.
    #[error("The database cannot be reached: {message}")]
    Unreachable { message: String },
    /// The password may have been set: prove which one is in force.
    #[error("It is unknown whether the password was set: {message}")]
    UnknownOutcome { message: String },
    /// The database said no, in its own words. Nothing was changed.
    #[error("The database refused: {message}")]
    Refused { message: String },
    /// What answered is not this database. Nothing was changed.
    #[error("The database answered with something unexpected: {message}")]
    Protocol { message: String },
}

/// Where one server of a cluster is reached.
#[derive(Clone, Debug)]
pub(super) struct Server {
    transport: Arc<dyn Transport>,
    base: DatabaseUrl,
}

impl Server {
    pub(super) fn new(transport: Arc<dyn Transport>, base: DatabaseUrl) -> Self {
        Self { transport, base }
    }

    /// Sends one request, with a body in JSON where it has one, and repeats nothing.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        authorization: Option<HeaderValue>,
        json: Option<Bytes>,
    ) -> Result<Result<Response<Bytes>, SendError>, DatabaseError> {
        let url = format!("{}{path}", self.base);
        let request = request(method, &url, authorization, json).map_err(|error| refused(error.message()))?;
        Ok(self.transport.send(request, Limits { deadline: DATABASE_DEADLINE, max_body: BODY }).await)
    }
}

pub(super) fn refused(message: &str) -> DatabaseError {
    DatabaseError::Refused { message: message.to_owned() }
}

/// What is known of an answer that says nothing itself.
pub(super) fn bare(status: StatusCode) -> String {
    format!("it answered {status} without an error of its own")
}
