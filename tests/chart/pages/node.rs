//! Plays the nodes of a Kubernetes cluster: what a release's Deployment asks for runs as processes.

use std::mem;
use std::pin::pin;

use futures::StreamExt;
use futures::future::join_all;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::PodTemplateSpec;
use kube::api::{Api, Patch, PatchParams};
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{Config, Event, watcher};
use serde_json::json;

use crate::harness::{Cluster, Pod, RELEASE};

/// What runs of the release in one namespace of a cluster.
pub(crate) struct Node<'a> {
    cluster: &'a Cluster,
    namespace: &'static str,
    /// The first part of the pods' names.
    name: String,
    template: PodTemplateSpec,
    pods: Vec<Pod>,
    /// How many pods there ever were.
    started: u32,
}

impl<'a> Node<'a> {
    pub(crate) fn new(cluster: &'a Cluster, namespace: &'static str, name: String) -> Self {
        Self { cluster, namespace, name, template: PodTemplateSpec::default(), pods: Vec::new(), started: 0 }
    }

    /// Follows the Deployment for as long as this is polled.
    pub(crate) async fn run(mut self) {
        let deployments = Api::<Deployment>::namespaced(self.cluster.kube.clone(), self.namespace);
        let mut events = pin!(watcher(deployments.clone(), Config::default()).default_backoff());
        while let Some(event) = events.next().await {
            match event {
                Ok(Event::Apply(deployment) | Event::InitApply(deployment)) => {
                    self.follow(&deployment).await;
                    self.report(&deployments, &deployment).await;
                }
                Ok(Event::Delete(_)) => stop(mem::take(&mut self.pods)).await,
                // It begins anew by itself.
                Ok(Event::Init | Event::InitDone) | Err(_) => (),
            }
        }
    }

    /// As a rolling update does: new pods are ready before old ones are asked to stop.
    async fn follow(&mut self, deployment: &Deployment) {
        let spec = deployment.spec.as_ref().expect("a specification");
        let replicas = usize::try_from(spec.replicas.expect("a default")).expect("a number of pods");
        let old = if spec.template == self.template { Vec::new() } else { mem::take(&mut self.pods) };
        self.template = spec.template.clone();
        while self.pods.len() < replicas {
            self.started += 1;
            let name = format!("{}-{}", self.name, self.started);
            self.pods.push(self.cluster.start_pod_in(self.namespace, &name).await);
        }
        let surplus = self.pods.split_off(replicas);
        join_all(self.pods.iter().map(Pod::until_ready)).await;
        stop(old).await;
        stop(surplus).await;
    }

    /// What the controller of Deployments tells about pods.
    async fn report(&self, deployments: &Api<Deployment>, deployment: &Deployment) {
        let pods = self.pods.len();
        let status = json!({"observedGeneration": deployment.metadata.generation, "replicas": pods, "updatedReplicas": pods,
            "readyReplicas": pods, "availableReplicas": pods});
        let patch = Patch::Merge(json!({"status": status}));
        match deployments.patch_status(RELEASE, &PatchParams::default(), &patch).await {
            Err(kube::Error::Api(refusal)) if refusal.is_not_found() => (),
            other => drop(other.expect("the status is taken")),
        }
    }
}

async fn stop(pods: Vec<Pod>) {
    let ends = pods.into_iter().map(async |mut pod| pod.operator.terminate().await);
    join_all(ends).await;
}
