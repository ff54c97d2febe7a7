//! What the operator may send to TypeDB Cloud.

use std::collections::BTreeSet;

use bytes::Bytes;
use clusterwright::simulator::RequestRow;
use http::{Method, Request};
use serde_json::{Value, json};

use super::{Ledger, Noted, in_time, newest, owner, string};

/// The part of a path before its last one.
fn before_last(path: &str) -> &str {
    path.rsplit('/').nth(1).unwrap_or_default()
}

/// The change that an update of one field amounts to, as a record announces it.
fn change_of(body: &Bytes) -> Value {
    let sent: Value = serde_json::from_slice(body).unwrap_or_default();
    let fields: Vec<(&String, &Value)> = sent.as_object().into_iter().flatten().collect();
    let [(field, value)] = fields.as_slice() else { return Value::Null };
    match field.as_str() {
        "storageSizeGB" => json!({"storage": {"gb": value}}),
        "machineType" => json!({"machine": value}),
        "backupConfiguration" => json!({"backup": value}),
        "id" => json!({"rename": value}),
        other => json!({other: value}),
    }
}

impl Ledger {
    pub(super) fn asks_typedb(&self, request: &Request<Bytes>) -> Result<(), String> {
        let (method, path) = (request.method(), request.uri().path());
        match (method, path) {
            (&Method::GET, _) | (_, "/api/v1/auth" | "/v1/signin") => Ok(()),
            (&Method::POST, path) if path.ends_with("/clusters/deploy") => {
                self.makes(request.body(), |asked, sent| asked == sent)
            }
            (&Method::POST, path) if path.ends_with("/clone") => {
                let source = before_last(path);
                self.makes(request.body(), |asked, _| asked["cloneOf"] == source)
            }
            (&Method::POST, path) if path.ends_with("/suspend") || path.ends_with("/resume") => {
                self.changes_cluster(before_last(path), &json!({"suspended": path.ends_with("/suspend")}))
            }
            (&Method::PATCH, path) if path.contains("/clusters/") => {
                self.changes_cluster(path.rsplit('/').next().unwrap_or_default(), &change_of(request.body()))
            }
            (&Method::DELETE, path) if path.contains("/clusters/") => {
                self.destroys(path.rsplit('/').next().unwrap_or_default())
            }
            (&Method::PUT, "/v1/users/admin") => {
                self.sets_password(request.uri().authority().unwrap().as_str(), request.body())
            }
            _ => Err("this is nothing that the operator may ask for".to_owned()),
        }
    }

    /// A create of which a record says the same as the body that `is_so`.
    fn makes(&self, body: &Bytes, is_so: impl Fn(&Value, &Value) -> bool) -> Result<(), String> {
        let now = self.clock.now();
        let sent: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let id = string(&sent["id"]);
        let announced: Vec<Noted> = self
            .records(|record| record["intent"]["action"] == "create" && record["intent"]["request"]["id"] == *id)
            .into_iter()
            .filter(|noted| is_so(&noted.record["intent"]["request"], &sent))
            .collect();
        let noted = newest(announced).ok_or("no record announces it")?;
        in_time(&noted, now)?;
        if !noted.record["bound"].is_null() {
            return Err("the record is bound to a cluster already".to_owned());
        }
        let owner = owner(&noted.record);
        self.permitted(&noted.record, |manifest| manifest["metadata"]["deletionTimestamp"].is_null())?;
        self.book.lock().unwrap().sends.entry(id).or_default().push((now, owner.clone()));
        let living = self.living(&owner);
        if living.is_empty() { Ok(()) } else { Err(format!("{owner} has a living cluster already: {living:?}")) }
    }

    /// A change that a record announces, of the cluster that it is bound to.
    fn changes_cluster(&self, id: &str, change: &Value) -> Result<(), String> {
        let announced = self.records(|record| record["intent"]["action"] == "change" && record["bound"]["id"] == *id);
        let noted = newest(announced).ok_or("no record announces it")?;
        in_time(&noted, self.clock.now())?;
        if noted.record["intent"]["change"] != *change {
            return Err(format!("the record announces {}, and not {change}", noted.record["intent"]["change"]));
        }
        self.permitted(&noted.record, |manifest| manifest["metadata"]["deletionTimestamp"].is_null())?;
        let clusters = self.cloud.clusters();
        let Some(there) = clusters.iter().find(|view| view.cluster.id.as_str() == id) else { return Ok(()) };
        if noted.record["bound"]["createdAt"] != there.cluster.created_at.epoch_millis() {
            return Err("there is another database of that id".to_owned());
        }
        let shrinks = change["storage"]["gb"].as_i64().is_some_and(|size| there.cluster.storage_size_gb > Some(size));
        if shrinks { Err("the cluster has more storage than that".to_owned()) } else { Ok(()) }
    }

    fn destroys(&self, id: &str) -> Result<(), String> {
        let now = self.clock.now();
        let announced = self.records(|record| record["intent"]["action"] == "destroy" && record["bound"]["id"] == *id);
        let noted = newest(announced).ok_or("no record announces it")?;
        in_time(&noted, now)?;
        self.destroy_permitted(&noted, "typedbclusters.clusterwright.dev")?;
        let there = self.cloud.clusters().into_iter().find(|view| view.cluster.id.as_str() == id);
        match there {
            Some(view) if noted.record["bound"]["createdAt"] != view.cluster.created_at.epoch_millis() => {
                Err("there is another database of that id".to_owned())
            }
            _ => Ok(()),
        }
    }

    fn sets_password(&self, address: &str, body: &Bytes) -> Result<(), String> {
        let sent: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let password = string(&sent["password"]);
        let clusters = self.cloud.clusters();
        let view = clusters
            .iter()
            .find(|view| {
                view.addresses.iter().any(|known| known.trim_end_matches(":80") == address.trim_end_matches(":80"))
            })
            .ok_or("no cluster lives there")?;
        let (id, created) = (view.cluster.id.as_str(), view.cluster.created_at.epoch_millis());
        let bound = self.records(|record| record["bound"]["id"] == *id && record["bound"]["createdAt"] == created);
        let noted = newest(bound).ok_or("no record is bound to that cluster")?;
        if !noted.passwords.iter().flatten().any(|recorded| *recorded == password) {
            return Err("the record does not hold the new password".to_owned());
        }
        self.permitted(&noted.record, |manifest| manifest["metadata"]["deletionTimestamp"].is_null())
    }

    /// The clusters that live and were deployed for a manifest.
    pub(super) fn living_in_typedb(&self, manifest: &str) -> Vec<String> {
        // A cluster may have got another id since.
        let alive: BTreeSet<i64> = self
            .cloud
            .clusters()
            .iter()
            .filter(|view| view.cluster.status.to_string() != "destroying")
            .map(|view| view.cluster.created_at.epoch_millis())
            .collect();
        let book = self.book.lock().unwrap();
        let mut living = Vec::new();
        let creates = |row: &&RequestRow| row.path.ends_with("/deploy") || row.path.ends_with("/clone");
        for row in self.cloud.requests().log.iter().filter(creates) {
            let Some(effect) = row.effect.as_ref() else { continue };
            let id = effect.cluster.rsplit('/').next().unwrap_or_default().to_owned();
            let sends = book.sends.get(&id).map_or(&[][..], Vec::as_slice);
            let sender = sends.iter().rev().find(|(at, _)| at.as_millisecond() <= effect.created_at);
            if sender.is_some_and(|(_, owner)| owner == manifest) && alive.contains(&effect.created_at) {
                living.push(id);
            }
        }
        living
    }

    pub(super) fn ways_into_typedb(&self, stored: &[Noted]) -> Vec<(String, Vec<String>)> {
        let clusters = self.cloud.clusters();
        let mut ways = Vec::new();
        for noted in stored.iter().filter(|noted| noted.record["filed"] != true) {
            let bound = &noted.record["bound"];
            let there = clusters.iter().find(|view| {
                bound["id"] == *view.cluster.id.as_str() && bound["createdAt"] == view.cluster.created_at.epoch_millis()
            });
            let running = there.is_some_and(|view| view.cluster.status.to_string() == "running");
            let [current, _] = &noted.passwords;
            let created = bound["origin"] == "Created";
            if !running || (current.is_none() && !created) {
                continue;
            }
            let factory = (current.is_none() && created).then(|| "password".to_owned());
            ways.push((string(&bound["id"]), noted.passwords.iter().flatten().cloned().chain(factory).collect()));
        }
        ways
    }
}
