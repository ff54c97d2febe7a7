//! The server keeps the rules of a real one, seen through a real client.

mod apply;
mod faults;
mod objects;
mod upkeep;
mod watches;

use std::fmt::Debug;

use clusterwright::clock::Clock;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::ApiServer;

/// A server on New Year's morning.
fn server() -> ApiServer {
    ApiServer::new(clock())
}

fn clock() -> Clock {
    Clock::anchored("2026-01-01T00:00:00Z".parse().unwrap())
}

fn cluster_resource() -> ApiResource {
    let kind = GroupVersionKind::gvk("clusterwright.dev", "v1alpha1", "TypeDBCluster");
    ApiResource::from_gvk_with_plural(&kind, "typedbclusters")
}

fn clusters(client: Client) -> Api<DynamicObject> {
    Api::namespaced_with(client, "default", &cluster_resource())
}

fn secrets(client: Client) -> Api<Secret> {
    Api::namespaced(client, "default")
}

fn config_maps(client: Client) -> Api<ConfigMap> {
    Api::namespaced(client, "default")
}

fn cluster(name: &str) -> Value {
    json!({
        "apiVersion": "clusterwright.dev/v1alpha1", "kind": "TypeDBCluster",
        "metadata": {"name": name, "namespace": "default"}, "spec": {"tier": "Free"},
    })
}

fn config_map(name: &str, data: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}, "data": data})
}

/// An object as its type.
fn typed<T: DeserializeOwned>(object: Value) -> T {
    serde_json::from_value(object).unwrap()
}

/// The status code and the reason of a refusal.
fn refusal<T: Debug>(result: kube::Result<T>) -> (u16, String) {
    match result.unwrap_err() {
        kube::Error::Api(status) => (status.code, status.reason.clone()),
        other => panic!("not an answer of the server: {other}"),
    }
}

/// The same, to be compared with literals.
fn is(code: u16, reason: &str) -> (u16, String) {
    (code, reason.into())
}
