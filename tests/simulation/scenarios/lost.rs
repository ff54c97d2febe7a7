//! Requests and answers that get lost on the way.

use clusterwright::simulator::{Fault, FaultKind, Status};
use http::Method;
use rstest::rstest;
use serde_json::json;

use crate::world::manifests::{HERE, cluster, with};
use crate::world::{World, is_ready, reason_of};

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

#[rstest]
#[case::cut_before(Fault::new("*", FaultKind::Cut))]
#[case::cut_after(Fault::new("*", FaultKind::Cut).after_effect())]
#[case::late_effect(Fault::new("*", latency(45)))]
#[case::late_answer(Fault::new("*", latency(45)).after_effect())]
#[case::very_late_effect(Fault::new("*", latency(85)))]
#[case::failed_before(Fault::new("*", answer(500)))]
#[case::failed_after(Fault::new("*", answer(500)).after_effect())]
#[case::unavailable_before(Fault::new("*", answer(503)))]
#[case::html_before(Fault::new("*", html(502)))]
#[case::html_after(Fault::new("*", html(502)).after_effect())]
#[case::truncated(Fault::new("*", FaultKind::Truncated))]
#[case::html_welcome(Fault::new("*", html(200)))]
#[case::html_welcome_after(Fault::new("*", html(200)).after_effect())]
fn a_lost_deploy_or_destroy_is_looked_for(#[case] fault: Fault, #[values(1, 3)] times: u32) {
    crate::world::on_virtual_time(async {
        let world = World::awake();
        world.fault(
            Fault { path: clusterwright::simulator::PathPattern::new("*/deploy"), ..fault.clone() }.times(times),
        );
        world.apply(&with(cluster(HERE, "orders"), &json!({"deletionPolicy": "Delete"})));
        world.ready("orders").await;
        assert_eq!(world.clusters().len(), 1);
        let effects = world.deploys().iter().filter(|row| row.effect.is_some()).count();
        assert_eq!(effects, 1, "it was created more than once");
        world.pass(600).await;
        world.audit().await;

        let destroys = Fault { path: clusterwright::simulator::PathPattern::new("*/orders"), ..fault };
        world.fault(destroys.method(&Method::DELETE).times(times));
        world.delete(HERE, "orders");
        world.gone("orders").await;
        world.pass(600).await;
        assert_eq!(world.clusters().len(), 0);
        assert_eq!(world.records(), 0);
    });
}

#[tokio::test(start_paused = true)]
async fn a_list_that_lags_behind_makes_no_second_cluster_and_no_vanished_one() {
    let world = World::awake();
    world.cloud.freeze_lists(None);
    world.apply(&cluster(HERE, "orders"));
    world.pass(900).await;
    assert_eq!(world.deploys().len(), 1);
    assert_ne!(world.reason_now("orders"), "Vanished");
    world.cloud.freshen_lists();
    world.ready("orders").await;
    assert_eq!(world.deploys().len(), 1);
    let reasons: Vec<String> = world
        .user()
        .history("TypeDBCluster", HERE, "orders")
        .iter()
        .flatten()
        .map(|state| reason_of(state).to_owned())
        .collect();
    assert!(!reasons.iter().any(|reason| reason == "Vanished" || reason == "Replaced"), "{reasons:?}");
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn a_refusal_waits_for_an_hour_or_for_a_change() {
    let world = World::awake();
    world.apply(&with(cluster(HERE, "orders"), &json!({"region": "nowhere"})));
    let refused = world.reason("orders", "ChangeRefused", 60).await;
    assert!(refused["status"]["creation"].is_null());
    world.pass(3000).await;
    assert_eq!(world.deploys().len(), 1, "a refusal is not hammered");
    world.pass(1200).await;
    assert_eq!(world.deploys().len(), 2, "it is tried again after an hour");
    world.edit(HERE, "orders", &json!({"spec": {"region": "europe-west3"}}));
    world.pass(2).await;
    assert_eq!(world.deploys().len(), 3, "an edit is acted on at once");
    world.ready("orders").await;
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_tried_again_when_other_clusters_change() {
    let world = World::awake();
    let free = json!({"tier": "Free", "storageSizeGB": 10, "backup": {"frequency": "Disabled"}});
    world.apply(&with(cluster(HERE, "first"), &free));
    world.ready("first").await;
    world.apply(&with(cluster(HERE, "second"), &free));
    world.reason("second", "ChangeRefused", 60).await;
    let before = world.deploys().len();
    world.pass(600).await;
    assert_eq!(world.deploys().len(), before);
    world.cloud.remove(&crate::world::in_space("first")).unwrap();
    world.until(HERE, "second", 400, is_ready).await;
    world.audit().await;
}
