//! Rules that wait: for people, for Secrets, for a cloud that is away.

use clusterwright::simulator::typedb::{Access, CredentialChange};
use clusterwright::simulator::{Fault, FaultKind, Status};
use http::Method;
use jiff::SignedDuration;
use rstest::rstest;
use serde_json::{Value, json};

use crate::world::manifests::{ACCOUNT, HERE, account, cluster, credentials, secret_of, with};
use crate::world::{World, condition, is_ready, on_virtual_time, reason_of};

/// The reasons of Ready that a manifest has gone through, each once in a row.
fn reasons(world: &World, name: &str) -> Vec<String> {
    let states = world.user().history("TypeDBCluster", HERE, name);
    let mut reasons: Vec<String> = states.iter().flatten().map(|state| reason_of(state).to_owned()).collect();
    reasons.dedup();
    reasons.retain(|reason| !reason.is_empty());
    reasons
}

fn away(world: &World) {
    world.fault(Fault::new("*", FaultKind::status(Status::try_from(503).unwrap())));
}

#[rstest]
#[case::account(|world: &World| world.user().delete("CloudAccount", HERE, ACCOUNT), "WaitingForAccount", "AccountNotFound")]
#[case::credentials(|world: &World| world.user().delete("Secret", HERE, ACCOUNT), "WaitingForCredentials", "CredentialsMissing")]
#[case::rejected(
    |world: &World| drop(world.user().apply(&credentials(HERE, "wrong"))), "WaitingForCredentials", "CredentialsRejected"
)]
fn what_is_missing_for_five_minutes_needs_a_person(#[case] spoil: fn(&World), #[case] early: &str, #[case] late: &str) {
    on_virtual_time(async {
        let mut world = World::asleep();
        spoil(&world);
        world.apply(&cluster(HERE, "orders"));
        world.start();
        world.reason("orders", early, 5).await;
        world.pass(280).await;
        assert_eq!(world.reason_now("orders"), early);
        let stalled = world.reason("orders", late, 30).await;
        assert_eq!(condition(&stalled, "Stalled")["status"], "True");
        world.pass(3600).await;
        assert!(world.deploys().is_empty());
        let attempts = world.asked(|_| true).len();
        assert!(attempts < 200, "{attempts} requests in an hour");

        world.edit(HERE, "orders", &json!({"spec": {"storageSizeGB": 30}}));
        world.reason("orders", early, 5).await;
        world.user().apply(&credentials(HERE, "simulator-secret"));
        world.user().apply(&account(HERE));
        world.until(HERE, "orders", 31, |state| !state["status"]["externalId"].is_null()).await;
        world.ready("orders").await;
        world.audit().await;
    });
}

#[tokio::test(start_paused = true)]
async fn a_missing_password_needs_a_person_after_five_minutes_and_no_longer_than_it_is_missing() {
    let world = World::awake();
    world.apply(&with(cluster(HERE, "orders"), &json!({"admin": {"passwordSecretRef": {"name": "mine"}}})));
    world.pass(245).await;
    assert_eq!(world.reason_now("orders"), "WaitingForPassword");
    world.reason("orders", "PasswordMissing", 120).await;
    assert!(world.opens("orders", "password").await, "nothing is set in the place of what was asked for");
    world.user().create(secret_of(HERE, "mine", &json!({"password": "correct horse"})));
    world.until(HERE, "orders", 31, is_ready).await;
    assert!(world.opens("orders", "correct horse").await);
    world.user().apply(&secret_of(HERE, "mine", &json!({"password": "battery staple"})));
    world.pass(11 * 60 + 1).await;
    assert!(world.opens("orders", "battery staple").await, "a change is carried over within ten minutes, and some");
    assert_eq!(world.published("orders").unwrap(), "battery staple");
    assert!(is_ready(&world.ready("orders").await));
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn changed_credentials_are_picked_up_within_half_a_minute() {
    let world = World::awake();
    world.apply(&cluster(HERE, "orders"));
    world.ready("orders").await;
    let change = |secret: &str| CredentialChange { secret: Some(secret.into()), ..CredentialChange::default() };
    world.cloud.change_credential("simulator", change("another")).unwrap();
    world.user().apply(&credentials(HERE, "another"));
    world.pass(32).await;
    let exchanges = world.asked(|row| row.path.ends_with("/auth") && row.status == Some(200));
    assert_eq!(exchanges.len(), 2, "the new pair was exchanged without waiting for the old token's end");
    assert_eq!(world.reason_now("orders"), "Running");
}

#[tokio::test(start_paused = true)]
async fn a_rejection_has_the_secret_read_at_once() {
    let world = World::awake();
    world.apply(&cluster(HERE, "orders"));
    world.ready("orders").await;
    world.pass(300).await;
    let change =
        CredentialChange { secret: Some("another".into()), expire_tokens: true, ..CredentialChange::default() };
    world.cloud.change_credential("simulator", change).unwrap();
    world.user().apply(&credentials(HERE, "another"));
    world.apply(&cluster(HERE, "second"));
    world.until(HERE, "second", 15, |state| !state["status"]["externalId"].is_null()).await;
    assert_eq!(world.reason_now("orders"), "Running");
    assert!(!reasons(&world, "orders").iter().any(|reason| reason.starts_with("Credentials")));
}

#[tokio::test(start_paused = true)]
async fn a_create_that_may_not_be_waits_for_better_credentials() {
    let world = World::awake();
    let change = CredentialChange { access: Some(Access::Read), ..CredentialChange::default() };
    world.cloud.change_credential("simulator", change).unwrap();
    world.apply(&cluster(HERE, "orders"));
    world.reason("orders", "CredentialsInsufficient", 60).await;
    world.pass(1800).await;
    assert_eq!(world.deploys().len(), 1);
    world.user().apply(&secret_of(
        HERE,
        ACCOUNT,
        &json!({"id": "simulator-write", "secret": "simulator-write-secret"}),
    ));
    world.until(HERE, "orders", 32, |state| !state["status"]["externalId"].is_null()).await;
    world.ready("orders").await;
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn failures_back_off_and_an_edit_is_acted_on_at_once() {
    let world = World::awake();
    world.pass(10).await;
    world.fault(Fault::new("*/deploy", FaultKind::status(Status::try_from(503).unwrap())));
    world.apply(&cluster(HERE, "orders"));
    world.pass(3600).await;
    let sends: Vec<_> = world.deploys().iter().map(|row| row.at).collect();
    assert!((12..40).contains(&sends.len()), "{} deploys in an hour", sends.len());
    let gaps: Vec<i64> = sends.windows(2).map(|pair| pair[1].duration_since(pair[0]).as_secs()).collect();
    assert!(gaps.iter().all(|gap| *gap <= 320), "{gaps:?}");
    assert!(gaps.iter().rev().take(3).all(|gap| *gap >= 140), "{gaps:?}");
    let before = sends.len();
    world.edit(HERE, "orders", &json!({"spec": {"connectionSecret": {"name": "way-in"}}}));
    world.pass(2).await;
    assert!(world.deploys().len() > before, "an edit is acted on at once");
    world.cloud.clear_faults();
    world.annotate(HERE, "orders", "clusterwright.dev/reconcile-at", &json!("now"));
    world.pass(2).await;
    assert_eq!(world.clusters().len(), 1);
    world.ready("orders").await;
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn an_outage_does_not_touch_what_has_nothing_to_do() {
    let world = World::awake();
    world.apply(&cluster(HERE, "orders"));
    world.ready("orders").await;
    world.pass(120).await;
    let before = world.manifest(HERE, "orders").unwrap();
    away(&world);
    world.api.clear_log();
    world.pass(3600).await;
    assert_eq!(world.manifest(HERE, "orders").unwrap(), before);
    let account = world.user().get("CloudAccount", HERE, ACCOUNT).unwrap();
    assert_eq!(reason_of(&account), "CloudUnavailable");
    assert!(world.api.writes() <= 2, "{} writes in an outage of an hour", world.api.writes());
    world.cloud.clear_faults();
    world.pass(70).await;
    let account = world.user().get("CloudAccount", HERE, ACCOUNT).unwrap();
    assert_eq!(reason_of(&account), "Connected");
    assert_eq!(world.manifest(HERE, "orders").unwrap(), before);
}

#[tokio::test(start_paused = true)]
async fn an_outage_shows_where_something_is_to_do_and_passes() {
    let world = World::awake();
    world.apply(&cluster(HERE, "orders"));
    world.ready("orders").await;
    away(&world);
    world.apply(&cluster(HERE, "late"));
    world.reason("late", "CloudUnavailable", 120).await;
    world.pass(1800).await;
    assert_eq!(world.reason_now("late"), "CloudUnavailable");
    world.cloud.clear_faults();
    world.until(HERE, "late", 340, |state| !state["status"]["externalId"].is_null()).await;
    world.ready("late").await;
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_that_passes_within_half_a_minute_is_not_told() {
    let world = World::awake();
    world.pass(10).await;
    let kind = |seconds| {
        let status = Status::try_from(429).unwrap();
        FaultKind::Answer { status, retry_after: Some(seconds), body: None, content_type: None }
    };
    world.fault(Fault::new("/api/*", kind(15)).method(&Method::GET).times(1));
    world.apply(&cluster(HERE, "orders"));
    world.ready("orders").await;
    assert!(!reasons(&world, "orders").contains(&"WaitingForRateLimit".to_owned()));

    let since = world.clock.now();
    world.fault(Fault::new("/api/*", kind(90)).times(1));
    world.apply(&cluster(HERE, "second"));
    world.reason("second", "WaitingForRateLimit", 80).await;
    assert!(world.clock.now().duration_since(since) >= SignedDuration::from_secs(30));
    world.ready("second").await;
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn a_restart_is_no_news() {
    let mut world = World::awake();
    world.apply(&cluster(HERE, "orders"));
    let mut waiting = cluster(HERE, "waiting");
    waiting["spec"]["accountRef"]["name"] = "nowhere".into();
    world.apply(&waiting);
    world.ready("orders").await;
    world.reason("waiting", "AccountNotFound", 400).await;
    world.pass(100).await;
    let manifests = || ["orders", "waiting"].map(|name| world.manifest(HERE, name).unwrap_or(Value::Null));
    let before = manifests();
    let password = world.published("orders");
    world.start();
    world.pass(1200).await;
    assert_eq!(["orders", "waiting"].map(|name| world.manifest(HERE, name).unwrap()), before);
    assert_eq!(world.published("orders"), password);
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn two_accounts_of_one_location_both_come_back() {
    let world = World::awake();
    world.user().create_namespace("elsewhere");
    world.open_account("elsewhere");
    world.pass(60).await;
    let revoked = |revoked| CredentialChange { revoked: Some(revoked), ..CredentialChange::default() };
    world.cloud.change_credential("simulator", revoked(true)).unwrap();
    world.pass(200).await;
    world.cloud.change_credential("simulator", revoked(false)).unwrap();
    world.pass(200).await;
    for namespace in [HERE, "elsewhere"] {
        assert_eq!(
            reason_of(&world.user().get("CloudAccount", namespace, ACCOUNT).unwrap()),
            "Connected",
            "{namespace}"
        );
    }
}
