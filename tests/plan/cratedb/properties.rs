//! What must hold of clusters in CrateDB Cloud, whatever the facts are and whatever is lost on the way.

use std::time::Duration;

use clusterwright::api::shared::Power;
use clusterwright::cloud::cratedb::wire::{Cluster, HealthStatus};
use clusterwright::plan::plan;
use kube::ResourceExt;
use proptest::prelude::*;

use super::super::kstatus::{Read, compute};
use super::super::laws::*;
use super::super::world::{Fate, World};
use super::fixture::*;
use super::generators::*;
use super::kinds::Plan;
use super::model::Model;

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
        let restored = if wishes.restore { vec![SNAPSHOT.to_owned()] } else { Vec::new() };
        // What was refused, and then waits for a cluster that sleeps, is not restored.
        let waits = wishes.power == Some(Power::Suspended) && there.restored.is_empty();
        prop_assert!(there.restored == restored || waits, "{:?} {:?}", there.restored, world.sent);
        prop_assert_eq!(record.bound.unwrap().identity.id, there.cluster.id.clone());
        prop_assert_eq!(record.password.current.as_ref(), Some(&there.password), "{:?}", world.sent);
        prop_assert_eq!(compute(&world.facts.manifest), Read::Current, "{:?}", world.sent);
        prop_assert!(world.sent.len() <= 8 + 11 + 8, "{:?}", world.sent);
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
        prop_assert!(there.restored.is_empty(), "nothing is restored into a database that was there: {:?}", world.sent);
        prop_assert_eq!(&world.facts.record.unwrap().password.current, &Some(there.password.clone()));
        prop_assert!(world.sent.len() <= 9 + mishaps, "{:?}", world.sent);
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
        // No way leads back to an older version, and what is restored is fixed.
        let second = Wishes { version: first.version.max(second.version), restore: first.restore, ..second };
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
            let bought = (cluster.product_name.clone(), cluster.crate_version.clone(), there.restored.clone());
            (bought, cluster.num_nodes, cluster.ip_whitelist.clone(), cluster.deletion_protected, cluster.suspended, there.password.clone())
        };
        prop_assert_eq!(of(&edited), of(&new), "{:?}", edited.sent);
        let most = first.storage.max(second.storage).unwrap();
        prop_assert_eq!(storage_of(&edited.cloud.kept[0].cluster), most);
        prop_assert_eq!(compute(&edited.facts.manifest), Read::Current);
    }
}
