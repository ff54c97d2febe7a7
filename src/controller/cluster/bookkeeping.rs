//! Changes of the record that send nothing to a cloud.

use std::sync::{Arc, Mutex};

use super::observe::Seen;
use super::{Applied, ReconcileError, still_first};
use crate::api::identity::{ClusterId, Handle};
use crate::controller::Context;
use crate::controller::clouds::Managed;
use crate::controller::events::Word;
use crate::controller::memory::{self, Memory};
use crate::controller::records::{RecordError, Stored, name_of};
use crate::plan::{
    Bound, Change, CloudCluster, Ending, Gone, PasswordState, Record, RecordChange, Sighting, Step, may_take_over,
};

pub(super) async fn change<K: Managed>(
    ctx: &Context<K>,
    seen: &Seen<K>,
    memory: &Mutex<Memory<K>>,
    change: RecordChange<K>,
) -> Result<Applied<K>, ReconcileError> {
    let result = match change {
        RecordChange::Settle(bound) => {
            // A database that could not be spoken to before is not asked in a burst now.
            if seen.facts.database_trouble().is_none() {
                memory::lock(memory).succeeded();
            }
            settle(ctx, seen, bound).await
        }
        RecordChange::ClearIntent(refusal) => {
            memory::lock(memory).succeeded();
            tell_of_double(ctx, seen).await;
            amend(ctx, seen, |record| record.give_up_creation(refusal)).await
        }
        RecordChange::SettleChange(ending) => settle_change(ctx, seen, memory, ending).await,
        RecordChange::Adopt(bound) => return undo_conflict(ctx, seen, adopt(ctx, seen, memory, bound).await).await,
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
            amend(ctx, seen, |record| record.set_gone(Some(gone))).await
        }
        RecordChange::Renamed(id) => renamed(ctx, seen, id).await,
        RecordChange::Found => amend(ctx, seen, |record| record.set_gone(None)).await,
        RecordChange::TrustPassword(password) => amend(ctx, seen, |record| record.trust_password(password)).await,
        RecordChange::Disown => amend(ctx, seen, Record::disown).await,
        RecordChange::Drop => drop_record(ctx, seen).await,
    };
    undo_conflict(ctx, seen, result.map(|()| Applied::Again)).await
}

/// Where somebody wrote the record in between, what is now there decides.
pub(super) async fn undo_conflict<K: Managed>(
    ctx: &Context<K>,
    seen: &Seen<K>,
    result: Result<Applied<K>, ReconcileError>,
) -> Result<Applied<K>, ReconcileError> {
    match result {
        Err(ReconcileError::Record(RecordError::Conflict)) => {
            ctx.records.fresh(&own_name(seen)).await?;
            Ok(Applied::Again)
        }
        other => other,
    }
}

/// The name of the manifest's own record.
pub(super) fn own_name<K: Managed>(seen: &Seen<K>) -> String {
    let owner = seen.facts.owner();
    name_of::<K>(&owner.namespace, &owner.name)
}

/// The record as it is stored, or the one with which a manifest's memory begins.
pub(super) fn own_record<K: Managed>(seen: &Seen<K>) -> Option<Stored<K>> {
    let location = seen.facts.account.reach.as_ref()?.location.clone();
    if let Some(stored) = &seen.stored {
        let mut stored = Stored::clone(stored);
        stored.record.account = Some(seen.facts.account_name());
        // A record that is about no cluster yet follows its manifest to another account.
        if !stored.record.has_cluster() {
            stored.record.location = location;
        }
        return Some(stored);
    }
    let account = Some(seen.facts.account_name());
    let record = Record { account, ..Record::new(seen.facts.owner(), location) };
    let namespace = seen.facts.operator_namespace.clone();
    Some(Stored { record, name: own_name(seen), namespace, uid: None, version: None })
}

/// Writes the stored record with a change.
pub(super) async fn amend<K: Managed>(
    ctx: &Context<K>,
    seen: &Seen<K>,
    change: impl FnOnce(&mut Record<K>),
) -> Result<(), ReconcileError> {
    if let Some(stored) = &seen.stored {
        let mut stored = Stored::clone(stored);
        change(&mut stored.record);
        ctx.records.write(&stored).await?;
    }
    Ok(())
}

async fn settle<K: Managed>(ctx: &Context<K>, seen: &Seen<K>, bound: Bound<K>) -> Result<(), ReconcileError> {
    let name = K::title(&bound);
    amend(ctx, seen, |record| record.settle_creation(bound)).await?;
    tell(ctx, seen, Word::Created, format!("Cluster {name} was created.")).await;
    Ok(())
}

/// The record follows a cluster that somebody has given another id.
async fn renamed<K: Managed>(ctx: &Context<K>, seen: &Seen<K>, id: ClusterId) -> Result<(), ReconcileError> {
    let former = seen.facts.record.as_ref().and_then(Record::bound_id).map(ToString::to_string).unwrap_or_default();
    let note = format!("Cluster {former} was renamed to {id} in the cloud, and not by this manifest.");
    amend(ctx, seen, |record| record.rename(id)).await?;
    tell(ctx, seen, Word::Renamed, note).await;
    Ok(())
}

/// A change has come to its end. What it set off is looked at afresh before anything else is decided.
async fn settle_change<K: Managed>(
    ctx: &Context<K>,
    seen: &Seen<K>,
    memory: &Mutex<Memory<K>>,
    ending: Ending,
) -> Result<(), ReconcileError> {
    let Some(intent) = seen.facts.record.as_ref().and_then(Record::change) else {
        return Ok(());
    };
    let summary = intent.change.summary();
    let new_password = matches!(ending, Ending::Done) && intent.change.sets_password();
    // Whoever needs what may have been created must not find the intent gone, and still read that it is missing.
    if let (Some(_), Some(session)) = (intent.change.creates(), &seen.session) {
        session.place.forget_catalogue();
    }
    let told = match &ending {
        Ending::Done => Some((Word::Changed, format!("{summary}: done."))),
        Ending::Failed(refusal) => Some((Word::Failed, format!("{summary} failed: {}", refusal.message))),
        // Nothing has happened.
        Ending::Nothing => None,
    };
    amend(ctx, seen, |record| record.settle_change(ending)).await?;
    {
        let mut memory = memory::lock(memory);
        memory.succeeded();
        // What did not open the database before says nothing of the new one.
        if new_password {
            memory.attempts.denied = None;
        }
    }
    if let Some(session) = &seen.session {
        session.place.hasten();
    }
    if let Some((word, note)) = told {
        tell(ctx, seen, word, note).await;
    }
    Ok(())
}

/// A create is given up: whoever pays for what is there under its name should know that it is left alone.
async fn tell_of_double<K: Managed>(ctx: &Context<K>, seen: &Seen<K>) {
    let create = seen.facts.record.as_ref().and_then(Record::creation);
    let Some(target) = create.map(|create| K::target(&create.request)) else { return };
    if let Sighting::Present(cluster) = seen.facts.sighting(&target)
        && seen.facts.attempts.password_unknown()
        && seen.facts.account.permits.may_adopt()
    {
        let note = format!(
            "Cluster {} ({}) looks as it was asked for, and the recorded password does not open it. It is taken for somebody else's, \
             and left as it is.",
            cluster.title(),
            cluster.id()
        );
        tell(ctx, seen, Word::Refused, note).await;
    }
}

/// Takes an existing cluster, with the passwords of a record that claims it no longer. One adoption at a time, so that two
/// cannot take one cluster.
async fn adopt<K: Managed>(
    ctx: &Context<K>,
    seen: &Seen<K>,
    memory: &Mutex<Memory<K>>,
    bound: Bound<K>,
) -> Result<Applied<K>, ReconcileError> {
    let _one_at_a_time = ctx.claiming.lock().await;
    let step = Step::Record(RecordChange::Adopt(bound.clone()));
    let fresh = match still_first(ctx, seen, memory, &step).await? {
        Ok(fresh) => fresh,
        Err(moved_on) => return Ok(moved_on),
    };
    let Some(mut stored) = own_record(&fresh) else {
        return Ok(Applied::Failed);
    };
    let formers = formers(ctx, &stored, &bound);
    let name = K::title(&bound);
    stored.record.adopt(fresh.facts.owner(), bound);
    if let Some(heir_of) = best_former(&formers, &fresh) {
        stored.record.inherit(&heir_of.record);
    }
    ctx.records.write(&stored).await?;
    // Whichever manifest comes back to one of these records finds that it has none.
    for former in formers {
        let inherited = former.record.password == stored.record.password;
        if !inherited && !former.record.filed {
            ctx.records.file(&former).await?;
        }
        if !inherited && former.record.filed {
            continue;
        }
        ctx.records.remove(&former).await?;
    }
    tell(ctx, seen, Word::Adopted, format!("Cluster {name} was adopted.")).await;
    Ok(Applied::Again)
}

/// The records that others left of this very database, filed ones included.
fn formers<K: Managed>(ctx: &Context<K>, own: &Stored<K>, bound: &Bound<K>) -> Vec<Arc<Stored<K>>> {
    let mut formers = ctx.records.about(&own.record.location, &Handle::Id(bound.identity.id.clone()));
    formers.retain(|other| {
        other.name != own.name
            && other.record.bound.as_ref().is_some_and(|former| former.identity == bound.identity)
            && !ctx.claims(other)
    });
    formers
}

/// The one whose password was last known to open the database, among those that may be taken over.
fn best_former<'a, K: Managed>(formers: &'a [Arc<Stored<K>>], seen: &Seen<K>) -> Option<&'a Arc<Stored<K>>> {
    let open = formers.iter().filter(|other| {
        let takes_over = |bound| may_take_over(&seen.facts, &other.record, bound);
        other.record.bound.as_ref().is_some_and(takes_over)
    });
    open.max_by_key(|other| (!other.record.filed, other.version_number()))
}

async fn rebind<K: Managed>(ctx: &Context<K>, seen: &Seen<K>) -> Result<(), ReconcileError> {
    let owner = seen.facts.owner();
    amend(ctx, seen, |record| {
        // Whoever gets the name of a deleted namespace must not get what was given there.
        if record.bound.is_none() && record.owner.namespace_uid != owner.namespace_uid {
            record.password = PasswordState::default();
        }
        record.owner = owner;
        record.refusals.clear();
    })
    .await?;
    let name = seen.stored.as_ref().and_then(|stored| stored.record.bound.as_ref()).map(K::title);
    if let Some(name) = name {
        tell(
            ctx,
            seen,
            Word::Bound,
            format!("This manifest was bound again to cluster {name}, which one of its name had before."),
        )
        .await;
    }
    Ok(())
}

async fn forget<K: Managed>(ctx: &Context<K>, seen: &Seen<K>, value: String) -> Result<(), ReconcileError> {
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

async fn drop_record<K: Managed>(ctx: &Context<K>, seen: &Seen<K>) -> Result<(), ReconcileError> {
    let Some(stored) = &seen.stored else {
        return Ok(());
    };
    ctx.records.remove(stored).await?;
    if let Some(bound) = &stored.record.bound {
        tell(ctx, seen, Word::Destroyed, format!("Cluster {} is gone.", K::title(bound))).await;
    }
    Ok(())
}

/// Tells of something that was done for the manifest.
pub(super) async fn tell<K: Managed>(ctx: &Context<K>, seen: &Seen<K>, word: Word, note: String) {
    ctx.events.tell(&seen.facts.manifest.object_ref(&()), word, note).await;
}
