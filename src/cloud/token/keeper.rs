//! The task that keeps one credential's token.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use secrecy::ExposeSecret;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::{AccessToken, Exchange, Grant, Message, REJECTION_PAUSE, Reply, lifetime};
use crate::clock::Clock;
use crate::cloud::error::CloudError;
use crate::cloud::observer::Observer;

/// What an exchange is counted as.
const EXCHANGE: &str = "token";
/// How many callers may wait for one exchange.
const MOST_WAITING: usize = 4096;
/// The first and the longest time between two exchanges while the cloud is out of reach. A token is renewed early
/// enough for a good number of them.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// The same for a pair that was refused: it stays wrong until somebody mends it.
const BACKOFF_WHEN_REFUSED: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(5 * 60));

pub(super) struct Keeper<E> {
    exchange: Arc<E>,
    clock: Clock,
    observer: Arc<dyn Observer>,
    held: Option<Held>,
    failure: Option<Failure>,
    under_way: Option<UnderWay>,
    waiting: Vec<Reply>,
    generation: u64,
    last_forced: Option<Instant>,
}

struct Held {
    token: AccessToken,
    renew_at: Instant,
    expires_at: Instant,
}

/// The last exchange's failure, which answers for those that are not made because of it.
struct Failure {
    error: CloudError,
    attempts: u32,
    over_at: Instant,
}

/// An exchange, and when it was begun by either clock.
struct UnderWay {
    grant: BoxFuture<'static, Result<Grant, CloudError>>,
    sent_at: Instant,
    sent_on: Timestamp,
}

impl<E: Exchange> Keeper<E> {
    pub(super) fn new(exchange: E, clock: Clock, observer: Arc<dyn Observer>) -> Self {
        Self {
            exchange: Arc::new(exchange),
            clock,
            observer,
            held: None,
            failure: None,
            under_way: None,
            waiting: Vec::new(),
            generation: 0,
            last_forced: None,
        }
    }

    pub(super) async fn run(mut self, mut mailbox: mpsc::Receiver<Message>) {
        loop {
            tokio::select! {
                biased;
                outcome = finished(&mut self.under_way) => self.settle(outcome),
                message = mailbox.recv() => match message {
                    Some(Message::Get(reply)) => self.get(reply),
                    Some(Message::Rejected { generation }) => self.rejected(generation),
                    None => return,
                },
            }
        }
    }

    fn get(&mut self, reply: Reply) {
        let now = Instant::now();
        self.held.take_if(|held| held.expires_at <= now);
        if self.held.as_ref().is_none_or(|held| held.renew_at <= now) {
            self.renew(now);
        }
        match (&self.held, &self.failure) {
            (Some(held), _) => answer(reply, Ok(held.token.clone())),
            (None, Some(failure)) if self.under_way.is_none() => answer(reply, Err(failure.error.clone())),
            (None, _) if self.waiting.len() < MOST_WAITING => self.waiting.push(reply),
            (None, _) => answer(reply, Err(crowded())),
        }
    }

    /// Begins an exchange, unless one is under way or the last one failed only just now.
    fn renew(&mut self, now: Instant) {
        if self.under_way.is_some() || self.failure.as_ref().is_some_and(|failure| now < failure.over_at) {
            return;
        }
        let exchange = Arc::clone(&self.exchange);
        self.under_way = Some(UnderWay {
            grant: async move { exchange.exchange().await }.boxed(),
            sent_at: now,
            sent_on: self.clock.now(),
        });
    }

    /// Many callers may have been rejected with one token; the first of them makes it go.
    fn rejected(&mut self, generation: u64) {
        let now = Instant::now();
        let lately = self.last_forced.is_some_and(|last| now < last + REJECTION_PAUSE);
        if !lately && self.held.take_if(|held| held.token.generation == generation).is_some() {
            self.last_forced = Some(now);
            self.renew(now);
        }
    }

    fn settle(&mut self, (outcome, sent_at, sent_on): (Result<Grant, CloudError>, Instant, Timestamp)) {
        self.under_way = None;
        self.observer.request(EXCHANGE, outcome.as_ref().map_or_else(CloudError::kind, |_| "ok"));
        match outcome.and_then(|grant| self.accept(&grant, sent_at, sent_on)) {
            Ok(held) => {
                self.answer_all(&Ok(held.token.clone()));
                self.observer.token(held.expires_at.saturating_duration_since(Instant::now()));
                self.held = Some(held);
                self.failure = None;
            }
            Err(error) => {
                self.answer_all(&Err(error.clone()));
                self.fail(error);
            }
        }
    }

    /// A token's life is counted from before its request was sent: it may have begun at any time since.
    fn accept(&mut self, grant: &Grant, sent_at: Instant, sent_on: Timestamp) -> Result<Held, CloudError> {
        let token = AccessToken::new(&grant.token, self.generation + 1)?;
        self.generation += 1;
        let life = lifetime::of_token(grant.token.expose_secret().trim(), grant.date, sent_on);
        Ok(Held { token, renew_at: sent_at + life.mul_f64(0.8), expires_at: sent_at + life })
    }

    fn fail(&mut self, error: CloudError) {
        let attempts = self.failure.as_ref().map_or(0, |failure| failure.attempts) + 1;
        let over_at = Instant::now() + backoff(&error, attempts);
        self.failure = Some(Failure { error, attempts, over_at });
    }

    fn answer_all(&mut self, outcome: &Result<AccessToken, CloudError>) {
        for reply in self.waiting.drain(..) {
            answer(reply, outcome.clone());
        }
    }
}

/// Waits for the exchange under way; forever where there is none.
async fn finished(under_way: &mut Option<UnderWay>) -> (Result<Grant, CloudError>, Instant, Timestamp) {
    match under_way {
        Some(UnderWay { grant, sent_at, sent_on }) => (grant.await, *sent_at, *sent_on),
        None => std::future::pending().await,
    }
}

/// How long to let the exchange alone after its `attempts`th failure in a row.
fn backoff(error: &CloudError, attempts: u32) -> Duration {
    let (first, longest) = match error {
        CloudError::RateLimited { retry_after } => return *retry_after,
        CloudError::Unauthenticated { .. } | CloudError::Forbidden { .. } => BACKOFF_WHEN_REFUSED,
        _ => BACKOFF,
    };
    let doubled = first.saturating_mul(1 << (attempts - 1).min(16)).min(longest);
    // Jitter, so that many credentials do not come back together.
    doubled.mul_f64(rand::random_range(0.8..=1.0))
}

fn answer(reply: Reply, outcome: Result<AccessToken, CloudError>) {
    // A caller that has given up needs no answer.
    drop(reply.send(outcome));
}

fn crowded() -> CloudError {
    CloudError::Unavailable { message: "too many requests wait for an access token".to_owned() }
}
