//! Kubernetes Events: one for every write to a cloud, and one when something starts to need a person.

use std::time::Duration;

use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::api::PostParams;
use kube::{Api, Client};

use crate::api::MANAGER;
use crate::clock::Clock;

/// An Event is a courtesy; nothing waits longer than this for it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Characters of an object's name that are part of the names of its Events.
const LONGEST_NAME: usize = 200;

/// The API server takes at most 1 KiB, counted in bytes.
const LONGEST_NOTE: usize = 1000;

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    Creating,
    Created,
    Adopted,
    Bound,
    Changing,
    Changed,
    Failed,
    Renamed,
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
            Self::Changing => ("Changing", "Change"),
            Self::Changed => ("Changed", "Change"),
            Self::Failed => ("OperationFailed", "Change"),
            Self::Renamed => ("Renamed", "Rename"),
            Self::PasswordSet => ("PasswordSet", "SetPassword"),
            Self::Destroying => ("Destroying", "Destroy"),
            Self::Destroyed => ("Destroyed", "Destroy"),
            Self::Forgotten => ("Forgotten", "Forget"),
            Self::Refused => ("Refused", "Write"),
        }
    }
}

/// Publishes Events. One that cannot be published is logged, and holds nothing up.
///
/// Each is an object of its own: a recorder that counts repetitions would show a second refusal with the words of the first.
#[derive(Clone)]
pub(crate) struct Events {
    client: Client,
    clock: Clock,
}

impl Events {
    pub(crate) fn new(client: Client, clock: Clock) -> Self {
        Self { client, clock }
    }

    /// Tells of something that was done.
    pub(crate) async fn tell(&self, about: &ObjectReference, word: Word, note: String) {
        let (reason, action) = word.names();
        let type_ = if matches!(word, Word::Refused | Word::Failed) { "Warning" } else { "Normal" };
        self.publish(about, type_, reason, action, note).await;
    }

    /// Tells that a person is needed.
    pub(crate) async fn warn(&self, about: &ObjectReference, reason: &str, note: String) {
        self.publish(about, "Warning", reason, "Reconcile", note).await;
    }

    async fn publish(&self, about: &ObjectReference, type_: &str, reason: &str, action: &str, note: String) {
        tracing::info!(namespace = about.namespace, kind = about.kind, name = about.name, reason, "{note}");
        let namespace = about.namespace.clone().unwrap_or_default();
        let event = Event {
            metadata: ObjectMeta {
                name: Some(name_of(about)),
                namespace: Some(namespace.clone()),
                ..ObjectMeta::default()
            },
            action: Some(action.to_owned()),
            event_time: Some(MicroTime(self.clock.now())),
            note: Some(cut(note)),
            reason: Some(reason.to_owned()),
            regarding: Some(about.clone()),
            reporting_controller: Some(MANAGER.to_owned()),
            reporting_instance: Some(MANAGER.to_owned()),
            type_: Some(type_.to_owned()),
            ..Event::default()
        };
        let events = Api::<Event>::namespaced(self.client.clone(), &namespace);
        match tokio::time::timeout(PATIENCE, events.create(&PostParams::default(), &event)).await {
            Ok(Ok(_)) => {}
            // In a namespace that is going, nothing can be created any more.
            Ok(Err(kube::Error::Api(status))) if status.is_forbidden() || status.is_not_found() => {
                tracing::debug!(error = status.message, "an Event could not be published");
            }
            Ok(Err(error)) => tracing::warn!(%error, "an Event could not be published"),
            Err(_) => tracing::warn!("an Event could not be published in time"),
        }
    }
}

/// The API server takes no generated name with a dot before the random part, which is how an Event's name is told from the
/// name of what it is about.
fn name_of(about: &ObjectReference) -> String {
    let object = about.name.as_deref().unwrap_or_default();
    let end = object.len().min(LONGEST_NAME);
    format!("{}.{:016x}", object.get(..end).unwrap_or_default().trim_end_matches(['.', '-']), rand::random::<u64>())
}

/// As much of a note as fits, in whole characters.
fn cut(mut note: String) -> String {
    while note.len() > LONGEST_NOTE {
        note.pop();
    }
    note
}
