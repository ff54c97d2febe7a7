//! Who waits for a permit, and who is next.

use std::collections::VecDeque;

use tokio::sync::oneshot;

use super::Priority;
use crate::cloud::error::CloudError;

/// How many may wait per priority.
const CAPACITY: usize = 1024;
/// While edits wait as well, this many of them go before each poll: polls keep a fifth.
const EDITS_PER_POLL: usize = 4;

pub(super) type Reply = oneshot::Sender<Result<(), CloudError>>;

/// Two lines, served in a fixed proportion while both are occupied.
#[derive(Debug, Default)]
pub(super) struct Queues {
    edits: VecDeque<Reply>,
    polls: VecDeque<Reply>,
    edits_since_poll: usize,
}

impl Queues {
    pub(super) fn is_empty(&self) -> bool {
        self.edits.is_empty() && self.polls.is_empty()
    }

    /// How many permits will be given before a newcomer gets one, the newcomer's own included.
    pub(super) fn position(&self, priority: Priority) -> usize {
        let (edits, polls) = (self.edits.len(), self.polls.len());
        match priority {
            Priority::Edit => edits + 1 + polls.min((self.edits_since_poll + edits) / EDITS_PER_POLL),
            Priority::Poll => polls + 1 + edits.min((polls + 1) * EDITS_PER_POLL),
        }
    }

    /// Puts a caller at the end of its line, or gives it back where the line is full.
    pub(super) fn push(&mut self, priority: Priority, reply: Reply) -> Result<(), Reply> {
        let line = match priority {
            Priority::Edit => &mut self.edits,
            Priority::Poll => &mut self.polls,
        };
        if line.len() >= CAPACITY {
            return Err(reply);
        }
        line.push_back(reply);
        Ok(())
    }

    /// Takes the caller whose turn it is.
    pub(super) fn pop(&mut self) -> Option<Reply> {
        let polls_turn = self.edits.is_empty() || self.edits_since_poll >= EDITS_PER_POLL;
        if let Some(poll) = polls_turn.then(|| self.polls.pop_front()).flatten() {
            self.edits_since_poll = 0;
            return Some(poll);
        }
        let edit = self.edits.pop_front();
        // Edits that nobody competed with are no debt to a poll that comes later.
        self.edits_since_poll = if self.polls.is_empty() { 0 } else { self.edits_since_poll + 1 };
        edit
    }

    /// Forgets the callers that have given up.
    pub(super) fn purge(&mut self) {
        self.edits.retain(|reply| !reply.is_closed());
        self.polls.retain(|reply| !reply.is_closed());
    }

    /// Empties both lines.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Reply> {
        self.edits.drain(..).chain(self.polls.drain(..))
    }
}
