//! Product, version and backups of a running cluster, and what the cloud does not have to offer.

use rstest::rstest;
use serde_json::{Value, json};

use super::{asleep, awake, becomes, effects, message, reasons, view};
use crate::world::cratedb::cluster;
use crate::world::manifests::{HERE, with};
use crate::world::{World, on_virtual_time, reason_of};

/// A world with a cluster of this version, and whatever else is said.
async fn with_orders(spec: &Value) -> World {
    let world = awake();
    world.apply(&with(with(cluster(HERE, "orders"), &json!({"version": "5.8.1"})), spec));
    world.ready("orders").await;
    world
}

fn questions(world: &World, what: &str) -> usize {
    world.asked(|row| row.method == "GET" && row.path.ends_with(what)).len()
}

#[rstest]
fn each_is_followed_to_its_end(#[values(false, true)] as_list: bool) {
    on_virtual_time(async {
        let world = with_orders(&json!({})).await;
        world.cloud.configure(|settings| settings.cratedb.unknowns.versions_as_list = as_list);
        let now = || view(&world, "orders").unwrap().cluster;
        let cost = |manifest: &Value| manifest["status"]["hourlyCost"].as_str().map(str::to_owned);

        let larger = becomes(&world, json!({"product": {"name": "cr2"}})).await;
        assert_eq!(
            (larger["status"]["productName"].as_str(), now().product_name.as_deref()),
            (Some("cr2"), Some("cr2"))
        );
        let upgraded = becomes(&world, json!({"version": "5.9.4"})).await;
        assert_eq!((&upgraded["status"]["version"], now().crate_version.as_deref()), (&json!("5.9.4"), Some("5.9.4")));
        let backed_up = becomes(&world, json!({"backup": {"hours": [2, 14]}})).await;
        assert_eq!(backed_up["status"]["backup"], json!({"schedule": "55 2,14 * * *", "hours": [2, 14]}));
        assert_eq!(now().backup_schedule.as_deref(), Some("55 2,14 * * *"));
        for (action, times) in [("productChanged", 1), ("upgraded", 1), ("backupScheduleSet", 1)] {
            assert_eq!(effects(&world, action), times, "{action}");
        }
        assert_eq!(questions(&world, "/available-upgrades/"), 1);

        // 0.52 for the node, and 32 GiB of storage at 0.0002.
        assert_eq!(cost(&world.manifest(HERE, "orders").unwrap()).as_deref(), Some("0.5264"));
        let asked = questions(&world, "/products/clusters/price");
        world.pass(20 * 3600).await;
        assert_eq!(questions(&world, "/products/clusters/price"), asked, "a price is asked once a day");
        assert_eq!(cost(&becomes(&world, json!({"nodes": 2})).await).as_deref(), Some("1.0528"));
        world.audit().await;
    });
}

#[tokio::test(start_paused = true)]
async fn a_price_that_is_not_told_keeps_nothing_from_being_ready() {
    let world = asleep(clusterwright::simulator::Settings::default());
    let silent = clusterwright::simulator::Status::try_from(500).unwrap();
    let fault = clusterwright::simulator::Fault::new("*/price", clusterwright::simulator::FaultKind::status(silent));
    world.fault(fault);
    let mut world = world;
    world.start();
    world.apply(&cluster(HERE, "orders"));
    let manifest = world.ready("orders").await;
    world.pass(3000).await;
    assert!(manifest["status"]["hourlyCost"].is_null());
    assert!(questions(&world, "/price") <= 3, "{} questions in an hour", questions(&world, "/price"));
    assert_eq!(reasons(&world, "orders").last().unwrap(), "Running");
    world.audit().await;
}

#[rstest]
#[case::a_leap("5.10.1", "does not offer to upgrade version 5.8.1 to 5.10.1")]
#[case::a_downgrade("5.7.5", "runs version 5.8.1, and is not downgraded to 5.7.5")]
#[case::nonsense("9.9.9", "does not offer to upgrade version 5.8.1 to 9.9.9")]
fn a_version_that_is_not_offered_is_asked_for_hourly_and_never_sent(#[case] version: &str, #[case] says: &str) {
    on_virtual_time(async {
        let world = with_orders(&json!({})).await;
        world.edit(HERE, "orders", &json!({"spec": {"version": version}}));
        let refused = world.reason("orders", "ChangeRefused", 60).await;
        assert!(message(&refused).contains(says) && message(&refused).contains("5.9.4"), "{}", message(&refused));
        let told = reasons(&world, "orders").len();
        world.pass(3 * 3600).await;
        assert_eq!(effects(&world, "upgraded"), 0);
        assert!(world.asked(|row| row.path.ends_with("/upgrade/")).is_empty());
        let asked = questions(&world, "/available-upgrades/");
        assert!((3..=5).contains(&asked), "{asked} questions in three hours");
        assert_eq!(reasons(&world, "orders").len(), told, "it does not flap: {:?}", reasons(&world, "orders"));
        becomes(&world, json!({"version": "5.9.4"})).await;
        assert_eq!(effects(&world, "upgraded"), 1);
    });
}

#[tokio::test(start_paused = true)]
async fn a_version_that_comes_to_be_offered_is_taken_within_the_hour() {
    let world = with_orders(&json!({})).await;
    world.edit(HERE, "orders", &json!({"spec": {"version": "5.9.9"}}));
    world.reason("orders", "ChangeRefused", 60).await;
    world.cloud.configure(|settings| settings.cratedb.versions.stable.insert(6, "5.9.9".to_owned()));
    world.pass(4500).await;
    world.ready("orders").await;
    assert_eq!(effects(&world, "upgraded"), 1);
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn a_product_that_does_not_fit_is_told_and_nothing_is_sent() {
    let world = with_orders(&json!({})).await;
    world.edit(
        HERE,
        "orders",
        &json!({"spec": {"product": {"name": "s2"}, "nodes": 3, "storage": {"sizePerNodeGiB": 64}}}),
    );
    let refused = world.reason("orders", "InvalidSpec", 60).await;
    assert!(message(&refused).contains("s2 cannot be had with 3 nodes"), "{}", message(&refused));
    let told = reasons(&world, "orders").len();
    world.pass(3600).await;
    for action in ["productChanged", "scaled", "storageExpanded"] {
        assert_eq!(effects(&world, action), 0, "{action}");
    }
    assert_eq!(reasons(&world, "orders").len(), told, "it does not flap: {:?}", reasons(&world, "orders"));
    assert!(questions(&world, "/products/cluster/") <= 12, "{}", questions(&world, "/products/cluster/"));

    // One that fits, and that the cloud has no way to.
    world.edit(HERE, "orders", &json!({"spec": {"nodes": 1}}));
    let refused = world.reason("orders", "ChangeRefused", 900).await;
    assert!(message(&refused).contains("cannot be changed to the product 's2'"), "{}", message(&refused));
    world.pass(1800).await;
    assert_eq!(world.asked(|row| row.path.ends_with("/product/")).len(), 1, "it is not hammered");
    becomes(&world, json!({"product": {"name": "cr3"}})).await;
    assert_eq!((effects(&world, "productChanged"), effects(&world, "storageExpanded")), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn what_somebody_changes_in_the_console_is_put_right() {
    let world = with_orders(&json!({"backup": {"hours": [3]}})).await;
    let id = view(&world, "orders").unwrap().cluster.id;
    world.cloud.cratedb().act(&id, "backup-schedule", &json!({"backup_hours": "4-8"})).unwrap();
    world.pass(300).await;
    assert_eq!(view(&world, "orders").unwrap().cluster.backup_schedule.as_deref(), Some("55 3 * * *"));
    world.cloud.cratedb().act(&id, "product", &json!({"product_name": "cr4"})).unwrap();
    world.pass(1500).await;
    assert_eq!(view(&world, "orders").unwrap().cluster.product_name.as_deref(), Some("cr1"));
    assert_eq!(reason_of(&world.manifest(HERE, "orders").unwrap()), "Running");
    world.audit().await;
}
