//! A change that was announced is followed to its end: by its operation, by the cluster itself, or by the clock.

use clusterwright::api::secret::Password;
use clusterwright::api::shared::Power;
use clusterwright::cloud::cratedb::change::Change;
use clusterwright::cloud::cratedb::wire::{Cluster, HealthStatus, OperationKind};
use clusterwright::cloud::operation::OperationState::{Failed, Running, Succeeded};
use clusterwright::cloud::operation::{Found, Operation, OperationState};
use clusterwright::plan::{Ending, RecordChange, Refusal, RefusalKind};
use rstest::rstest;

use super::fixture::*;
use super::kinds::{CloudWrite, Record, Step};

const SCALE: Change = Change::Nodes { product_unit: 2 };
const WORDS: &str = "Scaling up from 1 to 3 nodes. Waiting for new node(s) to be present.";

/// A manifest that asks for three nodes, and a change that was announced so many seconds ago, after operation `op-1`.
fn announced(change: Change, seconds: i64) -> Scene {
    settled()
        .spec(|spec| spec.nodes = Some(3))
        .record(|record| record.intent = Some(changing(change, seconds, Some("op-1"))))
}

fn scaling() -> Scene {
    announced(SCALE, 20)
}

fn scale(id: &str, state: OperationState) -> Operation {
    operation(id, "SCALE", state, WORDS)
}

/// What was done before.
fn former() -> Operation {
    operation("op-1", "SCALE", Succeeded, "Successfully scaled cluster to 1 nodes.")
}

/// A look a second ago, at a cluster that still shows the old values.
fn told(scene: Scene, operations: &[Operation]) -> Scene {
    scene.looked(Some(cluster(NAME)), operations.iter().cloned())
}

fn grown() -> Cluster {
    cluster_but(|cluster| (cluster.product_unit, cluster.num_nodes) = (Some(2), Some(3)))
}

#[rstest]
#[case::nobody_has_looked_since(scaling(), "look id-orders", "Updating: nodes")]
#[case::the_look_is_from_before(
    scaling().looked_at(by_id(NAME), KEY, 21, Found::just(Some(cluster(NAME)))), "look id-orders", "Updating: nodes"
)]
#[case::it_is_registered_or_runs(told(scaling(), &[scale("op-2", Running), former()]), "", "Updating: nodes")]
#[case::it_succeeded(scaling().looked(Some(grown()), [scale("op-2", Succeeded), former()]), "settle change", "")]
#[case::it_succeeded_and_does_not_show_yet(told(scaling(), &[scale("op-2", Succeeded), former()]), "", "Updating: nodes")]
#[case::it_succeeded_and_never_showed(
    told(announced(SCALE, 97), &[scale("op-2", Succeeded)]),
    "settle change, failed: the cloud says that it is done, and the cluster does not show it", ""
)]
#[case::one_of_long_ago_is_all_that_is_told(
    scaling().looked(Some(cluster(NAME)), [Operation { started: ago(3600), ..scale("op-0", Failed) }]),
    "", "OutcomeUnknown: nodes"
)]
#[case::it_failed(
    told(scaling(), &[operation("op-2", "SCALE", Failed, "no room"), former()]), "settle change, failed: no room", ""
)]
#[case::it_failed_without_a_word(
    told(scaling(), &[Operation { message: None, ..scale("op-2", Failed) }, former()]),
    "settle change, failed: SCALE failed", ""
)]
#[case::only_a_former_one_of_its_kind_is_told(told(scaling(), &[former()]), "", "OutcomeUnknown: nodes")]
#[case::nothing_is_told(told(scaling(), &[]), "", "OutcomeUnknown: nodes")]
#[case::one_of_another_kind_is_told(
    told(scaling(), &[operation("op-2", "ALLOWED_CIDR_UPDATE", Succeeded, "."), former()]), "", "OutcomeUnknown: nodes"
)]
#[case::somebody_asked_for_another_afterwards(
    scaling().looked(Some(grown()), [scale("op-3", Running), scale("op-2", Succeeded), former()]), "settle change", ""
)]
#[case::the_former_one_is_told_no_more(told(scaling(), &[scale("op-2", Running)]), "", "Updating: nodes")]
#[case::the_cluster_shows_it(scaling().looked(Some(grown()), []), "settle change", "")]
#[case::the_cluster_shows_it_before_the_operation_ends(
    scaling().looked(Some(grown()), [scale("op-2", Running), former()]), "", "Updating"
)]
#[case::paused(scaling().looked(Some(grown()), [scale("op-2", Succeeded), former()]).paused(), "settle change", "")]
#[case::paused_while_it_runs(told(scaling(), &[scale("op-2", Running)]).paused(), "", "Updating: nodes")]
#[case::the_manifest_is_edited_meanwhile(
    told(scaling(), &[scale("op-2", Running)]).spec(|spec| spec.storage = Some(disks(64))),
    "", "Updating: storage.sizePerNodeGiB nodes"
)]
#[case::the_manifest_no_longer_asks_for_it(
    told(scaling(), &[scale("op-2", Running)]).spec(|spec| spec.nodes = None), "", "Updating"
)]
#[case::the_cluster_is_gone(scaling().listed([]).looked(None, []), "note that it is gone", "")]
#[case::the_cloud_does_not_answer(scaling().standing(unavailable()), "", "CloudUnavailable: nodes")]
fn a_change_is_followed_when(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says), "{}", scene.message());
}

#[rstest]
#[case::in_its_own_words(told(scaling(), &[scale("op-2", Running)]), WORDS)]
#[case::in_ours_where_it_has_none(
    told(scaling(), &[Operation { message: None, ..scale("op-2", Running) }]), "Scaling the cluster to 3 nodes."
)]
#[case::before_anything_is_told(scaling(), "Scaling the cluster to 3 nodes.")]
#[case::with_what_is_not_known(
    told(scaling(), &[]), "Scaling the cluster to 3 nodes was asked for, and nothing tells of it yet. The cloud is looked at."
)]
fn what_the_cloud_does_is_told(#[case] scene: Scene, #[case] message: &str) {
    assert_eq!(scene.message(), message);
}

/// 95 seconds after its announcement a request can take effect no more.
#[rstest]
#[case::it_can_still_take_effect(told(announced(SCALE, 95), &[]), "", "OutcomeUnknown: nodes")]
#[case::the_look_is_from_before_that(
    announced(SCALE, 97).looked_at(by_id(NAME), KEY, 3, Found::just(Some(cluster(NAME)))), "", "OutcomeUnknown: nodes"
)]
#[case::it_had_none(told(announced(SCALE, 97), &[former()]), "settle change, without effect", "")]
#[case::it_had_one_all_the_same(announced(SCALE, 97).looked(Some(grown()), []), "settle change", "")]
#[case::something_is_done_to_the_cluster(
    announced(SCALE, 97).looked(Some(busy(OperationKind::Scale)), []), "", "OutcomeUnknown: nodes"
)]
#[case::it_runs_for_an_hour(
    announced(SCALE, 3600).looked(Some(busy(OperationKind::Scale)), [scale("op-2", Running)]), "", "Updating: nodes"
)]
#[case::it_ended_in_a_word_that_is_not_known(
    told(announced(SCALE, 97), &[scale("op-2", OperationState::Unknown)]),
    "settle change, failed: SCALE ended as PONDERED, a word that is not known here", ""
)]
#[case::a_password_ended_in_a_word_that_is_not_known(
    announced(Change::Password, 97).looked(
        Some(cluster(NAME)), [operation("op-2", "PASSWORD_UPDATE", OperationState::Unknown, "Hm.")]
    ),
    "settle change, failed: PASSWORD_UPDATE ended as PONDERED, a word that is not known here", ""
)]
#[case::it_can_still_end_in_a_word_that_is_known(
    told(announced(SCALE, 95), &[scale("op-2", OperationState::Unknown)]), "", "Updating: nodes"
)]
#[case::it_ended_in_a_word_that_is_not_known_and_shows(
    announced(SCALE, 97).looked(Some(grown()), [scale("op-2", OperationState::Unknown)]), "settle change", ""
)]
#[case::its_operation_was_forgotten(
    told(announced(SCALE, 3600), &[scale("op-2", Running)]), "settle change, without effect", ""
)]
#[case::a_protection_had_none(
    announced(Change::DeletionProtection(true), 97).looked(Some(cluster(NAME)), []), "settle change, without effect", ""
)]
#[case::a_password_had_none(announced(Change::Password, 97).looked(Some(cluster(NAME)), []), "settle change, without effect", "")]
fn a_change_that_nothing_tells_of_is_let_go_of(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
    assert!(!does.is_empty() || scene.plan().look_again.is_some());
}

#[rstest]
#[case::soon(1, "", Some(14))]
#[case::when_it_has_grown_old(15, "look id-orders", None)]
fn an_operation_that_runs_is_looked_at_again(#[case] seconds: i64, #[case] does: &str, #[case] again: Option<u64>) {
    let found = Found { cluster: Some(cluster(NAME)), taken: false, operations: vec![scale("op-2", Running)] };
    let scene = scaling()
        .with(|facts| std::sync::Arc::make_mut(facts.inventory.as_mut().unwrap()).at = Some(ago(15)))
        .looked_at(by_id(NAME), KEY, seconds, found);
    assert_eq!((scene.does().as_str(), scene.plan().look_again.map(|wait| wait.as_secs())), (does, again));
    assert_eq!(scene.message(), WORDS);
}

/// Nothing tells of what the cloud is at, by a look a second ago: so many seconds after it was asked for, or by whomever.
#[rstest]
#[case::that_was_just_asked_for(Some(110), 14)]
#[case::that_was_asked_for_a_while_ago(Some(590), 29)]
#[case::that_was_asked_for_long_ago(Some(610), 59)]
#[case::that_others_asked_for(None, 59)]
fn what_nothing_tells_of_is_looked_at_ever_less_often(#[case] asked: Option<i64>, #[case] again: u64) {
    let scene = asked.map_or_else(settled, |seconds| announced(SCALE, seconds));
    let scene = scene.spec(|spec| spec.nodes = Some(3)).listed([busy(OperationKind::Scale)]);
    let plan = scene.looked(Some(busy(OperationKind::Scale)), []).plan();
    assert_eq!((plan.next, plan.look_again.map(|wait| wait.as_secs())), (None, Some(again)));
}

#[rstest]
#[case::an_allow_list(Change::AllowList(vec![network("10.0.0.0/8")]), "ALLOWED_CIDR_UPDATE", "Updating")]
#[case::a_password(Change::Password, "PASSWORD_UPDATE", "Updating")]
#[case::storage(Change::Storage { bytes_per_node: 64 * GIB }, "EXPAND_STORAGE", "Updating")]
#[case::nodes(SCALE, "SCALE", "Updating")]
#[case::suspending(Change::Suspended(true), "SUSPEND", "Suspending")]
#[case::resuming(Change::Suspended(false), "SUSPEND", "Resuming")]
fn each_change_is_known_by_its_operation(#[case] change: Change, #[case] kind: &str, #[case] says: &str) {
    let of = |state| {
        let before = if change == Change::Suspended(false) { suspended() } else { cluster(NAME) };
        let mut there = before;
        if state == Succeeded {
            apply(&change, &mut there);
        }
        let scene = settled().record(|record| record.intent = Some(changing(change.clone(), 20, None)));
        scene.looked(Some(there), [operation("op-2", kind, state, WORDS)])
    };
    assert_eq!((of(Running).does().as_str(), of(Running).says().as_str()), ("", says));
    assert_eq!(
        (of(Succeeded).does().as_str(), of(Failed).does().as_str()),
        ("settle change", &*format!("settle change, failed: {WORDS}"))
    );
}

#[test]
fn a_protection_is_there_when_the_cluster_shows_it() {
    let there = cluster_but(|cluster| cluster.deletion_protected = Some(true));
    let scene = settled().record(|record| record.intent = Some(changing(Change::DeletionProtection(true), 20, None)));
    assert_eq!(scene.clone().looked(Some(cluster(NAME)), []).says(), "OutcomeUnknown");
    assert_eq!(scene.looked(Some(there), []).does(), "settle change");
}

/// What a change that ended leaves in the record.
fn ended(change: Change, failed: bool) -> Record {
    let mut record = record(NAME);
    record.intent = Some(changing(change, 20, None));
    let refusal = Refusal {
        kind: RefusalKind::Failed,
        message: "no room".to_owned(),
        fingerprint: "fingerprint".to_owned(),
        at: now(),
    };
    record.settle_change(if failed { Ending::Failed(refusal) } else { Ending::Done });
    record
}

#[test]
fn a_change_that_ended_leaves_what_cannot_be_seen_in_the_cloud() {
    let mut without_effect = record(NAME);
    without_effect.intent = Some(changing(Change::Password, 20, None));
    without_effect.settle_change(Ending::Nothing);
    assert_eq!(without_effect, record(NAME));
    assert!(ended(Change::Password, false).password_sent);
    assert!(!ended(Change::Password, true).password_sent);
    assert!(!ended(SCALE, false).password_sent);
    let protected = |change, refusal| ended(change, refusal).bound.unwrap().applied.protected;
    assert!(protected(Change::DeletionProtection(true), false));
    assert!(!protected(Change::DeletionProtection(true), true));
    assert!(!protected(Change::DeletionProtection(false), false));
}

#[test]
fn a_change_that_failed_is_shown_with_the_clouds_words_and_kept_from_being_repeated() {
    let scene = told(scaling(), &[operation("op-2", "SCALE", Failed, "no room"), former()]);
    let Some(Step::Record(RecordChange::SettleChange(Ending::Failed(refusal)))) = scene.plan().next else {
        panic!("{:?}", scene.plan());
    };
    let write = CloudWrite::Change(SCALE);
    assert_eq!((refusal.fingerprint.as_str(), refusal.at), ("fingerprint", now()));
    let failed =
        scene.record(|record| record.settle_change(Ending::Failed(refusal))).refused(&write, RefusalKind::Failed, 0);
    assert_eq!((failed.does(), failed.says()), (String::new(), "OperationFailed: nodes".to_owned()));
    assert_eq!(failed.spec(|spec| spec.nodes = Some(2)).does(), "change nodes");
}

#[test]
fn a_password_that_was_let_go_of_is_asked_for_again() {
    let scene = settled().record(|record| record.announce_password(Password::new(SECOND)));
    assert_eq!(scene.does(), "change passwordSecretRef");
}

#[test]
fn a_cluster_that_is_resumed_is_followed_before_it_is_changed() {
    let waking = cluster_but(|cluster| {
        *cluster = suspended();
        cluster.health.running_operation = Some(OperationKind::Suspend);
    });
    let scene = announced(Change::Suspended(false), 20).wants(Power::Running);
    let scene = scene.looked(Some(waking), [operation("op-2", "SUSPEND", Running, "Resuming cluster.")]);
    assert_eq!((scene.does(), scene.says()), (String::new(), "Resuming: nodes power".to_owned()));
    assert_eq!(scene.message(), "Resuming cluster.");
}

#[rstest]
#[case::its_operation_runs(&[Running], "", "Updating")]
#[case::its_operation_ended(&[Succeeded], "settle change", "")]
#[case::nothing_tells_of_it(&[], "", "OutcomeUnknown")]
fn a_manifest_that_is_deleted_follows_what_was_asked_for(
    #[case] states: &[OperationState],
    #[case] does: &str,
    #[case] says: &str,
) {
    let operations: Vec<Operation> = states.iter().map(|state| scale("op-2", *state)).collect();
    let there = if states == [Succeeded] { grown() } else { cluster(NAME) };
    let scene = scaling().looked(Some(there), operations).destroys().finalized().deleting();
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
}

/// More nodes are asked for, and the last look, so many seconds ago, tells of this operation, which began earlier.
fn told_of(state: OperationState, looked: i64, began: i64) -> Scene {
    let told = Operation { started: ago(began), ..operation("op-1", "EXPAND_STORAGE", state, "Resizing volume(s).") };
    let found = Found { cluster: Some(cluster(NAME)), taken: false, operations: vec![told] };
    settled().spec(|spec| spec.nodes = Some(3)).looked_at(by_id(NAME), KEY, looked, found)
}

#[rstest]
#[case::that_runs(told_of(Running, 1, 5), "")]
#[case::that_has_run_for_long(told_of(Running, 1, 3599), "")]
#[case::that_was_seen_a_while_ago(told_of(Running, 61, 90), "look id-orders")]
#[case::that_was_seen_long_ago(told_of(Running, 120, 130), "change nodes")]
#[case::that_was_forgotten(told_of(Running, 1, 3600), "change nodes")]
#[case::in_a_word_that_is_not_known(told_of(OperationState::Unknown, 1, 5), "change nodes")]
#[case::that_is_over(told_of(Succeeded, 1, 5), "change nodes")]
#[case::that_failed(told_of(Failed, 1, 5), "change nodes")]
fn a_change_waits_for_an_operation_that_only_the_list_of_operations_tells(#[case] scene: Scene, #[case] does: &str) {
    let waits = does != "change nodes";
    assert_eq!(
        (scene.does().as_str(), scene.says() == "WaitingForOperation: nodes"),
        (does, waits),
        "{}",
        scene.says()
    );
    assert_eq!(scene.message().contains("EXPAND_STORAGE"), waits, "{}", scene.message());
    let ending = scene.destroys().finalized().deleting();
    assert_eq!(ending.does(), if waits { does } else { "destroy id-orders" });
}

/// A cluster whose monitoring lags behind.
fn lagging(suspended: Option<bool>) -> Scene {
    let seen = cluster_but(|cluster| {
        cluster.suspended = suspended;
        cluster.health.status = HealthStatus::Suspended;
    });
    settled().listed([seen])
}

#[rstest]
#[case::that_was_resumed(lagging(Some(false)).wants(Power::Running), "DatabaseUnavailable")]
#[case::that_was_resumed_in_the_console(lagging(Some(false)), "DatabaseUnavailable")]
#[case::that_is_suspended(lagging(Some(true)), "NotRunning")]
#[case::of_which_nothing_else_is_told(lagging(None), "NotRunning")]
#[case::that_is_to_be_resumed(lagging(None).wants(Power::Running), "Resuming: power")]
fn the_monitoring_says_suspended_of_a_cluster(#[case] scene: Scene, #[case] says: &str) {
    assert_eq!(scene.says(), says);
}
