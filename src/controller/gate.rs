//! Whether this process may start a write to a cloud.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

/// One gate for every write to a cloud. It is shut until the process leads, and for good when it stops.
#[derive(Clone, Debug)]
pub struct Gate {
    state: watch::Receiver<State>,
}

/// Opens and closes a gate. Clones are about the same gate.
#[derive(Clone, Debug)]
pub struct Gatekeeper {
    state: watch::Sender<State>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// The process stands by.
    NotYet,
    /// The process has the right to write until then.
    Until(Instant),
    Closed,
}

impl Gate {
    /// A gate that has not been opened yet, and what opens it.
    #[must_use]
    pub fn shut() -> (Self, Gatekeeper) {
        let (sender, state) = watch::channel(State::NotYet);
        (Self { state }, Gatekeeper { state: sender })
    }

    /// Whether a write that takes at most `deadline` may start now: the right to write has to outlive it.
    #[must_use]
    pub(crate) fn permits(&self, deadline: Duration) -> bool {
        matches!(*self.state.borrow(), State::Until(end) if Instant::now() + deadline <= end)
    }

    /// Waits until the gate is opened for the first time. Where it is closed before, that is never.
    pub(crate) async fn opened(mut self) {
        if self.state.wait_for(|state| matches!(state, State::Until(_))).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Gatekeeper {
    /// Writes that are over by `end` may start from now on, unless the gate is closed.
    pub fn open_until(&self, end: Instant) {
        self.state.send_if_modified(|state| {
            let open = !matches!(state, State::Closed);
            if open {
                *state = State::Until(end);
            }
            open
        });
    }

    /// No write starts from now on. What is under way goes on.
    pub fn close(&self) {
        self.state.send_replace(State::Closed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn a_write_starts_only_if_the_right_to_it_outlives_its_deadline() {
        let (gate, keeper) = Gate::shut();
        assert!(!gate.permits(Duration::ZERO), "it was not opened yet");
        keeper.open_until(Instant::now() + CALL * 2);
        assert!(gate.permits(CALL));
        tokio::time::advance(CALL).await;
        assert!(gate.permits(CALL));
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(!gate.permits(CALL));
        assert!(gate.permits(CALL / 2), "a shorter one is over in time");
        keeper.open_until(Instant::now() + CALL);
        assert!(gate.permits(CALL), "the lease was renewed");
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_closed_is_not_opened_again() {
        let (gate, keeper) = Gate::shut();
        keeper.open_until(Instant::now() + CALL);
        keeper.close();
        keeper.open_until(Instant::now() + CALL);
        assert!(!gate.permits(Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn only_an_opened_gate_lets_those_go_that_wait_for_it() {
        let (gate, keeper) = Gate::shut();
        let mut waiting = tokio::spawn(gate.clone().opened());
        assert!(tokio::time::timeout(CALL, &mut waiting).await.is_err());
        keeper.open_until(Instant::now());
        waiting.await.unwrap();
        let (gate, keeper) = Gate::shut();
        keeper.close();
        drop(keeper);
        assert!(tokio::time::timeout(CALL, gate.opened()).await.is_err(), "a process that stops never leads");
    }
}
