//! How far each object is, as lines of text.

use std::fmt::Write;
use std::time::Duration;

use crate::api::condition::{Condition, ConditionType};

/// One object's progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) state: State,
    pub(super) reason: String,
    pub(super) message: String,
    /// Since the manifests were applied; stands still once ready.
    pub(super) elapsed: Duration,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum State {
    #[default]
    Working,
    Ready,
    Stalled,
}

impl Row {
    /// An object that nobody has looked at yet.
    pub(super) fn new(kind: &'static str, name: String) -> Self {
        Self {
            kind,
            name,
            state: State::default(),
            reason: String::new(),
            message: "applied".to_owned(),
            elapsed: Duration::ZERO,
        }
    }

    /// Takes over what the operator says about this `generation` of the object.
    pub(super) fn observe(&mut self, conditions: &[Condition], generation: Option<i64>, elapsed: Duration) {
        if self.state != State::Ready {
            self.elapsed = elapsed;
        }
        let Some(ready) =
            find(conditions, ConditionType::Ready).filter(|ready| ready.observed_generation == generation)
        else {
            return;
        };
        self.state = match (ready.status.as_str(), find(conditions, ConditionType::Stalled)) {
            ("True", _) => State::Ready,
            (_, Some(stalled)) if stalled.status == "True" => State::Stalled,
            _ => State::Working,
        };
        self.reason.clone_from(&ready.reason);
        // A cloud's own words may have several lines; a row has one.
        self.message = ready.message.replace('\n', " ");
    }

    /// Whether a person reads the same of both.
    pub(super) fn says_the_same(&self, other: &Self) -> bool {
        (self.state, &self.reason, &self.message) == (other.state, &other.reason, &other.message)
    }

    fn object(&self) -> String {
        format!("{}/{}", self.kind, self.name)
    }
}

fn find(conditions: &[Condition], wanted: ConditionType) -> Option<&Condition> {
    conditions.iter().find(|condition| condition.type_ == wanted.as_str())
}

/// Whether there is nothing left to wait for.
pub(super) fn all_ready(rows: &[Row]) -> bool {
    rows.iter().all(|row| row.state == State::Ready)
}

/// A table with a line for each row, in colour.
pub(super) fn table(rows: &[Row]) -> Vec<String> {
    let object = rows.iter().map(|row| row.object().len()).max().unwrap_or_default();
    let reason = rows.iter().map(|row| row.reason.len()).max().unwrap_or_default();
    rows.iter()
        .map(|row| {
            let (colour, mark) = mark(row.state);
            let seconds = row.elapsed.as_secs();
            format!(
                "\x1b[{colour}m{mark}\x1b[0m {:object$}  {:reason$}  {seconds:>3} s  {}",
                row.object(),
                row.reason,
                row.message
            )
        })
        .collect()
}

/// One row for a log, without control characters.
pub(super) fn line(row: &Row) -> String {
    let (_, mark) = mark(row.state);
    let mut line = format!("{:>3} s {mark} {}", row.elapsed.as_secs(), row.object());
    if !row.reason.is_empty() {
        // Writing to a String cannot fail.
        let _infallible = write!(line, " {}", row.reason);
    }
    line + ": " + &row.message
}

/// What those that are not ready say, for the end of a demo that failed.
pub(super) fn unready(rows: &[Row]) -> String {
    let lines: Vec<String> =
        rows.iter().filter(|row| row.state != State::Ready).map(|row| format!("  {}", line(row))).collect();
    lines.join("\n")
}

fn mark(state: State) -> (u8, char) {
    match state {
        State::Working => (33, '…'),
        State::Ready => (32, '✓'),
        State::Stalled => (31, '✗'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(type_: ConditionType, status: &str, generation: i64) -> Condition {
        Condition {
            type_: type_.as_str().to_owned(),
            status: status.to_owned(),
            reason: "Creating".to_owned(),
            message: "The cluster is starting.".to_owned(),
            last_transition_time: "2026-01-01T00:00:00Z".to_owned(),
            observed_generation: Some(generation),
        }
    }

    fn seen(conditions: &[Condition]) -> Row {
        let mut row = Row::new("TypeDBCluster", "orders".to_owned());
        row.observe(conditions, Some(2), Duration::from_secs(7));
        row
    }

    #[test]
    fn a_condition_of_an_older_generation_does_not_count() {
        let row = seen(&[condition(ConditionType::Ready, "True", 1)]);
        assert_eq!((row.state, row.message.as_str()), (State::Working, "applied"));
    }

    #[test]
    fn ready_stalled_and_working_are_told_apart() {
        let ready = |status| condition(ConditionType::Ready, status, 2);
        assert_eq!(seen(&[ready("True")]).state, State::Ready);
        assert_eq!(seen(&[ready("False")]).state, State::Working);
        assert_eq!(seen(&[ready("False"), condition(ConditionType::Stalled, "True", 2)]).state, State::Stalled);
    }

    #[test]
    fn the_clock_stands_still_once_ready() {
        let mut row = seen(&[condition(ConditionType::Ready, "True", 2)]);
        row.observe(&[condition(ConditionType::Ready, "True", 2)], Some(2), Duration::from_secs(60));
        assert_eq!(row.elapsed, Duration::from_secs(7));
    }

    #[test]
    fn columns_of_the_table_line_up() {
        let mut account = Row::new("CloudAccount", "simulator".to_owned());
        account.observe(&[condition(ConditionType::Ready, "True", 1)], Some(1), Duration::from_secs(1));
        let lines = table(&[account, seen(&[condition(ConditionType::Ready, "False", 2)])]);
        assert_eq!(lines[0], "\x1b[32m✓\x1b[0m CloudAccount/simulator  Creating    1 s  The cluster is starting.");
        assert_eq!(lines[1], "\x1b[33m…\x1b[0m TypeDBCluster/orders    Creating    7 s  The cluster is starting.");
    }

    #[test]
    fn a_line_for_a_log_has_no_control_characters() {
        let row = seen(&[condition(ConditionType::Ready, "False", 2)]);
        assert_eq!(line(&row), "  7 s … TypeDBCluster/orders Creating: The cluster is starting.");
        assert_eq!(line(&Row::new("CloudAccount", "a".to_owned())), "  0 s … CloudAccount/a: applied");
    }

    #[test]
    fn only_what_is_not_ready_is_left_to_tell() {
        let ready = seen(&[condition(ConditionType::Ready, "True", 2)]);
        let working = seen(&[condition(ConditionType::Ready, "False", 2)]);
        assert!(all_ready(std::slice::from_ref(&ready)));
        assert!(!all_ready(&[ready.clone(), working.clone()]));
        assert_eq!(unready(&[ready, working.clone()]), format!("  {}", line(&working)));
    }
}
