//! What happens to a field that somebody else changes in the cloud: it is told, put right, left alone, or left to them.

use std::time::Duration;

use clusterwright::api::annotation;
use clusterwright::api::cratedb::CrateDBField;
use clusterwright::api::shared::Power;
use clusterwright::cloud::cratedb::change::Change;
use clusterwright::cloud::cratedb::wire::{Cluster, OperationKind};
use clusterwright::plan::{ChangeIntent, Ending, Setting, applies};
use rstest::rstest;

use super::fixture::*;
use super::kinds::Intent;

const HALF_AN_HOUR: i64 = 30 * 60;
const A_DAY: u64 = 24 * 60 * 60;

/// A cluster of three nodes, as the manifest says and as the record notes.
fn three_nodes() -> Scene {
    settled().spec(|spec| spec.nodes = Some(3)).listed([nodes(3)]).noting()
}

fn nodes(count: i64) -> Cluster {
    cluster_but(|there| apply(&Change::Nodes { product_unit: count - 1 }, there))
}

/// The same, and somebody else has made it five.
fn drifted() -> Scene {
    three_nodes().listed([nodes(5)])
}

/// The same while that is still being done.
fn rescaling() -> Cluster {
    Cluster { health: busy(OperationKind::Scale).health, ..nodes(5) }
}

fn rescaled() -> Scene {
    three_nodes().listed([rescaling()])
}

fn ignoring(scene: Scene, fields: &[CrateDBField]) -> Scene {
    scene.spec(|spec| spec.ignore_drift = fields.to_vec())
}

/// The record notes that what drifted was told.
fn told(scene: Scene) -> Scene {
    scene.record(|record| setting(record).drifted = true)
}

fn setting(record: &mut super::kinds::Record) -> &mut Setting {
    record.bound.as_mut().unwrap().settings.get_mut("nodes").unwrap()
}

/// It was put right so many seconds ago, each time.
fn mended(scene: Scene, times: &[i64]) -> Scene {
    let amid = applies(&scene.facts, &Change::Nodes { product_unit: 2 }).unwrap().amid;
    scene.record(|record| {
        let setting = setting(record);
        (setting.amid, setting.mended) = (amid, times.iter().map(|seconds| ago(*seconds)).collect());
    })
}

/// Somebody else has changed it once more.
fn contested(times: &[i64]) -> Scene {
    told(mended(drifted(), times))
}

#[rstest]
#[case::is_noted_where_it_is_in_force(settled().spec(|spec| spec.nodes = Some(1)), Some(("nodes", "1")))]
#[case::is_noted_where_the_cloud_came_to_it(drifted().spec(|spec| spec.nodes = Some(5)), Some(("nodes", "5")))]
#[case::is_noted_as_it_is_written(
    settled().spec(|spec| spec.allowed_cidrs = Some(Vec::new())), Some(("allowedCidrs", "[]"))
)]
#[case::is_noted_as_what_it_asks_for_now(settled().wants(Power::Running), Some(("power", "\"Running\"")))]
#[case::is_not_noted_before_it_is_in_force(settled().spec(|spec| spec.nodes = Some(3)), None)]
#[case::is_not_noted_while_something_is_done_to_the_cluster(
    settled().spec(|spec| spec.nodes = Some(1)).listed([busy(OperationKind::Scale)]), None
)]
#[case::is_not_noted_where_it_cannot_drift(settled().spec(|spec| spec.storage = Some(disks(32))), None)]
fn what_a_manifest_says(#[case] scene: Scene, #[case] noted: Option<(&str, &str)>) {
    let noting = scene.clone().noting();
    let settings = &noting.facts.record.as_ref().unwrap().bound.as_ref().unwrap().settings;
    let known = &scene.facts.record.as_ref().unwrap().bound.as_ref().unwrap().settings;
    let new = settings.iter().find(|(field, setting)| known.get(*field) != Some(setting));
    assert_eq!(new.map(|(field, setting)| (field.as_str(), setting.value.as_str())), noted);
}

#[test]
fn what_a_manifest_no_longer_says_is_forgotten() {
    let scene = three_nodes().spec(|spec| spec.nodes = None).noting();
    assert!(!scene.facts.record.unwrap().bound.unwrap().settings.contains_key("nodes"));
}

#[rstest]
#[case::is_told_first(drifted(), "tell that nodes 5 → 3", "")]
#[case::is_put_right_once_it_is_told(told(drifted()), "change nodes", "Updating: nodes")]
#[case::is_told_though_nothing_may_be_written(drifted().paused(), "tell that nodes 5 → 3", "")]
#[case::is_told_once(told(drifted()).paused(), "", "Paused: nodes")]
#[case::is_not_told_of_what_the_manifest_newly_says(
    three_nodes().spec(|spec| spec.nodes = Some(5)), "change nodes", "Updating: nodes"
)]
#[case::is_not_told_where_the_manifest_came_to_say_something_else_as_well(
    drifted().spec(|spec| spec.nodes = Some(4)), "change nodes", "Updating: nodes"
)]
#[case::is_not_told_before_anything_was_in_force(
    drifted().record(|record| record.bound.as_mut().unwrap().settings.clear()), "change nodes", "Updating: nodes"
)]
#[case::is_not_told_while_something_is_done_to_the_cluster(
    rescaled().looked(Some(rescaling()), []), "", "WaitingForOperation: nodes"
)]
fn a_change_made_elsewhere(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says), "{}", scene.message());
}

#[rstest]
#[case::is_left_alone(drifted(), &[CrateDBField::Nodes], "", "Running", &[])]
#[case::is_put_right_where_another_field_is_left_alone(
    told(drifted()), &[CrateDBField::Version], "change nodes", "Updating: nodes", &["nodes 5 → 3"]
)]
#[case::is_left_alone_and_an_edit_is_applied(
    drifted().spec(|spec| spec.nodes = Some(4)), &[CrateDBField::Nodes], "change nodes", "Updating: nodes", &["nodes 5 → 4"]
)]
#[case::is_left_alone_while_another_edit_is_applied(
    drifted().spec(|spec| spec.storage = Some(disks(64))), &[CrateDBField::Nodes],
    "change storage.sizePerNodeGiB", "Updating: storage.sizePerNodeGiB", &["storage.sizePerNodeGiB 32 → 64"]
)]
fn what_is_not_to_be_put_right(
    #[case] scene: Scene,
    #[case] fields: &[CrateDBField],
    #[case] does: &str,
    #[case] says: &str,
    #[case] pending: &[&str],
) {
    let scene = ignoring(scene, fields);
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says), "{}", scene.message());
    assert_eq!(scene.pending(), pending);
}

const LEFT: &str = "nodes 5 → 3 (somebody else has changed it back three times within half an hour)";

#[rstest]
#[case::is_put_right_a_third_time(contested(&[900, 60]), false)]
#[case::is_left_after_that(contested(&[1200, 900, 60]), true)]
#[case::is_left_where_it_took_half_an_hour(contested(&[60 + HALF_AN_HOUR, 900, 60]), true)]
#[case::is_put_right_where_it_took_longer(contested(&[61 + HALF_AN_HOUR, 900, 60]), false)]
#[case::is_left_for_a_day(contested(&[1200, 900, 60]).later(Duration::from_secs(A_DAY - 61)), true)]
#[case::is_put_right_after_that(contested(&[1200, 900, 60]).later(Duration::from_secs(A_DAY - 60)), false)]
#[case::is_put_right_after_an_edit_of_anything(contested(&[1200, 900, 60]).generation(2), false)]
#[case::is_put_right_on_demand(contested(&[1200, 900, 60]).annotated(annotation::RECONCILE_AT, "now"), false)]
fn what_somebody_else_changes_again_and_again(#[case] scene: Scene, #[case] left: bool) {
    let (does, says, shown) =
        if left { ("", "Contested: nodes", LEFT) } else { ("change nodes", "Updating: nodes", "nodes 5 → 3") };
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
    assert_eq!(scene.pending(), [shown]);
    let other = scene.spec(|spec| spec.storage = Some(disks(64)));
    let first = if left { "change storage.sizePerNodeGiB" } else { "change nodes" };
    assert!(other.does() == first || other.pending().len() == 2, "{}", other.does());
}

#[test]
fn what_is_left_keeps_nothing_else_from_being_done() {
    let scene = contested(&[1200, 900, 60]).spec(|spec| spec.allowed_cidrs = Some(networks(&["10.0.0.0/8"])));
    assert_eq!((scene.does().as_str(), scene.says().as_str()), ("change allowedCidrs", "Updating: allowedCidrs nodes"));
}

#[test]
fn what_is_left_is_told_with_its_exits() {
    let message = contested(&[1200, 900, 60]).message();
    for way_out in ["nodes from 5 to 3", "for a day", "manifest is edited", "clusterwright.dev/reconcile-at"] {
        assert!(message.contains(way_out), "{message}");
    }
}

#[test]
fn a_suspension_that_somebody_else_insists_on_is_left_to_them() {
    let scene = settled().wants(Power::Running).noting().listed([suspended()]);
    let amid = applies(&scene.facts, &Change::Suspended(false)).unwrap().amid;
    let scene = scene.record(|record| {
        let setting = record.bound.as_mut().unwrap().settings.get_mut("power").unwrap();
        (setting.amid, setting.mended) = (amid, vec![ago(900), ago(600), ago(300)]);
    });
    assert_eq!((scene.does().as_str(), scene.says().as_str()), ("", "Contested: power"));
}

/// A change was announced so many seconds ago, and has come to its end.
fn ended(scene: Scene, seconds: i64, ending: Ending) -> Scene {
    let change = Change::Nodes { product_unit: 2 };
    let applies = applies(&scene.facts, &change);
    scene.record(|record| {
        let Intent::Change(intent) = changing(change, seconds, None) else { panic!("a change") };
        record.intent = Some(Intent::Change(Box::new(ChangeIntent { applies, ..*intent })));
        record.settle_change(ending);
    })
}

fn noted(scene: &Scene) -> Setting {
    scene.facts.record.clone().unwrap().bound.unwrap().settings["nodes"].clone()
}

#[test]
fn each_time_that_it_is_put_right_counts_and_only_the_last_three_are_kept() {
    let mut scene = told(drifted());
    for seconds in [400, 300, 200, 100] {
        scene = ended(scene, seconds, Ending::Done);
    }
    assert_eq!(noted(&scene).mended, [ago(300), ago(200), ago(100)]);
    assert!(!noted(&scene).drifted, "the next change made elsewhere is told again");
}

#[test]
fn an_edit_that_is_applied_does_not_count() {
    let scene = ended(mended(drifted(), &[900, 60]).spec(|spec| spec.nodes = Some(4)), 30, Ending::Done);
    assert_eq!((noted(&scene).value.as_str(), noted(&scene).mended), ("4", Vec::new()));
}

#[test]
fn an_edit_of_anything_has_it_counted_anew() {
    let scene = ended(mended(drifted(), &[900, 60]).generation(2), 30, Ending::Done);
    assert_eq!(noted(&scene).mended, [ago(30)]);
}

#[test]
fn what_came_to_nothing_does_not_count() {
    assert_eq!(noted(&ended(told(drifted()), 30, Ending::Nothing)).mended, []);
}

#[test]
fn whoever_takes_a_cluster_over_knows_what_was_in_force() {
    let former = three_nodes().facts.record.unwrap();
    let mut heir = empty_record();
    heir.adopt(heir.owner.clone(), bound(NAME, clusterwright::plan::Origin::Adopted));
    heir.inherit(&former);
    assert_eq!(heir.bound.unwrap().settings, former.bound.unwrap().settings);
}
