//! Clusters that somebody else made, and edits past all rules.

use jiff::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::call::Call;
use super::catalogue::{self, GIB, REGIONS};
use super::cloud::{FIRST, Project, new_id};
use super::cluster::{Cluster, Spec};
use super::clusters::{Blueprint, check_name, default_schedule};
use super::operation::{Change, Operation};
use super::refusal::Refusal;
use crate::api::identity::ClusterId;

/// A cluster that somebody else made. It runs at once; what is not said is a single node of `cr1` with the newest
/// stable version, on the organization's first active subscription, in a project of its own.
#[derive(Clone, Debug, Deserialize)]
pub struct NewCluster {
    pub name: String,
    #[serde(default = "first_organization")]
    pub organization_id: String,
    #[serde(default = "first_region")]
    pub region: String,
    #[serde(default = "admin")]
    pub username: String,
    /// The password of that user; without it nobody knows it.
    #[serde(default)]
    pub password: Option<SecretString>,
    #[serde(default)]
    pub tables: Vec<String>,
    /// Further fields, as in an edit: `product_unit`, `ip_whitelist`, `subscription_id`, …
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

impl NewCluster {
    /// A cluster in the first organization and region.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            organization_id: first_organization(),
            region: first_region(),
            username: admin(),
            password: None,
            tables: Vec::new(),
            fields: Map::new(),
        }
    }
}

pub(super) fn first_organization() -> String {
    FIRST.to_owned()
}

fn first_region() -> String {
    REGIONS[0].0.to_owned()
}

fn admin() -> String {
    "admin".to_owned()
}

impl Call<'_> {
    pub(super) fn seed(&mut self, new: NewCluster) -> Result<ClusterId, Refusal> {
        check_name(&new.name).map_err(|wrong| Refusal::field("name", wrong))?;
        if self.cloud.is_taken(&new.name) {
            return Err(Refusal::field("name", format!("The cluster name '{}' is already taken.", new.name)));
        }
        let spec = self.small_cluster(&new)?;
        let NewCluster { name, organization_id, region, username, password, tables, fields } = new;
        let password = password.unwrap_or_else(|| new_id(&mut self.environment.random).into());
        let id = self.insert(Blueprint { name, region, organization_id, username, password, spec })?;
        let (now, operation) = (self.now, new_id(&mut self.environment.random));
        let seeded = self.cloud.cluster_mut(id.as_str()).map_or(Ok(()), |cluster| {
            cluster.tables.extend(tables);
            cluster.exists = true;
            cluster.operations.push(Operation::done(operation, Change::Create, now));
            Edit::read(cluster, fields).map(|edit| edit.carry_out(cluster))
        });
        if seeded.is_err() {
            self.cloud.clusters.retain(|cluster| cluster.id != id);
        }
        seeded.map(|()| id)
    }

    fn small_cluster(&mut self, new: &NewCluster) -> Result<Spec, Refusal> {
        let organization = self.organization(&new.organization_id)?.id.clone();
        let mut usable = self.cloud.subscriptions.iter();
        let subscription = usable.find(|known| known.organization_id == organization && known.active);
        let subscription_id = subscription.map(|known| known.id.clone()).unwrap_or_default();
        let product = catalogue::product("cr1", catalogue::TIER).ok_or_else(|| Refusal::not_found("cr1"))?;
        let project = Project {
            id: new_id(&mut self.environment.random),
            name: new.name.clone(),
            organization_id: organization,
            region: new.region.clone(),
            created: self.now,
        };
        let project_id = project.id.clone();
        self.cloud.projects.push(project);
        Ok(Spec {
            project_id,
            subscription_id,
            crate_version: self.settings().versions.stable.last().cloned().unwrap_or_default(),
            channel: "stable".to_owned(),
            product_name: product.name.to_owned(),
            product_tier: catalogue::TIER.to_owned(),
            product_unit: 0,
            disk_size_per_node_bytes: 32 * GIB,
            disk_type: "standard".to_owned(),
            ip_whitelist: Vec::new(),
            backup_schedule: default_schedule(product).to_owned(),
            suspended: false,
        })
    }
}

/// An edit of a cluster's fields: what it consists of, its name, `created` and `deletion_protected` really change;
/// whatever else is named is only shown so by the API from then on, until it is edited to null.
pub(super) struct Edit {
    spec: Spec,
    name: String,
    created: Timestamp,
    deletion_protected: bool,
    shown: Map<String, Value>,
}

impl Edit {
    pub(super) fn read(cluster: &Cluster, fields: Map<String, Value>) -> Result<Self, Refusal> {
        let wrong = |error: serde_json::Error| Refusal::invalid(format!("The edit is not understood: {error}."));
        let (mut name, mut created) = (cluster.name.clone(), cluster.created);
        let mut deletion_protected = cluster.deletion_protected;
        let mut spec = json!(cluster.spec);
        let mut shown = Map::new();
        for (field, value) in fields {
            match (field.as_str(), spec.get_mut(&field)) {
                (_, Some(current)) => *current = value,
                ("name", _) => name = serde_json::from_value(value).map_err(wrong)?,
                ("created", _) => created = serde_json::from_value(value).map_err(wrong)?,
                ("deletion_protected", _) => deletion_protected = serde_json::from_value(value).map_err(wrong)?,
                ("id", _) => return Err(Refusal::field("id", "An edit cannot change the id.")),
                _ => drop(shown.insert(field, value)),
            }
        }
        Ok(Self { spec: serde_json::from_value(spec).map_err(wrong)?, name, created, deletion_protected, shown })
    }

    pub(super) fn carry_out(self, cluster: &mut Cluster) {
        let Self { spec, name, created, deletion_protected, shown } = self;
        (cluster.spec, cluster.name, cluster.created) = (spec, name, created);
        cluster.deletion_protected = deletion_protected;
        cluster.overlay.extend(shown);
        cluster.overlay.retain(|_, value| !value.is_null());
    }
}
