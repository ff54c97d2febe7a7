//! What the credentials of one account see, those of another do not.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use clusterwright::api::identity::ClusterId;
use clusterwright::cloud::transport::{Limits, Transport as _};
use clusterwright::simulator::cratedb::{KeyChange, NewCluster, NewSubscription};
use clusterwright::simulator::{Fault, FaultKind, Settings};
use http::{Method, Request, StatusCode};
use rstest::rstest;
use serde_json::{Value, json};

use super::{asleep, view};
use crate::in_process::InProcess;
use crate::world::cratedb::cluster;
use crate::world::manifests::{ACCOUNT, HERE, secret_of};
use crate::world::{World, condition, is_ready, on_virtual_time, reason_of};

/// A namespace that comes after the other one in every order.
const THERE: &str = "elsewhere";

/// The account of this namespace sees only what is in projects that were opened to it.
fn limit(world: &World, namespace: &str) {
    let key = json!({"id": "simulator-second", "secret": "simulator-second-secret"});
    world.user().apply(&secret_of(namespace, ACCOUNT, &key));
}

/// Two namespaces with an account each, one of which is limited, and no operator yet.
fn two_accounts(limited: &str, foreign: StatusCode) -> World {
    let mut settings = Settings::default();
    settings.cratedb.unknowns.foreign_status = foreign.as_u16().try_into().unwrap();
    let world = asleep(settings);
    world.user().create_namespace(THERE);
    world.open_account(THERE);
    limit(&world, limited);
    world
}

fn seed(world: &World, name: &str) -> ClusterId {
    world.cloud.cratedb().seed(NewCluster::new(name)).unwrap()
}

/// Opens a cluster's project to the limited account.
pub(in crate::scenarios) async fn open(world: &World, name: &str) {
    let project = view(world, name).unwrap().cluster.project_id.unwrap();
    let pair = STANDARD.encode("simulator-standby:simulator-standby-secret");
    let request = Request::post(format!("https://console.cratedb.cloud/api/v2/projects/{project}/users/"))
        .header("authorization", format!("Basic {pair}"))
        .header("content-type", "application/json")
        .body(Bytes::from(json!({"user": "second@example.com", "role_fqn": "project_admin"}).to_string()));
    let limits = Limits { deadline: Duration::from_secs(30), max_body: 100_000 };
    let answer = InProcess::new(world.cloud.router()).send(request.unwrap(), limits).await.unwrap();
    assert!(answer.status().is_success(), "{answer:?}");
}

fn existing(namespace: &str, name: &str, id: &ClusterId, more: &Value) -> Value {
    let mut manifest = cluster(namespace, name);
    manifest["spec"] = json!({"accountRef": {"name": ACCOUNT}, "externalId": id.as_str()});
    crate::world::manifests::with(manifest, more)
}

#[rstest]
#[case::that_is_hidden(StatusCode::NOT_FOUND, "InvalidSpec")]
#[case::that_is_forbidden(StatusCode::FORBIDDEN, "CredentialsInsufficient")]
fn what_only_others_see_is_neither_shown_nor_adopted(#[case] foreign: StatusCode, #[case] reason: &str) {
    on_virtual_time(only_others_see(foreign, reason));
}

async fn only_others_see(foreign: StatusCode, reason: &str) {
    let mut world = two_accounts(THERE, foreign);
    let (orders, sales) = (seed(&world, "orders"), seed(&world, "sales"));
    open(&world, "sales").await;
    world.start();
    world.pass(120).await;
    let observed = json!({"management": "Observed"});
    world.apply(&existing(THERE, "spy", &orders, &observed));
    world.apply(&existing(THERE, "thief", &orders, &json!({})));
    world.apply(&crate::world::manifests::with(cluster(THERE, "namesake"), &json!({"clusterName": "orders"})));
    world.apply(&existing(THERE, "mine", &sales, &observed));
    world.until(THERE, "mine", 60, |state| reason_of(state) == "Observed").await;
    world.pass(300).await;
    for name in ["spy", "thief"] {
        let state = world.manifest(THERE, name).unwrap();
        assert_eq!(reason_of(&state), reason, "{}", state["status"]);
        assert!(state["status"]["endpoints"] == json!([]) && state["status"]["externalId"].is_null(), "{state}");
    }
    let taken = world.manifest(THERE, "namesake").unwrap();
    let message = condition(&taken, "Ready")["message"].as_str().unwrap();
    assert_eq!(reason_of(&taken), "NameTaken");
    assert!(message.contains("do not see") && !message.contains(orders.as_str()), "{message}");
    open(&world, "orders").await;
    world.annotate(THERE, "spy", "clusterwright.dev/reconcile-at", &json!("now"));
    world.until(THERE, "spy", 60, |state| reason_of(state) == "Observed").await;
}

#[tokio::test(start_paused = true)]
async fn accounts_that_see_different_clusters_share_a_location_in_peace() {
    let mut world = two_accounts(HERE, StatusCode::NOT_FOUND);
    let (orders, sales) = (seed(&world, "orders"), seed(&world, "sales"));
    open(&world, "sales").await;
    world.start();
    world.apply(&existing(THERE, "orders", &orders, &json!({})));
    world.apply(&existing(HERE, "sales", &sales, &json!({})));
    world.ready_in(THERE, "orders").await;
    world.ready("sales").await;
    let refusal = FaultKind::Answer {
        status: 400.try_into().unwrap(),
        retry_after: None,
        body: Some(json!({"message": "Not with us.", "success": false}).to_string()),
        content_type: Some("application/json".to_owned()),
    };
    world.fault(Fault::new("*/scale/", refusal).method(&Method::PUT));
    world.edit(THERE, "orders", &json!({"spec": {"nodes": 3}}));
    world.until(THERE, "orders", 60, |state| reason_of(state) == "ChangeRefused").await;
    world.pass(120).await;
    let before = world.asked(|_| true).len();
    world.pass(3000).await;
    assert_eq!(world.asked(|row| row.path.ends_with("/scale/")).len(), 1, "a refused change is not hammered");
    let asked = world.asked(|_| true).split_off(before);
    let lists = asked.iter().filter(|row| row.path.ends_with("/clusters/")).count();
    assert_eq!(asked.len(), lists, "nothing but lists at rest: {asked:#?}");
    assert!((80..130).contains(&lists), "{lists} lists in fifty minutes, for two accounts");
    world.cloud.clear_faults();
    world.edit(THERE, "orders", &json!({"spec": {"nodes": 2}}));
    world.until(THERE, "orders", 900, is_ready).await;
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn accounts_that_see_the_same_cost_one_list_a_poll() {
    let mut world = two_accounts(HERE, StatusCode::NOT_FOUND);
    let (orders, sales) = (seed(&world, "orders"), seed(&world, "sales"));
    open(&world, "orders").await;
    open(&world, "sales").await;
    world.start();
    world.apply(&existing(THERE, "orders", &orders, &json!({})));
    world.apply(&existing(HERE, "sales", &sales, &json!({})));
    world.ready_in(THERE, "orders").await;
    world.ready("sales").await;
    world.pass(120).await;
    let before = world.asked(|_| true).len();
    world.pass(3000).await;
    let asked = world.asked(|_| true).split_off(before);
    assert!(asked.len() < 65 && asked.iter().all(|row| row.path.ends_with("/clusters/")), "{asked:#?}");
}

#[tokio::test(start_paused = true)]
async fn one_who_does_not_see_the_others_does_not_cancel_their_subscription() {
    let mut world = asleep(Settings::default());
    limit(&world, HERE);
    let marketplace = Some("azure".to_owned());
    let new = NewSubscription { marketplace, ..NewSubscription::default() };
    let subscription = world.cloud.cratedb().add_subscription(new);
    let on_it = |name: &str| {
        let fields = json!({"subscription_id": subscription}).as_object().unwrap().clone();
        world.cloud.cratedb().seed(NewCluster { fields, ..NewCluster::new(name) }).unwrap()
    };
    let (orders, _sales) = (on_it("orders"), on_it("sales"));
    open(&world, "orders").await;
    world.start();
    world.apply(&existing(HERE, "orders", &orders, &json!({"deletionPolicy": "Delete"})));
    world.until(HERE, "orders", 300, |state| state["status"]["externalId"] == orders.as_str()).await;
    world.pass(60).await;
    world.delete(HERE, "orders");
    world.reason("orders", "DeletionWouldCancelSubscription", 300).await;
    world.pass(3600).await;
    assert_eq!(world.asked(|row| row.method == "DELETE").len(), 0);
    let confirmed = "clusterwright.dev/confirm-subscription-cancellation";
    world.annotate(HERE, "orders", confirmed, &json!(subscription));
    world.gone("orders").await;
}

#[tokio::test(start_paused = true)]
async fn a_dead_key_is_not_asked_with_at_the_pace_of_others() {
    let mut world = two_accounts(THERE, StatusCode::NOT_FOUND);
    seed(&world, "sales");
    open(&world, "sales").await;
    let off = KeyChange { active: Some(false), ..KeyChange::default() };
    world.cloud.cratedb().change_key("simulator-second", off).unwrap();
    world.start();
    world.pass(120).await;
    world.apply(&cluster(HERE, "orders"));
    let before = world.asked(|_| true).len();
    world.pass(600).await;
    let asked = world.asked(|_| true).split_off(before);
    let lists = asked.iter().filter(|row| row.path.ends_with("/clusters/") && row.status == Some(200)).count();
    assert!(lists > 30, "{lists} lists: nothing was in transition");
    let refused = asked.iter().filter(|row| row.status == Some(401)).count();
    assert!((5..20).contains(&refused), "{refused} requests with a dead key");
    let on = KeyChange { active: Some(true), ..KeyChange::default() };
    world.cloud.cratedb().change_key("simulator-second", on).unwrap();
    world.pass(150).await;
    let told = world.user().get("CloudAccount", THERE, ACCOUNT).unwrap();
    assert_eq!(reason_of(&told), "Connected");
}
