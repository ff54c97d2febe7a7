//! The rules of a CrateDBCluster on a real API server, which knows more of them than can be evaluated offline.

use clusterwright::api::cratedb::CrateDBCluster;
use kube::api::{Api, Patch, PatchParams};
use serde_json::{Value, json};

use crate::harness::{World, with};

const CLUSTER: &str = "22222222-2222-4222-8222-222222222222";

fn minimal() -> Value {
    json!({
        "accountRef": {"name": "cratedb"},
        "project": {"name": "shop", "region": "eks1.eu-west-1.aws"},
        "product": {"name": "cr1"},
    })
}

fn api(world: &World) -> Api<CrateDBCluster> {
    Api::namespaced(world.kube.clone(), &world.namespace)
}

async fn apply(world: &World, name: &str, spec: Value) -> kube::Result<CrateDBCluster> {
    let manifest = json!({"apiVersion": "clusterwright.dev/v1alpha1", "kind": "CrateDBCluster",
        "metadata": {"name": name}, "spec": spec});
    api(world).patch(name, &PatchParams::apply("tests").force(), &Patch::Apply(manifest)).await
}

/// What the API server says to the minimal manifest with these changes.
async fn refusal(world: &World, name: &str, changes: Value) -> String {
    match apply(world, name, with(minimal(), changes)).await {
        Err(kube::Error::Api(status)) => status.message,
        other => panic!("{name} was not refused: {other:?}"),
    }
}

async fn set_status(world: &World, status: Value) {
    let patch = Patch::Merge(json!({"status": status}));
    api(world).patch_status("analytics", &PatchParams::default(), &patch).await.unwrap();
}

fn allowed(cidr: &str) -> Value {
    json!({"allowedCidrs": [{"cidr": "198.51.100.0/24"}, {"cidr": cidr}]})
}

#[tokio::test]
async fn a_create_is_refused_with_the_rules_own_words() {
    let world = World::without_operator("schema-crate-create").await;
    let free = |changes| with(json!({"product": {"name": "crfree"}}), changes);
    let table = [
        ("db", json!({}), "metadata.name is too short for the cluster's name: use at least 3 characters"),
        ("analytics.eu", json!({}), "metadata.name cannot be the cluster's name"),
        ("analytics", json!({"project": null}), "project is needed to create a cluster: set it, or set externalId"),
        ("analytics", json!({"product": null}), "product is needed to create a cluster"),
        ("analytics", json!({"project": {"name": "shop"}}), "give either the project's id, or its name and region"),
        ("analytics", json!({"project": {"id": "shop"}}), "should be at least 36 chars long"),
        ("analytics", json!({"product": {"tier": "default"}}), "spec.product.name: Required value"),
        ("analytics", json!({"clusterName": "db"}), "should be at least 3 chars long"),
        ("analytics", json!({"clusterName": "Analytics"}), "should match"),
        ("analytics", json!({"nodes": 0}), "should be greater than or equal to 1"),
        ("analytics", json!({"version": "latest"}), "should match"),
        ("analytics", json!({"channel": "beta"}), "Unsupported value: \"beta\""),
        ("analytics", json!({"storage": {"diskType": "tape"}}), "Unsupported value: \"tape\""),
        ("analytics", json!({"power": "Off"}), "Unsupported value: \"Off\""),
        ("analytics", json!({"username": "crate"}), "username is reserved by the cloud"),
        ("analytics", json!({"subscriptionId": "free_tier"}), "free_tier pays for the product crfree only"),
        ("analytics", free(json!({"nodes": 2})), "a crfree cluster has one node"),
        ("analytics", free(json!({"storage": {"sizePerNodeGiB": 8}})), "the disk of a crfree cluster has one size"),
        ("analytics", free(json!({"power": "Suspended"})), "a crfree cluster is suspended by the cloud alone"),
        ("analytics", free(json!({"subscriptionId": CLUSTER})), "a crfree cluster has no subscription"),
        ("analytics", allowed("203.0.113.7"), "spec.allowedCidrs[1].cidr: Invalid value"),
        ("analytics", allowed("203.0.113.7"), "not a network: write an address and the length of its prefix"),
        ("analytics", allowed("203.0.113.0/33"), "not a network"),
        ("analytics", allowed("203.0.113.7/24"), "not the first address of a network"),
        ("analytics", allowed("2001:db8::1/32"), "not the first address of a network"),
        ("analytics", allowed("198.51.100.0/24"), "a network is listed twice"),
    ];
    for (name, changes, words) in table {
        let message = refusal(&world, name, changes.clone()).await;
        assert!(message.contains(words), "{changes}: {message}");
    }
    world.finish().await;
}

#[tokio::test]
async fn what_the_rules_permit_is_created_with_the_defaults() {
    let world = World::without_operator("schema-crate-accepted").await;
    let networks = json!([{"cidr": "0.0.0.0/0"}, {"cidr": "2001:db8::/32", "description": "office"}]);
    let accepted = [
        minimal(),
        json!({"accountRef": {"name": "cratedb"}, "externalId": CLUSTER}),
        json!({"accountRef": {"name": "cratedb"}, "management": "Observed"}),
        with(minimal(), json!({"product": {"name": "crfree"}, "subscriptionId": "free_tier", "nodes": 1})),
        with(minimal(), json!({"project": {"id": CLUSTER}, "allowedCidrs": networks})),
        with(minimal(), json!({"allowedCidrs": [], "deletionProtection": true, "power": "Running"})),
    ];
    for spec in accepted {
        let manifest = apply(&world, "analytics", spec).await.unwrap();
        assert_eq!(manifest.status.unwrap().common.observed_generation, Some(-1), "nobody has looked yet");
        assert!(manifest.spec.product.is_none_or(|product| product.tier.is_none()), "nobody has chosen a tier");
        api(&world).delete("analytics", &kube::api::DeleteParams::default()).await.unwrap();
    }
    world.finish().await;
}

#[tokio::test]
async fn what_is_fixed_at_creation_is_held_once_a_create_has_begun() {
    let world = World::without_operator("schema-crate-update").await;
    apply(&world, "analytics", minimal()).await.unwrap();
    let changes = [
        ("clusterName", json!({"clusterName": "numbers"})),
        ("project", json!({"project": {"name": "other", "region": "eks1.eu-west-1.aws"}})),
        ("subscriptionId", json!({"subscriptionId": CLUSTER})),
        ("product.tier", json!({"product": {"name": "cr1", "tier": "xs"}})),
        ("channel", json!({"channel": "testing"})),
        ("storage.diskType", json!({"storage": {"diskType": "premium"}})),
        ("username", json!({"username": "ada"})),
    ];
    for (_, change) in &changes {
        apply(&world, "analytics", with(minimal(), change.clone())).await.unwrap();
        apply(&world, "analytics", minimal()).await.unwrap();
    }
    let creation = json!({"target": "analytics", "since": "2026-01-01T00:00:00Z"});
    for status in [json!({"creation": creation}), json!({"creation": null, "externalId": CLUSTER})] {
        set_status(&world, status).await;
        for (field, change) in &changes {
            let message = refusal(&world, "analytics", change.clone()).await;
            assert!(message.contains(&format!("{field} is fixed once the cluster's creation has begun")), "{message}");
        }
    }
    let free = json!({"nodes": 3, "version": "5.9.0", "product": {"name": "cr2"}, "storage": {"sizePerNodeGiB": 64}});
    apply(&world, "analytics", with(minimal(), free)).await.unwrap();

    set_status(&world, json!({"observed": {"projectId": CLUSTER, "channel": "testing"}})).await;
    apply(&world, "analytics", with(minimal(), json!({"project": {"id": CLUSTER}, "channel": "testing"})))
        .await
        .unwrap();
    let message = refusal(&world, "analytics", json!({"channel": "nightly"})).await;
    assert!(message.contains("channel is fixed"), "only towards what is there: {message}");
    world.finish().await;
}

#[tokio::test]
async fn kubectl_scales_lists_and_explains() {
    let world = World::without_operator("schema-crate-kubectl").await;
    apply(&world, "analytics", with(minimal(), json!({"nodes": 2}))).await.unwrap();
    let ready = json!({"type": "Ready", "status": "True", "reason": "Running", "message": "It runs as asked for.",
        "lastTransitionTime": "2026-01-01T00:00:00Z"});
    let status = json!({"conditions": [ready], "version": "5.8.3", "nodes": 2, "storagePerNodeGiB": 64,
        "productName": "cr1", "externalId": CLUSTER, "endpoints": ["analytics.eks1.eu-west-1.aws.cratedb.net:4200"]});
    set_status(&world, status).await;

    world.kubectl(&["scale", "cdb/analytics", "--current-replicas=2", "--replicas=3"]).await;
    let scale = api(&world).get_scale("analytics").await.unwrap();
    assert_eq!(scale.spec.unwrap().replicas, Some(3));
    assert_eq!(scale.status.unwrap().replicas, 2, "what there is");
    assert_eq!(api(&world).get("analytics").await.unwrap().spec.nodes, Some(3));

    let columns = |table: &str| table.lines().next().unwrap().split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let table = world.kubectl(&["get", "cdb"]).await;
    assert_eq!(columns(&table), ["NAME", "READY", "REASON", "VERSION", "NODES", "STORAGE", "PRODUCT", "AGE"]);
    let row: Vec<&str> = table.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(row[..7], ["analytics", "True", "Running", "5.8.3", "2", "64", "cr1"]);
    let wide = world.kubectl(&["get", "cdb", "--output", "wide"]).await;
    assert_eq!(
        columns(&wide)[8..],
        ["ACCOUNT", "HOURLY-COST", "EXTERNAL-ID", "ENDPOINT", "DELETION-POLICY", "MESSAGE"]
    );
    assert!(world.kubectl(&["get", "clusterwright"]).await.contains("cratedbcluster.clusterwright.dev/analytics"));
    let told = world.kubectl(&["explain", "cratedbcluster.spec.allowedCidrs"]).await;
    assert!(told.contains("an empty list opens it to all"), "{told}");
    world.finish().await;
}
