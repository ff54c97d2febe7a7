//! An account's status.

use kube::api::{Patch, PatchParams};
use kube::{Api, Resource, ResourceExt};
use serde_json::json;

use super::{AccountError, Known};
use crate::api::MANAGER;
use crate::api::account::{CloudAccount, CloudAccountStatus, ClusterCounts};
use crate::api::condition::{Condition, ConditionType, Reason, Standing};
use crate::controller::Context;
use crate::plan::{AccountStanding, whole_seconds};

/// Writes the status where it differs, and warns where a person has become necessary.
pub(super) async fn publish(account: &CloudAccount, known: &Known, ctx: &Context) -> Result<(), AccountError> {
    let before = account.status.clone().unwrap_or_default();
    let (reason, message) = verdict(known);
    let after = CloudAccountStatus {
        observed_generation: account.metadata.generation,
        conditions: conditions(account, &before.conditions, reason, &message, ctx),
        location: Some(account.spec.location().to_string()),
        active_credential: active_credential(known),
        clusters: counts(known, ctx).or(before.clusters),
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

fn verdict(known: &Known) -> (Reason, String) {
    match &known.standing {
        AccountStanding::Connected => {
            let secret = known.session.as_ref().map(|session| session.secret.clone()).unwrap_or_default();
            (Reason::Connected, format!("The cloud accepts the credentials in Secret {secret}."))
        }
        AccountStanding::Connecting => {
            (Reason::Connecting, "The cloud is being asked for its list of clusters.".to_owned())
        }
        AccountStanding::Missing => (Reason::Connecting, String::new()),
        AccountStanding::Unavailable(why) => (Reason::CloudUnavailable, why.clone()),
        AccountStanding::Refused(reason, why) => (*reason, why.clone()),
    }
}

fn active_credential(known: &Known) -> Option<String> {
    matches!(known.standing, AccountStanding::Connected | AccountStanding::Unavailable(_))
        .then(|| known.session.as_ref().map(|session| session.secret.clone()))
        .flatten()
}

/// How many of the location's clusters a manifest manages.
fn counts(known: &Known, ctx: &Context) -> Option<ClusterCounts> {
    let session = known.session.as_ref()?;
    let list = session.place.inventory()?;
    let managed = |id| {
        ctx.records
            .about(&session.place.location, id)
            .iter()
            .any(|stored| stored.record.bound.is_some() && ctx.claims(stored))
    };
    let managed = list.clusters.iter().filter(|cluster| managed(&cluster.id)).count();
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    Some(ClusterCounts { managed: count(managed), unmanaged: count(list.clusters.len() - managed) })
}

fn conditions(
    account: &CloudAccount,
    before: &[Condition],
    reason: Reason,
    message: &str,
    ctx: &Context,
) -> Vec<Condition> {
    let standing = reason.standing();
    let ready = if standing == Standing::Done { "True" } else { "False" };
    let second = match standing {
        Standing::Done => None,
        Standing::Working => Some((ConditionType::Reconciling, "True")),
        Standing::Stalled => Some((ConditionType::Stalled, "True")),
    };
    [Some((ConditionType::Ready, ready)), second]
        .into_iter()
        .flatten()
        .map(|(kind, status)| {
            let same = before.iter().find(|condition| condition.type_ == kind.as_str() && condition.status == status);
            Condition {
                type_: kind.as_str().to_owned(),
                status: status.to_owned(),
                reason: reason.to_string(),
                message: message.to_owned(),
                last_transition_time: same
                    .map_or_else(|| whole_seconds(ctx.clock.now()), |condition| condition.last_transition_time.clone()),
                observed_generation: account.metadata.generation,
            }
        })
        .collect()
}
