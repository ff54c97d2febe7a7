//! A backup of another cluster: found before anything is created, restored once, and given up where the manifest says so.

use clusterwright::api::cratedb::RestoreSpec;
use clusterwright::api::shared::Power;
use clusterwright::cloud::cratedb::change::Change;
use clusterwright::cloud::cratedb::question::Answer;
use clusterwright::cloud::cratedb::wire::OperationKind;
use clusterwright::cloud::operation::OperationState;
use clusterwright::plan::{Ending, RefusalKind, Source};
use rstest::rstest;

use super::fixture::*;
use super::kinds::{CloudWrite, Step};

const ASK: &str = r#"ask Snapshots { cluster: ClusterId("id-stock"), by: "key-1" }"#;

fn two_backups() -> Answer {
    Answer::Snapshots(Some(vec![snapshot("20261122135500"), snapshot(SNAPSHOT)]))
}

/// A new manifest that asks for a backup; nothing is known of it.
fn asking(change: impl FnOnce(&mut RestoreSpec)) -> Scene {
    let mut wanted = restored_from();
    change(&mut wanted);
    ready_to_create().spec(|spec| spec.restore_from = Some(wanted))
}

/// The same where the cloud has just told of two backups.
fn told(change: impl FnOnce(&mut RestoreSpec)) -> Scene {
    asking(change).answered(snapshots(), two_backups(), 5)
}

fn named(source: Option<Source>) -> Scene {
    told(|wanted| (wanted.external_id, wanted.name) = (None, Some("stock".to_owned())))
        .with(|facts| facts.source = source)
}

fn stock_in(project_id: Option<&str>, region: &str) -> Scene {
    let mut stock = cluster("stock");
    stock.project_id = project_id.map(str::to_owned);
    stock.fqdn = Some(format!("stock.{region}.cratedb.net."));
    told(|_| {}).listed([stock]).offering(|there| there.projects.push(project("p-far", "far", THERE)))
}

#[rstest]
#[case::by_its_id(told(|_| {}))]
#[case::by_its_manifest(named(Some(Source::Cluster(id("stock")))))]
#[case::in_the_same_region(stock_in(Some("p-shop"), HERE))]
#[case::in_the_same_region_by_its_name(stock_in(None, HERE))]
#[case::in_a_region_that_nobody_knows(stock_in(None, ""))]
fn a_backup_is_found_and_goes_with_the_create(#[case] scene: Scene) {
    let Some(Step::Cloud(CloudWrite::Deploy { request, .. })) = scene.plan().next else {
        panic!("{:?} {}", scene.plan().next, scene.message());
    };
    assert_eq!((request.provision, request.restore), (super::fixture::request(NAME).provision, Some(restoration())));
}

#[test]
fn tables_are_restored_as_they_are_asked_for() {
    let scene = told(|wanted| wanted.tables = Some(vec!["doc.prices".to_owned()]));
    let Some(Step::Cloud(CloudWrite::Deploy { request, .. })) = scene.plan().next else { panic!("{:?}", scene.plan()) };
    assert_eq!(request.restore.unwrap().tables, ["doc.prices"]);
}

#[rstest]
#[case::a_backup_that_is_not_there(
    told(|wanted| wanted.snapshot = "20200101000000".to_owned()),
    "has no backup 20200101000000. Correct spec.restoreFrom.snapshot; the newest are: 20261122135500, 20261122125500."
)]
#[case::a_cluster_that_is_not_seen(asking(|_| {}).answered(snapshots(), Answer::Snapshots(None), 5), "see no cluster id-stock")]
#[case::a_cluster_without_backups(
    asking(|_| {}).answered(snapshots(), Answer::Snapshots(Some(Vec::new())), 5), "the newest are: none"
)]
#[case::a_table_that_is_not_in_it(
    told(|wanted| wanted.tables = Some(vec!["doc.nothing".to_owned()])), "no table doc.nothing. Correct spec.restoreFrom.tables; it has: doc.ledger, doc.prices"
)]
#[case::another_region(
    stock_in(Some("p-far"), THERE),
    "cluster stock is in aks1.eastus2.azure, and this one is to be in eks1.eu-west-1.aws"
)]
#[case::another_region_by_its_name(stock_in(None, THERE), "within its own region only")]
#[case::a_manifest_that_is_not_there(
    named(Some(Source::Missing)),
    "There is no CrateDBCluster stock in this namespace"
)]
#[case::a_manifest_without_a_cluster(named(Some(Source::Unbound)), "CrateDBCluster stock has no cluster yet")]
fn nothing_is_created_for(#[case] scene: Scene, #[case] part: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), ("", "InvalidSpec"));
    assert!(scene.message().contains(part), "{}", scene.message());
}

#[rstest]
#[case::that_is_applied_a_moment_later(named(Some(Source::Missing)).edited(60), "Creating")]
#[case::that_never_comes(named(Some(Source::Missing)).edited(301), "InvalidSpec")]
fn a_manifest(#[case] scene: Scene, #[case] says: &str) {
    assert_eq!(scene.says(), says);
    assert_eq!(scene.plan().look_again.unwrap().as_secs(), 15, "it costs nobody anything");
}

#[rstest]
#[case::never_read(asking(|_| {}), ASK)]
#[case::read_long_ago(asking(|_| {}).answered(snapshots(), two_backups(), 601), ASK)]
#[case::read_lately(asking(|_| {}).answered(snapshots(), two_backups(), 599), "deploy orders")]
#[case::which_lacked_it_a_while_ago(
    asking(|wanted| wanted.snapshot = "20261122145500".to_owned()).answered(snapshots(), two_backups(), 121), ASK
)]
#[case::which_lacked_it_lately(
    asking(|wanted| wanted.snapshot = "20261122145500".to_owned()).answered(snapshots(), two_backups(), 119), ""
)]
#[case::read_before_an_edit(told(|_| {}).attempts(|attempts| attempts.begun = Some(ago(2))).offering(|_| {}), ASK)]
fn a_list_of_backups(#[case] scene: Scene, #[case] does: &str) {
    assert_eq!(scene.does(), does, "{}", scene.message());
}

/// The cluster was created for the backup, and runs.
fn created() -> Scene {
    running()
        .spec(|spec| spec.restore_from = Some(restored_from()))
        .record(|record| record.bound.as_mut().unwrap().applied.to_restore = Some(restoration()))
}

#[test]
fn a_new_cluster_gets_its_data_before_it_is_ready_or_published() {
    let scene = created();
    assert_eq!((scene.does().as_str(), scene.says().as_str()), ("change restoreFrom", "Restoring: restoreFrom"));
    assert_eq!(scene.pending(), ["restoreFrom - → 20261122125500"]);
    let done = scene.record(|record| {
        record.intent = Some(changing(Change::Restore(restoration()), 20, None));
        record.settle_change(Ending::Done);
    });
    assert_eq!((done.does().as_str(), done.says().as_str()), ("publish orders-cratedb", ""));
    let done = done.publishing();
    assert_eq!((done.does().as_str(), done.says().as_str()), ("", "Running"));
    let told = done.status().restored_from.unwrap();
    assert_eq!((told.external_id, told.snapshot.as_str()), (id("stock"), SNAPSHOT));
}

#[rstest]
#[case::it_is_asked_for_no_more(created().spec(|spec| spec.restore_from = None), "publish orders-cratedb")]
#[case::it_was_not_created_for_it(running().spec(|spec| spec.restore_from = Some(restored_from())), "publish orders-cratedb")]
#[case::something_else_is_asked_for(created().spec(|spec| spec.restore_from.as_mut().unwrap().snapshot = "20261122135500".to_owned()), "")]
#[case::it_is_being_created(created().listed([busy(OperationKind::Create)]).looked(Some(busy(OperationKind::Create)), []), "")]
#[case::it_sleeps(created().wants(Power::Suspended).listed([suspended()]), "")]
#[case::it_was_refused(
    created().refused(&CloudWrite::Change(Change::Restore(restoration())), RefusalKind::Refused, 60), ""
)]
#[case::its_password_is_not_set_yet(
    created().record(|record| record.announce_password(clusterwright::api::secret::Password::new(SECOND))),
    "change passwordSecretRef"
)]
#[case::there_is_more_to_do(created().spec(|spec| spec.storage = Some(disks(64))), "change restoreFrom")]
fn what_comes_of_a_backup_where(#[case] scene: Scene, #[case] does: &str) {
    assert_eq!(scene.does(), does, "{}", scene.says());
}

#[test]
fn a_backup_that_the_cloud_refuses_holds_until_it_is_given_up() {
    let write = CloudWrite::Change(Change::Restore(restoration()));
    let scene = created().refused(&write, RefusalKind::Refused, 60);
    assert_eq!(scene.says(), "ChangeRefused: restoreFrom");
    let given_up = scene.spec(|spec| spec.restore_from = None).publishing();
    assert_eq!((given_up.does().as_str(), given_up.says().as_str()), ("", "Running"));
}

/// The restore was announced so many seconds ago, when the cluster had been created and nothing else.
fn sent(seconds: i64) -> Scene {
    created().record(|record| record.intent = Some(changing(Change::Restore(restoration()), seconds, Some("op-1"))))
}

fn telling(seconds: i64, state: Option<OperationState>) -> Scene {
    let created = operation("op-1", "CREATE", OperationState::Succeeded, "It was created.");
    let restore = state.map(|state| operation("op-2", "RESTORE_SNAPSHOT", state, "The tables are being restored."));
    sent(seconds).looked(Some(cluster(NAME)), restore.into_iter().chain([created]))
}

#[rstest]
#[case::runs(telling(20, Some(OperationState::Running)), "", "Restoring: restoreFrom")]
#[case::is_done(telling(20, Some(OperationState::Succeeded)), "settle change", "")]
#[case::failed(telling(20, Some(OperationState::Failed)), "settle change, failed: The tables are being restored.", "")]
#[case::is_not_told_of_yet(telling(20, None), "", "OutcomeUnknown: restoreFrom")]
#[case::came_to_nothing(telling(100, None), "settle change, without effect", "")]
#[case::may_have_been_made(
    sent(100).looked(Some(cluster(NAME)), []), "settle change, failed: nothing tells what came of it", ""
)]
#[case::was_not_looked_for(sent(20), "look id-orders", "Restoring: restoreFrom")]
fn a_restore_that(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says), "{}", scene.message());
}
