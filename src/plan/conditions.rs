//! Conditions, from what holds to the list that Kubernetes' tools read.

use jiff::{RoundMode, Timestamp, TimestampRound, Unit};

use crate::api::condition::{Condition, ConditionType, Reason, Standing};

/// What is needed to date a condition: those before it, and the generation and the moment that it speaks of.
#[derive(Clone, Copy)]
pub(super) struct Dates<'a> {
    pub(super) before: &'a [Condition],
    pub(super) generation: Option<i64>,
    pub(super) now: Timestamp,
}

/// Ready, `others`, and Reconciling or Stalled while they hold, as the reason has it.
pub(super) fn publish(
    dates: Dates<'_>,
    reason: Reason,
    message: &str,
    others: impl IntoIterator<Item = Condition>,
) -> Vec<Condition> {
    let as_said = |kind, holds| dates.condition(kind, holds, reason.to_string(), message.to_owned());
    let standing = reason.standing();
    let ready = as_said(ConditionType::Ready, standing == Standing::Done);
    let last = match standing {
        Standing::Done => None,
        Standing::Working => Some(as_said(ConditionType::Reconciling, true)),
        Standing::Stalled => Some(as_said(ConditionType::Stalled, true)),
    };
    let mut conditions: Vec<Condition> = std::iter::once(ready).chain(others).chain(last).collect();
    // The API server merges conditions by their type and keeps the order that it has. Another order is no change.
    let place = |condition: &Condition| dates.before.iter().position(|known| known.type_ == condition.type_);
    conditions.sort_by_key(|condition| place(condition).unwrap_or(dates.before.len()));
    conditions
}

impl Dates<'_> {
    /// A condition whose transition is dated now, unless it held, or did not hold, before.
    pub(super) fn condition(&self, kind: ConditionType, holds: bool, reason: String, message: String) -> Condition {
        let status = if holds { "True" } else { "False" };
        let same = self.before.iter().find(|condition| condition.type_ == kind.as_str() && condition.status == status);
        Condition {
            type_: kind.as_str().to_owned(),
            status: status.to_owned(),
            reason,
            message,
            last_transition_time: same
                .map_or_else(|| whole_seconds(self.now), |condition| condition.last_transition_time.clone()),
            observed_generation: self.generation,
        }
    }

    /// An aspect about which nothing new is known keeps what was last seen, and the generation that it was seen for.
    pub(super) fn carried(&self, kind: ConditionType) -> Option<Condition> {
        self.before.iter().find(|condition| condition.type_ == kind.as_str()).cloned()
    }
}

/// A moment as Kubernetes' own conditions carry it: RFC 3339, in whole seconds that have passed.
#[must_use]
pub fn whole_seconds(moment: Timestamp) -> String {
    let whole = TimestampRound::new().smallest(Unit::Second).mode(RoundMode::Floor);
    moment.round(whole).unwrap_or(moment).to_string()
}
