//! What is handed to Argo CD, on a real API server.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::harness::ControlPlane;

fn kinds() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/argocd/resource_customizations/clusterwright.dev")
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path())
}

/// The first command on a page of the documentation that begins like this, without the `kubectl`.
fn command(page: &str, beginning: &str) -> Vec<String> {
    let line = page.lines().find(|line| line.starts_with(&format!("kubectl {beginning}"))).unwrap();
    line.split(' ').skip(1).map(str::to_owned).collect()
}

#[tokio::test]
async fn argo_cds_configuration_keeps_what_it_has_and_gets_the_scripts() {
    let control_plane = ControlPlane::shared().await;
    control_plane.kubectl(&["create", "namespace", "argocd"]).await;
    let own =
        ["create", "configmap", "argocd-cm", "--namespace", "argocd", "--from-literal=url=https://argocd.example.com"];
    control_plane.kubectl(&own).await;
    let patch = command(include_str!("../../docs/gitops.md"), "patch configmap");
    control_plane.kubectl(&patch.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let printed =
        control_plane.kubectl(&["get", "configmap", "argocd-cm", "--namespace", "argocd", "--output", "json"]).await;
    let there: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(there["data"]["url"], "https://argocd.example.com");
    for folder in entries(&kinds()) {
        let kind = folder.file_name().unwrap().to_str().unwrap();
        let key = format!("resource.customizations.health.clusterwright.dev_{kind}");
        let script = fs::read_to_string(folder.join("health.lua")).unwrap();
        assert_eq!(there["data"][key].as_str(), Some(script.as_str()), "{kind}");
    }
}

/// No field of the objects with which the scripts are tried is made up.
#[tokio::test]
async fn the_objects_of_argo_cds_cases_are_such_as_the_api_server_takes() {
    let control_plane = ControlPlane::shared().await;
    control_plane.kubectl(&["create", "namespace", "cases"]).await;
    let files = entries(&kinds()).flat_map(|folder| entries(&folder.join("testdata")));
    for (index, file) in files.enumerate() {
        let mut object: Value = serde_saphyr::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        object["metadata"]["name"] = json!(format!("case-{index}"));
        object["metadata"]["namespace"] = json!("cases");
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("argo-case-{index}.json"));
        fs::write(&path, object.to_string()).unwrap();
        let path = path.to_str().unwrap();
        control_plane.kubectl(&["create", "--validate=strict", "--filename", path]).await;
        control_plane.kubectl(&["replace", "--subresource=status", "--validate=strict", "--filename", path]).await;
        let what = format!("{}/case-{index}", object["kind"].as_str().unwrap().to_lowercase());
        let printed = control_plane.kubectl(&["get", &what, "--namespace", "cases", "--output", "json"]).await;
        let there: Value = serde_json::from_str(&printed).unwrap();
        for (field, value) in object["status"].as_object().unwrap() {
            assert_eq!(there["status"][field], *value, "{field} in {}", file.display());
        }
    }
}
