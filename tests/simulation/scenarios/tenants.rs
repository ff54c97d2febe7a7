//! A tenant, who uses the account of another namespace, and tries to reach what others have through it.

use clusterwright::simulator::typedb::NewCluster;
use rstest::rstest;
use serde_json::{Value, json};

use crate::world::manifests::{ACCOUNT, HERE, cluster, with};
use crate::world::{World, condition, is_ready, on_virtual_time, reason_of};

const THERE: &str = "tenant";

/// The account is here, and the tenant's namespace has none.
fn shared(permit: &[&str]) -> World {
    let world = World::awake();
    world.user().create_namespace(THERE);
    grant(&world, permit);
    world
}

fn grant(world: &World, permit: &[&str]) {
    let allowed = json!({"spec": {"allowedNamespaces": {"from": "All", "permit": permit}}});
    world.user().merge("CloudAccount", HERE, ACCOUNT, &allowed);
}

/// A tenant's manifest.
fn tenants(name: &str, spec: &Value) -> Value {
    let through = json!({"accountRef": {"name": ACCOUNT, "namespace": HERE}});
    with(with(cluster(THERE, name), &through), spec)
}

fn bound_to(name: &str, id: &str, spec: &Value) -> Value {
    let mut manifest = tenants(name, &json!({}));
    manifest["spec"] = json!({"accountRef": {"name": ACCOUNT, "namespace": HERE}, "externalId": id});
    with(manifest, spec)
}

fn message(object: &Value) -> String {
    condition(object, "Ready")["message"].as_str().unwrap_or_default().to_owned()
}

async fn says(world: &World, name: &str, reason: &str) -> String {
    message(&world.until(THERE, name, 900, |state| reason_of(state) == reason).await)
}

/// What the cloud was changed by, besides what is expected.
fn changes(world: &World) -> usize {
    world.asked(|row| row.effect.is_some()).len()
}

#[rstest]
#[case::adopting(&json!({}))]
#[case::observing(&json!({"management": "Observed"}))]
#[case::destroying(&json!({"deletionPolicy": "Delete"}))]
fn another_namespaces_cluster_is_out_of_reach(#[case] spec: &Value) {
    on_virtual_time(async {
        let world = shared(&["Create", "Delete"]);
        world.apply(&cluster(HERE, "orders"));
        world.ready("orders").await;
        world.cloud.seed(NewCluster::new("ledger")).unwrap();
        world.pass(120).await;
        let (before, password) = (changes(&world), world.published("orders").unwrap());
        for id in ["orders", "ledger", "nothing"] {
            let name = format!("reaches-{id}");
            world.apply(&bound_to(&name, id, spec));
            let told = says(&world, &name, "NamespaceNotAllowed").await;
            // It is the same whether there is such a cluster or not.
            assert!(told.contains("does not permit this namespace") && !told.contains(id), "{told}");
            let state = world.manifest(THERE, &name).unwrap();
            assert!(state["status"]["externalId"].is_null() && !state.to_string().contains("typedb.com:"), "{state}");
            world.delete(THERE, &name);
            world.pass(60).await;
            let held = world.manifest(THERE, &name);
            assert!(held.is_none(), "nothing is left to destroy: {held:?}");
        }
        assert_eq!(changes(&world), before);
        assert_eq!(world.published("orders"), Some(password), "the owner's way in is as it was");
        assert!(is_ready(&world.manifest(HERE, "orders").unwrap()));
        world.audit().await;
    });
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_taken_tells_nothing_of_who_has_it() {
    let world = shared(&["Create", "Delete"]);
    world.apply(&cluster(HERE, "orders"));
    world.ready("orders").await;
    world.cloud.seed(NewCluster::new("ledger")).unwrap();
    world.pass(120).await;
    for id in ["orders", "ledger"] {
        world.apply(&tenants(id, &json!({})));
        let told = says(&world, id, "NameTaken").await;
        assert_eq!(told, format!("The name {id} is in use. Give spec.clusterId another value."));
    }
    assert_eq!(world.deploys().len(), 1);
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn a_forged_status_opens_nothing() {
    let world = shared(&["Create", "Delete"]);
    world.apply(&cluster(HERE, "orders"));
    let owned = world.ready("orders").await;
    for policy in ["Retain", "Delete"] {
        let mut manifest = tenants(&format!("forger-{}", policy.to_lowercase()), &json!({"deletionPolicy": policy}));
        manifest["status"] = json!({
            "externalId": owned["status"]["externalId"], "createdAt": owned["status"]["createdAt"], "conditions": [],
        });
        world.apply(&manifest);
        let name = manifest["metadata"]["name"].as_str().unwrap().to_owned();
        world.user().merge("TypeDBCluster", THERE, &name, &json!({"status": manifest["status"]}));
        world.pass(400).await;
        let _ = world.manifest(THERE, &name).map(|_| world.delete(THERE, &name));
        world.pass(400).await;
    }
    let destroyed = world.asked(|row| row.method == "DELETE");
    let orders = destroyed.iter().filter(|row| row.path.ends_with("/orders")).count();
    assert_eq!(orders, 0, "{destroyed:?}");
    assert!(is_ready(&world.manifest(HERE, "orders").unwrap()));
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn a_tenant_lives_with_what_it_creates() {
    let world = shared(&["Create", "Delete"]);
    world.apply(&tenants("recipes", &json!({"deletionPolicy": "Delete"})));
    world.ready_in(THERE, "recipes").await;

    world.user().delete("CloudAccount", HERE, ACCOUNT);
    world.pass(60).await;
    let account = world.user().get("CloudAccount", HERE, ACCOUNT).expect("somebody needs it");
    assert_eq!(reason_of(&account), "InUse");
    assert!(message(&account).contains("TypeDBCluster recipes in namespace tenant"), "{}", message(&account));

    world.delete(THERE, "recipes");
    world.user().wait_gone("TypeDBCluster", THERE, "recipes").await;
    world.user().wait_gone("CloudAccount", HERE, ACCOUNT).await;
    assert!(world.clusters().is_empty());
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn a_withdrawn_grant_stops_every_write_and_is_told() {
    let world = shared(&["Create", "Delete"]);
    world.apply(&tenants("recipes", &json!({"deletionPolicy": "Delete"})));
    world.ready_in(THERE, "recipes").await;
    world.user().merge("CloudAccount", HERE, ACCOUNT, &json!({"spec": {"allowedNamespaces": null}}));
    let told = says(&world, "recipes", "NamespaceNotAllowed").await;
    assert!(told.contains("does not let this namespace refer to it"), "{told}");
    let before = changes(&world);
    world.edit(THERE, "recipes", &json!({"spec": {"storageSizeGB": 50}}));
    world.pass(900).await;
    world.delete(THERE, "recipes");
    world.pass(900).await;
    let told = message(&world.manifest(THERE, "recipes").expect("it waits"));
    assert!(told.contains("deletionPolicy: Retain"), "{told}");
    assert_eq!(changes(&world), before);
    world.edit(THERE, "recipes", &json!({"spec": {"deletionPolicy": "Retain"}}));
    world.user().wait_gone("TypeDBCluster", THERE, "recipes").await;
    assert_eq!(world.clusters().len(), 1, "the database stays");
}

#[rstest]
#[case::with_adopt(&["Create", "Adopt"], true)]
#[case::without(&["Create"], false)]
fn what_another_namespace_has_let_go_of(#[case] permit: &[&str], #[case] is_handed_over: bool) {
    on_virtual_time(async {
        let world = shared(permit);
        world.apply(&cluster(HERE, "orders"));
        world.ready("orders").await;
        let password = world.published("orders").unwrap();
        world.delete(HERE, "orders");
        world.gone("orders").await;
        world.apply(&bound_to("orders", "orders", &json!({})));
        if is_handed_over {
            world.ready_in(THERE, "orders").await;
            assert_eq!(world.secret(THERE, "orders-typedb", "password"), Some(password));
        } else {
            says(&world, "orders", "NamespaceNotAllowed").await;
            assert_eq!(world.secret(THERE, "orders-typedb", "password"), None);
            // Whoever had it takes it back, as if nobody had asked for it.
            world.apply(&cluster(HERE, "orders"));
            world.ready("orders").await;
            assert_eq!(world.published("orders"), Some(password));
        }
        world.audit().await;
    });
}
