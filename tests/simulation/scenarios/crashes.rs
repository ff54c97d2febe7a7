//! The operator ends between any two of its requests.

use serde_json::json;

use clusterwright::simulator::Settings;

use crate::world::manifests::{HERE, cluster, with};
use crate::world::{World, on_virtual_time};

/// A world in a hurry: there is less to see while a cluster starts.
fn hurried() -> World {
    World::with(Settings { speed: 60.0.try_into().unwrap(), ..Settings::default() })
}

/// How often the requests of an undisturbed life pass, counted until the manifest is Ready.
fn passes_until_ready() -> usize {
    on_virtual_time(async {
        let mut world = hurried();
        world.start();
        world.apply(&cluster(HERE, "orders"));
        world.ready("orders").await;
        world.passed()
    })
}

#[test]
fn a_crash_anywhere_leaves_one_cluster_and_a_way_in() {
    for passes in 0..passes_until_ready() {
        on_virtual_time(async {
            let mut world = hurried();
            world.apply(&with(cluster(HERE, "orders"), &json!({"deletionPolicy": "Delete"})));
            world.start_until(Some(passes));
            world.death().await;
            world.start();
            world.ready("orders").await;
            assert_eq!(world.clusters().len(), 1, "after {passes} passes");
            let password = world.published("orders").unwrap();
            assert!(world.opens("orders", &password).await, "after {passes} passes");
            world.audit().await;
            world.delete(HERE, "orders");
            world.gone("orders").await;
            assert_eq!(world.clusters().len(), 0);
        });
    }
}
