//! Several operators, and one of them leads.

use std::time::Duration;

use clusterwright::clock::Clock;
use clusterwright::operator::{LEASE, Loss, OperatorError};
use clusterwright::simulator::{Fault as CloudFault, FaultKind};
use rstest::rstest;
use serde_json::json;
use tokio::time::Instant;

use crate::apiserver::{Fault, Requests, Trouble, Verb};
use crate::world::manifests::{HERE, cluster};
use crate::world::replica::{Replica, TERM};
use crate::world::{OPERATOR, World, on_virtual_time};

/// Two operators, of which the first leads.
async fn two() -> (World, Replica, Replica) {
    let world = World::asleep();
    let first = world.replica("a");
    world.pass(2).await;
    let second = world.replica("b");
    world.pass(2).await;
    assert!(first.leads() && !second.leads());
    (world, first, second)
}

fn lease_writes() -> Requests {
    Requests::with(&[Verb::Create, Verb::Update]).of("Lease")
}

fn lease_requests() -> Requests {
    Requests::all().of("Lease")
}

#[track_caller]
fn lost(ended: Result<(), OperatorError>) -> Loss {
    match ended {
        Err(OperatorError::LeadershipLost(loss)) => loss,
        other => panic!("it ended with {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn one_leads_and_the_other_is_ready_and_does_nothing() {
    let (world, leader, standby) = two().await;
    world.apply(&cluster(HERE, "orders"));
    world.ready("orders").await;
    world.pass(1200).await;
    assert!(leader.leads() && !standby.leads());
    assert!(leader.is_ready() && standby.is_ready());
    assert_eq!(standby.did(), Vec::<String>::new());
    assert_eq!(standby.lease_writes(), 0);
    assert!(leader.is(&world.lease()["holderIdentity"]));
    assert_eq!((&world.lease()["leaseTransitions"], &world.lease()["leaseDurationSeconds"]), (&json!(1), &json!(TERM)));
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn a_lone_operator_leads_at_once() {
    let world = World::asleep();
    let began = Instant::now();
    let alone = world.replica("a");
    world.until_lease(1, |lease| alone.is(&lease["holderIdentity"])).await;
    assert!(began.elapsed() < Duration::from_millis(100), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_graceful_stop_hands_over_within_two_seconds() {
    let (world, first, second) = two().await;
    world.apply(&cluster(HERE, "orders"));
    world.ready("orders").await;
    let stopped = Instant::now();
    first.stop();
    first.ended().await.unwrap();
    world.until_lease(2, |lease| second.is(&lease["holderIdentity"])).await;
    assert!(stopped.elapsed() < Duration::from_secs(2), "{:?}", stopped.elapsed());
    assert_eq!(world.lease()["leaseTransitions"], 2);
    let before = second.did().len();
    world.apply(&cluster(HERE, "sales"));
    world.ready("sales").await;
    assert!(second.did().len() > before);
    assert_eq!(world.clusters().len(), 2);
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn a_standby_that_stops_changes_nothing() {
    let (world, leader, standby) = two().await;
    standby.stop();
    let stopped = Instant::now();
    standby.ended().await.unwrap();
    assert!(stopped.elapsed() < Duration::from_secs(1));
    world.pass(600).await;
    assert!(leader.leads());
    assert_eq!(world.lease()["leaseTransitions"], 1);
}

/// What is under way when the process is asked to stop is finished first, and nobody else writes meanwhile.
#[tokio::test(start_paused = true)]
async fn a_create_under_way_is_finished_before_the_lease_is_released() {
    let (world, first, second) = two().await;
    world.pass(60).await;
    world.fault(CloudFault::new("*/deploy", FaultKind::Latency { millis: 12_000 }).times(1));
    world.apply(&cluster(HERE, "orders"));
    world.pass(2).await;
    assert_eq!(world.deploys().len(), 1);
    first.stop();
    world.pass(5).await;
    assert!(!first.has_ended() && !second.leads());
    assert_eq!(second.did(), Vec::<String>::new());
    first.ended().await.unwrap();
    world.ready("orders").await;
    assert!(second.leads());
    assert_eq!((world.deploys().len(), world.clusters().len()), (1, 1));
    world.audit().await;
}

/// Whoever looks something up, or waits for leave to ask, has not begun to write.
#[tokio::test(start_paused = true)]
async fn what_is_only_looked_up_is_not_waited_for() {
    let (world, first, second) = two().await;
    world.pass(60).await;
    world.fault(CloudFault::new("*/orders", FaultKind::Latency { millis: 15_000 }).times(1));
    world.apply(&cluster(HERE, "orders"));
    world.pass(2).await;
    assert!(world.deploys().is_empty());
    let stopped = Instant::now();
    first.stop();
    first.ended().await.unwrap();
    world.until_lease(2, |lease| second.is(&lease["holderIdentity"])).await;
    assert!(stopped.elapsed() < Duration::from_secs(2), "{:?}", stopped.elapsed());
    world.ready("orders").await;
    assert_eq!((world.deploys().len(), world.clusters().len()), (1, 1));
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn a_write_that_takes_too_long_is_abandoned_and_found_out_about() {
    let (world, first, second) = two().await;
    world.pass(60).await;
    world.fault(CloudFault::new("*/deploy", FaultKind::Latency { millis: 29_000 }).after_effect().times(1));
    world.apply(&cluster(HERE, "orders"));
    world.pass(2).await;
    assert_eq!(world.deploys().len(), 1);
    let stopped = Instant::now();
    first.stop();
    first.ended().await.unwrap();
    assert!((25..27).contains(&stopped.elapsed().as_secs()), "{:?}", stopped.elapsed());
    world.ready("orders").await;
    assert!(second.leads());
    assert_eq!((world.deploys().len(), world.clusters().len()), (1, 1));
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn a_dead_leader_is_followed_when_its_lease_has_run_out() {
    let (world, first, second) = two().await;
    world.pass(60).await;
    world.fault(CloudFault::new("*/deploy", FaultKind::Cut).after_effect().times(1));
    world.apply(&cluster(HERE, "orders"));
    while world.deploys().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let died = Instant::now();
    first.kill();
    world.until_lease(TERM + 2, |lease| second.is(&lease["holderIdentity"])).await;
    // It was renewed five seconds before at the earliest.
    assert!(died.elapsed() >= Duration::from_secs(TERM - 5), "{:?}", died.elapsed());
    world.ready("orders").await;
    assert_eq!((world.deploys().len(), world.clusters().len()), (1, 1));
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn a_start_finds_the_lease_of_a_dead_leader() {
    let world = World::asleep();
    let dead = world.replica("a");
    world.pass(10).await;
    dead.kill();
    let began = Instant::now();
    let next = world.replica("b");
    world.until_lease(TERM + 2, |lease| next.is(&lease["holderIdentity"])).await;
    assert!(began.elapsed() >= Duration::from_secs(TERM), "only what it has seen itself counts: {:?}", began.elapsed());
    // In the same pod nobody else is left who could lead.
    next.kill();
    let (began, again) = (Instant::now(), world.replica("b"));
    world.until_lease(2, |lease| again.is(&lease["holderIdentity"])).await;
    assert!(began.elapsed() < Duration::from_secs(1));
}

#[rstest]
#[case::an_hour_ahead(3600)]
#[case::an_hour_behind(-3600)]
fn clocks_that_disagree_make_no_difference(#[case] seconds: i64) {
    on_virtual_time(async {
        let world = World::asleep();
        let elsewhere = Clock::anchored(world.clock.now() + jiff::SignedDuration::from_secs(seconds));
        let first = world.replica("a");
        world.pass(2).await;
        let second = world.replica_by("b", elsewhere);
        world.pass(600).await;
        assert!(first.leads() && !second.leads());
        first.stop();
        first.ended().await.unwrap();
        world.pass(2).await;
        assert!(second.leads());
        let third = world.replica("c");
        world.pass(600).await;
        assert!(second.leads() && !third.leads());
        assert_eq!(world.lease()["leaseTransitions"], 2);
    });
}

/// What happens to the API server while one leads.
#[rstest]
#[case::no_lease_can_be_written(lease_writes(), Trouble::Status(503))]
#[case::nothing_about_leases_is_answered(lease_requests(), Trouble::Cut)]
#[case::everything_hangs(Requests::all(), Trouble::Delay(Duration::from_secs(20)))]
#[case::everything_is_refused(Requests::all(), Trouble::Status(500))]
fn in_an_outage_the_leader_ends_before_another_may_begin(#[case] requests: Requests, #[case] trouble: Trouble) {
    on_virtual_time(async {
        let (world, first, second) = two().await;
        world.pass(60).await;
        let began = Instant::now();
        world.api.inject(Fault::new(requests, trouble).always());
        let loss = lost(first.ended().await);
        assert!(matches!(loss, Loss::Expired(_)), "{loss}");
        let elapsed = began.elapsed().as_secs();
        assert!((TERM - 12..TERM - 4).contains(&elapsed), "after {elapsed} s");
        assert!(!second.leads());
        world.pass(300).await;
        world.api.clear_faults();
        world.until_lease(2 * TERM, |lease| second.is(&lease["holderIdentity"])).await;
        world.apply(&cluster(HERE, "orders"));
        world.ready("orders").await;
        world.audit().await;
    });
}

/// For a short while the leader goes on, and what it may not start any more it starts later.
#[tokio::test(start_paused = true)]
async fn a_short_outage_costs_nothing() {
    let (world, first, second) = two().await;
    world.pass(60).await;
    world.api.inject(Fault::new(lease_writes(), Trouble::Status(503)).always());
    world.pass(35).await;
    world.apply(&cluster(HERE, "orders"));
    world.pass(10).await;
    assert!(world.deploys().is_empty(), "the lease would not outlive the request");
    assert!(world.user().list("Secret").iter().all(|secret| secret["type"] != "clusterwright.dev/record"));
    world.api.clear_faults();
    world.ready("orders").await;
    assert!(first.leads() && !second.leads());
    assert_eq!(world.lease()["leaseTransitions"], 1);
    world.audit().await;
}

#[rstest]
#[case::it_had_its_effect(true)]
#[case::it_had_none(false)]
fn an_answer_that_is_lost_is_no_loss(#[case] effect: bool) {
    on_virtual_time(async {
        let world = World::asleep();
        let fault = || {
            let fault = Fault::new(lease_writes(), Trouble::Cut);
            if effect { fault.after_effect() } else { fault }
        };
        world.api.inject(fault());
        let alone = world.replica("a");
        world.pass(5).await;
        assert!(alone.leads(), "the first write");
        world.api.inject(fault());
        world.pass(600).await;
        assert!(alone.leads(), "a renewal");
        assert_eq!(world.lease()["leaseTransitions"], 1);
    });
}

/// What people do to the lease.
#[rstest]
#[case::annotated(|world: &World| {
    world.user().merge("Lease", OPERATOR, LEASE, &json!({"metadata": {"annotations": {"seen": "yes"}}}));
})]
#[case::deleted(|world: &World| world.user().delete("Lease", OPERATOR, LEASE))]
#[case::emptied(|world: &World| {
    world.user().merge("Lease", OPERATOR, LEASE, &json!({"spec": {"holderIdentity": ""}}));
})]
fn the_leader_goes_on_when_somebody_has(#[case] act: fn(&World)) {
    on_virtual_time(async {
        let (world, first, second) = two().await;
        // At another moment of the leader's round each time.
        for second_of_round in 0..6 {
            world.pass(60 + second_of_round).await;
            act(&world);
        }
        world.pass(600).await;
        assert!(first.leads() && !second.leads());
        assert_eq!((second.did(), second.lease_writes()), (Vec::new(), 0));
    });
}

#[tokio::test(start_paused = true)]
async fn a_lease_in_somebody_else_s_name_ends_the_leader() {
    let (world, first, second) = two().await;
    world.user().merge("Lease", OPERATOR, LEASE, &json!({"spec": {"holderIdentity": "somebody"}}));
    assert_eq!(lost(first.ended().await), Loss::Taken("somebody".to_owned()));
    world.pass(TERM - 10).await;
    assert!(!second.leads());
    world.until_lease(TERM, |lease| second.is(&lease["holderIdentity"])).await;
}

/// The process stands still in the middle of a create, and wakes up when its lease has run out.
#[rstest]
#[case::while_it_announces(Requests::writes().of("Secret"))]
#[case::while_it_looks(Requests::with(&[Verb::Get]).of("TypeDBCluster"))]
fn a_process_that_wakes_up_late_writes_nothing(#[case] requests: Requests) {
    on_virtual_time(async {
        let world = World::asleep();
        let sleeper = world.replica("a");
        world.pass(60).await;
        world.api.inject(Fault::new(requests, Trouble::Delay(Duration::from_secs(2))).times(1));
        world.apply(&cluster(HERE, "orders"));
        tokio::time::sleep(Duration::from_secs(1)).await;
        // All that is to happen meanwhile happens in one moment, in whatever order.
        tokio::time::advance(Duration::from_secs(TERM)).await;
        assert!(matches!(lost(sleeper.ended().await), Loss::Expired(_)));
        assert!(world.deploys().is_empty());
        let next = world.replica("a");
        world.ready("orders").await;
        assert!(next.leads());
        assert_eq!((world.deploys().len(), world.clusters().len()), (1, 1));
        world.audit().await;
    });
}

#[tokio::test(start_paused = true)]
async fn without_the_permission_it_is_not_ready_and_waits() {
    let world = World::asleep();
    world.api.inject(Fault::new(lease_requests(), Trouble::Status(403)).always());
    let replica = world.replica("a");
    world.apply(&cluster(HERE, "orders"));
    world.pass(600).await;
    assert!(!replica.is_ready() && !replica.leads() && !replica.has_ended());
    assert_eq!(replica.did(), Vec::<String>::new());
    world.api.clear_faults();
    world.ready("orders").await;
    assert!(replica.is_ready());
}

/// Two releases in one namespace would share the lease and look after different manifests.
#[tokio::test(start_paused = true)]
async fn another_installation_in_the_namespace_is_not_ready_and_takes_nothing_over_in_between() {
    let world = World::asleep();
    let first = world.replica_of("cw", "a");
    world.pass(10).await;
    let second = world.replica_of("teams", "b");
    world.pass(600).await;
    assert!(first.leads() && first.is_ready());
    assert!(!second.leads() && !second.is_ready());
    // A node is drained, and the first installation's next pod takes some time to come.
    first.stop();
    first.ended().await.unwrap();
    world.pass(TERM - 10).await;
    let first = world.replica_of("cw", "c");
    world.pass(600).await;
    assert!(first.leads() && first.is_ready());
    assert!(!second.leads() && !second.is_ready());
    assert_eq!(second.lease_writes(), 0);
    // It is uninstalled.
    first.stop();
    first.ended().await.unwrap();
    world.pass(TERM + 10).await;
    assert!(second.leads() && second.is_ready());
}
