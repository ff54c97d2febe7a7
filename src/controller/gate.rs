//! Whether this process may start a write to a cloud.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

/// One gate for every write to a cloud. It is shut until the process leads, and for good when it stops.
#[derive(Clone, Debug)]
pub struct Gate {
    state: watch::Receiver<State>,
    under_way: UnderWay,
}

/// Opens and closes a gate. Clones are about the same gate.
#[derive(Clone, Debug)]
pub struct Gatekeeper {
    state: watch::Sender<State>,
    under_way: UnderWay,
}

/// How many writes have passed the gate, and have not come to their end.
type UnderWay = Arc<watch::Sender<usize>>;

/// Leave for one write. It is kept until what came of the write is written down.
#[derive(Debug)]
pub(crate) struct Pass(UnderWay);

impl Drop for Pass {
    fn drop(&mut self) {
        self.0.send_modify(|number| *number -= 1);
    }
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
        let under_way = UnderWay::default();
        (Self { state, under_way: Arc::clone(&under_way) }, Gatekeeper { state: sender, under_way })
    }

    /// Leave for a write that takes at most `deadline`, if it may start now: the right to write has to outlive it.
    #[must_use]
    pub(crate) fn pass(&self, deadline: Duration) -> Option<Pass> {
        // Counted first, so that whoever closes the gate and then counts misses none.
        self.under_way.send_modify(|number| *number += 1);
        let pass = Pass(Arc::clone(&self.under_way));
        let open = matches!(*self.state.borrow(), State::Until(end) if Instant::now() + deadline <= end);
        open.then_some(pass)
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

    /// Waits until no write is under way.
    pub(crate) async fn all_ended(&self) {
        // The sender is here, so that there is nothing to go wrong.
        self.under_way.subscribe().wait_for(|number| *number == 0).await.ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn a_write_starts_only_if_the_right_to_it_outlives_its_deadline() {
        let (gate, keeper) = Gate::shut();
        assert!(gate.pass(Duration::ZERO).is_none(), "it was not opened yet");
        keeper.open_until(Instant::now() + CALL * 2);
        assert!(gate.pass(CALL).is_some());
        tokio::time::advance(CALL).await;
        assert!(gate.pass(CALL).is_some());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(gate.pass(CALL).is_none());
        assert!(gate.pass(CALL / 2).is_some(), "a shorter one is over in time");
        keeper.open_until(Instant::now() + CALL);
        assert!(gate.pass(CALL).is_some(), "the lease was renewed");
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_closed_is_not_opened_again() {
        let (gate, keeper) = Gate::shut();
        keeper.open_until(Instant::now() + CALL);
        keeper.close();
        keeper.open_until(Instant::now() + CALL);
        assert!(gate.pass(Duration::ZERO).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_closed_gate_tells_when_every_write_has_ended() {
        let (gate, keeper) = Gate::shut();
        keeper.open_until(Instant::now() + CALL);
        let passes = [gate.pass(CALL).unwrap(), gate.clone().pass(CALL).unwrap()];
        keeper.close();
        for pass in passes {
            assert!(tokio::time::timeout(CALL, keeper.all_ended()).await.is_err());
            drop(pass);
        }
        assert!(gate.pass(CALL).is_none());
        keeper.all_ended().await;
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
