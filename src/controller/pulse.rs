//! Signs of life, for the health endpoints.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// A control loop that has not turned for this long is taken for dead.
const DEAD_AFTER: Duration = Duration::from_secs(180);

/// Whether the operator is ready, and whether it lives.
#[derive(Debug)]
pub struct Pulse {
    /// The last sign of life before there was a control loop.
    start: Mutex<Instant>,
    loops: Mutex<Vec<Arc<Mutex<Loop>>>>,
}

#[derive(Debug)]
struct Loop {
    ready: bool,
    last_beat: Instant,
}

/// The sign of life of one control loop.
#[derive(Debug)]
pub(crate) struct Beat(Arc<Mutex<Loop>>);

impl Default for Pulse {
    fn default() -> Self {
        Self { start: Mutex::new(Instant::now()), loops: Mutex::default() }
    }
}

impl Pulse {
    /// Whether every control loop knows everything that there was at its start.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        let loops = lock(&self.loops);
        !loops.is_empty() && loops.iter().all(|turning| lock(turning).ready)
    }

    /// Whether every control loop turns.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        let loops = lock(&self.loops);
        let young = |moment: Instant| moment.elapsed() < DEAD_AFTER;
        if loops.is_empty() {
            young(*lock(&self.start))
        } else {
            loops.iter().all(|turning| young(lock(turning).last_beat))
        }
    }

    /// Notes that what has to be there before the first control loop is waited for.
    pub fn beat(&self) {
        *lock(&self.start) = Instant::now();
    }

    /// One more control loop has to turn.
    pub(crate) fn another(&self) -> Beat {
        let turning = Arc::new(Mutex::new(Loop { ready: false, last_beat: Instant::now() }));
        lock(&self.loops).push(Arc::clone(&turning));
        Beat(turning)
    }
}

impl Beat {
    pub(crate) fn becomes_ready(&self) {
        lock(&self.0).ready = true;
    }

    /// Notes a turn. Waiting for what is still missing counts as well.
    pub(crate) fn beat(&self) {
        lock(&self.0).last_beat = Instant::now();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
