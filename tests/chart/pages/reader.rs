//! The pages' readers: what they have done before, and what comes of what they do.

use http::Method;
use serde_json::json;

use crate::support::control_plane::root;

use super::page::Page;
use super::world::World;

/// The contexts in a reader's kubeconfig, each a Kubernetes cluster of its own; the first is in use.
pub(crate) fn contexts(page: &str) -> &'static [&'static str] {
    if page == "backup-and-move.md" { &["old", "new"] } else { &["mine"] }
}

/// Does what a reader of the page has done before.
pub(crate) async fn prepare(world: &World, page: &str) {
    match page {
        "README.md" | "install.md" => (),
        "first-cluster.md" => world.follow(&read("install.md")).await,
        "gitops.md" => world.run("Argo CD's installation", ARGO_CD).await,
        "adopt.md" => {
            let orders = Some(json!({"id": "orders"}));
            world.cloud.control(Method::POST, "/simulator/clusters", orders).await;
            let another = Some(json!({"id": "ledger"}));
            world.cloud.control(Method::POST, "/simulator/clusters", another).await;
            world.follow(&read("install.md")).await;
            world.follow(&read("first-cluster.md").before("kind: TypeDBCluster")).await;
        }
        "upgrade.md" => {
            world.follow(&read("install.md")).await;
            world.run("another version of the chart", ANOTHER_VERSION).await;
        }
        _ => {
            world.follow(&read("install.md")).await;
            world.follow(&read("first-cluster.md").before("cratedb-cloud")).await;
        }
    }
}

/// What following the page does to the clouds, and nothing else.
pub(crate) fn effects(page: &str) -> &'static [&'static str] {
    match page {
        "README.md" => &["deployed", "passwordSet", "projectCreated", "created", "deletionProtected", "allowListSet"],
        "first-cluster.md" => &["deployed", "passwordSet", "projectCreated", "created", "scaled", "destroyed"],
        "accounts.md" => &["deployed", "passwordSet"],
        _ => &[],
    }
}

const ARGO_CD: &str = "kubectl create namespace argocd
kubectl --namespace argocd create configmap argocd-cm";

const ANOTHER_VERSION: &str = "cp --recursive --dereference deploy another
rm deploy
mv another deploy
sed --in-place 's/^appVersion: .*/appVersion: 99.0.0/' deploy/helm/clusterwright/Chart.yaml";

fn read(page: &str) -> Page {
    Page::read(&root().join("docs").join(page))
}
