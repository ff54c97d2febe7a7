//! A cluster gets another id, by our own hand or by somebody else's: its creation time tells that it is the same.

use clusterwright::cloud::typedb::change::Change;
use clusterwright::cloud::typedb::wire::{Cluster, ClusterStatus};
use clusterwright::plan::{Ending, Stake};
use rstest::rstest;

use super::fixture::*;

const NEW: &str = "sales";

/// A cluster at rest, and a manifest that now writes another id.
fn edited() -> Scene {
    settled().spec(|spec| spec.cluster_id = Some(id(NEW)))
}

#[rstest]
#[case::is_given_to_the_cluster(edited(), "change clusterId", "Renaming: clusterId")]
#[case::of_the_cluster_changes_nothing(settled().spec(|spec| spec.cluster_id = Some(id(ID))), "", "Running")]
#[case::is_not_taken_from_another(edited().listed([cluster(ID), cluster_aged(NEW, 60)]), "", "NameTaken: clusterId")]
#[case::is_not_taken_from_one_that_is_being_created(
    edited().rivalled(rival(NEW, Stake::Creates)), "", "NameTaken: clusterId"
)]
#[case::does_not_wake_a_cluster(
    edited().listed([cluster_but(|there| there.status = ClusterStatus::Suspended)]), "", "NotRunning: clusterId"
)]
#[case::waits_until_the_cloud_is_at_rest(
    edited().listed([cluster_but(|there| there.status = ClusterStatus::Resuming)]), "", "Resuming: clusterId"
)]
#[case::is_only_shown_where_the_cluster_is_only_observed(
    edited().only_observed(), "", "Observed: clusterId"
)]
fn an_id_that_is_written(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
}

#[test]
fn only_an_id_that_is_written_renames() {
    let bound = scene().recorded(record(NEW)).listed([cluster(NEW)]).publishing();
    assert_eq!((bound.does(), bound.says()), (String::new(), "Running".to_owned()));
}

#[test]
fn a_name_that_is_taken_is_told_with_a_way_out() {
    let message = edited().listed([cluster(ID), cluster_aged(NEW, 60)]).message();
    assert!(message.contains("another cluster has that id"), "{message}");
    assert!(message.contains("Set spec.clusterId back"), "{message}");
}

/// The rename was asked for so many seconds ago.
fn asked(seconds: i64, accepted: bool) -> Scene {
    edited().record(|record| record.intent = Some(changing(Change::Rename(id(NEW)), seconds, accepted)))
}

/// The same, and a look at the new id a second ago.
fn looked(seconds: i64, accepted: bool, found: Option<Cluster>) -> Scene {
    let scene = asked(seconds, accepted).looked_for(NEW);
    found.map_or(scene.clone(), |found| scene.looked(Some(found)))
}

#[rstest]
#[case::is_looked_for_under_the_new_id(asked(20, true), "look sales", "Renaming")]
#[case::is_looked_for_even_where_the_old_one_is_gone(asked(20, true).listed([]), "look sales", "Renaming")]
#[case::is_done_when_it_is_seen_there(looked(20, false, Some(cluster(NEW))), "settle change", "")]
#[case::is_done_though_a_list_shows_the_old_one(
    looked(20, true, Some(cluster(NEW))).listed([cluster(ID)]), "settle change", ""
)]
#[case::is_not_seen_yet(looked(20, true, None), "", "Renaming: clusterId")]
#[case::is_not_mistaken_for_another(looked(20, true, Some(cluster_aged(NEW, 60))), "", "Renaming: clusterId")]
#[case::came_to_nothing(looked(97, false, None), "settle change, without effect", "")]
#[case::came_to_nothing_for_another_was_faster(
    looked(97, false, Some(cluster_aged(NEW, 60))),
    "settle change, without effect",
    ""
)]
#[case::has_longer_when_it_was_accepted(looked(97, true, None), "", "Renaming: clusterId")]
#[case::is_given_up_when_it_was_accepted_and_ignored(
    looked(602, true, None),
    "settle change, failed: the cloud accepted it, and the cluster does not show it",
    ""
)]
fn a_rename_that_was_asked_for(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!(scene.does(), does);
    assert!(does.starts_with("settle") || scene.says().starts_with(says), "{}", scene.says());
}

#[test]
fn a_rename_that_is_done_is_recorded() {
    let mut done = record_but(|record| record.intent = Some(changing(Change::Rename(id(NEW)), 20, true)));
    done.settle_change(Ending::Done);
    let bound = done.bound.as_ref().unwrap();
    assert_eq!((&bound.identity.id, bound.former_ids.iter().collect::<Vec<_>>()), (&id(NEW), vec![&id(ID)]));
    let scene = edited().recorded(done).listed([cluster(NEW)]).publishing();
    assert_eq!((scene.does(), scene.says()), (String::new(), "Running".to_owned()));
    assert_eq!(scene.adopting(ID).says(), "Running", "what the manifest adopted was called so before");
}

/// Somebody has renamed the cluster in the console.
fn moved() -> Scene {
    settled().listed([cluster(NEW)])
}

#[rstest]
#[case::is_looked_for_under_its_recorded_id(moved(), "look orders", "")]
#[case::is_followed_when_it_is_not_there_any_more(moved().looked(None), "follow to sales", "")]
#[case::is_followed_where_another_has_its_recorded_id(
    moved().listed([cluster(NEW), cluster_aged(ID, 60)]).looked(Some(cluster_aged(ID, 60))), "follow to sales", ""
)]
#[case::is_followed_though_it_was_taken_for_gone(moved().looked(None).noted_gone(), "follow to sales", "")]
#[case::is_not_one_of_two_that_were_created_at_the_same_moment(
    moved().listed([cluster(NEW), cluster("wares")]).looked(None), "note that it is gone", ""
)]
#[case::is_not_one_that_was_made_elsewhere(
    moved().listed([Cluster { region: Some("us-east1".to_owned()), ..cluster(NEW) }]).looked(None), "note that it is gone", ""
)]
#[case::is_left_to_whoever_has_it_under_the_new_id(
    moved().looked(None).rivalled(rival(NEW, Stake::Claims(cluster(NEW).created_at))), "", "ClaimedByAnother"
)]
#[case::is_followed_where_another_manifest_had_its_predecessor(
    moved().looked(None).rivalled(rival(NEW, Stake::Claims(cluster_aged(NEW, 60).created_at))), "follow to sales", ""
)]
fn a_cluster_that_somebody_else_renamed(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
}

#[test]
fn a_rename_by_somebody_else_is_put_right_only_where_the_id_is_written() {
    let followed = moved().record(|record| record.rename(id(NEW))).publishing();
    assert_eq!((followed.does(), followed.says()), (String::new(), "Running".to_owned()));
    let written = followed.spec(|spec| spec.cluster_id = Some(id(ID)));
    assert_eq!((written.does(), written.says()), ("change clusterId".to_owned(), "Renaming: clusterId".to_owned()));
}
