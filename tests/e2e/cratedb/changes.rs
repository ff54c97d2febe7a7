//! Product, version and backups of a running cluster, what it costs, and a backup restored into a new one.

use http::Method;
use jiff::{SignedDuration, Timestamp};
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use super::{paid, status, until_says};
use crate::harness::{CrateWorld as World, eventually, meanwhile, with};

#[tokio::test]
async fn product_version_and_backups_are_changed_and_what_is_not_on_offer_is_told() {
    let world = World::new("crate-changes").await;
    world.apply("analytics", with(paid(), json!({"version": "5.8.1", "backup": {"hours": [2, 14]}}))).await;
    let manifest = world.until_ready("analytics").await;
    assert_eq!(status(&manifest).backup.unwrap().schedule, "55 2,14 * * *");
    world
        .until("analytics", "tells what it costs", |manifest| {
            let cost = status(manifest).common.hourly_cost;
            if cost.as_deref() == Some("0.2664") { Ok(()) } else { Err(format!("{cost:?}")) }
        })
        .await;
    assert!(world.kubectl(&["get", "cdb/analytics", "--output=wide"]).await.contains("0.2664"));

    let done = async |spec: Value| {
        world.edit("analytics", json!({"spec": spec})).await;
        world.until_ready("analytics").await;
        world.cloud.named("analytics").await
    };
    assert_eq!(done(json!({"product": {"name": "cr2"}})).await["product_name"], "cr2");
    assert_eq!(done(json!({"version": "5.9.4"})).await["crate_version"], "5.9.4");
    assert_eq!(done(json!({"backup": {"hours": [4]}})).await["backup_schedule"], "55 4 * * *");

    let table = [
        (json!({"version": "5.7.5"}), "ChangeRefused", "is not downgraded to 5.7.5", json!({"version": "5.9.4"})),
        (json!({"version": "6.1.0"}), "ChangeRefused", "it offers 5.10.1", json!({"version": "5.9.4"})),
        (
            json!({"product": {"name": "cr9"}}),
            "InvalidSpec",
            "There is no product cr9",
            json!({"product": {"name": "cr2"}}),
        ),
        (
            json!({"product": {"name": "s2"}, "nodes": 3}),
            "InvalidSpec",
            "s2 cannot be had with 3 nodes",
            json!({"product": {"name": "cr2"}, "nodes": 1}),
        ),
        (
            json!({"product": {"name": "s2"}}),
            "ChangeRefused",
            "cannot be changed to the product 's2'",
            json!({"product": {"name": "cr2"}}),
        ),
    ];
    for (wrong, reason, words, right) in table {
        world.edit("analytics", json!({"spec": wrong})).await;
        until_says(&world, "analytics", reason, &[words]).await;
        let asked = world.cloud.log().await.len();
        meanwhile(5).await;
        let more = world.cloud.log().await.len() - asked;
        assert!(more <= 8, "{more} requests in five seconds about {wrong}");
        done(right).await;
    }
    let expected =
        ["projectCreated", "created", "backupScheduleSet", "productChanged", "upgraded", "backupScheduleSet"];
    assert_eq!(world.cloud.actions().await, expected);
    world.finish().await;
}

/// A cluster made in the console five hours ago, which is backed up every hour; and its last backup.
async fn stock(world: &World, region: &str) -> (String, String) {
    let created = Timestamp::now() - SignedDuration::from_hours(5);
    let tables = ["doc.ledger", "doc.prices"];
    let stock = json!({"name": "stock", "region": region, "tables": tables, "created": created.to_string()});
    let id = world.cloud.seed_crate(stock).await;
    let last = Timestamp::now() - SignedDuration::from_mins(61);
    let minute = last.strftime("%M").to_string().parse::<i64>().expect("a minute");
    // Backups are made at five to the hour.
    let taken = if minute >= 55 { last } else { last - SignedDuration::from_hours(1) };
    (id, taken.strftime("%Y%m%d%H5500").to_string())
}

/// The tables of a cluster.
async fn tables(world: &World, name: &str) -> Value {
    let mut state = world.cloud.crate_state().await;
    let views = state["clusters"].as_array_mut().expect("clusters");
    views.iter_mut().find(|view| view["cluster"]["name"] == name).map(|view| view["tables"].take()).unwrap_or_default()
}

#[tokio::test]
async fn a_backup_is_restored_into_a_new_cluster() {
    let world = World::new("crate-restore").await;
    let (id, snapshot) = stock(&world, "eks1.eu-west-1.aws").await;
    let from = |spec: Value| with(paid(), json!({"restoreFrom": spec}));
    world.apply("stock", json!({"accountRef": {"name": "cratedb"}, "externalId": id})).await;
    let right = json!({"externalId": id, "snapshot": snapshot});
    let lacking = json!({"name": "stock", "snapshot": "20200101000000"});
    world.apply("orders", from(lacking)).await;
    until_says(&world, "orders", "InvalidSpec", &["has no backup 20200101000000", &snapshot]).await;
    let elsewhere = with(from(right.clone()), json!({"project": {"name": "far", "region": "aks1.westeurope.azure"}}));
    world.apply("far", elsewhere).await;
    until_says(&world, "far", "InvalidSpec", &["cluster stock is in eks1.eu-west-1.aws"]).await;
    assert_eq!(world.cloud.actions().await, Vec::<String>::new(), "nothing is created for what cannot be");

    world
        .edit("orders", json!({"spec": {"restoreFrom": {"externalId": id, "snapshot": snapshot, "name": null}}}))
        .await;
    let manifest = world.until_ready("orders").await;
    assert_eq!(tables(&world, "orders").await, json!(["doc.ledger", "doc.prices"]));
    let told = status(&manifest).restored_from.expect("what was restored");
    assert_eq!((told.external_id.as_str(), told.snapshot), (id.as_str(), snapshot));
    world.way_in("orders").await;
    assert_eq!(world.cloud.actions().await, ["projectCreated", "created", "snapshotRestored"]);
    let another = Patch::Merge(json!({"spec": {"restoreFrom": {"snapshot": "20200101000000"}}}));
    let refused = world.clusters().patch("orders", &PatchParams::default(), &another).await.unwrap_err();
    assert!(refused.to_string().contains("restoreFrom is fixed"), "{refused}");
    world.edit("orders", json!({"spec": {"restoreFrom": null}})).await;
    world.until_ready("orders").await;
    world.finish().await;
}

/// Has the operator killed at a moment of a restore, which is then made once all the same.
async fn is_killed_while_restoring(name: &str, prepare: impl AsyncFn(&World), there: impl AsyncFn(&World) -> bool) {
    let mut world = World::new(name).await;
    let (id, snapshot) = stock(&world, "eks1.eu-west-1.aws").await;
    prepare(&world).await;
    world.apply("orders", with(paid(), json!({"restoreFrom": {"externalId": id, "snapshot": snapshot}}))).await;
    eventually(
        "the restore is under way",
        async || if there(&world).await { Ok(()) } else { Err("not yet".to_owned()) },
    )
    .await;
    world.kill_operator().await;
    world.start_operator();
    world.until_ready("orders").await;
    assert_eq!(tables(&world, "orders").await, json!(["doc.ledger", "doc.prices"]));
    assert_eq!(world.cloud.actions().await, ["projectCreated", "created", "snapshotRestored"]);
    assert_eq!(world.cloud.count(Method::POST, "/snapshots/restore/").await, 1);
    world.way_in("orders").await;
    world.finish().await;
}

fn slow(when: &str) -> Value {
    json!({"method": "POST", "path": "/api/v2/*/snapshots/restore/", "count": 1, "when": when,
        "kind": {"latency": {"millis": 1500}}})
}

#[tokio::test]
async fn a_kill_before_a_restore_has_its_effect() {
    let sent = async |world: &World| world.cloud.count(Method::POST, "/snapshots/restore/").await > 0;
    is_killed_while_restoring("crate-restore-sent", async |world| world.cloud.fault(slow("beforeEffect")).await, sent)
        .await;
}

#[tokio::test]
async fn a_kill_after_a_restore_had_its_effect() {
    let done = async |world: &World| world.cloud.actions().await.len() == 3;
    is_killed_while_restoring("crate-restore-done", async |world| world.cloud.fault(slow("afterEffect")).await, done)
        .await;
}
