//! Conditions, from what holds to the list that Kubernetes' tools read.

use jiff::{RoundMode, Timestamp, TimestampRound, Unit};

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

    /// The time of the last transition moves with the status alone.
    pub(super) fn stamped(self, before: &[Condition], generation: Option<i64>, now: Timestamp) -> Condition {
        let Self { kind, status, reason, message } = self;
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
}

/// Ready, `others`, and Reconciling or Stalled while they hold, as the reason has it.
pub(super) fn publish(
    before: &[Condition],
    generation: Option<i64>,
    now: Timestamp,
    (reason, message): (Reason, &str),
    others: impl IntoIterator<Item = Condition>,
) -> Vec<Condition> {
    let standing = reason.standing();
    let ready = Aspect::new(ConditionType::Ready, standing == Standing::Done, reason.to_string(), message);
    let last = match standing {
        Standing::Done => None,
        Standing::Working => Some(Aspect::new(ConditionType::Reconciling, true, reason.to_string(), message)),
        Standing::Stalled => Some(Aspect::new(ConditionType::Stalled, true, reason.to_string(), message)),
    };
    let stamped = |aspect: Aspect| aspect.stamped(before, generation, now);
    let mut conditions: Vec<Condition> =
        std::iter::once(stamped(ready)).chain(others).chain(last.map(stamped)).collect();
    // The API server merges conditions by their type and keeps the order that it has. Another order is no change.
    conditions.sort_by_key(|condition| {
        before.iter().position(|known| known.type_ == condition.type_).unwrap_or(before.len())
    });
    conditions
}

/// A moment as Kubernetes' own conditions carry it: RFC 3339, in whole seconds that have passed.
fn whole_seconds(moment: Timestamp) -> String {
    let whole = TimestampRound::new().smallest(Unit::Second).mode(RoundMode::Floor);
    moment.round(whole).unwrap_or(moment).to_string()
}
