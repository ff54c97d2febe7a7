//! The vocabulary in which the tables about TypeDB Cloud are written: a scene is what is known, a gist is what is decided.

use std::collections::BTreeSet;

use clusterwright::api::identity::{ClusterId, CreatedAt, Endpoint, Handle, Identity, Location};
use clusterwright::api::secret::Password;
use clusterwright::api::shared::CommonSpec;
use clusterwright::api::typedb::{Admin, FixedAtCreation, Tier, TypeDBCluster, TypeDBClusterSpec};
use clusterwright::cloud::operation::Found;
use clusterwright::cloud::typedb::change::Change;
use clusterwright::cloud::typedb::wire::{Cluster, ClusterDeploy, ClusterStatus, Server, ServerStatus};
use clusterwright::plan::{
    ChangeIntent, Origin, PasswordState, Refusal, RefusalKind, Rival, Stake, refusal_fingerprint,
};

pub(crate) use super::kinds::Scene;
use super::kinds::{Bound, CloudWrite, CreateIntent, Intent, Record};
use super::scene::{BORN, Common, NOW, common_spec, owner};
pub(crate) use super::scene::{KEY, OPERATOR, ago, denied_for_long, given, now, refused, unavailable};

pub(crate) const ID: &str = "orders";

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

/// The cluster as it is when this change was carried out.
pub(crate) fn apply(change: &Change, cluster: &mut Cluster) {
    match change {
        Change::Storage { gb } => cluster.storage_size_gb = Some(*gb),
        Change::Machine(machine_type) => cluster.machine_type = Some(machine_type.clone()),
        Change::Version(version) => cluster.version = Some(version.clone()),
        Change::Backup(_) => {}
        Change::Rename(id) => cluster.id = id.clone(),
        Change::Suspended(true) => cluster.status = ClusterStatus::Suspended,
        Change::Suspended(false) => cluster.status = ClusterStatus::Running,
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

pub(crate) fn bound(name: &str, origin: Origin) -> Bound {
    Bound {
        identity: Identity { id: id(name), created_at: CreatedAt::from_epoch_millis(BORN * 1000) },
        former_ids: BTreeSet::new(),
        origin,
        fixed: fixed(),
        seen_by: BTreeSet::from([KEY.to_owned()]),
        applied: None,
        doubt: None,
        gone: None,
    }
}

/// A record that knows nothing of a cluster.
pub(crate) fn empty_record() -> Record {
    Record::new(owner("TypeDBCluster", ID), location())
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

/// A change that was asked for so many seconds ago.
pub(crate) fn changing(change: Change, seconds: i64, accepted: bool) -> Intent {
    let (attempt, fingerprint) = ("0123456789abcdef".to_owned(), String::new());
    Intent::Change(Box::new(ChangeIntent {
        attempt,
        announced: ago(seconds),
        change,
        accepted,
        after: None,
        fingerprint,
    }))
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

impl Common for TypeDBClusterSpec {
    fn common_mut(&mut self) -> &mut CommonSpec {
        &mut self.common
    }
}

pub(crate) fn scene() -> Scene {
    let spec = TypeDBClusterSpec {
        common: common_spec("typedb-cloud"),
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
    Scene::of(TypeDBCluster::new(ID, spec), location())
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
    /// A look a second ago, newer than the list, with the account's own credential.
    pub(crate) fn looked(self, found: Option<Cluster>) -> Self {
        self.looked_by(KEY, 1, found)
    }

    pub(crate) fn looked_by(self, credential: &str, seconds: i64, found: Option<Cluster>) -> Self {
        let looked_for = found.as_ref().map_or_else(|| target(ID), |cluster| Handle::Id(cluster.id.clone()));
        self.looked_at(looked_for, credential, seconds, Found::just(found))
    }

    /// The look was for this id.
    pub(crate) fn looked_for(self, name: &str) -> Self {
        self.looked_at(target(name), KEY, 1, Found::just(None))
    }

    /// The account now names another space.
    pub(crate) fn moved(self) -> Self {
        self.reaching(in_space("elsewhere"), KEY)
    }

    pub(crate) fn using(self, credential: &str) -> Self {
        self.reaching(location(), credential)
    }

    pub(crate) fn adopting(self, name: &str) -> Self {
        self.common(|common| common.external_id = Some(id(name)))
    }

    /// The cloud refused this write so many seconds ago.
    pub(crate) fn refused(self, write: &CloudWrite, kind: RefusalKind, seconds: i64) -> Self {
        let fingerprint = refusal_fingerprint(&self.facts, write);
        let refusal = Refusal { kind, message: "not with us".to_owned(), fingerprint, at: ago(seconds) };
        self.record(|record| {
            record.refusals.insert(write.subject().to_owned(), refusal);
        })
    }
}
