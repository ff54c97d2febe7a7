//! What decisions need to know about a kind of cluster, so that they are made alike for all of them.
//!
//! Each kind answers these questions in a module of its own. Nothing else here names a cloud.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::hash::Hash;
use std::iter;
use std::time::Duration;

use kube::Resource;
use kube::core::NamespaceResourceScope;
use kube::core::object::HasStatus;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::difference::Difference;
use super::facts::Facts;
use super::password::PasswordPlan;
use super::record::{Bound, Record};
use super::step::Plan;
use crate::api::condition::Reason;
use crate::api::identity::{Cloud, ClusterId, CreatedAt, Handle};
use crate::api::secret::Password;
use crate::api::shared::{CommonSpec, CommonStatus, PasswordRef, PlannedStep};
use crate::cloud::operation::Operation;

/// Plain data that a record can keep.
pub trait Data: Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static {}

impl<T: Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static> Data for T {}

/// A kind of cluster: the manifest, and everything that decisions about it need to know of its cloud.
pub trait Kind:
    Resource<DynamicType = (), Scope = NamespaceResourceScope>
    + HasStatus<Status: Clone + Debug + Default + PartialEq + Serialize + Send + Sync>
    + Data
{
    /// A cluster as its cloud describes it.
    type Cluster: CloudCluster;
    /// What a create sends, but for the password.
    type Request: Data;
    /// One change that the cloud is asked for.
    type Change: Change<Self>;
    /// What cannot change once a cluster exists.
    type Fixed: Data;
    /// What was last applied and cannot be seen in the cloud afterwards.
    type Applied: Data + Default;
    /// What there is around clusters: what they can be made from, and what they share.
    type Catalogue: Clone + Debug + Send + Sync + 'static;
    /// What else a cloud can be asked.
    type Question: Clone + Debug + Eq + Hash + Send + Sync + 'static;
    /// What it answers.
    type Answer: Clone + Debug + PartialEq + Send + Sync + 'static;

    /// The manifest's field that gives the cluster its name.
    const NAME_FIELD: &'static str;
    /// What the database's own password is given by, where the operator cannot know it.
    const PASSWORD_FIELD: &'static str;
    /// The cloud that clusters of this kind live in.
    const CLOUD: Cloud;
    /// The type of the connection Secret, as the Service Binding convention has it; also the end of its usual name.
    const BINDING_TYPE: &'static str;
    /// The provider in the connection Secret, as the same convention has it.
    const BINDING_PROVIDER: &'static str;
    /// Everything that a connection Secret may tell of a cluster, by the keys of that convention.
    const CONNECTION_KEYS: &'static [&'static str];
    /// Whether a create is given the password that its database's user gets. Elsewhere every new cluster has the same one, which
    /// everybody knows, until it is replaced.
    const CREATED_WITH_PASSWORD: bool;
    /// How long after the last moment at which a create could have taken effect the same name is not asked for again.
    /// Zero where the name is the id, so that the same request can only lead to one cluster.
    const NOT_AGAIN_WITHIN: Duration;
    /// Whether a cluster can get another id.
    const RENAMES: bool;

    /// What the manifest asks for, as every kind has it.
    fn common(&self) -> &CommonSpec;
    /// What was reported, as every kind has it.
    fn common_status(status: &Self::Status) -> &CommonStatus;
    /// The same, to be changed.
    fn common_status_mut(status: &mut Self::Status) -> &mut CommonStatus;
    /// The password that the database's user shall have, and the one that it is said to have.
    fn password_refs(&self) -> (Option<&PasswordRef>, Option<&PasswordRef>);
    /// The database's user whose password is looked after, of the manifest's cluster.
    fn user(&self, record: Option<&Record<Self>>) -> String;

    /// What the manifest's cluster is looked for by, as long as none is recorded.
    fn wanted(&self) -> Handle;
    /// What of the manifest's needs others may be about to create as well.
    fn shares(&self) -> Option<Handle> {
        None
    }
    /// What a create's cluster is looked for by.
    fn target(request: &Self::Request) -> Handle;
    /// Whether the manifest is about the bound cluster, by the name that it gives.
    fn is_about(&self, bound: &Bound<Self>) -> bool;

    /// The bound cluster in a message: the word by which people know it.
    fn title(bound: &Bound<Self>) -> String {
        bound.identity.id.to_string()
    }

    /// The request that creates the manifest's cluster, or what is to be done or said instead.
    fn request(facts: &Facts<Self>) -> Result<Self::Request, Box<Plan<Self>>>;
    /// Whether the cluster has everything that is fixed at creation as it was asked for.
    fn came_from(cluster: &Self::Cluster, request: &Self::Request) -> bool;
    /// What a create has applied.
    fn applied(request: &Self::Request) -> Self::Applied;
    /// Notes a change that was carried out and cannot be seen in the cloud afterwards.
    fn note_applied(_applied: &mut Self::Applied, _change: &Self::Change) {}
    /// Notes that nobody will ever know whether a change was carried out that cannot be seen in the cloud afterwards.
    fn forget_applied(_applied: &mut Self::Applied, _change: &Self::Change) {}
    /// What cannot change about a cluster, as the cloud reports it, cut to what the status takes.
    fn fixed(cluster: &Self::Cluster, catalogue: Option<&Self::Catalogue>) -> Self::Fixed;
    /// Whether a cluster that was created at the same moment can be the one of which this was known. Only what surely never
    /// changes speaks against it.
    fn could_be(_cluster: &Self::Cluster, _known: &Self::Fixed) -> bool {
        Self::RENAMES
    }
    /// The same, with what was known before of all that is not seen.
    fn completed(seen: Self::Fixed, _known: &Self::Fixed) -> Self::Fixed {
        seen
    }

    /// What is written in the manifest, fixed at creation, and otherwise in the cloud.
    fn fixed_differences(&self, there: &Self::Fixed) -> Vec<PlannedStep>;
    /// Every difference between what is written in the manifest and the cluster, in the order in which they are put right.
    fn differences(facts: &Facts<Self>, bound: Option<&Bound<Self>>, cluster: &Self::Cluster) -> Vec<Difference<Self>>;
    /// What the password asks for.
    fn way_in(
        facts: &Facts<Self>,
        record: &Record<Self>,
        bound: &Bound<Self>,
        cluster: &Self::Cluster,
    ) -> PasswordPlan<Self>;
    /// What is to be done or said before a cluster is destroyed.
    fn before_destroy(_facts: &Facts<Self>, _bound: &Bound<Self>, _cluster: &Self::Cluster) -> Option<Plan<Self>> {
        None
    }
    /// What an application needs to reach the database, besides what every kind's connection Secret holds.
    fn connection(
        record: &Record<Self>,
        cluster: &Self::Cluster,
        password: Option<&Password>,
    ) -> BTreeMap<&'static str, String>;

    /// A manifest of this name that asks for the cluster as it is seen.
    fn describing(cluster: &Self::Cluster, name: &str, common: CommonSpec) -> Self;
    /// What a cluster like this costs, as a question to its cloud; none where that does not tell.
    fn appraisal(_cluster: &Self::Cluster) -> Option<Self::Question> {
        None
    }
    /// The price in an hour that the cloud answered, as the status shows it.
    fn hourly_cost(_answer: &Self::Answer) -> Option<String> {
        None
    }
    /// Whether data are still to come into the database that was created for them.
    fn awaits_data(&self, _bound: &Bound<Self>) -> bool {
        false
    }
    /// The name of the manifest from whose cluster this one's data come, where it names one.
    fn source(&self) -> Option<&str> {
        None
    }

    /// Shows in the status what the cloud says of the cluster, but for what is fixed.
    fn show(cluster: &Self::Cluster, status: &mut Self::Status);
    /// Shows in the status what is fixed.
    fn show_fixed(fixed: Self::Fixed, status: &mut Self::Status);
    /// Shows in the status what was applied and cannot be seen in the cloud.
    fn show_applied(_applied: &Self::Applied, _status: &mut Self::Status) {}
    /// Shows in the status what the cloud is doing to the cluster.
    fn show_operation(_operation: &Operation, _status: &mut Self::Status) {}
}

/// A cluster as its cloud describes it.
pub trait CloudCluster: Clone + Debug + PartialEq + Send + Sync + 'static {
    /// The cluster's id.
    fn id(&self) -> &ClusterId;
    /// When it was created.
    fn created_at(&self) -> CreatedAt;
    /// Its name, where that is not its id.
    fn name(&self) -> Option<&str> {
        None
    }
    /// What leads to it.
    fn handles(&self) -> impl Iterator<Item = Handle> {
        let name = self.name().map(|name| Handle::Name(name.to_owned()));
        iter::once(Handle::Id(self.id().clone())).chain(name)
    }
    /// Whether this is the cluster, or one of those, that `target` leads to.
    fn answers_to(&self, target: &Handle) -> bool {
        match target {
            Handle::Id(id) => self.id() == id,
            Handle::Name(name) => self.name() == Some(name),
            Handle::Project(_) => false,
        }
    }
    /// Whether there is nothing new about it since it was seen as `before`.
    fn is_still(&self, before: &Self) -> bool {
        self == before
    }
    /// What it is doing.
    fn phase(&self) -> Phase;
    /// The cloud's own word for that.
    fn word(&self) -> String;
    /// The cloud's word for the operation that runs, before whose end it takes no other; none in a cloud that takes any.
    fn busy(&self) -> Option<String> {
        None
    }
    /// Whether its database serves; none where the cloud cannot tell, although nothing is done to the cluster.
    fn serves(&self) -> Option<bool>;
    /// Host and port at which the database is spoken to; empty where there is none yet.
    fn addresses(&self) -> Vec<String>;
    /// Whether its database answers only networks on a list.
    fn is_fenced(&self) -> bool {
        false
    }
    /// The cluster in a message: the word by which people know it.
    fn title(&self) -> &str {
        self.name().unwrap_or_else(|| self.id().as_str())
    }
}

/// What a cluster is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    Creating,
    Running,
    Suspending,
    Suspended,
    Resuming,
    Destroying,
    /// It is there, and something is done to it.
    Changing,
    /// Its creation came to nothing.
    Failed,
    /// A word that was not known when this was written.
    Unknown,
}

impl Phase {
    /// Whether the cluster is expected to leave this phase by itself.
    #[must_use]
    pub fn in_transition(&self) -> bool {
        !matches!(self, Self::Running | Self::Suspended | Self::Failed)
    }
}

/// One change that the cloud is asked for.
pub trait Change<K: Kind>: Data {
    /// The manifest's field that asks for it, which is also what a refusal is remembered by.
    fn field(&self) -> &'static str;
    /// The change in a few words, as the beginning of a sentence.
    fn summary(&self) -> String;
    /// How a manifest stands while the change is carried out.
    fn reason(&self) -> Reason;
    /// The cloud's word for the operation that it sets off; none where it is done when it is answered.
    fn operation(&self) -> Option<&'static str>;
    /// Whether the cluster shows it.
    fn shown_by(&self, cluster: &K::Cluster) -> bool;
    /// Whether it is done when the cloud has answered. Elsewhere the answer may show what was before.
    fn is_done_when_answered(&self) -> bool {
        self.creates().is_some()
    }
    /// What it creates besides the cluster.
    fn creates(&self) -> Option<Handle> {
        None
    }
    /// Whether that is among what there is around clusters.
    fn found_in(&self, _catalogue: &K::Catalogue) -> bool {
        false
    }
    /// The cluster's new id, where it gets one.
    fn renames_to(&self) -> Option<&ClusterId> {
        None
    }
    /// Whether it sets the pending password.
    fn sets_password(&self) -> bool {
        false
    }
    /// Whether no cluster shows it, so that only the cloud's own word tells of it.
    fn is_unseen(&self) -> bool {
        self.sets_password()
    }
    /// Whether it must not be done again, once it may have been done.
    fn is_for_good(&self) -> bool {
        false
    }
    /// Whether it can be asked for while the cluster is suspended.
    fn while_suspended(&self) -> bool {
        false
    }
}
