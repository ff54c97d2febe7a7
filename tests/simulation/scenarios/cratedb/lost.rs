//! Requests and answers that get lost on the way.

use std::time::Duration;

use clusterwright::simulator::{Fault, FaultKind, PathPattern, Settings, Status};
use http::Method;
use rstest::rstest;
use secrecy::SecretString;
use serde_json::json;

use super::{asleep, awake, effects, hurried, mine, reasons, view};
use crate::world::cratedb::{ORGANIZATION, cluster};
use crate::world::manifests::{HERE, secret_of, with};
use crate::world::on_virtual_time;

fn answer(status: u16) -> FaultKind {
    FaultKind::status(Status::try_from(status).unwrap())
}

fn html(status: u16) -> FaultKind {
    let body = Some("<html><body>Bad Gateway</body></html>".to_owned());
    FaultKind::Answer { status: Status::try_from(status).unwrap(), retry_after: None, body, content_type: None }
}

fn latency(seconds: u64) -> FaultKind {
    FaultKind::Latency { millis: seconds * 1000 }
}

fn at(fault: &Fault, method: &Method, path: &str) -> Fault {
    Fault { path: PathPattern::new(path), ..fault.clone() }.method(method)
}

#[rstest]
#[case::cut_before(Fault::new("*", FaultKind::Cut), 2)]
#[case::cut_after(Fault::new("*", FaultKind::Cut).after_effect(), 1)]
#[case::late_effect(Fault::new("*", latency(45)), 2)]
#[case::late_answer(Fault::new("*", latency(45)).after_effect(), 1)]
#[case::very_late_effect(Fault::new("*", latency(85)), 1)]
#[case::failed_before(Fault::new("*", answer(500)), 1)]
#[case::failed_after(Fault::new("*", answer(500)).after_effect(), 2)]
#[case::unavailable_before(Fault::new("*", answer(503)), 2)]
#[case::html_before(Fault::new("*", html(502)), 1)]
#[case::html_after(Fault::new("*", html(502)).after_effect(), 2)]
#[case::truncated(Fault::new("*", FaultKind::Truncated), 1)]
#[case::html_welcome(Fault::new("*", html(200)), 1)]
#[case::html_welcome_after(Fault::new("*", html(200)).after_effect(), 1)]
fn a_lost_write_is_looked_for(#[case] fault: Fault, #[case] times: u32) {
    on_virtual_time(async {
        let world = hurried();
        let fault = fault.times(times);
        world.fault(at(&fault, &Method::POST, "/api/v2/projects/"));
        world.fault(at(&fault, &Method::POST, &format!("/api/v2/organizations/{ORGANIZATION}/clusters/")));
        world.apply(&with(cluster(HERE, "orders"), &json!({"deletionPolicy": "Delete"})));
        world.ready("orders").await;
        assert_eq!((effects(&world, "projectCreated"), effects(&world, "created")), (1, 1));
        world.pass(60).await;
        world.audit().await;

        world.fault(at(&fault, &Method::PUT, "*/scale/"));
        world.edit(HERE, "orders", &json!({"spec": {"nodes": 2}}));
        world.ready("orders").await;
        assert_eq!(effects(&world, "scaled"), 1);

        world.fault(at(&fault, &Method::PATCH, "/api/v2/clusters/*"));
        world.user().create(secret_of(HERE, "mine", &json!({"password": mine(1)})));
        world.edit(HERE, "orders", &json!({"spec": {"passwordSecretRef": {"name": "mine"}}}));
        world.ready("orders").await;
        assert_eq!(world.published("orders").unwrap(), mine(1));
        world.audit().await;

        world.fault(at(&fault, &Method::DELETE, "/api/v2/clusters/*"));
        world.delete(HERE, "orders");
        world.gone("orders").await;
        world.pass(120).await;
        assert!(view(&world, "orders").is_none());
        assert_eq!(world.records(), 0);
    });
}

#[rstest]
#[case::nothing_came_of_it(false)]
#[case::it_was_created_and_is_not_shown(true)]
fn a_name_is_not_asked_for_again_within_ten_minutes(#[case] created: bool) {
    on_virtual_time(async {
        let world = awake();
        let fault = Fault::new(format!("/api/v2/organizations/{ORGANIZATION}/clusters/").as_str(), FaultKind::Cut);
        let fault = fault.method(&Method::POST).times(1);
        world.fault(if created { fault.after_effect() } else { fault });
        if created {
            world.cloud.freeze_lists(Some(Duration::from_secs(650)));
        }
        world.apply(&cluster(HERE, "orders"));
        world.pass(60).await;
        let creates = || world.asked(|row| row.method == "POST" && row.path.ends_with("/clusters/")).len();
        assert_eq!((creates(), world.reason_now("orders").as_str()), (1, "OutcomeUnknown"));
        world.edit(HERE, "orders", &json!({"spec": {"nodes": 2}}));
        world.pass(530).await;
        assert_eq!(creates(), 1);
        world.ready("orders").await;
        assert_eq!(creates(), if created { 1 } else { 2 });
        let looks = world.asked(|row| row.method == "HEAD" && row.path.ends_with("/name/orders/")).len();
        assert!((2..100).contains(&looks), "the name was asked after {looks} times");
        world.audit().await;
    });
}

#[tokio::test(start_paused = true)]
async fn a_list_that_lags_behind_makes_no_second_cluster_and_no_vanished_one() {
    let world = awake();
    world.cloud.freeze_lists(None);
    world.apply(&cluster(HERE, "orders"));
    world.pass(1500).await;
    assert_eq!(effects(&world, "created"), 1);
    assert_ne!(world.reason_now("orders"), "Vanished");
    world.cloud.freshen_lists();
    world.ready("orders").await;
    assert_eq!(effects(&world, "created"), 1);
    assert!(!reasons(&world, "orders").iter().any(|reason| reason == "Vanished" || reason == "Replaced"));
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn a_refusal_waits_for_an_hour_or_for_a_change() {
    let world = awake();
    world.apply(&with(cluster(HERE, "orders"), &json!({"version": "1.0.0"})));
    let refused = world.reason("orders", "ChangeRefused", 60).await;
    assert!(refused["status"]["creation"].is_null());
    let creates = || world.asked(|row| row.method == "POST" && row.path.ends_with("/clusters/")).len();
    world.pass(3000).await;
    assert_eq!(creates(), 1, "a refusal is not hammered");
    world.pass(1200).await;
    assert_eq!(creates(), 2, "it is tried again after an hour");
    world.edit(HERE, "orders", &json!({"spec": {"version": "5.9.4"}}));
    world.pass(3).await;
    assert_eq!(creates(), 3, "an edit is acted on at once");
    world.ready("orders").await;
    world.audit().await;
}

/// What it did not say when it could not be reached, it says when it can.
#[tokio::test(start_paused = true)]
async fn a_password_that_the_database_denied_is_never_trusted() {
    let mut settings = Settings::default();
    settings.cratedb.enforce_allow_list = true;
    let mut world = asleep(settings);
    world.start();
    world.user().create(secret_of(HERE, "mine", &json!({"password": mine(1)})));
    let networks = json!([{"cidr": "127.0.0.0/8"}]);
    world.apply(&with(
        cluster(HERE, "orders"),
        &json!({"passwordSecretRef": {"name": "mine"}, "allowedCidrs": networks}),
    ));
    world.ready("orders").await;
    let id = view(&world, "orders").unwrap().cluster.id;
    let proofs = || world.asked(|row| row.path.ends_with("/_sql")).len();
    let before = proofs();
    world.fault(Fault::new("*/_sql", FaultKind::Cut).times(1));
    world.user().apply(&secret_of(HERE, "mine", &json!({"password": mine(2)})));
    while proofs() == before {
        world.pass(1).await;
    }
    world.cloud.cratedb().set_password(&id, SecretString::from(mine(3))).unwrap();
    world.reason("orders", "AdminPasswordUnknown", 900).await;
    world.pass(3 * 3600).await;
    assert_eq!(world.reason_now("orders"), "AdminPasswordUnknown");
    assert_eq!(world.published("orders").as_deref(), Some(mine(1).as_str()), "what was denied is published");
    world.user().apply(&secret_of(HERE, "mine", &json!({"password": mine(3)})));
    world.ready("orders").await;
    assert_eq!(world.published("orders").as_deref(), Some(mine(3).as_str()));
}
