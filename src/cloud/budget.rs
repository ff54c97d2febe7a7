//! How often a location may be asked.
//!
//! One task per location hands out permits and is spoken to by messages. It is a token bucket on tokio's clock;
//! the established crates read clocks of their own, which a test on paused time cannot move.

mod bucket;
mod dispenser;
mod queues;
#[cfg(test)]
mod tests;

use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use self::dispenser::Dispenser;
use self::queues::Reply;
use super::error::CloudError;
use super::headers::LONGEST_RETRY_AFTER;

/// The longest that a request waits for its turn. One that would wait longer is refused at once and told when to
/// come back, so that its object can say so in the meantime.
pub const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// How many messages may lie before the task. It never waits for anything else, so this is seldom reached.
const MAILBOX: usize = 256;

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// Somebody waits for it. Edits go first.
    Edit,
    /// Keeping up with the cloud. Polls keep a fifth of the budget whatever the edits do.
    Poll,
}

/// Leave to send one request.
#[derive(Debug)]
#[must_use = "a permit that is not used is lost to everyone"]
pub struct Permit {
    waited: Duration,
    until: Option<Instant>,
}

impl Permit {
    /// The same for a request that must be over by then, whatever its own deadline is.
    pub(super) fn lasting_until(self, until: Instant) -> Self {
        Self { until: Some(until), ..self }
    }

    /// Leave to send once more what had no effect, by then at the latest.
    pub(super) fn of_a_repeat(until: Instant) -> Self {
        Self { waited: Duration::ZERO, until: Some(until) }
    }

    /// When its request must be over, where that was said.
    pub(super) fn until(&self) -> Option<Instant> {
        self.until
    }

    /// How long its request has waited for it.
    #[must_use]
    pub fn waited(&self) -> Duration {
        self.waited
    }
}

/// A location's budget of requests. Clones share it.
#[derive(Clone, Debug)]
pub struct Budget {
    requests: mpsc::Sender<Request>,
    // Settings are a value that is replaced, not a message in a queue: a closing must never wait in line.
    settings: watch::Sender<Settings>,
}

#[derive(Debug)]
struct Request {
    priority: Priority,
    reply: Reply,
}

#[derive(Clone, Copy, Debug)]
struct Settings {
    per_minute: u32,
    closed_until: Option<Instant>,
}

impl Budget {
    /// Starts the task. It ends with the last clone of the budget.
    #[must_use]
    pub fn spawn(requests_per_minute: u32) -> Self {
        let (requests, mailbox) = mpsc::channel(MAILBOX);
        let settings = watch::Sender::new(Settings { per_minute: requests_per_minute, closed_until: None });
        tokio::spawn(Dispenser::new(mailbox, settings.subscribe()).run());
        Self { requests, settings }
    }

    /// Changes the rate for every request that has not got its permit yet.
    pub fn set_rate(&self, requests_per_minute: u32) {
        self.settings.send_if_modified(|settings| {
            std::mem::replace(&mut settings.per_minute, requests_per_minute) != requests_per_minute
        });
    }

    /// Waits for a turn, at most [`LONGEST_WAIT`]. To give up, drop the future.
    ///
    /// # Errors
    /// `RateLimited` where the turn would come later than that, with the time until it would come;
    /// `Unavailable` where too many are waiting already.
    pub async fn acquire(&self, priority: Priority) -> Result<Permit, CloudError> {
        let asked = Instant::now();
        let (reply, turn) = oneshot::channel();
        self.requests.send(Request { priority, reply }).await.map_err(|_| stopped())?;
        turn.await.map_err(|_| stopped())??;
        Ok(Permit { waited: asked.elapsed(), until: None })
    }

    /// Lets nobody through for this long, at most 10 minutes; never less than an earlier closing still asks for.
    pub fn close_for(&self, closing: Duration) {
        let until = Instant::now() + closing.min(LONGEST_RETRY_AFTER);
        self.settings.send_if_modified(|settings| {
            let later = settings.closed_until.is_none_or(|earlier| until > earlier);
            if later {
                settings.closed_until = Some(until);
            }
            later
        });
    }

    /// How long the budget stays closed; none where it is open.
    #[must_use]
    pub fn closed_for(&self) -> Option<Duration> {
        let until = self.settings.borrow().closed_until?;
        until.checked_duration_since(Instant::now()).filter(|rest| !rest.is_zero())
    }
}

fn stopped() -> CloudError {
    CloudError::Unavailable { message: "the operator is stopping".to_owned() }
}
