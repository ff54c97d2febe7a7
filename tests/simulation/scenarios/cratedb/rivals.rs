//! Several manifests, or several people, and one cluster.

use clusterwright::simulator::cratedb::NewCluster;
use clusterwright::simulator::{Fault, FaultKind, Settings};
use http::Method;
use rstest::rstest;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{asleep, awake, effects, mine, view};
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

/// A world in which the request to create `orders` was lost, and a colleague created its like in the same moments, with a
/// password of their own.
async fn with_a_double(fields: &Value) -> World {
    let mut settings = Settings::default();
    settings.cratedb.enforce_allow_list = true;
    let mut world = asleep(settings);
    world.start();
    world.apply(&cluster(HERE, "sales"));
    world.ready("sales").await;
    let project = view(&world, "sales").unwrap().cluster.project_id;
    let path = format!("/api/v2/organizations/{ORGANIZATION}/clusters/");
    world.fault(Fault::new(path.as_str(), FaultKind::Cut).method(&Method::POST).times(1));
    world.apply(&with(cluster(HERE, "orders"), &json!({"deletionPolicy": "Delete"})));
    world.pass(2).await;
    assert_eq!(world.asked(|row| row.method == "POST" && row.path == path).len(), 2);
    let mut fields = fields.as_object().unwrap().clone();
    fields.insert("project_id".to_owned(), json!(project));
    let password = Some(SecretString::from(mine(7)));
    world.cloud.cratedb().seed(NewCluster { password, fields, ..NewCluster::new("orders") }).unwrap();
    world
}

#[rstest]
#[case::before_anything_is_known(1)]
#[case::while_the_create_is_open(80)]
#[case::after_it(600)]
fn somebody_elses_cluster_that_looks_like_the_one_that_was_asked_for_is_left_alone(#[case] deleted_after: u64) {
    on_virtual_time(async {
        let world = with_a_double(&json!({})).await;
        world.pass(deleted_after).await;
        if deleted_after > 1 {
            assert_eq!(world.reason_now("orders"), "NameTaken");
        }
        world.delete(HERE, "orders");
        world.gone("orders").await;
        assert!(view(&world, "orders").is_some(), "it was destroyed");
        assert_eq!((effects(&world, "created"), effects(&world, "passwordSet")), (1, 0));
        world.audit().await;
    });
}

#[tokio::test(start_paused = true)]
async fn what_was_taken_by_its_looks_is_not_destroyed_before_its_database_was_asked() {
    let world = with_a_double(&json!({"ip_whitelist": [{"cidr": "10.0.0.0/8", "description": ""}]})).await;
    world.pass(290).await;
    assert_eq!(world.reason_now("orders"), "DatabaseUnavailable");
    world.pass(1200).await;
    let id = view(&world, "orders").unwrap().cluster.id;
    assert_eq!(world.manifest(HERE, "orders").unwrap()["status"]["externalId"], id.as_str());
    world.cloud.cratedb().act(&id, "ip-restrictions", &json!({"ip_whitelist": []})).unwrap();
    world.pass(120).await;
    world.delete(HERE, "orders");
    world.reason("orders", "AdminPasswordUnknown", 120).await;
    world.pass(7200).await;
    assert!(view(&world, "orders").is_some(), "it was destroyed");
    world.edit(HERE, "orders", &json!({"spec": {"deletionPolicy": "Retain"}}));
    world.gone("orders").await;
    assert!(view(&world, "orders").is_some());
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
async fn another_manifests_cluster_is_not_offered_for_adoption() {
    let world = two_namespaces();
    world.apply(&with(cluster(HERE, "one"), &json!({"clusterName": "shared"})));
    world.ready("one").await;
    world.apply(&with(cluster(THERE, "two"), &json!({"clusterName": "shared"})));
    world.until(THERE, "two", 60, |manifest| reason_of(manifest) == "ClaimedByAnother").await;
    world.pass(60).await;
    assert_eq!(effects(&world, "created"), 1);
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

#[rstest]
#[case::observed(json!({"management": "Observed"}), "Observed")]
#[case::adopted(json!({}), "Running")]
fn a_database_that_the_cloud_does_not_see_is_asked_itself_and_without_its_password(
    #[case] spec: Value,
    #[case] reason: &str,
) {
    on_virtual_time(async {
        let world = awake();
        let unseen = json!({"status": "UNKNOWN", "last_seen": "", "running_operation": ""});
        let fields = json!({ "health": unseen }).as_object().unwrap().clone();
        let id = world.cloud.cratedb().seed(NewCluster { fields, ..NewCluster::new("orders") }).unwrap();
        let mut manifest = cluster(HERE, "orders");
        manifest["spec"] = json!({"accountRef": {"name": "cloud"}, "externalId": id.as_str()});
        world.apply(&with(manifest, &spec));
        world.reason("orders", reason, 60).await;
        world.pass(600).await;
        assert_eq!(world.reason_now("orders"), reason);
        let asked = world.asked(|row| row.path.ends_with("/_sql")).len();
        assert!((8..=14).contains(&asked), "the database was asked {asked} times");
        world.audit().await;
    });
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
