//! Rare turns of events in which manifests once held each other up, or requests went round in circles.

use clusterwright::simulator::{Fault, FaultKind, RequestRow, Status};
use http::Method;
use jiff::SignedDuration;
use rstest::rstest;
use serde_json::{Value, json};

use crate::world::cratedb;
use crate::world::manifests::{ACCOUNT, HERE, account, cluster, secret_of, with};
use crate::world::{OPERATOR, World, is_ready, on_virtual_time, reason_of};

const THERE: &str = "elsewhere";

fn answer(status: u16, body: Option<String>) -> FaultKind {
    let content_type = body.as_ref().map(|_| "application/json".to_owned());
    FaultKind::Answer { status: Status::try_from(status).unwrap(), retry_after: None, body, content_type }
}

/// How many of these requests came within ten seconds, where they came thickest.
fn most_in_ten_seconds(rows: &[RequestRow]) -> usize {
    let within = |first: &RequestRow| {
        rows.iter().filter(|row| row.at >= first.at && row.at < first.at + SignedDuration::from_secs(10)).count()
    };
    rows.iter().map(within).max().unwrap_or_default()
}

/// A manifest that takes the cluster `id`, whatever its backups are.
fn adopting(namespace: &str, name: &str, id: &str, more: &Value) -> Value {
    with(with(cluster(namespace, name), &json!({"externalId": id, "backup": null})), more)
}

#[tokio::test(start_paused = true)]
async fn a_manifest_that_comes_back_to_an_adopted_cluster_leaves_it_to_the_adopter() {
    let world = World::awake();
    world.user().create_namespace(THERE);
    world.open_account(THERE);
    world.apply(&cluster(HERE, "orders"));
    world.ready("orders").await;
    let password = world.published("orders").unwrap();
    world.user().create(secret_of(THERE, "given", &json!({"password": password})));

    world.edit(HERE, "orders", &json!({"spec": {"management": "Observed"}}));
    world.reason("orders", "Observed", 60).await;
    let terms = json!({"deletionPolicy": "Delete", "admin": {"currentPasswordSecretRef": {"name": "given"}}});
    world.apply(&adopting(THERE, "taken", "orders", &terms));
    world.ready_in(THERE, "taken").await;
    world.edit(HERE, "orders", &json!({"spec": {"management": "Managed"}}));
    world.reason("orders", "ClaimedByAnother", 60).await;
    world.pass(1200).await;
    assert_eq!(world.reason_now("orders"), "ClaimedByAnother");
    assert!(is_ready(&world.manifest(THERE, "taken").unwrap()));
    world.audit().await;

    world.delete(THERE, "taken");
    world.user().wait_gone("TypeDBCluster", THERE, "taken").await;
    world.ledger.check();
    assert!(!world.clusters().iter().any(|view| view.cluster.status.to_string() == "running"));
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_passes_through_several_hands_keeps_its_newest_password() {
    let world = World::awake();
    world.apply(&cluster(HERE, "first"));
    world.ready("first").await;
    let generated = world.published("first").unwrap();
    world.delete(HERE, "first");
    world.gone("first").await;
    world.apply(&with(cluster(HERE, "first"), &json!({"region": "europe-west3"})));
    world.reason("first", "RecordedClusterDiffers", 120).await;
    world.annotate(HERE, "first", "clusterwright.dev/forget", &json!("first"));
    world.reason("first", "NameTaken", 120).await;

    world.user().create(secret_of(HERE, "mine", &json!({"password": "battery staple"})));
    world.apply(&adopting(HERE, "second", "first", &json!({})));
    world.ready("second").await;
    assert_eq!(world.published("second").unwrap(), generated);
    world.edit(HERE, "second", &json!({"spec": {"admin": {"passwordSecretRef": {"name": "mine"}}}}));
    world.until(HERE, "second", 600, |_| world.published("second").as_deref() == Some("battery staple")).await;
    world.ready("second").await;
    world.delete(HERE, "second");
    world.gone("second").await;

    world.apply(&adopting(HERE, "third", "first", &json!({})));
    world.ready("third").await;
    let published = world.published("third").unwrap();
    assert_ne!(published, generated);
    assert!(world.opens("first", &published).await);
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn a_pause_while_a_create_waits_stops_it_without_further_looks() {
    let world = World::awake();
    world.pass(30).await;
    let look = |row: &RequestRow| row.method == "GET" && row.path.ends_with("/clusters/orders");
    world.fault(Fault::new("*/clusters/orders", FaultKind::Latency { millis: 5000 }).method(&Method::GET));
    world.apply(&cluster(HERE, "orders"));
    world.pass(2).await;
    assert_eq!(world.asked(look).len(), 1, "the create waits for its look");
    world.annotate(HERE, "orders", "clusterwright.dev/paused", &json!("true"));
    world.pass(300).await;
    assert_eq!(world.reason_now("orders"), "Paused");
    assert!(world.deploys().is_empty());
    let looks = world.asked(look).len();
    assert!(looks <= 3, "{looks} looks");
    world.cloud.clear_faults();
    world.annotate(HERE, "orders", "clusterwright.dev/paused", &Value::Null);
    world.ready("orders").await;
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn an_account_applied_again_wakes_what_waits_for_it() {
    let world = World::awake();
    world.apply(&cluster(HERE, "orders"));
    world.ready("orders").await;
    world.user().delete("CloudAccount", HERE, ACCOUNT);
    world.pass(5).await;
    world.apply(&cluster(HERE, "second"));
    world.reason("second", "AccountNotFound", 400).await;
    world.pass(2).await;
    world.user().apply(&account(HERE));
    world.until(HERE, "second", 15, |state| !state["status"]["externalId"].is_null()).await;
    world.ready("second").await;
    assert!(is_ready(&world.ready("orders").await));
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn a_repeat_that_conflicts_with_nothing_to_be_seen_is_sent_seldom() {
    let world = World::awake();
    world.pass(30).await;
    world.fault(Fault::new("*/deploy", FaultKind::Cut).times(1));
    world.fault(Fault::new("*/deploy", answer(409, None)));
    world.apply(&cluster(HERE, "orders"));
    world.pass(60).await;
    let deploys = world.deploys();
    assert!(deploys.iter().any(|row| row.status == Some(409)), "{deploys:#?}");
    assert!(most_in_ten_seconds(&deploys) <= 4, "{deploys:#?}");
    world.cloud.clear_faults();
    world.until(HERE, "orders", 7200, is_ready).await;
    assert_eq!(world.clusters().len(), 1);
    comes_to_rest(&world).await;
    world.audit().await;
}

/// After some minutes nothing more is written to the cloud.
async fn comes_to_rest(world: &World) {
    world.pass(600).await;
    let writes = || world.asked(|row| row.path.contains("/clusters/") && row.method != "GET").len();
    let before = writes();
    world.pass(1800).await;
    assert_eq!(writes(), before);
}

#[derive(Clone, Copy, Debug)]
enum Denial {
    NotFound,
    StillRunning,
}

#[rstest]
fn a_destroy_whose_answer_does_not_fit_what_is_seen_is_sent_seldom(
    #[values(Denial::NotFound, Denial::StillRunning)] denial: Denial,
    #[values(false, true)] after: bool,
) {
    on_virtual_time(async {
        let world = World::awake();
        world.apply(&with(cluster(HERE, "orders"), &json!({"deletionPolicy": "Delete"})));
        world.ready("orders").await;
        world.pass(30).await;
        let kind = match denial {
            Denial::NotFound => answer(404, None),
            Denial::StillRunning => answer(200, Some(json!(world.clusters()[0].cluster).to_string())),
        };
        let fault = Fault::new("*/clusters/orders", kind).method(&Method::DELETE);
        world.fault(if after { fault.after_effect() } else { fault });
        world.delete(HERE, "orders");
        world.pass(120).await;
        let destroys = world.asked(|row| row.method == "DELETE");
        assert!(!destroys.is_empty());
        assert!(most_in_ten_seconds(&destroys) <= 4, "{destroys:#?}");
        if !after {
            assert!(world.manifest(HERE, "orders").is_some(), "the cluster is still there");
        }
        world.cloud.clear_faults();
        world.gone("orders").await;
        assert!(world.clusters().iter().all(|view| view.cluster.status.to_string() != "running"));
        comes_to_rest(&world).await;
        assert!(world.clusters().is_empty());
    });
}

#[rstest]
#[case::fails(answer(500, None))]
#[case::is_forbidden(answer(403, None))]
#[case::is_cut(FaultKind::Cut)]
fn of_two_accounts_at_one_location_the_list_of_one(#[case] kind: FaultKind) {
    on_virtual_time(async {
        let mut world = World::asleep();
        world.user().create_namespace(THERE);
        world.open_account(THERE);
        let other = json!({"id": "simulator-write", "secret": "simulator-write-secret"});
        world.user().apply(&secret_of(THERE, ACCOUNT, &other));
        world.fault(Fault::new("*/spaces/default/clusters", kind).method(&Method::GET).times(1));
        world.start();
        world.apply(&cluster(HERE, "ours"));
        world.apply(&cluster(THERE, "theirs"));
        world.until(THERE, "theirs", 900, is_ready).await;
        world.until(HERE, "ours", 900, is_ready).await;
        let struck = world.asked(|row| row.path.ends_with("/clusters") && row.status != Some(200));
        assert_eq!(struck.len(), 1, "{struck:#?}");
        for namespace in [HERE, THERE] {
            let account = world.user().get("CloudAccount", namespace, ACCOUNT).unwrap();
            assert_eq!(reason_of(&account), "Connected", "{namespace}");
        }
        world.audit().await;
    });
}

#[tokio::test(start_paused = true)]
async fn an_account_whose_list_keeps_failing_holds_up_no_other_of_its_location() {
    let mut world = World::asleep();
    world.user().create_namespace(THERE);
    world.open_account(THERE);
    let other = json!({"id": "simulator-write", "secret": "simulator-write-secret"});
    world.user().apply(&secret_of(THERE, ACCOUNT, &other));
    // The list of this one is refused: it is a credential of another space.
    let stranger = json!({"id": "simulator-second", "secret": "simulator-second-secret"});
    world.user().apply(&secret_of(HERE, ACCOUNT, &stranger));
    world.start();
    world.apply(&cluster(HERE, "ours"));
    world.apply(&cluster(THERE, "theirs"));
    world.until(THERE, "theirs", 600, is_ready).await;
    world.pass(600).await;
    assert!(is_ready(&world.manifest(THERE, "theirs").unwrap()));
    assert_eq!(world.reason_now("ours"), "CredentialsInsufficient");
    assert_eq!(world.clusters().len(), 1);
    world.user().apply(&secret_of(HERE, ACCOUNT, &json!({"id": "simulator", "secret": "simulator-secret"})));
    world.until(HERE, "ours", 600, is_ready).await;
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn an_account_that_is_made_anew_in_another_cloud_is_let_go_of_in_the_first() {
    let world = World::awake();
    world.apply(&with(cluster(HERE, "orders"), &json!({"deletionPolicy": "Delete"})));
    world.ready("orders").await;
    world.user().delete("CloudAccount", HERE, ACCOUNT);
    // It waits for the database that goes with its manifest, and somebody does not.
    world.user().merge("CloudAccount", HERE, ACCOUNT, &json!({"metadata": {"finalizers": null}}));
    world.user().create(cratedb::account(HERE));
    world.pass(30).await;
    let asked = |version: &'static str| world.asked(|row| row.path.starts_with(version)).len();
    let before = asked("/api/v1");
    world.pass(600).await;
    assert_eq!(asked("/api/v1"), before, "the credentials are used there no more");
    assert!(asked("/api/v2") > 0);
    // Nothing is destroyed through an account that is no longer there.
    world.delete(HERE, "orders");
    world.pass(600).await;
    assert_eq!(world.clusters().len(), 1);
    assert!(world.manifest(HERE, "orders").is_some());
}

#[tokio::test(start_paused = true)]
async fn a_record_that_cannot_be_read_holds_no_manifest_whose_database_stays() {
    let world = World::awake();
    world.apply(&with(cluster(HERE, "orders"), &json!({"deletionPolicy": "Delete"})));
    world.ready("orders").await;
    let garbled = json!({"data": {"record": "bm90IGpzb24="}});
    world.user().merge("Secret", OPERATOR, &format!("typedbcluster.{HERE}.orders"), &garbled);
    world.delete(HERE, "orders");
    world.pass(120).await;
    assert!(world.manifest(HERE, "orders").is_some(), "what is to be destroyed waits");

    world.user().merge("TypeDBCluster", HERE, "orders", &json!({"spec": {"deletionPolicy": "Retain"}}));
    world.gone("orders").await;
    assert_eq!(world.clusters().len(), 1, "the database stays");
}
