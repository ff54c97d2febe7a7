//! When the next permit is due.

use std::time::Duration;

use tokio::time::Instant;

/// How much of a minute's budget may be spent at once after a time of rest.
const BURST_SHARE: u32 = 12;
const LARGEST_BURST: u32 = 10;

/// A bucket that fills at a steady rate and holds a small burst.
///
/// It keeps a single moment instead of a level: the one at which the bucket will be full again.
#[derive(Debug)]
pub(super) struct Bucket {
    interval: Duration,
    burst: u32,
    full_at: Instant,
}

impl Bucket {
    pub(super) fn new(per_minute: u32) -> Self {
        Self { interval: interval(per_minute), burst: burst(per_minute), full_at: Instant::now() }
    }

    /// Takes a rate of at least one a minute. A higher one also shortens the wait for what is due already; a lower
    /// one does not lengthen it, since it may be a closing that is waited for.
    pub(super) fn set_rate(&mut self, per_minute: u32, now: Instant) {
        let before = std::mem::replace(&mut self.interval, interval(per_minute));
        self.burst = burst(per_minute);
        let missing = self.full_at.saturating_duration_since(now);
        let faster = self.interval.div_duration_f64(before).min(1.0);
        self.full_at = now + missing.mul_f64(faster);
    }

    /// The time between two permits.
    pub(super) fn interval(&self) -> Duration {
        self.interval
    }

    /// When the next permit is due; a moment in the past means now.
    pub(super) fn due(&self) -> Instant {
        self.full_at.checked_sub(self.slack()).unwrap_or(self.full_at)
    }

    /// Takes one permit.
    pub(super) fn take(&mut self, now: Instant) {
        self.full_at = self.full_at.max(now) + self.interval;
    }

    /// Lets the bucket be empty at `moment`, so that whoever waited for it goes through one by one.
    pub(super) fn empty_until(&mut self, moment: Instant) {
        self.full_at = self.full_at.max(moment + self.slack());
    }

    /// How far ahead of the steady rate a burst may run.
    fn slack(&self) -> Duration {
        self.interval * (self.burst - 1)
    }
}

fn interval(per_minute: u32) -> Duration {
    Duration::from_secs(60) / per_minute.max(1)
}

fn burst(per_minute: u32) -> u32 {
    (per_minute / BURST_SHARE).clamp(1, LARGEST_BURST)
}
