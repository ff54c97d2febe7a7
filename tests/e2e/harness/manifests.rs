//! Manifests, and how they stand.

use clusterwright::api::condition::Condition;
use clusterwright::plan::Kind;
use serde_json::{Value, json};

/// What a small paid cluster needs.
pub(crate) fn paid() -> Value {
    json!({
        "accountRef": {"name": "typedb"},
        "tier": "Paid",
        "provider": "gcp",
        "region": "europe-west2",
        "machineType": "c2d-highcpu-2",
    })
}

/// `spec` with some fields replaced; null removes one.
pub(crate) fn with(mut spec: Value, changes: Value) -> Value {
    let (Value::Object(fields), Value::Object(changes)) = (&mut spec, changes) else { panic!("two objects") };
    for (name, value) in changes {
        if value.is_null() {
            fields.remove(&name);
        } else {
            fields.insert(name, value);
        }
    }
    spec
}

/// A condition of a manifest.
pub(crate) fn condition<'a, K: Kind>(manifest: &'a K, kind: &str) -> Option<&'a Condition> {
    K::common_status(manifest.status()?).conditions.iter().find(|condition| condition.type_ == kind)
}

/// The message with which a manifest stands for `reason`, in its present generation.
pub(crate) fn stands<K: Kind>(manifest: &K, reason: &str) -> Result<String, String> {
    let ready = condition(manifest, "Ready").ok_or("it has no condition Ready yet")?;
    let current = ready.observed_generation == manifest.meta().generation;
    if ready.reason == reason && current {
        Ok(ready.message.clone())
    } else {
        Err(format!("it is {} (current: {current}): {}", ready.reason, ready.message))
    }
}
