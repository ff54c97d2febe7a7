//! A Kubernetes cluster for the chart, and its pods as processes.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use k8s_openapi::api::core::v1::Namespace;
use kube::Client;
use kube::api::{Api, Patch, PatchParams};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::support::chart;
use crate::support::{ControlPlane, Operator, eventually};

/// Where the chart is installed.
pub(crate) const NAMESPACE: &str = "clusterwright-system";

/// The name of the release, and so of its Deployment and its ServiceAccount.
pub(crate) const RELEASE: &str = "clusterwright";

/// So many live at a time: each is three processes, and machines are small.
static CLUSTERS: Semaphore = Semaphore::const_new(2);

/// A Kubernetes cluster. It ends when this is dropped.
pub(crate) struct Cluster {
    pub(crate) control_plane: ControlPlane,
    pub(crate) kube: Client,
    _place: SemaphorePermit<'static>,
}

impl Cluster {
    /// One with nothing in it.
    pub(crate) async fn new() -> Self {
        let place = CLUSTERS.acquire().await.expect("it is never closed");
        let control_plane = ControlPlane::start();
        Self { kube: control_plane.client().await, control_plane, _place: place }
    }

    pub(crate) async fn create_namespace(&self, name: &str, labels: Value) {
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}});
        let params = PatchParams::apply("tests").force();
        let api = Api::<Namespace>::all(self.kube.clone());
        api.patch(name, &params, &Patch::Apply(namespace)).await.expect("a namespace");
    }

    /// Applies objects as kubectl does; `Err` is what it says.
    pub(crate) async fn apply(&self, objects: &[Value]) -> Result<String, String> {
        self.send(objects, &[]).await
    }

    /// The same without an effect.
    pub(crate) async fn dry_run(&self, objects: &[Value]) -> Result<String, String> {
        self.send(objects, &["--dry-run=server"]).await
    }

    async fn send(&self, objects: &[Value], flags: &[&str]) -> Result<String, String> {
        let list = json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string();
        let apply = ["apply", "--server-side", "--force-conflicts", "--validate=strict", "--filename=-"];
        let mut kubectl = self.control_plane.kubectl_command(&[&apply, flags].concat());
        kubectl.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = kubectl.spawn().expect("kubectl starts");
        child.stdin.take().expect("a pipe").write_all(list.as_bytes()).expect("kubectl reads");
        told(tokio::task::spawn_blocking(|| child.wait_with_output()).await.expect("a thread").expect("an end"))
    }

    /// What kubectl prints; `Err` is why it fails.
    pub(crate) async fn try_kubectl(&self, arguments: &[&str]) -> Result<String, String> {
        run(self.control_plane.kubectl_command(arguments)).await
    }

    /// What kubectl prints, as JSON.
    pub(crate) async fn get(&self, arguments: &[&str]) -> Value {
        let printed = self.control_plane.kubectl(&[&["get", "--output=json"], arguments].concat()).await;
        serde_json::from_str(&printed).expect("JSON")
    }

    /// Helm with this cluster, ready to be run.
    pub(crate) fn helm_command(&self, arguments: &[&str]) -> Command {
        let mut helm = chart::helm();
        helm.args(["--namespace", NAMESPACE]).args(arguments).env("KUBECONFIG", &self.control_plane.kubeconfig);
        helm
    }

    /// What Helm prints; `Err` is why it fails.
    pub(crate) async fn helm(&self, arguments: &[&str]) -> Result<String, String> {
        run(self.helm_command(arguments)).await
    }

    /// Runs what the Deployment's pods would: its own arguments and environment, under its ServiceAccount.
    pub(crate) async fn start_pod(&self, name: &str) -> Pod {
        let deployment = self.get(&["deployment", RELEASE, "--namespace", NAMESPACE]).await;
        let spec = &deployment["spec"]["template"]["spec"];
        let account = spec["serviceAccountName"].as_str().expect("a ServiceAccount");
        let token = self.control_plane.token(NAMESPACE, account).await;
        let log = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("chart-{name}.log"));
        let kubeconfig = log.with_extension("kubeconfig");
        let yaml = serde_saphyr::to_string(&self.control_plane.kubeconfig_as(&token)).expect("YAML");
        std::fs::write(&kubeconfig, yaml).expect("a kubeconfig");
        std::fs::write(&log, "").expect("an empty log");
        let container = spec["containers"][0].clone();
        let mut command = tokio::process::Command::from(container_command(&container, name));
        command.env("KUBECONFIG", &kubeconfig);
        Pod { operator: Operator::spawn(command, &log), container }
    }
}

/// A running pod.
pub(crate) struct Pod {
    pub(crate) operator: Operator,
    container: Value,
}

impl Pod {
    /// Waits until the kubelet would call it ready.
    pub(crate) async fn until_ready(&self) {
        for probe in ["livenessProbe", "readinessProbe"] {
            let path = self.container[probe]["httpGet"]["path"].as_str().expect("a path");
            self.operator.until(path, 200).await;
        }
    }
}

/// The program as a container of the chart calls it. Only where it listens is changed, for pods share a machine here.
pub(crate) fn container_command(container: &Value, pod: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clusterwright"));
    command.env_clear();
    for argument in container["args"].as_array().expect("arguments") {
        let argument = argument.as_str().expect("text");
        command.arg(if argument.starts_with("--listen=") { "--listen=127.0.0.1:0" } else { argument });
    }
    for variable in container["env"].as_array().into_iter().flatten() {
        let value = match variable["valueFrom"]["fieldRef"]["fieldPath"].as_str() {
            Some("metadata.name") => pod,
            Some("metadata.namespace") => NAMESPACE,
            Some(other) => panic!("{other} is not known here"),
            None => variable["value"].as_str().expect("a value"),
        };
        command.env(variable["name"].as_str().expect("a name"), value);
    }
    command
}

/// Waits until the API server enforces the chart's policies on deletions.
pub(crate) async fn until_policies_hold(cluster: &Cluster) {
    eventually("the policies hold", async || {
        match cluster.try_kubectl(&["delete", "namespace", NAMESPACE, "--dry-run=server"]).await {
            Err(refusal) if refusal.contains("allow-removal") => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
}

async fn run(command: Command) -> Result<String, String> {
    told(tokio::process::Command::from(command).output().await.expect("it starts"))
}

fn told(output: Output) -> Result<String, String> {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}
