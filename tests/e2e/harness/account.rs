//! The operator's `ServiceAccount`, with what the chart gives it and nothing more.

use std::sync::LazyLock;

use kube::api::{Api, ApiResource, DynamicObject, Patch, PatchParams};
use kube::{Client, ResourceExt};
use serde_json::Value;

use super::ControlPlane;
use crate::support::chart::rendered;

/// The account's name.
const NAME: &str = "clusterwright";

/// Stand-ins for a world's own names, so that Helm is asked once.
const OPERATOR: &str = "namespace-of-the-operator";
const WATCHED: &str = "namespace-that-is-watched";
const FORMER: &str = "namespace-of-the-former";
const OTHER: &str = "another-namespace-that-is-watched";

static OBJECTS: LazyLock<String> = LazyLock::new(|| render(&[], &[]));
static HEIRS_OBJECTS: LazyLock<String> =
    LazyLock::new(|| render(&["rbac/former"], &[&format!("--set=takeOverFrom={FORMER}")]));

static OBJECTS_OF_TWO: LazyLock<String> =
    LazyLock::new(|| render(&[], &[&format!("--set=watchNamespaces={{{WATCHED},{OTHER}}}")]));

fn render(more: &[&str], values: &[&str]) -> String {
    let files = ["serviceaccount", "rbac/cluster", "rbac/watched", "rbac/own"];
    let shown: Vec<String> =
        files.iter().chain(more).map(|file| format!("--show-only=templates/{file}.yaml")).collect();
    let watched = format!("--set=watchNamespaces={{{WATCHED}}}");
    let arguments: Vec<&str> =
        shown.iter().chain([&watched]).map(String::as_str).chain(values.iter().copied()).collect();
    Value::from(rendered(OPERATOR, &arguments)).to_string()
}

/// What the chart makes for an operator in one namespace that looks after another.
pub(crate) fn objects(operator_namespace: &str, watched: &str) -> Vec<DynamicObject> {
    let text = OBJECTS.replace(OPERATOR, operator_namespace).replace(WATCHED, watched);
    serde_json::from_str(&text).expect("objects")
}

/// The same for one that looks after a second namespace.
pub(crate) fn objects_of_two(operator_namespace: &str, watched: &str, other: &str) -> Vec<DynamicObject> {
    let text = OBJECTS_OF_TWO.replace(OPERATOR, operator_namespace).replace(OTHER, other).replace(WATCHED, watched);
    serde_json::from_str(&text).expect("objects")
}

/// The same for one that takes over from an operator in a third.
pub(crate) fn heirs_objects(operator_namespace: &str, watched: &str, former: &str) -> Vec<DynamicObject> {
    let text = HEIRS_OBJECTS.replace(OPERATOR, operator_namespace).replace(WATCHED, watched).replace(FORMER, former);
    serde_json::from_str(&text).expect("objects")
}

/// Applies such objects.
pub(crate) async fn apply(client: &Client, objects: &[DynamicObject]) {
    for object in objects {
        let kind = object.types.as_ref().expect("every document names its kind");
        let resource = ApiResource::from_gvk(&kind.try_into().expect("an API version"));
        let api: Api<DynamicObject> = match object.namespace() {
            Some(namespace) => Api::namespaced_with(client.clone(), &namespace, &resource),
            None => Api::all_with(client.clone(), &resource),
        };
        let params = PatchParams::apply("tests").force();
        let applied = api.patch(&object.name_any(), &params, &Patch::Apply(object)).await;
        applied.unwrap_or_else(|error| panic!("{} {}: {error}", kind.kind, object.name_any()));
    }
}

/// A token of the account, which these objects make.
pub(crate) async fn token(control_plane: &ControlPlane, operator_namespace: &str, objects: &[DynamicObject]) -> String {
    apply(&control_plane.client().await, objects).await;
    control_plane.token(operator_namespace, NAME).await
}
