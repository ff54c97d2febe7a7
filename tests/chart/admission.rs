//! What the admission policies refuse, and what they let pass, with no operator running.

use serde_json::{Value, json};

use crate::harness::{Cluster, NAMESPACE, until_policies_hold};
use crate::support::chart::rendered;
use crate::support::eventually;

/// A cluster in which everything of the chart is there but the pods.
async fn guarded() -> Cluster {
    let cluster = Cluster::new().await;
    cluster.create_namespace(NAMESPACE, json!({})).await;
    cluster.create_namespace("orders", json!({})).await;
    cluster.apply(&rendered(NAMESPACE, &["--no-hooks"])).await.unwrap();
    let kinds =
        ["cloudaccounts", "typedbclusters", "cratedbclusters"].map(|kind| format!("crd/{kind}.clusterwright.dev"));
    let established = ["wait", "--for=condition=Established"].into_iter().chain(kinds.iter().map(String::as_str));
    cluster.control_plane.kubectl(&established.collect::<Vec<_>>()).await;
    until_policies_hold(&cluster).await;
    cluster
}

fn manifest(kind: &str, name: &str, deletion_policy: &str, protected: bool, more: &Value) -> Value {
    let mut spec = match kind {
        "TypeDBCluster" => json!({"tier": "Paid", "provider": "gcp", "region": "europe-west2",
            "machineType": "c2d-highcpu-2"}),
        _ => json!({"project": {"name": "orders", "region": "eks1.eu-west-1.aws"}, "product": {"name": "crfree"}}),
    };
    spec["accountRef"] = json!({"name": "cloud"});
    spec["deletionPolicy"] = json!(deletion_policy);
    spec["deletionProtection"] = json!(protected);
    for (name, value) in more.as_object().into_iter().flatten() {
        spec[name] = value.clone();
    }
    json!({"apiVersion": "clusterwright.dev/v1alpha1", "kind": kind, "spec": spec,
        "metadata": {"name": name, "namespace": "orders"}})
}

async fn delete(cluster: &Cluster, kind: &str, name: &str) -> Result<String, String> {
    cluster.try_kubectl(&["delete", kind, name, "--namespace=orders"]).await
}

async fn patch(cluster: &Cluster, kind: &str, name: &str, spec: &Value) {
    let patch = json!({"spec": spec}).to_string();
    let arguments = ["patch", kind, name, "--namespace=orders", "--type=merge", "--patch", &patch];
    cluster.control_plane.kubectl(&arguments).await;
}

#[tokio::test]
async fn a_protected_cluster_is_deleted_only_where_its_database_stays() {
    let cluster = guarded().await;
    for kind in ["TypeDBCluster", "CrateDBCluster"] {
        let observed = json!({"management": "Observed", "externalId": "11111111-1111-4111-8111-111111111111"});
        let manifests = [
            manifest(kind, "precious", "Delete", true, &json!({})),
            manifest(kind, "lifted", "Delete", true, &json!({})),
            manifest(kind, "retained", "Retain", true, &json!({})),
            manifest(kind, "cheap", "Delete", false, &json!({})),
            manifest(kind, "observed", "Delete", true, &observed),
        ];
        cluster.apply(&manifests).await.unwrap();
        for name in ["retained", "cheap", "observed"] {
            delete(&cluster, kind, name).await.unwrap();
        }
        let refusal = delete(&cluster, kind, "precious").await.unwrap_err();
        for words in [kind, "precious", "orders", "spec.deletionPolicy to Retain", "spec.deletionProtection to false"] {
            assert!(refusal.contains(words), "{words}: {refusal}");
        }
        patch(&cluster, kind, "lifted", &json!({"deletionProtection": false})).await;
        let rest = cluster.try_kubectl(&["delete", kind, "--all", "--namespace=orders"]).await;
        assert!(rest.unwrap_err().contains("precious"));
        let left = cluster.get(&[kind, "--namespace=orders"]).await;
        let left: Vec<&str> =
            left["items"].as_array().unwrap().iter().map(|item| item["metadata"]["name"].as_str().unwrap()).collect();
        assert_eq!(left, ["precious"]);
        patch(&cluster, kind, "precious", &json!({"deletionPolicy": "Retain"})).await;
        delete(&cluster, kind, "precious").await.unwrap();
    }
}

#[tokio::test]
async fn a_namespace_with_a_protected_cluster_waits_and_says_so() {
    let cluster = guarded().await;
    let manifests = [
        manifest("TypeDBCluster", "precious", "Delete", true, &json!({})),
        manifest("TypeDBCluster", "retained", "Retain", true, &json!({})),
    ];
    cluster.apply(&manifests).await.unwrap();
    cluster.control_plane.kubectl(&["delete", "namespace", "orders", "--wait=false"]).await;
    eventually("the namespace says what it waits for", async || {
        let conditions = cluster.get(&["namespace", "orders"]).await["status"]["conditions"].to_string();
        if conditions.contains("spec.deletionProtection to false") { Ok(()) } else { Err(conditions) }
    })
    .await;
    let left = cluster.get(&["tdb", "--namespace=orders"]).await;
    assert_eq!(left["items"][0]["metadata"]["name"], "precious");
    assert_eq!(left["items"][0]["metadata"]["deletionTimestamp"], Value::Null, "it was not even asked to go");
    patch(&cluster, "tdb", "precious", &json!({"deletionPolicy": "Retain"})).await;
    eventually("the namespace is gone", async || {
        cluster.try_kubectl(&["get", "namespace", "orders"]).await.err().map(|_| ()).ok_or("it is there".to_owned())
    })
    .await;
}

#[tokio::test]
async fn definitions_and_the_operators_namespace_go_only_where_that_is_meant() {
    let cluster = guarded().await;
    let definition = "crd/typedbclusters.clusterwright.dev";
    for what in [definition, &format!("namespace/{NAMESPACE}")] {
        let refusal = cluster.try_kubectl(&["delete", what]).await.unwrap_err();
        assert!(refusal.contains("clusterwright.dev/allow-removal=true"), "{refusal}");
        cluster.control_plane.kubectl(&["annotate", what, "clusterwright.dev/allow-removal=maybe"]).await;
        assert!(cluster.try_kubectl(&["delete", what]).await.is_err(), "{what} is refused unless it is said");
    }
    cluster.control_plane.kubectl(&["delete", "namespace", "orders"]).await;
    for what in [definition, &format!("namespace/{NAMESPACE}")] {
        cluster.control_plane.kubectl(&["annotate", what, "clusterwright.dev/allow-removal=true", "--overwrite"]).await;
        cluster.control_plane.kubectl(&["delete", what]).await;
    }
}
