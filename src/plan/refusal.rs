//! What the cloud refused is not asked for again until something has changed, or an hour has passed.

use std::collections::BTreeMap;
use std::time::Duration;

use super::facts::Facts;
use super::kind::{CloudCluster, Kind};
use super::record::RefusalKind;
use super::step::{CloudWrite, Plan, Step};
use crate::api::annotation;
use crate::api::condition::Reason;
use crate::api::identity::Identity;
use crate::clock;
use crate::fingerprint::Fingerprint;

/// A refused request is tried again after this long even if nothing changed.
pub(super) const REFUSAL_LASTS: Duration = Duration::from_secs(60 * 60);

/// The plan for a write, or for its refusal while that stands.
pub(super) fn unless_refused<K: Kind>(
    facts: &Facts<K>,
    write: CloudWrite<K>,
    reason: Reason,
    message: impl Into<String>,
) -> Plan<K> {
    still_refused(facts, &write).unwrap_or_else(|| Plan::step(Step::Cloud(write), reason, message))
}

/// The plan for a write that the cloud refused, while nothing has changed since and the hour is not over.
pub(super) fn still_refused<K: Kind>(facts: &Facts<K>, write: &CloudWrite<K>) -> Option<Plan<K>> {
    let refusal = facts.record.as_ref()?.refusals.get(write.subject())?;
    let retry = clock::later(refusal.at, REFUSAL_LASTS);
    let stands = facts.now < retry && refusal.fingerprint == refusal_fingerprint(facts, write);
    let held_back = facts.attempts.not_before.is_some_and(|moment| moment > facts.now);
    if !stands && !held_back {
        return None;
    }
    let (reason, said, way_out) = match refusal.kind {
        RefusalKind::Refused => (Reason::ChangeRefused, "refused", "Correct the manifest, or what the message names"),
        RefusalKind::Forbidden => {
            (Reason::CredentialsInsufficient, "refused", "Give the account's credentials more access")
        }
        RefusalKind::Failed => {
            (Reason::OperationFailed, "accepted the request and failed", "Correct what the message names")
        }
    };
    let wait = clock::until(facts.now, retry).unwrap_or(REFUSAL_LASTS);
    Some(
        Plan::standing(
            reason,
            format!(
                "The cloud {said}: {}. {way_out}; it is tried again after a change, or within the hour.",
                quoted(&refusal.message)
            ),
        )
        .looking_again(wait),
    )
}

/// The cloud's own words amid a sentence of ours, without a full stop of their own.
pub(super) fn quoted(words: &str) -> String {
    format!("\"{}\"", words.strip_suffix('.').unwrap_or(words))
}

/// What was asked, with which credential and amid which other clusters. A refusal stands while this stays the same.
#[must_use]
pub fn refusal_fingerprint<K: Kind>(facts: &Facts<K>, write: &CloudWrite<K>) -> String {
    let asked = match write {
        CloudWrite::Deploy { request, .. } => serde_json::to_string(request).unwrap_or_default(),
        CloudWrite::Change(change) => serde_json::to_string(change).unwrap_or_default(),
        CloudWrite::Destroy(Identity { id, created_at }) => format!("{id} {}", created_at.epoch_millis()),
    };
    // The cloud promises no order of its list.
    let clusters: BTreeMap<_, _> = facts
        .inventory
        .iter()
        .flat_map(|inventory| &inventory.clusters)
        .map(|cluster| (cluster.id(), cluster.created_at().epoch_millis()))
        .collect();
    // Another password is another request.
    let password = facts.record.as_ref().and_then(|record| record.password.pending.as_ref());
    let password = password.filter(|_| write.sets_password()).map_or("", |password| password.expose());
    let start = Fingerprint::default()
        .part(asked)
        .part(password)
        .part(facts.account.reach.as_ref().map_or("", |reach| &reach.made_from))
        .part(facts.annotation(annotation::RECONCILE_AT).unwrap_or_default());
    clusters.into_iter().fold(start, |all, (id, created)| all.part(id.as_str()).part(created.to_be_bytes())).finish()
}
