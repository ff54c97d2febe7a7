//! The conditions that a verdict amounts to.

use super::facts::Facts;
use crate::api::condition::{Condition, ConditionType, Reason, Standing};
use crate::cloud::typedb::wire::ClusterStatus;

/// The conditions to publish. `seen` is the cloud's word for the cluster, where it was seen just now.
pub(super) fn conditions(
    facts: &Facts,
    before: &[Condition],
    reason: Reason,
    message: &str,
    seen: Option<&ClusterStatus>,
    differs: &[String],
) -> Vec<Condition> {
    let as_said = |kind, holds| dated(facts, before, kind, holds, reason.to_string(), message.to_owned());
    let standing = reason.standing();
    let ready = as_said(ConditionType::Ready, standing == Standing::Done);
    let available = match available(reason, seen) {
        Some((holds, word, sentence)) => {
            Some(dated(facts, before, ConditionType::Available, holds, word.to_owned(), sentence))
        }
        None => carried(before, ConditionType::Available),
    };
    let in_sync = match in_sync(seen, differs) {
        Some((holds, word, sentence)) => {
            Some(dated(facts, before, ConditionType::InSync, holds, word.to_owned(), sentence))
        }
        None => carried(before, ConditionType::InSync),
    };
    let abnormal = match standing {
        Standing::Done => None,
        Standing::Working => Some(as_said(ConditionType::Reconciling, true)),
        Standing::Stalled => Some(as_said(ConditionType::Stalled, true)),
    };
    [Some(ready), available, in_sync, abnormal].into_iter().flatten().collect()
}

/// Whether the database was last seen serving; `None` where nothing new is known.
fn available(reason: Reason, seen: Option<&ClusterStatus>) -> Option<(bool, &'static str, String)> {
    match (reason, seen) {
        (Reason::Vanished | Reason::Replaced, _) => Some((false, "Gone", "The database is gone.".to_owned())),
        (_, Some(status)) => {
            let runs = *status == ClusterStatus::Running;
            let word = if runs { "Running" } else { "NotRunning" };
            Some((runs, word, format!("The cloud says that the cluster is {status}.")))
        }
        (_, None) => None,
    }
}

/// Whether the cluster is as the manifest says; `None` where nothing new is known.
fn in_sync(seen: Option<&ClusterStatus>, differs: &[String]) -> Option<(bool, &'static str, String)> {
    if !differs.is_empty() {
        let fields = differs.join(", ");
        return Some((false, "Differs", format!("These fields differ from the manifest: {fields}.")));
    }
    seen.map(|_| (true, "InSync", "Nothing differs from the manifest.".to_owned()))
}

/// An aspect about which nothing new is known keeps what was last seen, and the generation that it was seen for.
fn carried(before: &[Condition], kind: ConditionType) -> Option<Condition> {
    before.iter().find(|condition| condition.type_ == kind.as_str()).cloned()
}

/// A condition whose transition is dated now, unless it held, or did not hold, before.
fn dated(
    facts: &Facts,
    before: &[Condition],
    kind: ConditionType,
    holds: bool,
    reason: String,
    message: String,
) -> Condition {
    let status = if holds { "True" } else { "False" };
    let same = before.iter().find(|condition| condition.type_ == kind.as_str() && condition.status == status);
    Condition {
        type_: kind.as_str().to_owned(),
        status: status.to_owned(),
        reason,
        message,
        last_transition_time: same
            .map_or_else(|| whole_seconds(facts.now), |condition| condition.last_transition_time.clone()),
        observed_generation: facts.manifest.metadata.generation,
    }
}

/// A moment as Kubernetes' own conditions carry it: RFC 3339, in whole seconds that have passed.
#[must_use]
pub fn whole_seconds(moment: jiff::Timestamp) -> String {
    let whole = jiff::TimestampRound::new().smallest(jiff::Unit::Second).mode(jiff::RoundMode::Floor);
    moment.round(whole).unwrap_or(moment).to_string()
}
