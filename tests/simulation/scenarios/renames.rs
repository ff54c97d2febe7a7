//! A cluster gets another id: by the manifest, by somebody else, and amid everything that can go wrong.

use clusterwright::api::identity::ClusterId;
use clusterwright::simulator::{Fault, FaultKind, Settings};
use http::Method;
use rstest::rstest;
use serde_json::json;

use super::changes::{effects, reasons, settled, view};
use crate::world::manifests::{HERE, cluster, with};
use crate::world::{World, in_space, on_virtual_time};

fn rename(world: &World, id: &str) {
    world.edit(HERE, "orders", &json!({"spec": {"clusterId": id}}));
}

fn never_missed(world: &World) {
    let reasons = reasons(world, "orders");
    assert!(!reasons.iter().any(|reason| reason == "Vanished" || reason == "Replaced"), "{reasons:?}");
}

async fn is_called(world: &World, id: &str) {
    let manifest = world.ready("orders").await;
    assert_eq!(manifest["status"]["externalId"], id);
    assert_eq!(world.clusters().len(), 1);
    let password = world.published("orders").unwrap();
    assert!(world.opens(id, &password).await);
    never_missed(world);
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn an_id_that_is_edited_renames_and_the_end_destroys_the_renamed() {
    let world = settled().await;
    let born = view(&world, "orders").cluster.created_at;
    rename(&world, "sales");
    is_called(&world, "sales").await;
    assert_eq!(view(&world, "sales").cluster.created_at, born);
    assert_eq!(effects(&world, "updated"), 1);
    assert!(reasons(&world, "orders").contains(&"Renaming".to_owned()));
    assert!(world.secret(HERE, "orders-typedb", "uri").unwrap().ends_with("name=sales"));
    world.delete(HERE, "orders");
    world.gone("orders").await;
    assert_eq!(world.clusters().len(), 0);
}

#[rstest]
fn a_lost_answer_to_a_rename(#[values(true, false)] takes_effect: bool, #[values(1, 3)] times: u32) {
    on_virtual_time(async {
        let world = settled().await;
        let fault = Fault::new("*/orders", FaultKind::Cut).method(&Method::PATCH).times(times);
        world.fault(if takes_effect { fault.after_effect() } else { fault });
        rename(&world, "sales");
        is_called(&world, "sales").await;
        assert_eq!(effects(&world, "updated"), 1);
    });
}

#[test]
fn a_crash_anywhere_around_a_rename_leaves_one_cluster_with_one_id() {
    let hurried = || {
        let mut world = World::with(Settings { speed: 60.0.try_into().unwrap(), ..Settings::default() });
        world.start();
        world.apply(&cluster(HERE, "orders"));
        world
    };
    let undisturbed = on_virtual_time(async {
        let mut world = hurried();
        world.ready("orders").await;
        world.start();
        world.pass(60).await;
        let before = world.passed();
        rename(&world, "sales");
        is_called(&world, "sales").await;
        world.passed() - before
    });
    for passes in 0..undisturbed {
        on_virtual_time(async {
            let mut world = hurried();
            world.ready("orders").await;
            world.die_after(passes);
            rename(&world, "sales");
            world.death().await;
            world.start();
            is_called(&world, "sales").await;
            assert_eq!(effects(&world, "updated"), 1, "after {passes} passes");
        });
    }
}

#[tokio::test(start_paused = true)]
async fn a_rename_in_the_console_is_followed() {
    let world = settled().await;
    world.cloud.rename(&in_space("orders"), ClusterId::new("sales")).unwrap();
    world.until(HERE, "orders", 600, |manifest| manifest["status"]["externalId"] == "sales").await;
    is_called(&world, "sales").await;
    world.pass(1800).await;
    assert_eq!(effects(&world, "updated"), 0, "it is put right only where the id is written");
    world.delete(HERE, "orders");
    world.gone("orders").await;
    assert_eq!(world.clusters().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_rename_in_the_console_is_put_right_where_the_id_is_written() {
    let world = World::awake();
    world.apply(&with(cluster(HERE, "orders"), &json!({"clusterId": "orders"})));
    world.ready("orders").await;
    world.cloud.rename(&in_space("orders"), ClusterId::new("sales")).unwrap();
    world.pass(900).await;
    is_called(&world, "orders").await;
    assert_eq!(effects(&world, "updated"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_rename_in_the_console_to_make_room_for_another_is_followed() {
    let world = settled().await;
    world.cloud.rename(&in_space("orders"), ClusterId::new("sales")).unwrap();
    world.cloud.seed(clusterwright::simulator::typedb::NewCluster::new("orders")).unwrap();
    world.until(HERE, "orders", 600, |manifest| manifest["status"]["externalId"] == "sales").await;
    world.ready("orders").await;
    never_missed(&world);
    world.delete(HERE, "orders");
    world.gone("orders").await;
    let left: Vec<_> = world.clusters().iter().map(|view| view.cluster.id.to_string()).collect();
    assert_eq!(left, ["orders"], "the stranger stays");
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_taken_is_said_and_nothing_is_lost() {
    let world = settled().await;
    world.cloud.seed(clusterwright::simulator::typedb::NewCluster::new("sales")).unwrap();
    // Until it is listed, only the cloud's own refusal tells of it.
    world.pass(120).await;
    rename(&world, "sales");
    let held = world.reason("orders", "NameTaken", 600).await;
    assert_eq!(held["status"]["externalId"], "orders");
    assert_eq!(world.asked(|row| row.method == "PATCH").len(), 0);
    world.cloud.remove(&in_space("sales")).unwrap();
    is_called(&world, "sales").await;
}

#[tokio::test(start_paused = true)]
async fn what_was_adopted_by_its_former_id_stays_bound_to_it() {
    let world = World::awake();
    world.cloud.seed(clusterwright::simulator::typedb::NewCluster::new("sales")).unwrap();
    world.apply(&with(cluster(HERE, "orders"), &json!({"externalId": "sales", "storageSizeGB": 10, "backup": null})));
    world.ready("orders").await;
    rename(&world, "wares");
    let manifest = world.until(HERE, "orders", 600, |manifest| manifest["status"]["externalId"] == "wares").await;
    assert_eq!(manifest["spec"]["externalId"], "sales");
    world.ready("orders").await;
    world.pass(600).await;
    world.ready("orders").await;
    never_missed(&world);
    world.audit().await;
}
