//! Where the time of day comes from.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

/// The time of day, as the operator and the simulator see it.
///
/// Decisions never ask a clock; they are handed a `now`. The code that acts asks this one, so that a test
/// on tokio's paused time sees the time of day move together with its timers.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Anchored { base: Timestamp, started: Instant },
}

impl Clock {
    /// The machine's own clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that shows `base` now and then moves with tokio's timers, paused or not.
    #[must_use]
    pub fn anchored(base: Timestamp) -> Self {
        Self(Source::Anchored { base, started: Instant::now() })
    }

    /// The time of day.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match self.0 {
            Source::System => Timestamp::now(),
            Source::Anchored { base, started } => later(base, started.elapsed()),
        }
    }
}

/// The time from `now` until `moment`; none where that has passed.
#[must_use]
pub fn until(now: Timestamp, moment: Timestamp) -> Option<Duration> {
    Duration::try_from(moment.duration_since(now)).ok()
}

/// `moment` plus `span`, held at the end of the calendar instead of overflowing.
#[must_use]
pub fn later(moment: Timestamp, span: Duration) -> Timestamp {
    moment.saturating_add(span).unwrap_or(Timestamp::MAX)
}

/// `moment` minus `span`, held at the beginning of the calendar instead of overflowing.
#[must_use]
pub fn earlier(moment: Timestamp, span: Duration) -> Timestamp {
    moment.saturating_sub(span).unwrap_or(Timestamp::MIN)
}
