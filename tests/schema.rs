//! The schema's rules, evaluated without an API server, and the committed definitions held against the code.

#![expect(clippy::unwrap_used, reason = "clippy knows test functions, not the helpers that they share")]

use clusterwright::api::schema::definitions;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps, JSONSchemaPropsOrArray,
};
use kube::core::cel::Validator;
use rstest::rstest;
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

fn paid() -> Value {
    json!({
        "apiVersion": "clusterwright.dev/v1alpha1",
        "kind": "TypeDBCluster",
        "metadata": {"name": "orders", "namespace": "shop"},
        "spec": {
            "accountRef": {"name": "typedb"}, "management": "Managed", "deletionPolicy": "Retain",
            "tier": "Paid", "provider": "gcp", "region": "europe-west2", "machineType": "c2d-highcpu-2"
        },
        "status": {"observedGeneration": -1}
    })
}

#[test]
fn the_minimal_manifests_pass() {
    assert_eq!(refusals("TypeDBCluster", &paid(), None), Vec::<String>::new());
    let adopting = json!({"metadata": {"name": "orders"}, "spec": {"accountRef": {"name": "typedb"}, "management": "Managed", "externalId": "orders"}});
    assert_eq!(refusals("TypeDBCluster", &adopting, None), Vec::<String>::new());
    let observing =
        json!({"metadata": {"name": "orders"}, "spec": {"accountRef": {"name": "typedb"}, "management": "Observed"}});
    assert_eq!(refusals("TypeDBCluster", &observing, None), Vec::<String>::new());
}

#[rstest]
#[case::name_too_long(json!({"metadata": {"name": "a".repeat(64)}}), "at most 63 characters")]
#[case::name_no_id(json!({"metadata": {"name": "orders.eu"}}), "set spec.clusterId")]
#[case::no_tier(json!({"spec": {"tier": null}}), "tier is needed")]
#[case::no_provider(json!({"spec": {"provider": null}}), "provider is needed")]
#[case::no_region(json!({"spec": {"region": null}}), "region is needed")]
#[case::no_machine(json!({"spec": {"machineType": null}}), "machineType is needed")]
#[case::even(json!({"spec": {"serverCount": 2}}), "odd")]
#[case::retention(json!({"spec": {"backup": {"frequency": "Daily", "retentionDays": 14}}}), "7 or 30")]
#[case::free_servers(json!({"spec": {"tier": "Free", "serverCount": 3}}), "one server")]
#[case::free_storage(json!({"spec": {"tier": "Free", "storageSizeGB": 20}}), "10 GB")]
#[case::free_backup(json!({"spec": {"tier": "Free", "backup": {"frequency": "Daily"}}}), "no backups")]
fn a_create_is_refused(#[case] patch: Value, #[case] message: &str) {
    let found = refusals("TypeDBCluster", &merged(&paid(), &patch), None);
    assert!(found.len() == 1 && found[0].contains(message), "{found:?}");
}

#[rstest]
#[case::dotted_name_with_id(json!({"metadata": {"name": "orders.eu"}, "spec": {"clusterId": "orders_eu"}}))]
#[case::free(json!({"spec": {"tier": "Free", "serverCount": 1, "storageSizeGB": 10, "backup": {"frequency": "Disabled"}}}))]
#[case::three_servers(json!({"spec": {"serverCount": 3, "backup": {"frequency": "Hourly", "retentionDays": 30}}}))]
#[case::bound_without_the_rest(json!({"spec": {"tier": null, "region": null}, "status": {"externalId": "orders"}}))]
fn a_create_is_accepted(#[case] patch: Value) {
    assert_eq!(refusals("TypeDBCluster", &merged(&paid(), &patch), None), Vec::<String>::new());
}

#[rstest]
#[case("tier", json!("Free"))]
#[case("provider", json!("aws"))]
#[case("region", json!("us-east1"))]
#[case("storageType", json!("gp2-csi"))]
#[case("serverCount", json!(3))]
fn what_is_fixed_is_free_before_and_held_after_a_create_has_begun(#[case] field: &str, #[case] value: Value) {
    let edit = json!({"spec": {field: value}});
    let message = format!("{field} is fixed");
    let refused = |status: &Value| {
        let old = merged(&paid(), &json!({"status": status}));
        let found = refusals("TypeDBCluster", &merged(&old, &edit), Some(&old));
        match found.as_slice() {
            [] => false,
            [one] if one.contains(&message) => true,
            other => panic!("{other:?}"),
        }
    };
    assert!(!refused(&json!({})), "before anything has begun");
    assert!(refused(&json!({"creation": {"clusterId": "orders", "since": "2026-01-01T00:00:00Z"}})), "create open");
    assert!(refused(&json!({"externalId": "orders"})), "bound");
    assert!(refused(&json!({"externalId": "orders", "observed": {field: paid()["spec"][field]}})), "away from what is");
    assert!(!refused(&json!({"externalId": "orders", "observed": {field: value}})), "towards what is");
}

#[test]
fn what_is_fixed_cannot_be_removed_while_bound() {
    let old = merged(&paid(), &json!({"status": {"externalId": "orders"}}));
    let new = merged(&old, &json!({"spec": {"region": null}}));
    let found = refusals("TypeDBCluster", &new, Some(&old));
    assert!(found.len() == 1 && found[0].contains("region is fixed"), "{found:?}");
}

#[rstest]
#[case::another(json!("billing"), false)]
#[case::the_bound_one(json!("orders"), true)]
#[case::unchanged(json!("typo"), true)]
#[case::removed(Value::Null, true)]
fn external_id_of_a_bound_manifest(#[case] external_id: Value, #[case] accepted: bool) {
    let old = merged(&paid(), &json!({"spec": {"externalId": "typo"}, "status": {"externalId": "orders"}}));
    let new = merged(&old, &json!({"spec": {"externalId": external_id}}));
    let found = refusals("TypeDBCluster", &new, Some(&old));
    assert_eq!(found.is_empty(), accepted, "{found:?}");
    assert!(accepted || found[0].contains("bound to a cluster already"), "{found:?}");
}

#[rstest]
#[case("team", json!("other"))]
#[case("space", json!("other"))]
#[case("endpoint", json!("https://example.org"))]
fn the_location_is_immutable(#[case] field: &str, #[case] value: Value) {
    let old = json!({"metadata": {"name": "typedb"}, "spec": {
        "typedbCloud": {"team": "acme", "space": "default", "endpoint": "https://cloud.typedb.com"},
        "credentials": [{"secretRef": {"name": "typedb", "idKey": "id", "secretKey": "secret"}}]}});
    assert_eq!(refusals("CloudAccount", &old, Some(&old)), Vec::<String>::new());
    let new = merged(&old, &json!({"spec": {"typedbCloud": {field: value}}}));
    let found = refusals("CloudAccount", &new, Some(&old));
    assert!(found.len() == 1 && found[0].contains("location is immutable"), "{found:?}");
}

#[rstest]
#[case::none(json!({}), false)]
#[case::both(json!({"configMapRef": {"name": "a", "key": "k"}, "secretRef": {"name": "a", "key": "k"}}), false)]
#[case::one(json!({"secretRef": {"name": "a", "key": "k"}}), true)]
fn a_ca_bundle_has_one_source(#[case] bundle: Value, #[case] accepted: bool) {
    let account = json!({"metadata": {"name": "typedb"}, "spec": {
        "typedbCloud": {"team": "acme", "space": "default", "endpoint": "https://cloud.typedb.com"},
        "credentials": [], "caBundle": bundle}});
    assert_eq!(refusals("CloudAccount", &account, None).is_empty(), accepted);
}

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
