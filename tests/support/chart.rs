//! The chart, as the real Helm renders it.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::control_plane::root;

/// Helm, ready to be run. It sees no settings of the user's.
pub(crate) fn helm() -> Command {
    let binary = std::env::var_os("CLUSTERWRIGHT_HELM").map_or_else(|| root().join("target/helm/helm"), PathBuf::from);
    assert!(binary.exists(), "{} is missing: run `make helm`", binary.display());
    let own = Path::new(env!("CARGO_TARGET_TMPDIR")).join("helm");
    let mut helm = Command::new(binary);
    for folder in ["CACHE", "CONFIG", "DATA"] {
        helm.env(format!("HELM_{folder}_HOME"), own.join(folder));
    }
    helm.env_remove("KUBECONFIG");
    helm
}

/// The chart's folder.
pub(crate) fn folder() -> PathBuf {
    root().join("deploy/helm/clusterwright")
}

/// The objects of a release called clusterwright in `namespace`, with these further arguments of `helm template`.
pub(crate) fn rendered(namespace: &str, arguments: &[&str]) -> Vec<Value> {
    let mut helm = helm();
    helm.args(["template", "clusterwright", "--namespace", namespace]).args(arguments).arg(folder());
    let output = helm.output().expect("helm starts");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    let yaml = String::from_utf8(output.stdout).expect("text");
    let documents: Vec<Value> = serde_saphyr::from_multiple(&yaml).expect("YAML");
    documents.into_iter().filter(|document| !document.is_null()).collect()
}
