//! Waiting: for a cloud that is away, for operations of others, for people.

use clusterwright::cloud::cratedb::wire::OperationKind;
use clusterwright::simulator::cratedb::{Failure, KeyChange};
use clusterwright::simulator::{Fault, FaultKind, Status};
use rstest::rstest;
use serde_json::json;

use super::{asleep, awake, effects, mine, reasons, view};
use crate::world::cratedb::cluster;
use crate::world::manifests::{ACCOUNT, HERE, secret_of, with};
use crate::world::{World, condition, is_ready, on_virtual_time, reason_of};

fn answer(status: u16, retry_after: Option<u64>, html: bool) -> FaultKind {
    let body = html.then(|| "<html>no</html>".to_owned());
    FaultKind::Answer { status: Status::try_from(status).unwrap(), retry_after, body, content_type: None }
}

/// A world with the cluster `orders`, Ready.
async fn with_orders() -> World {
    let world = awake();
    world.apply(&with(cluster(HERE, "orders"), &json!({"deletionPolicy": "Delete"})));
    world.ready("orders").await;
    world.pass(30).await;
    world
}

#[rstest]
#[case::unavailable(answer(503, None, false), "CloudUnavailable")]
#[case::a_page(answer(502, None, true), "CloudUnavailable")]
#[case::silence(FaultKind::Cut, "CloudUnavailable")]
#[case::time_outs(FaultKind::Latency { millis: 200_000 }, "CloudUnavailable")]
#[case::rate_limit(answer(429, Some(120), false), "Connected")]
fn an_outage_changes_nothing_at_rest_and_is_over_when_it_is_over(#[case] outage: FaultKind, #[case] account: &str) {
    on_virtual_time(async {
        let world = with_orders().await;
        let before = world.manifest(HERE, "orders").unwrap()["status"].clone();
        world.fault(Fault::new("/api/*", outage));
        world.cloud.clear_requests();
        world.pass(3600).await;
        assert_eq!(world.manifest(HERE, "orders").unwrap()["status"], before);
        let told = world.user().get("CloudAccount", HERE, ACCOUNT).unwrap();
        assert_eq!(reason_of(&told), account);
        let asked = world.asked(|_| true).len();
        assert!((5..180).contains(&asked), "{asked} requests in an hour");
        world.cloud.clear_faults();
        world.edit(HERE, "orders", &json!({"spec": {"nodes": 2}}));
        world.until(HERE, "orders", 1500, |state| is_ready(state) && state["status"]["nodes"] == 2).await;
        world.audit().await;
    });
}

#[rstest]
#[case::unavailable(answer(503, None, false))]
#[case::a_page(answer(502, None, true))]
#[case::silence(FaultKind::Cut)]
#[case::rate_limit(answer(429, Some(100), false))]
fn an_outage_in_the_middle_of_an_operation_loses_nothing(
    #[case] outage: FaultKind,
    #[values(false, true)] restart: bool,
) {
    on_virtual_time(async {
        let mut world = with_orders().await;
        world.user().create(secret_of(HERE, "mine", &json!({"password": mine(1)})));
        let both = json!({"spec": {"nodes": 3, "passwordSecretRef": {"name": "mine"}}});
        world.edit(HERE, "orders", &both);
        world.pass(10).await;
        world.fault(Fault::new("*", outage));
        world.pass(700).await;
        if restart {
            world.start();
            world.pass(60).await;
        }
        world.cloud.clear_faults();
        world.ready("orders").await;
        assert_eq!((effects(&world, "scaled"), effects(&world, "passwordSet")), (1, 1));
        assert_eq!(world.published("orders").unwrap(), mine(1));
        world.audit().await;
    });
}

#[rstest]
#[case::known(30)]
#[case::begun_a_moment_ago(0)]
fn what_somebody_began_in_the_console_is_waited_for(#[case] seconds: u64) {
    on_virtual_time(async {
        let world = with_orders().await;
        let id = view(&world, "orders").unwrap().cluster.id;
        world.cloud.cratedb().act(&id, "storage", &json!({"disk_size_per_node_bytes": 40_i64 << 30})).unwrap();
        world.pass(seconds).await;
        world.edit(HERE, "orders", &json!({"spec": {"nodes": 2}}));
        world.pass(60).await;
        let waiting = world.manifest(HERE, "orders").unwrap();
        assert_eq!(reason_of(&waiting), "WaitingForOperation", "{}", waiting["status"]);
        assert!(condition(&waiting, "Ready")["message"].as_str().unwrap().contains("Resizing"));
        assert!(effects(&world, "scaled") == 0 && world.asked(|row| row.path.ends_with("/scale/")).len() <= 1);
        world.ready("orders").await;
        assert_eq!(effects(&world, "scaled"), 1);
        world.audit().await;
    });
}

#[tokio::test(start_paused = true)]
async fn what_somebody_began_between_the_look_and_the_write_is_waited_for() {
    let world = with_orders().await;
    let id = view(&world, "orders").unwrap().cluster.id;
    world.fault(Fault::new("*/scale/", FaultKind::Latency { millis: 2000 }).times(1));
    world.edit(HERE, "orders", &json!({"spec": {"nodes": 2}}));
    world.pass(1).await;
    world.cloud.cratedb().act(&id, "storage", &json!({"disk_size_per_node_bytes": 40_i64 << 30})).unwrap();
    world.pass(90).await;
    let scalings = || world.asked(|row| row.path.ends_with("/scale/"));
    assert_eq!(scalings().iter().map(|row| row.status).collect::<Vec<_>>(), [Some(400)]);
    assert_eq!(world.reason_now("orders"), "WaitingForOperation");
    world.ready("orders").await;
    assert_eq!((scalings().len(), effects(&world, "scaled")), (2, 1));
    world.audit().await;
}

#[rstest]
#[case(OperationKind::Scale, json!({"nodes": 3}), "scaled")]
#[case(OperationKind::ExpandStorage, json!({"storage": {"sizePerNodeGiB": 64}}), "storageExpanded")]
#[case(OperationKind::AllowedCidrUpdate, json!({"allowedCidrs": [{"cidr": "10.0.0.0/8"}]}), "allowListSet")]
#[case(OperationKind::PasswordUpdate, json!({"passwordSecretRef": {"name": "mine"}}), "passwordSet")]
#[case(OperationKind::Suspend, json!({"power": "Suspended"}), "suspended")]
fn a_failed_operation_is_told_and_tried_again_after_an_hour_or_an_edit(
    #[case] kind: OperationKind,
    #[case] spec: serde_json::Value,
    #[case] action: &str,
) {
    on_virtual_time(async {
        let world = with_orders().await;
        world.user().create(secret_of(HERE, "mine", &json!({"password": mine(1)})));
        let message = Some("The dwarves went home.".to_owned());
        world.cloud.cratedb().fail_next(Failure { times: 2, message, ..Failure::of(kind) });
        world.edit(HERE, "orders", &json!({"spec": spec}));
        let failed = world.reason("orders", "OperationFailed", 900).await;
        assert!(condition(&failed, "Ready")["message"].as_str().unwrap().contains("\"The dwarves went home\"."));
        assert_eq!(condition(&failed, "Stalled")["status"], "True");
        world.pass(2700).await;
        assert_eq!(effects(&world, action), 1, "a failure is not hammered");
        world.pass(1200).await;
        assert_eq!(effects(&world, action), 2, "it is tried again after an hour");
        world.reason("orders", "OperationFailed", 900).await;
        world.annotate(HERE, "orders", "clusterwright.dev/reconcile-at", &json!("now"));
        world.until(HERE, "orders", 1500, is_ready).await;
        assert_eq!(effects(&world, action), 3);
        world.audit().await;
    });
}

#[tokio::test(start_paused = true)]
async fn a_creation_that_failed_waits_for_a_person() {
    let world = awake();
    world.cloud.cratedb().fail_next(Failure::of(OperationKind::Create));
    world.apply(&with(cluster(HERE, "orders"), &json!({"deletionPolicy": "Delete"})));
    world.reason("orders", "OperationFailed", 900).await;
    world.pass(7200).await;
    assert_eq!(effects(&world, "created"), 1, "nothing is created in its place");
    world.delete(HERE, "orders");
    world.gone("orders").await;
    assert!(view(&world, "orders").is_none());
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn a_key_is_deactivated_in_the_middle_of_a_scaling_and_replaced() {
    let world = with_orders().await;
    world.edit(HERE, "orders", &json!({"spec": {"nodes": 3}}));
    world.pass(20).await;
    let off = KeyChange { active: Some(false), ..KeyChange::default() };
    world.cloud.cratedb().change_key("simulator", off).unwrap();
    world.pass(400).await;
    let told = world.user().get("CloudAccount", HERE, ACCOUNT).unwrap();
    assert_eq!(reason_of(&told), "CredentialsRejected");
    assert!(!is_ready(&world.manifest(HERE, "orders").unwrap()));
    let asked = world.asked(|row| row.status == Some(401)).len();
    assert!(asked < 40, "{asked} requests with a dead key");
    let other = json!({"id": "simulator-standby", "secret": "simulator-standby-secret"});
    world.user().apply(&secret_of(HERE, ACCOUNT, &other));
    world.until(HERE, "orders", 120, is_ready).await;
    assert_eq!(effects(&world, "scaled"), 1);
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_is_gone_is_reported_and_never_replaced_by_itself() {
    let world = with_orders().await;
    let id = view(&world, "orders").unwrap().cluster.id;
    world.cloud.cratedb().remove(&id).unwrap();
    world.reason("orders", "Vanished", 300).await;
    world.pass(7200).await;
    assert_eq!(effects(&world, "created"), 1);
    world.annotate(HERE, "orders", "clusterwright.dev/forget", &json!(id.as_str()));
    world.ready("orders").await;
    assert_eq!(effects(&world, "created"), 2);
    assert_ne!(view(&world, "orders").unwrap().cluster.id, id);
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_was_not_shown_for_a_while_is_found_again() {
    let world = awake();
    world.cloud.freeze_lists(None);
    world.cloud.freshen_lists();
    world.apply(&cluster(HERE, "orders"));
    world.ready("orders").await;
    let gone = Fault::new("/api/v2/clusters/*", answer(404, None, false));
    let empty = FaultKind::Answer {
        status: Status::try_from(200).unwrap(),
        retry_after: None,
        body: Some("[]".to_owned()),
        content_type: Some("application/json".to_owned()),
    };
    world.fault(gone);
    world.fault(Fault::new("/api/v2/organizations/*/clusters/", empty));
    world.reason("orders", "Vanished", 300).await;
    world.cloud.clear_faults();
    world.ready("orders").await;
    assert_eq!(effects(&world, "created"), 1);
    assert!(reasons(&world, "orders").contains(&"Vanished".to_owned()));
    world.audit().await;
}

#[rstest]
fn a_protected_cluster_is_destroyed_only_when_the_manifest_says_so(#[values(true, false)] ours: bool) {
    on_virtual_time(async {
        let mut world = asleep(clusterwright::simulator::Settings::default());
        world.start();
        let protected = if ours { json!({"deletionProtection": true}) } else { json!({}) };
        world.apply(&with(with(cluster(HERE, "orders"), &json!({"deletionPolicy": "Delete"})), &protected));
        world.ready("orders").await;
        if !ours {
            let id = view(&world, "orders").unwrap().cluster.id;
            world.cloud.cratedb().act(&id, "deletion-protection", &json!({"deletion_protected": true})).unwrap();
        }
        world.delete(HERE, "orders");
        world.reason("orders", "DeletionProtected", 120).await;
        world.pass(3600).await;
        assert!(view(&world, "orders").is_some());
        world.edit(HERE, "orders", &json!({"spec": {"deletionProtection": false}}));
        world.gone("orders").await;
        assert!(view(&world, "orders").is_none());
        world.audit().await;
    });
}

#[tokio::test(start_paused = true)]
async fn ten_clusters_in_transition_leave_something_of_the_usual_budget() {
    let mut world = asleep(clusterwright::simulator::Settings::default());
    world.user().merge("CloudAccount", HERE, ACCOUNT, &json!({"spec": {"requestsPerMinute": 120}}));
    let names: Vec<String> = (0..10).map(|number| format!("orders-{number}")).collect();
    for name in &names {
        let id = world.cloud.cratedb().seed(clusterwright::simulator::cratedb::NewCluster::new(name.as_str())).unwrap();
        let mut manifest = cluster(HERE, name);
        manifest["spec"] = json!({"accountRef": {"name": ACCOUNT}, "externalId": id.as_str(), "nodes": 3});
        world.apply(&manifest);
    }
    world.start();
    // All of them have been asked for by then, and none has been carried out.
    world.pass(50).await;
    assert_eq!(effects(&world, "scaled"), 10);
    let before = world.asked(|_| true).len();
    world.pass(60).await;
    let asked = world.asked(|_| true).len() - before;
    assert!((40..100).contains(&asked), "{asked} requests in a minute");
    for name in &names {
        world.ready(name).await;
    }
    assert_eq!(effects(&world, "scaled"), 10);
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn what_the_credentials_may_not_read_needs_a_person() {
    let world = awake();
    let no = FaultKind::Answer {
        status: Status::try_from(403).unwrap(),
        retry_after: None,
        body: Some(json!({"message": "Ask your administrator.", "success": false}).to_string()),
        content_type: Some("application/json".to_owned()),
    };
    world.fault(Fault::new("/api/v2/organizations/*/subscriptions/", no));
    world.apply(&cluster(HERE, "orders"));
    let told = world.reason("orders", "CredentialsInsufficient", 60).await;
    assert_eq!(condition(&told, "Stalled")["status"], "True");
    let message = condition(&told, "Ready")["message"].as_str().unwrap().to_owned();
    assert!(message.contains("\"Ask your administrator\". Give"), "{message}");
    world.pass(3600).await;
    assert_eq!(reasons(&world, "orders").last().unwrap(), "CredentialsInsufficient");
    let asked = world.asked(|row| row.path.ends_with("/subscriptions/")).len();
    assert!(asked < 40, "{asked} times in an hour");
    world.cloud.clear_faults();
    world.annotate(HERE, "orders", "clusterwright.dev/reconcile-at", &json!("now"));
    world.ready("orders").await;
    world.audit().await;
}
