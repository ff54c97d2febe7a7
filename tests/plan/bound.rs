//! A manifest with a cluster: gone is proved, another database is never written to, and differences are shown.

use clusterwright::api::identity::CreatedAt;
use clusterwright::cloud::typedb::wire::{Cluster, ClusterStatus};
use clusterwright::plan::{Origin, Stake};
use rstest::rstest;

use super::fixture::*;

fn unlisted() -> Scene {
    scene().recorded(record(ID))
}

fn seen_by(credential: &str) -> Scene {
    unlisted().using(credential).looked_by(credential, 1, None)
}

#[rstest]
#[case::is_looked_for_before_anything_is_said(unlisted(), "look orders", "")]
#[case::is_noted_as_gone_when_a_look_by_a_credential_that_has_seen_it_says_so(
    unlisted().looked(None), "note that it is gone", ""
)]
#[case::is_gone_once_that_is_noted(gone(), "", "Vanished")]
#[case::is_noted_as_back(running().noted_gone(), "note that it is back", "")]
#[case::is_not_gone_by_a_look_older_than_the_list(unlisted().looked_by(KEY, 11, None), "look orders", "")]
#[case::is_not_gone_by_a_look_at_another(unlisted().looked_for("sales"), "look orders", "")]
#[case::is_not_gone_by_another_credential(seen_by("key-2"), "", "CredentialsInsufficient")]
#[case::is_not_gone_by_one_of_its_credentials_that_never_saw_it(
    unlisted().using_all(&[KEY, "key-2"]).looked_by("key-2", 1, None), "", "CredentialsInsufficient"
)]
#[case::is_gone_by_one_of_its_credentials_that_has_seen_it(
    unlisted().using_all(&["key-2", KEY]).looked(None), "note that it is gone", ""
)]
#[case::is_looked_for_with_the_credential_in_use(running().using_all(&["key-2", KEY]), "look orders", "")]
#[case::is_there_when_another_looks_for_the_credential_in_use(
    running().using_all(&["key-2", KEY]).looked(Some(cluster(ID))), "publish orders-typedb", ""
)]
#[case::is_there_when_the_credential_in_use_does_not_see_it_and_another_does(
    running().using_all(&["key-2", KEY]).looked_by("key-2", 11, None), "publish orders-typedb", ""
)]
#[case::is_noted_as_seen_by_a_second_credential(
    running().using_all(&[KEY, "key-2"]).looked_by("key-2", 1, Some(cluster(ID))), "seen by key-2", ""
)]
#[case::is_looked_for_where_none_of_its_credentials_has_seen_it(
    running().using_all(&["key-2", "key-3"]), "look orders", ""
)]
#[case::is_not_gone_where_others_see_it(
    seen_by("key-2").listed([cluster(ID)]).looked_by("key-2", 599, None), "", "CredentialsInsufficient"
)]
#[case::is_looked_for_again_after_a_while(
    seen_by("key-2").listed([cluster(ID)]).looked_by("key-2", 600, None), "look orders", ""
)]
#[case::is_not_gone_by_a_look_of_another_credential_than_the_present(
    unlisted().looked_by("key-2", 1, None), "", "CredentialsInsufficient"
)]
#[case::is_not_gone_when_the_look_shows_it(unlisted().looked(Some(cluster(ID))), "publish orders-typedb", "")]
#[case::is_not_gone_when_a_newer_list_shows_it(
    running().looked_by(KEY, 60, None), "publish orders-typedb", ""
)]
#[case::is_not_gone_while_its_cloud_is_unavailable(unlisted().standing(unavailable()), "", "CloudUnavailable")]
#[case::is_let_go_of_on_demand(gone().forgetting(ID), "forget orders", "")]
#[case::is_not_let_go_of_before_it_is_proved_gone(unlisted().forgetting(ID), "look orders", "")]
#[case::is_not_let_go_of_by_another_credential(
    seen_by("key-2").forgetting(ID), "", "CredentialsInsufficient"
)]
#[case::is_not_let_go_of_twice(
    gone().forgetting(ID).recorded(record_but(|record| record.forgotten = Some(ID.to_owned()))).noted_gone(), "", "Vanished"
)]
fn a_recorded_cluster_that_is_not_listed(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
}

#[test]
fn a_vanished_cluster_is_told_with_its_exits() {
    let message = gone().message();
    assert!(message.contains("clusterwright.dev/forget: orders"), "{message}");
    assert!(message.contains("delete this manifest"), "{message}");
}

/// Another database stands under the recorded id.
fn successor() -> Scene {
    unlisted().listed([cluster_aged(ID, 60)])
}

#[rstest]
#[case::is_looked_at_first(successor(), "look orders", "")]
#[case::is_noted_first(successor().looked(Some(cluster_aged(ID, 60))), "note that it is gone", "")]
#[case::is_not_written_to(successor().looked(Some(cluster_aged(ID, 60))).noted_gone(), "", "Replaced")]
#[case::is_taken_on_demand(successor().looked(Some(cluster_aged(ID, 60))).forgetting(ID), "forget orders", "")]
#[case::is_the_recorded_one_after_all(successor().looked(Some(cluster(ID))), "publish orders-typedb", "")]
fn another_database_of_the_recorded_id(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
}

#[test]
fn a_replaced_cluster_is_told_with_its_exit() {
    let message = successor().looked(Some(cluster_aged(ID, 60))).noted_gone().message();
    assert!(message.contains("clusterwright.dev/forget: orders"), "{message}");
    assert!(message.contains("spec.externalId: orders"), "{message}");
}

#[rstest]
#[case::by_this_very_database(rival(ID, Stake::Claims(cluster(ID).created_at)), "ClaimedByAnother")]
#[case::by_its_predecessor(rival(ID, Stake::Claims(CreatedAt::from_epoch_millis(1))), "Running")]
#[case::by_a_newcomer(rival(ID, Stake::EarlierNewcomer), "Running")]
fn the_manifest_whose_record_holds_a_cluster_keeps_it(#[case] rival: clusterwright::plan::Rival, #[case] says: &str) {
    assert_eq!(settled().rivalled(rival).says(), says);
}

#[rstest]
#[case::running(ClusterStatus::Running, "Running")]
#[case::starting(ClusterStatus::Starting, "Creating")]
#[case::suspending(ClusterStatus::Suspending, "Suspending")]
#[case::suspended(ClusterStatus::Suspended, "NotRunning")]
#[case::resuming(ClusterStatus::Resuming, "Resuming")]
#[case::being_destroyed_by_somebody(ClusterStatus::Destroying, "Deleting")]
#[case::in_a_status_unknown_to_us(ClusterStatus::Other("mending".to_owned()), "Updating")]
fn a_cluster_that_is(#[case] status: ClusterStatus, #[case] says: &str) {
    let transition = status.in_transition();
    let scene = settled().listed([cluster_but(|cluster| cluster.status = status.clone())]);
    assert_eq!((scene.does(), scene.says()), (String::new(), says.to_owned()));
    assert!(!transition || scene.plan().look_again.is_some(), "a transition is watched");
    let observed = scene.only_observed();
    let word = if status == ClusterStatus::Running { "Observed" } else { says };
    assert_eq!((observed.does(), observed.says()), (String::new(), word.to_owned()));
}

#[rstest]
#[case::no_word_about_storage(|cluster: &mut Cluster| cluster.storage_size_gb = None, "")]
#[case::more_storage_than_asked_for(|cluster: &mut Cluster| cluster.storage_size_gb = Some(500), "")]
#[case::a_newer_version(|cluster: &mut Cluster| cluster.version = Some("3.6.0".to_owned()), "version")]
#[case::a_version_with_a_higher_number(|cluster: &mut Cluster| cluster.version = Some("3.10.0".to_owned()), "version")]
#[case::a_region(|cluster: &mut Cluster| cluster.region = Some("us-east1".to_owned()), "region")]
#[case::a_tier(|cluster: &mut Cluster| cluster.is_free = Some(true), "tier")]
#[case::servers(|cluster: &mut Cluster| cluster.server_count = Some(3), "serverCount")]
#[case::several(|cluster: &mut Cluster| { cluster.is_free = None; cluster.server_count = None; }, "tier serverCount")]
fn a_difference_is_shown_and_not_carried_out(#[case] change: fn(&mut Cluster), #[case] fields: &str) {
    let scene = settled()
        .spec(|spec| {
            spec.storage_size_gb = Some(10);
            spec.version = Some("3.5.1".to_owned());
            spec.server_count = Some(1);
        })
        .listed([cluster_but(change)]);
    let says = if fields.is_empty() { "Running".to_owned() } else { format!("ChangeUnsupported: {fields}") };
    assert_eq!((scene.does(), scene.says()), (String::new(), says));
    assert!(scene.plan().pending.iter().all(|step| step.blocked_by.is_some() && step.from != step.to));
    let observed = scene.only_observed();
    let says = if fields.is_empty() { "Observed".to_owned() } else { format!("Observed: {fields}") };
    assert_eq!((observed.does(), observed.says()), (String::new(), says));
}

#[rstest]
#[case::the_latest_version(|cluster: &mut Cluster| cluster.version = Some("9.9.9".to_owned()))]
#[case::a_machine_that_is_not_written(|cluster: &mut Cluster| cluster.machine_type = Some("other".to_owned()))]
#[case::a_size_that_is_not_written(|cluster: &mut Cluster| cluster.storage_size_gb = Some(1))]
#[case::a_storage_type_that_is_not_written(|cluster: &mut Cluster| cluster.storage_type = Some("other".to_owned()))]
fn what_is_omitted_is_not_compared(#[case] change: fn(&mut Cluster)) {
    let scene = settled().spec(|spec| {
        spec.version = Some("latest".to_owned());
        spec.machine_type = None;
    });
    assert_eq!(scene.listed([cluster_but(change)]).says(), "Running");
}

#[rstest]
#[case::removed_changes_nothing(settled(), "", "Running")]
#[case::equal_changes_nothing(settled().adopting(ID), "", "Running")]
#[case::of_another_cluster_is_not_followed(settled().adopting("sales"), "", "RecordedClusterDiffers")]
#[case::of_another_cluster_is_followed_on_demand(settled().adopting("sales").forgetting(ID), "forget orders", "")]
fn an_external_id(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
}

#[test]
fn every_credential_that_sees_the_cluster_is_remembered() {
    let scene = running().using("key-2");
    assert_eq!(scene.does(), "look orders", "what others see proves nothing");
    let scene = scene.sees([cluster(ID)]);
    assert_eq!(scene.does(), "seen by key-2");
    let known = record_but(|record| {
        record.bound.as_mut().unwrap().seen_by.insert("key-2".to_owned());
    });
    assert_eq!(scene.recorded(known).publishing().says(), "Running");
}

#[test]
fn forgetting_a_cluster_that_is_well_does_nothing() {
    assert_eq!(
        (settled().forgetting(ID).does(), settled().forgetting(ID).says()),
        (String::new(), "Running".to_owned())
    );
}

#[test]
fn an_adopted_cluster_runs_without_a_password_and_says_so() {
    let scene = scene().recorded(record_but(|record| {
        record.bound = Some(bound(ID, Origin::Adopted));
        record.password.current = None;
    }));
    let scene = scene.listed([cluster(ID)]).publishing();
    assert_eq!((scene.does(), scene.says()), (String::new(), "Running".to_owned()));
    assert!(scene.message().contains("currentPasswordSecretRef"), "{}", scene.message());
}
