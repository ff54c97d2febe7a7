//! The SQL endpoint of a cluster, as far as proving a password goes.
//!
//! Shapes: <https://cratedb.com/docs/crate/reference/en/latest/interfaces/http.html>.

mod outcome;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use http::{HeaderValue, Method};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use crate::cloud::authorization::Basic;
use crate::cloud::database::{DatabaseError, Server, refused};
use crate::cloud::endpoint::DatabaseUrl;
use crate::cloud::request;
use crate::cloud::transport::Transport;

/// The SQL endpoint of one cluster.
#[derive(Clone, Debug)]
pub struct Database {
    server: Server,
}

impl Database {
    /// Makes no call yet.
    #[must_use]
    pub fn new(transport: Arc<dyn Transport>, base: DatabaseUrl) -> Self {
        Self { server: Server::new(transport, base) }
    }

    /// Proves a password, and that the database serves, by a statement that reads nothing.
    pub async fn prove(&self, user: &str, password: &SecretString) -> Result<(), DatabaseError> {
        let unfit = || refused("the user's name or the password holds characters that cannot be sent");
        let basic = Basic::new(user, password).ok_or_else(unfit)?;
        self.ask(Some(basic.header()), &[basic.expose(), password.expose_secret()]).await
    }

    /// Asks as nobody: a database that keeps nobodies out serves.
    pub async fn serves(&self) -> Result<(), DatabaseError> {
        match self.ask(None, &[]).await {
            Err(DatabaseError::WrongPassword) => Ok(()),
            other => other,
        }
    }

    /// A statement that reads nothing.
    async fn ask(&self, authorization: Option<HeaderValue>, secrets: &[&str]) -> Result<(), DatabaseError> {
        let body = request::json(&json!({ "stmt": "SELECT 1" })).map_err(|error| refused(error.message()))?;
        match self.server.send(Method::POST, "_sql", authorization, Some(body)).await? {
            Ok(answer) => outcome::proof(&answer, secrets),
            Err(error) => Err(outcome::unanswered(&error, secrets)),
        }
    }
}
