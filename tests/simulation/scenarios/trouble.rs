//! An API server that fails, lags or lies still.

use std::time::Duration;

use rstest::rstest;
use serde_json::json;

use crate::apiserver::{Fault, Requests, Trouble, Verb};
use crate::world::manifests::{HERE, cluster, with};
use crate::world::{OPERATOR, World, is_ready, on_virtual_time};

const RECORD: &str = "typedbcluster.default.orders";

#[rstest]
fn trouble_with_any_write_ends_well(
    #[values("Secret", "TypeDBCluster", "CloudAccount", "Event")] kind: &'static str,
    #[values(
        Trouble::Status(409),
        Trouble::Status(500),
        Trouble::Status(429),
        Trouble::Cut,
        Trouble::Delay(Duration::from_secs(4)),
        Trouble::Delay(Duration::from_secs(20))
    )]
    trouble: Trouble,
    #[values(false, true)] after: bool,
) {
    on_virtual_time(async {
        let world = World::awake();
        let fault = Fault::new(Requests::writes().of(kind), trouble).times(3);
        let fault = if after { fault.after_effect() } else { fault };
        world.api.inject(fault.clone());
        world.apply(&with(cluster(HERE, "orders"), &json!({"deletionPolicy": "Delete"})));
        world.pass(230).await;
        world.api.inject(fault.clone());
        world.ready("orders").await;
        assert_eq!(world.clusters().len(), 1);
        assert_eq!(world.deploys().iter().filter(|row| row.effect.is_some()).count(), 1);
        world.audit().await;
        world.api.inject(fault);
        world.delete(HERE, "orders");
        world.gone("orders").await;
        world.pass(120).await;
        assert!(world.clusters().is_empty());
        assert!(world.user().get("Secret", OPERATOR, RECORD).is_none());
    });
}

#[rstest]
fn slow_reads_of_the_api_server_delay_no_announced_write(
    #[values("Secret", "TypeDBCluster", "Event")] kind: &'static str,
) {
    on_virtual_time(async {
        let world = World::awake();
        world.pass(5).await;
        let all = [Verb::Get, Verb::Create, Verb::Update, Verb::Apply, Verb::Patch];
        world.api.inject(Fault::new(Requests::with(&all).of(kind), Trouble::Delay(Duration::from_secs(4))).always());
        world.apply(&cluster(HERE, "orders"));
        world.pass(1200).await;
        world.api.clear_faults();
        world.ready("orders").await;
        world.audit().await;
    });
}

#[tokio::test(start_paused = true)]
async fn no_event_holds_up_an_announced_write() {
    let world = World::awake();
    world.pass(5).await;
    let record = Requests::writes().of("Secret").at(OPERATOR, RECORD);
    let create = Requests::with(&[Verb::Create]).of("Secret");
    for slow in [record, create] {
        world.api.inject(Fault::new(slow, Trouble::Delay(Duration::from_millis(1900))).after_effect().always());
    }
    world.api.inject(Fault::new(Requests::writes().of("Event"), Trouble::Delay(Duration::from_secs(20))).always());
    world.apply(&with(cluster(HERE, "orders"), &json!({"deletionPolicy": "Delete"})));
    world.ready("orders").await;
    world.delete(HERE, "orders");
    world.gone("orders").await;
}

#[rstest]
fn a_cache_that_lies_still_is_not_trusted(#[values("Secret", "TypeDBCluster", "CloudAccount")] kind: &str) {
    on_virtual_time(async {
        let world = World::awake();
        world.apply(&with(cluster(HERE, "orders"), &json!({"deletionPolicy": "Delete"})));
        world.pass(60).await;
        world.api.freeze(kind);
        world.pass(600).await;
        world.edit(HERE, "orders", &json!({"spec": {"deletionPolicy": "Retain"}}));
        world.delete(HERE, "orders");
        world.apply(&cluster(HERE, "others"));
        world.pass(600).await;
        world.api.thaw(kind);
        world.gone("orders").await;
        world.ready("others").await;
        assert_eq!(world.clusters().len(), 2, "the database was to be retained");
        world.apply(&cluster(HERE, "orders"));
        world.ready("orders").await;
        assert_eq!(world.deploys().len(), 2);
        world.audit().await;
    });
}

#[tokio::test(start_paused = true)]
async fn watches_that_break_or_have_to_begin_anew_lose_nothing() {
    let world = World::awake();
    for number in 0..10 {
        let name = format!("c{number}");
        world.apply(&cluster(HERE, &name));
        world.api.drop_watches();
        world.pass(7).await;
        world.api.compact();
        world.api.drop_watches();
        world.pass(5).await;
    }
    for number in 0..10 {
        world.until(HERE, &format!("c{number}"), 1800, is_ready).await;
    }
    assert_eq!(world.deploys().len(), 10);
    world.audit().await;
}
