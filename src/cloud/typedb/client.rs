//! Typed calls of TypeDB Cloud's administration API. They decide nothing.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use http::Method;

use super::refusal::refusal;
use super::wire::{Cluster, ClusterClone, ClusterDeploy, ClusterUpdate, ClusterVersions};
use crate::api::identity::{ClusterId, Endpoint};
use crate::cloud::authorization::Authorization;
use crate::cloud::budget::{Budget, Permit, Priority};
use crate::cloud::call::{Answer, Call};
use crate::cloud::caller::Caller;
use crate::cloud::error::CloudError;
use crate::cloud::observer::Observer;
use crate::cloud::request::{json, url};
use crate::cloud::token::TokenSource;
use crate::cloud::transport::Transport;

/// TypeDB Cloud at one location, as one credential. Clones share connections, budget and token. What is repeated is said
/// at `Caller`.
#[derive(Clone, Debug)]
pub struct Client {
    caller: Arc<Caller>,
    endpoint: Endpoint,
    team: String,
    space: String,
}

impl Client {
    /// Makes no call yet. The budget is the location's, the token source the credential's.
    #[must_use]
    pub fn new(
        transport: Arc<dyn Transport>,
        budget: Budget,
        token: TokenSource,
        endpoint: Endpoint,
        team: &str,
        space: &str,
    ) -> Self {
        let (team, space) = (team.to_owned(), space.to_owned());
        let caller = Caller::new(transport, budget, Authorization::Token(token), refusal);
        Self { caller: Arc::new(caller), endpoint, team, space }
    }

    /// Tells `observer` of every request.
    #[must_use]
    pub fn with_observer(self, observer: Arc<dyn Observer>) -> Self {
        let caller = Arc::unwrap_or_clone(self.caller).with_observer(observer);
        Self { caller: Arc::new(caller), ..self }
    }

    /// Every cluster of the space.
    pub async fn list(&self, priority: Priority) -> Result<Answer<Vec<Cluster>>, CloudError> {
        self.caller.ask(priority, Call::list("list", self.clusters(&[])?)).await
    }

    /// One cluster.
    pub async fn get(&self, id: &ClusterId, priority: Priority) -> Result<Answer<Cluster>, CloudError> {
        self.caller.ask(priority, Call::read("get", self.clusters(&[id.as_str()])?)).await
    }

    /// The versions that a new cluster can have.
    pub async fn versions(&self, priority: Priority) -> Result<Answer<ClusterVersions>, CloudError> {
        let url = url(&self.endpoint, &["api", "v1", "cluster-versions"])?;
        self.caller.ask(priority, Call::read("versions", url)).await
    }

    /// Creates a cluster, and answers it as it is at that moment, starting.
    ///
    /// The permit is taken beforehand, so that nothing is waited for between a look and the write.
    pub async fn deploy(&self, permit: Permit, cluster: &ClusterDeploy) -> Result<Answer<Cluster>, CloudError> {
        let body = Some(json(cluster)?);
        let url = self.clusters(&["deploy"])?;
        self.caller.call(permit, Call::write("deploy", Method::POST, url, body)).await
    }

    /// Creates a copy of a cluster, with its data, and answers the copy as it is at that moment, starting.
    pub async fn clone_cluster(
        &self,
        permit: Permit,
        source: &ClusterId,
        copy: &ClusterClone,
    ) -> Result<Answer<Cluster>, CloudError> {
        let body = Some(json(copy)?);
        let url = self.clusters(&[source.as_str(), "clone"])?;
        self.caller.call(permit, Call::write("clone", Method::POST, url, body)).await
    }

    /// Changes a cluster, and answers it as it is at that moment.
    pub async fn update(
        &self,
        permit: Permit,
        id: &ClusterId,
        update: &ClusterUpdate,
    ) -> Result<Answer<Cluster>, CloudError> {
        let body = Some(json(update)?);
        let url = self.clusters(&[id.as_str()])?;
        self.caller.call(permit, Call::write("update", Method::PATCH, url, body)).await
    }

    /// Suspends a cluster, or resumes it, and answers it as it is at that moment, on its way.
    pub async fn set_suspended(
        &self,
        permit: Permit,
        id: &ClusterId,
        suspended: bool,
    ) -> Result<Answer<Cluster>, CloudError> {
        let action = if suspended { "suspend" } else { "resume" };
        let url = self.clusters(&[id.as_str(), action])?;
        self.caller.call(permit, Call::write(action, Method::POST, url, None)).await
    }

    /// Destroys a cluster and its data, and answers it as it is at that moment, destroying.
    pub async fn destroy(&self, permit: Permit, id: &ClusterId) -> Result<Answer<Cluster>, CloudError> {
        let url = self.clusters(&[id.as_str()])?;
        self.caller.call(permit, Call::write("destroy", Method::DELETE, url, None)).await
    }

    /// The URL of the space's clusters, or of something under them.
    fn clusters(&self, below: &[&str]) -> Result<String, CloudError> {
        let space = ["api", "v1", "team", &self.team, "spaces", &self.space, "clusters"];
        url(&self.endpoint, &[&space, below].concat())
    }
}
