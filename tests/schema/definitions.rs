//! What every definition has, and the committed ones held against the code.

use std::collections::BTreeMap;
use std::path::Path;

use clusterwright::api::schema::definitions;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{JSONSchemaProps, JSONSchemaPropsOrArray};
use serde_json::{Value, json};

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
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let rendered: BTreeMap<String, String> = clusterwright::cli::crds::rendered().unwrap().into_iter().collect();
    for folder in ["crds", "deploy/helm/clusterwright/files/crds"] {
        let files = std::fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
        let committed = files.map(|path| (name(&path), std::fs::read_to_string(&path).unwrap())).collect();
        assert!(rendered == committed, "{folder} is not what the code says: run `make crds`");
    }
}

#[test]
fn the_committed_reference_is_that_of_the_definitions() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference.md");
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == clusterwright::cli::crds::reference(),
        "docs/reference.md is not what the code says: run `make crds`"
    );
}

/// The fields that `ignoreDrift` takes are those whose changes are told from edits, by the same names.
#[test]
fn every_field_that_may_drift_can_be_listed_by_the_path_under_which_it_stands() {
    use clusterwright::api::{cratedb::CrateDBField, typedb::TypeDBField};

    for (kind, paths) in [("CrateDBCluster", &CrateDBField::PATHS[..]), ("TypeDBCluster", &TypeDBField::PATHS)] {
        let schema = serde_json::to_value(schema(kind)).unwrap();
        let spec = &schema["properties"]["spec"]["properties"];
        let listed: Vec<&str> = values(&spec["ignoreDrift"]["items"]);
        assert_eq!(listed, paths, "{kind}");
        for path in paths {
            let field = format!("/{}", path.replace('.', "/properties/"));
            assert!(spec.pointer(&field).is_some(), "{kind} has no {path}");
        }
    }
}

/// The values of an enum, be they written together or each with its description.
fn values(schema: &Value) -> Vec<&str> {
    let together = schema["enum"].as_array().into_iter().flatten();
    together.filter_map(Value::as_str).collect()
}
