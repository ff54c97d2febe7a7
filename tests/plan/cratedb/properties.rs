//! What must hold of clusters in CrateDB Cloud, whatever the facts are and whatever is lost on the way.

use std::time::Duration;

use clusterwright::api::cratedb::CrateDBClusterSpec;
use clusterwright::api::secret::Password;
use clusterwright::api::shared::{DeletionPolicy, Management, Power};
use clusterwright::cloud::cratedb::catalogue::Catalogue;
use clusterwright::cloud::cratedb::change::Change;
use clusterwright::cloud::cratedb::wire::{Cluster, HealthStatus, OperationKind};
use clusterwright::cloud::operation::{Found, Operation, OperationState};
use clusterwright::plan::{
    AccountStanding, Catalogued, Given, Inventory, Look, Origin, PasswordState, Stake, TroubleKind, plan,
};
use kube::ResourceExt;
use proptest::prelude::*;
use proptest::sample::select;

use super::super::kstatus::{Read, compute};
use super::super::laws::*;
use super::super::scene;
use super::super::world::{Fate, World};
use super::fixture::*;
use super::kinds::{Facts, Intent, Plan, Record};
use super::model::Model;

fn any_cluster() -> impl Strategy<Value = Cluster> {
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

fn any_change() -> impl Strategy<Value = Change> {
    select(vec![
        Change::CreateProject { name: "shop".to_owned(), region: HERE.to_owned() },
        Change::DeletionProtection(true),
        Change::AllowList(vec![network("10.0.0.0/8")]),
        Change::Password,
        Change::Storage { bytes_per_node: 64 * GIB },
        Change::Nodes { product_unit: 2 },
        Change::Suspended(true),
        Change::Suspended(false),
    ])
}

fn any_record() -> impl Strategy<Value = Option<Record>> {
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
struct Wishes {
    protection: Option<bool>,
    networks: Option<Vec<&'static str>>,
    storage: Option<i64>,
    nodes: Option<i64>,
    power: Option<Power>,
    password: Given,
}

impl Wishes {
    fn write(&self, spec: &mut CrateDBClusterSpec) {
        spec.common.deletion_protection = self.protection;
        spec.allowed_cidrs = self.networks.as_ref().map(|cidrs| networks(cidrs));
        spec.storage = self.storage.map(disks);
        spec.nodes = self.nodes;
        spec.power = self.power;
    }

    /// Whether the cluster is as it was wished for; of a cluster that sleeps, only what can be had of it.
    fn are_fulfilled_by(&self, cluster: &Cluster) -> bool {
        let is = |wanted: bool, there: Option<bool>| there.unwrap_or(false) == wanted;
        let asleep = self.power == Some(Power::Suspended);
        let sizes = self.nodes.is_none_or(|nodes| cluster.num_nodes == Some(nodes))
            && self.storage.is_none_or(|gib| storage_of(cluster) >= gib)
            && self.networks.as_ref().is_none_or(|cidrs| networks_of(cluster) == *cidrs);
        self.protection.is_none_or(|protected| is(protected, cluster.deletion_protected))
            && self.power.is_none_or(|power| is(power == Power::Suspended, cluster.suspended))
            && (sizes || asleep)
    }
}

fn storage_of(cluster: &Cluster) -> i64 {
    cluster
        .hardware_specs
        .as_ref()
        .and_then(|disks| disks.disk_size_per_node_bytes)
        .map_or(i64::MAX, |bytes| bytes / GIB)
}

fn networks_of(cluster: &Cluster) -> Vec<&str> {
    cluster.ip_whitelist.iter().flatten().map(|network| network.cidr.as_str()).collect()
}

/// Everything that can change is written.
fn all_wishes() -> impl Strategy<Value = Wishes> {
    let lists = vec![vec![], vec!["10.0.0.0/8"], vec!["10.0.0.0/8", "192.168.0.0/16"]];
    let passwords = select(vec![given(FIRST), given(SECOND)]);
    let powers = select(vec![Power::Running, Power::Running, Power::Suspended]);
    (any::<bool>(), select(lists), select(vec![32, 64, 128]), 1..4_i64, powers, passwords).prop_map(
        |(protection, networks, storage, nodes, power, password)| Wishes {
            protection: Some(protection),
            networks: Some(networks),
            storage: Some(storage),
            nodes: Some(nodes),
            power: Some(power),
            password,
        },
    )
}

/// Some of it is left alone.
fn some_wishes() -> impl Strategy<Value = Wishes> {
    (all_wishes(), any::<[bool; 6]>()).prop_map(|(all, [protection, networks, storage, nodes, power, password])| {
        Wishes {
            protection: all.protection.filter(|_| protection),
            networks: all.networks.filter(|_| networks),
            storage: all.storage.filter(|_| storage),
            nodes: all.nodes.filter(|_| nodes),
            power: all.power.filter(|_| power),
            password: if password { all.password } else { Given::NotAsked },
        }
    })
}

fn any_given() -> impl Strategy<Value = Given> {
    let missing = Given::Missing("It is missing.".to_owned());
    select(vec![Given::NotAsked, Given::NotAsked, given(FIRST), given(SECOND), given("short"), missing])
}

fn any_manifest() -> impl Strategy<Value = Scene> {
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
                spec.version = upgrade.then(|| "5.9.0".to_owned());
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

fn any_catalogue() -> impl Strategy<Value = Catalogue> {
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

fn any_operations() -> impl Strategy<Value = Vec<Operation>> {
    let states = select(vec![OperationState::Running, OperationState::Succeeded, OperationState::Failed]);
    let one = (1..4, select(vec!["SCALE", "PASSWORD_UPDATE", "SUSPEND"]), states)
        .prop_map(|(number, kind, state)| operation(&format!("op-{number}"), kind, state, "The cloud's own words."));
    proptest::collection::vec(one, 0..3)
}

fn any_standing() -> impl Strategy<Value = AccountStanding> {
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

fn any_facts() -> impl Strategy<Value = Facts> {
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
    (
        any_manifest(),
        any_record(),
        proptest::option::weighted(0.9, proptest::collection::vec(any_cluster(), 0..3)),
        looks,
        (any_standing(), any::<bool>()),
        (stakes, troubles, any::<[bool; 4]>(), any::<bool>()),
        passwords,
        catalogues,
    )
        .prop_map(|(scene, record, list, look, standing, others, passwords, catalogue)| {
            let mut scene = scene.standing(standing.0);
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
            facts.attempts.password_unknown = unknown;
            facts.attempts.connection_conflict = conflict.then(|| "It is not ours.".to_owned());
            facts.attempts.database_refused = refused.then(|| "Set the flag.".to_owned());
            facts.attempts.definition_deleted = definition;
            match trouble {
                Some(kind) => scene.troubled(kind, 40).facts,
                None => scene.facts,
            }
        })
}

fn any_fates() -> impl Strategy<Value = Vec<Fate>> {
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_plan_is_unsafe(facts in any_facts()) {
        is_safe(&facts, &plan(&facts));
    }

    #[test]
    fn a_plan_depends_on_nothing_but_the_facts(facts in any_facts()) {
        depends_on_nothing_but_the_facts(&facts);
    }

    #[test]
    fn a_status_comes_to_rest(facts in any_facts()) {
        its_status_comes_to_rest(facts);
    }

    #[test]
    fn a_status_is_read_as_its_reason_stands(facts in any_facts()) {
        its_status_is_read_as_its_reason_stands(facts);
    }
}

/// The world of a manifest with these wishes.
fn world(scene: Scene, clusters: Vec<Cluster>, wishes: &Wishes, fates: Vec<Fate>) -> World<Model> {
    let scene = scene.spec(|spec| wishes.write(spec)).wanting(wishes.password.clone());
    World::new(scene, Model::new(clusters, FIRST, catalogue()), fates)
}

/// No two creates within ten minutes of the last moment at which the first could have taken effect.
fn asks_for_a_name_once(world: &World<Model>) {
    let creates: Vec<_> = world.sent.iter().filter(|(_, what)| what.starts_with("Creating cluster")).collect();
    for pair in creates.windows(2) {
        // What the cloud refused had no effect.
        let waited = pair[1].0.duration_since(pair[0].0).as_secs() >= 95 + 600;
        assert!(waited || pair[0].1.ends_with("Refused"), "{:?}", world.sent);
    }
    assert!(world.cloud.kept.len() <= 1, "paid for twice: {:?}", world.sent);
}

/// Until nothing is refused any more: what was refused is asked for again within the hour, unless the cluster sleeps.
fn settle(world: &mut World<Model>, mut check: impl FnMut(&World<Model>, &Plan)) -> Plan {
    for _ in 0..12 {
        let rest = world.settle(&mut check).unwrap_or_else(|| panic!("it never comes to rest: {:?}", world.sent));
        let refused = world.facts.record.as_ref().is_some_and(|record| !record.refusals.is_empty());
        if world.gone || !refused || rest.is_at_rest() {
            return rest;
        }
        world.pass(Duration::from_secs(3600));
    }
    panic!("it is refused for ever: {:?}", world.sent);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever was lost on the way, in the end there is one cluster as it was wished for, and its password is known.
    #[test]
    fn a_create_ends_with_one_cluster(wishes in some_wishes(), fates in any_fates(), known in any::<bool>(), fenced in any::<bool>()) {
        let mut world = world(scene(), Vec::new(), &wishes, fates);
        world.cloud.keeps_us_out = fenced;
        if !known {
            world.cloud.around.projects.clear();
            world.facts.catalogue = None;
        }
        settle(&mut world, |world, plan| {
            is_safe(&world.facts, plan);
            asks_for_a_name_once(world);
        });
        prop_assert_eq!(world.cloud.kept.len(), 1, "{:?}", world.sent);
        prop_assert_eq!(world.cloud.around.projects.len(), 1, "{:?}", world.sent);
        let record = world.facts.record.clone().unwrap();
        let there = &world.cloud.kept[0];
        prop_assert!(wishes.are_fulfilled_by(&there.cluster), "{:?} {:?}", world.sent, there.cluster);
        prop_assert_eq!(record.bound.unwrap().identity.id, there.cluster.id.clone());
        prop_assert_eq!(record.password.current.as_ref(), Some(&there.password), "{:?}", world.sent);
        prop_assert_eq!(compute(&world.facts.manifest), Read::Current, "{:?}", world.sent);
        prop_assert!(world.sent.len() <= 8 + 7 + 8, "{:?}", world.sent);
    }

    /// From whatever is there to whatever is wished for, in as many steps as there are differences and mishaps.
    #[test]
    fn changes_end_with_what_was_wished_for(there in any_cluster(), wishes in some_wishes(), fates in any_fates(), fenced in any::<bool>()) {
        let mut there = Cluster { id: id(NAME), name: NAME.to_owned(), dc: cluster(NAME).dc, allow_suspend: Some(true), ..there };
        there.health.running_operation = None;
        there.url = cluster(NAME).url;
        there.username = cluster(NAME).username;
        if there.suspended == Some(false) {
            there.health.status = HealthStatus::Green;
        }
        let mishaps = fates.len();
        let left_asleep = there.suspended == Some(true) && wishes.power.is_none();
        let mut world = world(running(), vec![there], &wishes, fates);
        world.cloud.keeps_us_out = fenced;
        settle(&mut world, |world, plan| is_safe(&world.facts, plan));
        let there = &world.cloud.kept[0];
        // Somebody else has suspended it, which is not undone unless that is asked for.
        if left_asleep {
            prop_assert_eq!(there.cluster.suspended, Some(true));
            prop_assert_eq!(compute(&world.facts.manifest), Read::Failed);
        } else {
            prop_assert!(wishes.are_fulfilled_by(&there.cluster), "{:?} {:?}", world.sent, there.cluster);
            prop_assert_eq!(compute(&world.facts.manifest), Read::Current, "{:?}", world.sent);
        }
        prop_assert_eq!(&world.facts.record.unwrap().password.current, &Some(there.password.clone()));
        prop_assert!(world.sent.len() <= 6 + mishaps, "{:?}", world.sent);
        prop_assert!(world.sent.iter().all(|(_, what)| !what.starts_with("Creating") && !what.starts_with("Destroying")));
    }

    /// Deletion finishes, and destroys the one database that it was asked to destroy.
    #[test]
    fn a_deletion_ends_with_its_database_alone_gone(ours in any::<bool>(), protected in any::<bool>(), fates in any_fates()) {
        let scene = ending().record(|record| record.bound.as_mut().unwrap().applied.protected = ours);
        let there = cluster_but(|cluster| cluster.deletion_protected = Some(protected));
        let twin = Cluster { id: id("twin"), ..cluster_aged(NAME, 60) };
        let clusters = vec![twin, there, cluster_aged("sales", 60)];
        let mut world = World::new(scene.listed(clusters.clone()), Model::new(clusters, FIRST, catalogue()), fates);
        settle(&mut world, |world, plan| is_safe(&world.facts, plan));
        let left: Vec<_> = world.cloud.kept.iter().map(|kept| kept.cluster.id.to_string()).collect();
        if protected && !ours {
            prop_assert!(!world.gone && world.sent.is_empty() && left.len() == 3, "{:?}", world.sent);
        } else {
            prop_assert!(world.gone && world.facts.record.is_none(), "{:?}", world.sent);
            prop_assert_eq!(left, ["id-twin", "id-sales"]);
        }
    }

    /// From anywhere, plans come to rest, and on the way nothing unsafe is done.
    #[test]
    fn plans_come_to_rest(facts in any_facts(), clusters in proptest::collection::vec(any_cluster(), 0..3), fates in any_fates()) {
        let mut clusters = clusters;
        for cluster in &mut clusters {
            cluster.health.running_operation = None;
        }
        clusters.dedup_by(|one, other| one.id == other.id);
        let mut facts = facts;
        facts.attempts.trouble = None;
        let around = facts.catalogue.as_ref().map_or_else(catalogue, |read| read.catalogue.clone());
        let mut world = World::new(Scene { facts }, Model::new(clusters, FIRST, around), fates);
        let writes_nothing = !world.facts.managed() || world.facts.paused();
        let rest = world.settle(|world, plan| is_safe(&world.facts, plan));
        prop_assert!(rest.is_some(), "it never comes to rest: {:?} {:?}", world.sent, plan(&world.facts));
        prop_assert!(!writes_nothing || world.sent.is_empty(), "{:?}", world.sent);
        let finalized = !world.facts.manifest.finalizers().is_empty();
        prop_assert!(world.gone || world.facts.deleting() || finalized == world.facts.destroys());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, failure_persistence: None, ..ProptestConfig::default() })]

    /// An edited manifest ends where a new one would have, but for disks, which do not shrink.
    #[test]
    fn an_edit_ends_where_a_new_manifest_would(first in all_wishes(), second in all_wishes(), fates in any_fates()) {
        let awake = |wishes: Wishes| Wishes { power: Some(Power::Running), ..wishes };
        let (first, second) = (awake(first), awake(second));
        let mut edited = world(scene(), Vec::new(), &first, fates);
        settle(&mut edited, |_, _| {});
        second.write(&mut edited.facts.manifest.spec);
        edited.facts.wanted_password = second.password.clone();
        settle(&mut edited, |_, _| {});
        let mut new = world(scene(), Vec::new(), &second, Vec::new());
        settle(&mut new, |_, _| {});
        let of = |world: &World<Model>| {
            let there = &world.cloud.kept[0];
            let cluster = &there.cluster;
            (cluster.num_nodes, cluster.ip_whitelist.clone(), cluster.deletion_protected, cluster.suspended, there.password.clone())
        };
        prop_assert_eq!(of(&edited), of(&new), "{:?}", edited.sent);
        let most = first.storage.max(second.storage).unwrap();
        prop_assert_eq!(storage_of(&edited.cloud.kept[0].cluster), most);
        prop_assert_eq!(compute(&edited.facts.manifest), Read::Current);
    }
}
