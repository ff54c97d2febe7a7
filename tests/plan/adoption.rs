//! Which cluster a manifest is about: one that it adopts, one of its own that lost its record, or one that an earlier
//! manifest of its name had.

use clusterwright::api::identity::CreatedAt;
use clusterwright::api::shared::Binding;
use clusterwright::api::typedb::Tier;
use clusterwright::plan::{Origin, RecordChange, Stake, Step};
use rstest::rstest;

use super::fixture::*;

/// A manifest that names an existing cluster.
fn adopting() -> Scene {
    scene().adopting(ID)
}

#[test]
fn what_is_adopted_was_seen_by_the_credential_that_looked() {
    let scene = adopting().sees([cluster(ID)]).using_all(&["key-2", KEY]);
    let Some(Step::Record(RecordChange::Adopt(bound))) = scene.plan().next else { panic!("it is not adopted") };
    assert_eq!(bound.seen_by.into_iter().collect::<Vec<_>>(), [KEY]);
}

#[rstest]
#[case::that_its_credential_sees(adopting().sees([cluster(ID)]), "adopt orders Adopted", "Creating")]
#[case::that_is_listed(adopting().listed([cluster(ID)]), "look orders", "")]
#[case::that_another_credential_has_seen(adopting().sees([cluster(ID)]).using("key-2"), "look orders", "")]
#[case::that_one_of_its_credentials_has_seen(
    adopting().sees([cluster(ID)]).using_all(&["key-2", KEY]), "adopt orders Adopted", "Creating"
)]
#[case::that_only_others_see(adopting().listed([cluster(ID)]).looked_by(KEY, 599, None), "", "InvalidSpec")]
#[case::that_only_others_saw_a_while_ago(adopting().listed([cluster(ID)]).looked_by(KEY, 600, None), "look orders", "")]
#[case::that_was_created_since_it_was_looked_for(
    adopting().listed([cluster_aged(ID, 30)]).looked_by(KEY, 60, None), "look orders", ""
)]
#[case::that_a_look_shows(adopting().looked(Some(cluster(ID))), "adopt orders Adopted", "Creating")]
#[case::that_is_not_listed(adopting(), "look orders", "")]
#[case::that_is_not_there(adopting().looked(None), "", "InvalidSpec")]
#[case::that_another_manages(
    adopting().sees([cluster(ID)]).rivalled(rival(ID, Stake::Claims(cluster(ID).created_at))), "", "ClaimedByAnother"
)]
#[case::that_another_asked_for_earlier(
    adopting().sees([cluster(ID)]).rivalled(rival(ID, Stake::EarlierNewcomer)), "", "ClaimedByAnother"
)]
#[case::that_another_is_creating(adopting().sees([cluster(ID)]).rivalled(rival(ID, Stake::Creates)), "", "ClaimedByAnother")]
#[case::while_another_claims_a_different_one(
    adopting().sees([cluster(ID)]).rivalled(rival("sales", Stake::EarlierNewcomer)), "adopt orders Adopted", "Creating"
)]
#[case::under_another_id_than_the_manifests_name(
    scene().adopting("sales").sees([cluster("sales")]), "adopt sales Adopted", "Creating"
)]
#[case::with_a_manifest_that_says_nothing_else(
    adopting().sees([cluster(ID)]).spec(|spec| { spec.tier = None; spec.region = None; }), "adopt orders Adopted", "Creating"
)]
#[case::with_an_empty_record(adopting().sees([cluster(ID)]).recorded(empty_record()), "adopt orders Adopted", "Creating")]
#[case::under_delete_the_finalizer_comes_first(adopting().sees([cluster(ID)]).destroys(), "add finalizer", "")]
#[case::even_paused_for_that_writes_nothing_to_it(
    adopting().sees([cluster(ID)]).paused(), "adopt orders Adopted", "Creating"
)]
fn a_cluster_is_adopted(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
}

/// The record is lost, and the status says which cluster the manifest had.
fn reported() -> Scene {
    scene().reported(&cluster(ID))
}

#[rstest]
#[case::is_bound_again(reported().sees([cluster(ID)]), "adopt orders Recovered", "Creating")]
#[case::is_looked_for(reported(), "look orders", "")]
#[case::is_not_created_again(reported().looked(None), "", "Vanished")]
#[case::is_not_mistaken_for_its_successor(reported().sees([cluster_aged(ID, 60)]), "", "Replaced")]
#[case::is_not_mistaken_for_its_successor_by_a_manifest_that_adopts(
    reported().adopting(ID).sees([cluster_aged(ID, 60)]), "", "Replaced"
)]
#[case::is_bound_again_by_a_manifest_that_adopts(
    reported().published(|status| status.common.binding = Some(Binding { name: "orders-typedb".to_owned() }))
        .adopting(ID).sees([cluster(ID)]),
    "adopt orders Recovered", "Creating"
)]
#[case::was_only_observed(reported().adopting(ID).sees([cluster(ID)]), "adopt orders Adopted", "Creating")]
#[case::is_left_to_a_manifest_that_claims_it(
    reported().sees([cluster(ID)]).rivalled(rival(ID, Stake::Claims(cluster(ID).created_at))), "", "ClaimedByAnother"
)]
#[case::is_bound_again_under_the_id_that_it_had(
    scene().reported(&cluster("sales")).sees([cluster("sales")]), "adopt sales Recovered", "Creating"
)]
#[case::is_bound_again_whatever_it_was_called_when_it_was_adopted(
    reported().adopting("sales").sees([cluster_aged("sales", 60), cluster(ID)]), "look orders", ""
)]
#[case::is_bound_again_under_the_id_that_somebody_gave_it(
    reported().sees([cluster("sales")]), "adopt sales Recovered", "Creating"
)]
#[case::is_not_gone_where_others_see_it(
    reported().listed([cluster(ID)]).looked_by(KEY, 599, None), "", "CredentialsInsufficient"
)]
#[case::says_nothing_where_a_record_knows_better(reported().recorded(empty_record()), "deploy orders", "Creating")]
fn a_cluster_whose_record_is_lost(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
}

#[test]
fn a_manifest_that_had_what_its_credentials_do_not_see_is_not_told_to_be_wrong() {
    let had = reported().listed([cluster(ID)]).looked_by(KEY, 599, None).message();
    assert!(had.contains("use credentials that can see it") && !had.contains("spec.externalId"), "{had}");
    let named = adopting().listed([cluster(ID)]).looked_by(KEY, 599, None).message();
    assert!(named.contains("Correct spec.externalId"), "{named}");
}

/// The manifest was deleted under `Retain` and is applied again.
fn again() -> Scene {
    scene().recorded(record(ID)).listed([cluster(ID)]).reapplied()
}

#[rstest]
#[case::of_the_same_content(again(), "rebind", "")]
#[case::that_says_nothing_of_what_is_fixed(
    again().spec(|spec| { spec.tier = None; spec.provider = None; spec.region = None; }), "rebind", ""
)]
#[case::with_another_machine(again().spec(|spec| spec.machine_type = Some("c2d-highcpu-4".to_owned())), "rebind", "")]
#[case::in_a_new_namespace(again().with(|facts| facts.namespace_uid = "new".to_owned()), "rebind", "")]
#[case::with_another_region(again().spec(|spec| spec.region = Some("us-east1".to_owned())), "", "RecordedClusterDiffers")]
#[case::with_another_tier(again().spec(|spec| spec.tier = Some(Tier::Free)), "", "RecordedClusterDiffers")]
#[case::with_more_servers(again().spec(|spec| spec.server_count = Some(3)), "", "RecordedClusterDiffers")]
#[case::with_another_id(again().spec(|spec| spec.cluster_id = Some(id("sales"))), "", "RecordedClusterDiffers")]
#[case::that_adopts_another(again().adopting("sales"), "", "RecordedClusterDiffers")]
#[case::that_takes_it_back_by_name(
    again().adopting(ID).spec(|spec| spec.region = Some("us-east1".to_owned())), "rebind", ""
)]
#[case::that_forgets_it(
    again().forgetting(ID).spec(|spec| spec.region = Some("us-east1".to_owned())), "forget orders", ""
)]
#[case::that_forgets_something_else(
    again().forgetting("sales").spec(|spec| spec.region = Some("us-east1".to_owned())), "", "RecordedClusterDiffers"
)]
#[case::that_still_says_forget_after_it_was_honoured(
    again().forgetting(ID).recorded(record_but(|record| record.forgotten = Some(ID.to_owned()))), "rebind", ""
)]
#[case::while_another_has_adopted_the_cluster(
    again().rivalled(rival(ID, Stake::Claims(cluster(ID).created_at))), "", "ClaimedByAnother"
)]
#[case::of_a_record_without_a_cluster(again().recorded(empty_record()), "rebind", "")]
#[case::elsewhere(again().moved(), "", "RecordedClusterDiffers")]
#[case::elsewhere_that_forgets_it(again().moved().forgetting(ID), "forget orders", "")]
#[case::under_delete(again().destroys(), "add finalizer", "")]
fn a_manifest_applied_again(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
}

#[test]
fn a_recorded_cluster_that_differs_is_told_with_both_ways_on() {
    let message = again().spec(|spec| spec.region = Some("us-east1".to_owned())).message();
    assert!(message.contains("spec.externalId: orders"), "{message}");
    assert!(message.contains("clusterwright.dev/forget: orders"), "{message}");
    assert!(message.contains("region"), "{message}");
}

#[test]
fn a_recorded_cluster_elsewhere_is_told_with_ways_that_are_open() {
    let message = again().moved().message();
    assert!(message.contains("https://cloud.typedb.com/acme/default"), "{message}");
    assert!(message.contains("clusterwright.dev/forget: orders"), "{message}");
    assert!(!message.contains("externalId"), "an account of another location cannot take it back: {message}");
}

#[rstest]
#[case::is_held(running().moved(), "", "LocationChanged")]
#[case::is_let_go_of_on_demand(running().moved().forgetting(ID), "forget orders", "")]
#[case::is_not_let_go_of_again(
    running().moved().forgetting(ID).recorded(record_but(|record| record.forgotten = Some(ID.to_owned()))), "", "LocationChanged"
)]
#[case::without_a_cluster_starts_there(scene().moved().recorded(empty_record()), "deploy orders", "Creating")]
#[case::with_an_open_create_is_held(scene().moved().recorded(creating(20)).forgetting(ID), "", "LocationChanged")]
#[case::with_a_create_that_can_take_effect_no_more_is_let_go_of(
    scene().moved().recorded(creating(97)).forgetting(ID), "forget orders", ""
)]
fn a_manifest_whose_account_names_another_location(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
}

#[rstest]
#[case::while_the_annotation_stands(true, "deploy orders")]
#[case::so_that_it_can_be_set_again(false, "clear forgotten")]
fn a_request_to_forget_is_remembered(#[case] annotated: bool, #[case] does: &str) {
    let mut record = empty_record();
    record.forgotten = Some(ID.to_owned());
    let scene = scene().recorded(record);
    let scene = if annotated { scene.forgetting(ID) } else { scene };
    assert_eq!(scene.does(), does);
}

#[test]
fn what_is_bound_is_what_was_seen_and_by_whom() {
    let found = cluster(ID);
    let Some(Step::Record(RecordChange::Adopt(bound))) = adopting().using("key-2").sees([found.clone()]).plan().next
    else {
        panic!("{:?}", adopting().plan());
    };
    assert_eq!(bound.identity.created_at, found.created_at);
    assert_eq!((bound.origin, bound.fixed), (Origin::Adopted, fixed()));
    assert_eq!(bound.seen_by.into_iter().collect::<Vec<_>>(), ["key-2"]);
}

#[test]
fn two_databases_of_one_id_are_told_apart_by_their_time_to_the_millisecond() {
    let mut successor = cluster(ID);
    successor.created_at = CreatedAt::from_epoch_millis(successor.created_at.epoch_millis() + 1);
    assert_eq!(reported().sees([successor]).says(), "Replaced");
}
