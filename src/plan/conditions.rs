//! Conditions, from what holds to the list that Kubernetes' tools read.

use jiff::Timestamp;

use crate::api::condition::{Condition, ConditionType, Reason, Standing};

/// One aspect as it shall be published.
pub(super) struct Aspect {
    pub(super) kind: ConditionType,
    pub(super) status: &'static str,
    pub(super) reason: String,
    pub(super) message: String,
}

impl Aspect {
    pub(super) fn new(kind: ConditionType, holds: bool, reason: impl Into<String>, message: impl Into<String>) -> Self {
        let status = if holds { "True" } else { "False" };
        Self { kind, status, reason: reason.into(), message: message.into() }
    }

    /// An aspect about which nothing new is known keeps what was last seen.
    pub(super) fn carried(before: &[Condition], kind: ConditionType) -> Option<Self> {
        let condition = before.iter().find(|condition| condition.type_ == kind.as_str())?;
        let status = match condition.status.as_str() {
            "True" => "True",
            "False" => "False",
            _ => "Unknown",
        };
        Some(Self { kind, status, reason: condition.reason.clone(), message: condition.message.clone() })
    }
}

/// Ready, `others`, and Reconciling or Stalled while they hold, as the reason has it.
pub(super) fn publish(
    before: &[Condition],
    generation: Option<i64>,
    now: Timestamp,
    (reason, message): (Reason, &str),
    others: impl IntoIterator<Item = Aspect>,
) -> Vec<Condition> {
    let standing = reason.standing();
    let ready = Aspect::new(ConditionType::Ready, standing == Standing::Done, reason.to_string(), message);
    let last = match standing {
        Standing::Done => None,
        Standing::Working => Some(Aspect::new(ConditionType::Reconciling, true, reason.to_string(), message)),
        Standing::Stalled => Some(Aspect::new(ConditionType::Stalled, true, reason.to_string(), message)),
    };
    let aspects = std::iter::once(ready).chain(others).chain(last);
    let mut conditions: Vec<Condition> = aspects.map(|aspect| stamped(aspect, before, generation, now)).collect();
    // The API server merges conditions by their type and keeps the order that it has. Another order is no change.
    conditions.sort_by_key(|condition| {
        before.iter().position(|known| known.type_ == condition.type_).unwrap_or(before.len())
    });
    conditions
}

/// The time of the last transition moves with the status alone.
fn stamped(aspect: Aspect, before: &[Condition], generation: Option<i64>, now: Timestamp) -> Condition {
    let Aspect { kind, status, reason, message } = aspect;
    let same = before.iter().find(|condition| condition.type_ == kind.as_str() && condition.status == status);
    Condition {
        type_: kind.as_str().to_owned(),
        status: status.to_owned(),
        reason,
        message,
        last_transition_time: same
            .map_or_else(|| whole_seconds(now), |condition| condition.last_transition_time.clone()),
        observed_generation: generation,
    }
}

/// A moment as Kubernetes' own conditions carry it: RFC 3339, in whole seconds.
fn whole_seconds(moment: Timestamp) -> String {
    moment.round(jiff::Unit::Second).unwrap_or(moment).to_string()
}
