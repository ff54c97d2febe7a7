//! Who may use an account, and who keeps it from going.

use std::time::Duration;

use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt};
use serde_json::json;

use super::AccountError;
use super::report::looked_after_elsewhere;
use crate::api::account::{AllowedFrom, CloudAccount};
use crate::api::shared::{DeletionPolicy, Management};
use crate::api::{FINALIZER, MANAGER};
use crate::controller::Context;
use crate::controller::clouds::Managed;
use crate::controller::locations::AccountKey;
use crate::plan::{Permits, granted};

/// For how long the labels of a namespace are taken for what they were.
pub(crate) const LABELS_LAST: Duration = Duration::from_secs(50);

/// What manifests in a namespace may use an account for; none where they may not refer to it. An account that is gone grants
/// nothing: its finalizer keeps it for as long as somebody needs it.
pub(crate) async fn permits<K: Managed>(
    ctx: &Context<K>,
    account: &AccountKey,
    namespace: &str,
    labels_last: Duration,
) -> Result<Option<Permits>, kube::Error> {
    if account.namespace == namespace {
        return Ok(Some(Permits::ALL));
    }
    let object = ctx.stores.account_objects.get(&account.object());
    let allowed = object.and_then(|object| object.spec.allowed_namespaces.clone());
    let by_labels = allowed.as_ref().is_some_and(|allowed| allowed.from == AllowedFrom::Selector);
    let labels = if by_labels { ctx.namespaces.labels(&ctx.client, namespace, labels_last).await? } else { None };
    Ok(granted(allowed.as_ref(), labels.as_ref()))
}

/// The manifests whose databases are destroyed through this account when they go.
pub(super) async fn users<K: Managed>(ctx: &Context<K>, account: &AccountKey) -> Result<Vec<String>, kube::Error> {
    let mut users = Vec::new();
    for manifest in ctx.stores.manifests.state() {
        let asked = manifest.common();
        let destroys = asked.management == Management::Managed && asked.deletion_policy == DeletionPolicy::Delete;
        let namespace = manifest.namespace().unwrap_or_default();
        if destroys
            && AccountKey::of(&*manifest) == *account
            && permits(ctx, account, &namespace, LABELS_LAST).await?.is_some()
        {
            users.push(format!("{} {} in namespace {namespace}", K::kind(&()), manifest.name_any()));
        }
    }
    users.sort();
    Ok(users)
}

/// Sees to it that the finalizer is there exactly while somebody needs the account, where no other operator does. Says
/// whether the account is let go.
pub(super) async fn hold<K: Managed>(
    account: &CloudAccount,
    users: &[String],
    ctx: &Context<K>,
) -> Result<bool, AccountError> {
    if looked_after_elsewhere(account, ctx).is_some() {
        return Ok(false);
    }
    let deleting = account.metadata.deletion_timestamp.is_some();
    let held = account.finalizers().iter().any(|finalizer| finalizer == FINALIZER);
    let mut finalizers = account.finalizers().to_vec();
    match (held, users.is_empty()) {
        (true, true) => finalizers.retain(|finalizer| finalizer != FINALIZER),
        // Of what is being deleted no finalizer is taken any more.
        (false, false) if !deleting => finalizers.push(FINALIZER.to_owned()),
        _ => return Ok(false),
    }
    let patch = json!({"metadata": {"resourceVersion": account.resource_version(), "finalizers": finalizers}});
    let params = PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
    let api = Api::<CloudAccount>::namespaced(ctx.client.clone(), &account.namespace().unwrap_or_default());
    match api.patch(&account.name_any(), &params, &Patch::Merge(patch)).await {
        Ok(_) => Ok(deleting),
        // The object has moved on, and its next event, or the next look, finds it as it is.
        Err(kube::Error::Api(status)) if status.is_conflict() => Ok(false),
        Err(kube::Error::Api(status)) if status.is_not_found() => Ok(true),
        Err(error) => Err(error.into()),
    }
}
