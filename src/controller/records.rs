//! The records: one Secret a cluster, in the operator's own namespace.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{DeleteParams, PostParams, Preconditions};
use kube::runtime::reflector::ObjectRef;
use kube::runtime::watcher;
use kube::{Api, ResourceExt};
use tokio::sync::watch;

use crate::api::identity::{Handle, Location};
use crate::api::secret::Password;
use crate::controller::clouds::Managed;
use crate::controller::told;
use crate::fingerprint::Fingerprint;
use crate::plan::{PasswordState, Record};

/// The type of a record's Secret. A Secret of this type is refused wherever a manifest refers to one.
pub const RECORD_TYPE: &str = "clusterwright.dev/record";

/// The label by which the records of one kind are watched, and no other Secret. Its value is the kind.
pub(crate) const RECORD_LABEL: &str = "clusterwright.dev/record";

const RECORD_KEY: &str = "record";
const CURRENT_KEY: &str = "currentPassword";
const PENDING_KEY: &str = "pendingPassword";

/// A record, with the version of the Secret in which it was read.
#[derive(Clone, Debug)]
pub(crate) struct Stored<K: Managed> {
    pub(crate) record: Record<K>,
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) uid: Option<String>,
    pub(crate) version: Option<String>,
}

/// Why a record could not be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordError {
    /// Somebody wrote it in between: read again, plan again.
    #[error("the record was changed by somebody else")]
    Conflict,
    #[error("Secret {name} in the operator's namespace is not a readable record: {why}")]
    Unreadable { name: String, why: String },
    #[error("{}", told(.0))]
    Kube(#[from] kube::Error),
}

/// All records: watched, with what this process wrote a moment ago on top.
pub(crate) struct Records<K: Managed> {
    api: Api<Secret>,
    index: Mutex<Index<K>>,
    ready: watch::Sender<bool>,
}

/// The name of the record of one manifest. A manifest's name has at most 63 characters, so it always fits.
#[must_use]
pub(crate) fn name_of<K: Managed>(namespace: &str, name: &str) -> String {
    format!("{}.{namespace}.{name}", K::NAME)
}

impl<K: Managed> Records<K> {
    pub(crate) fn new(client: kube::Client, namespace: &str) -> Self {
        Self { api: Api::namespaced(client, namespace), index: Mutex::default(), ready: watch::channel(false).0 }
    }

    /// Waits until every record that there was at the start is known.
    pub(crate) async fn wait_until_ready(&self) {
        // The sender lives as long as `self`, so there is nothing to go wrong.
        self.ready.subscribe().wait_for(|ready| *ready).await.ok();
    }

    /// Takes in what the watch says.
    pub(crate) fn watched(&self, event: &watcher::Event<Secret>) {
        let mut index = self.index();
        match event {
            watcher::Event::Init => index.seen_in_list = Some(HashSet::new()),
            watcher::Event::InitApply(secret) => {
                let name = secret.name_any();
                index.seen_in_list.get_or_insert_default().insert(name);
                index.put(secret);
            }
            watcher::Event::InitDone => {
                index.keep_listed();
                self.ready.send_replace(true);
            }
            watcher::Event::Apply(secret) => index.put(secret),
            watcher::Event::Delete(secret) => index.remove(&secret.name_any(), version(secret)),
        }
    }

    /// The record of this name, as it is known here.
    pub(crate) fn cached(&self, name: &str) -> Result<Option<Arc<Stored<K>>>, RecordError> {
        match self.index().by_name.get(name) {
            Some(Entry::Readable(stored)) => Ok(Some(Arc::clone(stored))),
            Some(Entry::Unreadable(why)) => Err(RecordError::Unreadable { name: name.to_owned(), why: why.clone() }),
            None => Ok(None),
        }
    }

    /// The record of this name, as the API server has it.
    pub(crate) async fn fresh(&self, name: &str) -> Result<Option<Arc<Stored<K>>>, RecordError> {
        match self.api.get_opt(name).await? {
            Some(secret) => self.index().put(&secret),
            None => self.index().remove(name, u128::MAX),
        }
        self.cached(name)
    }

    /// Every record about this target at this location.
    pub(crate) fn about(&self, location: &Location, target: &Handle) -> Vec<Arc<Stored<K>>> {
        let index = self.index();
        let names = index.by_target.get(&(location.clone(), target.clone()));
        names.into_iter().flatten().filter_map(|name| index.readable(name)).collect()
    }

    /// Every readable record.
    pub(crate) fn all(&self) -> Vec<Arc<Stored<K>>> {
        let index = self.index();
        index.by_name.keys().filter_map(|name| index.readable(name)).collect()
    }

    /// Writes a record: creates it, or replaces exactly the version that was read.
    pub(crate) async fn write(&self, stored: &Stored<K>) -> Result<Stored<K>, RecordError> {
        let secret = render(stored)?;
        let result = match stored.version {
            Some(_) => self.api.replace(&stored.name, &PostParams::default(), &secret).await,
            None => self.api.create(&PostParams::default(), &secret).await,
        };
        let written = result.map_err(conflict)?;
        self.index().put(&written);
        parse(&written)
    }

    /// Keeps a record under another name, where it claims nothing.
    pub(crate) async fn file(&self, stored: &Stored<K>) -> Result<(), RecordError> {
        let mut filed = stored.clone();
        filed.record.filed = true;
        filed.name = filed_name(stored);
        filed.version = None;
        filed.uid = None;
        // An older copy may lack a password that was set since.
        if let Some(older) = self.fresh(&filed.name).await? {
            filed.version.clone_from(&older.version);
            filed.uid.clone_from(&older.uid);
        }
        self.write(&filed).await.map(|_| ())
    }

    /// Removes exactly the version that was read.
    pub(crate) async fn remove(&self, stored: &Stored<K>) -> Result<(), RecordError> {
        let params = DeleteParams {
            preconditions: Some(Preconditions { uid: stored.uid.clone(), resource_version: stored.version.clone() }),
            ..DeleteParams::default()
        };
        match self.api.delete(&stored.name, &params).await {
            Err(kube::Error::Api(status)) if status.is_not_found() => {}
            other => {
                other.map_err(conflict)?;
            }
        }
        self.index().remove(&stored.name, u128::MAX);
        Ok(())
    }

    fn index(&self) -> MutexGuard<'_, Index<K>> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Records by name, and by the cluster that they are about.
struct Index<K: Managed> {
    by_name: HashMap<String, Entry<K>>,
    by_target: HashMap<(Location, Handle), BTreeSet<String>>,
    seen_in_list: Option<HashSet<String>>,
}

impl<K: Managed> Default for Index<K> {
    fn default() -> Self {
        Self { by_name: HashMap::new(), by_target: HashMap::new(), seen_in_list: None }
    }
}

enum Entry<K: Managed> {
    Readable(Arc<Stored<K>>),
    Unreadable(String),
}

impl<K: Managed> Index<K> {
    fn readable(&self, name: &str) -> Option<Arc<Stored<K>>> {
        match self.by_name.get(name)? {
            Entry::Readable(stored) => Some(Arc::clone(stored)),
            Entry::Unreadable(_) => None,
        }
    }

    /// Takes in a Secret, unless a newer version of it is known.
    fn put(&mut self, secret: &Secret) {
        let name = secret.name_any();
        let known = self.readable(&name).map(|stored| stored.version_number());
        if known.is_some_and(|known| known > version(secret)) {
            return;
        }
        self.remove(&name, u128::MAX);
        let entry = match parse(secret) {
            Ok(stored) => {
                for key in target_keys(&stored.record) {
                    self.by_target.entry(key).or_default().insert(name.clone());
                }
                Entry::Readable(Arc::new(stored))
            }
            Err(error) => Entry::Unreadable(error.to_string()),
        };
        self.by_name.insert(name, entry);
    }

    /// Lets go of a record, unless a version newer than `version` is known.
    fn remove(&mut self, name: &str, version: u128) {
        if let Some(stored) = self.readable(name) {
            if stored.version_number() > version {
                return;
            }
            for key in target_keys(&stored.record) {
                let Some(names) = self.by_target.get_mut(&key) else { continue };
                names.remove(name);
                if names.is_empty() {
                    self.by_target.remove(&key);
                }
            }
        }
        self.by_name.remove(name);
    }

    /// After a list, what it did not show is gone, unless it was written after everything that the list did show.
    fn keep_listed(&mut self) {
        let Some(listed) = self.seen_in_list.take() else { return };
        let version_of = |name: &String| self.readable(name).map(|stored| stored.version_number());
        let newest = listed.iter().filter_map(version_of).max().unwrap_or_default();
        let gone: Vec<String> = self.by_name.keys().filter(|name| !listed.contains(*name)).cloned().collect();
        for name in gone {
            self.remove(&name, newest);
        }
    }
}

impl<K: Managed> Stored<K> {
    /// The Secret that holds it.
    pub(crate) fn object(&self) -> ObjectRef<Secret> {
        ObjectRef::new(&self.name).within(&self.namespace)
    }

    pub(crate) fn version_number(&self) -> u128 {
        self.version.as_ref().and_then(|version| version.parse().ok()).unwrap_or_default()
    }
}

fn target_keys<K: Managed>(record: &Record<K>) -> Vec<(Location, Handle)> {
    record.targets().map(|target| (record.location.clone(), target)).collect()
}

/// Resource versions of one resource can be compared as numbers (KEP-5504).
fn version(secret: &Secret) -> u128 {
    secret.resource_version().and_then(|version| version.parse().ok()).unwrap_or_default()
}

fn filed_name<K: Managed>(stored: &Stored<K>) -> String {
    let identity = stored.record.bound.as_ref().map(|bound| &bound.identity);
    let hash = Fingerprint::default()
        .part(stored.record.location.to_string())
        .part(identity.map_or("", |identity| identity.id.as_str()))
        .part(identity.map_or(0, |identity| identity.created_at.epoch_millis()).to_be_bytes())
        .part(&stored.record.owner.uid)
        .finish();
    format!("{}.filed-{hash}", stored.name)
}

fn conflict(error: kube::Error) -> RecordError {
    match error {
        kube::Error::Api(status) if status.is_conflict() || status.is_already_exists() || status.is_not_found() => {
            RecordError::Conflict
        }
        other => RecordError::Kube(other),
    }
}

fn parse<K: Managed>(secret: &Secret) -> Result<Stored<K>, RecordError> {
    let name = secret.name_any();
    let unreadable = |why: String| RecordError::Unreadable { name: name.clone(), why };
    let data = secret.data.as_ref().ok_or_else(|| unreadable("it has no data".to_owned()))?;
    let json = data.get(RECORD_KEY).ok_or_else(|| unreadable(format!("it has no key {RECORD_KEY}")))?;
    let mut record: Record<K> = serde_json::from_slice(&json.0).map_err(|error| unreadable(error.to_string()))?;
    let password =
        |key: &str| data.get(key).and_then(|value| String::from_utf8(value.0.clone()).ok()).map(Password::new);
    record.password = PasswordState { current: password(CURRENT_KEY), pending: password(PENDING_KEY) };
    Ok(Stored {
        record,
        name: name.clone(),
        namespace: secret.namespace().unwrap_or_default(),
        uid: secret.uid(),
        version: secret.resource_version(),
    })
}

fn render<K: Managed>(stored: &Stored<K>) -> Result<Secret, RecordError> {
    let unreadable =
        |error: serde_json::Error| RecordError::Unreadable { name: stored.name.clone(), why: error.to_string() };
    let json = serde_json::to_vec_pretty(&stored.record).map_err(unreadable)?;
    let mut data = BTreeMap::from([(RECORD_KEY.to_owned(), ByteString(json))]);
    let passwords = [(CURRENT_KEY, &stored.record.password.current), (PENDING_KEY, &stored.record.password.pending)];
    for (key, password) in passwords {
        if let Some(password) = password {
            data.insert(key.to_owned(), ByteString(password.expose().as_bytes().to_vec()));
        }
    }
    let mut secret = Secret { data: Some(data), type_: Some(RECORD_TYPE.to_owned()), ..Secret::default() };
    secret.metadata.name = Some(stored.name.clone());
    secret.metadata.resource_version.clone_from(&stored.version);
    secret.labels_mut().insert(RECORD_LABEL.to_owned(), K::NAME.to_owned());
    Ok(secret)
}
