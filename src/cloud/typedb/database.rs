//! The HTTP API of a cluster's own servers, as far as its users' passwords go.
//!
//! Shapes: <https://typedb.com/docs/reference/typedb-http-api>, TypeDB 3.2 and later. Older servers speak gRPC only.

mod outcome;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use http::{HeaderValue, Method};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::cloud::database::{DatabaseError, Server, refused};
use crate::cloud::endpoint::DatabaseUrl;
use crate::cloud::error::CloudError;
use crate::cloud::request::{json, parse, segment};
use crate::cloud::transport::Transport;

/// One server of a cluster.
#[derive(Clone, Debug)]
pub struct Database {
    server: Server,
}

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub struct DatabaseSession {
    token: SecretString,
}

#[derive(Serialize)]
struct SignIn<'a> {
    username: &'a str,
    password: &'a str,
}

#[derive(Deserialize)]
struct SignedIn {
    token: String,
}

#[derive(Deserialize)]
struct Version {
    #[serde(rename = "version")]
    _version: String,
}

#[derive(Serialize)]
struct UserUpdate<'a> {
    password: &'a str,
}

impl Database {
    /// Makes no call yet.
    #[must_use]
    pub fn new(transport: Arc<dyn Transport>, base: DatabaseUrl) -> Self {
        Self { server: Server::new(transport, base) }
    }

    /// Proves a password by signing in with it.
    pub async fn sign_in(&self, user: &str, password: &SecretString) -> Result<DatabaseSession, DatabaseError> {
        let password = password.expose_secret();
        let body = json(&SignIn { username: user, password }).map_err(unsendable)?;
        let answer = self.server.send(Method::POST, "v1/signin", None, Some(body)).await?;
        let answer = answer.map_err(|error| outcome::sign_in_unanswered(&error, &[password]))?;
        outcome::sign_in(&answer, &[password])?;
        let SignedIn { token } = parse(answer.body()).map_err(|_| outcome::no_session())?;
        Ok(DatabaseSession { token: token.into() })
    }

    /// Asks for the version, which is told to everybody: a server that answers serves.
    pub async fn serves(&self) -> Result<(), DatabaseError> {
        let answer = self.server.send(Method::GET, "v1/version", None, None).await?;
        let answer = answer.map_err(|error| outcome::sign_in_unanswered(&error, &[]))?;
        match outcome::sign_in(&answer, &[]) {
            Ok(()) => parse::<Version>(answer.body()).map(|_| ()).map_err(|_| outcome::no_version()),
            Err(DatabaseError::WrongPassword) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Gives `user` a new password. Sessions begun with the old one may end.
    pub async fn set_password(
        &self,
        session: &DatabaseSession,
        user: &str,
        new: &SecretString,
    ) -> Result<(), DatabaseError> {
        let secrets = [new.expose_secret(), session.token.expose_secret()];
        let body = json(&UserUpdate { password: new.expose_secret() }).map_err(unsendable)?;
        let user = segment(user).ok_or_else(|| refused("the user's name cannot be part of a URL"))?;
        let authorization = session.authorization()?;
        let answer =
            self.server.send(Method::PUT, &format!("v1/users/{user}"), Some(authorization), Some(body)).await?;
        let answer = answer.map_err(|error| outcome::set_password_unanswered(&error, &secrets))?;
        outcome::set_password(&answer, &secrets)
    }
}

impl DatabaseSession {
    fn authorization(&self) -> Result<HeaderValue, DatabaseError> {
        let value = HeaderValue::try_from(format!("Bearer {}", self.token.expose_secret()));
        let mut value = value.map_err(|_| outcome::no_session())?;
        value.set_sensitive(true);
        Ok(value)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it maps errors, which arrive by value")]
fn unsendable(error: CloudError) -> DatabaseError {
    refused(error.message())
}
