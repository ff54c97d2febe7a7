//! A limit on requests per minute.

use jiff::Timestamp;

const MINUTE: i64 = 60;

/// Requests in the minute that began with the first of them.
#[derive(Debug)]
pub(super) struct Throttle {
    began: Timestamp,
    count: u32,
}

impl Default for Throttle {
    fn default() -> Self {
        Self { began: Timestamp::MIN, count: 0 }
    }
}

impl Throttle {
    /// Counts one more request: how many seconds it has to wait, where it is one too many for this minute.
    pub(super) fn count(&mut self, per_minute: Option<u32>, now: Timestamp) -> Option<i64> {
        if now.as_second() - self.began.as_second() >= MINUTE {
            (self.began, self.count) = (now, 0);
        }
        self.count = self.count.saturating_add(1);
        let over = per_minute.is_some_and(|limit| self.count > limit);
        over.then(|| MINUTE - (now.as_second() - self.began.as_second()))
    }
}
