//! Others manage the same objects: whoever applies a manifest again and again, and by whatever means, never fights with the
//! operator over it.

use std::fs;
use std::path::PathBuf;

use clusterwright::api::typedb::TypeDBCluster;
use clusterwright::api::{FINALIZER, MANAGER};
use kube::ResourceExt;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use crate::harness::{World, eventually, meanwhile, paid, with};

const NAME: &str = "orders";

/// A manifest as it stands in Git: what is destroyed with it has a finalizer of ours.
fn manifest() -> Value {
    json!({
        "apiVersion": "clusterwright.dev/v1alpha1",
        "kind": "TypeDBCluster",
        "metadata": {"name": NAME, "labels": {"app.kubernetes.io/part-of": "shop"}},
        "spec": with(paid(), json!({"deletionPolicy": "Delete"})),
    })
}

/// Applies the manifest as this manager, which takes every field that it names from whomever else.
async fn apply_as(world: &World, manager: &str) {
    let params = PatchParams::apply(manager).force();
    world.clusters().patch(NAME, &params, &Patch::Apply(manifest())).await.unwrap();
}

/// The manifest as a file, for kubectl.
fn file(world: &World) -> PathBuf {
    let path = world.log.with_extension("json");
    fs::write(&path, manifest().to_string()).unwrap();
    path
}

/// The version at which the manifest comes to rest: one that outlives a poll of the cloud's list.
async fn rest(world: &World) -> TypeDBCluster {
    eventually("the manifest comes to rest", async || {
        let before = world.until_ready(NAME).await;
        meanwhile(12).await;
        let after = world.cluster(NAME).await;
        let versions = (before.resource_version(), after.resource_version());
        if versions.0 == versions.1 { Ok(after) } else { Err(format!("{versions:?}")) }
    })
    .await
}

/// What each manager owns, as paths: `status`, `metadata.finalizers`, `spec.tier`, …
fn owned_by(cluster: &TypeDBCluster, manager: &str) -> Vec<String> {
    let entries = cluster.metadata.managed_fields.iter().flatten();
    let own = entries.filter(|entry| entry.manager.as_deref() == Some(manager));
    let fields = own.filter_map(|entry| serde_json::to_value(entry.fields_v1.as_ref()?).ok());
    let mut paths: Vec<String> = fields.flat_map(|fields| paths(&fields)).collect();
    paths.sort();
    paths.dedup();
    paths
}

/// The first two steps of every field; of a status the first.
fn paths(fields: &Value) -> Vec<String> {
    let name = |key: &str| key.strip_prefix("f:").unwrap_or(key).to_owned();
    let top = fields.as_object().unwrap().iter();
    top.flat_map(|(part, inner)| match part.as_str() {
        "f:status" => vec!["status".to_owned()],
        _ => inner.as_object().unwrap().keys().map(|field| format!("{}.{}", name(part), name(field))).collect(),
    })
    .collect()
}

#[tokio::test]
async fn server_side_apply_by_argo_cd_and_flux_leaves_status_finalizer_and_conditions_alone() {
    let world = World::new("applied").await;
    // They apply while the operator works, and after it has come to rest.
    for _ in 0..5 {
        apply_as(&world, "argocd-controller").await;
        apply_as(&world, "kustomize-controller").await;
    }
    let settled = rest(&world).await;
    for _ in 0..5 {
        apply_as(&world, "argocd-controller").await;
        apply_as(&world, "kustomize-controller").await;
    }
    let after = rest(&world).await;
    assert_eq!(after.resource_version(), settled.resource_version(), "applying the same changes nothing");
    assert_eq!(after.metadata.generation, Some(1), "nobody has written what is asked for but those who ask");
    assert_eq!((&after.status, after.finalizers()), (&settled.status, [FINALIZER.to_owned()].as_slice()));
    assert_eq!(owned_by(&after, MANAGER), ["metadata.finalizers", "status"]);
    for manager in ["argocd-controller", "kustomize-controller"] {
        let owned = owned_by(&after, manager);
        assert!(!owned.is_empty() && owned.iter().all(|path| path.starts_with("spec.") || path == "metadata.labels"));
    }
    let effects = world.cloud.effects().await;
    assert_eq!(effects.iter().filter(|effect| effect.starts_with("deployed")).count(), 1, "{effects:?}");
    world.finish().await;
}

#[tokio::test]
async fn client_side_apply_and_replace_lose_neither_the_status_nor_the_finalizer() {
    let world = World::new("managers-replace").await;
    let file = file(&world);
    let file = file.to_str().unwrap();
    world.kubectl(&["apply", "--filename", file]).await;
    let settled = rest(&world).await;
    for _ in 0..3 {
        world.kubectl(&["apply", "--filename", file]).await;
    }
    let after = rest(&world).await;
    assert_eq!(after.resource_version(), settled.resource_version(), "applying the same changes nothing");

    // A replacement says that there is no finalizer, and nothing at all of the status.
    world.kubectl(&["replace", "--filename", file]).await;
    let replaced = world
        .until(NAME, "has its finalizer again", |cluster| match cluster.finalizers() {
            [finalizer] if finalizer == FINALIZER => Ok(cluster.clone()),
            other => Err(format!("{other:?}")),
        })
        .await;
    assert_eq!(replaced.status, settled.status);
    let after = rest(&world).await;
    assert_eq!((&after.status, after.finalizers()), (&settled.status, settled.finalizers()));
    assert_eq!(owned_by(&after, MANAGER), ["metadata.finalizers", "status"]);
    let effects = world.cloud.effects().await;
    assert_eq!(effects.iter().filter(|effect| effect.starts_with("deployed")).count(), 1, "{effects:?}");
    world.finish().await;
}
