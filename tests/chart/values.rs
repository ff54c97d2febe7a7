//! Which values the chart takes.

use std::collections::BTreeSet;
use std::{fs, slice};

use serde_json::{Map, Value, json};

use crate::support::chart;

fn schema() -> Value {
    let text = fs::read_to_string(chart::folder().join("values.schema.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn defaults() -> Value {
    serde_saphyr::from_str(&fs::read_to_string(chart::folder().join("values.yaml")).unwrap()).unwrap()
}

/// What Helm says to these values, where it refuses them.
fn refusal(values: &Value) -> Option<String> {
    let mut helm = chart::helm();
    helm.args(["template", "clusterwright"]).arg(chart::folder());
    for (key, value) in values.as_object().unwrap() {
        helm.arg("--set-json").arg(format!("{key}={value}"));
    }
    let output = helm.output().unwrap();
    (!output.status.success()).then(|| String::from_utf8(output.stderr).unwrap())
}

/// The path of every object in the schema whose keys are listed, with an array's items as its first.
fn closed_objects(schema: &Value, path: &[String]) -> Vec<Vec<String>> {
    if schema["type"] == "array" {
        return closed_objects(&schema["items"], &[path, &["0".to_owned()]].concat());
    }
    let Some(properties) = schema["properties"].as_object() else { return Vec::new() };
    let below =
        properties.iter().flat_map(|(name, schema)| closed_objects(schema, &[path, slice::from_ref(name)].concat()));
    std::iter::once(path.to_vec()).chain(below).collect()
}

/// Values in which an object has a key that nobody knows.
fn with_unknown_key(path: &[String]) -> Value {
    path.iter().rev().fold(json!({"unheardOf": true}), |inner, name| {
        if name == "0" { json!([inner]) } else { json!({ name: inner }) }
    })
}

#[test]
fn an_unknown_key_is_refused_at_every_level() {
    let objects = closed_objects(&schema(), &[]);
    assert!(objects.len() > 15, "{objects:?}");
    for path in objects {
        let values = with_unknown_key(&path);
        let refusal = refusal(&values).unwrap_or_else(|| panic!("{values} is accepted"));
        assert!(refusal.contains("'unheardOf' not allowed"), "{values}: {refusal}");
    }
}

fn keys(object: &Value) -> BTreeSet<&str> {
    object.as_object().into_iter().flat_map(Map::keys).map(String::as_str).collect()
}

#[test]
fn the_schema_knows_what_the_values_have_and_nothing_else() {
    let (schema, defaults) = (schema(), defaults());
    let mut compared = 0;
    for path in closed_objects(&schema, &[]) {
        let mut of_schema = keys(&path.iter().fold(&schema, |schema, name| &schema["properties"][name])["properties"]);
        let of_values = keys(path.iter().fold(&defaults, |values, name| &values[name]));
        // What is empty, or a list, is for Kubernetes to know.
        if !of_values.is_empty() {
            of_schema.remove("global");
            assert_eq!(of_schema, of_values, "{path:?}");
            compared += 1;
        }
    }
    assert!(compared > 10, "only {compared}");
}

#[test]
fn values_that_cannot_be_meant_are_refused() {
    let refused = [
        json!({"replicas": "two"}),
        json!({"replicas": -1}),
        json!({"watchNamespaces": "orders"}),
        json!({"watchNamespaces": ["Orders"]}),
        json!({"watchNamespaces": ["orders", "orders"]}),
        json!({"image": {"repository": ""}}),
        json!({"image": {"digest": "sha256:1"}}),
        json!({"image": {"pullPolicy": "Sometimes"}}),
        json!({"clouds": {"allowedEndpoints": ["cloud.example"]}}),
        json!({"clouds": {"insecureEndpoints": "yes"}}),
        json!({"health": {"port": 0}}),
        json!({"health": {"address": "::"}}),
        json!({"networkPolicy": {"cloudPorts": []}}),
        json!({"resources": {"limits": {"gpu": 1}}}),
        json!({"tolerations": [{"effect": "Never"}]}),
        json!({"podLabels": {"team": 7}}),
        json!({"podDisruptionBudget": {"maxUnavailable": 0}}),
        json!({"serviceAccount": {"create": false}}),
        json!({"extraEnv": [{"name": "POD_NAMESPACE", "value": "elsewhere"}]}),
        json!({"extraEnv": [{"name": "POD_NAME", "value": "another"}]}),
        json!({"fullnameOverride": "Operator"}),
        json!({"nameOverride": "an operator"}),
        json!({"leaseDurationSeconds": 10}),
        json!({"runAsUser": 0}),
    ];
    for values in refused {
        assert!(refusal(&values).is_some(), "{values} is accepted");
    }
    assert_eq!(refusal(&json!({"global": {"of": "the chart above"}, "image": {"digest": ""}})), None);
}
