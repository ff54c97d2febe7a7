//! The manifests in `deploy/samples/`, held against the schema without an API server.

#![expect(clippy::panic, clippy::unwrap_used, reason = "clippy knows test functions, not the helpers that they share")]

use std::fs;
use std::path::{Path, PathBuf};

use clusterwright::api::account::CloudAccount;
use clusterwright::api::cratedb::CrateDBCluster;
use clusterwright::api::schema::definitions;
use clusterwright::api::typedb::TypeDBCluster;
use kube::core::cel::Validator;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn files() -> Vec<PathBuf> {
    below(&deploy("samples"))
}

fn deploy(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(folder)
}

fn below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { below(&path) } else { vec![path] }).collect()
}

fn documents() -> Vec<Value> {
    documents_in(files())
}

fn documents_in(files: Vec<PathBuf>) -> Vec<Value> {
    let parse = |file: PathBuf| serde_saphyr::from_multiple::<Value>(&fs::read_to_string(file).unwrap()).unwrap();
    files.into_iter().flat_map(parse).collect()
}

fn of_kind(kind: &str) -> Vec<Value> {
    documents().into_iter().filter(|document| document["kind"] == kind).collect()
}

/// The manifest with the schema's defaults, or the panic that says which field is wrong. A field that the type does
/// not know would be dropped by an API server, so it must survive.
fn typed<K: DeserializeOwned + Serialize>(manifest: &Value) -> Value {
    let typed: K = serde_json::from_value(manifest.clone()).unwrap();
    let complete = serde_json::to_value(typed).unwrap();
    assert_contains(&complete["spec"], &manifest["spec"]);
    complete
}

fn assert_contains(whole: &Value, part: &Value) {
    match part {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| assert_contains(&whole[name], value)),
        Value::Array(items) => items.iter().enumerate().for_each(|(index, item)| assert_contains(&whole[index], item)),
        other => assert_eq!(whole, other),
    }
}

fn refusals(mut manifest: Value) -> Vec<String> {
    let kind = manifest["kind"].as_str().unwrap().to_owned();
    let definition = definitions().into_iter().find(|definition| definition.spec.names.kind == kind).unwrap();
    let schema = definition.spec.versions[0].schema.clone().unwrap().open_api_v3_schema.unwrap();
    manifest["status"] = json!({"observedGeneration": -1});
    match Validator::new().validate(&serde_json::to_value(schema).unwrap(), &manifest, None) {
        Ok(()) => Vec::new(),
        Err(errors) => errors.iter().map(ToString::to_string).collect(),
    }
}

/// Holds a manifest against the type and the rules of its kind, which it returns.
fn passes(manifest: &Value) -> &str {
    let kind = manifest["kind"].as_str().unwrap();
    let complete = match kind {
        "CloudAccount" => typed::<CloudAccount>(manifest),
        "TypeDBCluster" => typed::<TypeDBCluster>(manifest),
        "CrateDBCluster" => typed::<CrateDBCluster>(manifest),
        "Secret" => return kind,
        other => panic!("{other} is no kind of ours"),
    };
    assert_eq!(refusals(complete), Vec::<String>::new(), "{manifest}");
    kind
}

#[test]
fn every_sample_passes_the_rules_of_its_kind() {
    let samples = documents();
    let kinds = samples.iter().map(passes).filter(|kind| *kind != "Secret");
    assert_eq!(kinds.count(), 7);
}

/// Neither tool may take a database's manifest away by itself, and neither is given a Secret.
#[test]
fn the_samples_for_gitops_pass_the_rules_and_are_not_pruned_unasked() {
    let kept = [
        ("argocd/samples", "argocd.argoproj.io/sync-options", "Prune=confirm,Delete=confirm"),
        ("flux/samples", "kustomize.toolkit.fluxcd.io/prune", "disabled"),
    ];
    for (folder, annotation, value) in kept {
        let samples = documents_in(below(&deploy(folder)));
        let mut kinds: Vec<&str> = samples.iter().map(passes).collect();
        kinds.sort_unstable();
        assert_eq!(kinds, ["CloudAccount", "CloudAccount", "CrateDBCluster", "TypeDBCluster"]);
        for sample in samples {
            assert_eq!(sample["metadata"]["annotations"][annotation], value, "{sample}");
            assert_eq!(sample["metadata"]["namespace"], Value::Null, "{sample}");
        }
    }
}

/// What deletes a manifest to create it again could take a database along.
#[test]
fn no_tool_is_told_to_replace_by_force() {
    let of = |file: &str, kind: &str| {
        let documents = documents_in(vec![deploy(file)]);
        documents.into_iter().find(|document| document["kind"] == kind).unwrap()
    };
    assert_eq!(of("flux/kustomization.yaml", "Kustomization")["spec"]["force"], false);
    let application = of("argocd/application.yaml", "Application");
    assert_eq!(application["spec"]["syncPolicy"]["syncOptions"], json!(["ServerSideApply=true"]));
}

#[test]
fn the_manifests_in_the_readme_pass_the_rules_of_their_kinds() {
    let blocks = include_str!("../README.md").split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let manifests: Vec<Value> = blocks.flat_map(|block| serde_saphyr::from_multiple::<Value>(block).unwrap()).collect();
    let kinds: Vec<&str> = manifests.iter().map(passes).collect();
    assert_eq!(kinds, ["CloudAccount", "TypeDBCluster", "CloudAccount", "CrateDBCluster"]);
}

#[test]
fn the_rules_are_looked_at() {
    let mut cluster = typed::<TypeDBCluster>(&of_kind("TypeDBCluster")[0]);
    cluster["spec"]["serverCount"] = json!(2);
    assert!(refusals(cluster).iter().any(|refusal| refusal.contains("odd")));
}

#[test]
fn samples_go_into_any_namespace_and_say_what_they_show() {
    for document in documents() {
        assert_eq!(document["metadata"]["namespace"], Value::Null, "{document}");
    }
    for file in files() {
        assert!(fs::read_to_string(&file).unwrap().starts_with("# "), "{} has no comment on top", file.display());
    }
}

#[test]
fn accounts_are_those_of_the_simulator_as_it_starts_without_flags() {
    for account in of_kind("CloudAccount") {
        let clouds = ["typedbCloud", "cratedbCloud"].map(|cloud| &account["spec"][cloud]);
        let named: Vec<&Value> = clouds.into_iter().filter(|cloud| cloud.is_object()).collect();
        assert_eq!(named.len(), 1, "{account}");
        assert_eq!(named[0]["endpoint"], "http://127.0.0.1:8090");
    }
    for secret in of_kind("Secret") {
        assert_eq!(secret["stringData"], json!({"id": "simulator", "secret": "simulator-secret"}));
    }
}
