//! What this process remembers about each manifest between two reconciles. A restart forgets it, and nothing is lost.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::backoff;
use crate::api::secret::Password;
use crate::clock;
use crate::controller::clouds::Managed;
use crate::plan::{Attempts, Denied, Given, Look, Probe, Trouble, TroubleKind};

/// One manifest's memory.
#[derive(Debug)]
pub(crate) struct Memory<K: Managed> {
    /// The generation last seen, and since when.
    pub(crate) generation: Option<(i64, Timestamp)>,
    /// What was asked for last, as long as it is not as asked for.
    pub(crate) edit: Option<Edit>,
    /// What makes another attempt worth while at once: edits, annotations, credentials.
    pub(crate) inputs: Option<String>,
    pub(crate) namespace_uid: Option<String>,
    pub(crate) failures: u32,
    /// Reconciles in a row that the API server, or a record, kept from their end.
    pub(crate) interruptions: u32,
    /// It was said that the operator of another namespace looks after the manifest.
    pub(crate) warned_of_another: bool,
    pub(crate) attempts: Attempts,
    pub(crate) look: Option<Look<K>>,
    pub(crate) probe: Option<Probe>,
    pub(crate) passwords: Option<Passwords>,
    /// When the Secrets that belong to the manifest are to be read again.
    pub(crate) check_at: Option<Timestamp>,
}

/// A manifest's creation or edit, for measuring how long it takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edit {
    pub(crate) since: Timestamp,
    /// `creation` or `edit`.
    pub(crate) after: &'static str,
    accepted: bool,
}

impl Edit {
    /// Notes that the cloud has accepted a write for it. Answers the edit where it is the first.
    pub(crate) fn accept(&mut self) -> Option<Self> {
        (!std::mem::replace(&mut self.accepted, true)).then_some(*self)
    }
}

/// The passwords that a manifest refers to, as last read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Passwords {
    pub(crate) wanted: Given,
    pub(crate) current: Given,
    pub(crate) published: Option<Password>,
}

impl Passwords {
    /// Everything that could open the database, for noticing that something new is worth a try.
    pub(crate) fn given(&self) -> (&Given, &Given) {
        (&self.wanted, &self.current)
    }
}

impl<K: Managed> Default for Memory<K> {
    fn default() -> Self {
        Self {
            generation: None,
            edit: None,
            inputs: None,
            namespace_uid: None,
            failures: 0,
            interruptions: 0,
            warned_of_another: false,
            attempts: Attempts::default(),
            look: None,
            probe: None,
            passwords: None,
            check_at: None,
        }
    }
}

impl<K: Managed> Memory<K> {
    /// Since when this generation is known. `observed` is the last one that was decided about.
    pub(crate) fn saw_generation(
        &mut self,
        generation: i64,
        observed: Option<i64>,
        created: Option<Timestamp>,
        now: Timestamp,
    ) -> Timestamp {
        let since = match self.generation {
            Some((known, since)) if known == generation => return since,
            // The first look at an object counts from its creation, a later generation from when it was noticed.
            None if generation <= 1 => created.unwrap_or(now),
            _ => now,
        };
        self.generation = Some((generation, since));
        // How long something takes that another process has begun is not known here.
        let after = if observed.is_none_or(|observed| observed < 0) { "creation" } else { "edit" };
        self.edit = (observed != Some(generation)).then_some(Edit { since, after, accepted: false });
        since
    }

    /// Starts afresh where something that a person or a credential decides has changed.
    pub(crate) fn saw_inputs(&mut self, inputs: &str, now: Timestamp) {
        if self.inputs.as_deref() != Some(inputs) {
            let first = self.inputs.is_none();
            self.inputs = Some(inputs.to_owned());
            if !first {
                self.failures = 0;
                self.attempts = Attempts { begun: Some(now), ..Attempts::default() };
                self.passwords = None;
            }
        }
    }

    pub(crate) fn failed(&mut self, kind: TroubleKind, message: String, now: Timestamp) {
        self.failures += 1;
        let since = match &self.attempts.trouble {
            Some(trouble) if trouble.kind == kind => trouble.since,
            _ => now,
        };
        self.attempts.trouble = Some(Trouble { kind, message, since });
        self.attempts.not_before = Some(clock::later(now, backoff::after(self.failures)));
    }

    /// The cloud said no. What it said is in the record; here only the next attempt is put off.
    pub(crate) fn refused(&mut self, now: Timestamp) {
        self.failures += 1;
        self.attempts.trouble = None;
        self.attempts.not_before = Some(clock::later(now, backoff::after(self.failures)));
    }

    /// The cloud answers again, so that it is no longer the trouble. How often an attempt failed is not forgotten.
    pub(crate) fn was_answered(&mut self) {
        let answers =
            [TroubleKind::RateLimited, TroubleKind::Unavailable, TroubleKind::Forbidden, TroubleKind::Refused];
        self.attempts.trouble.take_if(|trouble| answers.contains(&trouble.kind));
    }

    /// The database opened with none of the passwords that were tried.
    pub(crate) fn denied(&mut self, now: Timestamp) {
        self.database_answered();
        let since = self.attempts.denied.map_or(now, |denied| denied.since);
        self.attempts.denied = Some(Denied { since, last: now });
    }

    /// The database answers again, whatever it says.
    pub(crate) fn database_answered(&mut self) {
        self.attempts.trouble.take_if(|trouble| trouble.kind.is_of_the_database());
    }

    pub(crate) fn succeeded(&mut self) {
        self.failures = 0;
        self.attempts.trouble = None;
        self.attempts.not_before = None;
    }
}

/// The memories of all manifests, by uid.
#[derive(Debug)]
pub(crate) struct Memories<K: Managed> {
    by_uid: Mutex<HashMap<String, Arc<Mutex<Memory<K>>>>>,
}

impl<K: Managed> Default for Memories<K> {
    fn default() -> Self {
        Self { by_uid: Mutex::default() }
    }
}

impl<K: Managed> Memories<K> {
    /// The memory of one manifest; an empty one where there was none.
    pub(crate) fn of(&self, uid: &str) -> Arc<Mutex<Memory<K>>> {
        Arc::clone(self.lock().entry(uid.to_owned()).or_default())
    }

    /// Forgets every manifest for which `lives` says no.
    pub(crate) fn retain(&self, lives: impl Fn(&str) -> bool) {
        self.lock().retain(|uid, _| lives(uid));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Mutex<Memory<K>>>>> {
        self.by_uid.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Locks a memory; a panic elsewhere cannot have left it half written.
pub(crate) fn lock<K: Managed>(memory: &Mutex<Memory<K>>) -> MutexGuard<'_, Memory<K>> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}
