//! The finalizer: there exactly while the end of the manifest destroys a database.

use kube::ResourceExt;
use kube::api::{Patch, PatchParams};
use serde_json::json;

use super::{Applied, ReconcileError, api, current};
use crate::api::{FINALIZER, MANAGER};
use crate::controller::Context;
use crate::controller::clouds::Managed;
use crate::controller::locations::AccountKey;

pub(super) async fn add<K: Managed>(ctx: &Context<K>, manifest: &K) -> Result<Applied<K>, ReconcileError> {
    let mut finalizers = manifest.finalizers().to_vec();
    finalizers.push(FINALIZER.to_owned());
    // From now on the account is needed until the manifest's end.
    ctx.wake.account_soon(AccountKey::of(manifest).object());
    set(ctx, manifest, &finalizers).await
}

pub(super) async fn remove<K: Managed>(ctx: &Context<K>, manifest: &K) -> Result<Applied<K>, ReconcileError> {
    let mut finalizers = manifest.finalizers().to_vec();
    finalizers.retain(|finalizer| finalizer != FINALIZER);
    set(ctx, manifest, &finalizers).await
}

async fn set<K: Managed>(ctx: &Context<K>, manifest: &K, finalizers: &[String]) -> Result<Applied<K>, ReconcileError> {
    // The version keeps a finalizer that somebody else has just set or removed from being undone.
    let patch = json!({"metadata": {"resourceVersion": manifest.resource_version(), "finalizers": finalizers}});
    let name = manifest.name_any();
    // Whose it is shows beside the fields that others manage on the same manifest.
    let params = PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
    match api(ctx, manifest).patch(&name, &params, &Patch::Merge(patch)).await {
        Ok(_) if manifest.meta().deletion_timestamp.is_some() && finalizers.is_empty() => Ok(Applied::Gone),
        Ok(changed) => Ok(Applied::Changed(Box::new(changed))),
        // Gone already, changed in between, or deleted in between, after which no finalizer can be added.
        Err(kube::Error::Api(status))
            if status.is_not_found() || status.is_conflict() || status.is_invalid() || status.is_forbidden() =>
        {
            Ok(match current(ctx, manifest).await? {
                Some(current) if current.resource_version() != manifest.resource_version() => {
                    Applied::Changed(Box::new(current))
                }
                Some(_) => return Err(kube::Error::Api(status).into()),
                None => Applied::Gone,
            })
        }
        Err(error) => Err(error.into()),
    }
}
