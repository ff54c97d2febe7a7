//! Signs of life, for the health endpoints.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// A control loop that has not turned for this long is taken for dead.
const DEAD_AFTER: Duration = Duration::from_secs(180);

/// Whether the operator is ready, and whether it lives.
#[derive(Debug)]
pub struct Pulse {
    ready: AtomicBool,
    last_beat: Mutex<Instant>,
}

impl Default for Pulse {
    fn default() -> Self {
        Self { ready: AtomicBool::new(false), last_beat: Mutex::new(Instant::now()) }
    }
}

impl Pulse {
    /// Whether everything that there was at the start is known.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed)
    }

    /// Whether the control loop turns.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.last_beat.lock().unwrap_or_else(PoisonError::into_inner).elapsed() < DEAD_AFTER
    }

    pub(crate) fn becomes_ready(&self) {
        self.ready.store(true, Ordering::Relaxed);
    }

    /// Notes a turn. Waiting for what is still missing counts as well.
    pub fn beat(&self) {
        *self.last_beat.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}
