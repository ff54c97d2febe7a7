//! Whether this process may start a write to a cloud.

use std::time::Duration;

use tokio::sync::watch;

/// One gate for every write to a cloud. It is closed for good when the process stops.
#[derive(Clone, Debug)]
pub struct Gate {
    open: watch::Receiver<bool>,
}

/// Closes a gate.
#[derive(Debug)]
pub struct Gatekeeper {
    open: watch::Sender<bool>,
}

impl Gate {
    /// A gate that is open, and what closes it.
    #[must_use]
    pub fn open() -> (Self, Gatekeeper) {
        let (sender, open) = watch::channel(true);
        (Self { open }, Gatekeeper { open: sender })
    }

    /// Whether a write that takes at most `deadline` may start now.
    ///
    /// A process that holds the right to write only for a time answers by whether it outlives the deadline.
    #[must_use]
    pub(crate) fn permits(&self, _deadline: Duration) -> bool {
        *self.open.borrow()
    }
}

impl Gatekeeper {
    /// No write starts from now on. What is under way goes on.
    pub fn close(&self) {
        self.open.send_replace(false);
    }
}
