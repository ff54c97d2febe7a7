//! Calls about clusters. For a write the permit is taken beforehand, so that nothing is waited for between a look
//! and the write.

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::Client;
use crate::api::identity::ClusterId;
use crate::cloud::budget::{Permit, Priority};
use crate::cloud::call::{Answer, Call, nothing};
use crate::cloud::cratedb::change::Restoration;
use crate::cloud::cratedb::wire::{AllowedCidr, Cluster, ClusterProvision, Operations, Snapshot, Versions};
use crate::cloud::error::CloudError;
use crate::cloud::request;

impl Client {
    /// Every cluster of the organization.
    pub async fn list(&self, priority: Priority) -> Result<Answer<Vec<Cluster>>, CloudError> {
        self.caller.ask(priority, Call::list("list", self.of_organization("clusters")?)).await
    }

    /// One cluster.
    pub async fn get(&self, id: &ClusterId, priority: Priority) -> Result<Answer<Cluster>, CloudError> {
        self.caller.ask(priority, Call::read("get", self.cluster(id, &[])?)).await
    }

    /// Whether a cluster of this name exists, in whichever organization.
    ///
    /// The answer has no body, so that a "no" cannot be told from one of a gateway that does not know the path:
    /// only together with a list without that name does it say that the name is free.
    ///
    /// # Errors
    /// `Invalid` where no cluster can have that name.
    pub async fn name_taken(&self, name: &str, priority: Priority) -> Result<Answer<bool>, CloudError> {
        let url = self.url(&["clusters", "name", name])?;
        let call = Call { method: Method::HEAD, reader: existence, ..Call::read("name_taken", url) };
        self.caller.ask(priority, call).await
    }

    /// What has been done to a cluster, and is being done.
    pub async fn operations(&self, id: &ClusterId, priority: Priority) -> Result<Answer<Operations>, CloudError> {
        self.caller.ask(priority, Call::list("operations", self.cluster(id, &["operations"])?)).await
    }

    /// The versions that a cluster can be upgraded to from the one that it has.
    pub async fn upgrades(&self, id: &ClusterId, priority: Priority) -> Result<Answer<Versions>, CloudError> {
        self.caller.ask(priority, Call::read("upgrades", self.cluster(id, &["available-upgrades"])?)).await
    }

    /// The backups of a cluster, newest first.
    pub async fn snapshots(&self, id: &ClusterId, priority: Priority) -> Result<Answer<Vec<Snapshot>>, CloudError> {
        self.readable(priority, "snapshots", self.cluster(id, &["snapshots"])?).await
    }

    /// Creates a cluster, whose id is in the answer. It may have been created where there is no answer.
    pub async fn create(
        &self,
        permit: Permit,
        cluster: &ClusterProvision<()>,
        password: &SecretString,
    ) -> Result<Answer<Cluster>, CloudError> {
        let mut body = json!(cluster);
        body["cluster"]["password"] = password.expose_secret().into();
        let url = self.of_organization("clusters")?;
        let call = Call::write("create", Method::POST, url, Some(request::json(&body)?));
        self.caller.call(permit, Call { confidential: Some(password.clone()), ..call }).await
    }

    /// Changes the number of nodes, which is `product_unit` and one more.
    pub async fn set_nodes(
        &self,
        permit: Permit,
        id: &ClusterId,
        product_unit: i64,
    ) -> Result<Answer<Cluster>, CloudError> {
        self.put(permit, "set_nodes", self.cluster(id, &["scale"])?, &json!({ "product_unit": product_unit })).await
    }

    /// Makes every node one of another product.
    pub async fn set_product(&self, permit: Permit, id: &ClusterId, name: &str) -> Result<Answer<Cluster>, CloudError> {
        self.put(permit, "set_product", self.cluster(id, &["product"])?, &json!({ "product_name": name })).await
    }

    /// Upgrades the database to a version that [`Self::upgrades`] offers.
    pub async fn upgrade(&self, permit: Permit, id: &ClusterId, version: &str) -> Result<Answer<Cluster>, CloudError> {
        self.put(permit, "upgrade", self.cluster(id, &["upgrade"])?, &json!({ "crate_version": version })).await
    }

    /// Has backups made in these hours of the day, in UTC.
    pub async fn schedule_backups(
        &self,
        permit: Permit,
        id: &ClusterId,
        hours: &[u8],
    ) -> Result<Answer<Cluster>, CloudError> {
        let hours: Vec<String> = hours.iter().map(ToString::to_string).collect();
        let body = json!({ "backup_hours": hours.join(",") });
        self.put(permit, "schedule_backups", self.cluster(id, &["backup-schedule"])?, &body).await
    }

    /// Restores tables, and neither users nor their rights, which would change the way into the database.
    pub async fn restore(
        &self,
        permit: Permit,
        id: &ClusterId,
        restoration: &Restoration,
    ) -> Result<Answer<Snapshot>, CloudError> {
        let Restoration { source, repository, snapshot, tables } = restoration;
        let mut body = json!({
            "source_cluster_id": source, "repository": repository, "snapshot": snapshot, "type": "tables",
        });
        if !tables.is_empty() {
            body["tables"] = json!(tables);
        }
        let url = self.cluster(id, &["snapshots", "restore"])?;
        self.caller.call(permit, Call::write("restore", Method::POST, url, Some(request::json(&body)?))).await
    }

    /// Grows the disk of every node to this many bytes.
    pub async fn set_storage(
        &self,
        permit: Permit,
        id: &ClusterId,
        bytes_per_node: i64,
    ) -> Result<Answer<Cluster>, CloudError> {
        let body = json!({ "disk_size_per_node_bytes": bytes_per_node });
        self.put(permit, "set_storage", self.cluster(id, &["storage"])?, &body).await
    }

    /// Replaces the networks that may reach the database. None: all may.
    pub async fn set_allow_list(
        &self,
        permit: Permit,
        id: &ClusterId,
        networks: &[AllowedCidr],
    ) -> Result<Answer<Cluster>, CloudError> {
        let body = json!({ "ip_whitelist": networks });
        self.put(permit, "set_allow_list", self.cluster(id, &["ip-restrictions"])?, &body).await
    }

    /// Has the cloud refuse to destroy the cluster, or no longer.
    pub async fn set_deletion_protection(
        &self,
        permit: Permit,
        id: &ClusterId,
        protected: bool,
    ) -> Result<Answer<Cluster>, CloudError> {
        let body = json!({ "deletion_protected": protected });
        self.put(permit, "set_deletion_protection", self.cluster(id, &["deletion-protection"])?, &body).await
    }

    /// Suspends a cluster whose `allow_suspend` says that it can be, or resumes it.
    pub async fn set_suspended(
        &self,
        permit: Permit,
        id: &ClusterId,
        suspended: bool,
    ) -> Result<Answer<Cluster>, CloudError> {
        self.put(permit, "set_suspended", self.cluster(id, &["suspend"])?, &json!({ "suspended": suspended })).await
    }

    /// Gives the user that the cluster was created with a new password, of 24 to 128 characters.
    pub async fn set_password(
        &self,
        permit: Permit,
        id: &ClusterId,
        password: &SecretString,
    ) -> Result<Answer<Cluster>, CloudError> {
        let body = request::json(&json!({ "password": password.expose_secret() }))?;
        let call = Call::write("set_password", Method::PATCH, self.cluster(id, &[])?, Some(body));
        self.caller.call(permit, Call { confidential: Some(password.clone()), ..call }).await
    }

    /// Destroys a cluster and its data.
    pub async fn destroy(&self, permit: Permit, id: &ClusterId) -> Result<Answer<()>, CloudError> {
        let call = Call::write("destroy", Method::DELETE, self.cluster(id, &[])?, None);
        self.caller.call(permit, Call { reader: nothing, ..call }).await
    }

    async fn put(
        &self,
        permit: Permit,
        operation: &'static str,
        url: String,
        body: &Value,
    ) -> Result<Answer<Cluster>, CloudError> {
        self.caller.call(permit, Call::write(operation, Method::PUT, url, Some(request::json(body)?))).await
    }

    /// The URL of a cluster, or of something of it.
    fn cluster(&self, id: &ClusterId, below: &[&str]) -> Result<String, CloudError> {
        self.url(&[&["clusters", id.as_str()], below].concat())
    }
}

/// Whether there is something; an answer to HEAD says it by its status.
fn existence(answer: &Response<Bytes>) -> Option<Result<bool, serde_json::Error>> {
    match answer.status() {
        StatusCode::OK => Some(Ok(true)),
        StatusCode::NOT_FOUND => Some(Ok(false)),
        _ => None,
    }
}
