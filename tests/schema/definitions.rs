//! What every definition has, and the committed ones held against the code.

use clusterwright::api::schema::definitions;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{JSONSchemaProps, JSONSchemaPropsOrArray};
use serde_json::json;

use super::schema;

/// Calls `visit` with every property below `schema` and its path.
fn each_property(schema: &JSONSchemaProps, path: &str, visit: &mut impl FnMut(&str, &JSONSchemaProps)) {
    for (name, property) in schema.properties.iter().flatten() {
        let path = format!("{path}.{name}");
        visit(&path, property);
        each_property(property, &path, visit);
        if let Some(JSONSchemaPropsOrArray::Schema(items)) = &property.items {
            each_property(items, &format!("{path}[]"), visit);
        }
    }
}

#[test]
fn every_property_is_described_and_bounded_and_none_is_nullable() {
    let mut faults = Vec::new();
    for crd in definitions() {
        let schema = schema(&crd.spec.names.kind);
        each_property(&schema, &crd.spec.names.kind, &mut |path, property| {
            let top = path.matches('.').count() == 1;
            if property.description.as_deref().unwrap_or_default().is_empty() && !top {
                faults.push(format!("{path} has no description"));
            }
            if property.nullable.is_some() {
                faults.push(format!("{path} is nullable"));
            }
            let bounded = match property.type_.as_deref() {
                Some("string") => property.max_length.is_some() || property.enum_.is_some(),
                Some("array") => property.max_items.is_some(),
                Some("integer") => property.minimum.is_some() && property.maximum.is_some(),
                Some("number") => false,
                _ => true,
            };
            if !bounded && !top {
                faults.push(format!("{path} has no bound"));
            }
        });
    }
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn status_starts_as_not_looked_at() {
    for crd in definitions() {
        let schema = schema(&crd.spec.names.kind);
        let status = &schema.properties.unwrap()["status"];
        assert_eq!(status.default.as_ref().unwrap().0, json!({"observedGeneration": -1}));
        let conditions = &status.properties.as_ref().unwrap()["conditions"];
        assert_eq!(conditions.x_kubernetes_list_map_keys, Some(vec!["type".to_owned()]));
    }
}

#[test]
fn the_committed_definitions_are_those_of_the_code() {
    for (name, yaml) in clusterwright::cli::crds::rendered().unwrap() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("crds").join(&name);
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == yaml, "crds/{name} is not what the code says: run `make crds`");
    }
}

#[test]
fn the_committed_reference_is_that_of_the_definitions() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference.md");
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == clusterwright::cli::crds::reference(),
        "docs/reference.md is not what the code says: run `make crds`"
    );
}
