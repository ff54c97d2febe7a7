//! How kstatus, and with it Flux, Helm and kubectl, reads an object; written from its documented order.

use clusterwright::api::condition::Condition;
use clusterwright::plan::Kind;

/// What such a tool makes of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    Terminating,
    InProgress,
    Failed,
    Current,
}

pub(crate) fn compute<K: Kind>(manifest: &K) -> Read {
    if manifest.meta().deletion_timestamp.is_some() {
        return Read::Terminating;
    }
    let Some(status) = manifest.status().map(K::common_status) else { return Read::Current };
    if status.observed_generation.is_some() && status.observed_generation != manifest.meta().generation {
        return Read::InProgress;
    }
    let abnormal = status.conditions.iter().find_map(of_abnormal);
    abnormal.unwrap_or_else(|| match status.conditions.iter().find(|condition| condition.type_ == "Ready") {
        Some(ready) if ready.status == "True" => Read::Current,
        Some(_) => Read::InProgress,
        None => Read::Current,
    })
}

fn of_abnormal(condition: &Condition) -> Option<Read> {
    match (condition.type_.as_str(), condition.status.as_str()) {
        ("Reconciling", "True") => Some(Read::InProgress),
        ("Stalled", "True") => Some(Read::Failed),
        _ => None,
    }
}
