//! Everything that a manifest may ask for once its cluster in TypeDB Cloud runs.

use http::Method;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use crate::harness::{Side, World, eventually, meanwhile, paid, with};

/// The cluster of this id, as the simulator has it.
async fn there(world: &World, id: &str) -> Value {
    let clusters = world.cloud.clusters().await;
    clusters.into_iter().find(|cluster| cluster["id"] == id).unwrap_or_else(|| panic!("there is no {id}"))
}

#[tokio::test]
async fn a_cluster_grows_is_upgraded_backed_up_renamed_suspended_and_resumed() {
    let world = World::new("typedb-verbs").await;
    world.apply("orders", with(paid(), json!({"version": "3.4.4"}))).await;
    world.until_ready("orders").await;

    let spec = json!({
        "storageSizeGB": 50, "machineType": "c2d-highcpu-4", "version": "3.5.1",
        "backup": {"frequency": "Hourly", "retentionDays": 30},
    });
    world.edit("orders", json!({"spec": spec})).await;
    world.until_ready("orders").await;
    let cluster = there(&world, "orders").await;
    assert_eq!((&cluster["storageSizeGB"], &cluster["machineType"]), (&json!(50), &json!("c2d-highcpu-4")));
    assert_eq!(cluster["version"], "3.5.1");
    assert_eq!(cluster["backupConfiguration"], json!({"frequency": "hourly", "retentionDays": 30}));
    let status = world.cluster("orders").await.status.unwrap();
    assert_eq!((status.storage_size_gb, status.common.version.as_deref()), (Some(50), Some("3.5.1")));

    world.edit("orders", json!({"spec": {"storageSizeGB": 20}})).await;
    world.until_ready("orders").await;
    assert_eq!(there(&world, "orders").await["storageSizeGB"], 50, "storage is a floor");
    world.edit("orders", json!({"spec": {"version": "3.4.4"}})).await;
    let message = world.until_stands("orders", "ChangeUnsupported").await;
    assert!(message.contains("a version is never taken back"), "{message}");
    world.edit("orders", json!({"spec": {"version": "3.5.1"}})).await;

    world.edit("orders", json!({"spec": {"clusterId": "sales"}})).await;
    let manifest = world.until_ready("orders").await;
    assert_eq!(manifest.status.unwrap().common.external_id.unwrap().as_str(), "sales");
    assert!(world.read("orders-typedb").await["uri"].ends_with("name=sales"));
    world.way_in("orders").await;

    world.edit("orders", json!({"spec": {"power": "Suspended"}})).await;
    world.until_stands("orders", "Suspended").await;
    assert_eq!(there(&world, "sales").await["status"], "suspended");
    world.edit("orders", json!({"spec": {"power": "Running"}})).await;
    world.until_ready("orders").await;
    world.way_in("orders").await;

    let effects = world.cloud.effects().await;
    let changes: Vec<&str> = effects.iter().map(|effect| effect.split(' ').next().unwrap()).collect();
    let updates = ["updated"; 5];
    assert_eq!(changes, [&["deployed", "passwordSet"][..], &updates, &["suspended", "resumed"]].concat());
    world.finish().await;
}

#[tokio::test]
async fn a_cluster_is_cloned_by_the_name_of_its_manifest() {
    let world = World::new("typedb-clone").await;
    let copy = json!({"accountRef": {"name": "typedb"}, "cloneFrom": {"name": "orders"}});
    world.apply("copy", copy).await;
    world.until_stands("copy", "Creating").await;
    world.apply("orders", paid()).await;
    world.until_ready("orders").await;
    world.annotate("copy", "reconcile-at", Some("now")).await;
    world.until_ready("copy").await;
    let (_, original) = world.way_in("orders").await;
    assert_ne!(world.way_in("copy").await.1, original, "the copy has a password of its own");
    assert!(world.cloud.effects().await.contains(&"cloned acme/default/copy".to_owned()));

    let elsewhere = json!({"accountRef": {"name": "typedb"}, "cloneFrom": {"name": "orders"}, "region": "us-east1"});
    world.apply("other", elsewhere).await;
    let message = world.until_stands("other", "InvalidSpec").await;
    assert!(message.contains("region of cluster orders is europe-west2"), "{message}");
    let edit = Patch::Merge(json!({"spec": {"cloneFrom": {"name": "other"}}}));
    let refused = world.clusters().patch("copy", &PatchParams::default(), &edit).await;
    assert!(refused.unwrap_err().to_string().contains("cloneFrom is fixed"));
    world.finish().await;
}

#[tokio::test]
async fn a_cluster_that_is_renamed_in_the_console_is_followed() {
    let world = World::new("typedb-console").await;
    world.apply("orders", paid()).await;
    world.until_ready("orders").await;
    world.cloud.rename("orders", "sales").await;
    world
        .until("orders", "is followed", |manifest| {
            let id = manifest.status.as_ref().and_then(|status| status.common.external_id.as_ref());
            if id.is_some_and(|id| id.as_str() == "sales") { Ok(()) } else { Err(format!("it is {id:?}")) }
        })
        .await;
    world.until_ready("orders").await;
    assert!(world.cloud.effects().await.iter().all(|effect| !effect.starts_with("updated")));
    world.finish().await;
}

/// Where the operator is when it is killed.
#[derive(Clone, Copy, Debug)]
enum Point {
    /// The rename stands in the record, and nothing was sent.
    Announced,
    /// The request has arrived, and has its effect only after the kill.
    Sent,
    /// The cluster is renamed, and the answer on its way.
    Done,
}

#[tokio::test]
async fn kills_around_a_rename_leave_one_cluster_with_one_id() {
    let mut world = World::new("typedb-rename-kills").await;
    let points = [Point::Announced, Point::Sent, Point::Done];
    for (round, point) in points.into_iter().enumerate() {
        let (name, new) = (format!("orders-{round}"), format!("sales-{round}"));
        world.apply(&name, paid()).await;
        world.until_ready(&name).await;
        kill_at(&mut world, &name, &new, point).await;
        world.start_operator();
        // What was announced, and never sent, may take effect for a minute and a half.
        meanwhile(40).await;
        let manifest = world.until_ready(&name).await;
        assert_eq!(manifest.status.unwrap().common.external_id.unwrap().as_str(), new, "killed at {point:?}");
        world.way_in(&name).await;
    }
    assert_eq!(world.cloud.ids().await, ["sales-0", "sales-1", "sales-2"]);
    let effects = world.cloud.effects().await;
    assert_eq!(effects.iter().filter(|effect| effect.starts_with("updated")).count(), 3, "each once: {effects:?}");
    assert_eq!(effects.iter().filter(|effect| effect.starts_with("deployed")).count(), 3, "{effects:?}");
    world.finish().await;
}

async fn kill_at(world: &mut World, name: &str, new: &str, point: Point) {
    let record = format!("/namespaces/{}/secrets/typedbcluster.{}.{name}", world.operator_namespace, world.namespace);
    let latency = |when: &str| json!({"method": "PATCH", "path": format!("*/{name}"), "count": 1, "when": when, "kind": {"latency": {"millis": 1500}}});
    let path = format!("/{name}");
    let sent = world.cloud.count(Method::PATCH, &path).await;
    match point {
        Point::Announced => world.proxy.snag(Side::After, Method::PUT, record),
        Point::Sent => world.cloud.fault(latency("beforeEffect")).await,
        Point::Done => world.cloud.fault(latency("afterEffect")).await,
    }
    world.edit(name, json!({"spec": {"clusterId": new}})).await;
    eventually(&format!("{name} is at {point:?}"), async || {
        let is_there = match point {
            Point::Announced => world.proxy.is_snagged(),
            Point::Sent => world.cloud.count(Method::PATCH, &path).await > sent,
            Point::Done => world.cloud.ids().await.iter().any(|id| id == new),
        };
        if is_there { Ok(()) } else { Err("not yet".to_owned()) }
    })
    .await;
    world.kill_operator().await;
}
