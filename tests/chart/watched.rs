//! A release that looks after some namespaces only, of which one goes.

use serde_json::json;

use crate::harness::{Cluster, NAMESPACE, RELEASE};
use crate::installed::{Installed, stop};
use crate::support::{chart, eventually};

async fn until_gone(cluster: &Cluster, what: &[&str]) {
    eventually(&format!("{what:?} is gone"), async || {
        let found = cluster.try_kubectl(&[&["get"], what].concat()).await;
        found.err().filter(|error| error.contains("NotFound")).map(|_| ()).ok_or("it is there".to_owned())
    })
    .await;
}

/// The operator dies at the worst moment: the namespace is going, Roles and credentials first, and a finalizer holds it.
#[tokio::test]
async fn a_namespace_that_goes_holds_up_no_other_and_is_let_go_itself() {
    let watched = "--set=watchNamespaces={team-a,team-b}";
    let installed = Installed::with(&["team-a", "team-b"], &[watched]).await;
    let Installed { cluster, cloud, .. } = &installed;
    let pod = cluster.start_pod("watched").await;
    installed.order("team-a", "precious", &json!({"deletionPolicy": "Delete"})).await;
    installed.until_ready("team-a", "precious").await;
    drop(pod);
    cluster.control_plane.kubectl(&["delete", "namespace", "team-a", "--wait=false"]).await;
    let role = format!("{RELEASE}.{NAMESPACE}");
    until_gone(cluster, &["role", &role, "--namespace=team-a"]).await;
    let upgrade = ["upgrade", RELEASE, &chart::folder().display().to_string(), "--reset-then-reuse-values"];
    cluster.helm(&upgrade).await.unwrap();

    let pod = cluster.start_pod("watched").await;
    pod.until_ready().await;
    installed.order("team-b", "orders", &json!({})).await;
    installed.until_ready("team-b", "orders").await;
    eventually("the manifest says how it is let go", async || {
        let precious = cluster.get(&["tdb/precious", "--namespace=team-a"]).await;
        let conditions = precious["status"]["conditions"].to_string();
        if conditions.contains("set spec.deletionPolicy: Retain") { Ok(()) } else { Err(conditions) }
    })
    .await;
    let retain = json!({"spec": {"deletionPolicy": "Retain"}}).to_string();
    let patch = ["patch", "tdb/precious", "--namespace=team-a", "--type=merge", "--patch", &retain];
    cluster.control_plane.kubectl(&patch).await;
    until_gone(cluster, &["namespace/team-a"]).await;
    assert_eq!(cloud.ids().await, ["orders", "precious"]);
    assert_eq!(installed.records().await, 2);

    // It is gone for good, and still named in the values.
    let notes = cluster.helm(&upgrade).await.unwrap();
    assert!(notes.contains("Namespace team-a does not exist") && !notes.contains("Namespace team-b"), "{notes}");
    stop(pod).await;
    let pod = cluster.start_pod("watched").await;
    pod.until_ready().await;
    installed.order("team-b", "sales", &json!({})).await;
    installed.until_ready("team-b", "sales").await;
    stop(pod).await;
}
