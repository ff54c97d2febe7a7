//! The kinds on a real API server: what it refuses, and how they look there. No operator runs.

mod cratedb;

use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams};
use serde_json::{Value, json};

use crate::harness::{World, paid, with};

/// What the API server says to this manifest.
async fn refusal(world: &World, name: &str, changes: Value) -> String {
    match world.try_apply(name, with(paid(), changes)).await {
        Err(kube::Error::Api(status)) => status.message,
        other => panic!("{name} was not refused: {other:?}"),
    }
}

#[tokio::test]
async fn a_create_is_refused_with_the_rules_own_words() {
    let world = World::without_operator("schema-create").await;
    let long = "a".repeat(64);
    let table = [
        (long.as_str(), json!({}), "metadata.name must have at most 63 characters"),
        ("orders.eu", json!({}), "metadata.name cannot be the cluster's id"),
        ("orders", json!({"tier": null}), "tier is needed to create a cluster: set it, or set externalId"),
        ("orders", json!({"provider": null}), "provider is needed to create a cluster"),
        ("orders", json!({"region": null}), "region is needed to create a cluster"),
        ("orders", json!({"machineType": null}), "machineType is needed to create a cluster"),
        ("orders", json!({"serverCount": 2}), "serverCount must be odd, 1 to 9"),
        ("orders", json!({"serverCount": 11}), "should be less than or equal to 9"),
        ("orders", json!({"storageSizeGB": 5}), "should be greater than or equal to 10"),
        ("orders", json!({"backup": {"frequency": "Daily", "retentionDays": 14}}), "retentionDays must be 7 or 30"),
        ("orders", json!({"tier": "Free", "serverCount": 3}), "a free cluster has one server"),
        ("orders", json!({"tier": "Free", "storageSizeGB": 20}), "a free cluster has 10 GB"),
        ("orders", json!({"tier": "Free", "backup": {"frequency": "Daily"}}), "a free cluster has no backups"),
        ("orders", json!({"clusterId": "Orders"}), "should match"),
        ("orders", json!({"tier": "Cheap"}), "Unsupported value: \"Cheap\""),
    ];
    for (name, changes, words) in table {
        let message = refusal(&world, name, changes.clone()).await;
        assert!(message.contains(words), "{changes}: {message}");
    }
    let accepted = [
        json!({"accountRef": {"name": "typedb"}, "externalId": "legacy"}),
        json!({"accountRef": {"name": "typedb"}, "management": "Observed"}),
        with(
            paid(),
            json!({"tier": "Free", "serverCount": 1, "storageSizeGB": 10, "backup": {"frequency": "Disabled"}}),
        ),
    ];
    for spec in accepted {
        let manifest = world.apply("orders", spec).await;
        assert_eq!(manifest.status.unwrap().common.observed_generation, Some(-1), "nobody has looked yet");
        world.delete("orders").await;
    }
    world.finish().await;
}

#[tokio::test]
async fn what_is_fixed_at_creation_is_held_once_a_create_has_begun() {
    let world = World::without_operator("schema-update").await;
    world.apply("orders", paid()).await;
    let changes = [
        ("tier", json!("Free")),
        ("provider", json!("aws")),
        ("region", json!("us-east1")),
        ("storageType", json!("gp2-csi")),
        ("serverCount", json!(3)),
    ];
    for (field, value) in &changes {
        world.apply("orders", with(paid(), json!({*field: value}))).await;
        world.apply("orders", paid()).await;
    }
    let statuses = [
        json!({"creation": {"target": "orders", "since": "2026-01-01T00:00:00Z"}}),
        json!({"creation": null, "externalId": "orders"}),
    ];
    for status in statuses {
        set_status(&world, status.clone()).await;
        for (field, value) in &changes {
            let message = refusal(&world, "orders", json!({*field: value})).await;
            assert!(message.contains(&format!("{field} is fixed once the cluster's creation has begun")), "{message}");
        }
        let message = refusal(&world, "orders", json!({"region": null})).await;
        assert!(message.contains("region is fixed"), "{message}");
    }
    let message = refusal(&world, "orders", json!({"externalId": "another"})).await;
    assert!(message.contains("the manifest is bound to a cluster already"), "{message}");
    world.apply("orders", with(paid(), json!({"externalId": "orders", "storageSizeGB": 50}))).await;

    set_status(&world, json!({"observed": {"region": "us-east1"}})).await;
    world.apply("orders", with(paid(), json!({"region": "us-east1"}))).await;
    let message = refusal(&world, "orders", json!({"region": "us-west4"})).await;
    assert!(message.contains("region is fixed"), "only towards what is there: {message}");
    world.finish().await;
}

async fn set_status(world: &World, status: Value) {
    let patch = Patch::Merge(json!({"status": status}));
    world.clusters().patch_status("orders", &PatchParams::default(), &patch).await.unwrap();
}

#[tokio::test]
async fn the_location_of_an_account_is_fixed_and_its_certificates_have_one_source() {
    let world = World::without_operator("schema-account").await;
    world.account("typedb", json!({})).await;
    let api = Api::<DynamicObject>::namespaced_with(
        world.kube.clone(),
        &world.namespace,
        &kube::api::ApiResource::erase::<clusterwright::api::account::CloudAccount>(&()),
    );
    let cratedb = json!({"organizationId": "00000000-0000-4000-8000-000000000001"});
    let both = json!({"secretRef": {"name": "a"}, "configMapRef": {"name": "a"}});
    let table = [
        (json!({"typedbCloud": {"team": "other"}}), "the location is immutable: create another CloudAccount"),
        (json!({"typedbCloud": {"space": "other"}}), "the location is immutable"),
        (json!({"typedbCloud": {"endpoint": "https://example.org"}}), "the location is immutable"),
        (json!({"typedbCloud": {"endpoint": "ftp://example.org"}}), "should match"),
        (json!({"cratedbCloud": cratedb}), "give exactly one of typedbCloud and cratedbCloud"),
        (json!({"typedbCloud": null}), "give exactly one of typedbCloud and cratedbCloud"),
        (json!({"typedbCloud": null, "cratedbCloud": cratedb}), "the location is immutable"),
        (json!({"typedbCloud": null, "cratedbCloud": {"organizationId": "acme"}}), "should be at least 36 chars long"),
        (json!({"caBundle": {}}), "give exactly one of configMapRef and secretRef"),
        (json!({"caBundle": both}), "give exactly one of configMapRef and secretRef"),
        (json!({"credentials": []}), "should have at least 1 items"),
        (json!({"pollIntervalSeconds": 5}), "should be greater than or equal to 10"),
    ];
    for (changes, words) in table {
        let patch = Patch::Merge(json!({"spec": changes}));
        let error = api.patch("typedb", &PatchParams::default(), &patch).await.unwrap_err();
        assert!(error.to_string().contains(words), "{changes}: {error}");
    }
    api.delete("typedb", &DeleteParams::default()).await.unwrap();
    world.finish().await;
}

#[tokio::test]
async fn kubectl_explains_and_lists_the_kinds() {
    let world = World::new("schema-kubectl").await;
    world.apply("orders", paid()).await;
    world.until_ready("orders").await;
    for (path, words) in [
        ("typedbcluster.spec.deletionPolicy", "What becomes of the database when this manifest is deleted."),
        ("typedbcluster.status.externalId", "Id of the cluster in the cloud."),
        ("cloudaccount.spec.credentials.secretRef", "The Secret and the keys to read in it."),
    ] {
        let told = world.kubectl(&["explain", path]).await;
        assert!(told.split_whitespace().collect::<Vec<_>>().join(" ").contains(words), "{told}");
    }
    let columns = |table: &str| table.lines().next().unwrap().split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let table = world.kubectl(&["get", "tdb"]).await;
    assert_eq!(columns(&table), ["NAME", "READY", "REASON", "VERSION", "SIZE", "ACCOUNT", "AGE"]);
    let row: Vec<&str> = table.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(row[..6], ["orders", "True", "Running", "3.5.1", "c2d-highcpu-2", "typedb"]);
    let wide = world.kubectl(&["get", "tdb", "--output", "wide"]).await;
    assert_eq!(columns(&wide)[7..], ["EXTERNAL-ID", "ENDPOINT", "DELETION-POLICY", "MESSAGE"]);
    assert!(wide.contains("Retain") && wide.contains("Cluster orders runs as asked for."), "{wide}");
    assert!(world.kubectl(&["get", "cloudacct"]).await.contains("Connected"));
    let all = world.kubectl(&["get", "clusterwright"]).await;
    assert!(all.contains("typedbcluster.clusterwright.dev/orders"), "{all}");
    assert!(all.contains("cloudaccount.clusterwright.dev/typedb"), "{all}");
    world.finish().await;
}
