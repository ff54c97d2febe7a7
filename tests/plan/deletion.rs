//! Promise 3: deletion finishes, whatever is broken, and destroys only what it was asked to.

use clusterwright::api::condition::Reason;
use clusterwright::cloud::typedb::change::Change;
use clusterwright::cloud::typedb::wire::ClusterStatus;
use clusterwright::plan::{AccountStanding, Refusal, RefusalKind, Stake, refusal_fingerprint};
use rstest::rstest;

use super::fixture::*;
use super::kinds::{CloudWrite, Intent};

#[rstest]
#[case::retained(running().finalized().deleting())]
#[case::only_observed(running().destroys().only_observed().finalized().deleting())]
#[case::without_a_cluster(scene().destroys().finalized().deleting())]
#[case::with_its_kind(ending().attempts(|attempts| attempts.definition_deleted = true))]
#[case::of_another_name_bearer(ending().reapplied())]
#[case::with_another_claim(ending().rivalled(rival(ID, Stake::Claims(cluster(ID).created_at))))]
#[case::retained_with_an_open_create(scene().recorded(creating(20)).finalized().deleting())]
#[case::retained_without_an_account(running().finalized().deleting().standing(AccountStanding::Missing))]
#[case::retained_with_refused_credentials(running().finalized().deleting().standing(refused(Reason::CredentialsRejected)))]
#[case::retained_while_the_cloud_is_down(running().finalized().deleting().standing(unavailable()))]
#[case::retained_with_a_spec_that_cannot_be(running().finalized().deleting().spec(|spec| spec.tier = None))]
#[case::reported_and_gone(scene().reported(&cluster(ID)).looked(None).destroys().finalized().deleting())]
#[case::reported_and_replaced(
    scene().reported(&cluster(ID)).sees([cluster_aged(ID, 60)]).destroys().finalized().deleting()
)]
#[case::reported_without_a_time(
    scene().reported(&cluster(ID)).listed([cluster(ID)]).destroys().finalized().deleting()
        .with(|facts| facts.manifest.status.as_mut().unwrap().common.created_at = None)
)]
fn a_manifest_goes_at_once(#[case] scene: Scene) {
    assert_eq!((scene.does(), scene.says()), ("remove finalizer".to_owned(), String::new()));
}

#[test]
fn without_the_finalizer_nothing_is_left_to_do() {
    let scene = running().destroys().deleting();
    assert_eq!((scene.does(), scene.says()), (String::new(), String::new()));
}

fn ending_gone() -> Scene {
    gone().destroys().finalized().deleting()
}

fn destroying() -> Scene {
    ending().listed([cluster_but(|cluster| cluster.status = ClusterStatus::Destroying)])
}

/// A destroy was announced so many seconds ago, and the cluster still runs.
fn asked_to_go(seconds: i64) -> Scene {
    let intent = Intent::Destroy { attempt: "0123456789abcdef".to_owned(), announced: ago(seconds) };
    ending().recorded(record_but(|record| record.intent = Some(intent)))
}

#[rstest]
#[case::is_destroyed(ending(), "destroy orders", "Deleting")]
#[case::is_destroyed_without_a_valid_spec(ending().spec(|spec| spec.tier = None), "destroy orders", "Deleting")]
#[case::is_destroyed_with_edits_pending(
    ending().spec(|spec| spec.machine_type = Some("c2d-highcpu-4".to_owned())), "destroy orders", "Deleting"
)]
#[case::is_destroyed_under_its_recorded_id(
    ending().recorded(record("sales")).listed([cluster("sales"), cluster_aged(ID, 5)]), "destroy sales", "Deleting"
)]
#[case::is_waited_for(destroying(), "", "Deleting")]
#[case::is_looked_for(ending().listed([]), "look orders", "Deleting")]
#[case::is_proved_gone(ending_gone(), "drop", "")]
#[case::is_not_proved_gone_by_a_stale_look(ending().listed([]).looked_by(KEY, 11, None), "look orders", "Deleting")]
#[case::is_not_proved_gone_by_another_credential(
    ending().listed([]).using("key-2").looked_by("key-2", 1, None), "", "CredentialsInsufficient"
)]
#[case::has_a_successor_which_is_not_touched(
    ending().listed([cluster_aged(ID, 60)]).looked(Some(cluster_aged(ID, 60))), "drop", ""
)]
#[case::may_have_a_successor_which_is_looked_at_first(
    ending().listed([cluster_aged(ID, 60)]), "look orders", "Deleting"
)]
#[case::may_have_a_successor_which_a_stale_look_does_not_prove(
    ending().listed([cluster_aged(ID, 60)]).looked_by(KEY, 11, Some(cluster_aged(ID, 60))), "look orders", "Deleting"
)]
#[case::was_asked_to_go_just_now(asked_to_go(29), "", "Deleting")]
#[case::was_asked_to_go_and_is_asked_again(asked_to_go(31), "destroy orders", "Deleting")]
#[case::was_asked_to_go_and_is_looked_for(asked_to_go(5).listed([]), "look orders", "Deleting")]
#[case::was_asked_to_go_and_is_proved_gone(asked_to_go(5).listed([]).looked(None), "drop", "")]
#[case::was_renamed_by_somebody(ending().listed([cluster("sales")]).looked(None), "follow to sales", "")]
#[case::was_renamed_by_somebody_and_has_a_successor(
    ending().listed([cluster("sales"), cluster_aged(ID, 60)]).looked(Some(cluster_aged(ID, 60))), "follow to sales", ""
)]
#[case::is_being_renamed(
    ending().record(|record| record.intent = Some(changing(Change::Rename(id("sales")), 20, true))), "look sales", "Renaming"
)]
#[case::lives_elsewhere(ending().moved(), "", "LocationChanged")]
#[case::is_not_recorded_but_reported(
    scene().reported(&cluster(ID)).sees([cluster(ID)]).destroys().finalized().deleting(), "adopt orders Recovered", "Creating"
)]
#[case::is_not_recorded_and_only_others_see_it(
    scene().reported(&cluster(ID)).listed([cluster(ID)]).looked_by(KEY, 599, None).destroys().finalized().deleting(),
    "", "CredentialsInsufficient"
)]
#[case::is_still_being_created(
    scene().recorded(creating(20)).destroys().finalized().deleting(), "look orders", "Creating"
)]
#[case::came_into_being_after_all(
    scene().recorded(creating(20)).looked(Some(cluster_aged(ID, 18))).destroys().finalized().deleting(),
    "settle orders Created", "Creating"
)]
#[case::is_not_created_again(
    scene().recorded(creating(20)).looked(None).destroys().finalized().deleting(), "", "OutcomeUnknown"
)]
#[case::never_came_into_being(
    scene().recorded(creating(97)).looked(None).destroys().finalized().deleting(), "clear intent", ""
)]
#[case::is_being_created_elsewhere(
    scene().recorded(creating(97)).looked(None).moved().destroys().finalized().deleting(), "", "LocationChanged"
)]
#[case::was_never_created(scene().recorded(empty_record()).destroys().finalized().deleting(), "drop", "")]
fn under_delete_a_cluster(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
}

#[test]
fn what_is_destroyed_is_the_recorded_database_and_no_other() {
    let Some(clusterwright::plan::Step::Cloud(CloudWrite::Destroy(identity))) = ending().plan().next else {
        panic!("{:?}", ending().plan());
    };
    assert_eq!(identity, record(ID).bound.unwrap().identity);
}

#[rstest]
#[case::it_goes_on_without_the_account_while_its_credentials_are_known(
    AccountStanding::Missing,
    true,
    "destroy orders",
    "Deleting"
)]
#[case::it_waits_for_a_missing_account(AccountStanding::Missing, false, "", "AccountNotFound")]
#[case::it_goes_on_without_the_secret_while_its_credentials_are_known(
    refused(Reason::CredentialsMissing),
    true,
    "destroy orders",
    "Deleting"
)]
#[case::it_waits_for_a_missing_secret(refused(Reason::CredentialsMissing), false, "", "CredentialsMissing")]
#[case::it_waits_for_valid_credentials(refused(Reason::CredentialsRejected), true, "", "CredentialsRejected")]
#[case::it_waits_for_an_allowed_endpoint(refused(Reason::EndpointNotAllowed), false, "", "EndpointNotAllowed")]
#[case::it_waits_for_the_cloud(unavailable(), true, "", "CloudUnavailable")]
#[case::it_waits_for_the_connection(AccountStanding::Connecting, false, "", "WaitingForAccount")]
fn however_the_account_stands(
    #[case] standing: AccountStanding,
    #[case] reaches: bool,
    #[case] does: &str,
    #[case] says: &str,
) {
    let scene = ending().standing(standing);
    let scene = if reaches { scene } else { scene.with(|facts| facts.account.reach = None) };
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
    assert!(!does.is_empty() || scene.message().contains("spec.deletionPolicy: Retain"), "{}", scene.message());
}

#[rstest]
#[case::a_refused_destroy(refused_destroy(RefusalKind::Refused), "ChangeRefused")]
#[case::a_forbidden_destroy(refused_destroy(RefusalKind::Forbidden), "CredentialsInsufficient")]
#[case::another_credential(ending().listed([]).using("key-2").looked_by("key-2", 1, None), "CredentialsInsufficient")]
#[case::another_location(ending().moved(), "LocationChanged")]
#[case::a_pause(ending().paused(), "Paused")]
fn every_hold_of_a_deletion_names_retain(#[case] scene: Scene, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), ("", says));
    assert!(scene.message().contains("spec.deletionPolicy: Retain"), "{}", scene.message());
}

fn refused_destroy(kind: RefusalKind) -> Scene {
    let write = CloudWrite::Destroy(record(ID).bound.unwrap().identity);
    let fingerprint = refusal_fingerprint(&ending().facts, &write);
    let refusal = Refusal { kind, message: "not now".to_owned(), fingerprint, at: ago(60) };
    ending().recorded(record_but(|record| drop(record.refusals.insert("destroy".to_owned(), refusal))))
}
