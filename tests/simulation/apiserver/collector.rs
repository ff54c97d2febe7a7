//! What the controllers of a real control plane do: collect garbage, and empty namespaces and kinds that are
//! being deleted.

use serde_json::Value;

use super::resource::{DEFINITIONS, NAMESPACES, Resource, SECRETS};
use super::store::{Key, Store, finalizers, is_deleting, set_list, take_finalizer};
use super::writes::{DeleteOptions, has_content};

/// One thing that has to be done.
enum Chore {
    Delete(Key),
    /// Every condition of its going is met.
    Remove(Key),
    /// Dependents are no longer to be waited for, or no longer to be followed.
    TakeFinalizer(Key, &'static str),
    /// Its owner goes, and it stays.
    Orphan(Key, String),
}

impl Store {
    /// Does what the last changes have left to do, until nothing is left. All of it happens in the same instant
    /// as the change itself, which is the least time that a real control plane leaves to others.
    pub(super) fn settle(&mut self) {
        while std::mem::take(&mut self.unsettled) {
            while let Some(chore) = self.next_chore() {
                self.carry_out(&chore);
            }
        }
    }

    fn next_chore(&self) -> Option<Chore> {
        let owners = self.objects.iter().filter(|(_, object)| is_deleting(object));
        owners
            .clone()
            .find_map(|(key, object)| self.empty(key, object))
            .or_else(|| owners.clone().find_map(|(key, object)| self.finish(key, object)))
            .or_else(|| self.garbage())
    }

    /// What has to go before a namespace or a kind can: everything in it, Secrets first.
    fn empty(&self, container: &Key, object: &Value) -> Option<Chore> {
        if !has_content(container.resource) {
            return None;
        }
        let inside = self.objects.keys().filter(|key| is_inside(key, container));
        let waiting = inside.clone().filter(|key| !is_deleting(&self.objects[*key]));
        let next = waiting.min_by_key(|key| (key.resource != &SECRETS, (*key).clone()));
        if let Some(key) = next {
            return Some(Chore::Delete(key.clone()));
        }
        let done = inside.count() == 0 && finalizers(object).is_empty();
        done.then(|| Chore::Remove(container.clone()))
    }

    /// What the propagation policy of a deletion asks for.
    fn finish(&self, owner: &Key, object: &Value) -> Option<Chore> {
        let asked = |finalizer| finalizers(object).iter().any(|it| it == finalizer);
        let uid = object["metadata"]["uid"].as_str().filter(|_| asked("orphan") || asked("foregroundDeletion"))?;
        let depends = |object: &Value| owner_references(object).any(|owner| owner["uid"] == uid);
        let dependents: Vec<_> = self.objects.iter().filter(|(_, object)| depends(object)).collect();
        if asked("orphan") {
            let orphan = dependents.first().map(|(key, _)| Chore::Orphan((*key).clone(), uid.into()));
            return orphan.or_else(|| Some(Chore::TakeFinalizer(owner.clone(), "orphan")));
        }
        if dependents.is_empty() {
            return Some(Chore::TakeFinalizer(owner.clone(), "foregroundDeletion"));
        }
        let next = dependents.into_iter().find(|(_, object)| !is_deleting(object));
        next.map(|(key, _)| Chore::Delete(key.clone()))
    }

    /// An object whose owners are all gone.
    fn garbage(&self) -> Option<Chore> {
        let mut dependents = self.objects.iter().filter(|(_, object)| !is_deleting(object));
        let found = dependents.find(|(key, object)| {
            let mut owners = owner_references(object).peekable();
            owners.peek().is_some() && owners.all(|owner| self.is_absent(owner, &key.namespace))
        });
        found.map(|(key, _)| Chore::Delete(key.clone()))
    }

    /// Whether an owner is known not to exist; of a kind that is not served, nothing is known.
    fn is_absent(&self, owner: &Value, namespace: &str) -> bool {
        let text = |field: &str| owner[field].as_str().unwrap_or_default();
        Resource::of_type(text("apiVersion"), text("kind")).is_some_and(|resource| {
            let found = self.objects.get(&Key::new(resource, namespace, text("name")));
            found.is_none_or(|found| found["metadata"]["uid"] != owner["uid"])
        })
    }

    fn carry_out(&mut self, chore: &Chore) {
        match chore {
            Chore::Delete(key) => drop(self.delete(key, &DeleteOptions::default())),
            Chore::Remove(key) => self.remove(key),
            Chore::TakeFinalizer(key, finalizer) => {
                let mut object = Value::clone(&self.objects[key]);
                if take_finalizer(&mut object, finalizer) || has_content(key.resource) {
                    self.put(key, object);
                } else {
                    self.remove(key);
                }
            }
            Chore::Orphan(key, uid) => {
                let mut object = Value::clone(&self.objects[key]);
                let kept: Vec<_> = owner_references(&object).filter(|it| it["uid"] != **uid).cloned().collect();
                set_list(&mut object, "ownerReferences", kept);
                self.put(key, object);
            }
        }
    }
}

fn is_inside(key: &Key, container: &Key) -> bool {
    let of_namespace = container.resource == &NAMESPACES && key.namespace == container.name;
    let of_kind = container.resource == &DEFINITIONS && key.resource.qualified() == container.name;
    of_namespace || of_kind
}

fn owner_references(object: &Value) -> impl Iterator<Item = &Value> {
    object["metadata"]["ownerReferences"].as_array().into_iter().flatten()
}
