//! CrateDB Cloud as the operator speaks to it.

use std::sync::Arc;

use secrecy::SecretString;

use super::catalogue::Catalogue;
use super::change::{Change, NewDatabase};
use super::client::Client;
use super::database::Database;
use super::question::{self, Question};
use super::wire::{self, Cluster};
use crate::api::identity::{ClusterId, Handle, Location};
use crate::cloud::budget::{Permit, Priority};
use crate::cloud::call::Answer;
use crate::cloud::database::DatabaseError;
use crate::cloud::endpoint::DatabaseUrl;
use crate::cloud::error::{CloudError, sentence};
use crate::cloud::operation::{Found, Operation, OperationState};
use crate::cloud::provider::{self, Provider, Way};
use crate::cloud::transport::Transport;

/// The role of somebody from whom an organization hides nothing.
const ORGANIZATION_ADMIN: &str = "org_admin";

impl Provider for Client {
    type Cluster = Cluster;
    type Request = NewDatabase;
    type Change = Change;
    type Catalogue = Catalogue;
    type Question = Question;
    type Answer = question::Answer;
    type Database = Database;

    fn connect(way: Way) -> Option<Self> {
        let Way { transport, budget, credential, location, clock: _, observer } = way;
        let Location::CratedbCloud { endpoint, organization } = location else { return None };
        Some(Self::new(transport, budget, credential, endpoint, &organization).with_observer(observer))
    }

    async fn list(&self, priority: Priority) -> Result<Answer<Vec<Cluster>>, CloudError> {
        Self::list(self, priority).await
    }

    async fn find(&self, target: &Handle, priority: Priority) -> Result<Found<Cluster>, CloudError> {
        match target {
            Handle::Id(id) => self.find_by_id(id, priority).await,
            Handle::Name(name) => self.find_by_name(name, priority).await,
            Handle::Project(_) => Ok(Found::just(None)),
        }
    }

    async fn survey(&self) -> Result<Catalogue, CloudError> {
        let priority = Priority::Edit;
        let (projects, subscriptions, products, regions, versions, administered) = tokio::try_join!(
            self.projects(priority),
            self.subscriptions(priority),
            self.products(priority),
            self.regions(priority),
            self.versions(priority),
            self.administers(priority),
        )?;
        let versions = versions.value.crate_versions;
        Ok(Catalogue {
            projects: projects.value,
            subscriptions: subscriptions.value,
            products: products.value,
            regions: regions.value,
            stable: versions.stable,
            testing: versions.testing,
            nightly: versions.nightly,
            administered,
        })
    }

    async fn ask(&self, question: &Question, priority: Priority) -> Result<question::Answer, CloudError> {
        match question {
            Question::Upgrades { cluster, from: _ } => {
                let offered = self.upgrades(cluster, priority).await?;
                Ok(question::Answer::Upgrades(offered.value.crate_versions))
            }
            Question::Snapshots { cluster, by: _ } => match self.snapshots(cluster, priority).await {
                Ok(answer) => Ok(question::Answer::Snapshots(Some(answer.value))),
                Err(CloudError::NotFound { .. }) => Ok(question::Answer::Snapshots(None)),
                Err(error) => Err(error),
            },
            Question::Price { product, tier, product_unit, region, bytes_per_node } => {
                let mut sort = vec![
                    ("product_name", product.clone()),
                    ("product_tier", tier.clone()),
                    ("product_unit", product_unit.to_string()),
                    ("region", region.clone()),
                ];
                sort.extend(bytes_per_node.map(|bytes| ("storage_bytes", bytes.to_string())));
                Ok(question::Answer::Price(self.price(&sort, priority).await?.value.total_price.price_per_hour))
            }
        }
    }

    async fn create(
        &self,
        permit: Permit,
        request: &NewDatabase,
        password: Option<&SecretString>,
    ) -> Result<Cluster, CloudError> {
        Ok(Self::create(self, permit, &request.provision, needed(password)?).await?.value)
    }

    async fn change(
        &self,
        permit: Permit,
        cluster: Option<&ClusterId>,
        change: &Change,
        password: Option<&SecretString>,
    ) -> Result<(), CloudError> {
        let absent = || CloudError::Invalid { message: "there is no cluster to change".to_owned() };
        let id = || cluster.ok_or_else(absent);
        match change {
            Change::CreateProject { name, region } => self.create_project(permit, name, region).await.map(drop),
            Change::DeletionProtection(protected) => {
                self.set_deletion_protection(permit, id()?, *protected).await.map(drop)
            }
            Change::AllowList(networks) => self.set_allow_list(permit, id()?, networks).await.map(drop),
            Change::Password => self.set_password(permit, id()?, needed(password)?).await.map(drop),
            Change::Storage { bytes_per_node } => self.set_storage(permit, id()?, *bytes_per_node).await.map(drop),
            Change::Nodes { product_unit } => self.set_nodes(permit, id()?, *product_unit).await.map(drop),
            Change::Product { name } => self.set_product(permit, id()?, name).await.map(drop),
            Change::Version { version } => self.upgrade(permit, id()?, version).await.map(drop),
            Change::Backups { hours } => self.schedule_backups(permit, id()?, hours).await.map(drop),
            Change::Restore(restoration) => self.restore(permit, id()?, restoration).await.map(drop),
            Change::Suspended(suspended) => self.set_suspended(permit, id()?, *suspended).await.map(drop),
        }
    }

    async fn destroy(&self, permit: Permit, id: &ClusterId) -> Result<Option<Cluster>, CloudError> {
        Self::destroy(self, permit, id).await?;
        Ok(None)
    }

    fn database(transport: Arc<dyn Transport>, url: DatabaseUrl) -> Database {
        Database::new(transport, url)
    }
}

fn needed(password: Option<&SecretString>) -> Result<&SecretString, CloudError> {
    password.ok_or_else(|| CloudError::Invalid { message: "there is no password to set".to_owned() })
}

impl Client {
    /// Whether the key's user administers the organization. Where that is not told they do not: nothing but a destroy needs
    /// to know, and a cluster can be created without it.
    async fn administers(&self, priority: Priority) -> Result<bool, CloudError> {
        match self.organization(priority).await {
            Ok(answer) => Ok(answer.value.role_fqn.as_deref() == Some(ORGANIZATION_ADMIN)),
            Err(CloudError::NotFound { .. } | CloudError::Forbidden { .. } | CloudError::Protocol { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The operations are read first: what they tell to be done, the cluster then shows.
    async fn find_by_id(&self, id: &ClusterId, priority: Priority) -> Result<Found<Cluster>, CloudError> {
        let told = match self.operations(id, priority).await {
            Ok(told) => told.value.operations,
            // The cluster itself still tells whether something is done to it, and whether it is there.
            Err(CloudError::NotFound { .. } | CloudError::Forbidden { .. } | CloudError::Protocol { .. }) => Vec::new(),
            Err(error) => return Err(error),
        };
        match self.get(id, priority).await {
            Ok(answer) if answer.value.id != *id => {
                let message = format!("asked for cluster {id}, it answered with {}", answer.value.id);
                return Err(CloudError::Protocol { message });
            }
            Ok(answer) => {
                let mut operations: Vec<Operation> = told.into_iter().filter_map(operation).collect();
                operations.sort_by_key(|operation| std::cmp::Reverse(operation.started));
                return Ok(Found { cluster: Some(answer.value), taken: false, operations });
            }
            Err(CloudError::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
        let list = Self::list(self, priority).await?.value;
        Ok(Found::just(list.into_iter().find(|cluster| cluster.id == *id)))
    }

    /// A name that the list does not show may be taken all the same, by a cluster of another organization.
    async fn find_by_name(&self, name: &str, priority: Priority) -> Result<Found<Cluster>, CloudError> {
        let list = Self::list(self, priority).await?.value;
        if let Some(cluster) = list.into_iter().find(|cluster| cluster.name == name) {
            return Ok(Found::just(Some(cluster)));
        }
        let taken = self.name_taken(name, priority).await?.value;
        Ok(Found { cluster: None, taken, operations: Vec::new() })
    }
}

/// An operation whose beginning cannot be read cannot be put in order, and tells nothing.
fn operation(told: wire::Operation) -> Option<Operation> {
    Some(Operation {
        id: told.id,
        kind: told.kind.as_str().to_owned(),
        state: OperationState::from(&told.status),
        word: told.status.to_string(),
        message: told.feedback_data.message.map(|words| sentence(&words, &[])),
        started: told.dc.created.timestamp()?,
    })
}

impl From<&wire::OperationStatus> for OperationState {
    fn from(status: &wire::OperationStatus) -> Self {
        match status {
            wire::OperationStatus::Succeeded => Self::Succeeded,
            wire::OperationStatus::Failed => Self::Failed,
            wire::OperationStatus::Registered | wire::OperationStatus::Sent | wire::OperationStatus::InProgress => {
                Self::Running
            }
            wire::OperationStatus::Other(_) => Self::Unknown,
        }
    }
}

impl provider::Database for Database {
    type Session = ();

    async fn sign_in(&self, user: &str, password: &SecretString) -> Result<(), DatabaseError> {
        self.prove(user, password).await
    }

    async fn serves(&self) -> Result<(), DatabaseError> {
        Self::serves(self).await
    }

    /// The cloud keeps the passwords of its users; changed behind its back, they would be put back.
    async fn set_password(&self, (): &(), _user: &str, _new: &SecretString) -> Result<(), DatabaseError> {
        Err(DatabaseError::Refused { message: "the cloud's API changes passwords, not the database".to_owned() })
    }
}
