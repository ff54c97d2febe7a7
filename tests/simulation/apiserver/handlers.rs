//! One answer to one request; watches are answered elsewhere.

use std::sync::Arc;

use serde_json::{Value, json};

use super::owners::{Author, Operation};
use super::patch;
use super::refusal::Refusal;
use super::request::{Call, Verb};
use super::resource::{DEFINITIONS, Resource};
use super::store::{Key, Objects, Store, select};
use super::writes::DeleteOptions;

/// A successful answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) code: u16,
    pub(super) body: Value,
}

/// Does what was asked, together with everything that follows from it.
pub(super) fn handle(store: &mut Store, call: &Call) -> Result<Answer, Refusal> {
    served(store, call.resource)?;
    if call.verb.writes() && is_dry_run(call)? {
        return perform(&mut store.clone(), call);
    }
    let answer = perform(store, call);
    store.settle();
    answer
}

/// A custom resource is served while its definition exists.
pub(super) fn served(store: &Store, resource: &Resource) -> Result<(), Refusal> {
    let defined = || store.objects.contains_key(&Key::new(&DEFINITIONS, "", &resource.qualified()));
    if resource.custom && !defined() { Err(Refusal::no_such_path()) } else { Ok(()) }
}

fn is_dry_run(call: &Call) -> Result<bool, Refusal> {
    let deletes = matches!(call.verb, Verb::Delete | Verb::DeleteCollection);
    let in_body = deletes && DeleteOptions::read(&call.body)?.is_dry_run();
    Ok(in_body || call.parameters.dry_run == "All")
}

fn perform(store: &mut Store, call: &Call) -> Result<Answer, Refusal> {
    match call.verb {
        Verb::Get => get(store, call),
        Verb::List | Verb::Watch => list(store, call),
        Verb::Create => {
            let object = store.create(call.resource, &call.namespace, call.json()?, &call.author())?;
            Ok(call.answer(201, &object))
        }
        Verb::Update => {
            let wanted = call.json()?;
            let object = store.update(&call.key(), call.part, &call.author(), |_| Ok(wanted))?;
            Ok(call.answer(200, &object))
        }
        Verb::Patch => {
            let change = |old: &Value| patch::apply(old, &call.content_type, &call.body);
            let object = store.update(&call.key(), call.part, &call.author(), change)?;
            Ok(call.answer(200, &object))
        }
        Verb::Apply => apply(store, call),
        Verb::Delete => delete(store, call),
        Verb::DeleteCollection => delete_collection(store, call),
    }
}

fn get(store: &Store, call: &Call) -> Result<Answer, Refusal> {
    let key = call.key();
    let object = match call.parameters.resource_version.as_str() {
        "" => store.get(&key)?,
        _ => cached(store, call)?.1.get(&key).ok_or_else(|| key.not_found())?,
    };
    Ok(call.answer(200, object))
}

fn list(store: &Store, call: &Call) -> Result<Answer, Refusal> {
    let (revision, objects) = match call.parameters.resource_version.as_str() {
        "" => (store.revision, &store.objects),
        _ => cached(store, call)?,
    };
    let items: Vec<_> = select(objects, call.resource, &call.namespace, &call.selector)
        .map(|(_, object)| call.list_item(object))
        .collect();
    let (api_version, kind) = if call.metadata_only {
        ("meta.k8s.io/v1".into(), "PartialObjectMetadataList".into())
    } else {
        (call.resource.api_version(), format!("{}List", call.resource.kind))
    };
    let metadata = json!({"resourceVersion": revision.to_string()});
    let body = json!({"apiVersion": api_version, "kind": kind, "metadata": metadata, "items": items});
    Ok(Answer { code: 200, body })
}

/// What a read with a resource version sees: the cache, if it is not older than that.
fn cached<'a>(store: &'a Store, call: &Call) -> Result<(u64, &'a Objects), Refusal> {
    let asked = revision(&call.parameters.resource_version)?;
    let (current, objects) = store.cached(call.resource);
    match call.parameters.resource_version_match.as_str() {
        _ if asked > current => Err(Refusal::too_large(asked, current)),
        "Exact" if asked < current => Err(Refusal::expired(asked, current)),
        _ => Ok((current, objects)),
    }
}

/// Reads a resource version; an empty one is 0, which means any.
pub(super) fn revision(text: &str) -> Result<u64, Refusal> {
    if text.is_empty() {
        return Ok(0);
    }
    text.parse()
        .map_err(|_| Refusal::bad_request(&format!("Invalid value: \"{text}\": a resource version is a number")))
}

fn apply(store: &mut Store, call: &Call) -> Result<Answer, Refusal> {
    if call.parameters.field_manager.is_empty() {
        let message =
            "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch";
        return Err(Refusal::new(422, "Invalid", message));
    }
    let key = call.key();
    let code = if store.objects.contains_key(&key) { 200 } else { 201 };
    let object = store.apply(&key, call.part, &call.json()?, &call.author(), call.parameters.force)?;
    Ok(call.answer(code, &object))
}

fn delete(store: &mut Store, call: &Call) -> Result<Answer, Refusal> {
    let key = call.key();
    let uid = store.get(&key)?["metadata"]["uid"].clone();
    match store.delete(&key, &DeleteOptions::read(&call.body)?)? {
        Some(object) => Ok(call.answer(200, &object)),
        None => Ok(success(
            &json!({"name": key.name, "group": key.resource.group, "kind": key.resource.plural, "uid": uid}),
        )),
    }
}

fn delete_collection(store: &mut Store, call: &Call) -> Result<Answer, Refusal> {
    let options = DeleteOptions::read(&call.body)?;
    let found = select(&store.objects, call.resource, &call.namespace, &call.selector);
    for key in found.map(|(key, _)| key.clone()).collect::<Vec<_>>() {
        store.delete(&key, &options)?;
    }
    Ok(success(&json!({})))
}

fn success(details: &Value) -> Answer {
    let body = json!({"apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Success", "details": details});
    Answer { code: 200, body }
}

impl Call {
    fn key(&self) -> Key {
        Key::new(self.resource, &self.namespace, &self.name)
    }

    fn json(&self) -> Result<Value, Refusal> {
        serde_json::from_slice(&self.body).map_err(|error| Refusal::bad_request(&format!("error decoding: {error}")))
    }

    fn author(&self) -> Author {
        let operation = if self.verb == Verb::Apply { Operation::Apply } else { Operation::Update };
        let manager = self.parameters.field_manager.as_str();
        Author { manager: if manager.is_empty() { "unknown" } else { manager }.into(), operation }
    }

    fn answer(&self, code: u16, object: &Value) -> Answer {
        Answer { code, body: self.view(object) }
    }

    /// An object in the form that the client asked for.
    pub(super) fn view(&self, object: &Value) -> Value {
        if self.metadata_only {
            json!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": object["metadata"]})
        } else {
            object.clone()
        }
    }

    /// An object in a list: the items of built-in kinds do not say what they are.
    fn list_item(&self, object: &Arc<Value>) -> Value {
        let mut item = self.view(object);
        if !self.resource.custom
            && !self.metadata_only
            && let Some(members) = item.as_object_mut()
        {
            members.retain(|name, _| !matches!(name.as_str(), "apiVersion" | "kind"));
        }
        item
    }
}
