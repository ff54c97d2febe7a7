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

/// The name of the release, and so of its Deployment and its `ServiceAccount`.
pub(crate) const RELEASE: &str = "clusterwright";

/// So many live at a time: each is three processes, and machines are small.
static CLUSTERS: Semaphore = Semaphore::const_new(5);

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

    /// Runs what the Deployment's pods would: its own arguments and environment, under its `ServiceAccount`.
    pub(crate) async fn start_pod(&self, name: &str) -> Pod {
        self.start_pod_in(NAMESPACE, name).await
    }

    /// The same of a release in this namespace.
    pub(crate) async fn start_pod_in(&self, namespace: &str, name: &str) -> Pod {
        let deployment = self.get(&["deployment", RELEASE, "--namespace", namespace]).await;
        let spec = &deployment["spec"]["template"]["spec"];
        let log = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("chart-{name}.log"));
        std::fs::write(&log, "").expect("an empty log");
        let command = self.container_command(spec, namespace, name).await;
        Pod { operator: Operator::spawn(command, &log), container: spec["containers"][0].clone() }
    }

    /// Runs a pod that Helm has made and waits for, as a kubelet would. `service` stands in for the chart's Service.
    pub(crate) async fn play_kubelet(&self, pod: &str, service: &str) {
        let mut spec = eventually(&format!("{pod} is there"), async || {
            let pod = self.try_kubectl(&["get", "pod", pod, "--namespace", NAMESPACE, "--output=json"]).await?;
            serde_json::from_str::<Value>(&pod).map(|mut pod| pod["spec"].take()).map_err(|error| error.to_string())
        })
        .await;
        let name = format!("http://{RELEASE}.{NAMESPACE}.svc:8080");
        for argument in spec["containers"][0]["args"].as_array_mut().expect("arguments") {
            *argument = json!(argument.as_str().expect("text").replace(&name, service));
        }
        let output = self.container_command(&spec, NAMESPACE, pod).await.output().await.expect("the program starts");
        let phase = if output.status.success() { "Succeeded" } else { "Failed" };
        let patch = json!({"status": {"phase": phase}}).to_string();
        let patched =
            ["patch", "pod", pod, "--namespace", NAMESPACE, "--subresource=status", "--type=merge", "--patch"];
        self.control_plane.kubectl(&[&patched[..], &[&patch]].concat()).await;
    }

    /// The program as a pod's container calls it, under the pod's `ServiceAccount`. Only where it listens is changed, for pods
    /// share a machine here.
    async fn container_command(&self, spec: &Value, namespace: &str, pod: &str) -> tokio::process::Command {
        let container = &spec["containers"][0];
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_clusterwright"));
        command.env_clear();
        for argument in container["args"].as_array().expect("arguments") {
            let argument = argument.as_str().expect("text");
            command.arg(if argument.starts_with("--listen=") { "--listen=127.0.0.1:0" } else { argument });
        }
        for variable in container["env"].as_array().into_iter().flatten() {
            let value = match variable["valueFrom"]["fieldRef"]["fieldPath"].as_str() {
                Some("metadata.name") => pod,
                Some("metadata.namespace") => namespace,
                Some(other) => panic!("{other} is not known here"),
                None => variable["value"].as_str().expect("a value"),
            };
            command.env(variable["name"].as_str().expect("a name"), value);
        }
        if spec["automountServiceAccountToken"] == true {
            let account = spec["serviceAccountName"].as_str().expect("a name");
            command.env("KUBECONFIG", self.kubeconfig_of(namespace, account).await);
        }
        command
    }

    async fn kubeconfig_of(&self, namespace: &str, account: &str) -> PathBuf {
        let token = self.control_plane.token(namespace, account).await;
        // Beside the administrator's, so that every cluster has its own.
        let path = self.control_plane.kubeconfig.with_file_name(format!("{namespace}-{account}.kubeconfig"));
        let yaml = serde_saphyr::to_string(&self.control_plane.kubeconfig_as(&token)).expect("YAML");
        std::fs::write(&path, yaml).expect("a kubeconfig");
        path
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
