//! The schema's rules, evaluated without an API server, and the committed definitions held against the code.

#![expect(clippy::panic, clippy::unwrap_used, reason = "clippy knows test functions, not the helpers that they share")]

mod account;
mod cratedb;
mod definitions;
mod typedb;

use clusterwright::api::schema::definitions;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{CustomResourceDefinition, JSONSchemaProps};
use kube::core::cel::Validator;
use serde_json::{Value, json};

fn definition(kind: &str) -> CustomResourceDefinition {
    definitions().into_iter().find(|crd| crd.spec.names.kind == kind).unwrap()
}

fn schema(kind: &str) -> JSONSchemaProps {
    definition(kind).spec.versions[0].schema.clone().unwrap().open_api_v3_schema.unwrap()
}

/// The messages of the rules that refuse `new`, coming from `old`.
fn refusals(kind: &str, new: &Value, old: Option<&Value>) -> Vec<String> {
    let schema = serde_json::to_value(schema(kind)).unwrap();
    match Validator::new().validate(&schema, new, old) {
        Ok(()) => Vec::new(),
        Err(errors) => errors.iter().map(ToString::to_string).collect(),
    }
}

fn merged(base: &Value, patch: &Value) -> Value {
    let mut object = base.clone();
    json_merge(&mut object, patch);
    object
}

fn json_merge(target: &mut Value, patch: &Value) {
    match patch {
        Value::Object(fields) => {
            if !target.is_object() {
                *target = json!({});
            }
            for (name, value) in fields {
                if value.is_null() {
                    target.as_object_mut().unwrap().remove(name);
                } else {
                    json_merge(&mut target[name], value);
                }
            }
        }
        other => *target = other.clone(),
    }
}
