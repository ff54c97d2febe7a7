//! Waiting for what a manifest refers to, and keeping quiet where nothing new is known.

use clusterwright::api::condition::Reason;
use clusterwright::plan::{AccountStanding, TroubleKind, status};
use rstest::rstest;

use super::fixture::*;

const MINUTES: i64 = 5 * 60;

#[rstest]
#[case::a_missing_account(AccountStanding::Missing, "WaitingForAccount", "AccountNotFound")]
#[case::a_missing_secret(refused(Reason::CredentialsMissing), "WaitingForCredentials", "CredentialsMissing")]
#[case::an_account_that_is_not_granted(
    refused(Reason::NamespaceNotAllowed),
    "WaitingForAccount",
    "NamespaceNotAllowed"
)]
#[case::rejected_credentials(refused(Reason::CredentialsRejected), "WaitingForCredentials", "CredentialsRejected")]
#[case::weak_credentials(refused(Reason::CredentialsInsufficient), "WaitingForCredentials", "CredentialsInsufficient")]
#[case::a_forbidden_endpoint(refused(Reason::EndpointNotAllowed), "EndpointNotAllowed", "EndpointNotAllowed")]
#[case::an_impossible_account(refused(Reason::InvalidSpec), "InvalidSpec", "InvalidSpec")]
#[case::an_account_that_is_being_connected(AccountStanding::Connecting, "WaitingForAccount", "WaitingForAccount")]
fn five_minutes_after_an_edit_waiting_becomes_an_error(
    #[case] standing: AccountStanding,
    #[case] early: &str,
    #[case] late: &str,
) {
    let says = |seconds| scene().standing(standing.clone()).edited(seconds).says();
    assert_eq!((says(0).as_str(), says(MINUTES - 1).as_str()), (early, early));
    assert_eq!((says(MINUTES).as_str(), says(86400).as_str()), (late, late));
    assert_eq!(scene().standing(standing).does(), "");
}

#[test]
fn waiting_is_looked_at_again_when_patience_ends() {
    let plan = scene().standing(AccountStanding::Missing).edited(100).plan();
    assert_eq!(plan.look_again.unwrap().as_secs(), 200);
}

#[test]
fn an_account_that_is_missing_is_named_with_what_to_do() {
    let message = scene().standing(AccountStanding::Missing).message();
    assert!(message.contains("CloudAccount typedb-cloud") && message.contains("Apply it"), "{message}");
}

#[test]
fn a_restart_does_not_give_an_error_another_five_minutes() {
    let stalled = scene().standing(AccountStanding::Missing).reporting();
    assert_eq!(stalled.edited(0).says(), "AccountNotFound");
}

#[test]
fn an_error_of_another_kind_does_not_cut_the_five_minutes_short() {
    let stalled = scene().standing(refused(Reason::EndpointNotAllowed)).edited(10).reporting();
    assert_eq!(stalled.standing(refused(Reason::CredentialsMissing)).says(), "WaitingForCredentials");
}

/// A cluster that is Ready, with a status that says so.
fn ready() -> Scene {
    settled().reporting()
}

fn every_trouble() -> [AccountStanding; 5] {
    [
        AccountStanding::Missing,
        AccountStanding::Connecting,
        unavailable(),
        refused(Reason::CredentialsRejected),
        refused(Reason::CredentialsMissing),
    ]
}

#[test]
fn a_cluster_with_nothing_to_do_keeps_its_conditions_through_trouble_with_its_account() {
    for standing in every_trouble() {
        for inventory in [true, false] {
            let mut scene = ready().standing(standing.clone());
            if !inventory {
                scene.facts.inventory = None;
            }
            let before = scene.facts.manifest.status.clone().unwrap();
            assert_eq!(status(&scene.facts, &scene.plan()), before, "{standing:?}");
        }
    }
}

#[test]
fn an_edit_is_told_of_the_trouble() {
    let edited = ready().generation(2).edited(0);
    assert_eq!(edited.clone().standing(refused(Reason::CredentialsRejected)).says(), "WaitingForCredentials");
    assert_eq!(edited.clone().standing(AccountStanding::Missing).says(), "WaitingForAccount");
    let unlisted = edited.standing(unavailable()).with(|facts| facts.inventory = None);
    assert_eq!(unlisted.says(), "CloudUnavailable");
}

#[test]
fn a_restart_while_the_account_connects_is_no_news() {
    for scene in [gone(), scene().looked(Some(cluster(ID))), scene().spec(|spec| spec.tier = None)] {
        let held = scene.reporting();
        let restarted = held.standing(AccountStanding::Connecting).with(|facts| facts.inventory = None);
        assert_eq!((restarted.does(), restarted.says()), (String::new(), String::new()));
    }
}

#[rstest]
#[case::a_create(scene(), "CloudUnavailable")]
#[case::a_password(running().recorded(record_but(|record| record.password.current = None)), "CloudUnavailable")]
#[case::a_look(scene().recorded(record(ID)), "CloudUnavailable")]
#[case::a_look_at_what_was_seen_before(settled().reporting().listed([]), "")]
#[case::nothing_at_all(settled(), "Running")]
fn while_the_cloud_is_unavailable_what_is_due_waits(#[case] scene: Scene, #[case] says: &str) {
    let scene = scene.standing(unavailable());
    assert_eq!((scene.does().as_str(), scene.says().as_str()), ("", says));
}

#[test]
fn a_failing_look_is_told_where_nothing_else_is() {
    let failing = |scene: Scene| scene.troubled(TroubleKind::Unavailable, 5).says();
    let never_seen = scene().adopting(ID);
    assert_eq!(failing(never_seen.clone()), "CloudUnavailable");
    let known = scene().recorded(record(ID)).with(|facts| {
        facts.manifest.status = ready().facts.manifest.status;
    });
    assert_eq!(failing(known.clone()), "", "what was seen last stands");
    assert_eq!(failing(known.generation(2)), "CloudUnavailable", "an edit is answered");
}

#[test]
fn a_passing_rate_limit_is_not_worth_a_word() {
    let failing = |seconds| scene().adopting(ID).troubled(TroubleKind::RateLimited, seconds).says();
    assert_eq!((failing(29).as_str(), failing(30).as_str()), ("", "WaitingForRateLimit"));
}

#[test]
fn a_hold_is_not_talked_over_by_trouble() {
    let held = refused_password().troubled(TroubleKind::Unavailable, 60);
    assert_eq!(held.says(), "AdminPasswordUnknown");
}

fn refused_password() -> Scene {
    settled()
        .recorded(record_but(|record| record.password.pending = Some(clusterwright::api::secret::Password::new("p"))))
        .attempts(|attempts| attempts.denied = Some(denied_for_long()))
}

#[rstest]
#[case::credentials_for_a_look(scene().adopting(ID).troubled(TroubleKind::Forbidden, 5), "CredentialsInsufficient", "Secret")]
#[case::credentials_for_the_look_before_a_create(
    scene().troubled(TroubleKind::Forbidden, 5), "CredentialsInsufficient", "Secret"
)]
#[case::an_id_that_cannot_be(scene().adopting(ID).troubled(TroubleKind::Refused, 5), "InvalidSpec", "spec.externalId")]
#[case::a_name_that_cannot_be(scene().troubled(TroubleKind::Refused, 5), "InvalidSpec", "spec.clusterId")]
#[case::credentials_after_another_hold(
    scene().spec(|spec| spec.tier = None).reporting().adopting(ID).troubled(TroubleKind::Forbidden, 5),
    "CredentialsInsufficient", "Secret"
)]
fn a_question_that_only_a_person_can_help_with_is_told(
    #[case] scene: Scene,
    #[case] says: &str,
    #[case] way_out: &str,
) {
    assert_eq!(scene.says(), says);
    let message = scene.message();
    assert!(message.contains("\"the cloud's own words\"") && message.contains(way_out), "{message}");
    let condition = &scene.status().common.conditions[0];
    assert_eq!((condition.type_.as_str(), condition.status.as_str()), ("Ready", "False"));
}

#[test]
fn a_question_about_a_cluster_that_is_well_changes_nothing() {
    assert_eq!(ready().listed([]).troubled(TroubleKind::Forbidden, 60).says(), "");
}
