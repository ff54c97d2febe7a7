//! Kubernetes Events: one for every write to a cloud, and one when something starts to need a person.

use std::time::Duration;

use k8s_openapi::api::core::v1::ObjectReference;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};

use crate::api::MANAGER;

/// An Event is a courtesy; nothing waits longer than this for it.
const PATIENCE: Duration = Duration::from_secs(5);

/// A note holds at most 1 kB.
const LONGEST_NOTE: usize = 1000;

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    Creating,
    Created,
    Adopted,
    Bound,
    PasswordSet,
    Destroying,
    Destroyed,
    Forgotten,
    Refused,
}

impl Word {
    /// The Event's reason, and the action that it tells of.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Creating => ("Creating", "Create"),
            Self::Created => ("Created", "Create"),
            Self::Adopted => ("Adopted", "Adopt"),
            Self::Bound => ("Bound", "Bind"),
            Self::PasswordSet => ("PasswordSet", "SetPassword"),
            Self::Destroying => ("Destroying", "Destroy"),
            Self::Destroyed => ("Destroyed", "Destroy"),
            Self::Forgotten => ("Forgotten", "Forget"),
            Self::Refused => ("Refused", "Write"),
        }
    }
}

/// Publishes Events. One that cannot be published is logged, and holds nothing up.
#[derive(Clone)]
pub(crate) struct Events(Recorder);

impl Events {
    pub(crate) fn new(client: kube::Client) -> Self {
        Self(Recorder::new(client, Reporter { controller: MANAGER.to_owned(), instance: None }))
    }

    /// Tells of something that was done.
    pub(crate) async fn tell(&self, about: &ObjectReference, word: Word, note: String) {
        let (reason, action) = word.names();
        let type_ = if word == Word::Refused { EventType::Warning } else { EventType::Normal };
        self.publish(about, type_, reason, action, note).await;
    }

    /// Tells that a person is needed.
    pub(crate) async fn warn(&self, about: &ObjectReference, reason: &str, note: String) {
        self.publish(about, EventType::Warning, reason, "Reconcile", note).await;
    }

    async fn publish(&self, about: &ObjectReference, type_: EventType, reason: &str, action: &str, note: String) {
        tracing::info!(namespace = about.namespace, kind = about.kind, name = about.name, reason, "{note}");
        let note = Some(note.chars().take(LONGEST_NOTE).collect());
        let event = Event { type_, reason: reason.to_owned(), note, action: action.to_owned(), secondary: None };
        match tokio::time::timeout(PATIENCE, self.0.publish(&event, about)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "an Event could not be published"),
            Err(_) => tracing::debug!("an Event could not be published in time"),
        }
    }
}
