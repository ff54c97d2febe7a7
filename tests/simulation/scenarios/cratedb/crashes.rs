//! The operator ends between any two of its requests.

use clusterwright::simulator::Settings;
use serde_json::{Value, json};

use super::{asleep, effects, mine, restore, view};
use crate::world::cratedb::cluster;
use crate::world::manifests::{HERE, secret_of, with};
use crate::world::{World, on_virtual_time};

/// A request passes before it is sent and after it was answered, and what lies between an answer and the next request
/// needs no two looks.
const EVERY_REQUEST: usize = 2;

/// A world in a hurry, with a manifest: there is less to see while operations run.
fn hurried() -> World {
    let world = asleep(Settings { speed: 60.0.try_into().unwrap(), ..Settings::default() });
    world.user().create(secret_of(HERE, "mine", &json!({"password": mine(1)})));
    world.apply(&with(cluster(HERE, "orders"), &json!({"deletionPolicy": "Delete"})));
    world
}

#[test]
fn a_crash_anywhere_leaves_one_cluster_and_a_way_in() {
    let undisturbed = on_virtual_time(async {
        let mut world = hurried();
        world.start();
        world.ready("orders").await;
        world.passed()
    });
    for passes in (0..undisturbed).step_by(EVERY_REQUEST) {
        on_virtual_time(async {
            let mut world = hurried();
            world.start_until(Some(passes));
            world.death().await;
            world.start();
            world.ready("orders").await;
            assert_eq!(effects(&world, "created"), 1, "after {passes} passes");
            assert_eq!(effects(&world, "projectCreated"), 1, "after {passes} passes");
            world.audit().await;
        });
    }
}

/// Runs a world until Ready, has the operator die after any number of requests from an edit on, and sees to the end.
fn dies_anywhere_after(act: impl Fn(&World), end: &impl AsyncFn(&World), judge: impl Fn(&World, usize)) {
    let undisturbed = on_virtual_time(async {
        let mut world = hurried();
        world.start();
        world.ready("orders").await;
        world.start();
        world.pass(60).await;
        let before = world.passed();
        act(&world);
        end(&world).await;
        world.passed() - before
    });
    for passes in (0..undisturbed).step_by(EVERY_REQUEST) {
        on_virtual_time(async {
            let mut world = hurried();
            world.start();
            world.ready("orders").await;
            world.die_after(passes);
            act(&world);
            world.death().await;
            world.start();
            end(&world).await;
            world.pass(60).await;
            world.audit().await;
            judge(&world, passes);
        });
    }
}

fn edit(spec: Value) -> impl Fn(&World) {
    move |world| world.edit(HERE, "orders", &json!({"spec": spec}))
}

async fn is_ready(world: &World) {
    world.ready("orders").await;
}

#[test]
fn a_crash_while_scaling_scales_once() {
    dies_anywhere_after(edit(json!({"nodes": 3})), &is_ready, |world, passes| {
        assert_eq!(view(world, "orders").unwrap().cluster.product_unit, Some(2));
        assert_eq!(effects(world, "scaled"), 1, "after {passes} passes");
    });
}

#[test]
fn a_crash_while_a_backup_is_restored_restores_it_once() {
    let story = async || {
        let world = restore::stocked("eks1.eu-west-1.aws", 60.0).await;
        world.apply(&restore::orders(&world));
        world
    };
    let undisturbed = on_virtual_time(async {
        let mut world = story().await;
        world.start();
        world.ready("orders").await;
        world.passed()
    });
    for passes in (0..undisturbed).step_by(EVERY_REQUEST) {
        on_virtual_time(async {
            let mut world = story().await;
            world.start_until(Some(passes));
            world.death().await;
            world.start();
            world.ready("orders").await;
            let (created, restored) = (effects(&world, "created"), effects(&world, "snapshotRestored"));
            assert_eq!((created, restored), (1, 1), "after {passes} passes");
            assert_eq!(view(&world, "orders").unwrap().tables.len(), 2, "after {passes} passes");
            world.audit().await;
        });
    }
}

#[test]
fn a_crash_while_a_password_is_changed_leaves_a_way_in() {
    dies_anywhere_after(edit(json!({"passwordSecretRef": {"name": "mine"}})), &is_ready, |world, passes| {
        assert_eq!(world.published("orders").unwrap(), mine(1), "after {passes} passes");
        assert_eq!(effects(world, "passwordSet"), 1, "after {passes} passes");
    });
}

#[test]
fn a_crash_while_destroying_destroys_and_ends() {
    let gone = async |world: &World| world.gone("orders").await;
    dies_anywhere_after(
        |world| world.delete(HERE, "orders"),
        &gone,
        |world, passes| {
            assert!(view(world, "orders").is_none(), "after {passes} passes");
            assert_eq!(world.records(), 0, "after {passes} passes");
        },
    );
}
