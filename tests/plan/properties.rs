//! What must hold whatever the facts are.

use clusterwright::api::condition::Reason;
use clusterwright::api::secret::Password;
use clusterwright::api::shared::{DeletionPolicy, Management};
use clusterwright::cloud::operation::Found;
use clusterwright::cloud::typedb::wire::{Cluster, ClusterStatus};
use clusterwright::plan::{AccountStanding, Given, Origin, PasswordState, Stake, TroubleKind, plan};
use kube::ResourceExt;
use proptest::prelude::*;
use proptest::sample::select;

use super::fixture::*;
use super::kinds::{Facts, Look, Record};
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
            facts.inventory = list.map(|clusters| super::scene::list(clusters, ago(10)).into());
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
