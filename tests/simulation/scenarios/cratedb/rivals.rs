//! Several manifests, or several people, and one cluster.

use clusterwright::simulator::cratedb::NewCluster;
use clusterwright::simulator::{Fault, FaultKind};
use http::Method;
use rstest::rstest;
use secrecy::SecretString;
use serde_json::json;

use super::{awake, effects, mine, view};
use crate::world::cratedb::{ORGANIZATION, cluster};
use crate::world::manifests::{HERE, secret_of, with};
use crate::world::{World, is_ready, on_virtual_time, reason_of};

const THERE: &str = "elsewhere";

fn two_namespaces() -> World {
    let world = awake();
    world.user().create_namespace(THERE);
    world.open_account(THERE);
    world
}

#[rstest]
#[case::undisturbed(&[])]
#[case::both_answers_lost(&[(FaultKind::Cut, true), (FaultKind::Cut, true)])]
#[case::first_lost_before_second_after(&[(FaultKind::Cut, false), (FaultKind::Cut, true)])]
#[case::first_slow(&[(FaultKind::Latency { millis: 40_000 }, false)])]
fn one_name_wanted_twice_at_once_makes_one_cluster(#[case] faults: &[(FaultKind, bool)]) {
    on_virtual_time(async {
        let world = two_namespaces();
        world.pass(30).await;
        for (kind, after) in faults {
            let path = format!("/api/v2/organizations/{ORGANIZATION}/clusters/");
            let fault = Fault::new(path.as_str(), kind.clone()).method(&Method::POST).times(1);
            world.fault(if *after { fault.after_effect() } else { fault });
        }
        world.apply(&with(cluster(HERE, "one"), &json!({"clusterName": "shared"})));
        world.apply(&with(cluster(THERE, "two"), &json!({"clusterName": "shared"})));
        world.pass(3600).await;
        assert_eq!(world.cloud.cratedb().clusters().len(), 1);
        let states = [world.manifest(HERE, "one").unwrap(), world.manifest(THERE, "two").unwrap()];
        let ready = states.iter().filter(|state| is_ready(state)).count();
        let reasons: Vec<&str> = states.iter().map(reason_of).collect();
        assert_eq!(ready, 1, "{reasons:?}");
        assert!(reasons.iter().any(|reason| ["ClaimedByAnother", "NameTaken"].contains(reason)), "{reasons:?}");
        world.audit().await;
    });
}

#[tokio::test(start_paused = true)]
async fn somebody_elses_cluster_is_left_alone_until_it_is_adopted() {
    let world = awake();
    let password = Some(SecretString::from(mine(7)));
    let id = world.cloud.cratedb().seed(NewCluster { password, ..NewCluster::new("orders") }).unwrap();
    world.apply(&cluster(HERE, "orders"));
    world.reason("orders", "NameTaken", 60).await;
    world.pass(3600).await;
    assert_eq!(effects(&world, "created"), 0);
    let there = view(&world, "orders").unwrap().cluster;
    let adopt =
        json!({"spec": {"externalId": id.as_str(), "project": {"id": there.project_id, "name": null, "region": null}}});
    world.edit(HERE, "orders", &adopt);
    world.ready("orders").await;
    assert!(world.published("orders").is_none(), "its password is its owner's");
    world.user().create(secret_of(HERE, "mine", &json!({"password": mine(7)})));
    world.edit(HERE, "orders", &json!({"spec": {"passwordSecretRef": {"name": "mine"}}}));
    world.ready("orders").await;
    world.pass(60).await;
    assert_eq!(world.published("orders").unwrap(), mine(7));
    assert_eq!(effects(&world, "passwordSet"), 0, "what it has already is not set once more");
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn one_cluster_adopted_twice_is_claimed_once() {
    let world = two_namespaces();
    let id = world.cloud.cratedb().seed(NewCluster::new("orders")).unwrap();
    let adopt = |namespace, name| {
        let mut manifest = cluster(namespace, name);
        manifest["spec"] = json!({"accountRef": {"name": "cloud"}, "externalId": id.as_str(), "nodes": 2});
        manifest
    };
    world.apply(&adopt(HERE, "one"));
    world.apply(&adopt(THERE, "two"));
    world.pass(1200).await;
    let states = [world.manifest(HERE, "one").unwrap(), world.manifest(THERE, "two").unwrap()];
    let reasons: Vec<&str> = states.iter().map(reason_of).collect();
    assert_eq!(states.iter().filter(|state| is_ready(state)).count(), 1, "{reasons:?}");
    assert!(reasons.contains(&"ClaimedByAnother"), "{reasons:?}");
    assert_eq!(effects(&world, "scaled"), 1);
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn an_observed_cluster_is_written_to_by_nobody() {
    let world = awake();
    let id = world.cloud.cratedb().seed(NewCluster::new("orders")).unwrap();
    let mut manifest = cluster(HERE, "orders");
    manifest["spec"] = json!({
        "accountRef": {"name": "cloud"}, "externalId": id.as_str(), "management": "Observed", "nodes": 5,
        "deletionPolicy": "Delete", "power": "Suspended",
    });
    world.apply(&manifest);
    world.reason("orders", "Observed", 60).await;
    world.pass(1800).await;
    world.delete(HERE, "orders");
    world.gone("orders").await;
    assert!(view(&world, "orders").is_some());
    assert!(world.asked(|row| row.effect.is_some()).is_empty());
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn a_retained_cluster_is_taken_back_with_the_way_into_it() {
    let world = awake();
    world.apply(&cluster(HERE, "orders"));
    world.ready("orders").await;
    let password = world.published("orders").unwrap();
    world.delete(HERE, "orders");
    world.gone("orders").await;
    world.pass(600).await;
    world.apply(&with(cluster(HERE, "orders"), &json!({"nodes": 2})));
    world.ready("orders").await;
    assert_eq!(effects(&world, "created"), 1);
    assert_eq!(world.published("orders").unwrap(), password);
    assert_eq!(effects(&world, "scaled"), 1);
    world.audit().await;
}
