//! The vocabulary in which the tables about CrateDB Cloud are written.

use std::collections::BTreeSet;

use clusterwright::api::cratedb::{
    AllowedCidr as WantedCidr, CrateDBCluster, CrateDBClusterSpec, FixedAtCreation, ProductSpec, ProjectSpec,
    RestoreSpec, StorageSpec,
};
use clusterwright::api::identity::{ClusterId, CreatedAt, Endpoint, Handle, Identity, Location};
use clusterwright::api::secret::Password;
use clusterwright::api::shared::{CommonSpec, Power};
use clusterwright::cloud::cratedb::catalogue::Catalogue;
use clusterwright::cloud::cratedb::change::{Change, NewDatabase, Restoration};
use clusterwright::cloud::cratedb::question::{Answer, Question};
use clusterwright::cloud::cratedb::wire::{
    AllowedCidr, Channels, Cluster, ClusterProvision, CrateVersion, DublinCore, HardwareSpecs, Health, HealthStatus,
    NewCluster, OperationKind, Product, ProductSpecs, Project, Readable, Region, ScaleOption, Snapshot, Subscription,
};
use clusterwright::cloud::operation::{Found, Operation, OperationState};
use clusterwright::plan::{
    Catalogued, ChangeIntent, Kind as _, Origin, PasswordState, Refusal, RefusalKind, Rival, Settings, Stake,
    refusal_fingerprint,
};

use super::super::scene::{BORN, Common, NOW, common_spec, owner};
pub(crate) use super::super::scene::{KEY, ago, denied_for_long, given, now, unavailable};
pub(crate) use super::kinds::Scene;
use super::kinds::{Bound, CloudWrite, CreateIntent, Intent, Record};

/// Name of the scenes' manifest, and of its cluster.
pub(crate) const NAME: &str = "orders";

/// The id that the cloud gave to that cluster.
pub(crate) const ID: &str = "id-orders";

pub(crate) const GIB: i64 = 1024 * 1024 * 1024;

/// The region of the scenes, and another one.
pub(crate) const HERE: &str = "eks1.eu-west-1.aws";
pub(crate) const THERE: &str = "aks1.eastus2.azure";

/// Passwords of a length that the cloud takes.
pub(crate) const FIRST: &str = "first-password-of-24-chars";
pub(crate) const SECOND: &str = "second-password-of-24-chars";

pub(crate) fn id(name: &str) -> ClusterId {
    ClusterId::new(format!("id-{name}"))
}

pub(crate) fn by_id(name: &str) -> Handle {
    Handle::Id(id(name))
}

pub(crate) fn by_name(name: &str) -> Handle {
    Handle::Name(name.to_owned())
}

pub(crate) fn location() -> Location {
    in_organization("acme")
}

pub(crate) fn in_organization(organization: &str) -> Location {
    let endpoint = Endpoint::new("https://console.cratedb.cloud");
    Location::CratedbCloud { endpoint, organization: organization.to_owned() }
}

fn created(seconds: i64) -> DublinCore {
    DublinCore { created: CreatedAt::from_epoch_millis((NOW - seconds) * 1000), modified: None }
}

/// A running cluster such as the scenes' manifest asks for.
pub(crate) fn cluster(name: &str) -> Cluster {
    Cluster {
        id: id(name),
        name: name.to_owned(),
        dc: created(NOW - BORN),
        project_id: Some("p-shop".to_owned()),
        subscription_id: Some("sub-1".to_owned()),
        crate_version: Some("5.8.3".to_owned()),
        channel: Some("stable".to_owned()),
        product_name: Some("cr1".to_owned()),
        product_tier: Some("default".to_owned()),
        product_unit: Some(0),
        num_nodes: Some(1),
        username: Some("admin".to_owned()),
        fqdn: Some(format!("{name}.{HERE}.cratedb.net.")),
        url: Some(format!("https://{name}.{HERE}.cratedb.net:4200")),
        hardware_specs: Some(HardwareSpecs {
            disk_size_per_node_bytes: Some(32 * GIB),
            disk_type: Some("standard".to_owned()),
            ..HardwareSpecs::default()
        }),
        ip_whitelist: Some(Vec::new()),
        backup_schedule: Some("55 2 * * *".to_owned()),
        deletion_protected: Some(false),
        suspended: Some(false),
        allow_suspend: Some(true),
        health: Health { status: HealthStatus::Green, last_seen: None, running_operation: None },
        last_async_operation: None,
    }
}

/// The same, created so many seconds ago.
pub(crate) fn cluster_aged(name: &str, seconds: i64) -> Cluster {
    Cluster { dc: created(seconds), ..cluster(name) }
}

/// The scenes' cluster, with a change.
pub(crate) fn cluster_but(change: impl FnOnce(&mut Cluster)) -> Cluster {
    let mut cluster = cluster(NAME);
    change(&mut cluster);
    cluster
}

/// The scenes' cluster while the cloud does something to it.
pub(crate) fn busy(operation: OperationKind) -> Cluster {
    cluster_but(|cluster| cluster.health.running_operation = Some(operation))
}

/// The scenes' cluster, suspended.
pub(crate) fn suspended() -> Cluster {
    cluster_but(|cluster| {
        cluster.suspended = Some(true);
        cluster.health.status = HealthStatus::Suspended;
    })
}

/// A network as the cloud shows it.
pub(crate) fn network(cidr: &str) -> AllowedCidr {
    AllowedCidr { cidr: cidr.to_owned(), description: String::new() }
}

pub(crate) fn project(id: &str, name: &str, region: &str) -> Project {
    Project {
        id: id.to_owned(),
        name: name.to_owned(),
        organization_id: Some("acme".to_owned()),
        region: Some(region.to_owned()),
    }
}

pub(crate) fn subscription(id: &str, active: bool, provider: &str) -> Subscription {
    Subscription {
        id: id.to_owned(),
        name: None,
        active: Some(active),
        state: None,
        provider: Some(provider.to_owned()),
        organization_id: Some("acme".to_owned()),
    }
}

fn product(name: &str, most_nodes: i64, gib: [i64; 2]) -> Product {
    Product {
        name: name.to_owned(),
        tier: "default".to_owned(),
        label: None,
        region: None,
        deprecated: None,
        scale_summary: None,
        scaling: (0..most_nodes).map(|value| ScaleOption { value, nodes: Some(value + 1) }).collect(),
        specs: ProductSpecs { storage_minimum_bytes: Some(gib[0] * GIB), storage_maximum_bytes: Some(gib[1] * GIB) },
    }
}

/// A backup of the cluster called stock, with two tables.
pub(crate) const SNAPSHOT: &str = "20261122125500";

pub(crate) fn snapshot(name: &str) -> Snapshot {
    let tables = vec!["doc.ledger".to_owned(), "doc.prices".to_owned()];
    Snapshot { repository: "system_backup_stock".to_owned(), snapshot: name.to_owned(), tables }
}

/// What is asked about the backups of that cluster.
pub(crate) fn snapshots() -> Question {
    Question::Snapshots { cluster: id("stock"), by: KEY.to_owned() }
}

/// All of the backup.
pub(crate) fn restoration() -> Restoration {
    let Snapshot { repository, snapshot, .. } = snapshot(SNAPSHOT);
    Restoration { source: id("stock"), repository, snapshot, tables: Vec::new() }
}

/// What the manifest says of it.
pub(crate) fn restored_from() -> RestoreSpec {
    RestoreSpec { external_id: Some(id("stock")), name: None, snapshot: SNAPSHOT.to_owned(), tables: None }
}

/// What is asked about a version that the manifest asks for.
pub(crate) fn upgrades() -> Question {
    Question::Upgrades { cluster: id(NAME), from: "5.8.3".to_owned() }
}

/// The answer where stable versions are offered.
pub(crate) fn offers(stable: &[&str]) -> Answer {
    let others = (versions(&["5.11.0"]), versions(&["nightly-6.0.0"]));
    Answer::Upgrades(Channels { stable: versions(stable), testing: others.0, nightly: others.1 })
}

fn versions(versions: &[&str]) -> Readable<CrateVersion> {
    let read = versions.iter().map(|version| CrateVersion { version: (*version).to_owned() }).collect();
    Readable { read, unread: Vec::new() }
}

/// What there is around the scenes' cluster.
pub(crate) fn catalogue() -> Catalogue {
    let region = |name: &str| Region { name: name.to_owned(), description: None, deprecated: None, status: None };
    Catalogue {
        projects: vec![project("p-shop", "shop", HERE)],
        subscriptions: vec![subscription("sub-1", true, "stripe")],
        products: vec![
            product("cr1", 9, [32, 8192]),
            product("cr2", 9, [32, 8192]),
            product("s2", 1, [8, 1024]),
            product("crfree", 1, [8, 8]),
        ],
        regions: vec![region(HERE), region(THERE)],
        stable: versions(&["5.8.3", "5.7.1"]),
        testing: versions(&["5.9.0"]),
        nightly: versions(&["nightly-6.0.0"]),
        administered: true,
    }
}

/// The request that the scenes' manifest amounts to.
pub(crate) fn request(name: &str) -> NewDatabase {
    NewDatabase { provision: provision(name), restore: None }
}

fn provision(name: &str) -> ClusterProvision<()> {
    ClusterProvision {
        cluster: NewCluster {
            name: name.to_owned(),
            crate_version: "5.8.3".to_owned(),
            channel: "stable".to_owned(),
            product_name: "cr1".to_owned(),
            product_tier: "default".to_owned(),
            product_unit: 0,
            hardware_specs: None,
            username: "admin".to_owned(),
            password: (),
        },
        subscription_id: "sub-1".to_owned(),
        project_id: "p-shop".to_owned(),
    }
}

pub(crate) fn fixed() -> FixedAtCreation {
    let fixed = CrateDBCluster::fixed(&cluster(NAME), Some(&catalogue()));
    assert_eq!((fixed.project_name.as_deref(), fixed.region.as_deref()), (Some("shop"), Some(HERE)));
    fixed
}

pub(crate) fn bound(name: &str, origin: Origin) -> Bound {
    Bound {
        identity: Identity { id: id(name), created_at: cluster(name).dc.created },
        former_ids: BTreeSet::new(),
        origin,
        fixed: FixedAtCreation { cluster_name: Some(name.to_owned()), ..fixed() },
        seen_by: BTreeSet::from([KEY.to_owned()]),
        applied: <CrateDBCluster as clusterwright::plan::Kind>::Applied::default(),
        doubt: None,
        settings: Settings::new(),
        gone: None,
    }
}

/// A record that knows nothing of a cluster.
pub(crate) fn empty_record() -> Record {
    Record::new(owner("CrateDBCluster", NAME), location())
}

/// The same with the password that a create is about to use.
pub(crate) fn prepared() -> Record {
    prepared_with(FIRST)
}

pub(crate) fn prepared_with(password: &str) -> Record {
    let mut record = empty_record();
    record.announce_password(Password::new(password));
    record
}

/// The record of a cluster that was created here, with a proved password.
pub(crate) fn record(name: &str) -> Record {
    let password = PasswordState { current: Some(Password::new(FIRST)), pending: None };
    Record { bound: Some(bound(name, Origin::Created)), password, ..empty_record() }
}

/// A create of the scenes' cluster that was announced so many seconds ago, by either clock.
pub(crate) fn creating(seconds: i64) -> Record {
    let intent = CreateIntent {
        attempt: "0123456789abcdef".to_owned(),
        sends: 1,
        announced: ago(seconds),
        first_by_cloud: ago(seconds),
        last_by_cloud: ago(seconds),
        request: request(NAME),
    };
    Record { intent: Some(Intent::Create(Box::new(intent))), ..prepared() }
}

/// A change that was announced so many seconds ago, when `after` was the newest operation.
pub(crate) fn changing(change: Change, seconds: i64, after: Option<&str>) -> Intent {
    Intent::Change(Box::new(ChangeIntent {
        accepted: false,
        attempt: "0123456789abcdef".to_owned(),
        announced: ago(seconds),
        change,
        after: after.map(str::to_owned),
        fingerprint: "fingerprint".to_owned(),
        applies: None,
    }))
}

/// An operation of this kind.
pub(crate) fn operation(id: &str, kind: &str, state: OperationState, message: &str) -> Operation {
    let word = match state {
        OperationState::Running => "IN_PROGRESS",
        OperationState::Unknown => "PONDERED",
        OperationState::Succeeded => "SUCCEEDED",
        OperationState::Failed => "FAILED",
    };
    Operation {
        id: id.to_owned(),
        kind: kind.to_owned(),
        state,
        word: word.to_owned(),
        message: Some(message.to_owned()),
        started: ago(5),
    }
}

pub(crate) fn rival(target: Handle, stake: Stake) -> Rival {
    Rival { namespace: "shop".to_owned(), name: "other".to_owned(), target, stake }
}

/// What the manifest says of its disks.
pub(crate) fn disks(gib: i64) -> StorageSpec {
    StorageSpec { size_per_node_gib: Some(gib), disk_type: None }
}

/// What the manifest says of its allow-list.
pub(crate) fn networks(cidrs: &[&str]) -> Vec<WantedCidr> {
    cidrs.iter().map(|cidr| WantedCidr { cidr: (*cidr).to_owned(), description: None }).collect()
}

/// The cluster as it is when this change was carried out.
pub(crate) fn apply(change: &Change, cluster: &mut Cluster) {
    match change {
        Change::CreateProject { .. } | Change::Password | Change::Restore(_) => {}
        Change::DeletionProtection(protected) => cluster.deletion_protected = Some(*protected),
        Change::AllowList(networks) => cluster.ip_whitelist = Some(networks.clone()),
        Change::Storage { bytes_per_node } => {
            cluster.hardware_specs.get_or_insert_default().disk_size_per_node_bytes = Some(*bytes_per_node);
        }
        Change::Backups { hours } => {
            let hours: Vec<String> = hours.iter().map(ToString::to_string).collect();
            cluster.backup_schedule = Some(format!("55 {} * * *", hours.join(",")));
        }
        Change::Product { name } => cluster.product_name = Some(name.clone()),
        Change::Version { version } => cluster.crate_version = Some(version.clone()),
        Change::Nodes { product_unit } => {
            (cluster.product_unit, cluster.num_nodes) = (Some(*product_unit), Some(product_unit + 1));
        }
        Change::Suspended(suspended) => {
            cluster.suspended = Some(*suspended);
            cluster.health.status = if *suspended { HealthStatus::Suspended } else { HealthStatus::Green };
        }
    }
}

impl Common for CrateDBClusterSpec {
    fn common_mut(&mut self) -> &mut CommonSpec {
        &mut self.common
    }
}

/// A manifest for a new cluster in an organization that has what it needs.
pub(crate) fn scene() -> Scene {
    let spec = CrateDBClusterSpec {
        common: common_spec("cratedb-cloud"),
        cluster_name: None,
        project: Some(ProjectSpec { id: None, name: Some("shop".to_owned()), region: Some(HERE.to_owned()) }),
        subscription_id: None,
        product: Some(ProductSpec { name: "cr1".to_owned(), tier: None }),
        nodes: None,
        version: None,
        channel: None,
        storage: None,
        allowed_cidrs: None,
        ignore_drift: Vec::new(),
        backup: None,
        restore_from: None,
        username: None,
        password_secret_ref: None,
    };
    Scene::of(CrateDBCluster::new(NAME, spec), location()).offered(catalogue())
}

/// The same, with a password that waits for its create.
pub(crate) fn ready_to_create() -> Scene {
    scene().recorded(prepared())
}

/// A manifest whose cluster runs, is recorded, and whose connection Secret still waits to be checked.
pub(crate) fn running() -> Scene {
    scene().recorded(record(NAME)).listed([cluster(NAME)]).in_force()
}

/// The same at rest: nothing is to be done.
pub(crate) fn settled() -> Scene {
    running().publishing()
}

/// A manifest with `Delete` that is being deleted while its cluster runs.
pub(crate) fn ending() -> Scene {
    running().destroys().finalized().deleting()
}

impl Scene {
    /// What there is around clusters, as read a minute ago.
    pub(crate) fn offered(self, catalogue: Catalogue) -> Self {
        self.with(|facts| facts.catalogue = Some(Catalogued { at: ago(20), catalogue }.into()))
    }

    /// The same with a change.
    pub(crate) fn offering(self, change: impl FnOnce(&mut Catalogue)) -> Self {
        let mut catalogue = catalogue();
        change(&mut catalogue);
        self.offered(catalogue)
    }

    /// A look for the name a second ago, newer than the list.
    pub(crate) fn looked_for_name(self, found: Option<Cluster>) -> Self {
        self.looked_at(by_name(NAME), KEY, 1, Found::just(found))
    }

    /// A look at the cluster a second ago, with what the cloud tells of its doings, newest first.
    pub(crate) fn looked(self, found: Option<Cluster>, operations: impl IntoIterator<Item = Operation>) -> Self {
        let operations = operations.into_iter().collect();
        self.looked_at(by_id(NAME), KEY, 1, Found { cluster: found, taken: false, operations })
    }

    /// The account names another organization.
    pub(crate) fn moved(self) -> Self {
        self.reaching(in_organization("elsewhere"), KEY)
    }

    pub(crate) fn adopting(self, name: &str) -> Self {
        self.common(|common| common.external_id = Some(id(name)))
    }

    pub(crate) fn wants(self, power: Power) -> Self {
        self.spec(|spec| spec.common.power = Some(power.into()))
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
