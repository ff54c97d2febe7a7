//! When a database serves: always, never, by the hour, and for once otherwise.

use std::time::Duration;

use clusterwright::api::annotation;
use clusterwright::api::shared::{Power, PowerPolicy, PowerRule, PowerSchedule};
use clusterwright::cloud::typedb::wire::ClusterStatus;
use rstest::rstest;

use super::fixture::*;

/// Serves from 7 to 20 o'clock in London, and it is 8 there.
fn by_day() -> PowerSchedule {
    let rule = |at: &str, power| PowerRule { at: at.to_owned(), power };
    PowerSchedule {
        time_zone: "Europe/London".to_owned(),
        rules: vec![rule("0 7 * * *", Power::Running), rule("0 20 * * *", Power::Suspended)],
    }
}

fn scheduled(scene: Scene) -> Scene {
    scene.common(|common| {
        common.power = Some(PowerPolicy::Scheduled);
        common.power_schedule = Some(by_day());
    })
}

fn by_day_running() -> Scene {
    scheduled(settled())
}

fn by_day_suspended() -> Scene {
    scheduled(settled()).listed([cluster_but(|cluster| cluster.status = ClusterStatus::Suspended)])
}

/// So many hours after eight o'clock.
fn hours_later(scene: Scene, hours: i64) -> Scene {
    scene.with(|facts| facts.now = ago(-3600 * hours))
}

fn overruled(scene: Scene, text: &str) -> Scene {
    scene.annotated(annotation::POWER_OVERRIDE, text)
}

#[rstest]
#[case::by_day(by_day_running(), "", "Running")]
#[case::in_the_evening(hours_later(by_day_running(), 12), "change power", "Suspending: power")]
#[case::at_night(hours_later(by_day_suspended(), 13), "", "Suspended")]
#[case::in_the_morning(by_day_suspended(), "change power", "Resuming: power")]
#[case::overruled_to_run(
    overruled(hours_later(by_day_suspended(), 13), "Running until 2027-01-16T00:00:00Z"),
    "change power",
    "Resuming: power"
)]
#[case::overruled_to_sleep(
    overruled(by_day_running(), "Suspended until 2027-01-15T12:00:00+01:00"),
    "change power",
    "Suspending: power"
)]
#[case::overruled_in_vain(overruled(by_day_running(), "Running until 2027-01-15T12:00:00Z"), "", "Running")]
#[case::overruled_until_before(overruled(by_day_running(), "Suspended until 2027-01-15T07:59:59Z"), "", "Running")]
fn a_schedule_asks_for(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
}

/// Nothing else wakes the manifest then.
#[rstest]
#[case::running(by_day_running(), 12, "suspends it at 2027-01-15T20:00:00+00:00")]
#[case::suspended(hours_later(by_day_suspended(), 13), 10, "resumes it at 2027-01-16T07:00:00+00:00")]
#[case::overruled(
    overruled(hours_later(by_day_running(), 13), "Running until 2027-01-16T00:00:00Z"),
    3,
    "suspends it at 2027-01-16T00:00:00+00:00"
)]
fn the_next_change_is_told_and_waited_for(#[case] scene: Scene, #[case] hours: u64, #[case] outlook: &str) {
    assert!(scene.message().contains(outlook), "{}", scene.message());
    assert_eq!(scene.plan().look_again, Some(Duration::from_secs(hours * 3600)));
}

#[test]
fn what_stays_as_it_is_after_an_override_is_not_told_as_news() {
    let scene = overruled(by_day_running(), "Running until 2027-01-15T12:00:00Z");
    assert!(!scene.message().contains("schedule"), "{}", scene.message());
}

fn in_zone(scene: Scene, zone: &str) -> Scene {
    scene.common(|common| zone.clone_into(&mut common.power_schedule.get_or_insert_with(by_day).time_zone))
}

/// A cluster that runs for a typo costs money, and one that sleeps for it serves nobody: it is left as it is.
#[rstest]
#[case::of_a_cluster_that_runs(in_zone(by_day_running(), "Europe/Londn"), "InvalidSpec")]
#[case::of_one_that_is_suspended(in_zone(by_day_suspended(), "Europe/Londn"), "InvalidSpec")]
#[case::in_the_override(overruled(by_day_running(), "Running till noon"), "InvalidSpec")]
#[case::in_the_overrides_moment(overruled(by_day_running(), "Running until noon"), "InvalidSpec")]
#[case::of_one_that_is_yet_to_be_created(in_zone(scheduled(scene()), "Europe/Londn"), "InvalidSpec")]
#[case::that_is_not_read(
    in_zone(by_day_running(), "Europe/Londn").common(|common| common.power = Some(PowerPolicy::Running)), "Running"
)]
fn a_typo_changes_nothing(#[case] scene: Scene, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), ("", says));
}

#[test]
fn without_its_schedule_nothing_is_done() {
    let scene = settled().common(|common| common.power = Some(PowerPolicy::Scheduled));
    assert_eq!((scene.does().as_str(), scene.says().as_str()), ("", "InvalidSpec"));
}
