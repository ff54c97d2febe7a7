//! Requests and answers that get lost on the way.

use clusterwright::simulator::{Fault, FaultKind, PathPattern, Status};
use http::Method;
use rstest::rstest;
use serde_json::json;

use super::{awake, effects, mine, view};
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

fn at(fault: &Fault, method: Method, path: &str) -> Fault {
    Fault { path: PathPattern::new(path), ..fault.clone() }.method(&method)
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
fn a_lost_write_is_looked_for(#[case] fault: Fault, #[values(1, 2)] times: u32) {
    on_virtual_time(async {
        let world = awake();
        let fault = fault.times(times);
        world.fault(at(&fault, Method::POST, "/api/v2/projects/"));
        world.fault(at(&fault, Method::POST, &format!("/api/v2/organizations/{ORGANIZATION}/clusters/")));
        world.apply(&with(cluster(HERE, "orders"), &json!({"deletionPolicy": "Delete"})));
        world.ready("orders").await;
        assert_eq!((effects(&world, "projectCreated"), effects(&world, "created")), (1, 1));
        world.pass(60).await;
        world.audit().await;

        world.fault(at(&fault, Method::PUT, "*/scale/"));
        world.edit(HERE, "orders", &json!({"spec": {"nodes": 2}}));
        world.ready("orders").await;
        assert_eq!(effects(&world, "scaled"), 1);

        world.fault(at(&fault, Method::PATCH, "/api/v2/clusters/*"));
        world.user().create(secret_of(HERE, "mine", &json!({"password": mine(1)})));
        world.edit(HERE, "orders", &json!({"spec": {"passwordSecretRef": {"name": "mine"}}}));
        world.ready("orders").await;
        assert_eq!(world.published("orders").unwrap(), mine(1));
        world.audit().await;

        world.fault(at(&fault, Method::DELETE, "/api/v2/clusters/*"));
        world.delete(HERE, "orders");
        world.gone("orders").await;
        world.pass(120).await;
        assert!(view(&world, "orders").is_none());
        assert!(world.user().list("Secret").iter().all(|secret| secret["type"] != "clusterwright.dev/record"));
    });
}
