//! Safety, judged by what was asked and what there is, never by what the operator thinks.
//!
//! Every request of the operator passes here before it reaches the cloud. The ledger knows the rules from the
//! outside: it reads manifests and records as plain JSON, and nothing of the operator's code decides for it.

mod cratedb;
mod typedb;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use clusterwright::clock::{Clock, earlier};
use clusterwright::cloud::transport::SendError;
use clusterwright::simulator::Simulator;
use http::request::Parts;
use http::{Method, Request, Response};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::OPERATOR;
use crate::apiserver::ApiServer;

/// From the announcement of a write to the write.
const SEND_WITHIN: SignedDuration = SignedDuration::from_secs(5);

/// An order of the user may cross with a write that is on its way: the time for a look, and for a token.
const CROSSING: std::time::Duration = std::time::Duration::from_secs(9);

/// What was seen, and what was wrong with it.
#[derive(Debug)]
pub(crate) struct Ledger {
    api: ApiServer,
    cloud: Simulator,
    clock: Clock,
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    /// Records by name, and when the operator wrote them last.
    records: BTreeMap<String, Noted>,
    /// Manifests as they were before the user changed them.
    former: Vec<(Timestamp, Value)>,
    /// Creates by the cluster's id or name, whichever is chosen by us: when, and for which manifest.
    sends: BTreeMap<String, Vec<(Timestamp, String)>>,
    /// What was sent to CrateDB Cloud.
    cratedb: cratedb::Book,
    violations: Vec<String>,
}

#[derive(Debug, Clone)]
struct Noted {
    at: Timestamp,
    version: String,
    record: Value,
    passwords: [Option<String>; 2],
}

impl Ledger {
    pub(crate) fn new(api: ApiServer, cloud: Simulator, clock: Clock) -> Self {
        Self { api, cloud, clock, book: Mutex::default() }
    }

    /// The user is about to change a manifest: what is on its way may still go by what it was.
    pub(crate) fn changes(&self, manifest: &Value) {
        let (namespace, name) = (string(&manifest["metadata"]["namespace"]), string(&manifest["metadata"]["name"]));
        if let Some(before) = self.api.user().get(&string(&manifest["kind"]), &namespace, &name) {
            self.book.lock().unwrap().former.push((self.clock.now(), before));
        }
    }

    /// The operator has sent something to the API server: if it was a record, it is noted as it now is.
    pub(crate) fn told_kubernetes(&self, parts: &Parts, body: &Bytes) {
        let collection = format!("/api/v1/namespaces/{OPERATOR}/secrets");
        let Some(rest) = parts.uri.path().strip_prefix(&collection) else { return };
        if parts.method == Method::GET {
            return;
        }
        let sent: Value = serde_json::from_slice(body).unwrap_or_default();
        let name = rest.trim_start_matches('/').split('?').next().filter(|name| !name.is_empty());
        let name = name.map_or_else(|| string(&sent["metadata"]["name"]), str::to_owned);
        self.note(&name);
    }

    fn note(&self, name: &str) {
        let mut book = self.book.lock().unwrap();
        let Some(secret) = self.api.user().get("Secret", OPERATOR, name) else {
            book.records.remove(name);
            return;
        };
        let version = string(&secret["metadata"]["resourceVersion"]);
        if book.records.get(name).is_some_and(|noted| noted.version == version) {
            return;
        }
        let record = text(&secret, "record").and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let passwords = ["currentPassword", "pendingPassword"].map(|key| text(&secret, key));
        let at = self.api.changed_at("Secret", OPERATOR, name).unwrap_or_else(|| self.clock.now());
        book.records.insert(name.to_owned(), Noted { at, version, record, passwords });
    }

    /// The operator is about to send something to the cloud. What comes back names it, where its outcome is to be noted.
    pub(crate) fn asks_cloud(&self, request: &Request<Bytes>) -> Option<cratedb::Sending> {
        let path = request.uri().path();
        let to_cratedb = path.starts_with("/api/v2/") || path == "/_sql";
        let (sending, verdict) =
            if to_cratedb { self.asks_cratedb(request) } else { (None, self.asks_typedb(request)) };
        if let Err(why) = verdict {
            let mut book = self.book.lock().unwrap();
            book.violations.push(format!("{} {} {}: {why}", self.clock.now(), request.method(), request.uri()));
        }
        sending
    }

    /// The operator got an answer, or gave up waiting for one.
    pub(crate) fn answered(&self, sending: Option<cratedb::Sending>, answer: &Result<Response<Bytes>, SendError>) {
        if let Some(sending) = sending {
            self.book.lock().unwrap().cratedb.settle(sending, answer);
        }
    }

    /// Whether the record's manifest, as it is or as it was a moment ago, allows a write.
    fn permitted(&self, record: &Value, is_so: impl Fn(&Value) -> bool) -> Result<(), String> {
        let [namespace, name, uid] = ["namespace", "name", "uid"].map(|part| string(&record["owner"][part]));
        let recent = earlier(self.clock.now(), CROSSING);
        let present = self.api.user().get(&string(&record["owner"]["kind"]), &namespace, &name);
        let book = self.book.lock().unwrap();
        let former = book.former.iter().filter(|(until, _)| *until >= recent).map(|(_, manifest)| manifest);
        let permits = |manifest: &&Value| {
            manifest["kind"] == record["owner"]["kind"]
                && manifest["metadata"]["uid"] == *uid
                && manifest["metadata"]["name"] == *name
                && manifest["spec"]["management"] != "Observed"
                && manifest["metadata"]["annotations"]["clusterwright.dev/paused"] != "true"
                && is_so(manifest)
        };
        if present.iter().chain(former).any(|manifest| permits(&manifest)) {
            Ok(())
        } else {
            Err(format!("no manifest {namespace}/{name} of uid {uid} allows it; it is {present:?}"))
        }
    }

    /// The records that are so and not filed.
    fn records(&self, is_so: impl Fn(&Value) -> bool) -> Vec<Noted> {
        let book = self.book.lock().unwrap();
        book.records.values().filter(|noted| noted.record["filed"] != true && is_so(&noted.record)).cloned().collect()
    }

    /// Nothing has been wrong so far.
    pub(crate) fn check(&self) {
        let book = self.book.lock().unwrap();
        assert!(book.violations.is_empty(), "{}", book.violations.join("\n"));
    }

    /// No manifest has two clusters, and no cluster two manifests.
    pub(crate) fn check_claims(&self) {
        let owners: BTreeSet<String> = {
            let book = self.book.lock().unwrap();
            book.sends.values().flatten().map(|(_, owner)| owner.clone()).collect()
        };
        for owner in owners {
            let living = self.living(&owner);
            assert!(living.len() <= 1, "{owner} has more than one cluster: {living:?}");
        }
        let mut holders: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for noted in self.stored() {
            let [namespace, name, uid] = ["namespace", "name", "uid"].map(|part| string(&noted.record["owner"][part]));
            let kind = string(&noted.record["owner"]["kind"]);
            let manifest = self.api.user().get(&kind, &namespace, &name).unwrap_or_default();
            let managed = manifest["spec"]["management"] != "Observed" && manifest["metadata"]["uid"] == *uid;
            if noted.record["filed"] != true && managed && !noted.record["bound"].is_null() {
                let bound = &noted.record["bound"];
                let identity = format!("{} of {}", bound["id"], bound["createdAt"]);
                holders.entry(identity).or_default().push(owner(&noted.record));
            }
        }
        for (cluster, owners) in holders {
            assert!(owners.len() <= 1, "{cluster} is claimed by {owners:?}");
        }
    }

    /// The clusters that live and were created for a manifest.
    fn living(&self, manifest: &str) -> Vec<String> {
        [self.living_in_typedb(manifest), self.living_in_cratedb(manifest)].concat()
    }

    /// For each cluster that runs and whose password is known: what the records say may open it.
    pub(crate) fn ways_in(&self) -> Vec<(String, Vec<String>)> {
        let stored = self.stored();
        [self.ways_into_typedb(&stored), self.ways_into_cratedb(&stored)].concat()
    }

    /// That a manifest is being deleted, and asks for its database to be destroyed with it.
    fn destroy_permitted(&self, noted: &Noted, definition: &str) -> Result<(), String> {
        self.permitted(&noted.record, |manifest| {
            !manifest["metadata"]["deletionTimestamp"].is_null() && manifest["spec"]["deletionPolicy"] == "Delete"
        })?;
        let definition = self.api.user().get("CustomResourceDefinition", "", definition).unwrap_or_default();
        if definition.is_null() || !definition["metadata"]["deletionTimestamp"].is_null() {
            return Err("the kind itself is being deleted".to_owned());
        }
        Ok(())
    }

    /// The records as the API server has them.
    fn stored(&self) -> Vec<Noted> {
        let names: Vec<String> = self
            .api
            .user()
            .list("Secret")
            .iter()
            .filter(|secret| secret["type"] == "clusterwright.dev/record")
            .map(|secret| string(&secret["metadata"]["name"]))
            .collect();
        for name in &names {
            self.note(name);
        }
        let book = self.book.lock().unwrap();
        names.iter().filter_map(|name| book.records.get(name).cloned()).collect()
    }
}

fn newest(records: Vec<Noted>) -> Option<Noted> {
    records.into_iter().max_by_key(|noted| noted.at)
}

fn in_time(noted: &Noted, now: Timestamp) -> Result<(), String> {
    let age = now.duration_since(noted.at);
    if age <= SEND_WITHIN { Ok(()) } else { Err(format!("it was announced {age:#} ago")) }
}

/// Namespace and name of a record's manifest.
fn owner(record: &Value) -> String {
    format!("{}/{}", string(&record["owner"]["namespace"]), string(&record["owner"]["name"]))
}

fn string(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A value in a Secret.
pub(crate) fn text(secret: &Value, key: &str) -> Option<String> {
    let plain = secret["stringData"][key].as_str().map(str::to_owned);
    let encoded =
        || STANDARD.decode(secret["data"][key].as_str()?).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    plain.or_else(encoded)
}
