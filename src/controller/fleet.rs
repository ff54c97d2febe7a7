//! What a scrape of the metrics sees of one kind: read from the watched manifests, as they were last told.

use std::sync::{Arc, Weak};
use std::time::Duration;

use jiff::Timestamp;
use kube::ResourceExt;

use super::Context;
use super::accounts::{Session, Source};
use super::clouds::{Managed, looks_after};
use super::locations::AccountKey;
use super::metrics::{AccountLabels, AccountSeen, ClusterLabels, CredentialSeen, Seen};
use crate::api::account::{CloudAccount, CredentialStatus};
use crate::api::condition::{Condition, ConditionType, Reason};

/// The reason of what nobody has looked at yet.
const UNSEEN: &str = "Unseen";

/// Any reason that is not one of ours: whoever may write a status could otherwise make as many series as they like.
const OTHER: &str = "Other";

/// Has every scrape look at this kind's manifests and accounts, as long as they are looked after.
pub(super) fn show<K: Managed>(ctx: &Arc<Context<K>>) {
    let context: Weak<Context<K>> = Arc::downgrade(ctx);
    ctx.metrics.ask(move || context.upgrade().map(|ctx| look(&ctx)));
}

fn look<K: Managed>(ctx: &Context<K>) -> Seen {
    let now = ctx.clock.now();
    let kind = K::kind(&()).into_owned();
    let mut seen = Seen::default();
    // A kind of which nothing is in progress says so.
    let longest = seen.in_progress.entry(kind.clone()).or_default();
    for manifest in ctx.stores.manifests.state() {
        let conditions = manifest.status().map(|status| K::common_status(status).conditions.as_slice());
        let (state, reason) = standing(conditions.unwrap_or_default());
        if state == ConditionType::Reconciling {
            *longest = (*longest).max(in_progress(&*manifest, conditions.unwrap_or_default(), now));
        }
        *seen.clusters.entry(ClusterLabels { kind: kind.clone(), state: state.as_str(), reason }).or_default() += 1;
    }
    let accounts = ctx.stores.account_objects.state();
    let accounts = accounts.iter().filter(|account| looks_after::<K>(account));
    seen.accounts = accounts.map(|account| account_seen(ctx, account, now)).collect();
    seen
}

/// The condition that says how an object stands, and the reason.
fn standing(conditions: &[Condition]) -> (ConditionType, String) {
    let is_true = |kind: ConditionType| find(conditions, kind).filter(|condition| condition.status == "True");
    let kinds = [ConditionType::Stalled, ConditionType::Reconciling, ConditionType::Ready];
    let told = kinds.into_iter().find_map(|kind| Some((kind, bounded(&is_true(kind)?.reason))));
    told.unwrap_or_else(|| (ConditionType::Reconciling, UNSEEN.to_owned()))
}

fn bounded(reason: &str) -> String {
    let known = Reason::ALL.iter().map(ToString::to_string).find(|known| known == reason);
    known.unwrap_or_else(|| OTHER.to_owned())
}

fn find(conditions: &[Condition], kind: ConditionType) -> Option<&Condition> {
    conditions.iter().find(|condition| condition.type_ == kind.as_str())
}

/// For how long a manifest is in progress: since it was told, or since its creation.
fn in_progress<K: Managed>(manifest: &K, conditions: &[Condition], now: Timestamp) -> Duration {
    let told = find(conditions, ConditionType::Reconciling).map(|condition| condition.last_transition_time.parse());
    let created = || manifest.creation_timestamp().map(|created| created.0);
    let since = told.and_then(Result::ok).or_else(created).unwrap_or(now);
    Duration::try_from(now.duration_since(since)).unwrap_or_default()
}

fn account_seen<K: Managed>(ctx: &Context<K>, account: &CloudAccount, now: Timestamp) -> AccountSeen {
    let key = AccountKey::named(account);
    let session = ctx.accounts.get(&key).and_then(|known| known.session);
    let credentials = session.as_ref().map(|session| credentials_seen(session, now)).unwrap_or_default();
    let listed = session.and_then(|session| session.place.inventory()?.at);
    let conditions = account.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    AccountSeen {
        labels: labels::<K>(&key),
        reason: standing(conditions).1,
        poll_interval: Duration::from_secs(account.spec.poll_interval_seconds.unsigned_abs()),
        inventory_age: listed.map(|at| Duration::try_from(now.duration_since(at)).unwrap_or_default()),
        credentials,
    }
}

fn credentials_seen<K: Managed>(session: &Session<K>, now: Timestamp) -> Vec<CredentialSeen> {
    let seen = |(status, source): (CredentialStatus, &Source<K>)| CredentialSeen {
        secret: status.secret_name,
        state: status.state.as_str(),
        age: source.written.map(|at| Duration::try_from(now.duration_since(at)).unwrap_or_default()),
        idle: source.key.as_ref().and_then(|key| key.idle()),
    };
    session.credentials().into_iter().zip(&session.sources).map(seen).collect()
}

/// How an account of this kind's cloud is called in metrics.
pub(super) fn labels<K: Managed>(account: &AccountKey) -> AccountLabels {
    AccountLabels { cloud: K::CLOUD.as_str(), account: account.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_makes_series_by_what_they_write_into_a_status() {
        assert_eq!(bounded("Running"), "Running");
        assert_eq!(bounded("Running2"), OTHER);
        assert_eq!(bounded(""), OTHER);
    }
}
