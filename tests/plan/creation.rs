//! Promise 1: a cluster is created at most once, and recognised as ours by proof alone.

use std::collections::BTreeMap;

use clusterwright::api::condition::Reason;
use clusterwright::api::identity::CreatedAt;
use clusterwright::api::typedb::Tier;
use clusterwright::cloud::typedb::wire::{Cluster, ClusterStatus};
use clusterwright::plan::{Refusal, RefusalKind, Stake, Trouble, TroubleKind, refusal_fingerprint};
use rstest::rstest;

use super::fixture::*;
use super::kinds::{CloudWrite, CreateIntent, Record};

#[rstest]
#[case::a_free_name(scene(), "deploy orders", "Creating")]
#[case::a_name_that_a_look_found_free(scene().looked(None), "deploy orders", "Creating")]
#[case::an_id_of_its_own(scene().spec(|spec| spec.cluster_id = Some(id("sales"))), "deploy sales", "Creating")]
#[case::a_taken_name(scene().listed([cluster(ID)]), "look orders", "")]
#[case::a_name_taken_since_the_list(scene().looked(Some(cluster(ID))), "", "NameTaken")]
#[case::a_name_free_again_since_the_look(scene().looked_by(KEY, 60, Some(cluster(ID))), "deploy orders", "Creating")]
#[case::a_name_that_another_is_creating(scene().rivalled(rival(ID, Stake::Creates)), "", "ClaimedByAnother")]
#[case::a_name_that_another_has(scene().rivalled(rival(ID, Stake::Claims(cluster(ID).created_at))), "", "ClaimedByAnother")]
#[case::another_name_that_another_has(scene().rivalled(rival("sales", Stake::Creates)), "deploy orders", "Creating")]
#[case::without_a_tier(scene().spec(|spec| spec.tier = None), "", "InvalidSpec")]
#[case::with_an_unknown_provider(scene().spec(|spec| spec.provider = Some("azure".to_owned())), "", "InvalidSpec")]
#[case::an_empty_record(scene().recorded(empty_record()), "deploy orders", "Creating")]
#[case::under_delete_the_finalizer_comes_first(scene().destroys(), "add finalizer", "")]
#[case::under_delete_with_the_finalizer(scene().destroys().finalized(), "deploy orders", "Creating")]
fn a_new_manifest_with(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
}

#[rstest]
#[case(scene().spec(|spec| { spec.tier = None; spec.region = None; }), "tier, region")]
#[case(scene().spec(|spec| { spec.provider = Some("azure".to_owned()); }), "storageType")]
#[case(scene().looked(Some(cluster(ID))), "spec.externalId: orders")]
#[case(scene().looked(Some(cluster(ID))), "spec.clusterId")]
fn what_keeps_a_cluster_from_being_created_is_named_with_the_way_out(#[case] scene: Scene, #[case] part: &str) {
    assert!(scene.message().contains(part), "{}", scene.message());
}

#[test]
fn what_is_sent_is_what_is_written_with_the_documented_defaults() {
    let scene = scene().spec(|spec| {
        spec.tier = Some(Tier::Free);
        spec.provider = Some("aws".to_owned());
    });
    let Some(clusterwright::plan::Step::Cloud(CloudWrite::Deploy { request, again: false })) = scene.plan().next else {
        panic!("{:?}", scene.plan());
    };
    assert!(request.deploy.is_free);
    assert_eq!(
        (
            request.deploy.server_count,
            request.deploy.storage_size_gb,
            request.deploy.storage_type.as_str(),
            request.deploy.version.as_str()
        ),
        (1, 10, "gp2-csi", "latest")
    );
    assert_eq!(request.deploy.backup_configuration, None);
}

/// A create was announced 20 seconds ago.
fn open() -> Scene {
    scene().recorded(creating(20))
}

fn refused_repeat(scene: Scene) -> Scene {
    scene.troubled(TroubleKind::RepeatRefused, 1)
}

#[rstest]
#[case::nobody_has_looked_since(open(), "look orders", "Creating")]
#[case::the_look_is_older_than_the_announcement(open().looked_by(KEY, 25, None), "look orders", "Creating")]
#[case::the_look_is_older_than_the_list(open().looked_by(KEY, 15, None), "look orders", "Creating")]
#[case::it_came_into_being(open().listed([cluster_aged(ID, 18)]), "settle orders Created", "Creating")]
#[case::a_look_shows_it(open().looked(Some(cluster_aged(ID, 18))), "settle orders Created", "Creating")]
#[case::a_look_shows_nothing(open().looked(None), "deploy orders again", "Creating")]
#[case::a_look_at_another_id(open().looked_for("sales"), "look orders", "Creating")]
#[case::somebody_elses_shows_in_the_list_alone(open().listed([cluster(ID)]), "look orders", "Creating")]
#[case::somebody_else_has_the_name(open().looked(Some(cluster(ID))), "clear intent", "")]
#[case::another_manifest_has_claimed_it(
    open().looked(Some(cluster_aged(ID, 18))).rivalled(rival(ID, Stake::Claims(cluster_aged(ID, 18).created_at))),
    "clear intent", ""
)]
#[case::a_repeat_was_refused(refused_repeat(open().looked(None)), "", "OutcomeUnknown")]
#[case::paused_while_it_is_open(open().looked(None).paused(), "", "Paused")]
#[case::paused_it_is_still_recognised(open().looked(Some(cluster_aged(ID, 18))).paused(), "settle orders Created", "Creating")]
#[case::the_id_was_edited_meanwhile(
    open().looked(None).spec(|spec| spec.cluster_id = Some(id("sales"))), "", "OutcomeUnknown"
)]
#[case::an_adoption_is_asked_for_instead(open().looked(None).adopting("sales"), "", "OutcomeUnknown")]
#[case::another_machine_is_asked_for_meanwhile(
    open().looked(None).spec(|spec| spec.machine_type = Some("c2d-highcpu-16".to_owned())), "", "OutcomeUnknown"
)]
#[case::less_storage_is_asked_for_meanwhile(
    open().looked(None).spec(|spec| spec.storage_size_gb = Some(50)), "", "OutcomeUnknown"
)]
#[case::the_manifest_is_another_of_the_same_name(open().looked(None).reapplied(), "", "OutcomeUnknown")]
#[case::another_manifest_of_the_name_finds_it(
    open().looked(Some(cluster_aged(ID, 18))).reapplied(), "settle orders Created", "Creating"
)]
#[case::the_account_names_another_location(open().moved().looked(None), "", "LocationChanged")]
fn while_the_outcome_of_a_create_is_open(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
}

/// What our own request amounts to is ours only within the window, and with everything that is fixed at creation.
#[rstest]
#[case::five_minutes_before_the_announcement(320, true)]
#[case::longer_before(321, false)]
#[case::at_the_last_possible_effect(20 - 95, true)]
#[case::after_the_last_possible_effect(20 - 96, false)]
fn a_cluster_is_ours_by_the_time_of_its_creation(#[case] aged: i64, #[case] ours: bool) {
    let scene = open().looked(Some(cluster_aged(ID, aged)));
    assert_eq!(scene.does(), if ours { "settle orders Created" } else { "clear intent" });
}

#[test]
fn the_window_reaches_from_the_first_announcement_to_the_last_one_by_the_clouds_clock() {
    let intent = CreateIntent { first_by_cloud: ago(1000), last_by_cloud: ago(200), sends: 3, ..intent(20) };
    let does = |aged| scene().recorded(creating_with(intent.clone())).looked(Some(cluster_aged(ID, aged))).does();
    assert_eq!(does(1300), "settle orders Created");
    assert_eq!(does(105), "settle orders Created");
    assert_eq!(does(1301), "clear intent");
    assert_eq!(does(104), "clear intent");
}

#[rstest]
#[case::the_tier(|cluster: &mut Cluster| cluster.is_free = Some(true))]
#[case::no_tier(|cluster: &mut Cluster| cluster.is_free = None)]
#[case::the_provider(|cluster: &mut Cluster| cluster.provider = Some("aws".to_owned()))]
#[case::the_region(|cluster: &mut Cluster| cluster.region = Some("us-east1".to_owned()))]
#[case::the_storage_type(|cluster: &mut Cluster| cluster.storage_type = Some("gp2-csi".to_owned()))]
#[case::the_servers(|cluster: &mut Cluster| cluster.server_count = Some(3))]
#[case::a_senseless_time(|cluster: &mut Cluster| cluster.created_at = CreatedAt::from_epoch_millis(i64::MAX))]
fn a_cluster_is_not_ours_if_it_differs_in(#[case] change: fn(&mut Cluster)) {
    let mut found = cluster_aged(ID, 18);
    change(&mut found);
    assert_eq!(open().looked(Some(found)).does(), "clear intent");
}

#[rstest]
#[case::the_machine(|cluster: &mut Cluster| cluster.machine_type = Some("c2d-highcpu-4".to_owned()))]
#[case::the_size(|cluster: &mut Cluster| cluster.storage_size_gb = Some(11))]
#[case::the_version(|cluster: &mut Cluster| cluster.version = Some("3.6.0".to_owned()))]
#[case::the_status(|cluster: &mut Cluster| cluster.status = ClusterStatus::Starting)]
fn a_cluster_is_still_ours_if_it_differs_in(#[case] change: fn(&mut Cluster)) {
    let mut found = cluster_aged(ID, 18);
    change(&mut found);
    assert_eq!(open().looked(Some(found)).does(), "settle orders Created");
}

/// 95 seconds after the announcement nothing that was sent can take effect any more.
#[rstest]
#[case::not_yet(creating(95), 1, "", "OutcomeUnknown")]
#[case::over(creating(97), 1, "clear intent, refused: the cloud's own words", "")]
#[case::over_but_the_look_is_from_before(creating(97), 5, "look orders", "OutcomeUnknown")]
fn a_refused_repeat_ends_the_create_when_it_can_take_effect_no_more(
    #[case] record: Record,
    #[case] looked: i64,
    #[case] does: &str,
    #[case] says: &str,
) {
    let scene = refused_repeat(scene().recorded(record))
        .with(|facts| std::sync::Arc::make_mut(facts.inventory.as_mut().unwrap()).at = None);
    let scene = scene.looked_by(KEY, looked, None);
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
}

#[test]
fn while_an_effect_is_possible_it_is_waited_for_and_not_longer() {
    let plan = refused_repeat(open().looked(None)).plan();
    assert_eq!(plan.look_again.unwrap().as_secs(), 76);
}

/// The cloud refused the scenes' create so many seconds ago.
fn refused_scene(kind: RefusalKind, seconds: i64) -> Scene {
    let write = CloudWrite::Deploy { request: request(ID), again: false };
    let fingerprint = refusal_fingerprint(&refused_base().facts, &write);
    let refusal = Refusal { kind, message: "no such region".to_owned(), fingerprint, at: ago(seconds) };
    refused_base().recorded(Record { refusals: BTreeMap::from([("create".to_owned(), refusal)]), ..empty_record() })
}

fn refused_base() -> Scene {
    scene().listed([cluster_aged("a", 5000), cluster_aged("b", 6000)])
}

fn refused_create() -> Scene {
    refused_scene(RefusalKind::Refused, 60)
}

#[rstest]
#[case::is_not_repeated(refused_create(), "", "ChangeRefused")]
#[case::for_want_of_access_names_the_credentials(
    refused_scene(RefusalKind::Forbidden, 60),
    "",
    "CredentialsInsufficient"
)]
#[case::is_repeated_after_an_hour(refused_scene(RefusalKind::Refused, 3600), "deploy orders", "Creating")]
#[case::is_repeated_after_an_edit(refused_create().spec(|spec| spec.region = Some("us-east1".to_owned())), "deploy orders", "Creating")]
#[case::is_not_repeated_after_an_edit_of_something_else(
    refused_create().spec(|spec| spec.common.connection_secret.name = Some("other".to_owned())), "", "ChangeRefused"
)]
#[case::is_repeated_with_another_credential(refused_create().using("key-2"), "deploy orders", "Creating")]
#[case::is_repeated_on_demand(
    refused_create().annotated(clusterwright::api::annotation::RECONCILE_AT, "now"), "deploy orders", "Creating"
)]
#[case::is_repeated_when_a_cluster_has_gone(refused_create().listed([cluster_aged("a", 5000)]), "deploy orders", "Creating")]
#[case::is_not_repeated_because_the_list_is_in_another_order(
    refused_create().listed([cluster_aged("b", 6000), cluster_aged("a", 5000)]), "", "ChangeRefused"
)]
#[case::is_not_repeated_before_the_backoff_is_over(
    refused_create().listed([]).attempts(|attempts| attempts.not_before = Some(ago(-30))), "", "ChangeRefused"
)]
#[case::is_forgotten_when_somebody_takes_the_name(refused_create().looked(Some(cluster(ID))), "", "NameTaken")]
fn a_refused_create(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
}

#[test]
fn a_refusal_is_shown_in_the_clouds_own_words_and_looked_at_again_within_the_hour() {
    let plan = refused_create().plan();
    assert!(super::gist::message(&plan).contains("\"no such region\""));
    assert_eq!(plan.look_again.unwrap().as_secs(), 3540);
    assert!(plan.pending[0].blocked_by.is_some());
}

#[rstest]
#[case::unknown(TroubleKind::OutcomeUnknown, 1, Reason::OutcomeUnknown)]
#[case::unavailable(TroubleKind::Unavailable, 1, Reason::CloudUnavailable)]
#[case::rate_limited_for_a_while(TroubleKind::RateLimited, 30, Reason::WaitingForRateLimit)]
#[case::rate_limited_just_now(TroubleKind::RateLimited, 29, Reason::Creating)]
fn trouble_with_a_create_shows(#[case] kind: TroubleKind, #[case] seconds: i64, #[case] reason: Reason) {
    let scene = scene().troubled(kind, seconds).attempts(|attempts| attempts.not_before = Some(ago(-5)));
    assert_eq!((scene.does(), scene.says()), (String::new(), reason.to_string()));
    assert!(scene.plan().look_again.unwrap().as_secs() <= 5);
}

#[test]
fn a_failed_attempt_is_repeated_when_its_backoff_is_over() {
    let trouble = Trouble { kind: TroubleKind::Unavailable, message: String::new(), since: ago(60) };
    let scene = scene().attempts(|attempts| {
        attempts.not_before = Some(now());
        attempts.trouble = Some(trouble);
    });
    assert_eq!(scene.does(), "deploy orders");
}
