//! What must hold whatever the facts are.

use std::time::Duration;

use clusterwright::api::condition::Reason;
use clusterwright::api::secret::Password;
use clusterwright::api::shared::{DeletionPolicy, Management, Power};
use clusterwright::api::typedb::{Backup, BackupFrequency, TypeDBClusterSpec};
use clusterwright::cloud::operation::Found;
use clusterwright::cloud::typedb::wire::{Cluster, ClusterStatus};
use clusterwright::plan::{AccountStanding, Given, Origin, PasswordState, Stake, TroubleKind, plan};
use kube::ResourceExt;
use proptest::prelude::*;
use proptest::sample::select;

use super::fixture::*;
use super::kinds::{Facts, Inventory, Look, Record};
use super::kstatus::{Read, compute};
use super::laws::*;
use super::model::Model;
use super::world::{Fate, World};

fn any_cluster() -> impl Strategy<Value = Cluster> {
    let statuses = [
        ClusterStatus::Running,
        ClusterStatus::Running,
        ClusterStatus::Starting,
        ClusterStatus::Suspended,
        ClusterStatus::Destroying,
        ClusterStatus::Other("mending".to_owned()),
    ];
    let ages = select(vec![7200, 60, 18, 0]);
    let versions = select(vec![Some("3.5.1"), Some("3.1.0"), Some("odd"), None]);
    (select(vec![ID, "sales"]), ages, select(statuses.to_vec()), versions, any::<[bool; 3]>()).prop_map(
        |(name, age, status, version, [differs, addressed, silent])| {
            let mut cluster = Cluster { status, version: version.map(str::to_owned), ..cluster_aged(name, age) };
            if differs {
                cluster.region = Some("us-east1".to_owned());
            }
            if !addressed {
                cluster.servers.clear();
            }
            if silent {
                cluster.is_free = None;
            }
            cluster
        },
    )
}

fn any_record() -> impl Strategy<Value = Option<Record>> {
    let word = || select(vec![None, Some("a"), Some("b")]);
    let origins = select(vec![Origin::Created, Origin::Adopted, Origin::Recovered]);
    let kinds = select(vec!["none", "empty", "bound", "bound", "bound", "creating", "creating late"]);
    (kinds, origins, word(), word(), any::<[bool; 4]>(), select(vec![ID, "sales"])).prop_map(
        |(kind, origin, current, pending, [foreign, elsewhere, unseen, forgotten], name)| {
            let mut record = match kind {
                "none" => return None,
                "empty" => empty_record(),
                "creating" => creating(20),
                "creating late" => creating(200),
                _ => record_but(|record| record.bound = Some(bound(name, origin))),
            };
            if record.bound.is_some() {
                let password = |word: Option<&str>| word.map(Password::new);
                record.password = PasswordState { current: password(current), pending: password(pending) };
            }
            if let Some(bound) = record.bound.as_mut().filter(|_| unseen) {
                bound.seen_by.clear();
            }
            if foreign {
                record.owner.uid = "uid-0".to_owned();
            }
            if elsewhere && foreign {
                record.location = in_space("elsewhere");
            }
            record.forgotten = forgotten.then(|| ID.to_owned());
            Some(record)
        },
    )
}

fn any_standing() -> impl Strategy<Value = AccountStanding> {
    select(vec![
        AccountStanding::Connected,
        AccountStanding::Connected,
        AccountStanding::Connected,
        AccountStanding::Connecting,
        AccountStanding::Missing,
        unavailable(),
        refused(Reason::CredentialsRejected),
        refused(Reason::CredentialsMissing),
    ])
}

fn any_given() -> impl Strategy<Value = Given> {
    select(vec![Given::NotAsked, Given::NotAsked, given("a"), given("w"), Given::Missing("It is missing.".to_owned())])
}

fn any_manifest() -> impl Strategy<Value = Scene> {
    let spec = (
        any::<[bool; 6]>(),
        select(vec![None, None, Some(ID), Some("sales")]),
        select(vec![None, None, Some("sales")]),
        select(vec![None, Some(ID), Some("sales")]),
    );
    (spec, select(vec![ID, "sales"])).prop_map(
        |(([observed, delete, deleting, finalized, paused, reported], external, cluster_id, forget), name)| {
            let mut scene = scene().spec(|spec| {
                spec.common.management = if observed { Management::Observed } else { Management::Managed };
                spec.common.deletion_policy = if delete { DeletionPolicy::Delete } else { DeletionPolicy::Retain };
                spec.common.external_id = external.map(id);
                spec.cluster_id = cluster_id.map(id);
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
            forget.map_or(scene.clone(), |forget| scene.forgetting(forget))
        },
    )
}

fn any_facts() -> impl Strategy<Value = Facts> {
    let looks =
        (any::<bool>(), select(vec![ID, "sales"]), proptest::option::of(any_cluster()), select(vec![1, 15, 100]));
    let stakes = select(vec![
        None,
        None,
        Some(Stake::Creates),
        Some(Stake::EarlierNewcomer),
        Some(Stake::Claims(cluster(ID).created_at)),
    ]);
    let troubles = select(vec![
        None,
        Some(TroubleKind::Unavailable),
        Some(TroubleKind::RateLimited),
        Some(TroubleKind::RepeatRefused),
        Some(TroubleKind::OutcomeUnknown),
        Some(TroubleKind::DatabaseUnreachable),
    ]);
    let passwords = (any_given(), any_given(), proptest::option::of(Just("a")));
    (
        any_manifest(),
        any_record(),
        proptest::option::weighted(0.9, proptest::collection::vec(any_cluster(), 0..3)),
        looks,
        (any_standing(), any::<bool>()),
        (stakes, troubles, any::<[bool; 4]>()),
        passwords,
    )
        .prop_map(|(scene, record, list, look, (standing, reaches), (stake, trouble, flags), passwords)| {
            let mut scene = scene.standing(standing);
            let facts = &mut scene.facts;
            facts.record = record;
            facts.inventory = list.map(|clusters| Inventory { clusters, at: Some(ago(10)) }.into());
            let (has_look, looked_for, found, seconds) = look;
            facts.look = has_look.then(|| Look {
                target: target(looked_for),
                at: ago(seconds),
                by: KEY.to_owned(),
                found: Found::just(found),
            });
            if !reaches && facts.account.standing != AccountStanding::Connected {
                facts.account.reach = None;
            }
            facts.rivals.extend(stake.map(|stake| rival(ID, stake)));
            (facts.wanted_password, facts.current_password) = (passwords.0, passwords.1);
            facts.published_password = passwords.2.map(Password::new);
            let [unknown, conflict, refused, definition] = flags;
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

/// What a manifest asks for of a cluster that is there.
#[derive(Clone, Debug)]
struct Wishes {
    storage: Option<i64>,
    machine: Option<&'static str>,
    version: Option<&'static str>,
    backup: Option<Backup>,
    power: Option<Power>,
    id: Option<&'static str>,
}

impl Wishes {
    fn write(&self, spec: &mut TypeDBClusterSpec) {
        spec.storage_size_gb = self.storage;
        spec.machine_type = self.machine.map(str::to_owned);
        spec.version = self.version.map(str::to_owned);
        spec.backup.clone_from(&self.backup);
        spec.common.power = self.power.map(Into::into);
        spec.cluster_id = self.id.map(id);
    }

    fn is_older_than(&self, there: &Cluster) -> bool {
        self.version.is_some_and(|version| there.version.as_deref() > Some(version))
    }

    /// A cluster that ends suspended is not woken for what it lacks.
    fn are_fulfilled_by(&self, cloud: &Model) -> bool {
        let there = &cloud.clusters[0];
        let sleeps = there.status == ClusterStatus::Suspended;
        let frequency = |backup: &Backup| format!("{:?}", backup.frequency).to_lowercase();
        let is_backed_up = |wanted: &Backup| {
            cloud.backup.as_ref().is_some_and(|set| {
                set.frequency == frequency(wanted)
                    && wanted.retention_days.is_none_or(|days| set.retention_days == Some(days))
            })
        };
        let changed = self.storage.is_none_or(|size| there.storage_size_gb >= Some(size))
            && self.machine.is_none_or(|machine| there.machine_type.as_deref() == Some(machine))
            && self.version.is_none_or(|version| there.version.as_deref() == Some(version))
            && self.id.is_none_or(|wanted| there.id == id(wanted))
            && self.backup.as_ref().is_none_or(is_backed_up);
        (changed || sleeps) && self.power.is_none_or(|power| sleeps == (power == Power::Suspended))
    }
}

fn some_wishes() -> impl Strategy<Value = Wishes> {
    let backups =
        [(BackupFrequency::Daily, None), (BackupFrequency::Hourly, Some(30)), (BackupFrequency::Disabled, None)];
    let backups = backups.map(|(frequency, retention_days)| Some(Backup { frequency, retention_days }));
    (
        select(vec![None, Some(10), Some(20), Some(50)]),
        select(vec![None, Some("c2d-highcpu-2"), Some("c2d-highcpu-4")]),
        select(vec![None, Some("latest"), Some("3.4.4"), Some("3.6.0")]),
        select([vec![None], backups.to_vec()].concat()),
        select(vec![None, Some(Power::Running), Some(Power::Suspended)]),
        select(vec![None, Some(ID), Some("sales")]),
    )
        .prop_map(|(storage, machine, version, backup, power, id)| Wishes {
            storage,
            machine,
            version: version.filter(|version| *version != "latest"),
            backup,
            power,
            id,
        })
}

/// The recorded cluster, doing nothing.
fn any_rest() -> impl Strategy<Value = Cluster> {
    let versions = select(vec!["3.4.4", "3.5.1", "3.6.0"]);
    (any::<bool>(), select(vec![10, 30]), versions).prop_map(|(asleep, size, version)| {
        cluster_but(|there| {
            there.status = if asleep { ClusterStatus::Suspended } else { ClusterStatus::Running };
            there.storage_size_gb = Some(size);
            there.version = Some(version.to_owned());
        })
    })
}

/// Until nothing is refused any more: what was refused is asked for again within the hour, unless the cluster sleeps.
fn settle_for_good(world: &mut World<Model>) {
    for _ in 0..12 {
        let rest = world.settle(|world, plan| is_safe(&world.facts, plan));
        let rest = rest.unwrap_or_else(|| panic!("it never comes to rest: {:?}", world.sent));
        let refused = world.facts.record.as_ref().is_some_and(|record| !record.refusals.is_empty());
        let open = world.facts.record.as_ref().is_some_and(|record| record.change().is_some());
        let sleeps = world.cloud.clusters[0].status == ClusterStatus::Suspended;
        if rest.is_at_rest() || !(open || (refused && !sleeps)) {
            return;
        }
        world.pass(Duration::from_secs(3600));
    }
    panic!("it is refused for ever: {:?}", world.sent);
}

fn all_fates() -> impl Strategy<Value = Vec<Fate>> {
    let fates = [Fate::Answered, Fate::AnswerLost, Fate::Lost, Fate::Crash, Fate::Refused, Fate::Busy, Fate::Fails];
    proptest::collection::vec(select(fates.to_vec()), 0..6)
}

fn any_fates() -> impl Strategy<Value = Vec<Fate>> {
    let fates = [Fate::Answered, Fate::AnswerLost, Fate::Lost, Fate::Crash, Fate::Refused];
    proptest::collection::vec(select(fates.to_vec()), 0..6)
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever was lost on the way, in the end there is one cluster, and one that can be logged in to.
    #[test]
    fn a_create_ends_with_one_cluster(fates in any_fates()) {
        let mut world = World::new(scene(), Model::new(Vec::new(), ""), fates);
        let rest = world.settle(|world, plan| {
            is_safe(&world.facts, plan);
            assert!(world.cloud.clusters.len() <= 1, "paid for twice: {:?}", world.sent);
        });
        prop_assert!(rest.is_some(), "it never comes to rest: {:?}", world.sent);
        let refused = world.facts.record.as_ref().is_some_and(|record| !record.refusals.is_empty());
        prop_assert_eq!(world.cloud.clusters.len(), usize::from(!refused), "{:?}", world.sent);
        if !refused {
            let record = world.facts.record.unwrap();
            prop_assert_eq!(record.bound.unwrap().identity.created_at, world.cloud.clusters[0].created_at);
            prop_assert_eq!(record.password.current, Some(world.cloud.password));
            prop_assert_eq!(compute(&world.facts.manifest), Read::Current);
        }
    }

    /// From whatever is there to whatever is wished for, in as many steps as there are differences and mishaps.
    #[test]
    fn changes_end_with_what_was_wished_for(there in any_rest(), wishes in some_wishes(), fates in all_fates()) {
        let mishaps = fates.len();
        let left_asleep = there.status == ClusterStatus::Suspended && wishes.power.is_none();
        let scene = running().spec(|spec| wishes.write(spec)).listed([there.clone()]);
        let mut world = World::new(scene, Model::new(vec![there.clone()], "proved"), fates);
        settle_for_good(&mut world);
        let now = &world.cloud.clusters[0];
        prop_assert_eq!(now.created_at, there.created_at);
        let recorded = world.facts.record.as_ref().and_then(Record::bound_id);
        prop_assert_eq!(recorded, Some(&now.id), "{:?}", world.sent);
        prop_assert!(world.sent.len() <= 8 + mishaps, "{:?}", world.sent);
        prop_assert!(world.sent.iter().all(|(_, what)| !what.starts_with("Creating") && !what.starts_with("Destroying")));
        prop_assert!(now.version >= there.version && now.storage_size_gb >= there.storage_size_gb);
        // Somebody else has suspended it, which is not undone unless that is asked for.
        if left_asleep || wishes.is_older_than(&there) {
            prop_assert_eq!(compute(&world.facts.manifest), Read::Failed);
        } else {
            prop_assert!(wishes.are_fulfilled_by(&world.cloud), "{:?} {:?}", world.sent, world.cloud);
            prop_assert_eq!(compute(&world.facts.manifest), Read::Current, "{:?}", world.sent);
        }
    }

    /// Deletion finishes, and destroys the one database that it was asked to destroy.
    #[test]
    fn a_deletion_ends_with_its_database_alone_gone(fates in any_fates()) {
        let other = cluster("sales");
        let fates = fates.into_iter().filter(|fate| *fate != Fate::Refused).collect();
        let other = Cluster { created_at: cluster_aged("sales", 60).created_at, ..other };
        let mut world = World::new(ending(), Model::new(vec![cluster(ID), other], "proved"), fates);
        let rest = world.settle(|world, plan| is_safe(&world.facts, plan));
        prop_assert!(rest.is_some() && world.gone, "{:?}", world.sent);
        prop_assert_eq!(world.cloud.clusters.iter().map(|cluster| cluster.id.as_str()).collect::<Vec<_>>(), ["sales"]);
        prop_assert!(world.facts.record.is_none());
    }

    /// From anywhere, plans come to rest, and on the way nothing unsafe is done.
    #[test]
    fn plans_come_to_rest(facts in any_facts(), clusters in proptest::collection::vec(any_cluster(), 0..3), fates in any_fates()) {
        let mut clusters = clusters;
        clusters.dedup_by(|one, other| one.id == other.id);
        let mut facts = facts;
        facts.attempts.trouble = None;
        let mut world = World::new(Scene { facts }, Model::new(clusters, "a"), fates);
        let writes_nothing = !world.facts.managed() || world.facts.paused();
        let rest = world.settle(|world, plan| is_safe(&world.facts, plan));
        prop_assert!(rest.is_some(), "it never comes to rest: {:?} {:?}", world.sent, plan(&world.facts));
        prop_assert!(!writes_nothing || world.sent.is_empty(), "{:?}", world.sent);
        let finalized = !world.facts.manifest.finalizers().is_empty();
        prop_assert!(world.gone || world.facts.deleting() || finalized == world.facts.destroys());
    }
}
