//! The decisions of one replica about the lease: no I/O, and no clock but the moments that it is handed.

#[cfg(test)]
mod tests;

use std::time::Duration;

use tokio::time::Instant;

use super::{Identity, LOOK_EVERY, RELEASED, RENEW_EVERY, Term};

/// A lease, as a replica saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sight {
    /// Another one after every change, whoever made it.
    pub(crate) version: String,
    /// None where nobody has it.
    pub(crate) holder: Option<String>,
    /// How long the holder says that it is good for.
    pub(crate) term: Option<Duration>,
}

impl Sight {
    /// Whether its last holder gave it up, and nobody else emptied it.
    fn is_released(&self) -> bool {
        self.holder.is_none() && self.term == Some(RELEASED)
    }
}

/// What is to be done about the lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Wait(Instant),
    Look,
    /// Write it as our own over what was seen last, or create it where there was none. `begins` is false in a renewal.
    Write {
        begins: bool,
    },
    End(Loss),
}

/// Why a leader no longer leads. The text is a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Loss {
    /// Another replica may lead from now on.
    #[error("The lease could not be renewed for {} s, so that another replica may lead by now.", .0.as_secs())]
    Expired(Duration),
    /// Another process has it.
    #[error("The lease was taken by {0}.")]
    Taken(String),
}

/// One replica's part in the election.
#[derive(Debug)]
pub(super) struct Election {
    identity: Identity,
    term: Term,
    /// When the next look or write is due.
    due: Instant,
    state: State,
}

#[derive(Debug)]
enum State {
    StandingBy {
        /// Whose lease is waited for to run out.
        watched: Option<Watched>,
        /// What was seen last leaves it to whoever is first.
        free: bool,
    },
    Leading {
        until: Instant,
        /// The last write was refused: what stands there now has to be looked at.
        disputed: bool,
    },
    Lost(Loss),
}

/// Somebody else's lease, and since when it has not changed. Only what this process has seen itself counts.
#[derive(Clone, Debug)]
pub(crate) struct Watched {
    version: String,
    since: Instant,
    lasts: Duration,
}

impl Watched {
    /// Takes note of a lease that was seen by `now`, the moment after the answer: its holder counts from earlier on.
    pub(crate) fn note(before: Option<Self>, now: Instant, sight: &Sight, usual: Duration) -> Self {
        let unchanged = before.filter(|before| before.version == sight.version);
        unchanged.unwrap_or_else(|| Self {
            version: sight.version.clone(),
            since: now,
            lasts: sight.term.unwrap_or(usual),
        })
    }

    /// From then on its holder does not take itself for the holder any more.
    pub(crate) fn ends(&self) -> Instant {
        self.since + self.lasts
    }
}

impl Election {
    /// A replica that stands by, and looks at once.
    pub(super) fn new(identity: Identity, term: Term, now: Instant) -> Self {
        Self { identity, term, due: now, state: State::StandingBy { watched: None, free: false } }
    }

    /// What is to be done now.
    pub(super) fn next(&self, now: Instant) -> Next {
        match &self.state {
            State::Lost(loss) => Next::End(loss.clone()),
            // First of all: a process that slept finds out before it does anything else.
            State::Leading { until, .. } if now >= *until => Next::End(Loss::Expired(self.term.own())),
            State::Leading { until, .. } if now < self.due => Next::Wait(self.due.min(*until)),
            State::StandingBy { .. } if now < self.due => Next::Wait(self.due),
            State::StandingBy { free: true, .. } => Next::Write { begins: true },
            State::Leading { disputed: false, .. } => Next::Write { begins: false },
            State::StandingBy { .. } | State::Leading { .. } => Next::Look,
        }
    }

    /// Until when this replica leads; none where it does not.
    pub(super) fn leads_until(&self) -> Option<Instant> {
        match self.state {
            State::Leading { until, .. } => Some(until),
            State::StandingBy { .. } | State::Lost(_) => None,
        }
    }

    /// Takes note of what was seen by `now`, the moment after the answer.
    pub(super) fn saw(&mut self, now: Instant, sight: Option<&Sight>) {
        let holder = sight.and_then(|sight| sight.holder.as_deref());
        match &mut self.state {
            State::StandingBy { watched, free } => {
                match (sight, holder) {
                    (Some(_), Some(holder)) if self.identity.has_a_right_to(holder) => *watched = None,
                    (Some(sight), Some(_)) => {
                        *watched = Some(Watched::note(watched.take(), now, sight, self.term.told()));
                    }
                    (Some(sight), None) if sight.is_released() => *watched = None,
                    // Somebody deleted or emptied it. Its holder may not know yet, so that its time is waited for as well.
                    _ => {}
                }
                let ends = watched.as_ref().map_or(now, Watched::ends);
                *free = now >= ends;
                self.due = if *free { now } else { ends.min(now + LOOK_EVERY) };
            }
            State::Leading { disputed, .. } => match holder {
                Some(holder) if holder != self.identity.as_str() => {
                    self.state = State::Lost(Loss::Taken(holder.to_owned()));
                }
                // Ours, by a renewal whose answer was lost; or somebody deleted or emptied it, and it is taken again,
                // which succeeds only where nobody was faster.
                _ => {
                    *disputed = false;
                    self.due = now;
                }
            },
            State::Lost(_) => {}
        }
    }

    /// The lease was written as our own by a call that began at `sent`.
    pub(super) fn wrote(&mut self, sent: Instant) {
        self.state = State::Leading { until: sent + self.term.own(), disputed: false };
        self.due = sent + RENEW_EVERY;
    }

    /// A write was refused, since something else stands there than was seen.
    pub(super) fn refused(&mut self, now: Instant) {
        match &mut self.state {
            State::StandingBy { free, .. } => *free = false,
            State::Leading { disputed, .. } => *disputed = true,
            State::Lost(_) => {}
        }
        self.due = now + LOOK_EVERY;
    }

    /// A call failed, and may have had its effect all the same.
    pub(super) fn failed(&mut self, now: Instant) {
        if let State::StandingBy { free, .. } = &mut self.state {
            *free = false;
        }
        self.due = now + LOOK_EVERY;
    }
}
