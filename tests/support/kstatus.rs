//! How kstatus, and with it Flux, Helm and kubectl, reads an object; written from its documented order.

use serde::Serialize;
use serde_json::Value;

/// What such a tool makes of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    Terminating,
    InProgress,
    Failed,
    Current,
}

/// Reads an object of any kind as it would come from the API server.
pub(crate) fn compute(object: &impl Serialize) -> Read {
    let object = serde_json::to_value(object).expect("an object is JSON");
    if !object["metadata"]["deletionTimestamp"].is_null() {
        return Read::Terminating;
    }
    let status = &object["status"];
    let observed = &status["observedGeneration"];
    if !observed.is_null() && *observed != object["metadata"]["generation"] {
        return Read::InProgress;
    }
    let conditions = status["conditions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let abnormal = conditions.iter().find_map(of_abnormal);
    abnormal.unwrap_or_else(|| match conditions.iter().find(|condition| condition["type"] == "Ready") {
        Some(ready) if ready["status"] == "True" => Read::Current,
        Some(_) => Read::InProgress,
        None => Read::Current,
    })
}

fn of_abnormal(condition: &Value) -> Option<Read> {
    match (condition["type"].as_str(), condition["status"].as_str()) {
        (Some("Reconciling"), Some("True")) => Some(Read::InProgress),
        (Some("Stalled"), Some("True")) => Some(Read::Failed),
        _ => None,
    }
}
