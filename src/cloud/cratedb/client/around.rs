//! Calls about what is around clusters.

use http::Method;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::Client;
use crate::cloud::budget::{Permit, Priority};
use crate::cloud::call::{Answer, Call};
use crate::cloud::cratedb::wire::{
    Organization, Pricing, Product, Project, Quota, Readable, Region, RemainingBudget, Subscription, User, Versions,
};
use crate::cloud::error::{CloudError, sentence};
use crate::cloud::request;

impl Client {
    /// The user that the key acts as.
    pub async fn me(&self, priority: Priority) -> Result<Answer<User>, CloudError> {
        self.caller.ask(priority, Call::read("me", self.url(&["users", "me"])?)).await
    }

    /// The organization, and what the user may do in it.
    pub async fn organization(&self, priority: Priority) -> Result<Answer<Organization>, CloudError> {
        let url = self.url(&["organizations", &self.organization])?;
        self.caller.ask(priority, Call::read("organization", url)).await
    }

    /// The organization's projects.
    pub async fn projects(&self, priority: Priority) -> Result<Answer<Vec<Project>>, CloudError> {
        self.caller.ask(priority, Call::list("projects", self.of_organization("projects")?)).await
    }

    /// Creates a project in the organization. Names need not be unique: two of these make two projects.
    pub async fn create_project(
        &self,
        permit: Permit,
        name: &str,
        region: &str,
    ) -> Result<Answer<Project>, CloudError> {
        let body = json!({ "name": name, "organization_id": self.organization, "region": region });
        let url = self.url(&["projects"])?;
        self.caller.call(permit, Call::write("create_project", Method::POST, url, Some(request::json(&body)?))).await
    }

    /// The organization's subscriptions, ended ones included.
    pub async fn subscriptions(&self, priority: Priority) -> Result<Answer<Vec<Subscription>>, CloudError> {
        self.caller.ask(priority, Call::list("subscriptions", self.of_organization("subscriptions")?)).await
    }

    /// Every kind of node that a cluster can consist of, in every region.
    pub async fn products(&self, priority: Priority) -> Result<Answer<Vec<Product>>, CloudError> {
        self.readable(priority, "products", self.url(&["products", "cluster"])?).await
    }

    /// Where clusters can run.
    pub async fn regions(&self, priority: Priority) -> Result<Answer<Vec<Region>>, CloudError> {
        self.readable(priority, "regions", self.url(&["regions"])?).await
    }

    /// The versions of the database that a new cluster can have.
    pub async fn versions(&self, priority: Priority) -> Result<Answer<Versions>, CloudError> {
        self.caller.ask(priority, Call::read("versions", self.url(&["meta", "cratedb-versions"])?)).await
    }

    /// What a cluster of this sort costs. The vendor does not say whether `storage_bytes` are those of one node; every other
    /// size in its API is.
    pub async fn price(&self, sort: &[(&str, String)], priority: Priority) -> Result<Answer<Pricing>, CloudError> {
        let url = request::url(&self.endpoint, &["api", "v2", "products", "clusters", "price"])?;
        self.caller.ask(priority, Call::read("price", request::with_query(&url, sort))).await
    }

    /// The organization's limits, and how far they are used up.
    pub async fn quotas(&self, priority: Priority) -> Result<Answer<Vec<Quota>>, CloudError> {
        self.caller.ask(priority, Call::list("quotas", self.of_organization("quotas")?)).await
    }

    /// What the organization may still spend in a month.
    pub async fn remaining_budget(&self, priority: Priority) -> Result<Answer<RemainingBudget>, CloudError> {
        self.caller.ask(priority, Call::read("remaining_budget", self.of_organization("remaining-budget")?)).await
    }

    /// What of a list can be read; an error where that is nothing, which must not say that there is nothing.
    pub(super) async fn readable<T: DeserializeOwned>(
        &self,
        priority: Priority,
        what: &'static str,
        url: String,
    ) -> Result<Answer<Vec<T>>, CloudError> {
        let Answer { value, date } = self.caller.ask::<Readable<T>>(priority, Call::list(what, url)).await?;
        match value.unread.first() {
            Some(why) if value.read.is_empty() => {
                let message = sentence(&format!("none of its {what} could be read: {why}"), &[]);
                Err(CloudError::Protocol { message })
            }
            _ => Ok(Answer { value: value.known(what), date }),
        }
    }
}
