//! The person at the keyboard, as a test plays them.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::ApiServer;
use super::owners::{Author, Operation};
use super::refusal::Refusal;
use super::request::Part;
use super::resource::{DEFINITIONS, NAMESPACES, RESOURCES, Resource};
use super::store::{Key, Store};
use super::writes::DeleteOptions;
use super::{patch, resource};

/// How long a test waits for something, in virtual time, unless it says otherwise.
const PATIENCE: Duration = Duration::from_secs(3600);

/// A hand on the server that no fault touches and no log sees.
///
/// Objects are JSON, kinds go by their names, and the namespace of what is not in one is empty. A refusal is a
/// mistake of the test, and panics.
#[derive(Debug, Clone)]
pub(crate) struct User {
    server: ApiServer,
    patience: Duration,
}

impl User {
    pub(super) fn new(server: ApiServer) -> Self {
        Self { server, patience: PATIENCE }
    }

    /// Waits this long at most.
    pub(crate) fn within(&self, patience: Duration) -> Self {
        Self { patience, ..self.clone() }
    }

    /// Creates what every cluster has.
    pub(super) fn install(&self) {
        self.create_namespace("default");
        for custom in RESOURCES.into_iter().filter(|resource| resource.custom) {
            self.create(json!({
                "apiVersion": DEFINITIONS.api_version(),
                "kind": DEFINITIONS.kind,
                "metadata": {"name": custom.qualified()},
                "spec": {
                    "group": custom.group,
                    "names": {"kind": custom.kind, "plural": custom.plural},
                    "scope": "Namespaced",
                    "versions": [{"name": custom.version, "served": true, "storage": true}],
                },
                "status": {"conditions": [{"type": "Established", "status": "True"}]},
            }));
        }
    }

    /// Creates a namespace.
    pub(crate) fn create_namespace(&self, name: &str) -> Value {
        self.create(json!({"apiVersion": "v1", "kind": NAMESPACES.kind, "metadata": {"name": name}}))
    }

    /// Creates an object.
    pub(crate) fn create(&self, object: Value) -> Value {
        let key = key_of(&object);
        self.write(|store| store.create(key.resource, &key.namespace, object, &author(Operation::Update)))
    }

    /// Applies an object, as `kubectl apply --server-side --force-conflicts` does.
    pub(crate) fn apply(&self, object: &Value) -> Value {
        let key = key_of(object);
        self.write(|store| store.apply(&key, Part::Main, object, &author(Operation::Apply), true))
    }

    /// Changes an object, its status excepted.
    pub(crate) fn edit(&self, kind: &str, namespace: &str, name: &str, change: impl FnOnce(&mut Value)) -> Value {
        self.change(Part::Main, kind, namespace, name, change)
    }

    /// Changes the status of an object, which no person does with good intentions.
    pub(crate) fn edit_status(
        &self,
        kind: &str,
        namespace: &str,
        name: &str,
        change: impl FnOnce(&mut Value),
    ) -> Value {
        self.change(Part::Status, kind, namespace, name, change)
    }

    fn change(&self, part: Part, kind: &str, namespace: &str, name: &str, change: impl FnOnce(&mut Value)) -> Value {
        let key = key(kind, namespace, name);
        self.write(|store| {
            store.update(&key, part, &author(Operation::Update), |old| {
                let mut new = old.clone();
                change(&mut new);
                Ok(new)
            })
        })
    }

    /// Lays a merge patch over an object, its status excepted.
    pub(crate) fn merge(&self, kind: &str, namespace: &str, name: &str, patch: &Value) -> Value {
        let (key, body) = (key(kind, namespace, name), patch.to_string());
        self.write(|store| {
            store.update(&key, Part::Main, &author(Operation::Update), |old| {
                patch::apply(old, "application/merge-patch+json", body.as_bytes())
            })
        })
    }

    /// Deletes an object, as `kubectl delete --wait=false` does.
    pub(crate) fn delete(&self, kind: &str, namespace: &str, name: &str) {
        let key = key(kind, namespace, name);
        self.write(|store| store.delete(&key, &DeleteOptions::default()).map(|_| Arc::new(Value::Null)));
    }

    /// An object as it is now.
    pub(crate) fn get(&self, kind: &str, namespace: &str, name: &str) -> Option<Value> {
        self.server.lock().store.objects.get(&key(kind, namespace, name)).map(|object| Value::clone(object))
    }

    /// Every object of a kind, in every namespace, in order of their names.
    pub(crate) fn list(&self, kind: &str) -> Vec<Value> {
        let resource = resource(kind);
        let state = self.server.lock();
        let found = state.store.objects.iter().filter(|(key, _)| key.resource == resource);
        found.map(|(_, object)| Value::clone(object)).collect()
    }

    /// Every state that an object has been in since the last compaction; `None` is its removal.
    pub(crate) fn history(&self, kind: &str, namespace: &str, name: &str) -> Vec<Option<Value>> {
        let key = key(kind, namespace, name);
        let state = self.server.lock();
        let changes = state.store.history.iter().filter(|change| change.key == key);
        changes.map(|change| change.after.as_deref().cloned()).collect()
    }

    /// Waits until an object is as it should be, and returns it as it then was. No state that it passes through
    /// is missed.
    pub(crate) async fn wait_for(
        &self,
        kind: &str,
        namespace: &str,
        name: &str,
        is_so: impl Fn(&Value) -> bool,
    ) -> Value {
        let reached = self.wait(kind, namespace, name, |object| object.is_some_and(&is_so)).await;
        reached.unwrap_or_default()
    }

    /// Waits until an object is gone.
    pub(crate) async fn wait_gone(&self, kind: &str, namespace: &str, name: &str) {
        self.wait(kind, namespace, name, |object| object.is_none()).await;
    }

    async fn wait(
        &self,
        kind: &str,
        namespace: &str,
        name: &str,
        is_so: impl Fn(Option<&Value>) -> bool,
    ) -> Option<Value> {
        let found = tokio::time::timeout(self.patience, self.follow(key(kind, namespace, name), is_so)).await;
        found.unwrap_or_else(|_| {
            let last = self.get(kind, namespace, name).unwrap_or_default();
            panic!("{kind} {namespace}/{name} was not as expected within {:?}. It is {last:#}", self.patience)
        })
    }

    async fn follow(&self, key: Key, is_so: impl Fn(Option<&Value>) -> bool) -> Option<Value> {
        let mut signal = self.server.subscribe();
        let (mut position, mut states) = {
            let state = self.server.lock();
            (state.store.revision, vec![state.store.objects.get(&key).cloned()])
        };
        loop {
            if let Some(found) = states.into_iter().find(|object| is_so(object.as_deref())) {
                return found.as_deref().cloned();
            }
            signal.changed().await.expect("the server outlives its users");
            let state = self.server.lock();
            let changes = state.store.since(position).iter().filter(|change| change.key == key);
            states = changes.map(|change| change.after.clone()).collect();
            position = state.store.revision;
        }
    }

    fn write(&self, action: impl FnOnce(&mut Store) -> Result<Arc<Value>, Refusal>) -> Value {
        let mut state = self.server.lock();
        let done = action(&mut state.store);
        state.store.settle();
        drop(state);
        self.server.wake();
        let object = done.unwrap_or_else(|refusal| panic!("the server refused: {}", refusal.message()));
        Value::clone(&object)
    }
}

fn author(operation: Operation) -> Author {
    Author { manager: "user".into(), operation }
}

fn key(kind: &str, namespace: &str, name: &str) -> Key {
    Key::new(resource(kind), namespace, name)
}

/// What a manifest is for; without a namespace, it is for `default`.
fn key_of(object: &Value) -> Key {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (api_version, kind) = (text(&object["apiVersion"]), text(&object["kind"]));
    let resource =
        Resource::of_type(&api_version, &kind).unwrap_or_else(|| panic!("the server knows no {kind} in {api_version}"));
    let namespace = object["metadata"]["namespace"].as_str().unwrap_or("default");
    Key::new(resource, namespace, &text(&object["metadata"]["name"]))
}
