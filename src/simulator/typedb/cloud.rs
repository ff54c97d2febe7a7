//! The cloud itself: its clusters, where their servers are, and what becomes of them as time passes.

use std::collections::{BTreeMap, HashMap};

use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::auth::Credentials;
use super::cluster::{Cluster, ClusterView, Move, Phase, Rest, Spec};
use super::database::Database;
use super::place::{self, ClusterName, Space};
use super::refusal::Refusal;
use crate::api::identity::CreatedAt;
use crate::clock::later;
use crate::simulator::answer::Answer;
use crate::simulator::throttle::Throttle;
use crate::simulator::{Environment, Settings};

/// TypeDB Cloud.
pub(in crate::simulator) struct Cloud {
    pub(super) credentials: Credentials,
    pub(super) clusters: BTreeMap<ClusterName, Cluster>,
    /// Whose servers have which address.
    pub(super) servers: HashMap<String, ClusterName>,
    pub(super) stale: Option<StaleLists>,
    pub(super) throttle: Throttle,
    last_created: i64,
    /// Nothing changes by itself before then.
    due: Option<Timestamp>,
}

/// Lists as they were.
pub(super) struct StaleLists {
    pub(super) until: Option<Timestamp>,
    pub(super) lists: HashMap<Space, Value>,
}

/// What a new cluster will be.
pub(super) struct Blueprint {
    pub(super) name: ClusterName,
    pub(super) spec: Spec,
    pub(super) database: Database,
}

pub(super) type Reply = Result<Answer, Refusal>;

impl Cloud {
    pub(in crate::simulator) fn new() -> Self {
        Self {
            credentials: Credentials::documented(),
            clusters: BTreeMap::new(),
            servers: HashMap::new(),
            stale: None,
            throttle: Throttle::default(),
            last_created: 0,
            due: None,
        }
    }

    /// Lets everything happen that is due by `now`.
    pub(in crate::simulator) fn settle(&mut self, now: Timestamp) {
        if self.due.is_none_or(|due| now < due) {
            return;
        }
        self.clusters.retain(|_, cluster| cluster.settle(now));
        let clusters = &self.clusters;
        self.servers.retain(|_, name| clusters.contains_key(name));
        self.due = clusters.values().filter_map(Cluster::due).min();
    }

    /// How many addresses servers have.
    pub(in crate::simulator) fn addresses(&self) -> usize {
        self.servers.len()
    }

    /// Whether a cluster's server has this address.
    pub(in crate::simulator) fn serves_at(&self, address: &str) -> bool {
        self.servers.contains_key(address)
    }

    pub(in crate::simulator) fn views(&self, settings: &Settings) -> Vec<ClusterView> {
        self.clusters.values().map(|cluster| cluster.view(&settings.typedb.unknowns)).collect()
    }

    pub(super) fn list(&mut self, space: &Space, settings: &Settings, now: Timestamp) -> Answer {
        if self.stale.as_ref().is_some_and(|stale| stale.until.is_some_and(|until| until <= now)) {
            self.stale = None;
        }
        let body = match &self.stale {
            Some(stale) => stale.lists.get(space).cloned().unwrap_or_else(|| json!([])),
            None => self.list_now(space, settings),
        };
        Answer::shown(body)
    }

    pub(super) fn list_now(&self, space: &Space, settings: &Settings) -> Value {
        let clusters = self.clusters.values().filter(|cluster| cluster.name.space == *space);
        clusters.map(|cluster| cluster.answer(&settings.typedb.unknowns)).collect()
    }

    pub(super) fn get(&self, name: &ClusterName, settings: &Settings) -> Reply {
        let cluster = self.clusters.get(name).ok_or_else(|| missing(name))?;
        Ok(Answer::shown(cluster.answer(&settings.typedb.unknowns)))
    }

    /// Gives every cluster new addresses.
    pub(in crate::simulator) fn move_servers(&mut self, environment: &mut Environment) -> std::io::Result<()> {
        self.servers.clear();
        for cluster in self.clusters.values_mut() {
            let count = cluster.addresses.len();
            cluster.addresses = place::allocate(environment, count)?;
            let owned = cluster.addresses.iter().map(|address| (address.clone(), cluster.name.clone()));
            self.servers.extend(owned);
        }
        Ok(())
    }

    /// Puts a new cluster into the world; it runs. The caller has made sure that its name is free.
    pub(super) fn insert(
        &mut self,
        new: Blueprint,
        environment: &mut Environment,
        now: Timestamp,
    ) -> Result<&mut Cluster, Refusal> {
        let Blueprint { name, spec, database } = new;
        let servers = usize::try_from(spec.server_count).unwrap_or(1);
        let addresses = place::allocate(environment, servers).map_err(internal)?;
        self.servers.extend(addresses.iter().map(|address| (address.clone(), name.clone())));
        self.last_created = now.as_millisecond().max(self.last_created + 1);
        let cluster = Cluster {
            name: name.clone(),
            created_at: CreatedAt::from_epoch_millis(self.last_created),
            spec,
            phase: Phase::Resting(Rest::Running),
            addresses,
            database,
            overlay: serde_json::Map::new(),
        };
        Ok(self.clusters.entry(name).or_insert(cluster))
    }

    /// Removes a cluster from the world at once.
    pub(super) fn take_out(&mut self, name: &ClusterName) -> Option<Cluster> {
        self.servers.retain(|_, owner| owner != name);
        self.clusters.remove(name)
    }

    /// Gives a cluster another id.
    pub(super) fn rename(&mut self, old: &ClusterName, new: &ClusterName) {
        if let Some(mut cluster) = self.take_out(old) {
            cluster.name = new.clone();
            self.servers.extend(cluster.addresses.iter().map(|address| (address.clone(), new.clone())));
            self.clusters.insert(new.clone(), cluster);
        }
    }

    /// Begins something that ends by itself.
    pub(super) fn start(&mut self, name: &ClusterName, towards: Move, settings: &Settings, now: Timestamp) {
        let until = later(now, settings.scaled(towards.takes()));
        if let Some(cluster) = self.clusters.get_mut(name) {
            cluster.phase = Phase::Moving { towards, until };
            self.due = Some(self.due.map_or(until, |due| due.min(until)));
        }
    }

    /// Gives a cluster new addresses.
    pub(super) fn readdress(&mut self, name: &ClusterName, environment: &mut Environment) -> Result<(), Refusal> {
        let Some(cluster) = self.clusters.get_mut(name) else { return Ok(()) };
        let count = cluster.addresses.len();
        cluster.addresses = place::allocate(environment, count).map_err(internal)?;
        self.servers.retain(|_, owner| owner != name);
        self.servers.extend(cluster.addresses.iter().map(|address| (address.clone(), name.clone())));
        Ok(())
    }
}

pub(super) fn missing(name: &ClusterName) -> Refusal {
    Refusal::not_found(format_args!("The cluster '{}'", name.id))
}

/// 500 where the machine has no port left.
#[expect(clippy::needless_pass_by_value, reason = "it is a function for map_err")]
fn internal(error: std::io::Error) -> Refusal {
    let message = format!("A new server cannot be given an address: {error}");
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", message)
}
