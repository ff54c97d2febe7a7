//! What people do past the API: in the console, in a marketplace, by accident.

use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::call::{Call, Caller};
use super::cloud::{Cloud, StaleLists, Subscription, new_id};
use super::cluster::{Cluster, ClusterView, Disk};
use super::refusal::Refusal;
use super::seeding::{Edit, NewCluster, first_organization};
use super::settings::Settings;
use crate::api::identity::ClusterId;
use crate::cloud::cratedb::wire::OperationKind;
use crate::simulator::{Simulator, World};

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
        self.times > 0 && self.kind.as_ref().is_none_or(|wanted| wanted == kind)
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
    /// What its clusters may cost per month together, in US dollars; none: as the settings have it.
    pub monthly_budget: Option<f64>,
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
    /// `deletion-protection`, `ip-restrictions`, `backup-schedule`, `password`, `restore` or `delete`, with the body
    /// that the API has for it. The cloud's rules hold.
    ///
    /// # Errors
    /// Where the cloud would refuse it.
    pub fn act(&self, id: &ClusterId, action: &str, body: &Value) -> Result<(), Refusal> {
        let id = id.as_str();
        self.call(body, |call| {
            let reply = match action {
                "scale" => call.scale(id),
                "product" => call.change_product(id),
                "storage" => call.expand_storage(id),
                "upgrade" => call.upgrade(id),
                "suspend" => call.suspend(id),
                "deletion-protection" => call.protect(id),
                "ip-restrictions" => call.restrict(id),
                "backup-schedule" => call.schedule_backups(id),
                "password" => call.set_password(id),
                "restore" => call.restore(id),
                "delete" => call.delete_cluster(id),
                _ => Err(Refusal::not_found(format_args!("The action '{action}'"))),
            };
            reply.map(drop)
        })
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
            let key = keys.iter_mut().find(|key| key.name == name).ok_or_else(missing)?;
            key.active = change.active.unwrap_or(key.active);
            if let Some(secret) = change.secret {
                key.secret = secret;
            }
            keys.retain(|key| key.name != name || !change.deleted);
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
            organization.monthly_budget = change.monthly_budget;
            Ok(())
        })
    }

    /// Does something under the cloud's own rules, with all rights.
    fn call<T>(&self, body: &Value, act: impl FnOnce(&mut Call<'_>) -> Result<T, Refusal>) -> Result<T, Refusal> {
        let body = body.to_string();
        self.0.with(|World { cratedb, environment, .. }, now| {
            let caller = Caller::Console;
            act(&mut Call { cloud: cratedb, environment, caller, now, region: None, query: &[], body: body.as_bytes() })
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

impl Cloud {
    /// Lets every list of clusters stay as it is now, until then or until [`Cloud::freshen_lists`].
    pub(in crate::simulator) fn freeze_lists(&mut self, until: Option<Timestamp>, settings: &Settings, now: Timestamp) {
        self.stale = Some(StaleLists { until, clusters: self.all_clusters(settings, now) });
    }

    pub(in crate::simulator) fn freshen_lists(&mut self) {
        self.stale = None;
    }
}
