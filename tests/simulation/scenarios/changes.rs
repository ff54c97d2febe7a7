//! Changes of clusters that run, in TypeDB Cloud.

use clusterwright::simulator::typedb::ClusterView;
use clusterwright::simulator::{Fault, FaultKind, Settings};
use http::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::world::manifests::{HERE, cluster, with};
use crate::world::{World, in_space, on_virtual_time, reason_of};

/// The cluster of this id, as the simulator knows it.
pub(super) fn view(world: &World, id: &str) -> ClusterView {
    let clusters = world.clusters();
    clusters.into_iter().find(|view| view.cluster.id.as_str() == id).unwrap_or_else(|| panic!("there is no {id}"))
}

/// How often something was done in the cloud.
pub(super) fn effects(world: &World, action: &str) -> usize {
    world.asked(|row| row.effect.as_ref().is_some_and(|effect| effect.action == action)).len()
}

/// Every reason that a manifest has stood at.
pub(super) fn reasons(world: &World, name: &str) -> Vec<String> {
    let history = world.user().history("TypeDBCluster", HERE, name);
    history.iter().flatten().map(|state| reason_of(state).to_owned()).collect()
}

/// A world with a cluster that is Ready.
pub(super) async fn settled() -> World {
    let world = World::awake();
    world.apply(&with(cluster(HERE, "orders"), &json!({"deletionPolicy": "Delete"})));
    world.ready("orders").await;
    world
}

#[tokio::test(start_paused = true)]
async fn everything_that_is_edited_is_carried_out_once_and_in_order() {
    let world = settled().await;
    let wishes = json!({
        "storageSizeGB": 50, "machineType": "c2d-highcpu-4", "backup": {"frequency": "Hourly", "retentionDays": 30},
        "power": "Suspended",
    });
    world.edit(HERE, "orders", &json!({"spec": wishes}));
    world.reason("orders", "Suspended", 3600).await;
    let there = view(&world, "orders");
    assert_eq!(
        (there.cluster.storage_size_gb, there.cluster.machine_type.as_deref()),
        (Some(50), Some("c2d-highcpu-4"))
    );
    assert_eq!(
        (there.backup_configuration.frequency.as_str(), there.backup_configuration.retention_days),
        ("hourly", Some(30))
    );
    let asked = world.asked(|row| row.effect.as_ref().is_some_and(|effect| effect.action == "updated"));
    let fields: Vec<_> =
        asked.iter().filter_map(|row| row.effect.as_ref()).flat_map(|effect| effect.fields.clone()).collect();
    assert_eq!(fields, ["storageSizeGB", "machineType", "backupConfiguration"]);
    assert_eq!(effects(&world, "suspended"), 1);

    world.edit(HERE, "orders", &json!({"spec": {"power": "Running", "storageSizeGB": 60}}));
    world.ready("orders").await;
    assert_eq!((effects(&world, "resumed"), view(&world, "orders").cluster.storage_size_gb), (1, Some(60)));
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_is_wanted_suspended_from_the_start_gets_its_password_first() {
    let world = World::awake();
    world.apply(&with(cluster(HERE, "orders"), &json!({"power": "Suspended"})));
    world.reason("orders", "Suspended", 3600).await;
    let order: Vec<_> = world.asked(|row| row.effect.is_some()).into_iter().filter_map(|row| row.effect).collect();
    let actions: Vec<_> = order.iter().map(|effect| effect.action.to_string()).collect();
    assert_eq!(actions, ["deployed", "passwordSet", "suspended"]);
    world.pass(1800).await;
    assert_eq!(effects(&world, "resumed"), 0);
    world.audit().await;
}

fn lost(after: bool) -> Fault {
    let fault = Fault::new("*/orders", FaultKind::Cut).method(&Method::PATCH).times(2);
    if after { fault.after_effect() } else { fault }
}

#[rstest]
#[case::of_storage(json!({"storageSizeGB": 70}))]
#[case::of_a_machine(json!({"machineType": "c2d-highcpu-8"}))]
#[case::of_backups(json!({"backup": {"frequency": "Hourly"}}))]
fn a_lost_answer(#[case] wishes: Value, #[values(true, false)] takes_effect: bool) {
    on_virtual_time(async {
        let world = settled().await;
        world.fault(lost(takes_effect));
        world.edit(HERE, "orders", &json!({"spec": wishes}));
        world.ready("orders").await;
        world.pass(600).await;
        let there = view(&world, "orders");
        let is = json!({
            "storageSizeGB": there.cluster.storage_size_gb, "machineType": there.cluster.machine_type,
            "backup": {"frequency": if there.backup_configuration.frequency == "hourly" { "Hourly" } else { "other" }},
        });
        let field = wishes.as_object().unwrap().keys().next().unwrap();
        assert_eq!(is[field], wishes[field]);
        world.audit().await;
    });
}

#[tokio::test(start_paused = true)]
async fn what_somebody_else_changes_is_put_right() {
    let world = settled().await;
    let Value::Object(fields) = json!({"machineType": "c2d-highcpu-16", "storageSizeGB": 500}) else { unreachable!() };
    world.cloud.edit(&in_space("orders"), fields).unwrap();
    world.until(HERE, "orders", 600, |manifest| manifest["status"]["storageSizeGB"] == 500).await;
    world.pass(900).await;
    let there = view(&world, "orders");
    assert_eq!(there.cluster.machine_type.as_deref(), Some("c2d-highcpu-2"));
    assert_eq!(there.cluster.storage_size_gb, Some(500), "storage never shrinks");
    world.ready("orders").await;
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn what_the_cloud_refuses_is_said_and_not_hammered() {
    let world = settled().await;
    world.edit(HERE, "orders", &json!({"spec": {"machineType": "nothing-like-it", "storageSizeGB": 30}}));
    world.reason("orders", "ChangeRefused", 600).await;
    assert_eq!(view(&world, "orders").cluster.storage_size_gb, Some(30), "a refused step is no barrier");
    let asked = || world.asked(|row| row.method == "PATCH").len();
    let before = asked();
    world.pass(3000).await;
    assert_eq!(asked(), before);
    world.edit(HERE, "orders", &json!({"spec": {"machineType": "c2d-highcpu-4"}}));
    world.ready("orders").await;
    world.audit().await;
}

/// Whatever the cloud calls what it does, and whenever it shows it.
#[rstest]
fn every_change_ends_in_a_cloud_that(
    #[values("updating", "running")] calls_it: &str,
    #[values(true, false)] shows_it_at_once: bool,
) {
    on_virtual_time(async {
        let mut settings = Settings::default();
        let unknowns = &mut settings.typedb.unknowns;
        unknowns.updating_status = calls_it.to_owned();
        unknowns.update_shows_at_once = shows_it_at_once;
        unknowns.serves_while_updating = shows_it_at_once;
        (unknowns.address_survives_suspend, unknowns.address_survives_rename) = (shows_it_at_once, shows_it_at_once);
        let mut world = World::with(settings);
        world.start();
        world.apply(&cluster(HERE, "orders"));
        world.ready("orders").await;
        world.edit(HERE, "orders", &json!({"spec": {"storageSizeGB": 40, "machineType": "c2d-highcpu-4"}}));
        world.pass(3900).await;
        world.ready("orders").await;
        world.edit(HERE, "orders", &json!({"spec": {"power": "Suspended", "clusterId": "sales"}}));
        world.until(HERE, "orders", 7200, |manifest| manifest["status"]["power"] == "Suspended").await;
        world.edit(HERE, "orders", &json!({"spec": {"power": "Running"}}));
        world.pass(3900).await;
        let manifest = world.ready("orders").await;
        assert_eq!(manifest["status"]["externalId"], "sales");
        let password = world.published("orders").unwrap();
        assert!(world.opens("sales", &password).await);
        world.audit().await;
    });
}
