//! What people do past the API: in the console, in a marketplace, by accident.

use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::call::{Call, Caller, Reply};
use super::catalogue::{self, GIB, REGIONS};
use super::cloud::{Cloud, FIRST, Project, StaleLists, Subscription, new_id};
use super::cluster::{Cluster, ClusterView, Disk, Spec};
use super::clusters::{Blueprint, check_name, default_schedule};
use super::operation::Change;
use super::refusal::Refusal;
use super::settings::Settings;
use crate::api::identity::ClusterId;
use crate::cloud::cratedb::wire::OperationKind;
use crate::simulator::{Simulator, World};

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

fn first_organization() -> String {
    FIRST.to_owned()
}

fn first_region() -> String {
    REGIONS[0].0.to_owned()
}

fn admin() -> String {
    "admin".to_owned()
}

/// How the next operations of a kind fail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Failure {
    /// None: of any kind.
    #[serde(rename = "type", default)]
    pub kind: Option<OperationKind>,
    #[serde(default = "once")]
    pub times: u32,
    /// Whether half of the way of a scaling or a storage expansion stays.
    #[serde(default)]
    pub halfway: bool,
    /// What the operation says in the end.
    #[serde(default)]
    pub message: Option<String>,
}

fn once() -> u32 {
    1
}

impl Failure {
    /// The next operation of this kind fails without an effect.
    #[must_use]
    pub fn of(kind: OperationKind) -> Self {
        Self { kind: Some(kind), times: once(), halfway: false, message: None }
    }

    pub(super) fn concerns(&self, kind: &OperationKind) -> bool {
        self.kind.as_ref().is_none_or(|wanted| wanted == kind)
    }
}

/// A subscription that is added.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewSubscription {
    #[serde(default = "first_organization")]
    pub organization_id: String,
    #[serde(default)]
    pub name: Option<String>,
    /// `azure`, `aws`, `gcp`; none: the vendor's own means of payment.
    #[serde(default)]
    pub marketplace: Option<String>,
    #[serde(default = "yes")]
    pub active: bool,
    /// The cloud's word for how it is; none: the one that goes with `active`.
    #[serde(default)]
    pub state: Option<String>,
}

fn yes() -> bool {
    true
}

impl Default for NewSubscription {
    fn default() -> Self {
        Self { organization_id: first_organization(), name: None, marketplace: None, active: true, state: None }
    }
}

/// A change to one API key, as its owner makes it in the console.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeyChange {
    pub active: Option<bool>,
    pub secret: Option<SecretString>,
    /// Deleted for good.
    #[serde(default)]
    pub deleted: bool,
}

/// A change to one organization.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OrganizationChange {
    /// What it may yet spend per month, in US dollars, whatever its clusters cost.
    pub remaining_budget: Option<f64>,
}

/// CrateDB Cloud past its API.
#[derive(Debug)]
pub struct Console<'s>(&'s Simulator);

impl Simulator {
    /// What people and tests can do to the simulated CrateDB Cloud, and see of it.
    #[must_use]
    pub fn cratedb(&self) -> Console<'_> {
        Console(self)
    }
}

impl Console<'_> {
    /// All clusters as they are now, oldest first.
    #[must_use]
    pub fn clusters(&self) -> Vec<ClusterView> {
        self.0.with(|World { cratedb, environment, .. }, now| cratedb.views(&environment.settings.cratedb, now))
    }

    /// Makes a cluster as if in the console; it runs at once.
    ///
    /// # Errors
    /// Where the name is taken, or a field makes no sense.
    pub fn seed(&self, new: NewCluster) -> Result<ClusterId, Refusal> {
        self.call(&Value::Null, |call| call.seed(new))
    }

    /// Edits any field of a cluster but its id. A field that it does not really have, or that follows from other
    /// things (`health`, `url`), is shown as edited until it is edited to null.
    ///
    /// # Errors
    /// Where there is no such cluster, or a field makes no sense.
    pub fn edit(&self, id: &ClusterId, fields: Map<String, Value>) -> Result<(), Refusal> {
        self.change(id, |cluster| Edit::read(cluster, fields).map(|edit| edit.carry_out(cluster)))
    }

    /// Lets a cluster be gone at once and without a trace.
    ///
    /// # Errors
    /// Where there is no such cluster.
    pub fn remove(&self, id: &ClusterId) -> Result<(), Refusal> {
        self.change(id, |_| Ok(()))?;
        self.0.with(|world, _| world.cratedb.clusters.retain(|cluster| cluster.id != *id));
        Ok(())
    }

    /// Sets the database user's password at once.
    ///
    /// # Errors
    /// Where there is no such cluster.
    pub fn set_password(&self, id: &ClusterId, password: SecretString) -> Result<(), Refusal> {
        self.change(id, |cluster| {
            cluster.password = password;
            Ok(())
        })
    }

    /// Sets how full each node's disk is, and how many shards there are.
    ///
    /// # Errors
    /// Where there is no such cluster.
    pub fn set_disk(&self, id: &ClusterId, used_bytes_per_node: i64, shards: i64) -> Result<(), Refusal> {
        self.change(id, |cluster| {
            cluster.disk = Disk { used_bytes_per_node, shards };
            Ok(())
        })
    }

    /// Does what somebody can do in the console: `scale`, `product`, `storage`, `upgrade`, `suspend`,
    /// `deletion-protection`, `ip-restrictions`, `backup-schedule`, `password` or `delete`, with the body that the
    /// API has for it. The cloud's rules hold.
    ///
    /// # Errors
    /// Where the cloud would refuse it.
    pub fn act(&self, id: &ClusterId, action: &str, body: &Value) -> Result<(), Refusal> {
        let act: fn(&mut Call<'_>, &str) -> Reply = match action {
            "scale" => |call, id| call.scale(id),
            "product" => |call, id| call.change_product(id),
            "storage" => |call, id| call.expand_storage(id),
            "upgrade" => |call, id| call.upgrade(id),
            "suspend" => |call, id| call.suspend(id),
            "deletion-protection" => |call, id| call.protect(id),
            "ip-restrictions" => |call, id| call.restrict(id),
            "backup-schedule" => |call, id| call.schedule_backups(id),
            "password" => |call, id| call.set_password(id),
            "delete" => |call, id| call.delete_cluster(id),
            _ => return Err(Refusal::not_found(format_args!("The action '{action}'"))),
        };
        self.call(body, |call| act(call, id.as_str()).map(drop))
    }

    /// Lets the next operations of a kind fail.
    pub fn fail_next(&self, failure: Failure) {
        self.0.with(|world, _| world.cratedb.failures.push(failure));
    }

    /// Adds a subscription, and gives its id.
    #[must_use]
    pub fn add_subscription(&self, new: NewSubscription) -> String {
        self.0.with(|World { cratedb, environment, .. }, now| {
            let id = new_id(&mut environment.random);
            cratedb.subscriptions.push(Subscription {
                id: id.clone(),
                name: new.name.unwrap_or_else(|| "Another contract".to_owned()),
                organization_id: new.organization_id,
                marketplace: new.marketplace,
                active: new.active,
                state: new.state,
                created: now,
            });
            id
        })
    }

    /// Activates or deactivates a subscription.
    ///
    /// # Errors
    /// Where there is no such subscription.
    pub fn activate_subscription(&self, id: &str, active: bool) -> Result<(), Refusal> {
        self.0.with(|world, _| {
            let missing = || Refusal::not_found(format_args!("The subscription {id}"));
            let mut known = world.cratedb.subscriptions.iter_mut();
            known.find(|subscription| subscription.id == id).ok_or_else(missing)?.active = active;
            Ok(())
        })
    }

    /// Changes an API key.
    ///
    /// # Errors
    /// Where there is no such key.
    pub fn change_key(&self, name: &str, change: KeyChange) -> Result<(), Refusal> {
        self.0.with(|world, _| {
            let keys = &mut world.cratedb.directory.keys;
            let missing = || Refusal::not_found(format_args!("The key '{name}'"));
            let key = keys.iter_mut().find(|key| key.key == name).ok_or_else(missing)?;
            key.active = change.active.unwrap_or(key.active);
            if let Some(secret) = change.secret {
                key.secret = secret;
            }
            keys.retain(|key| key.key != name || !change.deleted);
            Ok(())
        })
    }

    /// Changes an organization.
    ///
    /// # Errors
    /// Where there is no such organization.
    pub fn change_organization(&self, id: &str, change: &OrganizationChange) -> Result<(), Refusal> {
        self.0.with(|world, _| {
            let missing = || Refusal::not_found(format_args!("The organization {id}"));
            let organization = world.cratedb.organizations.get_mut(id).ok_or_else(missing)?;
            organization.remaining_budget = change.remaining_budget;
            Ok(())
        })
    }

    /// Does something under the cloud's own rules, with all rights.
    fn call<T>(&self, body: &Value, act: impl FnOnce(&mut Call<'_>) -> Result<T, Refusal>) -> Result<T, Refusal> {
        let body = body.to_string();
        self.0.with(|World { cratedb, environment, .. }, now| {
            let caller = Caller::Console;
            act(&mut Call { cloud: cratedb, environment, caller, now, query: &[], body: body.as_bytes() })
        })
    }

    /// Changes a cluster past all rules.
    fn change(&self, id: &ClusterId, change: impl FnOnce(&mut Cluster) -> Result<(), Refusal>) -> Result<(), Refusal> {
        self.0.with(|world, _| {
            let missing = || Refusal::not_found(format_args!("The cluster {id}"));
            change(world.cratedb.cluster_mut(id.as_str()).ok_or_else(missing)?)
        })
    }
}

impl Call<'_> {
    fn seed(&mut self, new: NewCluster) -> Result<ClusterId, Refusal> {
        check_name(&new.name).map_err(|wrong| Refusal::field("name", wrong))?;
        if self.cloud.is_taken(&new.name) {
            return Err(Refusal::field("name", format!("The cluster name '{}' is already taken.", new.name)));
        }
        let spec = self.small_cluster(&new)?;
        let NewCluster { name, organization_id, region, username, password, tables, fields } = new;
        let password = password.unwrap_or_else(|| new_id(&mut self.environment.random).into());
        let id = self.insert(Blueprint { name, region, organization_id, username, password, spec })?;
        self.start(&id, Change::Create);
        let now = self.now;
        let seeded = self.cloud.cluster_mut(id.as_str()).map_or(Ok(()), |cluster| {
            cluster.tables.extend(tables);
            cluster.exists = true;
            if let Some(operation) = cluster.operations.last_mut() {
                (operation.until, operation.fails) = (now, None);
            }
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

impl Cloud {
    /// Lets every list of clusters stay as it is now, until then or until [`Cloud::freshen_lists`].
    pub(in crate::simulator) fn freeze_lists(&mut self, until: Option<Timestamp>, settings: &Settings, now: Timestamp) {
        self.stale = Some(StaleLists { until, clusters: self.all_clusters(settings, now) });
    }

    pub(in crate::simulator) fn freshen_lists(&mut self) {
        self.stale = None;
    }
}

/// An edit of a cluster's fields: what it consists of, its name, `created` and `deletion_protected` really change;
/// whatever else is named is only shown so by the API from then on, until it is edited to null.
struct Edit {
    spec: Spec,
    name: String,
    created: Timestamp,
    deletion_protected: bool,
    shown: Map<String, Value>,
}

impl Edit {
    fn read(cluster: &Cluster, fields: Map<String, Value>) -> Result<Self, Refusal> {
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

    fn carry_out(self, cluster: &mut Cluster) {
        let Self { spec, name, created, deletion_protected, shown } = self;
        (cluster.spec, cluster.name, cluster.created) = (spec, name, created);
        cluster.deletion_protected = deletion_protected;
        cluster.overlay.extend(shown);
        cluster.overlay.retain(|_, value| !value.is_null());
    }
}
