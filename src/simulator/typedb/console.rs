//! What people do to clusters past the API: in the console, or by accident.

use std::collections::BTreeSet;

use axum::http::HeaderMap;
use jiff::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::auth::CredentialChange;
use super::cloud::{Blueprint, Cloud, StaleLists, missing};
use super::cluster::{Cluster, Spec};
use super::database::{ADMIN, Database};
use super::place::{ClusterName, Space};
use super::refusal::Refusal;
use super::validate;
use crate::api::identity::{ClusterId, CreatedAt};
use crate::simulator::{Environment, Settings};

/// A cluster that somebody else made. It runs at once; what is not said is a small paid cluster on gcp.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewCluster {
    #[serde(default = "acme")]
    pub team: String,
    #[serde(default = "default_space")]
    pub space: String,
    pub id: String,
    /// The admin's password; otherwise the factory one.
    #[serde(default)]
    pub password: Option<SecretString>,
    #[serde(default)]
    pub databases: Vec<String>,
    /// Further fields, as in an edit: `storageSizeGB`, `version`, `createdAt`, …
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

impl NewCluster {
    /// A cluster in the team `acme` and the space `default`.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        let (team, space) = (acme(), default_space());
        Self { team, space, id: id.into(), password: None, databases: Vec::new(), fields: Map::new() }
    }
}

fn acme() -> String {
    "acme".to_owned()
}

fn default_space() -> String {
    "default".to_owned()
}

impl Cloud {
    /// Puts a running cluster into the world.
    pub(in crate::simulator) fn seed(
        &mut self,
        new: NewCluster,
        environment: &mut Environment,
        now: Timestamp,
    ) -> Result<ClusterName, Refusal> {
        let settings = &environment.settings;
        let name = ClusterName::new(new.team, new.space, validate::cluster_id(new.id, settings)?.as_str());
        self.check_name_free(&name)?;
        let edit = Edit::read(&small_paid_cluster(settings), new.fields)?;
        let mut database = Database::fresh();
        if let Some(password) = new.password {
            database.set_password(ADMIN, password);
        }
        for database_name in &new.databases {
            database.add_database(database_name);
        }
        let cluster =
            self.insert(Blueprint { name: name.clone(), spec: edit.spec.clone(), database }, environment, now)?;
        edit.carry_out(cluster);
        Ok(name)
    }

    /// Changes any field of a cluster but its id; see [`Edit`].
    pub(in crate::simulator) fn edit(&mut self, name: &ClusterName, fields: Map<String, Value>) -> Result<(), Refusal> {
        let cluster = self.cluster(name)?;
        Edit::read(&cluster.spec, fields)?.carry_out(cluster);
        Ok(())
    }

    /// Gives a cluster another id.
    pub(in crate::simulator) fn rename_by_hand(&mut self, name: &ClusterName, id: ClusterId) -> Result<(), Refusal> {
        let new = ClusterName { space: name.space.clone(), id };
        self.cluster(name)?;
        self.check_name_free(&new)?;
        self.rename(name, &new);
        Ok(())
    }

    /// Replaces a cluster by an empty one of the same id and fields, with the factory password.
    pub(in crate::simulator) fn recreate(
        &mut self,
        name: &ClusterName,
        environment: &mut Environment,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let old = self.take_out(name).ok_or_else(|| missing(name))?;
        self.insert(Blueprint { spec: old.spec, name: old.name, database: Database::fresh() }, environment, now)?;
        Ok(())
    }

    /// Lets a cluster be gone, at once and without a trace.
    pub(in crate::simulator) fn remove(&mut self, name: &ClusterName) -> Result<(), Refusal> {
        self.take_out(name).map(drop).ok_or_else(|| missing(name))
    }

    /// Sets a user's password inside a cluster.
    pub(in crate::simulator) fn set_password(
        &mut self,
        name: &ClusterName,
        user: Option<&str>,
        password: SecretString,
    ) -> Result<(), Refusal> {
        self.cluster(name)?.database.set_password(user.unwrap_or(ADMIN), password);
        Ok(())
    }

    pub(in crate::simulator) fn change_credential(
        &mut self,
        client_id: &str,
        change: CredentialChange,
    ) -> Result<(), Refusal> {
        self.credentials.change(client_id, change)
    }

    /// Lets every list stay as it is now, until then or until [`Cloud::freshen_lists`].
    pub(in crate::simulator) fn freeze_lists(&mut self, until: Option<Timestamp>, settings: &Settings) {
        let spaces: BTreeSet<Space> = self.clusters.keys().map(|name| name.space.clone()).collect();
        let lists = spaces.into_iter().map(|space| (space.clone(), self.list_now(&space, settings))).collect();
        self.stale = Some(StaleLists { until, lists });
    }

    pub(in crate::simulator) fn freshen_lists(&mut self) {
        self.stale = None;
    }

    /// Whose secret or token comes with `headers`.
    pub(in crate::simulator) fn client_of(&self, headers: &HeaderMap) -> Option<String> {
        self.credentials.client_of(headers)
    }

    /// All that there is, without secrets.
    pub(in crate::simulator) fn describe(&self, settings: &Settings) -> Value {
        json!({
            "clusters": self.views(settings),
            "credentials": self.credentials.known(),
            "listsAreStale": self.stale.is_some(),
        })
    }

    fn cluster(&mut self, name: &ClusterName) -> Result<&mut Cluster, Refusal> {
        self.clusters.get_mut(name).ok_or_else(|| missing(name))
    }

    fn check_name_free(&self, name: &ClusterName) -> Result<(), Refusal> {
        if self.clusters.contains_key(name) { Err(Refusal::in_use(&name.id)) } else { Ok(()) }
    }
}

/// An edit of a cluster's fields: what it consists of (`storageSizeGB`, `version`, `region`, `backupConfiguration`, …)
/// and `createdAt` really change; whatever else is named (`status`, `servers`, a field that does not exist) is only
/// shown so by the API from then on, until it is edited to null.
struct Edit {
    spec: Spec,
    created_at: Option<CreatedAt>,
    shown: Map<String, Value>,
}

impl Edit {
    fn read(current: &Spec, fields: Map<String, Value>) -> Result<Self, Refusal> {
        let wrong = |error: serde_json::Error| Refusal::invalid(format!("The edit is not understood: {error}."));
        let mut spec = json!(current);
        let mut created_at = None;
        let mut shown = Map::new();
        for (field, value) in fields {
            match (field.as_str(), spec.get_mut(&field)) {
                (_, Some(current)) => *current = value,
                ("createdAt", _) => created_at = Some(serde_json::from_value(value).map_err(wrong)?),
                ("id", _) => return Err(Refusal::invalid("An edit cannot change the id; use rename.")),
                _ => drop(shown.insert(field, value)),
            }
        }
        Ok(Self { spec: serde_json::from_value(spec).map_err(wrong)?, created_at, shown })
    }

    fn carry_out(self, cluster: &mut Cluster) {
        cluster.spec = self.spec;
        cluster.created_at = self.created_at.unwrap_or(cluster.created_at);
        cluster.overlay.extend(self.shown);
        cluster.overlay.retain(|_, value| !value.is_null());
    }
}

fn small_paid_cluster(settings: &Settings) -> Spec {
    Spec {
        server_count: 1,
        storage_size_gb: 20,
        is_free: false,
        version: settings.typedb.versions.last().cloned().unwrap_or_default(),
        provider: "gcp".to_owned(),
        region: "europe-west2".to_owned(),
        machine_type: "c2d-highcpu-2".to_owned(),
        storage_type: "standard-rwo".to_owned(),
        backup_configuration: settings.typedb.unknowns.default_backup.clone(),
    }
}
