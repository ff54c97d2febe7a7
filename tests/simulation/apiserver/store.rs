//! What is stored, and how it came to be so.

use std::collections::BTreeMap;
use std::sync::Arc;

use clusterwright::clock::Clock;
use serde_json::Value;

use super::refusal::Refusal;
use super::resource::Resource;
use super::selector::Selector;

/// What an object is found by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) resource: &'static Resource,
    /// Empty for what is not in a namespace.
    pub(super) namespace: String,
    pub(super) name: String,
}

impl Key {
    pub(super) fn new(resource: &'static Resource, namespace: &str, name: &str) -> Self {
        let namespace = if resource.namespaced { namespace } else { "" };
        Self { resource, namespace: namespace.into(), name: name.into() }
    }

    pub(super) fn not_found(&self) -> Refusal {
        Refusal::not_found(self.resource, &self.name)
    }

    pub(super) fn conflict(&self, why: &str) -> Refusal {
        Refusal::conflict(self.resource, &self.name, why)
    }

    pub(super) fn invalid(&self, why: &str) -> Refusal {
        Refusal::invalid(self.resource, &self.name, why)
    }
}

pub(super) type Objects = BTreeMap<Key, Arc<Value>>;

/// One change of one object.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) revision: u64,
    pub(super) key: Key,
    /// None where the object was created.
    pub(super) before: Option<Arc<Value>>,
    /// None where it was removed.
    pub(super) after: Option<Arc<Value>>,
}

/// What readers of the cache see of a resource while its cache stands still.
#[derive(Debug, Clone)]
pub(super) struct Snapshot {
    pub(super) revision: u64,
    pub(super) objects: Objects,
}

/// Every object, and every change since the last compaction.
#[derive(Debug, Clone)]
pub(super) struct Store {
    pub(super) clock: Clock,
    pub(super) revision: u64,
    pub(super) objects: Objects,
    pub(super) history: Vec<Change>,
    /// Changes up to this revision are forgotten.
    pub(super) compacted: u64,
    pub(super) frozen: BTreeMap<&'static Resource, Snapshot>,
    /// Whether the last changes may have left something to collect.
    pub(super) unsettled: bool,
    serial: u64,
}

impl Store {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            clock,
            revision: 100,
            objects: Objects::new(),
            history: Vec::new(),
            compacted: 0,
            frozen: BTreeMap::new(),
            unsettled: false,
            serial: 0,
        }
    }

    pub(super) fn get(&self, key: &Key) -> Result<&Arc<Value>, Refusal> {
        self.objects.get(key).ok_or_else(|| key.not_found())
    }

    /// Stores an object under a new revision.
    pub(super) fn put(&mut self, key: &Key, mut object: Value) -> Arc<Value> {
        self.revision += 1;
        object["metadata"]["resourceVersion"] = self.revision.to_string().into();
        let object = Arc::new(object);
        let before = self.objects.insert(key.clone(), object.clone());
        let owned = before.is_none() && object["metadata"].get("ownerReferences").is_some();
        self.unsettled |= owned || is_deleting(&object);
        self.record(key, before, Some(object.clone()));
        object
    }

    /// Removes an object. What watchers see is its last stored state, under the revision of its removal.
    pub(super) fn remove(&mut self, key: &Key) {
        if let Some(before) = self.objects.remove(key) {
            self.revision += 1;
            self.unsettled = true;
            self.record(key, Some(before), None);
        }
    }

    fn record(&mut self, key: &Key, before: Option<Arc<Value>>, after: Option<Arc<Value>>) {
        self.history.push(Change { revision: self.revision, key: key.clone(), before, after });
    }

    /// The changes after a revision, oldest first.
    pub(super) fn since(&self, revision: u64) -> &[Change] {
        &self.history[self.history.partition_point(|change| change.revision <= revision)..]
    }

    /// Forgets every change so far: who has not seen them has to list again.
    pub(super) fn compact(&mut self) {
        self.history.clear();
        self.compacted = self.revision;
    }

    /// What the watch cache holds of a resource, and as of which revision.
    pub(super) fn cached(&self, resource: &'static Resource) -> (u64, &Objects) {
        self.frozen
            .get(resource)
            .map_or((self.revision, &self.objects), |snapshot| (snapshot.revision, &snapshot.objects))
    }

    pub(super) fn freeze(&mut self, resource: &'static Resource) {
        let objects = self.objects.iter().filter(|(key, _)| key.resource == resource);
        let objects = objects.map(|(key, object)| (key.clone(), object.clone())).collect();
        self.frozen.entry(resource).or_insert(Snapshot { revision: self.revision, objects });
    }

    /// A number that is never given twice.
    pub(super) fn next_serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    /// The time of day, in whole seconds as the API has it.
    pub(super) fn now(&self) -> Value {
        self.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into()
    }
}

/// The objects of a collection that a selector means; an empty namespace is all of them.
pub(super) fn select<'a>(
    objects: &'a Objects,
    resource: &'static Resource,
    namespace: &'a str,
    selector: &'a Selector,
) -> impl Iterator<Item = (&'a Key, &'a Arc<Value>)> {
    objects.iter().filter(move |(key, object)| {
        key.resource == resource && (namespace.is_empty() || key.namespace == namespace) && selector.matches(object)
    })
}

pub(super) fn is_deleting(object: &Value) -> bool {
    object["metadata"].get("deletionTimestamp").is_some()
}

/// The finalizers, none where there is no list.
pub(super) fn finalizers(object: &Value) -> &[Value] {
    object["metadata"]["finalizers"].as_array().map_or(&[], Vec::as_slice)
}

/// Adds a finalizer where it is not there yet.
pub(super) fn add_finalizer(object: &mut Value, name: &str) {
    let mut list = finalizers(object).to_vec();
    if !list.iter().any(|it| it == name) {
        list.push(name.into());
        set_list(object, "finalizers", list);
    }
}

/// Takes a finalizer away; whether there is any left.
pub(super) fn take_finalizer(object: &mut Value, name: &str) -> bool {
    let list: Vec<_> = finalizers(object).iter().filter(|it| *it != name).cloned().collect();
    let left = !list.is_empty();
    set_list(object, "finalizers", list);
    left
}

/// Writes a list into the metadata; an empty one is left out.
pub(super) fn set_list(object: &mut Value, field: &str, list: Vec<Value>) {
    if !list.is_empty() {
        object["metadata"][field] = list.into();
    } else if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.remove(field);
    }
}
