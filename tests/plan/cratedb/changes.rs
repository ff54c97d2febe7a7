//! Promises 7 and 8: what an edit leads to, in which order, one at a time, and what a refusal does not keep from being done.

use clusterwright::api::cratedb::{
    AllowedCidr as WantedCidr, BackupSpec, Channel, CrateDBClusterSpec, DiskType, StorageSpec,
};
use clusterwright::api::shared::Power;
use clusterwright::cloud::cratedb::change::Change;
use clusterwright::cloud::cratedb::wire::{AllowedCidr, Cluster, HealthStatus, OperationKind};
use clusterwright::cloud::operation::OperationState;
use clusterwright::plan::{RefusalKind, TroubleKind};
use rstest::rstest;

use super::fixture::*;
use super::kinds::{CloudWrite, Step};

fn edited(change: impl FnOnce(&mut CrateDBClusterSpec)) -> Scene {
    settled().spec(change)
}

/// The cluster that is there, as the manifest of the scenes does not say.
fn there(change: impl FnOnce(&mut Cluster)) -> Scene {
    settled().listed([cluster_but(change)])
}

fn sent(scene: &Scene) -> Change {
    let Some(Step::Cloud(CloudWrite::Change(change))) = scene.plan().next else { panic!("{:?}", scene.plan()) };
    change
}

fn protection(protected: bool) -> Scene {
    edited(|spec| spec.common.deletion_protection = Some(protected))
}

/// The manifest asks for this product.
fn becoming(product: &str) -> Scene {
    edited(|spec| spec.product.as_mut().unwrap().name = product.to_owned())
}

/// The manifest asks for this version, and the cloud has just offered two.
fn upgrading(version: &str) -> Scene {
    edited(|spec| spec.version = Some(version.to_owned())).answered(upgrades(), offers(&["5.9.0", "5.9.1"]), 5)
}

fn backed_up(hours: &[i64]) -> Scene {
    edited(|spec| spec.backup = Some(BackupSpec { hours: hours.to_vec() }))
}

fn fenced(scene: Scene, cidrs: &[&str]) -> Scene {
    let there = cidrs.iter().map(|cidr| network(cidr)).collect();
    scene.listed([cluster_but(|cluster| cluster.ip_whitelist = Some(there))])
}

#[rstest]
#[case::more_nodes(
    edited(|spec| spec.nodes = Some(3)), Change::Nodes { product_unit: 2 }, "nodes 1 → 3", "Updating: nodes"
)]
#[case::fewer_nodes(
    there(|there| (there.product_unit, there.num_nodes) = (Some(2), Some(3))).spec(|spec| spec.nodes = Some(1)),
    Change::Nodes { product_unit: 0 }, "nodes 3 → 1", "Updating: nodes"
)]
#[case::nodes_counted_by_units(
    there(|there| (there.product_unit, there.num_nodes) = (Some(2), None)).spec(|spec| spec.nodes = Some(1)),
    Change::Nodes { product_unit: 0 }, "nodes 3 → 1", "Updating: nodes"
)]
#[case::more_storage(
    edited(|spec| spec.storage = Some(disks(64))), Change::Storage { bytes_per_node: 64 * GIB },
    "storage.sizePerNodeGiB 32 → 64", "Updating: storage.sizePerNodeGiB"
)]
#[case::protection(
    protection(true),
    Change::DeletionProtection(true),
    "deletionProtection false → true",
    "Updating: deletionProtection"
)]
#[case::no_protection(
    protection(false).listed([cluster_but(|there| there.deletion_protected = Some(true))]),
    Change::DeletionProtection(false), "deletionProtection true → false", "Updating: deletionProtection"
)]
#[case::an_allow_list(
    edited(|spec| spec.allowed_cidrs = Some(networks(&["10.0.0.0/8", "2001:db8::/32"]))),
    Change::AllowList(vec![network("10.0.0.0/8"), network("2001:db8::/32")]),
    "allowedCidrs all networks → 10.0.0.0/8, 2001:db8::/32", "Updating: allowedCidrs"
)]
#[case::an_allow_list_with_what_its_networks_are(
    edited(|spec| {
        let office = WantedCidr { cidr: "10.0.0.0/8".to_owned(), description: Some("office".to_owned()) };
        spec.allowed_cidrs = Some(vec![office]);
    }),
    Change::AllowList(vec![AllowedCidr { cidr: "10.0.0.0/8".to_owned(), description: "office".to_owned() }]),
    "allowedCidrs all networks → 10.0.0.0/8", "Updating: allowedCidrs"
)]
#[case::another_allow_list(
    fenced(settled(), &["10.0.0.0/8"]).spec(|spec| spec.allowed_cidrs = Some(networks(&["10.1.2.3/16"]))),
    Change::AllowList(vec![network("10.1.0.0/16")]),
    "allowedCidrs 10.0.0.0/8 → 10.1.0.0/16", "Updating: allowedCidrs"
)]
#[case::a_network_in_two_notations(
    edited(|spec| spec.allowed_cidrs = Some(networks(&["2001:db8::/32", "2001:0DB8:0000::/32"]))),
    Change::AllowList(vec![network("2001:db8::/32")]),
    "allowedCidrs all networks → 2001:db8::/32", "Updating: allowedCidrs"
)]
#[case::an_empty_allow_list(
    fenced(settled(), &["10.0.0.0/8"]).spec(|spec| spec.allowed_cidrs = Some(networks(&[]))),
    Change::AllowList(Vec::new()), "allowedCidrs 10.0.0.0/8 → all networks", "Updating: allowedCidrs"
)]
#[case::another_product(becoming("cr2"), Change::Product { name: "cr2".to_owned() }, "product.name cr1 → cr2", "Updating: product.name")]
#[case::another_version(upgrading("5.9.0"), Change::Version { version: "5.9.0".to_owned() }, "version 5.8.3 → 5.9.0", "Updating: version")]
#[case::backups(
    backed_up(&[16, 4]), Change::Backups { hours: vec![4, 16] }, "backup.hours 2 → 4, 16", "Updating: backup.hours"
)]
#[case::backups_that_are_no_hours(
    backed_up(&[2]).listed([cluster_but(|there| there.backup_schedule = Some("55 2 * * 1".to_owned()))]),
    Change::Backups { hours: vec![2] }, "backup.hours 55 2 * * 1 → 2", "Updating: backup.hours"
)]
#[case::suspended(
    settled().wants(Power::Suspended), Change::Suspended(true), "power Running → Suspended", "Suspending: power"
)]
#[case::running(
    settled().wants(Power::Running).listed([suspended()]),
    Change::Suspended(false), "power Suspended → Running", "Resuming: power"
)]
fn an_edit_asks_for(#[case] scene: Scene, #[case] change: Change, #[case] shown: &str, #[case] says: &str) {
    assert_eq!((sent(&scene), scene.pending(), scene.says().as_str()), (change, vec![shown.to_owned()], says));
    let held = scene.clone().paused();
    assert_eq!((held.does().as_str(), held.says().split(':').next()), ("", Some("Paused")));
    let observed = scene.only_observed();
    assert_eq!(observed.does(), "");
    assert_eq!(observed.pending(), [format!("{shown} (management is Observed)")]);
}

#[rstest]
#[case::less_storage_than_there_is(edited(|spec| spec.storage = Some(disks(16))))]
#[case::as_much_storage_as_there_is(edited(|spec| spec.storage = Some(disks(32))))]
#[case::as_many_nodes_as_there_are(edited(|spec| spec.nodes = Some(1)))]
#[case::no_protection_where_the_cloud_tells_none(
    protection(false).listed([cluster_but(|there| there.deletion_protected = None)])
)]
#[case::the_same_networks_in_another_order(
    fenced(settled(), &["10.0.0.0/8", "192.168.0.0/16"])
        .spec(|spec| spec.allowed_cidrs = Some(networks(&["192.168.0.0/16", "10.0.0.0/8"])))
)]
#[case::the_same_networks_twice(
    fenced(settled(), &["10.0.0.0/8"]).spec(|spec| spec.allowed_cidrs = Some(networks(&["10.0.0.0/8", "10.0.0.0/8"])))
)]
#[case::the_same_networks_in_another_notation(
    fenced(settled(), &["10.0.0.0/8", "2001:db8::/32"])
        .spec(|spec| spec.allowed_cidrs = Some(networks(&["10.1.2.3/8", "2001:0DB8:0000::/32"])))
)]
#[case::the_same_networks_with_other_descriptions(
    fenced(settled(), &["10.0.0.0/8"]).spec(|spec| {
        let office = WantedCidr { cidr: "10.0.0.0/8".to_owned(), description: Some("office".to_owned()) };
        spec.allowed_cidrs = Some(vec![office]);
    })
)]
#[case::all_networks_where_all_are_let_in(edited(|spec| spec.allowed_cidrs = Some(networks(&[]))))]
#[case::to_run_what_runs(settled().wants(Power::Running))]
#[case::the_version_that_runs(edited(|spec| spec.version = Some("5.8.3".to_owned())))]
#[case::the_product_that_there_is(becoming("cr1"))]
#[case::a_version_where_the_cloud_tells_none(upgrading("5.9.0").listed([cluster_but(|there| there.crate_version = None)]))]
#[case::a_product_where_the_cloud_tells_none(becoming("cr2").listed([cluster_but(|there| there.product_name = None)]))]
#[case::the_hours_that_there_are(backed_up(&[2]))]
#[case::the_hours_that_there_are_in_another_notation(
    backed_up(&[12, 0]).listed([cluster_but(|there| there.backup_schedule = Some("55 */12 * * *".to_owned()))])
)]
#[case::backups_where_the_cloud_tells_of_none(
    backed_up(&[4]).listed([cluster_but(|there| there.backup_schedule = None)])
)]
#[case::no_tier(there(|there| there.product_tier = Some("xs".to_owned())))]
#[case::nothing_that_is_there(there(|there| {
    there.num_nodes = Some(5);
    there.ip_whitelist = Some(vec![network("10.0.0.0/8")]);
    there.deletion_protected = Some(true);
    there.hardware_specs = None;
    there.crate_version = Some("9.9.9".to_owned());
}).publishing())]
fn nothing_is_done_for_a_manifest_that_asks_for(#[case] scene: Scene) {
    assert_eq!((scene.does(), scene.says()), (String::new(), "Running".to_owned()), "{}", scene.message());
}

#[rstest]
#[case::another_name(|spec: &mut CrateDBClusterSpec| spec.cluster_name = Some("sales".to_owned()), "clusterName orders → sales", "fixed at creation")]
#[case::another_project(|spec: &mut CrateDBClusterSpec| spec.project.as_mut().unwrap().name = Some("sales".to_owned()), "project.name shop → sales", "fixed at creation")]
#[case::another_region(|spec: &mut CrateDBClusterSpec| spec.project.as_mut().unwrap().region = Some(THERE.to_owned()), "project.region eks1.eu-west-1.aws → aks1.eastus2.azure", "fixed at creation")]
#[case::another_subscription(|spec: &mut CrateDBClusterSpec| spec.subscription_id = Some("sub-2".to_owned()), "subscriptionId sub-1 → sub-2", "fixed at creation")]
#[case::another_channel(|spec: &mut CrateDBClusterSpec| spec.channel = Some(Channel::Testing), "channel stable → testing", "fixed at creation")]
#[case::another_tier(|spec: &mut CrateDBClusterSpec| spec.product.as_mut().unwrap().tier = Some("gold".to_owned()), "product.tier default → gold", "fixed at creation")]
#[case::other_disks(|spec: &mut CrateDBClusterSpec| spec.storage = Some(StorageSpec { size_per_node_gib: None, disk_type: Some(DiskType::Premium) }), "storage.diskType standard → premium", "fixed at creation")]
#[case::another_user(|spec: &mut CrateDBClusterSpec| spec.username = Some("shop".to_owned()), "username admin → shop", "fixed at creation")]
fn what_cannot_be_changed_is_shown_and_keeps_nothing_else_from_being_done(
    #[case] change: fn(&mut CrateDBClusterSpec),
    #[case] shown: &str,
    #[case] why: &str,
) {
    let scene = settled().spec(change);
    let field = shown.split(' ').next().unwrap();
    assert_eq!((scene.does(), scene.says()), (String::new(), format!("ChangeUnsupported: {field}")));
    let pending = scene.pending().remove(0);
    assert!(pending.starts_with(shown) && pending.contains(why), "{pending}");
    assert!(scene.message().contains("Set the manifest back"), "{}", scene.message());
    assert_eq!(scene.spec(|spec| spec.nodes = Some(3)).does(), "change nodes");
}

#[rstest]
#[case::where_the_cloud_says_no(Some(false), "", "ChangeUnsupported: power")]
#[case::where_the_cloud_says_yes(Some(true), "change power", "Suspending: power")]
#[case::where_the_cloud_says_nothing(None, "change power", "Suspending: power")]
fn a_product_is_suspended(#[case] allowed: Option<bool>, #[case] does: &str, #[case] says: &str) {
    let scene = there(|there| there.allow_suspend = allowed).wants(Power::Suspended);
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
}

#[test]
fn a_product_that_cannot_be_suspended_says_so() {
    let scene = there(|there| there.allow_suspend = Some(false)).wants(Power::Suspended);
    assert!(scene.message().contains("does not suspend clusters of this product"), "{}", scene.message());
}

/// Everything at once.
fn everything() -> Scene {
    edited(|spec| {
        spec.common.deletion_protection = Some(true);
        spec.allowed_cidrs = Some(networks(&["10.0.0.0/8"]));
        spec.storage = Some(disks(64));
        spec.product.as_mut().unwrap().name = "cr2".to_owned();
        spec.nodes = Some(3);
        spec.version = Some("5.9.0".to_owned());
        spec.backup = Some(BackupSpec { hours: vec![4] });
        spec.common.power = Some(Power::Suspended.into());
    })
    .answered(upgrades(), offers(&["5.9.0"]), 5)
    .record(|record| record.announce_password(clusterwright::api::secret::Password::new(SECOND)))
}

/// Carries out what is asked for, one after the other, until nothing is.
fn carried_out(mut scene: Scene, mut cluster: Cluster) -> Vec<String> {
    let mut done = Vec::new();
    while let Some(Step::Cloud(CloudWrite::Change(change))) = scene.plan().next {
        done.push(scene.does());
        assert!(done.len() < 10, "it never ends: {done:?}");
        scene = scene.record(|record| record.password_sent |= change == Change::Password);
        if change == Change::Password {
            let pending = scene.facts.record.as_ref().and_then(|record| record.password.pending.clone()).unwrap();
            assert!(scene.does().starts_with("prove"), "a password is proved before anything else: {}", scene.does());
            scene = scene.record(|record| record.promote_password(pending));
        }
        apply(&change, &mut cluster);
        scene = scene.listed([cluster.clone()]).publishing();
    }
    done
}

#[test]
fn steps_come_in_the_order_that_is_promised() {
    let all = [
        "change deletionProtection",
        "change allowedCidrs",
        "change passwordSecretRef",
        "change storage.sizePerNodeGiB",
        "change product.name",
        "change nodes",
        "change version",
        "change backup.hours",
        "change power",
    ];
    assert_eq!(carried_out(everything(), cluster(NAME)), all);
    let shown: Vec<String> =
        everything().pending().iter().map(|step| step.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(
        shown,
        [
            "deletionProtection",
            "allowedCidrs",
            "SetPassword",
            "storage.sizePerNodeGiB",
            "product.name",
            "nodes",
            "version",
            "backup.hours",
            "power"
        ]
    );
}

#[test]
fn a_cluster_that_is_to_run_is_resumed_before_anything_else_is_done() {
    let scene = everything().wants(Power::Running).listed([suspended()]);
    assert_eq!(scene.does(), "change deletionProtection", "which needs no running cluster");
    let all = [
        "change deletionProtection",
        "change power",
        "change allowedCidrs",
        "change passwordSecretRef",
        "change storage.sizePerNodeGiB",
        "change product.name",
        "change nodes",
        "change version",
        "change backup.hours",
    ];
    assert_eq!(carried_out(scene, suspended()), all);
}

#[test]
fn a_cluster_that_is_to_be_suspended_is_not_woken() {
    let scene = everything().listed([suspended()]);
    assert_eq!(carried_out(scene.clone(), suspended()), ["change deletionProtection"]);
    let at_rest = scene.spec(|spec| spec.common.deletion_protection = None);
    assert_eq!(
        at_rest.says(),
        "Suspended: allowedCidrs storage.sizePerNodeGiB product.name nodes version backup.hours"
    );
    let waits = "it waits for the cluster to be resumed";
    assert!(at_rest.pending().iter().all(|step| step.contains(waits)), "{:?}", at_rest.pending());
    assert!(at_rest.plan().is_at_rest());
}

#[rstest]
#[case::as_asked_for(settled().wants(Power::Suspended), "", "Suspended")]
#[case::as_asked_for_with_an_edit_that_no_resume_mends(
    settled().wants(Power::Suspended).spec(|spec| spec.channel = Some(Channel::Testing)), "", "ChangeUnsupported: channel"
)]
#[case::by_somebody_else(settled(), "", "NotRunning")]
#[case::by_somebody_else_with_edits(settled().spec(|spec| spec.nodes = Some(3)), "", "NotRunning: nodes")]
#[case::though_it_is_to_run(settled().wants(Power::Running), "change power", "Resuming: power")]
#[case::though_it_is_to_run_and_that_was_refused(
    settled().wants(Power::Running).listed([suspended()])
        .refused(&CloudWrite::Change(Change::Suspended(false)), RefusalKind::Refused, 60),
    "", "ChangeRefused: power"
)]
#[case::with_an_edit_that_was_refused_before(
    settled().wants(Power::Suspended).listed([suspended()]).spec(|spec| spec.nodes = Some(3))
        .refused(&CloudWrite::Change(Change::Nodes { product_unit: 2 }), RefusalKind::Refused, 60),
    "", "Suspended: nodes"
)]
fn a_cluster_is_suspended(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    let scene = scene.listed([suspended()]);
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says), "{}", scene.message());
}

/// Its monitoring lags behind, and counts where the cluster itself says nothing.
#[rstest]
#[case::it_is_to_be_suspended(None, Power::Suspended, "")]
#[case::it_is_to_run(None, Power::Running, "change power")]
#[case::it_is_to_be_suspended_and_says_that_it_runs(Some(false), Power::Suspended, "change power")]
#[case::it_is_to_run_and_says_that_it_does(Some(false), Power::Running, "probe")]
fn a_cluster_that_only_its_health_calls_suspended_when(
    #[case] suspended: Option<bool>,
    #[case] power: Power,
    #[case] does: &str,
) {
    let scene = there(|there| {
        there.health.status = HealthStatus::Suspended;
        there.suspended = suspended;
    })
    .wants(power);
    assert_eq!(scene.does(), does);
}

/// The cloud refused, or failed to carry out, these changes a minute ago.
fn refused(scene: Scene, changes: &[Change], kind: RefusalKind) -> Scene {
    changes.iter().fold(scene, |scene, change| scene.refused(&CloudWrite::Change(change.clone()), kind, 60))
}

fn bigger() -> Scene {
    edited(|spec| {
        spec.storage = Some(disks(64));
        spec.nodes = Some(3);
    })
}

const GROW: Change = Change::Storage { bytes_per_node: 64 * GIB };
const SCALE: Change = Change::Nodes { product_unit: 2 };

#[rstest]
#[case::the_first(&[GROW], RefusalKind::Refused, "change nodes", "Updating: storage.sizePerNodeGiB nodes")]
#[case::the_second(&[SCALE], RefusalKind::Refused, "change storage.sizePerNodeGiB", "Updating: storage.sizePerNodeGiB nodes")]
#[case::both(&[GROW, SCALE], RefusalKind::Refused, "", "ChangeRefused: storage.sizePerNodeGiB nodes")]
#[case::both_for_want_of_access(&[GROW, SCALE], RefusalKind::Forbidden, "", "CredentialsInsufficient: storage.sizePerNodeGiB nodes")]
#[case::the_first_failed(&[GROW], RefusalKind::Failed, "change nodes", "Updating: storage.sizePerNodeGiB nodes")]
#[case::both_failed(&[GROW, SCALE], RefusalKind::Failed, "", "OperationFailed: storage.sizePerNodeGiB nodes")]
fn a_refused_change_is_skipped(
    #[case] changes: &[Change],
    #[case] kind: RefusalKind,
    #[case] does: &str,
    #[case] says: &str,
) {
    let scene = refused(bigger(), changes, kind);
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
    let blocked = scene.pending().iter().filter(|step| step.contains("the cloud refused it")).count();
    assert_eq!(blocked, changes.len());
    if does.is_empty() {
        assert!(scene.message().contains("\"not with us\""), "{}", scene.message());
        assert!(scene.plan().look_again.unwrap().as_secs() <= 3540);
    }
}

fn refused_growth() -> Scene {
    refused(edited(|spec| spec.storage = Some(disks(64))), &[GROW], RefusalKind::Refused)
}

#[rstest]
#[case::not_with_the_same_wish(refused_growth(), "")]
#[case::after_another_wish(refused_growth().spec(|spec| spec.storage = Some(disks(128))), "change storage.sizePerNodeGiB")]
#[case::with_another_credential(
    refused_growth().reaching(location(), "key-2").record(|record| {
        record.bound.as_mut().unwrap().seen_by.insert("key-2".to_owned());
    }),
    "change storage.sizePerNodeGiB"
)]
#[case::on_demand(
    refused_growth().annotated(clusterwright::api::annotation::RECONCILE_AT, "now"), "change storage.sizePerNodeGiB"
)]
#[case::after_an_hour(
    edited(|spec| spec.storage = Some(disks(64))).refused(&CloudWrite::Change(GROW), RefusalKind::Refused, 3600),
    "change storage.sizePerNodeGiB"
)]
#[case::not_before_the_backoff_is_over(
    refused_growth().spec(|spec| spec.storage = Some(disks(128)))
        .attempts(|attempts| attempts.not_before = Some(ago(-30))), ""
)]
#[case::not_once_it_is_there(refused_growth().listed([cluster_but(|there| {
    there.hardware_specs.as_mut().unwrap().disk_size_per_node_bytes = Some(64 * GIB);
})]), "")]
fn a_refused_change_is_asked_for_again(#[case] scene: Scene, #[case] does: &str) {
    assert_eq!(scene.does(), does);
}

/// Somebody scales the cluster, here or in the console.
fn scaling(scene: Scene) -> Scene {
    scene.listed([busy(OperationKind::Scale)])
}

fn seen_scaling(scene: Scene) -> Scene {
    let words = "Scaling up from 1 to 2 nodes. Waiting for new node(s) to be present.";
    let told = operation("op-1", "SCALE", OperationState::Running, words);
    scaling(scene).looked(Some(busy(OperationKind::Scale)), [told])
}

#[rstest]
#[case::with_nothing_to_do_it_is_ready(scaling(settled()), "", "Running")]
#[case::with_nothing_that_can_be_done_it_says_that(
    scaling(edited(|spec| spec.channel = Some(Channel::Testing))), "", "ChangeUnsupported: channel"
)]
#[case::an_edit_waits(
    scaling(edited(|spec| spec.storage = Some(disks(64)))), "look id-orders", "WaitingForOperation: storage.sizePerNodeGiB"
)]
#[case::an_edit_waits_and_the_cloud_is_followed(
    seen_scaling(edited(|spec| spec.storage = Some(disks(64)))), "", "WaitingForOperation: storage.sizePerNodeGiB"
)]
#[case::a_look_shows_that_it_is_over(
    scaling(edited(|spec| spec.storage = Some(disks(64)))).looked(Some(cluster(NAME)), []),
    "change storage.sizePerNodeGiB", "Updating: storage.sizePerNodeGiB"
)]
#[case::protection_waits_too(scaling(protection(true)), "look id-orders", "WaitingForOperation: deletionProtection")]
#[case::the_cloud_said_that_it_is_busy(
    edited(|spec| spec.storage = Some(disks(64))).troubled(TroubleKind::Busy, 5)
        .attempts(|attempts| attempts.not_before = Some(ago(-3))),
    "", "WaitingForOperation: storage.sizePerNodeGiB"
)]
fn while_an_operation_runs(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
}

#[test]
fn what_an_edit_waits_for_is_told_in_the_clouds_own_words_and_looked_at_again() {
    let scene = seen_scaling(edited(|spec| spec.storage = Some(disks(64))));
    assert!(scene.message().contains("Scaling up from 1 to 2 nodes."), "{}", scene.message());
    assert_eq!(scene.plan().look_again.unwrap().as_secs(), 14);
    assert_eq!(scene.pending(), ["storage.sizePerNodeGiB 32 → 64"]);
}

#[rstest]
#[case::it_is_red(HealthStatus::Red, "")]
#[case::it_cannot_be_reached_by_the_cloud(HealthStatus::Unreachable, "probe")]
fn a_cluster_that_does_not_serve_is_changed_all_the_same_when(#[case] health: HealthStatus, #[case] does: &str) {
    let scene = there(|there| there.health.status = health);
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, "DatabaseUnavailable"));
    assert_eq!(scene.spec(|spec| spec.nodes = Some(3)).does(), "change nodes");
}

#[test]
fn a_networks_notation_is_put_right_and_what_is_no_network_is_left_to_the_cloud() {
    let scene = edited(|spec| spec.allowed_cidrs = Some(networks(&["10.1.2.3/8", "nowhere"])));
    assert_eq!(sent(&scene), Change::AllowList(vec![network("10.0.0.0/8"), network("nowhere")]));
}
