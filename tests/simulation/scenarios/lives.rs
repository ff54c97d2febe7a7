//! Whole lives without trouble.

use serde_json::json;

use crate::world::World;
use crate::world::manifests::{HERE, cluster, with};

#[tokio::test(start_paused = true)]
async fn from_apply_to_destroy() {
    let world = World::awake();
    world.apply(&with(cluster(HERE, "orders"), &json!({"deletionPolicy": "Delete"})));
    let manifest = world.ready("orders").await;
    assert_eq!(manifest["status"]["externalId"], "orders");
    let password = world.published("orders").unwrap();
    assert!(world.opens("orders", &password).await);
    world.audit().await;
    assert_eq!(world.deploys().len(), 1);
    world.delete(HERE, "orders");
    world.gone("orders").await;
    assert_eq!(world.clusters().len(), 0);
    world.audit().await;
}
#[tokio::test(start_paused = true)]
async fn probe() {
    let t = std::time::Instant::now();
    let world = World::awake();
    eprintln!("awake {:?}", t.elapsed());
    world.apply(&cluster(HERE, "orders"));
    world.ready("orders").await;
    eprintln!("ready {:?} passed {}", t.elapsed(), world.passed());
    world.audit().await;
    eprintln!("audit {:?} passed {}", t.elapsed(), world.passed());
    let history = world.user().history("TypeDBCluster", HERE, "orders");
    for state in history.iter().flatten().skip(4).take(2) { eprintln!("{}", serde_json::to_string(&state["status"]).unwrap()); }
    for row in world.api.log().iter().filter(|r| r.kind=="TypeDBCluster" && r.verb.writes()).skip(2).take(4) { eprintln!("{} {} {}", row.at, row.changed, String::from_utf8_lossy(&row.body)); }
    for row in world.api.log() { eprintln!("{} {:?} {} {}/{} {:?} {:?}", row.at, row.verb, row.kind, row.namespace, row.name, row.part, row.answer); }
    world.pass(3600).await;
    eprintln!("hour {:?} passed {}", t.elapsed(), world.passed());
}
