//! The status, written only where it differs, and an Event when something starts to need a person.

use kube::ResourceExt;
use kube::api::{Patch, PatchParams};
use serde_json::json;

use super::observe::Seen;
use super::{ReconcileError, api};
use crate::api::MANAGER;
use crate::api::condition::{ConditionType, Standing};
use crate::controller::Context;
use crate::controller::clouds::Managed;
use crate::plan::{Plan, Verdict, status};

/// What came of it.
pub(super) enum Published<K: Managed> {
    Same,
    Changed(Box<K>),
    /// The manifest has moved on since it was read.
    Stale,
}

pub(super) async fn publish<K: Managed>(
    ctx: &Context<K>,
    seen: &Seen<K>,
    plan: &Plan<K>,
) -> Result<Published<K>, ReconcileError> {
    let manifest = &seen.facts.manifest;
    let before = manifest.status().cloned().unwrap_or_default();
    let after = status(&seen.facts, plan);
    if before == after {
        return Ok(Published::Same);
    }
    let patch = json!({
        "apiVersion": K::api_version(&()),
        "kind": K::kind(&()),
        "metadata": {"name": manifest.name_any(), "resourceVersion": manifest.resource_version()},
        "status": after,
    });
    let params = PatchParams::apply(MANAGER).force();
    match api(ctx, manifest).patch_status(&manifest.name_any(), &params, &Patch::Apply(patch)).await {
        Ok(changed) => {
            warn(ctx, manifest, &before, plan).await;
            Ok(Published::Changed(Box::new(changed)))
        }
        Err(kube::Error::Api(status)) if status.is_conflict() || status.is_not_found() => Ok(Published::Stale),
        Err(error) => Err(error.into()),
    }
}

async fn warn<K: Managed>(ctx: &Context<K>, manifest: &K, before: &K::Status, plan: &Plan<K>) {
    let Verdict::Stands { reason, message, .. } = &plan.verdict else { return };
    let known = K::common_status(before)
        .conditions
        .iter()
        .any(|condition| condition.type_ == ConditionType::Stalled.as_str() && condition.reason == reason.to_string());
    if reason.standing() == Standing::Stalled && !known {
        ctx.events.warn(&manifest.object_ref(&()), &reason.to_string(), message.clone()).await;
    }
}
