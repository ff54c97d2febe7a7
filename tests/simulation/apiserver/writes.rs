//! What happens to an object that is created, changed or deleted.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::owners::{self, Author, Operation};
use super::refusal::Refusal;
use super::request::Part;
use super::resource::{DEFINITIONS, NAMESPACES, Resource, SECRETS};
use super::store::{Key, Store, add_finalizer, finalizers, is_deleting};

/// Metadata that only the server writes.
const SERVER_OWNED: [&str; 6] =
    ["uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds", "managedFields"];

/// What a deletion depends on, and what it does to dependents.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct DeleteOptions {
    preconditions: Preconditions,
    propagation_policy: Option<String>,
    dry_run: Vec<String>,
}

#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Preconditions {
    uid: Option<String>,
    resource_version: Option<String>,
}

impl DeleteOptions {
    pub(super) fn read(body: &[u8]) -> Result<Self, Refusal> {
        if body.is_empty() {
            return Ok(Self::default());
        }
        serde_json::from_slice(body).map_err(|error| Refusal::bad_request(&error.to_string()))
    }

    pub(super) fn is_dry_run(&self) -> bool {
        !self.dry_run.is_empty()
    }

    /// The finalizer by which the garbage collector does its part first.
    fn finalizer(&self) -> Option<&'static str> {
        match self.propagation_policy.as_deref() {
            Some("Foreground") => Some("foregroundDeletion"),
            Some("Orphan") => Some("orphan"),
            _ => None,
        }
    }
}

impl Store {
    /// Creates an object in the namespace of the request.
    pub(super) fn create(
        &mut self,
        resource: &'static Resource,
        namespace: &str,
        mut object: Value,
        author: &Author,
    ) -> Result<Arc<Value>, Refusal> {
        shape(&mut object, resource)?;
        let key = Key::new(resource, namespace, &self.name_for(resource, &object)?);
        identify(&mut object, &key)?;
        if object["metadata"].get("resourceVersion").is_some_and(|version| version != "") {
            return Err(Refusal::new(
                500,
                "InternalError",
                "resourceVersion should not be set on objects to be created",
            ));
        }
        self.accepting(&key)?;
        if self.objects.contains_key(&key) {
            return Err(Refusal::already_exists(resource, &key.name));
        }
        let metadata = members(&mut object["metadata"]);
        for field in SERVER_OWNED {
            metadata.remove(field);
        }
        let uid = format!("00000000-0000-4000-8000-{:012x}", self.next_serial());
        metadata.insert("uid".into(), uid.into());
        metadata.insert("creationTimestamp".into(), self.now());
        if resource.custom {
            metadata.insert("generation".into(), 1.into());
            members(&mut object).remove("status");
        }
        owners::on_create(&mut object, &key, author, &self.now());
        complete(&mut object, &key);
        Ok(self.put(&key, object))
    }

    fn name_for(&mut self, resource: &Resource, object: &Value) -> Result<String, Refusal> {
        let text = |field| object["metadata"][field].as_str().filter(|text| !text.is_empty());
        match (text("name"), text("generateName")) {
            (Some(name), _) => Ok(name.into()),
            (None, Some(prefix)) => Ok(format!("{prefix}{:05x}", self.next_serial())),
            (None, None) => {
                Err(Refusal::invalid(resource, "", "metadata.name: Required value: name or generateName is required"))
            }
        }
    }

    /// Whether anything may be created at this place: its namespace and its kind exist and are here to stay.
    fn accepting(&self, key: &Key) -> Result<(), Refusal> {
        let Key { resource, namespace, name } = key;
        if resource.custom && is_deleting(self.get(&Key::new(&DEFINITIONS, "", &resource.qualified()))?) {
            let message = "create not allowed while custom resource definition is terminating";
            return Err(Refusal::new(405, "MethodNotAllowed", message));
        }
        if resource.namespaced && is_deleting(self.get(&Key::new(&NAMESPACES, "", namespace))?) {
            let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
            return Err(Refusal::forbidden(resource, name, &why));
        }
        Ok(())
    }

    /// Changes an object: `change` makes the wanted state from the stored one, and the server's rules decide what
    /// of it comes to be.
    pub(super) fn update(
        &mut self,
        key: &Key,
        part: Part,
        author: &Author,
        change: impl FnOnce(&Value) -> Result<Value, Refusal>,
    ) -> Result<Arc<Value>, Refusal> {
        let old = self.get(key)?.clone();
        let mut new = change(&old)?;
        shape(&mut new, key.resource)?;
        identify(&mut new, key)?;
        check_version(&new, &old, key)?;
        let applied = new["metadata"].get("managedFields").cloned();
        keep_server_owned(&mut new, &old);
        keep_other_part(&mut new, &old, key.resource, part);
        complete(&mut new, key);
        check_transition(&new, &old, key)?;
        match (author.operation, applied) {
            (Operation::Apply, Some(entries)) => new["metadata"]["managedFields"] = entries,
            _ => owners::on_update(&mut new, &old, key, part, author, &self.now()),
        }
        if key.resource.custom && without_metadata_and_status(&new) != without_metadata_and_status(&old) {
            new["metadata"]["generation"] = (generation(&old) + 1).into();
        }
        if new == *old {
            return Ok(old);
        }
        if is_deleting(&new) && finalizers(&new).is_empty() && !has_content(key.resource) {
            self.remove(key);
            return Ok(Arc::new(new));
        }
        Ok(self.put(key, new))
    }

    /// Deletes an object, or marks it as deleting while something has to happen first. Answers with the object in
    /// the second case.
    pub(super) fn delete(&mut self, key: &Key, options: &DeleteOptions) -> Result<Option<Arc<Value>>, Refusal> {
        let old = self.get(key)?.clone();
        check_preconditions(&old, &options.preconditions, key)?;
        let mut new = Value::clone(&old);
        if let Some(finalizer) = options.finalizer() {
            add_finalizer(&mut new, finalizer);
        }
        if finalizers(&new).is_empty() && !has_content(key.resource) {
            self.remove(key);
            return Ok(None);
        }
        if !is_deleting(&old) {
            new["metadata"]["deletionTimestamp"] = self.now();
            new["metadata"]["deletionGracePeriodSeconds"] = 0.into();
            if key.resource.custom {
                new["metadata"]["generation"] = (generation(&old) + 1).into();
            }
            if key.resource == &NAMESPACES {
                new["status"]["phase"] = "Terminating".into();
            }
        }
        if new == *old {
            return Ok(Some(old));
        }
        Ok(Some(self.put(key, new)))
    }
}

/// Whether something lives inside of it that has to go first.
pub(super) fn has_content(resource: &Resource) -> bool {
    *resource == NAMESPACES || *resource == DEFINITIONS
}

fn members(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = json!({});
    }
    value.as_object_mut().expect("it was just made an object")
}

fn generation(object: &Value) -> u64 {
    object["metadata"]["generation"].as_u64().unwrap_or_default()
}

/// Checks that a body is an object of this resource. Lists of typed items leave out what the path says.
fn shape(object: &mut Value, resource: &Resource) -> Result<(), Refusal> {
    if !object.is_object() {
        return Err(Refusal::bad_request("the body is not an object"));
    }
    for (field, expected) in [("apiVersion", resource.api_version()), ("kind", resource.kind.to_owned())] {
        match object.get(field) {
            None | Some(Value::Null) if !resource.custom => object[field] = expected.into(),
            Some(found) if *found == expected => {}
            found => {
                let message = format!("the {field} in the data ({found:?}) does not match the expected ({expected})");
                return Err(Refusal::bad_request(&message));
            }
        }
    }
    members(&mut object["metadata"]);
    Ok(())
}

/// Checks that a body does not contradict the path, and writes name and namespace of the path into it.
fn identify(object: &mut Value, key: &Key) -> Result<(), Refusal> {
    let metadata = members(&mut object["metadata"]);
    for (field, expected) in [("name", &key.name), ("namespace", &key.namespace)] {
        let found = metadata.get(field).and_then(Value::as_str).unwrap_or_default();
        if !found.is_empty() && found != expected {
            let message =
                format!("the {field} of the object ({found}) does not match the {field} on the URL ({expected})");
            return Err(Refusal::bad_request(&message));
        }
        if expected.is_empty() {
            metadata.remove(field);
        } else {
            metadata.insert(field.into(), expected.as_str().into());
        }
    }
    Ok(())
}

fn check_version(new: &Value, old: &Value, key: &Key) -> Result<(), Refusal> {
    let text = |object: &Value, field| object["metadata"][field].as_str().unwrap_or_default().to_owned();
    let (uid, version) = (text(new, "uid"), text(new, "resourceVersion"));
    if !uid.is_empty() && uid != text(old, "uid") {
        let why = format!("Precondition failed: UID in precondition: {uid}, UID in object meta: {}", text(old, "uid"));
        return Err(key.conflict(&why));
    }
    if version.is_empty() && key.resource.custom {
        return Err(key.invalid("metadata.resourceVersion: Invalid value: 0x0: must be specified for an update"));
    }
    if !version.is_empty() && version != text(old, "resourceVersion") {
        return Err(Refusal::modified(key.resource, &key.name));
    }
    Ok(())
}

fn check_preconditions(old: &Value, wanted: &Preconditions, key: &Key) -> Result<(), Refusal> {
    for (field, wanted) in [("uid", &wanted.uid), ("resourceVersion", &wanted.resource_version)] {
        let found = &old["metadata"][field];
        if let Some(wanted) = wanted
            && found != wanted
        {
            let why = format!(
                "the {field} in the precondition ({wanted}) does not match the {field} in record ({found}). \
                 The object might have been deleted and then recreated"
            );
            return Err(key.conflict(&why));
        }
    }
    Ok(())
}

fn keep_server_owned(new: &mut Value, old: &Value) {
    let (new, old) = (members(&mut new["metadata"]), &old["metadata"]);
    for field in SERVER_OWNED.into_iter().chain(["resourceVersion"]) {
        match old.get(field) {
            Some(value) => new.insert(field.into(), value.clone()),
            None => new.remove(field),
        };
    }
}

/// A request for one half of an object leaves the other as it was; to the status belong no metadata.
fn keep_other_part(new: &mut Value, old: &Value, resource: &Resource, part: Part) {
    let split = resource.custom || *resource == NAMESPACES;
    let (mut kept, status) = match part {
        Part::Main if !split => return,
        Part::Main => (new.take(), old.get("status").cloned()),
        Part::Status => (old.clone(), new.get("status").cloned()),
    };
    match status {
        Some(status) => kept["status"] = status,
        None => drop(members(&mut kept).remove("status")),
    }
    *new = kept;
}

/// What a schema or a strategy adds to every object of a kind, and what decoding takes away.
fn complete(object: &mut Value, key: &Key) {
    members(object).retain(|_, value| !value.is_null());
    members(&mut object["metadata"]).retain(|_, value| !is_empty(value));
    if key.resource.custom && object.get("status").is_none() {
        object["status"] = json!({"observedGeneration": -1});
    }
    if key.resource == &SECRETS {
        complete_secret(object);
    }
    if key.resource == &NAMESPACES {
        object["metadata"]["labels"]["kubernetes.io/metadata.name"] = key.name.as_str().into();
        if object["status"].get("phase").is_none() {
            object["status"]["phase"] = "Active".into();
        }
    }
}

fn complete_secret(secret: &mut Value) {
    if secret.get("type").is_none() {
        secret["type"] = "Opaque".into();
    }
    if let Some(Value::Object(texts)) = members(secret).remove("stringData") {
        for (name, text) in texts {
            secret["data"][name] = STANDARD.encode(text.as_str().unwrap_or_default()).into();
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

fn check_transition(new: &Value, old: &Value, key: &Key) -> Result<(), Refusal> {
    let known = finalizers(old);
    let added: Vec<_> = finalizers(new).iter().filter(|finalizer| !known.contains(finalizer)).collect();
    if is_deleting(old) && !added.is_empty() {
        let why = "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted";
        return Err(key.invalid(&format!("{why}, found new finalizers {added:?}")));
    }
    if key.resource == &SECRETS && new["type"] != old["type"] {
        return Err(key.invalid("type: Invalid value: field is immutable"));
    }
    Ok(())
}

fn without_metadata_and_status(object: &Value) -> Vec<(&String, &Value)> {
    let members = object.as_object().into_iter().flatten();
    members.filter(|(name, _)| !matches!(name.as_str(), "metadata" | "status")).collect()
}
