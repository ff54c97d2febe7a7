//! The CustomResourceDefinitions: the derived schemas, finished with what a derive cannot say. One file for each kind.

mod account;
mod cratedb;
mod rules;
mod typedb;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceColumnDefinition, CustomResourceDefinition, JSON, JSONSchemaProps, JSONSchemaPropsOrArray,
    ValidationRule,
};
use serde_json::json;

/// All definitions, in the order in which `clusterwright crds` prints them.
#[must_use]
pub fn definitions() -> Vec<CustomResourceDefinition> {
    vec![account::definition(), typedb::definition(), cratedb::definition()]
}

fn finish(
    mut definition: CustomResourceDefinition,
    columns: &[CustomResourceColumnDefinition],
    rules: &[ValidationRule],
) -> CustomResourceDefinition {
    for version in &mut definition.spec.versions {
        version.additional_printer_columns = Some(columns.to_vec());
        let Some(schema) = version.schema.as_mut().and_then(|schema| schema.open_api_v3_schema.as_mut()) else {
            continue;
        };
        drop_nullable(schema);
        schema.x_kubernetes_validations = Some(rules.to_vec());
        if let Some(status) = property(schema, "status") {
            status.description = Some("What the operator last saw.".to_owned());
            // Without it, an object that nobody has looked at yet counts as done for kstatus, and so for Helm and Flux.
            status.default = Some(JSON(json!({"observedGeneration": -1})));
            if let Some(conditions) = property(status, "conditions") {
                conditions.x_kubernetes_list_type = Some("map".to_owned());
                conditions.x_kubernetes_list_map_keys = Some(vec!["type".to_owned()]);
            }
        }
    }
    definition
}

fn property<'a>(schema: &'a mut JSONSchemaProps, name: &str) -> Option<&'a mut JSONSchemaProps> {
    schema.properties.as_mut()?.get_mut(name)
}

/// Takes away `nullable`, which kube writes for every `Option`: an explicit null would mean neither a value nor an omission.
fn drop_nullable(schema: &mut JSONSchemaProps) {
    schema.nullable = None;
    schema.properties.iter_mut().flat_map(|properties| properties.values_mut()).for_each(drop_nullable);
    if let Some(JSONSchemaPropsOrArray::Schema(items)) = &mut schema.items {
        drop_nullable(items);
    }
}

/// What `kubectl get` shows of a kind of cluster: first what every kind has, and behind the age what is only wide.
fn cluster_columns(
    own: impl IntoIterator<Item = CustomResourceColumnDefinition>,
    own_wide: impl IntoIterator<Item = CustomResourceColumnDefinition>,
) -> Vec<CustomResourceColumnDefinition> {
    let common_wide = [
        text("External-Id", ".status.externalId"),
        text("Endpoint", ".status.endpoints[0]"),
        text("Deletion-Policy", ".spec.deletionPolicy"),
        message(),
    ];
    let narrow = ready().into_iter().chain(own).chain([age()]);
    narrow.chain(own_wide.into_iter().chain(common_wide).map(wide)).collect()
}

fn ready() -> [CustomResourceColumnDefinition; 2] {
    [
        text("Ready", r#".status.conditions[?(@.type=="Ready")].status"#),
        text("Reason", r#".status.conditions[?(@.type=="Ready")].reason"#),
    ]
}

fn message() -> CustomResourceColumnDefinition {
    text("Message", r#".status.conditions[?(@.type=="Ready")].message"#)
}

fn age() -> CustomResourceColumnDefinition {
    column("Age", ".metadata.creationTimestamp", "date")
}

fn account() -> CustomResourceColumnDefinition {
    text("Account", ".spec.accountRef.name")
}

fn text(name: &str, path: &str) -> CustomResourceColumnDefinition {
    column(name, path, "string")
}

fn integer(name: &str, path: &str) -> CustomResourceColumnDefinition {
    column(name, path, "integer")
}

fn column(name: &str, path: &str, type_: &str) -> CustomResourceColumnDefinition {
    CustomResourceColumnDefinition {
        name: name.to_owned(),
        json_path: path.to_owned(),
        type_: type_.to_owned(),
        ..CustomResourceColumnDefinition::default()
    }
}

/// The same, shown by `--output wide` only.
fn wide(column: CustomResourceColumnDefinition) -> CustomResourceColumnDefinition {
    CustomResourceColumnDefinition { priority: Some(1), ..column }
}
