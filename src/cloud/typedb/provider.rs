//! TypeDB Cloud as the operator speaks to it.

use std::convert::Infallible;
use std::sync::Arc;

use secrecy::SecretString;

use super::change::Change;
use super::client::Client;
use super::creation::NewCluster;
use super::database::{Database, DatabaseSession};
use super::exchange::KeyExchange;
use super::wire::{Cluster, ClusterClone};
use crate::api::identity::{ClusterId, Handle, Location};
use crate::cloud::budget::{Permit, Priority};
use crate::cloud::call::Answer;
use crate::cloud::database::DatabaseError;
use crate::cloud::endpoint::DatabaseUrl;
use crate::cloud::error::CloudError;
use crate::cloud::operation::Found;
use crate::cloud::provider::{self, Provider, Way};
use crate::cloud::token::TokenSource;
use crate::cloud::transport::Transport;

impl Provider for Client {
    type Cluster = Cluster;
    type Request = NewCluster;
    type Change = Change;
    /// Nothing is shared, and what a cluster can be made from, the cloud says when it is asked to make it.
    type Catalogue = ();
    type Question = Infallible;
    type Answer = Infallible;
    type Database = Database;

    fn connect(way: Way) -> Option<Self> {
        let Way { transport, budget, credential, location, clock, observer } = way;
        let Location::TypedbCloud { endpoint, team, space } = location else { return None };
        let exchange = KeyExchange::new(Arc::clone(&transport), &endpoint, credential);
        let token = TokenSource::observed(exchange, clock, Arc::clone(&observer));
        Some(Self::new(transport, budget, token, endpoint, &team, &space).with_observer(observer))
    }

    async fn list(&self, priority: Priority) -> Result<Answer<Vec<Cluster>>, CloudError> {
        Self::list(self, priority).await
    }

    async fn find(&self, target: &Handle, priority: Priority) -> Result<Found<Cluster>, CloudError> {
        let found = self.get_if_there(target, priority).await?;
        if found.cluster.is_some() {
            return Ok(found);
        }
        let list = Self::list(self, priority).await?.value;
        Ok(Found::just(list.into_iter().find(|cluster| *target == Handle::Id(cluster.id.clone()))))
    }

    async fn look_before_create(&self, target: &Handle) -> Result<Found<Cluster>, CloudError> {
        self.get_if_there(target, Priority::Edit).await
    }

    async fn survey(&self) -> Result<(), CloudError> {
        Ok(())
    }

    async fn ask(&self, question: &Infallible, _priority: Priority) -> Result<Infallible, CloudError> {
        match *question {}
    }

    async fn create(
        &self,
        permit: Permit,
        request: &NewCluster,
        _password: Option<&SecretString>,
    ) -> Result<Cluster, CloudError> {
        let answer = match &request.clone_of {
            Some(source) => {
                let copy = ClusterClone { id: request.deploy.id.clone() };
                self.clone_cluster(permit, source, &copy).await?
            }
            None => self.deploy(permit, &request.deploy).await?,
        };
        Ok(answer.value)
    }

    async fn change(
        &self,
        permit: Permit,
        cluster: Option<&ClusterId>,
        change: &Change,
        _password: Option<&SecretString>,
    ) -> Result<(), CloudError> {
        let absent = || CloudError::Invalid { message: "there is no cluster to change".to_owned() };
        let id = cluster.ok_or_else(absent)?;
        let answer = match (change, change.update()) {
            (Change::Suspended(suspended), _) => self.set_suspended(permit, id, *suspended).await,
            (_, Some(update)) => self.update(permit, id, &update).await,
            (_, None) => return Err(CloudError::Invalid { message: "there is nothing to change".to_owned() }),
        };
        answer.map(drop)
    }

    async fn destroy(&self, permit: Permit, id: &ClusterId) -> Result<Option<Cluster>, CloudError> {
        Ok(Some(Self::destroy(self, permit, id).await?.value))
    }

    fn database(transport: Arc<dyn Transport>, url: DatabaseUrl) -> Database {
        Database::new(transport, url)
    }
}

impl Client {
    async fn get_if_there(&self, target: &Handle, priority: Priority) -> Result<Found<Cluster>, CloudError> {
        let Handle::Id(id) = target else {
            return Ok(Found::just(None));
        };
        match self.get(id, priority).await {
            Ok(answer) => Ok(Found::just(Some(answer.value))),
            Err(CloudError::NotFound { .. }) => Ok(Found::just(None)),
            Err(error) => Err(error),
        }
    }
}

impl provider::Database for Database {
    type Session = DatabaseSession;

    async fn sign_in(&self, user: &str, password: &SecretString) -> Result<DatabaseSession, DatabaseError> {
        Self::sign_in(self, user, password).await
    }

    async fn serves(&self) -> Result<(), DatabaseError> {
        Self::serves(self).await
    }

    async fn set_password(
        &self,
        session: &DatabaseSession,
        user: &str,
        new: &SecretString,
    ) -> Result<(), DatabaseError> {
        Self::set_password(self, session, user, new).await
    }
}
