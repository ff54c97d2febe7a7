//! Records whose manifest is gone.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{ObjectReference, Secret};
use kube::ResourceExt;
use kube::runtime::controller::Action;

use super::accounts::Session;
use super::events::Word;
use super::records::{RecordError, Stored};
use super::{Context, Holder};
use crate::cloud::budget::Priority;
use crate::cloud::error::CloudError;
use crate::cloud::keyring::By;
use crate::controller::clouds::Managed;
use crate::plan::{Bound, Gone, Health, Look, OrphanFacts, OrphanPlan, plan_orphan};

/// After an error, and between two looks at an outcome that stays open.
const AGAIN: Duration = Duration::from_secs(30);

/// No look after a record takes longer.
const LONGEST: Duration = Duration::from_secs(5 * 60);

#[derive(Debug, thiserror::Error)]
pub(crate) enum OrphanError {
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error(transparent)]
    Cloud(#[from] CloudError),
    #[error("it took longer than {} s", LONGEST.as_secs())]
    Late,
}

/// Looks after one record, if its manifest is gone.
pub(crate) async fn reconcile<K: Managed>(secret: Arc<Secret>, ctx: Arc<Context<K>>) -> Result<Action, Infallible> {
    ctx.synced().await;
    let running = ctx.metrics.reconciling("record");
    let result = tokio::time::timeout(LONGEST, look_after(&secret, &ctx)).await.unwrap_or(Err(OrphanError::Late));
    running.ended(&result);
    match result {
        Ok(action) => Ok(action),
        Err(error) => {
            tracing::debug!(record = secret.name_any(), %error, "a record without a manifest is looked at again later");
            Ok(Action::requeue(AGAIN))
        }
    }
}

async fn look_after<K: Managed>(secret: &Secret, ctx: &Context<K>) -> Result<Action, OrphanError> {
    let Some(stored) = ctx.records.cached(&secret.name_any())? else {
        return Ok(Action::await_change());
    };
    if stored.record.filed || !matches!(ctx.holder(&stored.record.owner), Holder::Gone) {
        return Ok(Action::await_change());
    }
    let session = best_session(ctx, &stored);
    let mut look = None;
    // Once to ask for a look, and once to decide by it.
    for _ in 0..2 {
        let facts = OrphanFacts {
            now: ctx.clock.now(),
            record: stored.record.clone(),
            inventory: session.as_ref().and_then(|session| session.place.inventory()),
            look: look.take(),
            credentials: session.as_ref().map(|session| session.keyring.accepted()).unwrap_or_default(),
            accepts_missing: session.as_ref().and_then(|session| ctx.accounts.get(&session.account)?.accepts_missing),
        };
        match (plan_orphan(&facts), &session) {
            (OrphanPlan::Look(target), Some(session)) => {
                let at = ctx.clock.now();
                let By { value: found, credential: by } = session.find(&target, Priority::Poll).await?;
                look = Some(Look { target, at, by, found });
            }
            (OrphanPlan::Settle(bound), _) => {
                let id = bound.identity.id.clone();
                let mut stored = Stored::clone(&stored);
                stored.record.settle_creation(bound);
                ctx.records.write(&stored).await?;
                let note = format!(
                    "Cluster {id} came into being after this manifest was deleted. It is kept, as deletionPolicy Retain asks: \
                     apply the manifest again to have it back, or destroy it in the cloud's console."
                );
                ctx.events.tell(&former(&stored), Word::Created, note).await;
                return Ok(Action::await_change());
            }
            (OrphanPlan::ClearIntent | OrphanPlan::Drop, _) => {
                ctx.records.end(&stored, ctx.clock.now()).await?;
                return Ok(Action::await_change());
            }
            (OrphanPlan::Gone, _) => {
                let gone = Gone { since: ctx.clock.now(), told: false };
                let stored = mark(ctx, &stored, Some(gone)).await?;
                let id = stored.record.bound_id().map(ToString::to_string).unwrap_or_default();
                let note = format!(
                    "Cluster {id}, which this manifest left behind, is gone. Its record, with the password, is kept for another day."
                );
                ctx.events.warn(&former(&stored), "Vanished", note).await;
                return Ok(Action::await_change());
            }
            (OrphanPlan::Found, _) => {
                mark(ctx, &stored, None).await?;
                return Ok(Action::await_change());
            }
            (OrphanPlan::Wait(wait), _) => return Ok(Action::requeue(wait)),
            (OrphanPlan::Keep | OrphanPlan::Look(_), _) => return Ok(Action::await_change()),
        }
    }
    Ok(Action::requeue(AGAIN))
}

async fn mark<K: Managed>(ctx: &Context<K>, stored: &Stored<K>, gone: Option<Gone>) -> Result<Stored<K>, RecordError> {
    let mut stored = Stored::clone(stored);
    stored.record.set_gone(gone);
    ctx.records.write(&stored).await
}

/// The way to the record's location that can tell most: one that works, and has seen the cluster.
fn best_session<K: Managed>(ctx: &Context<K>, stored: &Stored<K>) -> Option<Session<K>> {
    let here = ctx.accounts.sessions().into_iter().filter(|session| session.place.location == stored.record.location);
    here.max_by_key(|session| {
        let seen = |bound: &Bound<K>| session.keyring.accepted().iter().any(|own| bound.seen_by.contains(own));
        (session.place.health(&session.account) == Health::Well, stored.record.bound.as_ref().is_some_and(seen))
    })
}

/// The manifest that a record belonged to, for an Event about it.
fn former<K: Managed>(stored: &Stored<K>) -> ObjectReference {
    let owner = &stored.record.owner;
    ObjectReference {
        api_version: Some(K::api_version(&()).into_owned()),
        kind: Some(owner.kind.clone()),
        namespace: Some(owner.namespace.clone()),
        name: Some(owner.name.clone()),
        uid: Some(owner.uid.clone()),
        ..ObjectReference::default()
    }
}
