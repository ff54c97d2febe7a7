//! How kstatus, and with it Flux, Helm and kubectl, reads an object; written from its documented order.

use clusterwright::api::condition::Condition;
use clusterwright::api::typedb::TypeDBCluster;

/// What such a tool makes of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    Terminating,
    InProgress,
    Failed,
    Current,
}

pub(crate) fn compute(manifest: &TypeDBCluster) -> Read {
    if manifest.metadata.deletion_timestamp.is_some() {
        return Read::Terminating;
    }
    let Some(status) = &manifest.status else { return Read::Current };
    if status.common.observed_generation.is_some() && status.common.observed_generation != manifest.metadata.generation
    {
        return Read::InProgress;
    }
    let abnormal = status.common.conditions.iter().find_map(of_abnormal);
    abnormal.unwrap_or_else(|| match status.common.conditions.iter().find(|condition| condition.type_ == "Ready") {
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
