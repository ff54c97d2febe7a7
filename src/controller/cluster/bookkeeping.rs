//! Changes of the record that send nothing to a cloud.

use std::sync::{Arc, Mutex};

use kube::Resource;

use super::observe::Seen;
use super::{Applied, ReconcileError, still_first};
use crate::controller::Context;
use crate::controller::events::Word;
use crate::controller::memory::{self, Memory};
use crate::controller::records::{RecordError, Stored, name_of};
use crate::plan::{Bound, Gone, Record, RecordChange, Step};

pub(super) async fn change(
    ctx: &Context,
    seen: &Seen,
    memory: &Mutex<Memory>,
    change: RecordChange,
) -> Result<Applied, ReconcileError> {
    let result = match change {
        RecordChange::Settle(bound) => settle(ctx, seen, bound).await,
        RecordChange::ClearIntent(refusal) => {
            memory::lock(memory).succeeded();
            amend(ctx, seen, |record| {
                record.intent = None;
                record.refusal = refusal;
            })
            .await
        }
        RecordChange::Adopt(bound) => adopt(ctx, seen, memory, bound).await,
        RecordChange::Rebind => rebind(ctx, seen).await,
        RecordChange::Forget(value) => forget(ctx, seen, value).await,
        RecordChange::ClearForgotten => amend(ctx, seen, |record| record.forgotten = None).await,
        RecordChange::SeenBy(credential) => {
            amend(ctx, seen, |record| {
                if let Some(bound) = &mut record.bound {
                    bound.seen_by.insert(credential);
                }
            })
            .await
        }
        RecordChange::Gone => {
            let gone = Gone { since: ctx.clock.now(), told: true };
            amend(ctx, seen, |record| set_gone(record, Some(gone))).await
        }
        RecordChange::Found => amend(ctx, seen, |record| set_gone(record, None)).await,
        RecordChange::TrustPassword(password) => {
            amend(ctx, seen, |record| {
                record.password.current = Some(password);
                record.password.pending = None;
            })
            .await
        }
        RecordChange::Drop => drop_record(ctx, seen).await,
    };
    match result {
        // Somebody wrote the record in between: what is now there decides.
        Err(ReconcileError::Record(RecordError::Conflict)) => {
            ctx.records.fresh(&own_name(seen)).await?;
            Ok(Applied::Again)
        }
        other => other.map(|()| Applied::Again),
    }
}

/// The name of the manifest's own record.
pub(super) fn own_name(seen: &Seen) -> String {
    let owner = seen.facts.owner();
    name_of(&owner.namespace, &owner.name)
}

/// The record as it is stored, or the one with which a manifest's memory begins.
pub(super) fn own_record(seen: &Seen) -> Option<Stored> {
    let location = seen.facts.account.reach.as_ref()?.location.clone();
    if let Some(stored) = &seen.stored {
        let mut stored = Stored::clone(stored);
        // A record that is about no cluster yet follows its manifest to another account.
        if stored.record.cluster_id().is_none() {
            stored.record.location = location;
        }
        return Some(stored);
    }
    let record = Record::new(seen.facts.owner(), location);
    let namespace = seen.facts.operator_namespace.clone();
    Some(Stored { record, name: own_name(seen), namespace, uid: None, version: None })
}

/// Writes the stored record with a change.
pub(super) async fn amend(ctx: &Context, seen: &Seen, change: impl FnOnce(&mut Record)) -> Result<(), ReconcileError> {
    if let Some(stored) = &seen.stored {
        let mut stored = Stored::clone(stored);
        change(&mut stored.record);
        ctx.records.write(&stored).await?;
    }
    Ok(())
}

fn set_gone(record: &mut Record, gone: Option<Gone>) {
    if let Some(bound) = &mut record.bound {
        bound.gone = gone;
    }
}

async fn settle(ctx: &Context, seen: &Seen, bound: Bound) -> Result<(), ReconcileError> {
    let id = bound.identity.id.clone();
    amend(ctx, seen, |record| {
        record.bound = Some(bound);
        record.intent = None;
        record.refusal = None;
    })
    .await?;
    tell(ctx, seen, Word::Created, format!("Cluster {id} was created.")).await;
    Ok(())
}

/// Takes an existing cluster, with the passwords of a record that claims it no longer. One adoption at a time, so that two cannot take one cluster.
async fn adopt(ctx: &Context, seen: &Seen, memory: &Mutex<Memory>, bound: Bound) -> Result<(), ReconcileError> {
    let _one_at_a_time = ctx.claiming.lock().await;
    let step = Step::Record(RecordChange::Adopt(bound.clone()));
    let Some(fresh) = still_first(ctx, seen, memory, &step).await? else {
        return Ok(());
    };
    let Some(mut stored) = own_record(&fresh) else {
        return Ok(());
    };
    let former = former(ctx, &stored, &bound);
    stored.record.owner = fresh.facts.owner();
    stored.record.location = former.as_ref().map_or(stored.record.location, |former| former.record.location.clone());
    if let Some(former) = &former {
        stored.record.password = former.record.password.clone();
    }
    let origin =
        former.as_ref().and_then(|former| former.record.bound.as_ref()).map_or(bound.origin, |former| former.origin);
    let id = bound.identity.id.clone();
    stored.record.bound = Some(Bound { origin, ..bound });
    stored.record.refusal = None;
    ctx.records.write(&stored).await?;
    if let Some(former) = former.filter(|former| !former.record.filed) {
        ctx.records.file(&former).await?;
        ctx.records.remove(&former).await?;
    }
    tell(ctx, seen, Word::Adopted, format!("Cluster {id} was adopted.")).await;
    Ok(())
}

/// The record that another manifest of the same namespace left of this very database.
fn former(ctx: &Context, own: &Stored, bound: &Bound) -> Option<Arc<Stored>> {
    ctx.records.about(&own.record.location, &bound.identity.id).into_iter().find(|other| {
        other.name != own.name
            && other.record.owner.namespace == own.record.owner.namespace
            && other.record.bound.as_ref().is_some_and(|former| former.identity == bound.identity)
            && !ctx.claims(other)
    })
}

async fn rebind(ctx: &Context, seen: &Seen) -> Result<(), ReconcileError> {
    let owner = seen.facts.owner();
    amend(ctx, seen, |record| {
        record.owner = owner;
        record.refusal = None;
    })
    .await?;
    let id =
        seen.stored.as_ref().and_then(|stored| stored.record.bound.as_ref()).map(|bound| bound.identity.id.clone());
    if let Some(id) = id {
        tell(
            ctx,
            seen,
            Word::Bound,
            format!("This manifest was bound again to cluster {id}, which one of its name had before."),
        )
        .await;
    }
    Ok(())
}

async fn forget(ctx: &Context, seen: &Seen, value: String) -> Result<(), ReconcileError> {
    let Some(stored) = &seen.stored else {
        return Ok(());
    };
    ctx.records.file(stored).await?;
    let note = format!("The record of cluster {value} was filed, and this manifest starts anew.");
    let owner = seen.facts.owner();
    let location =
        seen.facts.account.reach.as_ref().map_or(stored.record.location.clone(), |reach| reach.location.clone());
    amend(ctx, seen, |record| {
        *record = Record { forgotten: Some(value), ..Record::new(owner, location) };
    })
    .await?;
    tell(ctx, seen, Word::Forgotten, note).await;
    Ok(())
}

async fn drop_record(ctx: &Context, seen: &Seen) -> Result<(), ReconcileError> {
    let Some(stored) = &seen.stored else {
        return Ok(());
    };
    ctx.records.remove(stored).await?;
    if let Some(bound) = &stored.record.bound {
        tell(ctx, seen, Word::Destroyed, format!("Cluster {} is gone.", bound.identity.id)).await;
    }
    Ok(())
}

/// Tells of something that was done for the manifest.
pub(super) async fn tell(ctx: &Context, seen: &Seen, word: Word, note: String) {
    ctx.events.tell(&seen.facts.manifest.object_ref(&()), word, note).await;
}
