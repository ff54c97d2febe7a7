//! What the cloud's API does to clusters.

use jiff::Timestamp;

use super::cloud::{Blueprint, Cloud, Reply, missing};
use super::cluster::{Cluster, Move, Phase, Rest, Spec};
use super::database::Database;
use super::place::{ClusterName, Space};
use super::refusal::Refusal;
use super::validate::{self, Update};
use crate::cloud::typedb::wire::BackupConfiguration;
use crate::simulator::answer::Answer;
use crate::simulator::requests::Effect;
use crate::simulator::{Environment, Settings};

impl Cloud {
    pub(super) fn deploy(
        &mut self,
        space: &Space,
        body: &[u8],
        environment: &mut Environment,
        now: Timestamp,
    ) -> Reply {
        let settings = &environment.settings;
        let request = validate::deploy(body, settings)?;
        let name = ClusterName { space: space.clone(), id: request.id.clone() };
        let default_backup = if request.is_free {
            BackupConfiguration { frequency: validate::NO_BACKUPS.to_owned(), retention_days: Some(7) }
        } else {
            settings.typedb.unknowns.default_backup.clone()
        };
        let spec = Spec::requested(request, default_backup);
        self.check_room(&name, &spec, settings)?;
        self.create(Blueprint { name, spec, database: Database::fresh() }, Move::Deploy, environment, now)
    }

    pub(super) fn clone(
        &mut self,
        source: &ClusterName,
        body: &[u8],
        environment: &mut Environment,
        now: Timestamp,
    ) -> Reply {
        let settings = &environment.settings;
        let name = ClusterName { space: source.space.clone(), id: validate::clone(body, settings)? };
        let original = self.clusters.get(source).ok_or_else(|| missing(source))?;
        allow(original, settings.typedb.unknowns.clone_while_suspended, "cloned", settings)?;
        let (spec, database) =
            (original.spec.clone(), original.database.copy(settings.typedb.unknowns.clone_keeps_users));
        self.check_room(&name, &spec, settings)?;
        self.create(Blueprint { name, spec, database }, Move::Clone, environment, now)
    }

    pub(super) fn update(
        &mut self,
        name: &ClusterName,
        body: &[u8],
        environment: &mut Environment,
        now: Timestamp,
    ) -> Reply {
        let settings = &environment.settings;
        let update = validate::update(body, settings)?;
        let cluster = self.clusters.get(name).ok_or_else(|| missing(name))?;
        allow(cluster, settings.typedb.unknowns.update_while_suspended, "updated", settings)?;
        let spec = check_update(&update, &cluster.spec, settings)?;
        let new_name = ClusterName { id: update.id.clone().unwrap_or_else(|| name.id.clone()), ..name.clone() };
        if new_name != *name && self.clusters.contains_key(&new_name) {
            return Err(Refusal::in_use(&new_name.id));
        }
        if new_name != *name && !settings.typedb.unknowns.address_survives_rename {
            self.readdress(name, environment)?;
        }
        self.rename(name, &new_name);
        self.change(&new_name, spec, &environment.settings, now);
        self.answer_for(&new_name, "updated", update.fields(), &environment.settings)
    }

    pub(super) fn suspend(&mut self, name: &ClusterName, environment: &Environment, now: Timestamp) -> Reply {
        let cluster = self.clusters.get(name).ok_or_else(|| missing(name))?;
        allow(cluster, false, "suspended", &environment.settings)?;
        self.start(name, Move::Suspend, &environment.settings, now);
        self.answer_for(name, "suspended", Vec::new(), &environment.settings)
    }

    pub(super) fn resume(&mut self, name: &ClusterName, environment: &mut Environment, now: Timestamp) -> Reply {
        let cluster = self.clusters.get(name).ok_or_else(|| missing(name))?;
        if cluster.phase != Phase::Resting(Rest::Suspended) {
            return Err(wrong_state(cluster, "resumed", &environment.settings));
        }
        if !environment.settings.typedb.unknowns.address_survives_suspend {
            self.readdress(name, environment)?;
        }
        self.start(name, Move::Resume, &environment.settings, now);
        self.answer_for(name, "resumed", Vec::new(), &environment.settings)
    }

    pub(super) fn destroy(&mut self, name: &ClusterName, environment: &Environment, now: Timestamp) -> Reply {
        let settings = &environment.settings;
        let cluster = self.clusters.get(name).ok_or_else(|| missing(name))?;
        if matches!(cluster.phase, Phase::Moving { towards: Move::Destroy, .. }) {
            return Err(wrong_state(cluster, "destroyed", settings));
        }
        self.start(name, Move::Destroy, settings, now);
        let answer = self.answer_for(name, "destroyed", Vec::new(), settings);
        if !settings.typedb.unknowns.destroyed_lingers {
            self.take_out(name);
        }
        answer
    }

    /// Deploys or clones.
    fn create(&mut self, new: Blueprint, towards: Move, environment: &mut Environment, now: Timestamp) -> Reply {
        let name = new.name.clone();
        let action = if towards == Move::Clone { "cloned" } else { "deployed" };
        self.insert(new, environment, now)?;
        let settings = &mut environment.settings;
        let failing = settings.typedb.fail_next_deploys > 0;
        settings.typedb.fail_next_deploys = settings.typedb.fail_next_deploys.saturating_sub(1);
        self.start(&name, if failing { Move::FailedDeploy } else { towards }, settings, now);
        self.answer_for(&name, action, Vec::new(), settings)
    }

    /// Whether `name` is free and the team may have one more cluster like this.
    fn check_room(&self, name: &ClusterName, spec: &Spec, settings: &Settings) -> Result<(), Refusal> {
        let unknowns = &settings.typedb.unknowns;
        if self.clusters.contains_key(name) {
            return Err(Refusal::in_use(&name.id));
        }
        let in_team = |cluster: &&Cluster| cluster.name.space.team == name.space.team;
        if spec.is_free && self.clusters.values().filter(in_team).any(|cluster| cluster.spec.is_free) {
            let message = "The team has a free cluster already, and there is one free cluster per team.";
            return Err(Refusal::new(unknowns.second_free_status.0, "FREE_CLUSTER_LIMIT", message));
        }
        if !spec.is_free {
            check_payment(settings)?;
        }
        let in_space = self.clusters.keys().filter(|other| other.space == name.space).count();
        match settings.typedb.max_clusters_per_space {
            Some(limit) if in_space >= limit => {
                let message = format!("The space has reached its limit of {limit} clusters.");
                Err(Refusal::new(unknowns.quota_status.0, "CLUSTER_QUOTA_EXCEEDED", message))
            }
            _ => Ok(()),
        }
    }

    /// Changes a cluster's size, version or backups; backups take no time.
    fn change(&mut self, name: &ClusterName, new: Spec, settings: &Settings, now: Timestamp) {
        let Some(cluster) = self.clusters.get_mut(name) else { return };
        cluster.spec.backup_configuration = new.backup_configuration.clone();
        let Phase::Resting(back_to) = cluster.phase else { return };
        if new == cluster.spec {
            return;
        }
        let later = if settings.typedb.unknowns.update_shows_at_once {
            cluster.spec = new;
            None
        } else {
            Some(Box::new(new))
        };
        self.start(name, Move::Update { spec: later, back_to }, settings, now);
    }

    fn answer_for(
        &self,
        name: &ClusterName,
        action: &'static str,
        fields: Vec<&'static str>,
        settings: &Settings,
    ) -> Reply {
        let cluster = self.clusters.get(name).ok_or_else(|| missing(name))?;
        let created_at = cluster.created_at.epoch_millis();
        let effect = Effect { action, cluster: name.to_string(), created_at, fields };
        Ok(Answer::shown(cluster.answer(&settings.typedb.unknowns)).having(effect))
    }
}

/// What the cluster will be after `update`, if that is allowed.
fn check_update(update: &Update, current: &Spec, settings: &Settings) -> Result<Spec, Refusal> {
    let mut spec = update.applied_to(current);
    if current.is_free && update.fields() != ["id"] {
        check_payment(settings)?;
        // The documentation says that a free cluster may grow where there is a payment method, not what it then is.
        spec.is_free = validate::within_free_limits(&spec);
    }
    validate::spec(&spec)?;
    if spec.storage_size_gb < current.storage_size_gb && !settings.typedb.unknowns.storage_may_shrink {
        let size = current.storage_size_gb;
        return Err(Refusal::invalid(format!("storageSizeGB cannot be reduced: the cluster has {size} GB.")));
    }
    let older = validate::version_number(&spec.version) < validate::version_number(&current.version);
    if older && !settings.typedb.unknowns.version_may_go_down {
        let version = &current.version;
        return Err(Refusal::invalid(format!("version cannot go down: the cluster has {version}.")));
    }
    Ok(spec)
}

fn check_payment(settings: &Settings) -> Result<(), Refusal> {
    if settings.typedb.payment_method {
        return Ok(());
    }
    let message = "The team has no valid payment method.";
    Err(Refusal::new(settings.typedb.unknowns.payment_status.0, "PAYMENT_METHOD_REQUIRED", message))
}

/// Lets something be done to a running cluster, and to a suspended one where that is `allowed`.
fn allow(cluster: &Cluster, while_suspended: bool, done: &str, settings: &Settings) -> Result<(), Refusal> {
    match cluster.phase {
        Phase::Resting(Rest::Running) => Ok(()),
        Phase::Resting(Rest::Suspended) if while_suspended => Ok(()),
        _ => Err(wrong_state(cluster, done, settings)),
    }
}

fn wrong_state(cluster: &Cluster, done: &str, settings: &Settings) -> Refusal {
    let (id, status) = (&cluster.name.id, cluster.status(&settings.typedb.unknowns));
    let message = format!("The cluster '{id}' cannot be {done} while it is {status}.");
    Refusal::new(settings.typedb.unknowns.wrong_state_status.0, "INVALID_CLUSTER_STATUS", message)
}
