//! Clusters that become copies of others.

use clusterwright::simulator::typedb::NewCluster;
use clusterwright::simulator::{Fault, FaultKind, Settings};
use http::Method;
use rstest::rstest;
use serde_json::{Value, json};

use super::changes::{effects, view};
use crate::world::manifests::{ACCOUNT, HERE, cluster};
use crate::world::{World, in_space, on_virtual_time};

/// A manifest that says nothing but what it copies.
fn copy(of: &Value) -> Value {
    json!({
        "apiVersion": "clusterwright.dev/v1alpha1", "kind": "TypeDBCluster",
        "metadata": {"name": "copy", "namespace": HERE},
        "spec": {"accountRef": {"name": ACCOUNT}, "cloneFrom": of},
    })
}

fn world(keeps_users: bool) -> World {
    let mut settings = Settings::default();
    settings.typedb.unknowns.clone_keeps_users = keeps_users;
    let mut world = World::with(settings);
    world.start();
    world
}

async fn is_a_copy(world: &World) {
    world.ready("copy").await;
    assert_eq!(effects(world, "cloned"), 1);
    assert_eq!(view(world, "copy").cluster.machine_type.as_deref(), Some("c2d-highcpu-2"));
    let password = world.published("copy").unwrap();
    assert!(world.opens("copy", &password).await);
    assert_ne!(Some(password), world.published("orders"), "a copy has a password of its own");
    world.audit().await;
}

#[rstest]
fn a_copy_of_another_manifests_cluster(
    #[values(true, false)] keeps_users: bool,
    #[values("name", "externalId")] by: &str,
) {
    on_virtual_time(async {
        let world = world(keeps_users);
        world.apply(&cluster(HERE, "orders"));
        world.ready("orders").await;
        world.apply(&copy(&json!({by: "orders"})));
        is_a_copy(&world).await;
    });
}

#[tokio::test(start_paused = true)]
async fn a_copy_waits_for_its_source() {
    let world = world(true);
    world.apply(&copy(&json!({"name": "orders"})));
    world.pass(60).await;
    assert_eq!(world.reason_now("copy"), "Creating");
    world.reason("copy", "InvalidSpec", 600).await;
    world.apply(&cluster(HERE, "orders"));
    is_a_copy(&world).await;
}

#[rstest]
fn a_lost_answer_to_a_clone(#[values(true, false)] takes_effect: bool, #[values(1, 3)] times: u32) {
    on_virtual_time(async {
        let world = world(true);
        world.apply(&cluster(HERE, "orders"));
        world.ready("orders").await;
        let fault = Fault::new("*/clone", FaultKind::Cut).method(&Method::POST).times(times);
        world.fault(if takes_effect { fault.after_effect() } else { fault });
        world.apply(&copy(&json!({"name": "orders"})));
        is_a_copy(&world).await;
    });
}

#[tokio::test(start_paused = true)]
async fn a_copy_of_a_strangers_cluster_asks_for_its_password() {
    let world = world(true);
    let stranger = NewCluster { password: Some("theirs".into()), ..NewCluster::new("orders") };
    world.cloud.seed(stranger).unwrap();
    world.apply(&copy(&json!({"externalId": "orders"})));
    world.reason("copy", "AdminPasswordUnknown", 3600).await;
    world.user().create(crate::world::manifests::secret_of(HERE, "theirs", &json!({"password": "theirs"})));
    world.edit(HERE, "copy", &json!({"spec": {"admin": {"currentPasswordSecretRef": {"name": "theirs"}}}}));
    is_a_copy(&world).await;
    assert!(world.opens("orders", "theirs").await, "the source is left alone");
}

#[tokio::test(start_paused = true)]
async fn a_copy_outlives_its_source() {
    let world = world(true);
    world.apply(&cluster(HERE, "orders"));
    world.ready("orders").await;
    world.apply(&copy(&json!({"name": "orders"})));
    is_a_copy(&world).await;
    world.delete(HERE, "orders");
    world.gone("orders").await;
    world.cloud.remove(&in_space("orders")).unwrap();
    world.pass(1800).await;
    world.ready("copy").await;
    assert_eq!(effects(&world, "cloned"), 1);
    world.ledger.check();
}
