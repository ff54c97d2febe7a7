//! The vocabulary in which the tables are written: a scene is what is known, a gist is what is decided.

use std::collections::BTreeSet;
use std::time::Duration;

use clusterwright::api::condition::Reason;
use clusterwright::api::identity::{ClusterId, CreatedAt, Endpoint, Handle, Identity, Location};
use clusterwright::api::secret::Password;
use clusterwright::api::shared::{AccountRef, CommonSpec, ConnectionSecret, DeletionPolicy, Management};
use clusterwright::api::typedb::{Admin, FixedAtCreation, Tier, TypeDBCluster, TypeDBClusterSpec};
use clusterwright::api::{FINALIZER, annotation};
use clusterwright::cloud::provider::Found;
use clusterwright::cloud::typedb::wire::{Cluster, ClusterDeploy, ClusterStatus, Server, ServerStatus};
use clusterwright::plan::{
    AccountFacts, AccountStanding, Attempts, Given, Gone, Origin, Owner, PasswordState, Reach, Rival, Stake, Trouble,
    TroubleKind, plan, status,
};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;

use super::kinds::{Bound, CreateIntent, Facts, Intent, Inventory, Look, Plan, Record};

pub(crate) const ID: &str = "orders";
pub(crate) const OPERATOR: &str = "clusterwright-system";
pub(crate) const KEY: &str = "key-1";

/// Seconds since 1970 at which every scene plays.
const NOW: i64 = 1_800_000_000;

/// When the database of the scenes was created, long before.
const BORN: i64 = NOW - 7200;

pub(crate) fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

/// So many seconds before now; a negative number lies ahead.
pub(crate) fn ago(seconds: i64) -> Timestamp {
    Timestamp::from_second(NOW - seconds).unwrap()
}

pub(crate) fn id(name: &str) -> ClusterId {
    ClusterId::new(name)
}

pub(crate) fn target(name: &str) -> Handle {
    Handle::Id(id(name))
}

pub(crate) fn location() -> Location {
    in_space("default")
}

pub(crate) fn in_space(space: &str) -> Location {
    let endpoint = Endpoint::new("https://cloud.typedb.com");
    Location::TypedbCloud { endpoint, team: "acme".to_owned(), space: space.to_owned() }
}

/// A running cluster such as the scenes' manifest asks for.
pub(crate) fn cluster(name: &str) -> Cluster {
    Cluster {
        id: id(name),
        created_at: CreatedAt::from_epoch_millis(BORN * 1000),
        status: ClusterStatus::Running,
        server_count: Some(1),
        storage_size_gb: Some(10),
        is_free: Some(false),
        team_id: Some("acme".to_owned()),
        space_id: Some("default".to_owned()),
        version: Some("3.5.1".to_owned()),
        provider: Some("gcp".to_owned()),
        region: Some("europe-west2".to_owned()),
        machine_type: Some("c2d-highcpu-2".to_owned()),
        storage_type: Some("standard-rwo".to_owned()),
        servers: vec![Server { address: "abc-0.cluster.typedb.com:80".to_owned(), status: ServerStatus::Running }],
    }
}

/// The same, created so many seconds ago.
pub(crate) fn cluster_aged(name: &str, seconds: i64) -> Cluster {
    Cluster { created_at: CreatedAt::from_epoch_millis((NOW - seconds) * 1000), ..cluster(name) }
}

/// The same, with a change.
pub(crate) fn cluster_but(change: impl FnOnce(&mut Cluster)) -> Cluster {
    let mut cluster = cluster(ID);
    change(&mut cluster);
    cluster
}

/// The request that the scenes' manifest amounts to.
pub(crate) fn request(name: &str) -> ClusterDeploy {
    ClusterDeploy {
        id: id(name),
        server_count: 1,
        storage_size_gb: 10,
        provider: "gcp".to_owned(),
        region: "europe-west2".to_owned(),
        machine_type: "c2d-highcpu-2".to_owned(),
        storage_type: "standard-rwo".to_owned(),
        is_free: false,
        version: "latest".to_owned(),
        backup_configuration: None,
    }
}

pub(crate) fn fixed() -> FixedAtCreation {
    FixedAtCreation {
        tier: Some(Tier::Paid),
        provider: Some("gcp".to_owned()),
        region: Some("europe-west2".to_owned()),
        storage_type: Some("standard-rwo".to_owned()),
        server_count: Some(1),
    }
}

pub(crate) fn owner(uid: &str) -> Owner {
    Owner {
        kind: "TypeDBCluster".to_owned(),
        namespace: "shop".to_owned(),
        name: ID.to_owned(),
        uid: uid.to_owned(),
        namespace_uid: "shop-uid".to_owned(),
    }
}

pub(crate) fn bound(name: &str, origin: Origin) -> Bound {
    Bound {
        identity: Identity { id: id(name), created_at: CreatedAt::from_epoch_millis(BORN * 1000) },
        origin,
        fixed: fixed(),
        seen_by: BTreeSet::from([KEY.to_owned()]),
        applied: None,
        gone: None,
    }
}

/// A record that knows nothing of a cluster.
pub(crate) fn empty_record() -> Record {
    Record::new(owner("uid-1"), location())
}

/// The record of a cluster that was created here, with a proved password.
pub(crate) fn record(name: &str) -> Record {
    let password = PasswordState { current: Some(Password::new("proved")), pending: None };
    Record { bound: Some(bound(name, Origin::Created)), password, ..empty_record() }
}

pub(crate) fn record_but(change: impl FnOnce(&mut Record)) -> Record {
    let mut record = record(ID);
    change(&mut record);
    record
}

/// A create of the scenes' cluster that was announced so many seconds ago, by either clock.
pub(crate) fn intent(seconds: i64) -> CreateIntent {
    CreateIntent {
        attempt: "0123456789abcdef".to_owned(),
        sends: 1,
        announced: ago(seconds),
        first_by_cloud: ago(seconds),
        last_by_cloud: ago(seconds),
        request: request(ID),
    }
}

/// The record of that create.
pub(crate) fn creating(seconds: i64) -> Record {
    creating_with(intent(seconds))
}

pub(crate) fn creating_with(intent: CreateIntent) -> Record {
    Record { intent: Some(Intent::Create(Box::new(intent))), ..empty_record() }
}

pub(crate) fn rival(name: &str, stake: Stake) -> Rival {
    Rival { namespace: "shop".to_owned(), name: "other".to_owned(), target: target(name), stake }
}

pub(crate) fn given(password: &str) -> Given {
    Given::Value(Password::new(password))
}

/// What is known at one moment. The plain one has a manifest for a new cluster, a connected account and an empty list.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    pub(crate) facts: Facts,
}

pub(crate) fn scene() -> Scene {
    let spec = TypeDBClusterSpec {
        common: CommonSpec {
            account_ref: AccountRef { name: "typedb-cloud".to_owned() },
            external_id: None,
            management: Management::Managed,
            deletion_policy: DeletionPolicy::Retain,
            deletion_protection: None,
            connection_secret: ConnectionSecret::default(),
        },
        cluster_id: None,
        tier: Some(Tier::Paid),
        version: None,
        provider: Some("gcp".to_owned()),
        region: Some("europe-west2".to_owned()),
        machine_type: Some("c2d-highcpu-2".to_owned()),
        storage_type: None,
        storage_size_gb: None,
        server_count: None,
        backup: None,
        admin: Admin::default(),
    };
    let mut manifest = TypeDBCluster::new(ID, spec);
    manifest.metadata.namespace = Some("shop".to_owned());
    manifest.metadata.uid = Some("uid-1".to_owned());
    manifest.metadata.generation = Some(1);
    let facts = Facts {
        now: now(),
        manifest,
        namespace_uid: "shop-uid".to_owned(),
        operator_namespace: OPERATOR.to_owned(),
        edited: ago(3600),
        account: AccountFacts {
            standing: AccountStanding::Connected,
            reach: Some(Reach { location: location(), credential: KEY.to_owned(), made_from: KEY.to_owned() }),
        },
        record: None,
        rivals: Vec::new(),
        inventory: Some(Inventory { clusters: Vec::new(), at: Some(ago(10)) }.into()),
        look: None,
        catalogue: None,
        probe: None,
        wanted_password: Given::NotAsked,
        current_password: Given::NotAsked,
        published_password: None,
        attempts: Attempts::default(),
    };
    Scene { facts }
}

/// A manifest whose cluster runs, is recorded, and whose connection Secret still waits to be checked.
pub(crate) fn running() -> Scene {
    scene().recorded(record(ID)).listed([cluster(ID)])
}

/// The same at rest: nothing is to be done.
pub(crate) fn settled() -> Scene {
    running().publishing()
}

/// A manifest whose recorded cluster neither a list nor a look shows, as its record notes.
pub(crate) fn gone() -> Scene {
    scene().recorded(record(ID)).looked(None).noted_gone()
}

/// A manifest with `Delete` that is being deleted while its cluster runs.
pub(crate) fn ending() -> Scene {
    running().destroys().finalized().deleting()
}

impl Scene {
    /// The record notes that the cluster is gone, and that the manifest said so.
    pub(crate) fn noted_gone(self) -> Self {
        self.with(|facts| {
            if let Some(bound) = facts.record.as_mut().and_then(|record| record.bound.as_mut()) {
                bound.gone = Some(Gone { since: ago(60), told: true });
            }
        })
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Facts)) -> Self {
        change(&mut self.facts);
        self
    }

    pub(crate) fn spec(self, change: impl FnOnce(&mut TypeDBClusterSpec)) -> Self {
        self.with(|facts| change(&mut facts.manifest.spec))
    }

    pub(crate) fn attempts(self, change: impl FnOnce(&mut Attempts)) -> Self {
        self.with(|facts| change(&mut facts.attempts))
    }

    pub(crate) fn recorded(self, record: Record) -> Self {
        self.with(|facts| facts.record = Some(record))
    }

    pub(crate) fn listed(self, clusters: impl IntoIterator<Item = Cluster>) -> Self {
        let clusters = clusters.into_iter().collect();
        self.with(|facts| facts.inventory = Some(Inventory { clusters, at: Some(ago(10)) }.into()))
    }

    /// A look a second ago, newer than the list, with the account's own credential.
    pub(crate) fn looked(self, found: Option<Cluster>) -> Self {
        self.looked_by(KEY, 1, found)
    }

    pub(crate) fn looked_by(self, credential: &str, seconds: i64, found: Option<Cluster>) -> Self {
        let looked_for = found.as_ref().map_or_else(|| target(ID), |cluster| Handle::Id(cluster.id.clone()));
        let found = Found::just(found);
        let look = Look { target: looked_for, at: ago(seconds), by: credential.to_owned(), found };
        self.with(|facts| facts.look = Some(look))
    }

    /// The look was for this id.
    pub(crate) fn looked_for(self, name: &str) -> Self {
        self.with(|facts| {
            facts.look = Some(Look { target: target(name), at: ago(1), by: KEY.to_owned(), found: Found::just(None) });
        })
    }

    pub(crate) fn standing(self, standing: AccountStanding) -> Self {
        self.with(|facts| facts.account.standing = standing)
    }

    /// The account now names another space.
    pub(crate) fn moved(self) -> Self {
        self.with(|facts| {
            facts.account.reach =
                Some(Reach { location: in_space("elsewhere"), credential: KEY.to_owned(), made_from: KEY.to_owned() });
        })
    }

    pub(crate) fn using(self, credential: &str) -> Self {
        self.with(|facts| {
            facts.account.reach = Some(Reach {
                location: location(),
                credential: credential.to_owned(),
                made_from: credential.to_owned(),
            });
        })
    }

    pub(crate) fn rivalled(self, rival: Rival) -> Self {
        self.with(|facts| facts.rivals.push(rival))
    }

    pub(crate) fn annotated(self, name: &str, value: &str) -> Self {
        self.with(|facts| {
            facts.manifest.annotations_mut().insert(name.to_owned(), value.to_owned());
        })
    }

    pub(crate) fn forgetting(self, name: &str) -> Self {
        self.annotated(annotation::FORGET, name)
    }

    pub(crate) fn paused(self) -> Self {
        self.annotated(annotation::PAUSED, "true")
    }

    pub(crate) fn only_observed(self) -> Self {
        self.spec(|spec| spec.common.management = Management::Observed)
    }

    pub(crate) fn adopting(self, name: &str) -> Self {
        self.spec(|spec| spec.common.external_id = Some(id(name)))
    }

    pub(crate) fn destroys(self) -> Self {
        self.spec(|spec| spec.common.deletion_policy = DeletionPolicy::Delete)
    }

    pub(crate) fn finalized(self) -> Self {
        self.with(|facts| facts.manifest.finalizers_mut().push(FINALIZER.to_owned()))
    }

    pub(crate) fn deleting(self) -> Self {
        self.with(|facts| facts.manifest.metadata.deletion_timestamp = Some(Time(now())))
    }

    /// Another manifest of the same name than the one that the record was written for.
    pub(crate) fn reapplied(self) -> Self {
        self.with(|facts| facts.manifest.metadata.uid = Some("uid-2".to_owned()))
    }

    pub(crate) fn edited(self, seconds: i64) -> Self {
        self.with(|facts| facts.edited = ago(seconds))
    }

    pub(crate) fn generation(self, generation: i64) -> Self {
        self.with(|facts| facts.manifest.metadata.generation = Some(generation))
    }

    pub(crate) fn wanting(self, password: Given) -> Self {
        self.with(|facts| facts.wanted_password = password)
    }

    pub(crate) fn told(self, password: Given) -> Self {
        self.with(|facts| facts.current_password = password)
    }

    pub(crate) fn had_published(self, password: &str) -> Self {
        self.with(|facts| facts.published_password = Some(Password::new(password)))
    }

    pub(crate) fn troubled(self, kind: TroubleKind, seconds: i64) -> Self {
        let trouble = Trouble { kind, message: "the cloud's own words".to_owned(), since: ago(seconds) };
        self.attempts(|attempts| attempts.trouble = Some(trouble))
    }

    /// The status says that the manifest had this cluster.
    pub(crate) fn reported(self, cluster: &Cluster) -> Self {
        self.with(|facts| {
            let status = facts.manifest.status.get_or_insert_default();
            status.common.external_id = Some(cluster.id.clone());
            status.common.created_at = Some(cluster.created_at.to_string());
        })
    }

    /// The connection Secret was published as it should be.
    pub(crate) fn publishing(self) -> Self {
        match self.plan().next {
            Some(clusterwright::plan::Step::Publish(connection)) => self.attempts(|attempts| {
                attempts.published = Some(clusterwright::plan::connection_fingerprint(&connection));
            }),
            _ => self,
        }
    }

    /// The status is what this very scene amounts to.
    pub(crate) fn reporting(self) -> Self {
        let status = status(&self.facts, &self.plan());
        self.with(|facts| facts.manifest.status = Some(status))
    }

    /// The same some time later, lists included.
    pub(crate) fn later(self, wait: Duration) -> Self {
        self.with(|facts| {
            facts.now += wait;
            if let Some(list) = facts.inventory.as_mut().map(std::sync::Arc::make_mut) {
                list.at = list.at.map(|at| at + wait);
            }
        })
    }

    pub(crate) fn plan(&self) -> Plan {
        plan(&self.facts)
    }

    /// What is done, in a few words; empty where nothing is.
    pub(crate) fn does(&self) -> String {
        self.plan().next.as_ref().map(super::gist::of_step).unwrap_or_default()
    }

    /// How the manifest stands; empty where nothing new is said.
    pub(crate) fn says(&self) -> String {
        super::gist::of_verdict(&self.plan())
    }

    pub(crate) fn message(&self) -> String {
        super::gist::message(&self.plan())
    }
}

/// The account's standing in one word.
pub(crate) fn refused(reason: Reason) -> AccountStanding {
    AccountStanding::Refused(reason, "what is wrong.".to_owned())
}

pub(crate) fn unavailable() -> AccountStanding {
    AccountStanding::Unavailable("The cloud cannot be asked: 503.".to_owned())
}
