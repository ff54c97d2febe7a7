//! SIGKILL around each request that changes something: none is made twice, and all is Ready in the end.

use http::Method;
use serde_json::json;

use super::{paid, until_says};
use crate::harness::{CrateWorld as World, Side, eventually, meanwhile, with};

/// Where the operator is when it is killed.
#[derive(Clone, Copy, Debug)]
enum Point {
    /// The request has arrived, and has its effect only after the kill.
    Sent,
    /// It has had its effect, and the answer is on its way.
    Done,
    /// What came of it is known, and was not written down.
    Known,
}

/// The requests of a life in their order: method, path, and what the simulator calls the effect.
const LIFE: [(Method, &str, &str); 5] = [
    (Method::POST, "/projects/", "projectCreated"),
    (Method::POST, "/clusters/", "created"),
    (Method::PUT, "/scale/", "scaled"),
    (Method::PATCH, "/", "passwordSet"),
    (Method::DELETE, "/", "deleted"),
];

const FIRST: &str = "correct-horse-battery-staple";
const SECOND: &str = "another-horse-battery-staple";

/// Has the manifest ask for what the request with this effect brings.
async fn ask_for(world: &World, effect: &str) {
    match effect {
        "projectCreated" => {
            world.password("own", FIRST).await;
            let own = json!({"passwordSecretRef": {"name": "own"}, "deletionPolicy": "Delete"});
            world.apply("analytics", with(paid(), own)).await;
        }
        "scaled" => drop(world.edit("analytics", json!({"spec": {"nodes": 2}})).await),
        "passwordSet" => {
            world.password("own", SECOND).await;
            world.annotate("analytics", "reconcile-at", Some("now")).await;
        }
        "deleted" => world.delete("analytics").await,
        _ => {}
    }
}

/// Kills the operator at `point` of each request of a cluster's life.
async fn lives_through(name: &str, point: Point) {
    let mut world = World::new(name).await;
    for (number, (method, path, effect)) in LIFE.into_iter().enumerate() {
        // The create follows its project by itself, so that its kill was prepared with that one.
        if effect != "created" {
            prepare(&world, point, &method, path, effect).await;
        }
        ask_for(&world, effect).await;
        eventually(&format!("{effect} is at {point:?}"), async || {
            let there = match point {
                Point::Sent => world.cloud.count(method.clone(), path).await > 0,
                Point::Done => world.cloud.actions().await.len() > number,
                Point::Known => world.proxy.is_snagged(),
            };
            if there { Ok(()) } else { Err("not yet".to_owned()) }
        })
        .await;
        world.kill_operator().await;
        if effect == "projectCreated" {
            let (method, path, effect) = &LIFE[1];
            prepare(&world, point, method, path, effect).await;
        }
        world.start_operator();
        match effect {
            "projectCreated" => {}
            "deleted" => world.until_gone("analytics").await,
            _ => drop(world.until_ready("analytics").await),
        }
        if effect == "passwordSet" {
            assert_eq!(world.way_in("analytics").await.1, SECOND);
        }
    }
    assert_eq!(world.cloud.actions().await, LIFE.map(|(_, _, effect)| effect));
    for (method, path, effect) in LIFE {
        assert_eq!(
            world.cloud.count(method, path).await,
            LIFE.iter().filter(|row| row.2 == effect).count(),
            "{effect}"
        );
    }
    world.finish().await;
}

/// Lets the next such request take its time, or its outcome not be written down.
async fn prepare(world: &World, point: Point, method: &Method, path: &str, effect: &str) {
    let slow = |when: &str| {
        json!({"method": method.as_str(), "path": format!("/api/v2/*{path}"), "count": 1,
        "when": when, "kind": {"latency": {"millis": 1500}}})
    };
    match point {
        Point::Sent => world.cloud.fault(slow("beforeEffect")).await,
        Point::Done => world.cloud.fault(slow("afterEffect")).await,
        Point::Known if effect == "deleted" => {
            world.proxy.snag(Side::Before, Method::DELETE, "/secrets/cratedbcluster.");
        }
        Point::Known => world.proxy.snag_outcome(),
    }
}

#[tokio::test]
async fn a_life_with_a_kill_before_each_effect() {
    lives_through("crate-kills-sent", Point::Sent).await;
}

#[tokio::test]
async fn a_life_with_a_kill_after_each_effect() {
    lives_through("crate-kills-done", Point::Done).await;
}

#[tokio::test]
async fn a_life_with_a_kill_before_each_outcome_is_noted() {
    lives_through("crate-kills-known", Point::Known).await;
}

/// What was announced and perhaps never sent is waited for as long as it could still take effect.
#[tokio::test]
async fn a_kill_before_anything_was_sent_is_waited_out() {
    let mut world = World::new("crate-kills-announced").await;
    world.apply("analytics", paid()).await;
    world.until_ready("analytics").await;
    let record = |name: &str| format!("/secrets/cratedbcluster.{}.{name}", world.namespace);
    let elsewhere = with(paid(), json!({"project": {"name": "lab", "region": "eks1.eu-west-1.aws"}}));
    let [scaled, created] = [record("analytics"), record("ledger")];
    world.proxy.snag(Side::After, Method::PUT, scaled);
    world.edit("analytics", json!({"spec": {"nodes": 2}})).await;
    kill_and_start(&mut world).await;
    world.proxy.snag(Side::After, Method::POST, format!("/namespaces/{}/secrets", world.operator_namespace));
    world.apply("insights", elsewhere).await;
    kill_and_start(&mut world).await;
    world.proxy.snag(Side::After, Method::PUT, created);
    world.apply("ledger", paid()).await;
    kill_and_start(&mut world).await;
    for name in ["analytics", "insights", "ledger"] {
        until_says(&world, name, "OutcomeUnknown", &["was "]).await;
    }
    assert_eq!(world.cloud.actions().await, ["projectCreated", "created"]);

    // The other two are certain after a minute and a half, this one only after ten more.
    meanwhile(80).await;
    world.until_ready("analytics").await;
    world.until_ready("insights").await;
    let mut actions = world.cloud.actions().await.split_off(2);
    actions.sort();
    assert_eq!(actions, ["created", "projectCreated", "scaled"]);
    assert_eq!(world.cloud.names().await, ["analytics", "insights"]);
    until_says(&world, "ledger", "OutcomeUnknown", &["A request to create cluster ledger was sent"]).await;
    world.finish().await;
}

async fn kill_and_start(world: &mut World) {
    eventually("the write hangs", async || if world.proxy.is_snagged() { Ok(()) } else { Err("not yet".to_owned()) })
        .await;
    world.kill_operator().await;
    world.start_operator();
}
