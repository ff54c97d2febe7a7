//! An API server in memory, for a `kube::Client`.
//!
//! It keeps the rules that controllers stumble over: resource versions, generations, finalizers, the status apart
//! from the rest, server-side apply by field owner, watches with their beginnings and ends, and what the garbage
//! collector and the namespace controller do. It checks neither permissions nor schemas. All of it happens on
//! tokio's time, and the same calls in the same order give the same answers.

mod audit;
mod collector;
mod faults;
mod fields;
mod handlers;
mod owners;
mod patch;
mod refusal;
mod request;
mod resource;
mod selector;
mod service;
mod store;
#[cfg(test)]
mod tests;
mod user;
mod watch;
mod writes;

use std::sync::{Arc, Mutex, MutexGuard};

use clusterwright::clock::Clock;
use jiff::Timestamp;
use kube::Client;

pub(crate) use audit::Entry;
use faults::Faults;
pub(crate) use faults::{Fault, Requests, Trouble};
pub(crate) use request::{Part, Verb};
use resource::Resource;
use store::Store;
pub(crate) use user::User;

/// The server; a clone is another handle on the same one.
#[derive(Debug, Clone)]
pub(crate) struct ApiServer(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Sent to whenever a watch may have something to tell.
    signal: tokio::sync::watch::Sender<()>,
}

#[derive(Debug)]
struct State {
    store: Store,
    faults: Faults,
    log: Vec<Entry>,
    /// Grows when every open watch is dropped.
    connections: u64,
}

impl ApiServer {
    /// A server with a namespace `default` and the definitions of the custom kinds.
    pub(crate) fn new(clock: Clock) -> Self {
        let state = State { store: Store::new(clock), faults: Faults::default(), log: Vec::new(), connections: 0 };
        let server = Self(Arc::new(Shared { state: Mutex::new(state), signal: tokio::sync::watch::Sender::new(()) }));
        server.user().install();
        server
    }

    /// A client of its own, as a process has one.
    pub(crate) fn client(&self) -> Client {
        Client::new(self.clone(), "default")
    }

    /// The person at the keyboard: past every fault, and not in the log.
    pub(crate) fn user(&self) -> User {
        User::new(self.clone())
    }

    /// Adds a fault to those that are still to strike.
    pub(crate) fn inject(&self, fault: Fault) {
        self.lock().faults.add(fault);
    }

    /// Ends all trouble, frozen caches excepted.
    pub(crate) fn clear_faults(&self) {
        self.lock().faults.clear();
    }

    /// Lets the cache of a kind stand still: watches tell nothing new, and reads from the cache see the past.
    pub(crate) fn freeze(&self, kind: &str) {
        self.lock().store.freeze(resource(kind));
    }

    /// Lets a frozen cache catch up.
    pub(crate) fn thaw(&self, kind: &str) {
        self.lock().store.frozen.remove(resource(kind));
        self.wake();
    }

    /// Ends every open watch, as a load balancer or a restarting server does.
    pub(crate) fn drop_watches(&self) {
        self.lock().connections += 1;
        self.wake();
    }

    /// Forgets every change so far: a watch that has not seen them all gets a 410 and has to list again.
    pub(crate) fn compact(&self) {
        self.lock().store.compact();
        self.wake();
    }

    /// Every request so far, in the order of their effects.
    pub(crate) fn log(&self) -> Vec<Entry> {
        self.lock().log.clone()
    }

    /// When a client last changed an object.
    pub(crate) fn changed_at(&self, kind: &str, namespace: &str, name: &str) -> Option<Timestamp> {
        let state = self.lock();
        let changes = state.log.iter().rev().filter(|entry| entry.changed && entry.kind == kind);
        let mut here = changes.filter(|entry| entry.namespace == namespace);
        here.find(|entry| entry.is_about(name)).map(|entry| entry.at)
    }

    /// How many requests so far were meant to change something, Events aside.
    pub(crate) fn writes(&self) -> usize {
        self.lock().log.iter().filter(|entry| entry.is_write()).count()
    }

    /// Empties the log.
    pub(crate) fn clear_log(&self) {
        self.lock().log.clear();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().expect("no test goes on after a panic in here")
    }

    fn subscribe(&self) -> tokio::sync::watch::Receiver<()> {
        self.0.signal.subscribe()
    }

    fn wake(&self) {
        self.0.signal.send_replace(());
    }
}

/// The resource of a kind that a test names.
fn resource(kind: &str) -> &'static Resource {
    Resource::of_kind(kind).unwrap_or_else(|| panic!("the server knows no kind {kind}"))
}
