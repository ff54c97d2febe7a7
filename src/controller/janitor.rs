//! Now and then: forget what is no longer needed, and look after records whose manifest is gone.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use kube::ResourceExt;
use tokio::sync::watch;

use super::clouds::Managed;
use super::locations::AccountKey;
use super::pulse::Beat;
use super::{Context, Holder};
use crate::clock;

const ROUND: Duration = Duration::from_secs(30);

/// The longest window of a `destroyLimit`, in which what was destroyed counts.
const LONGEST_WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

/// Goes round until the process is to stop. Each round is a sign of life, also while the first lists are still missing.
pub(crate) async fn run<K: Managed>(ctx: Arc<Context<K>>, pulse: Beat, mut stop: watch::Receiver<bool>) {
    let mut synced = std::pin::pin!(ctx.synced());
    loop {
        tokio::select! {
            () = &mut synced => break,
            () = tokio::time::sleep(ROUND) => pulse.beat(),
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
    pulse.becomes_ready();
    loop {
        tokio::select! {
            () = tokio::time::sleep(ROUND) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        pulse.beat();
        forget_the_gone(&ctx).await;
        wake_orphans(&ctx).await;
        remove_tombstones(&ctx).await;
    }
}

async fn forget_the_gone<K: Managed>(ctx: &Context<K>) {
    let manifests = ctx.stores.manifests.state();
    let uids: HashSet<String> = manifests.iter().filter_map(|manifest| manifest.uid()).collect();
    ctx.memories.retain(|uid| uids.contains(uid));
    let referred: HashSet<AccountKey> = manifests.iter().map(|manifest| AccountKey::of(&**manifest)).collect();
    let needed = |key: &AccountKey| referred.contains(key) || ctx.stores.account_objects.get(&key.object()).is_some();
    for (key, known) in ctx.accounts.forget_unneeded(needed) {
        if let Some(session) = known.session {
            session.place.dismiss(key).await;
        }
    }
}

/// Wakes the records that have lost their manifest and are not at rest: a create is open, or the cluster is not listed.
async fn wake_orphans<K: Managed>(ctx: &Context<K>) {
    for stored in ctx.records.all() {
        let record = &stored.record;
        if record.filed || !matches!(ctx.holder(&record.owner), Holder::Gone) {
            continue;
        }
        let listed = record.bound_id().is_some_and(|id| {
            let place = ctx.locations.known(&record.location);
            place.and_then(|place| place.inventory()).is_some_and(|list| list.get(id).is_some())
        });
        if record.creation().is_some() || !listed {
            ctx.wake.record(stored.object()).await;
        }
    }
}

/// Removes the records of clusters whose end no longer counts. One that cannot be removed is tried again on the next round.
async fn remove_tombstones<K: Managed>(ctx: &Context<K>) {
    let now = ctx.clock.now();
    for stored in ctx.records.all() {
        let counts = |ended| now < clock::later(ended, LONGEST_WINDOW);
        if stored.record.ended.is_some_and(|ended| !counts(ended))
            && let Err(error) = ctx.records.remove(&stored).await
        {
            tracing::warn!(record = stored.name, %error, "the record of a cluster that is gone could not be removed");
        }
    }
}
