//! What the cloud refuses: told in its own words, not repeated, and carried out once it is put right.

use http::Method;
use serde_json::{Value, json};

use crate::harness::{World, condition, meanwhile, paid, with};

/// What is refused with this reason and these words stands still, and is not asked for again and again.
async fn is_refused(world: &World, name: &str, reason: &str, words: &[&str]) {
    let message = world.until_stands(name, reason).await;
    for part in words {
        assert!(message.contains(part), "{part:?} is not in {message:?}");
    }
    let manifest = world.cluster(name).await;
    assert_eq!(condition(&manifest, "Stalled").expect("a person is needed").reason, reason);
}

/// That nothing is written to the cloud for a while.
async fn is_quiet(world: &World) {
    let asked = async || world.cloud.log().await.len();
    let deploys = world.cloud.count(Method::POST, "/deploy").await;
    let before = asked().await;
    meanwhile(4).await;
    assert_eq!(world.cloud.count(Method::POST, "/deploy").await, deploys, "a refused request is not repeated");
    let asked = asked().await - before;
    assert!(asked <= 8, "{asked} requests in four seconds");
}

#[tokio::test]
async fn an_unknown_region_or_machine_type_is_refused_with_the_names_that_there_are() {
    let world = World::new("unknown-names").await;
    world.apply("region", with(paid(), json!({"region": "europe-west9"}))).await;
    world.apply("machine", with(paid(), json!({"machineType": "c2d-highcpu-3"}))).await;
    let region = "\"Unknown region 'europe-west9' for provider 'gcp'. \
                  Available: europe-west2, europe-west3, us-west4, us-east1\"";
    is_refused(&world, "region", "ChangeRefused", &[region, "Correct the manifest"]).await;
    let machine = "\"Unknown machineType 'c2d-highcpu-3' in region 'europe-west2'. \
                   Available: c2d-highcpu-2, c2d-highcpu-4, c2d-highcpu-8, c2d-highcpu-16\"";
    is_refused(&world, "machine", "ChangeRefused", &[machine]).await;
    is_quiet(&world).await;
    assert_eq!(world.cloud.count(Method::POST, "/deploy").await, 2);

    world.edit("region", json!({"spec": {"region": "europe-west3"}})).await;
    world.edit("machine", json!({"spec": {"machineType": "c2d-highcpu-4"}})).await;
    world.until_ready("region").await;
    world.until_ready("machine").await;
    world.finish().await;
}

#[tokio::test]
async fn a_second_free_cluster_a_quota_and_a_taken_name_are_told() {
    let world = World::new("limits").await;
    world.cloud.seed(json!({"id": "taken"})).await;
    world.apply("taken", paid()).await;
    is_refused(&world, "taken", "NameTaken", &["set spec.externalId: taken", "give spec.clusterId another value"])
        .await;

    let free = with(paid(), json!({"tier": "Free"}));
    world.apply("free", free.clone()).await;
    world.until_ready("free").await;
    world.apply("free-too", free).await;
    is_refused(&world, "free-too", "ChangeRefused", &["The cloud refused: \"", "free"]).await;

    let clusters = world.cloud.ids().await.len();
    world.cloud.settings(json!({"typedb": {"maxClustersPerSpace": clusters, "unknowns": {"quotaStatus": 409}}})).await;
    world.apply("one-more", paid()).await;
    is_refused(&world, "one-more", "ChangeRefused", &["The cloud refused: \""]).await;
    is_quiet(&world).await;

    world.cloud.settings(json!({"typedb": {"maxClustersPerSpace": null}})).await;
    world.annotate("one-more", "reconcile-at", Some("now")).await;
    world.edit("free-too", json!({"spec": {"tier": "Paid"}})).await;
    world.edit("taken", json!({"spec": {"clusterId": "not-taken"}})).await;
    for name in ["one-more", "free-too", "taken"] {
        world.until_ready(name).await;
    }
    world.finish().await;
}

#[tokio::test]
async fn what_the_credentials_may_not_do_is_told_and_done_once_they_may() {
    let world = World::new("forbidden").await;
    world.credentials("read", "simulator-read", "simulator-read-secret").await;
    world.credentials("write", "simulator-write", "simulator-write-secret").await;
    world.account("reader", json!({"credentials": [{"secretRef": {"name": "read"}}]})).await;
    world.account("writer", json!({"credentials": [{"secretRef": {"name": "write"}}]})).await;
    let through = |account: &str| with(paid(), json!({"accountRef": {"name": account}, "deletionPolicy": "Delete"}));
    world.apply("unread", through("reader")).await;
    world.apply("written", through("writer")).await;
    let words = ["\"This needs a token with write access\"", "Give the account's credentials more access"];
    is_refused(&world, "unread", "CredentialsInsufficient", &words).await;
    world.until_ready("written").await;
    world.delete("written").await;
    let words = ["This needs a token with admin access", "Give the account's credentials more access"];
    is_refused(&world, "written", "CredentialsInsufficient", &words).await;
    assert_eq!(world.cloud.count(Method::DELETE, "/written").await, 1);
    is_quiet(&world).await;

    world.cloud.credential("simulator-read", json!({"access": "write"})).await;
    world.cloud.credential("simulator-write", json!({"access": "admin"})).await;
    for name in ["unread", "written"] {
        world.annotate(name, "reconcile-at", Some("now")).await;
    }
    world.until_ready("unread").await;
    world.until_gone("written").await;
    assert_eq!(world.cloud.ids().await, ["unread"]);
    world.finish().await;
}

#[tokio::test]
async fn a_secret_that_is_somebody_elses_is_never_overwritten() {
    let world = World::new("conflict").await;
    world.secret("orders-typedb", &[("password", "of somebody else")]).await;
    world.apply("orders", paid()).await;
    let words = ["Secret orders-typedb exists in this namespace", "Give spec.connectionSecret.name another value"];
    is_refused(&world, "orders", "ConnectionSecretConflict", &words).await;
    let there = world.read("orders-typedb").await;
    assert_eq!(there.into_iter().collect::<Vec<_>>(), [("password".to_owned(), "of somebody else".to_owned())]);

    world.edit("orders", json!({"spec": {"connectionSecret": {"name": "way-in"}}})).await;
    let manifest = world.until_ready("orders").await;
    assert_eq!(manifest.status.unwrap().common.binding.unwrap().name, "way-in");
    assert_eq!(world.read("way-in").await["username"], "admin");
    assert_eq!(world.read("orders-typedb").await["password"], "of somebody else");
    world.finish().await;
}

#[tokio::test]
async fn a_missing_password_is_waited_for() {
    let world = World::new("no-password").await;
    let admin: Value = json!({"passwordSecretRef": {"name": "own"}});
    world.apply("orders", with(paid(), json!({"admin": admin}))).await;
    let message = world.until_stands("orders", "WaitingForPassword").await;
    assert!(message.contains("Secret own is missing in namespace no-password. Apply it"), "{message}");
    assert!(condition(&world.cluster("orders").await, "Reconciling").is_some());
    world.secret("own", &[("pass", "misplaced-password")]).await;
    world.annotate("orders", "reconcile-at", Some("now")).await;
    world
        .until("orders", "names the missing key", |manifest| {
            let message = crate::harness::stands(manifest, "WaitingForPassword")?;
            if message.contains("has no key password") { Ok(()) } else { Err(message) }
        })
        .await;
    world.password("own", "well-placed-password").await;
    world.annotate("orders", "reconcile-at", Some("again")).await;
    world.until_ready("orders").await;
    assert_eq!(world.way_in("orders").await.1, "well-placed-password");
    world.finish().await;
}
