//! Promise 1 where the server chooses the id: whatever was lost on the way, the same name is not asked for again in time.

use clusterwright::api::identity::CreatedAt;
use clusterwright::api::secret::Password;
use clusterwright::cloud::cratedb::wire::{Cluster, HealthStatus, OperationKind, OperationStatus, PartialOperation};
use clusterwright::cloud::operation::Found;
use clusterwright::plan::{Denied, Doubt, Kind as _, Origin, Stake, TroubleKind};
use rstest::rstest;

use super::fixture::*;
use super::kinds::Intent;

/// The last send, its deadline, and a minute; and ten minutes.
const SETTLED: i64 = 95 + 600;

/// The database is asked whether the recorded password opens it.
const PROVE: &str = "prove [first-password-of-24-chars]";

/// It is bound unasked, and the record says so.
const SETTLE: &str = "settle id-orders Created Unproved";

/// A create was announced so many seconds ago, and nothing newer is known.
fn open(seconds: i64) -> Scene {
    scene().recorded(creating(seconds)).listed([])
}

/// The same, and a look a second ago does not show it.
fn absent(seconds: i64) -> Scene {
    open(seconds).looked_for_name(None)
}

/// The same, and a look a second ago shows what seems to have come of it.
fn found() -> Scene {
    open(20).looked_for_name(Some(cluster_aged(NAME, 18)))
}

/// The recorded password opened the database.
fn proved(scene: Scene) -> Scene {
    scene.record(|record| record.promote_password(Password::new(FIRST)))
}

/// What seems to have come of the create long ago, otherwise than it should be.
fn found_but(seconds: i64, change: impl FnOnce(&mut Cluster)) -> Scene {
    let mut found = cluster_aged(NAME, seconds);
    change(&mut found);
    open(seconds + 2).listed([found])
}

fn unaddressed(cluster: &mut Cluster) {
    (cluster.url, cluster.fqdn) = (None, None);
}

fn in_creation(cluster: &mut Cluster) {
    cluster.health = being_created().health;
}

/// The database was not reached for so many seconds.
fn out_of_reach(scene: Scene, seconds: i64) -> Scene {
    scene.troubled(TroubleKind::DatabaseUnreachable, seconds).attempts(|attempts| attempts.not_before = Some(ago(1)))
}

fn unknown(scene: Scene) -> Scene {
    scene.attempts(|attempts| attempts.denied = Some(denied_for_long()))
}

/// The database denied the password so many seconds ago for the first time, and for the last.
fn denied(scene: Scene, since: i64, last: i64) -> Scene {
    scene.attempts(|attempts| attempts.denied = Some(Denied { since: ago(since), last: ago(last) }))
}

fn forbidden(scene: Scene) -> Scene {
    scene.attempts(|attempts| attempts.database_refused = Some("The flag --data-plane-domains forbids it.".to_owned()))
}

fn taken_unseen(seconds: i64) -> Scene {
    open(seconds).looked_at(by_name(NAME), KEY, 1, Found { cluster: None, taken: true, operations: Vec::new() })
}

#[rstest]
#[case::nobody_has_looked_since(open(20), "look orders", "Creating")]
#[case::the_look_is_older_than_the_announcement(
    open(20).looked_at(by_name(NAME), KEY, 25, Found::just(None)), "look orders", "Creating"
)]
#[case::it_came_into_being(open(20).listed([cluster_aged(NAME, 18)]), PROVE, "Creating")]
#[case::a_look_shows_it(found(), PROVE, "Creating")]
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
    PROVE, "Creating"
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
    found().paused(), PROVE, "Creating"
)]
#[case::the_cloud_refused_before_and_did_not_answer_since(
    absent(20).troubled(TroubleKind::OutcomeUnknown, 10), "", "OutcomeUnknown"
)]
#[case::another_manifest_of_the_name_finds_it(
    found().reapplied(), PROVE, "Creating"
)]
#[case::the_account_names_another_organization(absent(20).moved(), "", "LocationChanged")]
#[case::under_delete_it_is_looked_for(open(20).destroys().finalized().deleting(), "look orders", "Creating")]
#[case::under_delete_it_is_waited_for(absent(20).destroys().finalized().deleting(), "", "OutcomeUnknown")]
#[case::under_delete_it_came_into_being(
    found().destroys().finalized().deleting(), PROVE, "Creating"
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
    assert_eq!(scene.does(), if ours { PROVE } else { "clear intent" });
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
#[case::what_is_done_to_it(|cluster: &mut Cluster| cluster.health.running_operation = Some(OperationKind::Scale))]
fn a_cluster_is_still_ours_if_it_differs_in(#[case] change: fn(&mut Cluster)) {
    let mut found = cluster_aged(NAME, 18);
    change(&mut found);
    assert_eq!(open(20).looked_for_name(Some(found)).does(), PROVE);
}

#[rstest]
#[case::opens_with_the_recorded_password(proved(found()), "settle id-orders Created", "Creating")]
#[case::does_not_open_with_it(unknown(found()), "", "NameTaken")]
#[case::does_not_open_with_it_and_nothing_can_come_of_the_request(
    unknown(open(96).looked_for_name(Some(cluster_aged(NAME, 94)))), "clear intent", ""
)]
#[case::did_not_open_with_it_a_moment_ago(denied(found(), 299, 14), "", "Creating")]
#[case::is_asked_again_before_it_is_given_up(denied(found(), 299, 15), PROVE, "Creating")]
#[case::did_not_open_with_it_for_long(denied(found(), 300, 15), "", "NameTaken")]
#[case::does_not_open_with_it_and_only_a_list_has_shown_it(
    unknown(open(96).listed([cluster_aged(NAME, 94)])), "look orders", ""
)]
#[case::does_not_open_with_it_under_delete(
    unknown(open(96).looked_for_name(Some(cluster_aged(NAME, 94)))).destroys().finalized().deleting(), "clear intent", ""
)]
#[case::is_being_created(found_but(18, in_creation), "", "Creating")]
#[case::is_being_created_under_delete(found_but(18, in_creation).destroys().finalized().deleting(), "", "Creating")]
#[case::is_being_created_for_long(found_but(3599, in_creation), "", "Creating")]
#[case::is_being_created_for_too_long(found_but(3600, in_creation), SETTLE, "Creating")]
#[case::could_not_be_created(found_but(18, |cluster| cluster.last_async_operation = failed().last_async_operation), SETTLE, "Creating")]
#[case::has_no_address_yet(found_but(18, unaddressed), "", "Creating")]
#[case::has_no_address_for_too_long(found_but(3600, unaddressed), SETTLE, "Creating")]
#[case::runs_for_long(found_but(3600, |_| {}), PROVE, "Creating")]
#[case::was_suspended_meanwhile(
    found_but(18, |cluster| (cluster.suspended, cluster.health.status) = (Some(true), HealthStatus::Suspended)),
    SETTLE, "Creating"
)]
#[case::cannot_be_seen_by_the_cloud(found_but(18, |cluster| cluster.health.status = HealthStatus::Unknown), PROVE, "Creating")]
#[case::was_not_reached_for_a_while(out_of_reach(found(), 299), PROVE, "DatabaseUnavailable")]
#[case::is_not_asked_in_a_burst(
    out_of_reach(found(), 299).attempts(|attempts| attempts.not_before = Some(ago(-5))), "", "DatabaseUnavailable"
)]
#[case::was_not_reached_for_long(out_of_reach(found(), 300), SETTLE, "Creating")]
#[case::answers_otherwise_than_it_should_for_long(
    out_of_reach(found(), 0).troubled(TroubleKind::DatabaseTrouble, 300), SETTLE, "Creating"
)]
#[case::may_not_be_asked(forbidden(found()), SETTLE, "Creating")]
#[case::has_another_password_by_now(found().wanting(given(SECOND)), PROVE, "Creating")]
fn a_cluster_that_seems_to_have_come_of_a_lost_create(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says), "{}", scene.message());
}

#[test]
fn the_password_is_proved_of_the_user_that_was_asked_for() {
    let edited = found().spec(|spec| spec.username = Some("other".to_owned()));
    assert_eq!(edited.does(), PROVE);
    assert_eq!(edited.facts.manifest.user(edited.facts.record.as_ref()), "admin");
}

#[test]
fn what_is_waited_for_is_said() {
    let waiting = found_but(18, in_creation);
    assert!(waiting.message().contains("was lost") && waiting.message().contains("UNREACHABLE (CREATE)"));
    assert_eq!(waiting.plan().look_again.unwrap().as_secs(), 15);
    let refused = unknown(found());
    assert!(refused.message().contains("spec.externalId: id-orders"), "{}", refused.message());
    assert_eq!(refused.plan().look_again.unwrap().as_secs(), 76);
}

#[test]
fn what_opened_a_cluster_that_is_gone_proves_nothing_of_the_next() {
    let mut record = proved(found()).facts.record.unwrap();
    record.give_up_creation(None);
    assert_eq!((record.password.current, record.intent), (None, None));
}

/// A cluster that was taken by its looks, and whose database could not be asked then.
fn doubted(doubt: Doubt) -> Scene {
    let mut record = prepared();
    record.settle_creation(super::kinds::Bound { doubt: Some(doubt), ..bound(NAME, Origin::Created) });
    scene().recorded(record).listed([cluster(NAME)])
}

fn unproved() -> Scene {
    doubted(Doubt::Unproved)
}

fn disowned() -> Scene {
    unknown(doubted(Doubt::Refused))
}

fn ending(scene: Scene) -> Scene {
    scene.destroys().finalized().deleting()
}

#[rstest]
#[case::has_its_password_proved_when_it_can_be(unproved(), PROVE, "Updating")]
#[case::is_not_ours_after_all(unknown(unproved()), "disown", "")]
#[case::is_held_then(disowned(), "", "AdminPasswordUnknown")]
#[case::is_not_changed_then(disowned().spec(|spec| spec.nodes = Some(3)), "", "AdminPasswordUnknown: nodes")]
#[case::is_not_given_another_password_then(disowned().wanting(given(SECOND)), "", "AdminPasswordUnknown")]
#[case::is_asked_again_when_another_password_is_given(
    doubted(Doubt::Refused).wanting(given(SECOND)), "prove [first-password-of-24-chars second-password-of-24-chars]", "Updating"
)]
#[case::is_let_go_of_when_that_is_asked_for(disowned().forgetting("id-orders"), "forget id-orders", "")]
#[case::is_kept_while_it_cannot_be_asked(out_of_reach(doubted(Doubt::Refused), 400), "", "AdminPasswordUnknown")]
#[case::is_proved_before_it_is_destroyed(ending(unproved()), PROVE, "Deleting")]
#[case::is_destroyed_once_it_was_proved(
    ending(unproved().record(|record| record.promote_password(Password::new(FIRST)))), "destroy id-orders", "Deleting"
)]
#[case::is_proved_before_it_is_destroyed_though_it_was_trusted(
    ending(unproved().record(|record| record.trust_password(Password::new(FIRST)))), PROVE, "Deleting"
)]
#[case::is_not_destroyed_where_it_is_not_ours(ending(unknown(unproved())), "disown", "")]
#[case::is_held_where_it_is_not_ours(ending(disowned()), "", "AdminPasswordUnknown")]
#[case::is_not_destroyed_where_it_was_not_ours_and_cannot_be_asked(
    ending(out_of_reach(doubted(Doubt::Refused), 400)),
    "",
    "AdminPasswordUnknown"
)]
#[case::is_destroyed_where_it_cannot_be_asked(ending(forbidden(unproved())), "destroy id-orders", "Deleting")]
#[case::is_destroyed_where_it_was_not_reached_for_long(
    ending(out_of_reach(unproved(), 400)),
    "destroy id-orders",
    "DatabaseUnavailable"
)]
#[case::is_not_destroyed_in_its_sleep(
    ending(unproved().listed([cluster_but(|there| (there.suspended, there.health.status) = (Some(true), HealthStatus::Suspended))])),
    "", "AdminPasswordUnknown"
)]
#[case::is_asked_before_it_is_changed(
    unproved().spec(|spec| spec.common.deletion_protection = Some(true)), PROVE, "Updating: deletionProtection"
)]
#[case::is_changed_where_it_could_not_be_asked(
    out_of_reach(unproved(), 20).spec(|spec| spec.common.deletion_protection = Some(true)),
    "change deletionProtection", "DatabaseUnavailable: deletionProtection"
)]
#[case::is_destroyed_where_its_creation_failed(ending(unproved().listed([failed()])), "destroy id-orders", "Deleting")]
fn a_cluster_that_was_taken_by_its_looks(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says), "{}", scene.message());
}

#[rstest]
#[case::a_living_manifest(disowned(), &["spec.passwordSecretRef", "clusterwright.dev/forget: id-orders"])]
#[case::a_dying_one(ending(disowned()), &["spec.passwordSecretRef", "spec.deletionPolicy: Retain"])]
fn a_cluster_that_is_not_ours_names_the_ways_out_to(#[case] scene: Scene, #[case] parts: &[&str]) {
    assert!(parts.iter().all(|part| scene.message().contains(part)), "{}", scene.message());
}

/// One record of a cluster, and another that takes it over from there.
fn heir_of(doubt: Option<Doubt>) -> super::kinds::Record {
    let mut former = prepared();
    former.settle_creation(super::kinds::Bound { doubt, ..bound(NAME, Origin::Created) });
    former.password_sent = true;
    let mut heir = prepared();
    heir.adopt(heir.owner.clone(), bound(NAME, Origin::Adopted));
    heir.inherit(&former);
    heir
}

#[rstest]
#[case::of_a_cluster_of_ours(None, Origin::Created)]
#[case::of_one_that_nothing_proved_to_be_ours(Some(Doubt::Unproved), Origin::Adopted)]
#[case::of_one_that_is_not_ours(Some(Doubt::Refused), Origin::Adopted)]
fn an_heir(#[case] doubt: Option<Doubt>, #[case] origin: Origin) {
    let heir = heir_of(doubt);
    assert_eq!(heir.bound.as_ref().map(|bound| bound.origin), Some(origin));
    assert_eq!(heir.password.pending, Some(Password::new(FIRST)));
    assert!(heir.password_sent, "what was sent once is not sent once more");
}

#[test]
fn a_password_made_for_a_create_is_not_set_in_what_was_there_before() {
    let adopted = scene().recorded(heir_of(Some(Doubt::Refused))).record(|record| record.password_sent = false);
    let adopted = adopted.listed([cluster(NAME)]);
    assert_eq!(adopted.does(), PROVE);
    assert!(!unknown(adopted).does().contains("password"));
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
                intent.request.provision.cluster.hardware_specs = Some(disks);
            })
            .looked_for_name(Some(cluster_aged(NAME, 18)))
            .does()
    };
    assert_eq!((asked_for("standard").as_str(), asked_for("premium").as_str()), (PROVE, "clear intent"));
}

#[test]
fn the_wait_ends_when_the_name_may_be_asked_for_again() {
    assert_eq!(absent(95).plan().look_again.unwrap().as_secs(), 601);
}

#[test]
fn what_was_settled_is_bound_with_all_that_is_fixed() {
    let Some(super::kinds::Step::Record(clusterwright::plan::RecordChange::Settle(settled))) =
        proved(found()).plan().next
    else {
        panic!("not settled");
    };
    assert_eq!((settled.origin, settled.doubt, &settled.fixed), (Origin::Created, None, &fixed()));
    assert_eq!(settled.identity.created_at, cluster_aged(NAME, 18).dc.created);
}

/// Once nothing can come of the former request any more, everything begins anew, with the password that is at hand.
#[rstest]
#[case::and_the_name_is_free(ready_to_create().looked_for_name(None), "deploy orders", "Creating")]
#[case::and_somebody_has_the_name(ready_to_create().listed([cluster(NAME)]), "look orders", "")]
#[case::and_another_manifest_has_the_name(
    ready_to_create().listed([cluster(NAME)]).rivalled(rival(by_id(NAME), Stake::Claims(cluster(NAME).dc.created))),
    "", "ClaimedByAnother"
)]
#[case::and_another_manifest_had_another_of_that_id(
    ready_to_create().listed([cluster(NAME)]).rivalled(rival(by_id(NAME), Stake::Claims(cluster_aged(NAME, 9).dc.created))),
    "look orders", ""
)]
#[case::and_the_password_was_edited(ready_to_create().wanting(given(SECOND)), "announce second-password-of-24-chars", "")]
fn when_a_create_is_over(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
}

/// The cloud has been asked, and works on it.
fn being_created() -> Cluster {
    cluster_but(|cluster| {
        cluster.health = clusterwright::cloud::cratedb::wire::Health {
            status: HealthStatus::Unreachable,
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
