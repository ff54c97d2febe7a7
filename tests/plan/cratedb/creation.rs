//! Promise 1 where the server chooses the id: whatever was lost on the way, the same name is not asked for again in time.

use clusterwright::api::identity::CreatedAt;
use clusterwright::cloud::cratedb::wire::{Cluster, OperationKind, OperationStatus, PartialOperation};
use clusterwright::cloud::operation::Found;
use clusterwright::plan::{Origin, Stake, TroubleKind};
use rstest::rstest;

use super::fixture::*;
use super::kinds::Intent;

/// The last send, its deadline, and a minute; and ten minutes.
const SETTLED: i64 = 95 + 600;

/// A create was announced so many seconds ago, and nothing newer is known.
fn open(seconds: i64) -> Scene {
    scene().recorded(creating(seconds)).listed([])
}

/// The same, and a look a second ago does not show it.
fn absent(seconds: i64) -> Scene {
    open(seconds).looked_for_name(None)
}

fn taken_unseen(seconds: i64) -> Scene {
    open(seconds).looked_at(by_name(NAME), KEY, 1, Found { cluster: None, taken: true, operations: Vec::new() })
}

#[rstest]
#[case::nobody_has_looked_since(open(20), "look orders", "Creating")]
#[case::the_look_is_older_than_the_announcement(
    open(20).looked_at(by_name(NAME), KEY, 25, Found::just(None)), "look orders", "Creating"
)]
#[case::it_came_into_being(open(20).listed([cluster_aged(NAME, 18)]), "settle id-orders Created", "Creating")]
#[case::a_look_shows_it(open(20).looked_for_name(Some(cluster_aged(NAME, 18))), "settle id-orders Created", "Creating")]
#[case::a_look_shows_nothing(absent(20), "", "OutcomeUnknown")]
#[case::a_look_shows_nothing_and_the_name_is_taken(taken_unseen(20), "", "OutcomeUnknown")]
#[case::nothing_can_come_of_the_request_any_more_but_others_might_still_see_it(absent(96), "", "OutcomeUnknown")]
#[case::ten_minutes_are_not_over(absent(SETTLED), "", "OutcomeUnknown")]
#[case::ten_minutes_are_over(absent(SETTLED + 2), "clear intent", "")]
#[case::ten_minutes_are_over_and_the_look_is_from_before(
    open(SETTLED + 2).with(|facts| facts.inventory = None).standing(clusterwright::plan::AccountStanding::Connected)
        .listed([]).with(|facts| std::sync::Arc::make_mut(facts.inventory.as_mut().unwrap()).at = None)
        .looked_at(by_name(NAME), KEY, 5, Found::just(None)),
    "look orders", "Creating"
)]
#[case::ten_minutes_are_over_and_the_name_is_taken(taken_unseen(SETTLED + 2), "clear intent", "")]
#[case::somebody_elses_shows_in_the_list_alone(open(20).listed([cluster(NAME)]), "look orders", "Creating")]
#[case::somebody_else_has_the_name(open(20).looked_for_name(Some(cluster(NAME))), "clear intent", "")]
#[case::there_are_two_that_could_be_it(
    open(20).listed([cluster_aged(NAME, 18), Cluster { id: id("twin"), ..cluster_aged(NAME, 17) }])
        .looked_for_name(Some(cluster_aged(NAME, 18))),
    "clear intent", ""
)]
#[case::there_is_an_older_one_of_the_name(
    open(20).listed([cluster_aged(NAME, 18), Cluster { id: id("twin"), ..cluster(NAME) }])
        .looked_for_name(Some(cluster_aged(NAME, 18))),
    "settle id-orders Created", "Creating"
)]
#[case::another_manifest_has_claimed_it(
    open(20).looked_for_name(Some(cluster_aged(NAME, 18)))
        .rivalled(rival(by_id(NAME), Stake::Claims(cluster_aged(NAME, 18).dc.created))),
    "clear intent", ""
)]
#[case::another_manifest_creates_one_of_the_name(
    absent(20).rivalled(rival(by_name(NAME), Stake::Creates)), "", "OutcomeUnknown"
)]
#[case::the_password_was_edited_meanwhile(absent(20).wanting(given(SECOND)), "", "OutcomeUnknown")]
#[case::the_name_was_edited_meanwhile(
    absent(20).spec(|spec| spec.cluster_name = Some("sales".to_owned())), "", "OutcomeUnknown"
)]
#[case::an_adoption_is_asked_for_instead(absent(20).adopting("sales"), "", "OutcomeUnknown")]
#[case::the_catalogue_is_forgotten(absent(20).with(|facts| facts.catalogue = None), "", "OutcomeUnknown")]
#[case::paused_while_it_is_open(absent(20).paused(), "", "OutcomeUnknown")]
#[case::paused_it_is_still_recognised(
    open(20).looked_for_name(Some(cluster_aged(NAME, 18))).paused(), "settle id-orders Created", "Creating"
)]
#[case::the_cloud_refused_before_and_did_not_answer_since(
    absent(20).troubled(TroubleKind::OutcomeUnknown, 10), "", "OutcomeUnknown"
)]
#[case::another_manifest_of_the_name_finds_it(
    open(20).looked_for_name(Some(cluster_aged(NAME, 18))).reapplied(), "settle id-orders Created", "Creating"
)]
#[case::the_account_names_another_organization(absent(20).moved(), "", "LocationChanged")]
#[case::under_delete_it_is_looked_for(open(20).destroys().finalized().deleting(), "look orders", "Creating")]
#[case::under_delete_it_is_waited_for(absent(20).destroys().finalized().deleting(), "", "OutcomeUnknown")]
#[case::under_delete_it_came_into_being(
    open(20).looked_for_name(Some(cluster_aged(NAME, 18))).destroys().finalized().deleting(),
    "settle id-orders Created", "Creating"
)]
fn while_the_outcome_of_a_create_is_open(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
}

#[rstest]
#[case::five_minutes_before_the_announcement(320, true)]
#[case::longer_before(321, false)]
#[case::at_the_last_possible_effect(20 - 95, true)]
#[case::after_the_last_possible_effect(20 - 96, false)]
fn a_cluster_is_ours_by_the_time_of_its_creation(#[case] aged: i64, #[case] ours: bool) {
    let scene = open(20).looked_for_name(Some(cluster_aged(NAME, aged)));
    assert_eq!(scene.does(), if ours { "settle id-orders Created" } else { "clear intent" });
}

#[rstest]
#[case::the_project(|cluster: &mut Cluster| cluster.project_id = Some("p-other".to_owned()))]
#[case::no_project(|cluster: &mut Cluster| cluster.project_id = None)]
#[case::the_subscription(|cluster: &mut Cluster| cluster.subscription_id = Some("sub-2".to_owned()))]
#[case::the_channel(|cluster: &mut Cluster| cluster.channel = Some("testing".to_owned()))]
#[case::the_tier(|cluster: &mut Cluster| cluster.product_tier = Some("gold".to_owned()))]
#[case::the_user(|cluster: &mut Cluster| cluster.username = Some("other".to_owned()))]
#[case::a_senseless_time(|cluster: &mut Cluster| cluster.dc.created = CreatedAt::from_epoch_millis(i64::MAX))]
fn a_cluster_is_not_ours_if_it_differs_in(#[case] change: fn(&mut Cluster)) {
    let mut found = cluster_aged(NAME, 18);
    change(&mut found);
    assert_eq!(open(20).looked_for_name(Some(found)).does(), "clear intent");
}

#[rstest]
#[case::the_nodes(|cluster: &mut Cluster| { cluster.product_unit = Some(3); cluster.num_nodes = Some(4); })]
#[case::the_disks(|cluster: &mut Cluster| cluster.hardware_specs = None)]
#[case::the_version(|cluster: &mut Cluster| cluster.crate_version = Some("5.9.0".to_owned()))]
#[case::no_word_about_the_subscription(|cluster: &mut Cluster| cluster.subscription_id = None)]
#[case::what_is_done_to_it(|cluster: &mut Cluster| cluster.health.running_operation = Some(OperationKind::Create))]
fn a_cluster_is_still_ours_if_it_differs_in(#[case] change: fn(&mut Cluster)) {
    let mut found = cluster_aged(NAME, 18);
    change(&mut found);
    assert_eq!(open(20).looked_for_name(Some(found)).does(), "settle id-orders Created");
}

#[test]
fn a_type_of_disk_that_was_asked_for_tells_clusters_apart() {
    let asked_for = |word: &str| {
        open(20)
            .record(|record| {
                let Some(Intent::Create(intent)) = &mut record.intent else { panic!("no create") };
                let disks = clusterwright::cloud::cratedb::wire::HardwareSpecs {
                    disk_type: Some(word.to_owned()),
                    ..Default::default()
                };
                intent.request.cluster.hardware_specs = Some(disks);
            })
            .looked_for_name(Some(cluster_aged(NAME, 18)))
            .does()
    };
    assert_eq!(
        (asked_for("standard").as_str(), asked_for("premium").as_str()),
        ("settle id-orders Created", "clear intent")
    );
}

#[test]
fn the_wait_ends_when_the_name_may_be_asked_for_again() {
    assert_eq!(absent(95).plan().look_again.unwrap().as_secs(), 601);
}

#[test]
fn what_was_settled_is_bound_with_all_that_is_fixed() {
    let Some(super::kinds::Step::Record(clusterwright::plan::RecordChange::Settle(settled))) =
        open(20).looked_for_name(Some(cluster_aged(NAME, 18))).plan().next
    else {
        panic!("not settled");
    };
    assert_eq!((settled.origin, &settled.fixed), (Origin::Created, &fixed()));
    assert_eq!(settled.identity.created_at, cluster_aged(NAME, 18).dc.created);
}

/// Once nothing can come of the former request any more, everything begins anew, with the password that is at hand.
#[rstest]
#[case::and_the_name_is_free(ready_to_create().looked_for_name(None), "deploy orders", "Creating")]
#[case::and_somebody_has_the_name(ready_to_create().listed([cluster(NAME)]), "", "NameTaken")]
#[case::and_the_password_was_edited(ready_to_create().wanting(given(SECOND)), "announce second-password-of-24-chars", "")]
fn when_a_create_is_over(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
}

/// The cloud has been asked, and works on it.
fn being_created() -> Cluster {
    cluster_but(|cluster| {
        cluster.health = clusterwright::cloud::cratedb::wire::Health {
            status: clusterwright::cloud::cratedb::wire::HealthStatus::Unreachable,
            last_seen: None,
            running_operation: Some(OperationKind::Create),
        };
    })
}

/// The cloud gave up.
fn failed() -> Cluster {
    cluster_but(|cluster| {
        cluster.last_async_operation = Some(PartialOperation {
            id: "op-1".to_owned(),
            kind: OperationKind::Create,
            status: OperationStatus::Failed,
        });
    })
}

fn created() -> Scene {
    let mut record = prepared();
    record.settle_creation(bound(NAME, Origin::Created));
    scene().recorded(record)
}

#[rstest]
#[case::is_waited_for(created().listed([being_created()]), "look id-orders", "Creating")]
#[case::has_its_password_proved_when_it_runs(
    created().listed([cluster(NAME)]), "prove [first-password-of-24-chars]", "Updating"
)]
#[case::gets_its_allow_list_before_the_password_is_proved(
    created().listed([cluster(NAME)]).spec(|spec| spec.allowed_cidrs = Some(networks(&["10.0.0.0/8"]))),
    "change allowedCidrs", "Updating: allowedCidrs"
)]
#[case::is_waited_for_before_anything_is_changed(
    created().listed([being_created()]).spec(|spec| spec.allowed_cidrs = Some(networks(&["10.0.0.0/8"]))),
    "look id-orders", "Creating: allowedCidrs"
)]
#[case::could_not_be_created(created().listed([failed()]), "", "OperationFailed")]
#[case::could_not_be_created_and_is_not_changed_either(
    created().listed([failed()]).spec(|spec| spec.nodes = Some(3)), "", "OperationFailed: nodes"
)]
fn a_cluster_that_we_created(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
}
