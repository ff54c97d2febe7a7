//! A release of the chart, and databases that it looks after.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::process::Child;

use crate::harness::{Cluster, NAMESPACE, Pod, RELEASE};
use crate::support::{Simulator, chart, eventually};

/// A release's life, around a database of the simulator.
pub(crate) struct Installed {
    pub(crate) cluster: Cluster,
    pub(crate) cloud: Simulator,
    /// What Helm printed in the end.
    pub(crate) notes: String,
}

impl Installed {
    /// A release with the chart's own values, and a namespace called team.
    pub(crate) async fn new() -> Self {
        Self::with(&["team"], &[]).await
    }

    /// A release with these arguments, beside these namespaces.
    pub(crate) async fn with(namespaces: &[&str], more: &[&str]) -> Self {
        let (cluster, cloud) = (Cluster::new().await, Simulator::start());
        for namespace in namespaces {
            cluster.create_namespace(namespace, json!({})).await;
        }
        let notes = install(&cluster, &cloud, more).await;
        Self { cluster, cloud, notes }
    }

    /// Applies an account and a cluster to the namespace called team.
    pub(crate) async fn order_database(&self, spec: &Value) {
        self.order("team", "orders", spec).await;
    }

    /// Applies an account, and a cluster of this name.
    pub(crate) async fn order(&self, namespace: &str, name: &str, spec: &Value) {
        let credentials = json!({"apiVersion": "v1", "kind": "Secret", "stringData":
            {"id": "simulator", "secret": "simulator-secret"}, "metadata": {"name": "typedb-cloud", "namespace": namespace}});
        let location = json!({"team": "acme", "space": "default", "endpoint": self.cloud.url});
        let account = json!({"apiVersion": "clusterwright.dev/v1alpha1", "kind": "CloudAccount",
            "metadata": {"name": "typedb", "namespace": namespace},
            "spec": {"typedbCloud": location, "credentials": [{"secretRef": {"name": "typedb-cloud"}}],
                "pollIntervalSeconds": 10, "requestsPerMinute": 6000}});
        let mut cluster = json!({"apiVersion": "clusterwright.dev/v1alpha1", "kind": "TypeDBCluster",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"accountRef": {"name": "typedb"}, "tier": "Paid", "provider": "gcp", "region": "europe-west2",
                "machineType": "c2d-highcpu-2"}});
        for (name, value) in spec.as_object().unwrap() {
            cluster["spec"][name] = value.clone();
        }
        self.cluster.apply(&[credentials, account, cluster]).await.unwrap();
    }

    /// Waits until a manifest is Ready.
    pub(crate) async fn until_ready(&self, namespace: &str, name: &str) {
        let manifest = format!("tdb/{name}");
        let ready = ["wait", &manifest, "--for=condition=Ready", "--timeout=75s", "--namespace", namespace];
        self.cluster.control_plane.kubectl(&ready).await;
    }

    /// Waits until the team's database is Ready and can be entered; how.
    pub(crate) async fn way_in(&self) -> Value {
        self.until_ready("team", "orders").await;
        eventually("the connection Secret is there", async || {
            let secret =
                self.cluster.try_kubectl(&["get", "secret/orders-typedb", "--namespace=team", "-o=json"]).await?;
            let secret: Value = serde_json::from_str(&secret).map_err(|error| error.to_string())?;
            if secret["data"]["password"].is_string() {
                Ok(secret["data"].clone())
            } else {
                Err("no password".to_owned())
            }
        })
        .await
    }

    /// How many records there are.
    pub(crate) async fn records(&self) -> usize {
        let records = ["secrets", "--namespace", NAMESPACE, "--selector=clusterwright.dev/record"];
        self.cluster.get(&records).await["items"].as_array().unwrap().len()
    }
}

pub(crate) async fn install(cluster: &Cluster, cloud: &Simulator, more: &[&str]) -> String {
    let chart = chart::folder().display().to_string();
    let endpoint = format!("--set=clouds.allowedEndpoints={{{}}}", cloud.url);
    let install = ["install", RELEASE, &chart, "--create-namespace", "--set=clouds.insecureEndpoints=true", &endpoint];
    cluster.helm(&[&install, more].concat()).await.unwrap()
}

/// All the pods of the Deployment, ready.
pub(crate) async fn start(cluster: &Cluster, name: &str) -> Vec<Pod> {
    let deployment = cluster.get(&["deployment", RELEASE, "--namespace", NAMESPACE]).await;
    let mut pods = Vec::new();
    for number in 0..deployment["spec"]["replicas"].as_u64().unwrap() {
        pods.push(cluster.start_pod(&format!("{name}-{number}")).await);
    }
    for pod in &pods {
        pod.until_ready().await;
    }
    pods
}

pub(crate) async fn stop_all(pods: Vec<Pod>) {
    for pod in pods {
        stop(pod).await;
    }
}

pub(crate) async fn stop(mut pod: Pod) {
    assert_eq!(pod.operator.terminate().await.code(), Some(0), "{}", pod.operator.printed());
}

/// Starts Helm, which then waits for a pod.
pub(crate) fn start_helm(cluster: &Cluster, arguments: &[&str]) -> Child {
    let mut helm = tokio::process::Command::from(cluster.helm_command(arguments));
    helm.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).spawn().unwrap()
}
