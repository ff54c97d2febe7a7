//! Watches: long answers, a line for every change.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures::Stream;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::ApiServer;
use super::handlers::{revision, served};
use super::refusal::Refusal;
use super::request::Call;
use super::store::{Change, Store, select};

/// How often a watch that has nothing to say says at least how far it has come.
const BOOKMARK_EVERY: Duration = Duration::from_secs(60);
/// How long a watch lasts that does not say.
const LONGEST: Duration = Duration::from_secs(1800);

/// One open watch.
#[derive(Debug)]
pub(super) struct Watch {
    server: ApiServer,
    call: Call,
    signal: watch::Receiver<()>,
    /// Changes up to this revision have been told.
    position: u64,
    lines: VecDeque<Bytes>,
    /// Which of the server's generations of connections this one belongs to.
    generation: u64,
    deadline: Instant,
    next_bookmark: Instant,
    ended: bool,
}

impl Watch {
    /// Begins a watch where the request says.
    pub(super) fn open(server: ApiServer, call: Call) -> Result<Self, Refusal> {
        let signal = server.subscribe();
        let asked = revision(&call.parameters.resource_version)?;
        if call.parameters.send_initial_events && call.parameters.resource_version_match != "NotOlderThan" {
            let message = "resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
            return Err(Refusal::new(422, "Invalid", message));
        }
        let generation = {
            let state = server.lock();
            served(&state.store, call.resource)?;
            state.connections
        };
        let now = Instant::now();
        let lasts = call.parameters.timeout_seconds.filter(|seconds| *seconds > 0).map_or(LONGEST, Duration::from_secs);
        let mut watch = Self {
            signal,
            position: asked,
            lines: VecDeque::new(),
            generation,
            deadline: now + lasts,
            next_bookmark: now + BOOKMARK_EVERY,
            ended: false,
            server,
            call,
        };
        if asked == 0 || watch.call.parameters.send_initial_events {
            watch.tell_all();
        }
        Ok(watch)
    }

    /// The lines, as the body of an answer.
    pub(super) fn into_body(self) -> Body {
        Body::from_stream(self.into_stream())
    }

    fn into_stream(self) -> impl Stream<Item = Result<Bytes, Infallible>> {
        futures::stream::unfold(self, |mut watch| async move {
            let line = watch.next().await?;
            Some((Ok(line), watch))
        })
    }

    /// The state of the whole collection, as if each object had just been added.
    fn tell_all(&mut self) {
        let state = self.server.lock();
        let (revision, objects) = state.store.cached(self.call.resource);
        let found = select(objects, self.call.resource, &self.call.namespace, &self.call.selector);
        let mut lines: VecDeque<_> = found.map(|(_, object)| line("ADDED", &self.call.view(object))).collect();
        if self.call.parameters.send_initial_events {
            lines.push_back(bookmark(&self.call, revision, &json!({"k8s.io/initial-events-end": "true"})));
        }
        drop(state);
        self.position = revision;
        self.lines = lines;
    }

    async fn next(&mut self) -> Option<Bytes> {
        loop {
            self.signal.mark_unchanged();
            if self.lines.is_empty() && !self.ended {
                self.look();
            }
            if let Some(line) = self.lines.pop_front() {
                return Some(line);
            }
            if self.ended {
                return None;
            }
            let wake = if self.call.parameters.allow_watch_bookmarks {
                self.next_bookmark.min(self.deadline)
            } else {
                self.deadline
            };
            tokio::select! {
                biased;
                gone = self.signal.changed() => self.ended |= gone.is_err(),
                () = sleep_until(wake) => self.tick(),
            }
        }
    }

    /// Collects what there is to tell by now.
    fn look(&mut self) {
        let server = self.server.clone();
        let state = server.lock();
        if state.connections != self.generation {
            self.ended = true;
            return;
        }
        let (visible, _) = state.store.cached(self.call.resource);
        if self.position < state.store.compacted && self.position < visible {
            let refusal = Refusal::expired(self.position, state.store.compacted);
            self.lines.extend(refusal.to_status().map(|status| line("ERROR", &status)));
            self.ended = true;
            return;
        }
        self.follow(&state.store, visible);
        self.ended = served(&state.store, self.call.resource).is_err();
    }

    fn follow(&mut self, store: &Store, visible: u64) {
        for change in store.since(self.position).iter().take_while(|change| change.revision <= visible) {
            self.lines.extend(event(&self.call, change));
        }
        self.position = self.position.max(visible);
    }

    /// The time for a bookmark, or for the end, which is announced by one.
    fn tick(&mut self) {
        let now = Instant::now();
        self.ended |= now >= self.deadline;
        if now >= self.next_bookmark {
            self.next_bookmark = now + BOOKMARK_EVERY;
        }
        if self.call.parameters.allow_watch_bookmarks {
            self.lines.push_back(bookmark(&self.call, self.position, &json!({})));
        }
    }
}

/// What a change is to a watch: an object that begins or ceases to match is added or deleted.
fn event(call: &Call, change: &Change) -> Option<Bytes> {
    let concerns =
        change.key.resource == call.resource && (call.namespace.is_empty() || change.key.namespace == call.namespace);
    let seen = |object: &Option<Arc<Value>>| object.clone().filter(|object| concerns && call.selector.matches(object));
    match (seen(&change.before), seen(&change.after)) {
        (None, None) => None,
        (None, Some(object)) => Some(line("ADDED", &call.view(&object))),
        (Some(_), Some(object)) => Some(line("MODIFIED", &call.view(&object))),
        (Some(object), None) => {
            let mut last = call.view(&object);
            last["metadata"]["resourceVersion"] = change.revision.to_string().into();
            Some(line("DELETED", &last))
        }
    }
}

fn bookmark(call: &Call, revision: u64, annotations: &Value) -> Bytes {
    let metadata =
        json!({"resourceVersion": revision.to_string(), "creationTimestamp": null, "annotations": annotations});
    let (api_version, kind) = (call.resource.api_version(), call.resource.kind);
    line("BOOKMARK", &json!({"apiVersion": api_version, "kind": kind, "metadata": metadata}))
}

fn line(kind: &str, object: &Value) -> Bytes {
    format!("{}\n", json!({"type": kind, "object": object})).into()
}
