//! An account's status.

use kube::api::{Patch, PatchParams};
use kube::{Api, Resource, ResourceExt};
use serde_json::json;

use super::{AccountError, Known};
use crate::api::MANAGER;
use crate::api::account::{CloudAccount, CloudAccountStatus, ClusterCounts};
use crate::api::condition::{ConditionType, Standing};
use crate::api::identity::{ClusterId, Handle};
use crate::controller::Context;
use crate::controller::clouds::Managed;
use crate::plan::{CloudCluster, account_in_use, account_status, account_verdict, another_operators};

/// Writes the status where it differs, and warns where a person has become necessary.
pub(super) async fn publish<K: Managed>(
    account: &CloudAccount,
    known: &Known<K>,
    users: &[String],
    ctx: &Context<K>,
) -> Result<(), AccountError> {
    let before = account.status.clone().unwrap_or_default();
    if let Some(sentence) = looked_after_elsewhere(account, ctx) {
        if ctx.accounts.is_told_first(account) {
            ctx.events.warn(&account.object_ref(&()), "LookedAfterElsewhere", sentence).await;
        }
        return Ok(());
    }
    let kept = account.metadata.deletion_timestamp.is_some() && !users.is_empty();
    let (reason, message) =
        if kept { account_in_use(users) } else { account_verdict(&known.standing, &known.credentials) };
    let after = CloudAccountStatus {
        operator_namespace: Some(ctx.operator_namespace.clone()),
        ..account_status(account, (reason, &message), &known.credentials, counts(known, ctx), ctx.clock.now())
    };
    if before == after {
        return Ok(());
    }
    let patch = json!({
        "apiVersion": CloudAccount::api_version(&()),
        "kind": CloudAccount::kind(&()),
        "metadata": {"name": account.name_any(), "resourceVersion": account.resource_version()},
        "status": after,
    });
    let api = Api::<CloudAccount>::namespaced(ctx.client.clone(), &account.namespace().unwrap_or_default());
    match api.patch_status(&account.name_any(), &PatchParams::apply(MANAGER).force(), &Patch::Apply(patch)).await {
        Ok(_) => {}
        // The object has moved on, or is gone: its next event brings another look.
        Err(kube::Error::Api(status)) if status.is_conflict() || status.is_not_found() => return Ok(()),
        Err(error) => return Err(error.into()),
    }
    let stalled_before = before.conditions.iter().find(|condition| condition.type_ == ConditionType::Stalled.as_str());
    if reason.standing() == Standing::Stalled
        && stalled_before.is_none_or(|condition| condition.reason != reason.to_string())
    {
        ctx.events.warn(&account.object_ref(&()), &reason.to_string(), message).await;
    }
    Ok(())
}

/// A sentence where the operator of another namespace looks after the account.
pub(super) fn looked_after_elsewhere<K: Managed>(account: &CloudAccount, ctx: &Context<K>) -> Option<String> {
    let other = account.status.as_ref()?.operator_namespace.as_deref()?;
    another_operators(other, &ctx.operator_namespace, ctx.take_over_from.as_deref())
}

/// How many of the location's clusters a manifest manages.
fn counts<K: Managed>(known: &Known<K>, ctx: &Context<K>) -> Option<ClusterCounts> {
    let session = known.session.as_ref()?;
    let list = session.place.inventory()?;
    let managed = |id: &ClusterId| {
        ctx.records
            .about(&session.place.location, &Handle::Id(id.clone()))
            .iter()
            .any(|stored| stored.record.bound.is_some() && ctx.claims(stored))
    };
    let managed = list.clusters.iter().filter(|cluster| managed(cluster.id())).count();
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    Some(ClusterCounts { managed: count(managed), unmanaged: count(list.clusters.len() - managed) })
}
