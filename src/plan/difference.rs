//! Differences between manifest and cluster, as the status shows them.

use crate::api::shared::{PlannedAction, PlannedStep};

/// The step that would put a field right, where the manifest asks for another value than the cloud shows.
pub(super) fn differing(field: &str, from: Option<String>, to: Option<String>) -> Option<PlannedStep> {
    let wanted = to?;
    (from.as_ref() != Some(&wanted)).then(|| PlannedStep {
        action: PlannedAction::Change,
        field: Some(field.to_owned()),
        from,
        to: Some(wanted),
        blocked_by: None,
    })
}

/// A number as text.
pub(super) fn text(number: Option<i64>) -> Option<String> {
    number.map(|number| number.to_string())
}
