//! SIGKILL around the create: whatever the operator could not note, there is one cluster in the end, and it is Ready.

use http::Method;
use serde_json::json;

use crate::harness::{Side, World, eventually, paid};

/// Where the operator is when it is killed.
#[derive(Clone, Copy, Debug)]
enum Point {
    /// The intent stands in the record, and nothing was sent.
    Announced,
    /// The request has arrived, and has its effect only after the kill.
    Sent,
    /// The cluster is there, and the answer on its way.
    Done,
    /// The answer has come, and its id was not written down.
    Answered,
}

/// Kills at each of `points` in turn, each time around the create of another cluster.
async fn survives(name: &str, points: [Point; 2], rounds: usize) {
    let mut world = World::new(name).await;
    let names: Vec<String> = (0..rounds * points.len()).map(|round| format!("orders-{round}")).collect();
    for (name, point) in names.iter().zip(points.into_iter().cycle()) {
        kill_at(&mut world, name, point).await;
        world.start_operator();
        world
            .until(name, "has its cluster", |manifest| {
                let status = manifest.status.as_ref().filter(|status| status.common.external_id.is_some());
                status.map(|_| ()).ok_or_else(|| "it has none".to_owned())
            })
            .await;
    }
    for name in &names {
        world.until_ready(name).await;
        world.way_in(name).await;
    }
    let mut expected = names.clone();
    expected.sort();
    assert_eq!(world.cloud.ids().await, expected);
    let effects = world.cloud.effects().await;
    let deployed = effects.iter().filter(|effect| effect.starts_with("deployed")).count();
    assert_eq!(deployed, names.len(), "each exactly once: {effects:?}");
    world.finish().await;
}

async fn kill_at(world: &mut World, name: &str, point: Point) {
    let records = format!("/namespaces/{}/secrets", world.operator_namespace);
    let latency = |when: &str| json!({"method": "POST", "path": "*/deploy", "count": 1, "when": when, "kind": {"latency": {"millis": 1500}}});
    let sent = world.cloud.count(Method::POST, "/deploy").await;
    match point {
        Point::Announced => world.proxy.snag(Side::After, Method::POST, records),
        Point::Answered => {
            world.proxy.snag(Side::Before, Method::PUT, format!("{records}/typedbcluster.{}.{name}", world.namespace));
        }
        Point::Sent => world.cloud.fault(latency("beforeEffect")).await,
        Point::Done => world.cloud.fault(latency("afterEffect")).await,
    }
    world.apply(name, paid()).await;
    let deployed = format!("deployed acme/default/{name}");
    eventually(&format!("{name} is at {point:?}"), async || {
        let there = match point {
            Point::Announced | Point::Answered => world.proxy.is_snagged(),
            Point::Sent => world.cloud.count(Method::POST, "/deploy").await > sent,
            Point::Done => world.cloud.effects().await.contains(&deployed),
        };
        if there { Ok(()) } else { Err("not yet".to_owned()) }
    })
    .await;
    world.kill_operator().await;
}

#[tokio::test]
async fn ten_kills_before_the_effect_of_a_create() {
    survives("kills-before", [Point::Announced, Point::Sent], 5).await;
}

#[tokio::test]
async fn ten_kills_after_the_effect_of_a_create() {
    survives("kills-after", [Point::Done, Point::Answered], 5).await;
}
