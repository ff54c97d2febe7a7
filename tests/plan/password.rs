//! Promise 5: nobody is locked out.

use clusterwright::api::secret::Password;
use clusterwright::cloud::typedb::wire::{Cluster, ClusterStatus};
use clusterwright::plan::{Given, Origin, PasswordState, TroubleKind};
use rstest::rstest;

use super::fixture::*;
use super::kinds::{Record, Step};

fn missing() -> Given {
    Given::Missing("Secret pw is missing.".to_owned())
}

/// A running cluster of this origin, with what the record knows of its password.
fn of(origin: Origin, current: Option<&str>, pending: Option<&str>) -> Scene {
    let password = |word: Option<&str>| word.map(Password::new);
    scene().listed([cluster(ID)]).recorded(record_but(|record| {
        record.bound = Some(bound(ID, origin));
        record.password = PasswordState { current: password(current), pending: password(pending) };
    }))
}

fn created(current: Option<&str>, pending: Option<&str>) -> Scene {
    of(Origin::Created, current, pending)
}

#[rstest]
#[case::gets_a_generated_password(created(None, None), "announce a new one", "Updating")]
#[case::gets_the_one_that_is_given(created(None, None).wanting(given("w")), "announce w", "Updating")]
#[case::has_it_set_by_the_factory_one(created(None, Some("p")), "set p by [password]", "Updating")]
#[case::has_it_set_by_one_that_its_owner_tells(
    created(None, Some("p")).told(given("told")), "set p by [password told]", "Updating"
)]
#[case::has_a_later_one_set_by_the_former(created(Some("a"), Some("p")), "set p by [a]", "Updating")]
#[case::never_goes_back_to_the_factory_one(
    created(Some("a"), Some("p")).told(given("told")), "set p by [a told]", "Updating"
)]
#[case::keeps_a_proved_one(created(Some("a"), None), "publish orders-typedb", "")]
#[case::keeps_a_proved_one_that_is_wanted(created(Some("w"), None).wanting(given("w")), "publish orders-typedb", "")]
#[case::gets_a_wanted_one_that_changed(created(Some("a"), None).wanting(given("w")), "announce w", "Updating")]
#[case::settles_a_pending_one_before_another(created(Some("a"), Some("p")).wanting(given("w")), "set p by [a w]", "Updating")]
#[case::settles_a_pending_one_even_if_its_secret_is_gone(
    created(Some("a"), Some("p")).wanting(missing()), "set p by [a]", "Updating"
)]
#[case::settles_a_pending_one_even_if_it_is_no_longer_asked_for(
    created(Some("a"), Some("p")),
    "set p by [a]",
    "Updating"
)]
#[case::waits_for_a_secret_that_is_missing(
    created(None, None).wanting(missing()).edited(10), "", "WaitingForPassword"
)]
#[case::says_when_a_secret_stays_missing(created(None, None).wanting(missing()), "", "PasswordMissing")]
#[case::says_when_the_present_ones_secret_is_missing(created(None, None).told(missing()), "", "PasswordMissing")]
#[case::needs_no_present_one_once_it_is_known(
    created(Some("a"), None).told(missing()), "publish orders-typedb", ""
)]
#[case::is_not_opened_by_anything_known(
    created(Some("a"), Some("p")).attempts(|attempts| attempts.denied = Some(denied_for_long())), "publish orders-typedb", "AdminPasswordUnknown"
)]
#[case::refused_the_new_one(
    created(Some("a"), None).wanting(given("w")).attempts(|attempts| attempts.password_refused = Some("too short".to_owned())),
    "publish orders-typedb", "PasswordMissing"
)]
#[case::may_not_be_spoken_to(
    created(None, None).attempts(|attempts| attempts.database_refused = Some("--data-plane-domains".to_owned())),
    "", "EndpointNotAllowed"
)]
#[case::may_not_be_spoken_to_while_a_password_is_in_doubt(
    created(Some("a"), Some("p")).attempts(|attempts| attempts.database_refused = Some("--data-plane-domains".to_owned())),
    "publish orders-typedb", "EndpointNotAllowed"
)]
#[case::need_not_be_spoken_to(
    created(Some("a"), None).attempts(|attempts| attempts.database_refused = Some("--data-plane-domains".to_owned())),
    "publish orders-typedb", ""
)]
fn a_created_cluster(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
}

fn adopted(current: Option<&str>, pending: Option<&str>) -> Scene {
    of(Origin::Adopted, current, pending)
}

#[rstest]
#[case::keeps_its_password(adopted(None, None), "publish orders-typedb", "")]
#[case::has_its_password_proved_when_told(adopted(None, None).told(given("told")), "prove [told]", "Updating")]
#[case::keeps_what_was_proved(adopted(Some("told"), None).told(given("told")), "publish orders-typedb", "")]
#[case::gets_a_password_when_one_is_given(adopted(None, None).wanting(given("w")), "announce w", "Updating")]
#[case::is_never_tried_with_the_factory_one(adopted(None, Some("w")), "set w by []", "Updating")]
#[case::has_it_set_by_what_was_told(adopted(None, Some("w")).told(given("told")), "set w by [told]", "Updating")]
#[case::is_not_opened_by_what_was_told(
    adopted(None, None).told(given("told")).attempts(|attempts| attempts.denied = Some(denied_for_long())),
    "publish orders-typedb", "AdminPasswordUnknown"
)]
fn an_adopted_cluster(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
}

/// The record was lost; the status says whether a connection Secret had been published.
fn recovered(published: bool) -> Scene {
    of(Origin::Recovered, None, None).with(|facts| {
        let status = facts.manifest.status.get_or_insert_default();
        status.common.binding =
            published.then(|| clusterwright::api::shared::Binding { name: "orders-typedb".to_owned() });
    })
}

#[rstest]
#[case::has_the_published_password_proved(recovered(true).had_published("old"), "prove [old]", "Updating")]
#[case::has_what_was_told_proved_as_well(
    recovered(true).had_published("old").told(given("told")), "prove [old told]", "Updating"
)]
#[case::never_gets_a_new_password_by_itself(recovered(true), "publish orders-typedb", "AdminPasswordUnknown")]
#[case::is_not_opened_by_the_published_one(
    recovered(true).had_published("old").attempts(|attempts| attempts.denied = Some(denied_for_long())),
    "publish orders-typedb", "AdminPasswordUnknown"
)]
#[case::was_never_ours(recovered(false), "publish orders-typedb", "")]
#[case::gets_the_one_that_is_given_by_the_published_one(
    recovered(true).had_published("old").wanting(given("w")), "announce w", "Updating"
)]
#[case::may_not_be_spoken_to(
    recovered(true).had_published("old").attempts(|attempts| attempts.database_refused = Some("flag".to_owned())),
    "publish orders-typedb", "EndpointNotAllowed"
)]
fn a_cluster_whose_record_was_lost(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
}

#[test]
fn the_only_copy_of_a_password_is_not_overwritten() {
    for origin in [Origin::Adopted, Origin::Recovered] {
        let scene = of(origin, None, None)
            .had_published("old")
            .attempts(|attempts| attempts.database_refused = Some("flag".to_owned()));
        let Some(Step::Publish(connection)) = scene.plan().next else { panic!("{:?}", scene.plan()) };
        assert_eq!(connection.data["password"].expose(), "old");
    }
}

fn old(origin: Origin, current: Option<&str>) -> Scene {
    of(origin, current, None).listed([cluster_but(|cluster| cluster.version = Some("3.1.9".to_owned()))])
}

#[rstest]
#[case::created_it_is_unsupported(old(Origin::Created, None), "", "AdminPasswordUnsupported")]
#[case::created_a_wanted_one_is_unsupported(old(Origin::Created, None).wanting(given("w")), "", "AdminPasswordUnsupported")]
#[case::what_its_owner_tells_is_believed(old(Origin::Created, None).told(given("told")), "trust told", "Updating")]
#[case::what_was_believed_is_kept(old(Origin::Created, Some("told")).told(given("told")), "publish orders-typedb", "")]
#[case::what_its_owner_tells_anew_is_believed(old(Origin::Created, Some("told")).told(given("new")), "trust new", "Updating")]
#[case::another_wanted_one_is_unsupported(
    old(Origin::Created, Some("told")).told(given("told")).wanting(given("w")),
    "publish orders-typedb", "AdminPasswordUnsupported"
)]
#[case::adopted_it_is_its_owners(old(Origin::Adopted, None), "publish orders-typedb", "")]
#[case::recovered_it_is_its_owners(old(Origin::Recovered, None), "publish orders-typedb", "")]
#[case::adopted_a_wanted_one_is_unsupported(
    old(Origin::Adopted, None).wanting(given("w")), "publish orders-typedb", "AdminPasswordUnsupported"
)]
fn where_the_version_has_no_http_api(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
}

#[rstest]
#[case("3.2.0", true)]
#[case("3.10", true)]
#[case("4.0.0-rc1", true)]
#[case("3.1.0", false)]
#[case("2.29.3", false)]
#[case("latest", true)]
fn a_version_says_whether_it_has_an_http_api(#[case] version: &str, #[case] has: bool) {
    let listed = |scene: Scene| scene.listed([cluster_but(|cluster| cluster.version = Some(version.to_owned()))]);
    assert_eq!(listed(created(None, None)).does() == "announce a new one", has);
    // A version that can be read is believed more than whatever answers in the server's place while it starts.
    let disproved = listed(created(None, None)).attempts(|attempts| attempts.password_unsupported = true);
    assert_eq!(disproved.does() == "announce a new one", has && version != "latest");
}

#[rstest]
#[case(|cluster: &mut Cluster| cluster.status = ClusterStatus::Starting)]
#[case(|cluster: &mut Cluster| cluster.status = ClusterStatus::Suspended)]
fn a_database_that_does_not_run_is_not_spoken_to(#[case] change: fn(&mut Cluster)) {
    let scene = created(None, Some("p")).listed([cluster_but(change)]);
    assert_eq!(scene.does(), "");
}

#[test]
fn a_server_without_an_address_is_waited_for() {
    let scene = created(None, Some("p")).listed([cluster_but(|cluster| cluster.servers.clear())]);
    assert_eq!((scene.does(), scene.says()), (String::new(), "Updating".to_owned()));
    assert!(scene.plan().look_again.is_some());
}

#[test]
fn ready_waits_for_the_first_password() {
    for (current, pending) in [(None, None), (None, Some("p")), (Some("a"), Some("p"))] {
        assert_ne!(created(current, pending).says(), "Running");
    }
}

#[test]
fn edits_are_shown_while_a_password_is_pending_or_unknown() {
    let edited = |scene: Scene| scene.spec(|spec| spec.machine_type = Some("c2d-highcpu-4".to_owned()));
    assert_eq!(edited(created(None, None)).says(), "Updating: machineType");
    let unknown = created(Some("a"), Some("p")).attempts(|attempts| attempts.denied = Some(denied_for_long()));
    assert_eq!(unknown.spec(|spec| spec.region = Some("us-east1".to_owned())).says(), "AdminPasswordUnknown: region");
}

#[rstest]
#[case::is_not_made_at_all(created(None, None).paused())]
#[case::is_not_set(created(None, Some("p")).paused())]
fn while_paused_a_password(#[case] scene: Scene) {
    assert_eq!((scene.does(), scene.says()), (String::new(), "Paused".to_owned()));
}

#[test]
fn while_paused_what_is_told_may_be_proved() {
    assert_eq!(adopted(None, None).told(given("told")).paused().does(), "prove [told]");
}

#[test]
fn a_database_that_cannot_be_reached_is_tried_again_after_a_while() {
    let scene = created(None, Some("p"))
        .troubled(TroubleKind::DatabaseUnreachable, 5)
        .attempts(|attempts| attempts.not_before = Some(ago(-20)));
    assert_eq!((scene.does(), scene.says()), (String::new(), "DatabaseUnavailable".to_owned()));
    assert_eq!(scene.message(), "the cloud's own words");
}

#[rstest]
#[case::nothing_is_known_of(created(None, None), None)]
#[case::an_unproved_one_is_pending(created(None, Some("p")), None)]
#[case::a_proved_one_is_known(created(Some("a"), None), Some("a"))]
#[case::another_is_pending_but_refused_by_flags(
    created(Some("a"), Some("p")).attempts(|attempts| attempts.database_refused = Some("flag".to_owned())), Some("a")
)]
fn only_a_proved_password_is_published(#[case] scene: Scene, #[case] published: Option<&str>) {
    let data = match scene.plan().next {
        Some(Step::Publish(connection)) => Some(connection.data["password"].expose().to_owned()),
        _ => None,
    };
    assert_eq!(data.as_deref(), published);
}

#[test]
fn a_password_is_in_no_printed_form_of_a_plan() {
    let scenes = [
        created(None, None).wanting(given("hush-hush")),
        created(Some("hush-hush"), Some("hush-hush")),
        created(Some("hush-hush"), None),
        recovered(true).had_published("hush-hush").told(given("hush-hush")),
        old(Origin::Created, None).told(given("hush-hush")),
    ];
    for scene in scenes {
        let status = clusterwright::plan::status(&scene.facts, &scene.plan());
        let printed = format!("{:?} {:?} {:?}", scene.plan(), scene.facts, serde_json::to_string(&status).unwrap());
        assert!(!printed.contains("hush-hush"), "{printed}");
    }
}

#[test]
fn a_record_is_stored_without_its_passwords() {
    let record: Record = record(ID);
    let stored = serde_json::to_string(&record).unwrap();
    assert!(!stored.contains("proved"), "{stored}");
}
