//! Installed, tested, upgraded and uninstalled with the real Helm; the pods' own command lines run as processes.

use serde_json::{Value, json};

use crate::harness::{Cluster, NAMESPACE, RELEASE, until_policies_hold};
use crate::installed::{Installed, install, start, start_helm, stop, stop_all};
use crate::support::{chart, eventually};

#[tokio::test]
async fn databases_records_and_definitions_outlive_the_release() {
    let installed = Installed::new().await;
    let Installed { cluster, cloud, notes } = &installed;
    assert_notes_hold(cluster, notes).await;
    let pods = start(cluster, "installed").await;
    assert_eq!(pods.len(), 2);
    until_policies_hold(cluster).await;
    installed.order_database(&json!({})).await;
    let way_in = installed.way_in().await;
    let effects = cloud.effects().await;

    let upgrade =
        ["upgrade", RELEASE, &chart::folder().display().to_string(), "--reset-then-reuse-values", "--set=log=debug"];
    cluster.helm(&upgrade).await.unwrap();
    let successors = start(cluster, "upgraded").await;
    stop_all(pods).await;
    let in_force = successors.iter().all(|pod| pod.operator.printed().contains("\"DEBUG\""));
    assert!(in_force, "what was upgraded is in force");
    assert_eq!(installed.way_in().await, way_in);

    stop_all(successors).await;
    cluster.helm(&["uninstall", RELEASE]).await.unwrap();
    let release = format!("app.kubernetes.io/instance={RELEASE}");
    let all = [
        "deployments,services,serviceaccounts,roles,rolebindings,poddisruptionbudgets,clusterroles,clusterrolebindings,\
        validatingadmissionpolicies,validatingadmissionpolicybindings,customresourcedefinitions",
        "--all-namespaces",
        "--selector",
        &release,
    ];
    let left = cluster.get(&all).await["items"].as_array().unwrap().clone();
    let kind = |kind: &str| left.iter().filter(|object| object["kind"] == kind).count();
    assert_eq!(kind("CustomResourceDefinition"), 3);
    assert_eq!((kind("ValidatingAdmissionPolicy"), kind("ValidatingAdmissionPolicyBinding")), (2, 2));
    assert_eq!(left.len(), 7, "nothing else of the release is left");
    for what in ["crd/typedbclusters.clusterwright.dev".to_owned(), format!("namespace/{NAMESPACE}")] {
        let refusal = cluster.try_kubectl(&["delete", &what]).await.unwrap_err();
        assert!(refusal.contains("allow-removal"), "without an operator as well: {refusal}");
    }
    assert_eq!((installed.records().await, cloud.ids().await), (1, vec!["orders".to_owned()]));
    assert_eq!(installed.way_in().await, way_in, "manifest and connection Secret are as they were");

    install(cluster, cloud, &[]).await;
    let again = start(cluster, "again").await;
    assert_eq!(installed.way_in().await, way_in);
    assert_eq!(cloud.effects().await, effects, "nothing was done to the cloud since the first installation");
    stop_all(again).await;
}

/// Whoever gives up the definitions with the release says so beforehand, and even then no database goes.
#[tokio::test]
async fn definitions_that_are_not_kept_go_with_the_release_and_databases_stay() {
    let installed = Installed::new().await;
    let Installed { cluster, cloud, .. } = &installed;
    let pod = cluster.start_pod("not-kept").await;
    pod.until_ready().await;
    until_policies_hold(cluster).await;
    installed.order_database(&json!({"deletionPolicy": "Delete", "deletionProtection": true})).await;
    installed.way_in().await;
    let chart = chart::folder().display().to_string();
    let upgrade = ["upgrade", RELEASE, &chart, "--reset-then-reuse-values"];
    cluster.helm(&[&upgrade[..], &["--set=crds.keep=false"]].concat()).await.unwrap();
    // To leave them out is not what was said, so that nobody deletes them.
    cluster.helm(&[&upgrade[..], &["--set=crds.enabled=false"]].concat()).await.ok();
    assert_eq!(cluster.get(&["crd"]).await["items"].as_array().unwrap().len(), 3);
    installed.until_ready("team", "orders").await;
    cluster.helm(&[&upgrade[..], &["--set=crds.enabled=true"]].concat()).await.unwrap();
    let helm = start_helm(cluster, &["uninstall", RELEASE, "--timeout=70s"]);
    cluster.play_kubelet(&format!("{RELEASE}-removal"), "").await;
    let output = helm.wait_with_output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    stop(pod).await;
    assert_eq!(cluster.get(&["crd"]).await["items"], json!([]));
    assert_eq!((installed.records().await, cloud.ids().await), (1, vec!["orders".to_owned()]));
}

/// They would share the Lease, so that one of them would do nothing, and one would go without the other's permissions.
#[tokio::test]
async fn a_second_release_is_taken_in_a_namespace_of_its_own_alone() {
    let cluster = &Installed::new().await.cluster;
    let chart = chart::folder().display().to_string();
    let second = ["install", "teams", &chart, "--set=crds.enabled=false", "--set=watchNamespaces={team}"];
    let refusal = cluster.helm(&second).await.unwrap_err();
    let words = format!("Release {RELEASE} of this chart is in namespace {NAMESPACE} already");
    assert!(refusal.contains(&words), "{refusal}");
    cluster.helm(&[&second[..], &["--namespace=teams", "--create-namespace"]].concat()).await.unwrap();
}

#[tokio::test]
async fn helm_test_asks_a_running_operator() {
    let installed = Installed::new().await;
    let cluster = &installed.cluster;
    let running = cluster.start_pod("helm-test").await;
    running.until_ready().await;
    for (service, passes) in
        [(format!("http://{}", running.operator.address().unwrap()), true), ("http://127.0.0.1:1".to_owned(), false)]
    {
        let helm = start_helm(cluster, &["test", RELEASE, "--timeout=70s"]);
        cluster.play_kubelet(&format!("{RELEASE}-test"), &service).await;
        let output = helm.wait_with_output().await.unwrap();
        assert_eq!(output.status.success(), passes, "{}", String::from_utf8_lossy(&output.stderr));
    }
    stop(running).await;
}

/// With an operator at work, a namespace that holds a protected database waits until its owner has decided.
#[tokio::test]
async fn a_namespace_waits_for_a_protected_database_with_an_operator_running() {
    let installed = Installed::new().await;
    let Installed { cluster, cloud, .. } = &installed;
    let pod = cluster.start_pod("protected").await;
    pod.until_ready().await;
    until_policies_hold(cluster).await;
    installed.order_database(&json!({"deletionPolicy": "Delete", "deletionProtection": true})).await;
    installed.way_in().await;
    cluster.control_plane.kubectl(&["delete", "namespace", "team", "--wait=false"]).await;
    eventually("the namespace says what it waits for", async || {
        let conditions = cluster.get(&["namespace", "team"]).await["status"]["conditions"].to_string();
        if conditions.contains("spec.deletionProtection to false") { Ok(()) } else { Err(conditions) }
    })
    .await;
    assert_eq!(cloud.ids().await, ["orders"]);
    let retain = json!({"spec": {"deletionPolicy": "Retain"}}).to_string();
    let patch = ["patch", "tdb", "orders", "--namespace=team", "--type=merge", "--patch", &retain];
    cluster.control_plane.kubectl(&patch).await;
    eventually("the namespace is gone", async || {
        cluster.try_kubectl(&["get", "namespace", "team"]).await.err().map(|_| ()).ok_or("it is there".to_owned())
    })
    .await;
    assert_eq!(cloud.ids().await, ["orders"]);
    stop(pod).await;
}

/// What a person is told to apply next is something that can be applied.
async fn assert_notes_hold(cluster: &Cluster, notes: &str) {
    let manifests = notes.split("<<END\n").nth(1).and_then(|rest| rest.split("\nEND").next()).expect(notes);
    let mut manifests: Vec<Value> = serde_saphyr::from_multiple(manifests).unwrap();
    for (manifest, kind) in manifests.iter_mut().zip(["CloudAccount", "TypeDBCluster"]) {
        assert_eq!(manifest["kind"], kind);
        manifest["metadata"]["namespace"] = json!("team");
    }
    assert_eq!(manifests.len(), 2);
    cluster.dry_run(&manifests).await.unwrap();
}
