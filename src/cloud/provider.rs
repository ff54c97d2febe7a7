//! What the operator asks of every cloud, so that it can speak to any of them without knowing which.

use std::fmt::Debug;
use std::sync::Arc;

use secrecy::SecretString;

use super::budget::{Budget, Permit, Priority};
use super::call::Answer;
use super::credential::Credential;
use super::database::DatabaseError;
use super::endpoint::DatabaseUrl;
use super::error::CloudError;
use super::observer::Observer;
use super::operation::Found;
use super::transport::Transport;
use crate::api::identity::{ClusterId, Handle, Location};
use crate::clock::Clock;

/// What a client is made from.
#[derive(Debug)]
pub struct Way {
    pub transport: Arc<dyn Transport>,
    pub budget: Budget,
    pub credential: Credential,
    pub location: Location,
    pub clock: Clock,
    pub observer: Arc<dyn Observer>,
}

/// A cloud at one location, as one credential. Clones share connections, budget and token.
///
/// Calls decide nothing and repeat only what surely had no effect. A write is handed its permit, so that nothing is
/// waited for between the look before it and the request.
pub trait Provider: Clone + Debug + Send + Sync + Sized + 'static {
    type Cluster;
    /// What a create sends, but for the password.
    type Request;
    type Change;
    /// What there is around clusters: what they can be made from, and what they share.
    type Catalogue;
    /// What else the cloud can be asked, and what it answers.
    type Question;
    type Answer;
    type Database: Database;

    /// Makes no call yet. None where the location is in another cloud.
    fn connect(way: Way) -> Option<Self>;

    /// Every cluster of the location.
    fn list(&self, priority: Priority) -> impl Future<Output = Result<Answer<Vec<Self::Cluster>>, CloudError>> + Send;

    /// One cluster. Where it is not found by what it is looked for by, the list is read as well: only both together prove
    /// that it is not there.
    fn find(
        &self,
        target: &Handle,
        priority: Priority,
    ) -> impl Future<Output = Result<Found<Self::Cluster>, CloudError>> + Send;

    /// Whether a create would find its name free, just before it is sent. It need not read the list.
    fn look_before_create(
        &self,
        target: &Handle,
    ) -> impl Future<Output = Result<Found<Self::Cluster>, CloudError>> + Send {
        self.find(target, Priority::Edit)
    }

    /// What there is around clusters.
    fn survey(&self) -> impl Future<Output = Result<Self::Catalogue, CloudError>> + Send;

    /// Answers one question.
    fn ask(
        &self,
        question: &Self::Question,
        priority: Priority,
    ) -> impl Future<Output = Result<Self::Answer, CloudError>> + Send;

    /// Creates a cluster, and answers it as it is at that moment.
    fn create(
        &self,
        permit: Permit,
        request: &Self::Request,
        password: Option<&SecretString>,
    ) -> impl Future<Output = Result<Self::Cluster, CloudError>> + Send;

    /// Changes one thing. What is answered may still show what was before, so that the cluster is looked at anew instead.
    fn change(
        &self,
        permit: Permit,
        cluster: Option<&ClusterId>,
        change: &Self::Change,
        password: Option<&SecretString>,
    ) -> impl Future<Output = Result<(), CloudError>> + Send;

    /// Destroys a cluster and its data, and answers it where the cloud still shows it.
    fn destroy(
        &self,
        permit: Permit,
        id: &ClusterId,
    ) -> impl Future<Output = Result<Option<Self::Cluster>, CloudError>> + Send;

    /// The database of a cluster at its own endpoint.
    fn database(transport: Arc<dyn Transport>, url: DatabaseUrl) -> Self::Database;
}

/// The API of a cluster's own servers, as far as its users' passwords go.
pub trait Database: Debug + Send + Sync {
    /// Somebody who is signed in.
    type Session: Send + Sync;

    /// Proves a password by signing in with it.
    fn sign_in(
        &self,
        user: &str,
        password: &SecretString,
    ) -> impl Future<Output = Result<Self::Session, DatabaseError>> + Send;

    /// Whether the database serves: it answers, be it that nobody is let in without a password. None is sent.
    fn serves(&self) -> impl Future<Output = Result<(), DatabaseError>> + Send;

    /// Gives `user` a new password. Sessions begun with the old one may end.
    fn set_password(
        &self,
        session: &Self::Session,
        user: &str,
        new: &SecretString,
    ) -> impl Future<Output = Result<(), DatabaseError>> + Send;
}
