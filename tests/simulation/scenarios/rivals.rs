//! Several manifests, or several people, and one cluster.

use clusterwright::simulator::typedb::NewCluster;
use clusterwright::simulator::{Fault, FaultKind};
use rstest::rstest;
use serde_json::{Value, json};

use crate::world::manifests::{ACCOUNT, HERE, cluster, with};
use crate::world::{World, in_space, is_ready, on_virtual_time, reason_of};

const THERE: &str = "elsewhere";

fn two_namespaces() -> World {
    let world = World::awake();
    world.user().create_namespace(THERE);
    world.open_account(THERE);
    world
}

#[rstest]
#[case::undisturbed(&[])]
#[case::both_answers_lost(&[(FaultKind::Cut, true), (FaultKind::Cut, true)])]
#[case::first_lost_before_second_after(&[(FaultKind::Cut, false), (FaultKind::Cut, true)])]
#[case::first_slow(&[(FaultKind::Latency { millis: 40_000 }, false)])]
#[case::second_slow(&[(FaultKind::Latency { millis: 1 }, false), (FaultKind::Latency { millis: 40_000 }, false)])]
fn one_id_wanted_twice_at_once_makes_one_cluster(#[case] faults: &[(FaultKind, bool)]) {
    on_virtual_time(async {
        let world = two_namespaces();
        world.pass(30).await;
        for (kind, after) in faults {
            let fault = Fault::new("*/deploy", kind.clone()).times(1);
            world.fault(if *after { fault.after_effect() } else { fault });
        }
        world.apply(&with(cluster(HERE, "a"), &json!({"clusterId": "shared"})));
        world.apply(&with(cluster(THERE, "b"), &json!({"clusterId": "shared"})));
        world.pass(1800).await;
        assert_eq!(world.clusters().len(), 1);
        let states = [world.manifest(HERE, "a").unwrap(), world.manifest(THERE, "b").unwrap()];
        let ready = states.iter().filter(|state| is_ready(state)).count();
        let reasons: Vec<&str> = states.iter().map(reason_of).collect();
        assert_eq!(ready, 1, "{reasons:?}");
        assert!(reasons.contains(&"ClaimedByAnother"), "{reasons:?}");
        world.audit().await;
    });
}

/// A cluster such as `cluster` describes, made by somebody else.
fn foreign(id: &str, created_at: Option<i64>) -> NewCluster {
    let mut fields =
        json!({"isFree": false, "provider": "gcp", "region": "europe-west2", "storageType": "standard-rwo"});
    if let Some(moment) = created_at {
        fields["createdAt"] = moment.into();
    }
    let Value::Object(fields) = fields else { unreachable!() };
    NewCluster { fields, ..NewCluster::new(id) }
}

#[tokio::test(start_paused = true)]
async fn somebody_elses_cluster_is_left_alone() {
    let world = World::awake();
    world.cloud.seed(foreign("orders", None)).unwrap();
    world.apply(&cluster(HERE, "orders"));
    let held = world.reason("orders", "NameTaken", 60).await;
    assert!(held.to_string().contains("externalId: orders"));
    world.pass(3600).await;
    assert!(world.deploys().is_empty());
    assert!(world.opens("orders", "password").await, "its password is its owner's");
    world.edit(HERE, "orders", &json!({"spec": {"externalId": "orders", "backup": null}}));
    world.ready("orders").await;
    assert!(world.opens("orders", "password").await);
    world.audit().await;
}

/// Identical in all that is fixed at creation, but made an hour before or after our request.
#[rstest]
#[case::long_before(-3600)]
#[case::long_after(3600)]
fn an_identical_cluster_from_outside_the_window_is_not_ours(#[case] offset: i64) {
    on_virtual_time(async {
        let world = World::awake();
        world.pass(60).await;
        world.fault(Fault::new("*/deploy", FaultKind::Cut));
        world.apply(&cluster(HERE, "orders"));
        world.pass(3).await;
        let moment = world.clock.now().as_millisecond() + offset * 1000;
        world.cloud.seed(foreign("orders", Some(moment))).unwrap();
        world.cloud.clear_faults();
        world.reason("orders", "NameTaken", 600).await;
        assert!(world.opens("orders", "password").await);
        world.audit().await;
    });
}

#[tokio::test(start_paused = true)]
async fn a_manifest_deleted_while_its_create_is_open_loses_nothing() {
    let world = World::awake();
    world.fault(Fault::new("*/deploy", FaultKind::Latency { millis: 40_000 }).times(1));
    world.apply(&cluster(HERE, "orders"));
    world.pass(3).await;
    assert_eq!(world.deploys().len(), 1);
    world.delete(HERE, "orders");
    world.gone("orders").await;
    world.pass(300).await;
    assert_eq!(world.clusters().len(), 1);
    let told = world
        .user()
        .list("Event")
        .iter()
        .any(|event| event["note"].as_str().unwrap_or_default().contains("after this manifest was deleted"));
    assert!(told, "{:#?}", world.user().list("Event"));
    world.apply(&cluster(HERE, "orders"));
    world.ready("orders").await;
    assert_eq!(world.clusters().len(), 1);
    assert_eq!(world.deploys().len(), 1);
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn a_namespace_deleted_secrets_first_still_destroys() {
    let world = two_namespaces();
    world.apply(&with(cluster(THERE, "orders"), &json!({"deletionPolicy": "Delete"})));
    world.ready_in(THERE, "orders").await;
    world.user().delete("Secret", THERE, ACCOUNT);
    world.pass(40).await;
    world.user().delete("CloudAccount", THERE, ACCOUNT);
    world.pass(40).await;
    world.ledger.changes(&cluster(THERE, "orders"));
    world.user().delete("Namespace", "", THERE);
    world.user().wait_gone("TypeDBCluster", THERE, "orders").await;
    world.pass(120).await;
    assert!(world.clusters().is_empty());
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn a_deleted_definition_destroys_nothing() {
    let world = World::awake();
    world.apply(&with(cluster(HERE, "orders"), &json!({"deletionPolicy": "Delete"})));
    world.ready("orders").await;
    world.ledger.changes(&cluster(HERE, "orders"));
    world.user().delete("CustomResourceDefinition", "", "typedbclusters.clusterwright.dev");
    world.gone("orders").await;
    world.pass(600).await;
    assert_eq!(world.clusters().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn another_database_of_the_same_name_is_never_written_to() {
    let world = World::awake();
    world.apply(&with(cluster(HERE, "orders"), &json!({"deletionPolicy": "Delete"})));
    world.ready("orders").await;
    world.cloud.recreate(&in_space("orders")).unwrap();
    world.reason("orders", "Replaced", 400).await;
    world.delete(HERE, "orders");
    world.gone("orders").await;
    world.pass(600).await;
    assert_eq!(world.clusters().len(), 1);
    assert!(world.opens("orders", "password").await);
}

#[tokio::test(start_paused = true)]
async fn a_paused_and_an_observed_manifest_write_nothing() {
    let world = World::awake();
    let mut paused = cluster(HERE, "paused");
    paused["metadata"]["annotations"] = json!({"clusterwright.dev/paused": "true"});
    world.apply(&paused);
    world.cloud.seed(foreign("seen", None)).unwrap();
    world.apply(&with(cluster(HERE, "observed"), &json!({"externalId": "seen", "management": "Observed"})));
    world.reason("paused", "Paused", 60).await;
    world.reason("observed", "Observed", 120).await;
    world.pass(3600).await;
    assert!(world.asked(|row| row.effect.is_some()).is_empty());
    world.annotate(HERE, "paused", "clusterwright.dev/paused", &Value::Null);
    world.pass(2).await;
    assert_eq!(world.deploys().len(), 1, "it is acted on at once");
    world.ready("paused").await;
    world.audit().await;
}
