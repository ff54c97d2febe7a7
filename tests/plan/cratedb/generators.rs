//! Facts about clusters in CrateDB Cloud, wishes and fates, drawn at random.

use clusterwright::api::cratedb::{BackupSpec, CrateDBClusterSpec};
use clusterwright::api::secret::Password;
use clusterwright::api::shared::{DeletionPolicy, Management, Power};
use clusterwright::cloud::cratedb::catalogue::Catalogue;
use clusterwright::cloud::cratedb::change::Change;
use clusterwright::cloud::cratedb::wire::{Cluster, HealthStatus, OperationKind};
use clusterwright::cloud::operation::{Found, Operation, OperationState};
use clusterwright::plan::{
    AccountStanding, Catalogued, Given, Inventory, Look, Origin, PasswordState, Stake, TroubleKind,
};
use proptest::prelude::*;
use proptest::sample::select;

use super::super::scene;
use super::super::world::Fate;
use super::fixture::*;
use super::kinds::{Facts, Intent, Record};

pub(super) fn any_cluster() -> impl Strategy<Value = Cluster> {
    let health = [HealthStatus::Green, HealthStatus::Green, HealthStatus::Red, HealthStatus::Unknown];
    let operations = [
        None,
        None,
        None,
        Some(OperationKind::Create),
        Some(OperationKind::Scale),
        Some(OperationKind::Suspend),
        Some(OperationKind::Other("POLISH".to_owned())),
    ];
    let sizes = (0..3_i64, select(vec![None, Some(32), Some(64)]), select(vec![Some(true), Some(false), None]));
    let names = select(vec![NAME, "sales"]);
    (
        names,
        select(vec![7200, 60, 18, 0]),
        select(health.to_vec()),
        select(operations.to_vec()),
        sizes,
        any::<[bool; 5]>(),
    )
        .prop_map(|(name, age, health, operation, (unit, disk, suspendable), flags)| {
            let [asleep, protected, fenced, differs, addressed] = flags;
            let mut cluster = cluster_aged(name, age);
            (cluster.product_unit, cluster.num_nodes) = (Some(unit), Some(unit + 1));
            cluster.hardware_specs.as_mut().unwrap().disk_size_per_node_bytes = disk.map(|gib| gib * GIB);
            cluster.health.status = health;
            cluster.allow_suspend = suspendable;
            if asleep {
                // What cannot be suspended is not.
                cluster.allow_suspend = Some(true);
                apply(&Change::Suspended(true), &mut cluster);
            }
            cluster.health.running_operation = operation;
            cluster.deletion_protected = Some(protected);
            if fenced {
                cluster.ip_whitelist = Some(vec![network("10.0.0.0/8")]);
            }
            if differs {
                cluster.username = Some("other".to_owned());
            }
            if !addressed {
                (cluster.url, cluster.fqdn) = (None, None);
            }
            cluster
        })
}

pub(super) fn any_change() -> impl Strategy<Value = Change> {
    select(vec![
        Change::CreateProject { name: "shop".to_owned(), region: HERE.to_owned() },
        Change::DeletionProtection(true),
        Change::AllowList(vec![network("10.0.0.0/8")]),
        Change::Password,
        Change::Storage { bytes_per_node: 64 * GIB },
        Change::Product { name: "cr2".to_owned() },
        Change::Nodes { product_unit: 2 },
        Change::Version { version: "5.9.0".to_owned() },
        Change::Backups { hours: vec![4, 16] },
        Change::Restore(restoration()),
        Change::Suspended(true),
        Change::Suspended(false),
    ])
}

pub(super) fn any_record() -> impl Strategy<Value = Option<Record>> {
    let word = || select(vec![None, Some(FIRST), Some(SECOND)]);
    let origins = select(vec![Origin::Created, Origin::Adopted, Origin::Recovered]);
    let kinds =
        ["none", "empty", "prepared", "bound", "bound", "bound", "changing", "preparing", "creating", "late", "ending"];
    let flags = any::<[bool; 6]>();
    let passwords = (word(), word());
    (
        select(kinds.to_vec()),
        origins,
        passwords,
        flags,
        select(vec![NAME, "sales"]),
        any_change(),
        select(vec![20, 200]),
    )
        .prop_map(|(kind, origin, (current, pending), flags, name, change, seconds)| {
            let [foreign, elsewhere, unseen, forgotten, sent, protected] = flags;
            let mut record = match kind {
                "none" => return None,
                "empty" => empty_record(),
                "prepared" => prepared(),
                "preparing" => {
                    let change = Change::CreateProject { name: "shop".to_owned(), region: HERE.to_owned() };
                    Record { intent: Some(changing(change, seconds, None)), ..prepared() }
                }
                "creating" => creating(20),
                "late" => creating(800),
                _ => {
                    let mut record = record(NAME);
                    let mut bound = bound(name, origin);
                    bound.applied.protected = protected;
                    bound.applied.to_restore = (protected && unseen).then(restoration);
                    record.bound = Some(bound);
                    record
                }
            };
            if record.bound.is_some() {
                let password = |word: Option<&str>| word.map(Password::new);
                record.password = PasswordState { current: password(current), pending: password(pending) };
                record.password_sent = sent && pending.is_some();
            }
            match kind {
                "changing" if change.ne(&Change::Password) || pending.is_some() => {
                    record.intent = Some(changing(change, seconds, Some("op-1")));
                }
                "ending" => {
                    record.intent = Some(Intent::Destroy { attempt: String::new(), announced: ago(seconds) });
                }
                _ => {}
            }
            if let Some(bound) = record.bound.as_mut().filter(|_| unseen) {
                bound.seen_by.clear();
            }
            if foreign {
                record.owner.uid = "uid-0".to_owned();
            }
            if elsewhere && foreign {
                record.location = in_organization("elsewhere");
            }
            record.forgotten = forgotten.then(|| ID.to_owned());
            Some(record)
        })
}

/// What a manifest says of what can change.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wishes {
    pub(super) protection: Option<bool>,
    pub(super) networks: Option<Vec<&'static str>>,
    pub(super) storage: Option<i64>,
    pub(super) product: Option<&'static str>,
    pub(super) nodes: Option<i64>,
    pub(super) version: Option<&'static str>,
    pub(super) backups: Option<Vec<i64>>,
    pub(super) restore: bool,
    pub(super) power: Option<Power>,
    pub(super) password: Given,
}

impl Wishes {
    pub(super) fn write(&self, spec: &mut CrateDBClusterSpec) {
        spec.common.deletion_protection = self.protection;
        spec.allowed_cidrs = self.networks.as_ref().map(|cidrs| networks(cidrs));
        spec.storage = self.storage.map(disks);
        if let Some(product) = self.product {
            spec.product.as_mut().unwrap().name = product.to_owned();
        }
        spec.nodes = self.nodes;
        spec.version = self.version.map(str::to_owned);
        spec.backup = self.backups.clone().map(|hours| BackupSpec { hours });
        spec.restore_from = self.restore.then(restored_from);
        spec.common.power = self.power.map(Into::into);
    }

    /// Whether the cluster is as it was wished for; of a cluster that sleeps, only what can be had of it.
    pub(super) fn are_fulfilled_by(&self, cluster: &Cluster) -> bool {
        let is = |wanted: bool, there: Option<bool>| there.unwrap_or(false) == wanted;
        let asleep = self.power == Some(Power::Suspended);
        let sizes = self.nodes.is_none_or(|nodes| cluster.num_nodes == Some(nodes))
            && self.product.is_none_or(|product| cluster.product_name.as_deref() == Some(product))
            && self.backups.as_ref().is_none_or(|hours| backups_of(cluster) == *hours)
            && self.version.is_none_or(|version| cluster.crate_version.as_deref() == Some(version))
            && self.storage.is_none_or(|gib| storage_of(cluster) >= gib)
            && self.networks.as_ref().is_none_or(|cidrs| networks_of(cluster) == *cidrs);
        self.protection.is_none_or(|protected| is(protected, cluster.deletion_protected))
            && self.power.is_none_or(|power| is(power == Power::Suspended, cluster.suspended))
            && (sizes || asleep)
    }
}

pub(super) fn storage_of(cluster: &Cluster) -> i64 {
    cluster
        .hardware_specs
        .as_ref()
        .and_then(|disks| disks.disk_size_per_node_bytes)
        .map_or(i64::MAX, |bytes| bytes / GIB)
}

pub(super) fn backups_of(cluster: &Cluster) -> Vec<i64> {
    let hours = cluster.backup_schedule.as_ref().and_then(|schedule| schedule.split(' ').nth(1));
    hours.into_iter().flat_map(|hours| hours.split(',')).map(|hour| hour.parse().unwrap()).collect()
}

pub(super) fn networks_of(cluster: &Cluster) -> Vec<&str> {
    cluster.ip_whitelist.iter().flatten().map(|network| network.cidr.as_str()).collect()
}

/// Everything that can change is written.
pub(super) fn all_wishes() -> impl Strategy<Value = Wishes> {
    let lists = vec![vec![], vec!["10.0.0.0/8"], vec!["10.0.0.0/8", "192.168.0.0/16"]];
    let passwords = select(vec![given(FIRST), given(SECOND)]);
    let powers = select(vec![Power::Running, Power::Running, Power::Suspended]);
    let sizes = (select(vec![32, 64, 128]), select(vec!["cr1", "cr2"]), 1..4_i64, select(vec!["5.8.3", "5.9.0"]));
    let data = (select(vec![vec![2], vec![4, 16]]), any::<bool>());
    (any::<bool>(), select(lists), sizes, data, powers, passwords).prop_map(
        |(protection, networks, (storage, product, nodes, version), (backups, restore), power, password)| Wishes {
            protection: Some(protection),
            networks: Some(networks),
            storage: Some(storage),
            product: Some(product),
            nodes: Some(nodes),
            version: Some(version),
            backups: Some(backups),
            restore,
            power: Some(power),
            password,
        },
    )
}

/// Some of it is left alone.
pub(super) fn some_wishes() -> impl Strategy<Value = Wishes> {
    (all_wishes(), any::<[bool; 9]>()).prop_map(
        |(all, [protection, networks, storage, product, nodes, version, backups, power, password])| Wishes {
            protection: all.protection.filter(|_| protection),
            networks: all.networks.filter(|_| networks),
            storage: all.storage.filter(|_| storage),
            product: all.product.filter(|_| product),
            nodes: all.nodes.filter(|_| nodes),
            version: all.version.filter(|_| version),
            backups: all.backups.filter(|_| backups),
            restore: all.restore,
            power: all.power.filter(|_| power),
            password: if password { all.password } else { Given::NotAsked },
        },
    )
}

pub(super) fn any_given() -> impl Strategy<Value = Given> {
    let missing = Given::Missing("It is missing.".to_owned());
    select(vec![Given::NotAsked, Given::NotAsked, given(FIRST), given(SECOND), given("short"), missing])
}

pub(super) fn any_manifest() -> impl Strategy<Value = Scene> {
    let spec = (
        any::<[bool; 8]>(),
        select(vec![None, None, Some(NAME), Some("sales")]),
        select(vec![None, None, Some("sales")]),
        select(vec![None, Some(NAME), Some("sales")]),
    );
    (spec, some_wishes(), select(vec![NAME, "sales"])).prop_map(
        |((flags, external, cluster_name, forget), wishes, name)| {
            let [observed, delete, deleting, finalized, paused, reported, confirmed, upgrade] = flags;
            let mut scene = scene().spec(|spec| {
                wishes.write(spec);
                spec.common.management = if observed { Management::Observed } else { Management::Managed };
                spec.common.deletion_policy = if delete { DeletionPolicy::Delete } else { DeletionPolicy::Retain };
                spec.common.external_id = external.map(id);
                spec.cluster_name = cluster_name.map(str::to_owned);
                if upgrade {
                    spec.version = Some("5.10.0".to_owned());
                }
            });
            if deleting {
                scene = scene.deleting();
            }
            if finalized {
                scene = scene.finalized();
            }
            if paused {
                scene = scene.paused();
            }
            if reported {
                scene = scene.reported(&cluster(name));
            }
            if confirmed {
                scene = scene.annotated(clusterwright::api::annotation::CONFIRM_SUBSCRIPTION_CANCELLATION, "sub-1");
            }
            forget.map_or(scene.clone(), |forget| scene.forgetting(id(forget).as_str()))
        },
    )
}

pub(super) fn any_catalogue() -> impl Strategy<Value = Catalogue> {
    any::<[bool; 4]>().prop_map(|[without_project, ambiguous, marketplace, bare]| {
        let mut there = catalogue();
        if without_project {
            there.projects.clear();
        }
        if marketplace {
            there.subscriptions[0].provider = Some("azure".to_owned());
        }
        if ambiguous && bare {
            there.subscriptions.push(subscription("sub-2", true, "azure"));
        }
        there
    })
}

pub(super) fn any_operations() -> impl Strategy<Value = Vec<Operation>> {
    let states = select(vec![OperationState::Running, OperationState::Succeeded, OperationState::Failed]);
    let one = (1..4, select(vec!["SCALE", "PASSWORD_UPDATE", "SUSPEND"]), states)
        .prop_map(|(number, kind, state)| operation(&format!("op-{number}"), kind, state, "The cloud's own words."));
    proptest::collection::vec(one, 0..3)
}

pub(super) fn any_standing() -> impl Strategy<Value = AccountStanding> {
    select(vec![
        AccountStanding::Connected,
        AccountStanding::Connected,
        AccountStanding::Connected,
        AccountStanding::Connecting,
        AccountStanding::Missing,
        unavailable(),
        scene::refused(clusterwright::api::condition::Reason::CredentialsRejected),
    ])
}

pub(super) fn any_facts() -> impl Strategy<Value = Facts> {
    let targets = select(vec![by_id(NAME), by_id(NAME), by_name(NAME), by_id("sales"), by_name("sales")]);
    let found = (proptest::option::of(any_cluster()), any::<bool>(), any_operations());
    let looks = (any::<bool>(), targets, found, select(vec![1, 15, 100]));
    let stakes = select(vec![
        None,
        None,
        Some(Stake::Creates),
        Some(Stake::EarlierNewcomer),
        Some(Stake::Claims(cluster(NAME).dc.created)),
    ]);
    let troubles = select(vec![
        None,
        None,
        Some(TroubleKind::Unavailable),
        Some(TroubleKind::RateLimited),
        Some(TroubleKind::Busy),
        Some(TroubleKind::OutcomeUnknown),
        Some(TroubleKind::DatabaseUnreachable),
    ]);
    let passwords = (any_given(), proptest::option::of(Just(FIRST)));
    let catalogues = (proptest::option::weighted(0.8, any_catalogue()), select(vec![60, 900]));
    let answers = (any::<bool>(), select(vec![&[][..], &["5.9.0"], &["5.9.0", "5.10.0"]]), select(vec![60, 3700]));
    (
        any_manifest(),
        any_record(),
        proptest::option::weighted(0.9, proptest::collection::vec(any_cluster(), 0..3)),
        looks,
        (any_standing(), any::<bool>()),
        (stakes, troubles, any::<[bool; 4]>(), any::<bool>()),
        passwords,
        (catalogues, answers),
    )
        .prop_map(|(scene, record, list, look, standing, others, passwords, (catalogue, answer))| {
            let mut scene = scene.standing(standing.0);
            if let (true, versions, seconds) = answer {
                scene = scene.answered(upgrades(), offers(versions), seconds);
            }
            let facts = &mut scene.facts;
            facts.record = record;
            facts.inventory = list.map(|clusters| Inventory { clusters, at: Some(ago(10)) }.into());
            let (has_look, target, (cluster, taken, operations), seconds) = look;
            let found = Found { taken: taken && cluster.is_none(), cluster, operations };
            facts.look = has_look.then(|| Look { target, at: ago(seconds), by: KEY.to_owned(), found });
            facts.catalogue = catalogue.0.map(|there| Catalogued { at: ago(catalogue.1), catalogue: there }.into());
            if !standing.1 && facts.account.standing != AccountStanding::Connected {
                facts.account.reach = None;
            }
            let (stake, trouble, [unknown, conflict, refused, definition], by_name_too) = others;
            let target = if by_name_too { by_name(NAME) } else { by_id(NAME) };
            facts.rivals.extend(stake.map(|stake| rival(target, stake)));
            facts.wanted_password = passwords.0;
            facts.published_password = passwords.1.map(Password::new);
            facts.attempts.denied = unknown.then(denied_for_long);
            facts.attempts.connection_conflict = conflict.then(|| "It is not ours.".to_owned());
            facts.attempts.database_refused = refused.then(|| "Set the flag.".to_owned());
            facts.attempts.definition_deleted = definition;
            match trouble {
                Some(kind) => scene.troubled(kind, 40).facts,
                None => scene.facts,
            }
        })
}

pub(super) fn any_fates() -> impl Strategy<Value = Vec<Fate>> {
    let fates = [
        Fate::Answered,
        Fate::Answered,
        Fate::AnswerLost,
        Fate::Lost,
        Fate::Crash,
        Fate::Refused,
        Fate::Busy,
        Fate::Fails,
    ];
    proptest::collection::vec(select(fates.to_vec()), 0..8)
}
