//! What is changed about a cluster that runs, in which order, and how the end of it is told.

use clusterwright::api::shared::Power;
use clusterwright::api::typedb::{Backup, BackupFrequency, Tier, TypeDBClusterSpec};
use clusterwright::cloud::typedb::change::Change;
use clusterwright::cloud::typedb::wire::{BackupConfiguration, Cluster, ClusterStatus};
use clusterwright::plan::RefusalKind;
use rstest::rstest;

use super::fixture::*;
use super::kinds::{CloudWrite, Step};
use super::scene::shown;

/// A cluster at rest, and a manifest that was edited.
fn edited(edit: impl FnOnce(&mut TypeDBClusterSpec)) -> Scene {
    settled().spec(edit)
}

fn backup(frequency: BackupFrequency, retention_days: Option<i64>) -> Backup {
    Backup { frequency, retention_days }
}

fn applied(frequency: &str, retention_days: Option<i64>) -> BackupConfiguration {
    BackupConfiguration { frequency: frequency.to_owned(), retention_days }
}

/// A cluster at rest in this status, and a manifest that says whether it shall serve.
fn powered(status: ClusterStatus, power: Option<Power>) -> Scene {
    let scene = settled().listed([cluster_but(|cluster| cluster.status = status)]);
    scene.common(|common| common.power = power.map(Into::into))
}

#[rstest]
#[case::running_as_asked(powered(ClusterStatus::Running, Some(Power::Running)), "", "Running")]
#[case::to_be_suspended(powered(ClusterStatus::Running, Some(Power::Suspended)), "change power", "Suspending: power")]
#[case::suspended_as_asked(powered(ClusterStatus::Suspended, Some(Power::Suspended)), "", "Suspended")]
#[case::to_be_resumed(powered(ClusterStatus::Suspended, Some(Power::Running)), "change power", "Resuming: power")]
#[case::suspended_by_somebody(powered(ClusterStatus::Suspended, None), "", "NotRunning")]
#[case::being_suspended_as_asked(powered(ClusterStatus::Suspending, Some(Power::Suspended)), "", "Suspending: power")]
#[case::being_suspended_by_somebody(powered(ClusterStatus::Suspending, Some(Power::Running)), "", "Suspending")]
#[case::being_resumed_by_somebody(powered(ClusterStatus::Resuming, Some(Power::Suspended)), "", "Resuming")]
#[case::being_resumed_as_asked(powered(ClusterStatus::Resuming, Some(Power::Running)), "", "Resuming: power")]
#[case::still_starting(powered(ClusterStatus::Starting, Some(Power::Suspended)), "", "Creating")]
fn a_cluster_whose_power_is_written(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
}

#[test]
fn a_cluster_that_is_wanted_suspended_gets_its_password_first() {
    let scene = powered(ClusterStatus::Running, Some(Power::Suspended)).record(|record| {
        record.password.current = None;
    });
    assert_eq!(scene.does(), "announce a new one");
}

#[rstest]
#[case::storage_that_grows(edited(|spec| spec.storage_size_gb = Some(20)), "change storageSizeGB", "storageSizeGB 10 → 20")]
#[case::a_machine(
    edited(|spec| spec.machine_type = Some("c2d-highcpu-4".to_owned())),
    "change machineType", "machineType c2d-highcpu-2 → c2d-highcpu-4"
)]
#[case::a_version(edited(|spec| spec.version = Some("3.6.0".to_owned())), "change version", "version 3.5.1 → 3.6.0")]
#[case::a_version_without_numbers(edited(|spec| spec.version = Some("odd".to_owned())), "change version", "version 3.5.1 → odd")]
#[case::backups_that_were_never_set(
    edited(|spec| spec.backup = Some(backup(BackupFrequency::Daily, Some(30)))), "change backup", "backup - → daily, kept for 30 days"
)]
fn an_edit_is_carried_out(#[case] scene: Scene, #[case] does: &str, #[case] pending: &str) {
    assert_eq!((scene.does().as_str(), scene.pending().join(", ").as_str()), (does, pending));
    assert!(scene.says().starts_with("Updating"), "{}", scene.says());
    let asleep = scene.listed([cluster_but(|there| there.status = ClusterStatus::Suspended)]);
    assert_eq!(asleep.does(), "", "nobody wakes a cluster for it");
    assert!(asleep.pending()[0].ends_with("(it waits for the cluster to be resumed)"), "{:?}", asleep.pending());
}

#[rstest]
#[case::as_they_were_set(Some(applied("daily", Some(7))), Some(backup(BackupFrequency::Daily, Some(7))), "")]
#[case::kept_as_long_as_the_cloud_likes(
    Some(applied("daily", Some(7))),
    Some(backup(BackupFrequency::Daily, None)),
    ""
)]
#[case::kept_longer(Some(applied("daily", Some(7))), Some(backup(BackupFrequency::Daily, Some(30))), "change backup")]
#[case::kept_for_a_time_that_was_never_said(
    Some(applied("daily", None)),
    Some(backup(BackupFrequency::Daily, Some(7))),
    "change backup"
)]
#[case::more_often(Some(applied("daily", None)), Some(backup(BackupFrequency::Hourly, None)), "change backup")]
#[case::switched_off(Some(applied("daily", None)), Some(backup(BackupFrequency::Disabled, None)), "change backup")]
#[case::no_longer_written(Some(applied("daily", None)), None, "")]
#[case::that_nobody_recorded(None, Some(backup(BackupFrequency::Disabled, None)), "change backup")]
fn backups(#[case] recorded: Option<BackupConfiguration>, #[case] written: Option<Backup>, #[case] does: &str) {
    let scene = edited(|spec| spec.backup = written).record(|record| record.bound.as_mut().unwrap().applied = recorded);
    assert_eq!(scene.does(), does);
}

#[rstest]
#[case::no_backups(Some(backup(BackupFrequency::Disabled, None)), "", "Running")]
#[case::backups(Some(backup(BackupFrequency::Daily, None)), "", "ChangeUnsupported: backup")]
fn of_a_free_cluster(#[case] written: Option<Backup>, #[case] does: &str, #[case] says: &str) {
    let scene = edited(|spec| (spec.tier, spec.backup) = (None, written));
    let scene = scene.listed([cluster_but(|there| there.is_free = Some(true))]);
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
}

#[test]
fn a_free_cluster_does_not_begin_to_cost() {
    let scene = edited(|spec| {
        spec.tier = Some(Tier::Free);
        spec.machine_type = Some("c2d-highcpu-16".to_owned());
    });
    let scene = scene.listed([cluster_but(|there| there.is_free = Some(true))]);
    assert_eq!((scene.does(), scene.says()), (String::new(), "ChangeUnsupported: machineType".to_owned()));
    assert!(scene.message().contains("a free cluster cannot have that"), "{}", scene.message());
}

#[test]
fn a_version_that_is_not_taken_back_says_so() {
    let scene = edited(|spec| spec.version = Some("3.4.4".to_owned()));
    assert!(scene.message().contains("a version is never taken back"), "{}", scene.message());
}

/// Everything at once.
fn everything() -> Scene {
    edited(|spec| {
        spec.storage_size_gb = Some(50);
        spec.machine_type = Some("c2d-highcpu-8".to_owned());
        spec.version = Some("3.6.0".to_owned());
        spec.backup = Some(backup(BackupFrequency::Hourly, None));
        spec.common.power = Some(Power::Suspended.into());
    })
}

#[test]
fn steps_come_in_the_order_that_is_promised() {
    let (mut scene, mut there, mut done) = (everything(), cluster(ID), Vec::new());
    while let Some(Step::Cloud(CloudWrite::Change(change))) = scene.plan().next {
        done.push(scene.does());
        assert!(done.len() < 10, "it never ends: {done:?}");
        apply(&change, &mut there);
        scene = scene.listed([there.clone()]).record(|record| {
            if let Change::Backup(backup) = &change {
                record.bound.as_mut().unwrap().applied = Some(backup.clone());
            }
        });
    }
    let all = ["change storageSizeGB", "change machineType", "change version", "change backup", "change power"];
    assert_eq!(done, all);
    let fields = ["storageSizeGB", "machineType", "version", "backup", "power"];
    assert_eq!(everything().plan().pending.iter().filter_map(|step| step.field.as_deref()).collect::<Vec<_>>(), fields);
}

#[test]
fn a_refused_change_is_skipped_and_said_in_the_end() {
    let write = CloudWrite::Change(Change::Storage { gb: 50 });
    let scene = everything().refused(&write, RefusalKind::Refused, 60);
    assert_eq!(scene.does(), "change machineType");
    assert_eq!(shown(&scene.plan().pending[0]), "storageSizeGB 10 → 50 (the cloud refused it)");
    let only = edited(|spec| spec.storage_size_gb = Some(50));
    let refused = only.clone().refused(&write, RefusalKind::Refused, 60);
    assert_eq!((refused.does(), refused.says()), (String::new(), "ChangeRefused: storageSizeGB".to_owned()));
    assert!(refused.message().contains("not with us"), "{}", refused.message());
    assert_eq!(only.clone().refused(&write, RefusalKind::Refused, 3600).does(), "change storageSizeGB");
    let another = edited(|spec| spec.storage_size_gb = Some(40)).refused(&write, RefusalKind::Refused, 60);
    assert_eq!(another.does(), "change storageSizeGB", "another value is worth another try");
}

/// A change that was asked for so many seconds ago, and the cluster as a look has just found it.
fn asked(change: Change, seconds: i64, accepted: bool, there: impl FnOnce(&mut Cluster)) -> Scene {
    let there = cluster_but(there);
    let scene = settled().record(|record| record.intent = Some(changing(change, seconds, accepted)));
    scene.listed([there.clone()]).looked(Some(there))
}

fn grown(gb: i64) -> impl Fn(&mut Cluster) {
    move |there| there.storage_size_gb = Some(gb)
}

fn updating(there: &mut Cluster) {
    there.status = ClusterStatus::Other("updating".to_owned());
}

#[rstest]
#[case::it_shows(asked(Change::Storage { gb: 20 }, 5, false, grown(20)), "settle change", "")]
#[case::more_than_it_shows(asked(Change::Storage { gb: 20 }, 5, false, grown(30)), "settle change", "")]
#[case::nothing_yet(asked(Change::Storage { gb: 20 }, 5, false, |_| {}), "", "OutcomeUnknown")]
#[case::it_was_accepted(asked(Change::Storage { gb: 20 }, 5, true, |_| {}), "", "Updating")]
#[case::it_is_done(asked(Change::Storage { gb: 20 }, 300, false, updating), "", "Updating")]
#[case::nothing_came_of_it(asked(Change::Storage { gb: 20 }, 97, false, |_| {}), "settle change, without effect", "")]
#[case::what_is_accepted_has_longer(asked(Change::Storage { gb: 20 }, 97, true, |_| {}), "", "Updating")]
#[case::what_is_accepted_and_ignored_is_said(
    asked(Change::Storage { gb: 20 }, 602, true, |_| {}),
    "settle change, failed: the cloud accepted it, and the cluster does not show it", ""
)]
#[case::backups_of_a_lost_answer(
    asked(Change::Backup(applied("daily", None)), 97, false, |_| {}), "settle change, without effect", ""
)]
#[case::being_suspended(
    asked(Change::Suspended(true), 20, true, |there| there.status = ClusterStatus::Suspending), "", "Suspending"
)]
#[case::suspended(
    asked(Change::Suspended(true), 20, true, |there| there.status = ClusterStatus::Suspended), "settle change", ""
)]
fn a_change_is_followed_until(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
}

#[test]
fn an_open_change_is_looked_at_before_anything_else() {
    let scene = settled().record(|record| record.intent = Some(changing(Change::Storage { gb: 20 }, 20, false)));
    assert_eq!(scene.clone().listed([cluster(ID)]).does(), "look orders");
    let edited = scene.spec(|spec| spec.storage_size_gb = Some(30)).looked(Some(cluster(ID)));
    assert_eq!(edited.does(), "", "no other value is sent meanwhile");
}

#[test]
fn backups_of_a_lost_answer_are_set_again_whatever_is_asked_for_by_then() {
    let mut record = record_but(|record| record.bound.as_mut().unwrap().applied = Some(applied("daily", None)));
    record.intent = Some(changing(Change::Backup(applied("hourly", None)), 97, false));
    record.settle_change(clusterwright::plan::Ending::Nothing);
    let back = edited(|spec| spec.backup = Some(backup(BackupFrequency::Daily, None))).recorded(record);
    assert_eq!(back.does(), "change backup", "what the lost request asked for may be in force");
}
