//! The task that hands out permits.

use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::bucket::Bucket;
use super::queues::{Queues, Reply};
use super::{LONGEST_WAIT, Priority, Request, Settings};
use crate::cloud::error::CloudError;
use crate::cloud::headers::LONGEST_RETRY_AFTER;

#[derive(Debug)]
pub(super) struct Dispenser {
    mailbox: mpsc::Receiver<Request>,
    settings: watch::Receiver<Settings>,
    bucket: Bucket,
    queues: Queues,
}

impl Dispenser {
    pub(super) fn new(mailbox: mpsc::Receiver<Request>, settings: watch::Receiver<Settings>) -> Self {
        let bucket = Bucket::new(settings.borrow().per_minute);
        Self { mailbox, settings, bucket, queues: Queues::default() }
    }

    pub(super) async fn run(mut self) {
        loop {
            let (waiting, due) = (!self.queues.is_empty(), self.bucket.due());
            tokio::select! {
                biased;
                changed = self.settings.changed() => match changed {
                    Ok(()) => self.apply_settings(),
                    Err(_) => return,
                },
                request = self.mailbox.recv() => match request {
                    Some(Request { priority, reply }) => self.admit(priority, reply),
                    None => return,
                },
                () = sleep_until(due), if waiting => self.grant(),
            }
        }
    }

    fn apply_settings(&mut self) {
        let Settings { per_minute, closed_until } = *self.settings.borrow_and_update();
        self.bucket.set_rate(per_minute, Instant::now());
        if let Some(moment) = closed_until {
            self.bucket.empty_until(moment);
        }
        let wait = self.until_due();
        if wait > LONGEST_WAIT {
            // They were promised a turn that will not come.
            for reply in self.queues.drain() {
                refuse(reply, wait);
            }
        }
    }

    fn admit(&mut self, priority: Priority, reply: Reply) {
        if self.wait(priority) > LONGEST_WAIT {
            self.queues.purge();
        }
        let wait = self.wait(priority);
        if wait > LONGEST_WAIT {
            refuse(reply, wait);
        } else if let Err(reply) = self.queues.push(priority, reply) {
            let message = "too many requests wait for their turn".to_owned();
            drop(reply.send(Err(CloudError::Unavailable { message })));
        }
    }

    /// Gives one permit away. A caller that has given up costs nothing.
    fn grant(&mut self) {
        while let Some(reply) = self.queues.pop() {
            if reply.send(Ok(())).is_ok() {
                self.bucket.take(Instant::now());
                return;
            }
        }
    }

    /// How long a newcomer would wait.
    fn wait(&self, priority: Priority) -> Duration {
        let ahead = u32::try_from(self.queues.position(priority) - 1).unwrap_or(u32::MAX);
        let turn = self.bucket.due() + self.bucket.interval().saturating_mul(ahead);
        turn.saturating_duration_since(Instant::now())
    }

    fn until_due(&self) -> Duration {
        self.bucket.due().saturating_duration_since(Instant::now())
    }
}

fn refuse(reply: Reply, retry_after: Duration) {
    let retry_after = retry_after.min(LONGEST_RETRY_AFTER);
    drop(reply.send(Err(CloudError::RateLimited { retry_after })));
}
