//! The cloud itself: organizations, projects, subscriptions, clusters, and what becomes of them as time passes.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io;

use axum::http::HeaderMap;
use jiff::Timestamp;
use rand::{Rng, RngExt};
use serde::Serialize;
use serde_json::{Value, json};

use super::catalogue::REGIONS;
use super::cluster::{Cluster, ClusterView, dublin_core};
use super::console::Failure;
use super::directory::Directory;
use super::organizations::AuditEvent;
use super::settings::Settings;
use crate::simulator::Environment;
use crate::simulator::throttle::Throttle;
use crate::simulator::tokens::{encoded_pair, scheme};

/// The id of the first organization.
pub(super) const FIRST: &str = "00000000-0000-4000-8000-000000000001";
/// The id of the second.
pub(super) const SECOND: &str = "00000000-0000-4000-8000-000000000002";

/// CrateDB Cloud.
pub(in crate::simulator) struct Cloud {
    pub(super) directory: Directory,
    pub(super) organizations: BTreeMap<String, Organization>,
    /// In the order of their creation.
    pub(super) projects: Vec<Project>,
    pub(super) subscriptions: Vec<Subscription>,
    pub(super) clusters: Vec<Cluster>,
    /// How the next operations fail.
    pub(super) failures: Vec<Failure>,
    pub(super) stale: Option<StaleLists>,
    pub(super) throttle: Throttle,
    /// Of the metrics of an organization.
    pub(super) scrapes: HashMap<String, Throttle>,
    pub(super) audit: VecDeque<AuditEvent>,
}

/// Who pays.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Organization {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) plan_type: i64,
    pub(super) created: Timestamp,
    /// What its clusters may cost per month together, in US dollars; none: as the settings have it.
    pub(super) monthly_budget: Option<f64>,
}

/// A folder of clusters in one region.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Project {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) organization_id: String,
    pub(super) region: String,
    pub(super) created: Timestamp,
}

/// By which contract clusters are paid.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Subscription {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) organization_id: String,
    /// A marketplace; none: the vendor's own means of payment.
    pub(super) marketplace: Option<String>,
    pub(super) active: bool,
    /// None: the word that goes with `active`.
    pub(super) state: Option<String>,
    pub(super) created: Timestamp,
}

/// Lists as they were.
pub(super) struct StaleLists {
    pub(super) until: Option<Timestamp>,
    /// All clusters, each with its organization.
    pub(super) clusters: Vec<(String, Value)>,
}

impl Cloud {
    pub(in crate::simulator) fn new(now: Timestamp) -> Self {
        let organization = |id: &str, name: &str| {
            let name = name.to_owned();
            (id.to_owned(), Organization { id: id.to_owned(), name, plan_type: 3, created: now, monthly_budget: None })
        };
        let subscription = |number: u32, organization: &str| Subscription {
            id: numbered(number),
            name: "Simulated contract".to_owned(),
            organization_id: organization.to_owned(),
            marketplace: None,
            active: true,
            state: None,
            created: now,
        };
        Self {
            directory: Directory::documented(),
            organizations: BTreeMap::from([organization(FIRST, "acme"), organization(SECOND, "second")]),
            projects: Vec::new(),
            subscriptions: vec![subscription(0x31, FIRST), subscription(0x32, SECOND)],
            clusters: Vec::new(),
            failures: Vec::new(),
            stale: None,
            throttle: Throttle::default(),
            scrapes: HashMap::new(),
            audit: VecDeque::new(),
        }
    }

    /// Lets everything happen that is due by `now`.
    pub(in crate::simulator) fn settle(&mut self, now: Timestamp) {
        self.clusters.retain_mut(|cluster| cluster.settle(now));
        self.directory.settle(now);
    }

    /// How many addresses SQL endpoints have.
    pub(in crate::simulator) fn addresses(&self) -> usize {
        self.clusters.len()
    }

    /// Whether a cluster's SQL endpoint has this address.
    pub(in crate::simulator) fn serves_at(&self, address: &str) -> bool {
        self.clusters.iter().any(|cluster| cluster.address == address)
    }

    /// The cluster whose SQL endpoint has this address.
    pub(super) fn cluster_at(&mut self, address: &str) -> Option<&mut Cluster> {
        self.clusters.iter_mut().find(|cluster| cluster.address == address)
    }

    pub(super) fn cluster_mut(&mut self, id: &str) -> Option<&mut Cluster> {
        self.clusters.iter_mut().find(|cluster| cluster.id.as_str() == id)
    }

    /// Whether a cluster has this name, in whatever organization.
    pub(super) fn is_taken(&self, name: &str) -> bool {
        self.clusters.iter().any(|cluster| cluster.name == name)
    }

    /// Every cluster as the API shows it, with its organization.
    pub(super) fn all_clusters(&self, settings: &Settings, now: Timestamp) -> Vec<(String, Value)> {
        let shown = |cluster: &Cluster| (cluster.organization_id.clone(), cluster.answer(&settings.unknowns, now));
        self.clusters.iter().map(shown).collect()
    }

    /// Gives every cluster a new address.
    pub(in crate::simulator) fn move_endpoints(&mut self, environment: &mut Environment) -> io::Result<()> {
        for cluster in &mut self.clusters {
            let mut addresses = environment.addresses.allocate(vec![cluster.address.clone()])?;
            cluster.address = addresses.remove(0);
        }
        Ok(())
    }

    pub(in crate::simulator) fn views(&self, settings: &Settings, now: Timestamp) -> Vec<ClusterView> {
        self.clusters.iter().map(|cluster| cluster.view(&settings.unknowns, now)).collect()
    }

    /// Whose key comes with `headers`, be its secret right or wrong.
    pub(in crate::simulator) fn client_of(&self, headers: &HeaderMap) -> Option<String> {
        let (key, _) = encoded_pair(scheme(headers, "Basic")?)?;
        self.directory.knows_key(&key).then_some(key)
    }

    /// All that there is, without secrets.
    pub(in crate::simulator) fn describe(&self, settings: &Settings, now: Timestamp) -> Value {
        json!({
            "clusters": self.views(settings, now),
            "organizations": self.organizations.values().collect::<Vec<_>>(),
            "projects": self.projects,
            "subscriptions": self.subscriptions,
            "keys": self.directory.keys,
            "users": self.directory.users,
            "failures": self.failures,
            "regions": REGIONS.map(|(name, _)| name),
            "listsAreStale": self.stale.is_some(),
        })
    }
}

impl Project {
    pub(super) fn describe(&self) -> Value {
        json!({
            "id": self.id, "name": self.name, "organization_id": self.organization_id, "region": self.region,
            "dc": dublin_core(self.created, self.created),
        })
    }
}

impl Subscription {
    pub(super) fn describe(&self, settings: &Settings) -> Value {
        let own = &settings.unknowns.own_provider;
        let word = if self.active { &settings.unknowns.active_state } else { "inactive" };
        let provider = self.marketplace.as_ref().unwrap_or(own);
        json!({
            "id": self.id, "name": self.name, "organization_id": self.organization_id, "active": self.active,
            "state": self.state.as_deref().unwrap_or(word), "provider": provider, "subscription_provider": provider,
            "plan": "payg", "offer": "cratedb", "provisioned": true, "dc": dublin_core(self.created, self.created),
        })
    }
}

/// The documented id of this number.
pub(super) fn numbered(number: u32) -> String {
    format!("00000000-0000-4000-8000-{number:012x}")
}

/// A new id, as the server chooses it.
pub(super) fn new_id(random: &mut impl Rng) -> String {
    let bits = (random.random::<u128>() & !(0xf << 76) & !(0x3 << 62)) | (4 << 76) | (2 << 62);
    let hex = format!("{bits:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}
