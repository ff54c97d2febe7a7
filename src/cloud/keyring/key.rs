//! One credential, and how it stands with the cloud.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::RngExt as _;
use tokio::time::Instant;

use super::{Deed, IDLE};
use crate::cloud::error::CloudError;

/// What a credential may not do is not asked again for as long.
const FORBIDDEN_LASTS: Duration = Duration::from_secs(60 * 60);

/// How many things that a credential may not do are remembered.
const MOST_REMEMBERED: usize = 1024;

/// The first and the longest time until a credential that was rejected is tried again.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(5 * 60));

/// A credential of which an answer says nothing is tried again after this long.
const WITHOUT_WORD: Duration = Duration::from_secs(10 * 60);

/// How a credential stands with the cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    Untried,
    Accepted,
    /// The cloud knows it, and it may not list the clusters.
    Insufficient,
    Rejected,
}

/// A credential with its client.
#[derive(Debug)]
pub struct Key<P> {
    name: String,
    client: P,
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    standing: Standing,
    may_not: BTreeMap<Deed, Instant>,
    /// It was refused the list, and has not been given it since.
    insufficient: bool,
    /// When something was last asked as this one, and answered.
    used: Option<Instant>,
    /// When it is tried though nothing is asked as it.
    due: Instant,
}

#[derive(Clone, Copy, Debug)]
enum Standing {
    Untried,
    Accepted,
    Rejected { times: u32, again: Instant },
}

impl<P> Key<P> {
    /// A credential by its printable name. Makes no call yet.
    #[must_use]
    pub fn new(name: String, client: P) -> Self {
        let known = Known {
            standing: Standing::Untried,
            may_not: BTreeMap::new(),
            insufficient: false,
            used: None,
            due: Instant::now(),
        };
        Self { name, client, known: Mutex::new(known) }
    }

    /// The credential's printable name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it stands.
    #[must_use]
    pub fn state(&self) -> KeyState {
        self.lock().state()
    }

    /// For how long nothing was asked as this one; none where nothing ever was.
    #[must_use]
    pub fn idle(&self) -> Option<Duration> {
        self.lock().used.map(|used| used.elapsed())
    }

    pub(super) fn client(&self) -> &P {
        &self.client
    }

    /// Whether the cloud has let it in, and has not rejected it since.
    pub(super) fn is_accepted(&self) -> bool {
        matches!(self.lock().standing, Standing::Accepted)
    }

    /// Whether it is worth a try: one that was rejected is, after a while.
    pub(super) fn is_usable(&self, retrying: bool) -> bool {
        match self.lock().standing {
            Standing::Untried | Standing::Accepted => true,
            Standing::Rejected { again, .. } => retrying && again <= Instant::now(),
        }
    }

    pub(super) fn may(&self, deed: &Deed) -> bool {
        self.lock().may(deed)
    }

    pub(super) fn is_due(&self) -> bool {
        self.lock().due <= Instant::now()
    }

    /// Takes note of an answer. Says whether the credential stands otherwise than before.
    pub(super) fn note(&self, deed: &Deed, error: Option<&CloudError>) -> bool {
        let mut known = self.lock();
        let before = known.state();
        known.note(deed, error, Instant::now());
        known.state() != before
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn state(&self) -> KeyState {
        match self.standing {
            Standing::Rejected { .. } => KeyState::Rejected,
            _ if self.insufficient => KeyState::Insufficient,
            Standing::Untried => KeyState::Untried,
            Standing::Accepted => KeyState::Accepted,
        }
    }

    fn may(&self, deed: &Deed) -> bool {
        self.may_not.get(deed).is_none_or(|until| *until <= Instant::now())
    }

    fn note(&mut self, deed: &Deed, error: Option<&CloudError>, now: Instant) {
        match error {
            None => {
                self.may_not.remove(deed);
                self.insufficient &= !deed.is_list();
                if deed.proves() {
                    self.standing = Standing::Accepted;
                }
                self.was_used(now);
            }
            Some(CloudError::Unauthenticated { .. }) => {
                let times = match self.standing {
                    // Several calls were under way when it was rejected.
                    Standing::Rejected { again, .. } if again > now => return,
                    Standing::Rejected { times, .. } => times + 1,
                    _ => 0,
                };
                let again = now + rejected_for(times);
                self.standing = Standing::Rejected { times, again };
                self.due = again;
            }
            Some(error) if deed.is_refused_by(error) => {
                // That something is refused does not prove that the cloud knows who asks.
                if let Standing::Rejected { .. } = self.standing {
                    self.standing = Standing::Untried;
                }
                self.remember(deed, now + FORBIDDEN_LASTS);
                self.insufficient |= deed.is_list();
                self.was_used(now);
            }
            Some(_) => self.due = self.due.max(now + WITHOUT_WORD),
        }
    }

    fn remember(&mut self, deed: &Deed, until: Instant) {
        if self.may_not.len() >= MOST_REMEMBERED {
            self.may_not.pop_last();
        }
        self.may_not.insert(deed.clone(), until);
    }

    fn was_used(&mut self, now: Instant) {
        self.used = Some(now);
        self.due = now + IDLE.mul_f64(rand::rng().random_range(0.8..=1.0));
    }
}

fn rejected_for(times: u32) -> Duration {
    let (first, longest) = BACKOFF;
    let doubled = first.saturating_mul(1 << times.min(8)).min(longest);
    doubled.mul_f64(rand::rng().random_range(0.8..=1.0))
}
