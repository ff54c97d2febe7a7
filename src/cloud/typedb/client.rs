//! Typed calls of TypeDB Cloud's administration API. They decide nothing.

mod attempt;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use self::attempt::Failure;
use super::request::{json, segment};
use super::wire::{Cluster, ClusterDeploy, ClusterVersions};
use crate::api::identity::{ClusterId, Location};
use crate::cloud::budget::{Budget, Permit, Priority};
use crate::cloud::error::{CloudError, Effect};
use crate::cloud::observer::Observer;
use crate::cloud::token::{AccessToken, TokenSource};
use crate::cloud::transport::{BODY, LIST_BODY, Transport};

/// How long a read of one thing may take, from its permit to the last byte of its answer.
pub const READ_DEADLINE: Duration = Duration::from_secs(20);
/// How long a list may take.
pub const LIST_DEADLINE: Duration = Duration::from_secs(60);
/// How long a write may take. It had its effect by then, or shortly after, or never.
pub const WRITE_DEADLINE: Duration = Duration::from_secs(30);
/// How long a write waits for an access token: what was looked up before it must not grow old.
pub const WRITE_TOKEN_WAIT: Duration = Duration::from_secs(3);

/// What a call brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer<T> {
    pub value: T,
    /// The cloud's own time of day, from the answer's Date header.
    pub date: Option<Timestamp>,
}

/// TypeDB Cloud at one location, as one credential. Clones share connections, budget and token.
///
/// A call that the cloud refused because of its token is made once more with another one, and a call for which no
/// connection came about is made once more. Nothing else is repeated.
#[derive(Clone, Debug)]
pub struct Client {
    transport: Arc<dyn Transport>,
    budget: Budget,
    token: TokenSource,
    location: Location,
    observer: Arc<dyn Observer>,
}

/// One call, before it has a token.
struct Call {
    operation: &'static str,
    method: Method,
    url: String,
    body: Option<Bytes>,
    effect: Effect,
    until: Instant,
    max_body: usize,
}

impl Client {
    /// Makes no call yet. The budget is the location's, the token source the credential's.
    #[must_use]
    pub fn new(transport: Arc<dyn Transport>, budget: Budget, token: TokenSource, location: Location) -> Self {
        Self { transport, budget, token, location, observer: Arc::new(()) }
    }

    /// Tells `observer` of every request.
    #[must_use]
    pub fn with_observer(self, observer: Arc<dyn Observer>) -> Self {
        Self { observer, ..self }
    }

    /// Every cluster of the space.
    pub async fn list(&self, priority: Priority) -> Result<Answer<Vec<Cluster>>, CloudError> {
        let url = self.clusters(&[])?;
        let _permit = self.budget.acquire(priority).await?;
        let call = Call { max_body: LIST_BODY, ..Call::read("list", url, LIST_DEADLINE) };
        self.call(&call).await
    }

    /// One cluster.
    pub async fn get(&self, id: &ClusterId, priority: Priority) -> Result<Answer<Cluster>, CloudError> {
        let url = self.clusters(&[id.as_str()])?;
        let _permit = self.budget.acquire(priority).await?;
        self.call(&Call::read("get", url, READ_DEADLINE)).await
    }

    /// The versions that a new cluster can have.
    pub async fn versions(&self, priority: Priority) -> Result<Answer<ClusterVersions>, CloudError> {
        let url = format!("{}/api/v1/cluster-versions", self.location.endpoint());
        let _permit = self.budget.acquire(priority).await?;
        self.call(&Call::read("versions", url, READ_DEADLINE)).await
    }

    /// Creates a cluster, and answers it as it is at that moment, starting.
    ///
    /// The permit is taken beforehand, so that nothing is waited for between a look and the write.
    pub async fn deploy(&self, permit: Permit, cluster: &ClusterDeploy) -> Result<Answer<Cluster>, CloudError> {
        let body = Some(json(cluster)?);
        let url = self.clusters(&["deploy"])?;
        self.write(permit, Call { body, ..Call::write("deploy", Method::POST, url) }).await
    }

    /// Destroys a cluster and its data, and answers it as it is at that moment, destroying.
    pub async fn destroy(&self, permit: Permit, id: &ClusterId) -> Result<Answer<Cluster>, CloudError> {
        let url = self.clusters(&[id.as_str()])?;
        self.write(permit, Call::write("destroy", Method::DELETE, url)).await
    }

    async fn write<T: DeserializeOwned>(&self, _permit: Permit, call: Call) -> Result<Answer<T>, CloudError> {
        self.call(&call).await
    }

    /// The URL of the space's clusters, or of something under them.
    fn clusters(&self, below: &[&str]) -> Result<String, CloudError> {
        let Location::TypedbCloud { endpoint, team, space } = &self.location else {
            return Err(CloudError::Invalid { message: format!("{} is not in TypeDB Cloud", self.location) });
        };
        let path = ["api", "v1", "team", team, "spaces", space, "clusters"];
        let mut url = endpoint.to_string();
        for text in path.iter().chain(below) {
            let Some(segment) = segment(text) else {
                return Err(CloudError::Invalid { message: format!("\"{text}\" cannot be part of a URL") });
            };
            url.push('/');
            url.push_str(&segment);
        }
        Ok(url)
    }

    /// Makes a call, and once more with a new token where the cloud did not accept the one in use.
    async fn call<T: DeserializeOwned>(&self, call: &Call) -> Result<Answer<T>, CloudError> {
        let token = self.token_for(call).await?;
        let Failure { error, token_rejected, harmless } = match self.attempt(call, &token).await {
            Ok(answer) => return Ok(answer),
            Err(failure) => failure,
        };
        if !token_rejected {
            return Err(error);
        }
        self.token.rejected(&token).await;
        if !harmless {
            return Err(error);
        }
        let renewed = self.token_for(call).await?;
        if renewed == token {
            return Err(error);
        }
        self.attempt(call, &renewed).await.map_err(|failure| failure.error)
    }

    async fn token_for(&self, call: &Call) -> Result<AccessToken, CloudError> {
        let left = call.until.saturating_duration_since(Instant::now());
        let patience = match call.effect {
            Effect::Read => left,
            Effect::Write => left.min(WRITE_TOKEN_WAIT),
        };
        let late = || CloudError::Unavailable { message: "there is no access token yet".to_owned() };
        tokio::time::timeout(patience, self.token.token()).await.map_err(|_| late())?
    }
}

impl Call {
    fn read(operation: &'static str, url: String, deadline: Duration) -> Self {
        let until = Instant::now() + deadline;
        Self { operation, method: Method::GET, url, body: None, effect: Effect::Read, until, max_body: BODY }
    }

    fn write(operation: &'static str, method: Method, url: String) -> Self {
        let until = Instant::now() + WRITE_DEADLINE;
        Self { operation, method, url, body: None, effect: Effect::Write, until, max_body: BODY }
    }
}
