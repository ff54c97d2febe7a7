//! Who wrote which field: `metadata.managedFields`, and server-side apply, which decides by it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::fields::{self, Fields};
use super::refusal::Refusal;
use super::request::Part;
use super::resource::Resource;
use super::store::{Key, Store};

/// Metadata that nobody owns.
const UNOWNED: [&str; 9] = [
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "managedFields",
];

/// Who writes, and how.
#[derive(Debug, Clone)]
pub(super) struct Author {
    pub(super) manager: String,
    pub(super) operation: Operation,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Operation {
    Apply,
    Update,
}

/// One entry of `metadata.managedFields`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    manager: String,
    operation: Operation,
    api_version: String,
    time: Value,
    fields_type: String,
    fields_v1: Fields,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subresource: Option<String>,
}

impl Entry {
    fn new(key: &Key, part: Part, author: &Author, now: &Value, fields: Fields) -> Self {
        Self {
            manager: author.manager.clone(),
            operation: author.operation,
            api_version: key.resource.api_version(),
            time: now.clone(),
            fields_type: "FieldsV1".into(),
            fields_v1: fields,
            subresource: (part == Part::Status).then(|| "status".into()),
        }
    }

    fn is_of(&self, author: &Author, part: Part) -> bool {
        let status = self.subresource.is_some();
        self.manager == author.manager && self.operation == author.operation && status == (part == Part::Status)
    }
}

/// Everything in a new object is its author's.
pub(super) fn on_create(object: &mut Value, key: &Key, author: &Author, now: &Value) {
    let fields = fields::of(&ownable(object, key.resource, Part::Main));
    write(object, &[Entry::new(key, Part::Main, author, now, fields)]);
}

/// What an update changes becomes its author's, and what it removes is nobody's.
pub(super) fn on_update(new: &mut Value, old: &Value, key: &Key, part: Part, author: &Author, now: &Value) {
    let present = fields::of(&ownable(new, key.resource, part));
    let changed = fields::differing(&present, Some(new), Some(old));
    let before = fields::of(&ownable(old, key.resource, part));
    let gone = fields::difference(&before, &present);
    if changed.is_empty() && gone.is_empty() {
        return;
    }
    let (mine, mut entries): (Vec<_>, Vec<_>) = read(old).into_iter().partition(|entry| entry.is_of(author, part));
    for entry in &mut entries {
        entry.fields_v1 = fields::difference(&entry.fields_v1, &fields::union(&changed, &gone));
    }
    let owned = mine.first().map_or_else(Fields::new, |entry| fields::difference(&entry.fields_v1, &gone));
    entries.push(Entry::new(key, part, author, now, fields::union(&owned, &changed)));
    entries.retain(|entry| !entry.fields_v1.is_empty());
    write(new, &entries);
}

impl Store {
    /// Server-side apply: what `wanted` says becomes so and is the author's; what the author applied before and
    /// says no more is removed, unless somebody else owns it, too.
    pub(super) fn apply(
        &mut self,
        key: &Key,
        part: Part,
        wanted: &Value,
        author: &Author,
        force: bool,
    ) -> Result<Arc<Value>, Refusal> {
        let wanted = &fields::without_nulls(wanted);
        check_configuration(wanted, key)?;
        if !self.objects.contains_key(key) {
            return self.create_by_apply(key, part, wanted, author);
        }
        let now = self.now();
        self.update(key, part, author, |old| merge(old, wanted, key, part, author, force, &now))
    }

    /// A resource version does not keep an apply from creating the object; a uid does.
    fn create_by_apply(
        &mut self,
        key: &Key,
        part: Part,
        wanted: &Value,
        author: &Author,
    ) -> Result<Arc<Value>, Refusal> {
        if part == Part::Status {
            return Err(key.not_found());
        }
        if let Some(uid) = wanted["metadata"]["uid"].as_str() {
            let why =
                format!("uid mismatch: the provided object specified uid {uid}, and no existing object was found");
            return Err(key.conflict(&why));
        }
        let mut object = wanted.clone();
        object["metadata"]["name"] = key.name.as_str().into();
        if let Some(metadata) = object["metadata"].as_object_mut() {
            metadata.remove("resourceVersion");
        }
        self.create(key.resource, &key.namespace, object, author)
    }
}

fn check_configuration(wanted: &Value, key: &Key) -> Result<(), Refusal> {
    if wanted["kind"] != key.resource.kind || wanted["apiVersion"] != key.resource.api_version() {
        return Err(Refusal::bad_request("the kind and apiVersion of an apply have to be those of the path"));
    }
    match wanted["metadata"].get("managedFields") {
        None | Some(Value::Null) => Ok(()),
        Some(_) => Err(Refusal::bad_request("metadata.managedFields must be nil")),
    }
}

fn merge(
    old: &Value,
    wanted: &Value,
    key: &Key,
    part: Part,
    author: &Author,
    force: bool,
    now: &Value,
) -> Result<Value, Refusal> {
    let set = ownable(wanted, key.resource, part);
    let claimed = fields::of(&set);
    let (mine, mut others): (Vec<_>, Vec<_>) = read(old).into_iter().partition(|entry| entry.is_of(author, part));
    let contested = fields::differing(&claimed, Some(&set), Some(old));
    for entry in &mut others {
        let conflicts = fields::intersection(&contested, &entry.fields_v1);
        if !conflicts.is_empty() && !force {
            return Err(conflict(key, entry, &conflicts));
        }
        entry.fields_v1 = fields::difference(&entry.fields_v1, &conflicts);
    }
    let formerly = mine.first().map_or_else(Fields::new, |entry| entry.fields_v1.clone());
    let shared = others.iter().fold(claimed.clone(), |all, entry| fields::union(&all, &entry.fields_v1));
    let mut new = old.clone();
    fields::remove(&mut new, &fields::difference(&formerly, &shared));
    fields::lay_over(&mut new, &set);
    for field in ["uid", "resourceVersion"] {
        if let Some(expected) = wanted["metadata"].get(field).filter(|expected| !expected.is_null()) {
            new["metadata"][field] = expected.clone();
        }
    }
    let time = mine.first().filter(|_| formerly == claimed).map_or(now, |entry| &entry.time);
    others.push(Entry::new(key, part, author, time, claimed));
    others.retain(|entry| !entry.fields_v1.is_empty());
    write(&mut new, &others);
    Ok(new)
}

fn conflict(key: &Key, entry: &Entry, conflicts: &Fields) -> Refusal {
    key.conflict(&format!("Apply failed with 1 conflict: conflict with \"{}\": {}", entry.manager, json!(conflicts)))
}

/// That part of an object which a request of this kind can own: no identity, and either the status or the rest.
fn ownable(object: &Value, resource: &Resource, part: Part) -> Value {
    if part == Part::Status {
        return json!({"status": object["status"]});
    }
    let mut object = object.clone();
    if let Some(members) = object.as_object_mut() {
        members.retain(|name, _| !matches!(name.as_str(), "apiVersion" | "kind"));
        if resource.custom {
            members.remove("status");
        }
        if let Some(metadata) = members.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.retain(|name, _| !UNOWNED.contains(&name.as_str()));
        }
        members.retain(|name, value| name != "metadata" || value.as_object().is_some_and(|it| !it.is_empty()));
    }
    object
}

fn read(object: &Value) -> Vec<Entry> {
    let entries = object["metadata"].get("managedFields").cloned().unwrap_or_else(|| json!([]));
    serde_json::from_value(entries).expect("only the server writes managedFields")
}

/// Entries are kept in one order, so that who wrote last does not alone make a difference.
fn write(object: &mut Value, entries: &[Entry]) {
    let mut entries: Vec<_> = entries.to_vec();
    entries
        .sort_by_key(|entry| (entry.manager.clone(), entry.operation == Operation::Update, entry.subresource.clone()));
    object["metadata"]["managedFields"] = json!(entries);
}
