//! What the operator may send to CrateDB Cloud.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use clusterwright::cloud::transport::SendError;
use http::{Method, Request, Response};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Ledger, Noted, in_time, newest, owner, string};

/// A name whose create may have come to anything is not asked for again before this long after the send.
const NOT_AGAIN: SignedDuration = SignedDuration::from_mins(10);

/// How long after its send a request can still take effect: its deadline, and what the cloud does behind a closed
/// connection.
const LAST_EFFECT: SignedDuration = SignedDuration::from_secs(30 + 60);

/// How long a request is on its way.
const ARRIVES: SignedDuration = SignedDuration::from_millis(10);

/// A look at a name just before its create; answers may be slow.
const JUST_BEFORE: SignedDuration = SignedDuration::from_secs(70);

/// How much is asked of one cluster in how long, and of its database.
const PACE: (usize, SignedDuration) = (36, SignedDuration::from_mins(1));
const DATABASE_PACE: (usize, SignedDuration) = (3, SignedDuration::from_secs(10));

const GIB: i64 = 1024 * 1024 * 1024;

/// What was sent to CrateDB Cloud.
#[derive(Debug, Default)]
pub(super) struct Book {
    sent: Vec<Sent>,
    /// When a cluster, or its database, was asked of late.
    asked: BTreeMap<String, VecDeque<Timestamp>>,
}

/// Which of the writes that were sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sending(usize);

#[derive(Debug)]
struct Sent {
    at: Timestamp,
    write: Write,
    is_open: bool,
}

/// A write as it is read off the request.
#[derive(Debug, Clone, PartialEq)]
struct Write {
    action: Action,
    /// The cluster's id; the name of what is created.
    subject: String,
    path: String,
    body: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Create,
    CreateProject,
    Product,
    Nodes,
    Version,
    Backups,
    Restore,
    Storage,
    AllowList,
    Protection,
    Power,
    Password,
    Destroy,
}

impl Book {
    /// Notes what came of a write: whether its outcome is known.
    pub(super) fn settle(&mut self, Sending(number): Sending, answer: &Result<Response<Bytes>, SendError>) {
        self.sent[number].is_open = !answer.as_ref().is_ok_and(tells_outcome);
    }

    /// Whether something is asked more often than a patient client would.
    fn keeps_pace(
        &mut self,
        what: &str,
        (most, within): (usize, SignedDuration),
        now: Timestamp,
    ) -> Result<(), String> {
        let asked = self.asked.entry(what.to_owned()).or_default();
        asked.push_back(now);
        asked.retain(|at| now.duration_since(*at) < within);
        if asked.len() <= most { Ok(()) } else { Err(format!("{what} was asked {} times in {within:#}", asked.len())) }
    }
}

/// Success, or the cloud's own refusal; anything else may have had its effect.
fn tells_outcome(answer: &Response<Bytes>) -> bool {
    let is_json = serde_json::from_slice::<Value>(answer.body()).is_ok();
    match answer.status().as_u16() {
        204 | 302 | 401 | 429 => true,
        200..=299 | 400..=499 => is_json,
        _ => false,
    }
}

impl Write {
    fn read(request: &Request<Bytes>) -> Option<Self> {
        let path = request.uri().path();
        let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        let parts: Vec<&str> = path.strip_prefix("/api/v2/")?.trim_end_matches('/').split('/').collect();
        let (action, subject) = match (request.method(), parts.as_slice()) {
            (&Method::POST, ["organizations", _, "clusters"]) => (Action::Create, string(&body["cluster"]["name"])),
            (&Method::POST, ["projects"]) => (Action::CreateProject, string(&body["name"])),
            (&Method::PATCH, ["clusters", id]) => (Action::Password, (*id).to_owned()),
            (&Method::DELETE, ["clusters", id]) => (Action::Destroy, (*id).to_owned()),
            (&Method::POST, ["clusters", id, "snapshots", "restore"]) => (Action::Restore, (*id).to_owned()),
            (&Method::PUT, ["clusters", id, what]) => (Action::of(what)?, (*id).to_owned()),
            _ => return None,
        };
        Some(Self { action, subject, path: path.to_owned(), body })
    }

    /// The write as its announcement has it.
    fn announced(&self) -> Value {
        let body = &self.body;
        match self.action {
            Action::CreateProject => json!({"createProject": {"name": body["name"], "region": body["region"]}}),
            Action::Product => json!({"product": {"name": body["product_name"]}}),
            Action::Version => json!({"version": {"version": body["crate_version"]}}),
            Action::Backups => json!({"backups": {"hours": hours(&body["backup_hours"])}}),
            Action::Restore => {
                let mut restore = json!({
                    "source": body["source_cluster_id"], "repository": body["repository"], "snapshot": body["snapshot"],
                });
                if !body["tables"].is_null() {
                    restore["tables"] = body["tables"].clone();
                }
                json!({"restore": restore})
            }
            Action::Nodes => json!({"nodes": {"productUnit": body["product_unit"]}}),
            Action::Storage => json!({"storage": {"bytesPerNode": body["disk_size_per_node_bytes"]}}),
            Action::AllowList => json!({"allowList": body["ip_whitelist"]}),
            Action::Protection => json!({"deletionProtection": body["deletion_protected"]}),
            Action::Power => json!({"suspended": body["suspended"]}),
            Action::Password => json!("password"),
            Action::Create | Action::Destroy => Value::Null,
        }
    }

    /// Whether a manifest asks for this.
    fn is_asked_for(&self, manifest: &Value) -> bool {
        let (body, spec) = (&self.body, &manifest["spec"]);
        let lives = manifest["metadata"]["deletionTimestamp"].is_null();
        let asked = match self.action {
            Action::Create | Action::CreateProject | Action::Password => true,
            Action::Nodes => spec["nodes"].as_i64() == body["product_unit"].as_i64().map(|unit| unit + 1),
            Action::Product => spec["product"]["name"] == body["product_name"],
            Action::Version => spec["version"] == body["crate_version"],
            Action::Backups => spec["backup"]["hours"] == json!(hours(&body["backup_hours"])),
            Action::Restore => {
                let wanted = &spec["restoreFrom"];
                let same = wanted["snapshot"] == body["snapshot"] && wanted["tables"] == body["tables"];
                same && (wanted["externalId"] == body["source_cluster_id"] || !wanted["name"].is_null())
            }
            Action::Storage => {
                let bytes = spec["storage"]["sizePerNodeGiB"].as_i64().map(|size| size * GIB);
                bytes.is_some() && bytes == body["disk_size_per_node_bytes"].as_i64()
            }
            Action::AllowList => networks(&spec["allowedCidrs"]) == networks(&body["ip_whitelist"]),
            Action::Protection if body["deletion_protected"] == false && !lives => {
                return spec["deletionPolicy"] == "Delete";
            }
            Action::Protection => spec["deletionProtection"] == body["deletion_protected"],
            // The story knows the hours.
            Action::Power if spec["power"] == "Scheduled" => true,
            Action::Power => (spec["power"] == "Suspended") == (body["suspended"] == true) && !spec["power"].is_null(),
            Action::Destroy => return !lives && spec["deletionPolicy"] == "Delete",
        };
        lives && asked
    }
}

impl Action {
    fn of(what: &str) -> Option<Self> {
        Some(match what {
            "scale" => Self::Nodes,
            "product" => Self::Product,
            "upgrade" => Self::Version,
            "backup-schedule" => Self::Backups,
            "storage" => Self::Storage,
            "ip-restrictions" => Self::AllowList,
            "deletion-protection" => Self::Protection,
            "suspend" => Self::Power,
            _ => return None,
        })
    }
}

fn hours(list: &Value) -> Vec<u8> {
    string(list).split(',').filter_map(|hour| hour.parse().ok()).collect()
}

fn networks(list: &Value) -> Option<BTreeSet<&str>> {
    Some(list.as_array()?.iter().filter_map(|entry| entry["cidr"].as_str()).collect())
}

impl Ledger {
    pub(super) fn asks_cratedb(&self, request: &Request<Bytes>) -> (Option<Sending>, Result<(), String>) {
        let pace = self.keeps_pace(request);
        if request.uri().path() == "/_sql" || [Method::GET, Method::HEAD].contains(request.method()) {
            return (None, pace);
        }
        let Some(write) = Write::read(request) else {
            return (None, Err("this is nothing that the operator may ask for".to_owned()));
        };
        let verdict = pace.and_then(|()| self.writes(&write));
        let mut book = self.book.lock().unwrap();
        book.cratedb.sent.push(Sent { at: self.clock.now(), write, is_open: true });
        (Some(Sending(book.cratedb.sent.len() - 1)), verdict)
    }

    fn keeps_pace(&self, request: &Request<Bytes>) -> Result<(), String> {
        let path = request.uri().path();
        let mut book = self.book.lock().unwrap();
        if path == "/_sql" {
            let server = request.uri().authority().unwrap().as_str();
            return book.cratedb.keeps_pace(server, DATABASE_PACE, self.clock.now());
        }
        match path.strip_prefix("/api/v2/clusters/").and_then(|rest| rest.split('/').next()) {
            Some(id) if id != "name" => book.cratedb.keeps_pace(id, PACE, self.clock.now()),
            _ => Ok(()),
        }
    }

    fn writes(&self, write: &Write) -> Result<(), String> {
        let noted = match write.action {
            Action::Create => self.announces_create(write)?,
            Action::CreateProject => self.announces_change(write, |record| record["bound"].is_null())?,
            Action::Destroy => {
                let is_so =
                    |record: &Value| record["intent"]["action"] == "destroy" && record["bound"]["id"] == *write.subject;
                newest(self.records(is_so)).ok_or("no record announces it")?
            }
            _ => self.announces_change(write, |record| record["bound"]["id"] == *write.subject)?,
        };
        in_time(&noted, self.clock.now())?;
        match write.action {
            Action::Destroy => self.destroy_permitted(&noted, "cratedbclusters.clusterwright.dev")?,
            _ => self.permitted(&noted.record, |manifest| write.is_asked_for(manifest))?,
        }
        self.nothing_open(write)?;
        match write.action {
            Action::Create => self.creates(write, &noted),
            Action::CreateProject => Ok(()),
            _ => self.strikes_idle_cluster(write, &noted),
        }
    }

    fn announces_create(&self, write: &Write) -> Result<Noted, String> {
        let mut sent = write.body.clone();
        let password = sent["cluster"].as_object_mut().and_then(|cluster| cluster.remove("password"));
        let same = |announced: &Value| {
            let mut announced = announced.clone();
            if let Some(cluster) = announced["cluster"].as_object_mut() {
                cluster.remove("password");
            }
            // What follows the create goes with it in the record alone.
            announced.as_object_mut().map(|request| request.remove("restore"));
            announced == sent
        };
        let is_so = |record: &Value| record["intent"]["action"] == "create" && same(&record["intent"]["request"]);
        let noted = newest(self.records(is_so)).ok_or("no record announces it")?;
        holds_password(&noted, password.as_ref())?;
        if noted.record["bound"].is_null() { Ok(noted) } else { Err("the record is bound already".to_owned()) }
    }

    fn announces_change(&self, write: &Write, is_theirs: impl Fn(&Value) -> bool) -> Result<Noted, String> {
        let announced = write.announced();
        let is_so = |record: &Value| {
            record["intent"]["action"] == "change" && record["intent"]["change"] == announced && is_theirs(record)
        };
        let noted = newest(self.records(is_so)).ok_or("no record announces it")?;
        if write.action == Action::Password {
            holds_password(&noted, write.body.get("password"))?;
        }
        Ok(noted)
    }

    /// Nothing that was asked for before, and may still come about, stands against it.
    fn nothing_open(&self, write: &Write) -> Result<(), String> {
        let now = self.clock.now();
        let log = self.cloud.requests().log;
        let took_effect = |sent: &Sent| {
            log.iter().any(|row| {
                let late = row.at.duration_since(sent.at);
                let same = (SignedDuration::ZERO..=ARRIVES).contains(&late) && row.path == sent.write.path;
                same && row.effect.is_some()
            })
        };
        let patience = if write.action == Action::Create { NOT_AGAIN } else { LAST_EFFECT };
        let book = self.book.lock().unwrap();
        let mut open = book.cratedb.sent.iter().filter(|sent| {
            sent.is_open && sent.write.action == write.action && sent.write.subject == write.subject && {
                let same = write.action != Action::Create && sent.write.body == write.body;
                !same && now.duration_since(sent.at) < patience && !took_effect(sent)
            }
        });
        match open.next() {
            None => Ok(()),
            Some(sent) => Err(format!("what was asked for at {} may still come about", sent.at)),
        }
    }

    fn creates(&self, write: &Write, noted: &Noted) -> Result<(), String> {
        let now = self.clock.now();
        let seen = |method: &str, path: String, status: u16| {
            let log = self.cloud.requests().log;
            log.iter().rev().any(|row| {
                let recent = now.duration_since(row.at) < JUST_BEFORE;
                recent && row.method == method && row.path == path && row.status == Some(status)
            })
        };
        let name = &write.subject;
        if !seen("HEAD", format!("/api/v2/clusters/name/{name}/"), 404) || !seen("GET", write.path.clone(), 200) {
            return Err(format!("nobody looked whether the name {name} is free"));
        }
        let owner = owner(&noted.record);
        self.book.lock().unwrap().sends.entry(name.clone()).or_default().push((now, owner.clone()));
        let living = self.living(&owner);
        if living.is_empty() { Ok(()) } else { Err(format!("{owner} has a living cluster already: {living:?}")) }
    }

    /// The cluster is the recorded one, nothing is done to it as far as was to be seen, and it may be destroyed.
    fn strikes_idle_cluster(&self, write: &Write, noted: &Noted) -> Result<(), String> {
        let there = self.cloud.cratedb().clusters();
        let Some(view) = there.iter().find(|view| view.cluster.id.as_str() == write.subject) else { return Ok(()) };
        if noted.record["bound"]["createdAt"] != view.cluster.dc.created.epoch_millis() {
            return Err("there is another database of that id".to_owned());
        }
        if write.action == Action::Destroy && view.cluster.deletion_protected == Some(true) {
            return Err("it is protected from deletion".to_owned());
        }
        let restored = |operation: &Value| operation["type"] == "RESTORE_SNAPSHOT" && operation["status"] != "FAILED";
        if write.action == Action::Restore && view.operations.iter().any(restored) {
            return Err("it is restored twice".to_owned());
        }
        let ended = |operation: &Value| ["SUCCEEDED", "FAILED"].iter().any(|word| operation["status"] == **word);
        let Some(running) = view.operations.iter().find(|operation| !ended(operation)) else { return Ok(()) };
        let began: Timestamp = string(&running["dc"]["created"]).parse().map_err(|error| format!("{error}"))?;
        let of_cluster = format!("/api/v2/clusters/{}/", write.subject);
        let known = self.cloud.requests().log.iter().any(|row| {
            row.method == "GET" && row.path.starts_with(&of_cluster) && row.status == Some(200) && row.at > began
        });
        if known { Err(format!("an operation runs on it: {running}")) } else { Ok(()) }
    }

    pub(super) fn living_in_cratedb(&self, manifest: &str) -> Vec<String> {
        let log = self.cloud.requests().log;
        let destroyed: BTreeSet<&str> = log
            .iter()
            .filter_map(|row| row.effect.as_ref().filter(|effect| effect.action == "deleted"))
            .filter_map(|effect| effect.cluster.rsplit('/').next())
            .collect();
        let book = self.book.lock().unwrap();
        let is_theirs = |name: &str, created: i64| {
            let sends = book.sends.get(name).map_or(&[][..], Vec::as_slice);
            sends
                .iter()
                .rev()
                .find(|(at, _)| at.as_millisecond() <= created)
                .is_some_and(|(_, owner)| owner == manifest)
        };
        let views = self.cloud.cratedb().clusters();
        let created = log.iter().filter_map(|row| row.effect.as_ref().filter(|effect| effect.action == "created"));
        let ids: BTreeSet<&str> = created.filter_map(|effect| effect.cluster.rsplit('/').next()).collect();
        views
            .iter()
            .map(|view| &view.cluster)
            .filter(|cluster| ids.contains(cluster.id.as_str()) && !destroyed.contains(cluster.id.as_str()))
            .filter(|cluster| is_theirs(&cluster.name, cluster.dc.created.epoch_millis()))
            .map(|cluster| cluster.id.to_string())
            .collect()
    }

    pub(super) fn ways_into_cratedb(&self, stored: &[Noted]) -> Vec<(String, Vec<String>)> {
        let views = self.cloud.cratedb().clusters();
        let is_open = |noted: &&Noted| {
            let bound = &noted.record["bound"];
            let there = views.iter().find(|view| bound["id"] == *view.cluster.id.as_str());
            there.is_some_and(|view| view.serving) && noted.record["filed"] != true
        };
        let known = |noted: &Noted| {
            let passwords: Vec<String> = noted.passwords.iter().flatten().cloned().collect();
            (!passwords.is_empty()).then(|| (string(&noted.record["bound"]["id"]), passwords))
        };
        stored.iter().filter(is_open).filter_map(known).collect()
    }
}

fn holds_password(noted: &Noted, sent: Option<&Value>) -> Result<(), String> {
    let [_, pending] = &noted.passwords;
    if pending.is_some() && pending.as_deref() == sent.and_then(Value::as_str) {
        Ok(())
    } else {
        Err("the record does not hold the new password".to_owned())
    }
}
