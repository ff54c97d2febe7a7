//! CrateDB Cloud, small enough to be seen through: ids of its own, and one operation at a time, whose answer shows what was.

use std::time::Duration;

use clusterwright::api::cratedb::CrateDBCluster;
use clusterwright::api::identity::{ClusterId, CreatedAt, Handle, Identity, Location};
use clusterwright::api::secret::Password;
use clusterwright::clock;
use clusterwright::cloud::cratedb::catalogue::Catalogue;
use clusterwright::cloud::cratedb::change::{Change, NewDatabase};
use clusterwright::cloud::cratedb::question::{Answer, Question};
use clusterwright::cloud::cratedb::wire::{Cluster, HealthStatus, OperationKind};
use clusterwright::cloud::operation::{Found, Operation, OperationState};
use clusterwright::plan::{Change as _, CloudCluster};
use jiff::Timestamp;

use super::super::world::{Cloud, No, OutOfReach};
use super::fixture::{SNAPSHOT, apply, cluster, id, location, offers, operation, project, snapshot};

#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) kept: Vec<Kept>,
    pub(crate) around: Catalogue,
    /// Whether an allow-list keeps the operator from asking a database.
    pub(crate) keeps_us_out: bool,
    /// How long an operation takes.
    pub(crate) lasting: Duration,
    /// How many things were given an id.
    count: usize,
}

/// One cluster, with what is known of it only in the cloud.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) cluster: Cluster,
    pub(crate) password: Password,
    /// What was restored into it.
    pub(crate) restored: Vec<String>,
    /// Newest first.
    operations: Vec<Operation>,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    ends: Timestamp,
    /// What will have been done; none where that cannot be seen here.
    change: Option<Change>,
    password: Option<Password>,
    fails: bool,
}

impl Model {
    pub(crate) fn new(clusters: Vec<Cluster>, password: &str, around: Catalogue) -> Self {
        let keep = |cluster| Kept {
            cluster,
            password: Password::new(password),
            restored: Vec::new(),
            operations: Vec::new(),
            running: None,
        };
        let kept = clusters.into_iter().map(keep).collect();
        Self { kept, around, keeps_us_out: false, lasting: Duration::from_secs(25), count: 0 }
    }

    fn next(&mut self) -> usize {
        self.count += 1;
        self.count
    }

    fn get(&self, id: &ClusterId) -> Option<&Kept> {
        self.kept.iter().find(|kept| kept.cluster.id == *id)
    }

    fn begin(&mut self, id: &ClusterId, kind: OperationKind, running: Running) {
        let number = self.next();
        let Some(kept) = self.kept.iter_mut().find(|kept| kept.cluster.id == *id) else { return };
        assert!(kept.running.is_none(), "one operation at a time");
        let told = operation(&format!("op-{number}"), kind.as_str(), OperationState::Running, "It is being done.");
        let told = Operation { started: clock::earlier(running.ends, self.lasting), ..told };
        kept.operations.insert(0, told);
        kept.cluster.health.running_operation = Some(kind);
        kept.running = Some(running);
    }
}

impl Kept {
    fn end(&mut self, running: Running) {
        let created = self.cluster.health.running_operation.take() == Some(OperationKind::Create);
        self.operations[0].state = if running.fails { OperationState::Failed } else { OperationState::Succeeded };
        if running.fails {
            return;
        }
        if created {
            let finished = cluster(&self.cluster.name);
            (self.cluster.fqdn, self.cluster.url) = (finished.fqdn, finished.url);
            self.cluster.health.status = HealthStatus::Green;
        }
        if let Some(Change::Restore(restoration)) = &running.change {
            self.restored.push(restoration.snapshot.clone());
        }
        if let Some(change) = &running.change {
            apply(change, &mut self.cluster);
        }
        if let Some(password) = running.password {
            self.password = password;
        }
    }

    fn is_asleep(&self) -> bool {
        self.cluster.suspended == Some(true)
    }
}

/// Whether the cloud would do it at all.
fn takes(kept: &Kept, change: &Change) -> bool {
    let there = kept.cluster.hardware_specs.as_ref().and_then(|disks| disks.disk_size_per_node_bytes);
    match change {
        Change::Storage { bytes_per_node } => !kept.is_asleep() && there.is_none_or(|there| there < *bytes_per_node),
        Change::Suspended(true) => !kept.is_asleep() && kept.cluster.allow_suspend != Some(false),
        Change::Suspended(false) => kept.is_asleep(),
        Change::DeletionProtection(_) => true,
        Change::Restore(_) => !kept.is_asleep() && kept.restored.is_empty(),
        _ => !kept.is_asleep(),
    }
}

impl Cloud for Model {
    type Kind = CrateDBCluster;

    fn home() -> Location {
        location()
    }

    fn listed(&self) -> Vec<Cluster> {
        self.kept.iter().map(|kept| kept.cluster.clone()).collect()
    }

    fn look(&self, target: &Handle) -> Found<Cluster> {
        let found = self.kept.iter().find(|kept| kept.cluster.answers_to(target));
        let tells = matches!(target, Handle::Id(_));
        let operations = found.filter(|_| tells).map(|kept| kept.operations.clone()).unwrap_or_default();
        Found { cluster: found.map(|kept| kept.cluster.clone()), taken: false, operations }
    }

    fn answer(&self, question: &Question) -> Answer {
        match question {
            Question::Snapshots { .. } => Answer::Snapshots(Some(vec![snapshot("20261122135500"), snapshot(SNAPSHOT)])),
            Question::Price { .. } => Answer::Price(0.25),
            Question::Upgrades { from, .. } => offers(if from == "5.8.3" { &["5.9.0"] } else { &[] }),
        }
    }

    fn catalogue(&self) -> Option<Catalogue> {
        Some(self.around.clone())
    }

    fn in_transition(&self) -> bool {
        self.kept.iter().any(|kept| kept.running.is_some())
    }

    fn pass(&mut self, now: Timestamp) {
        for kept in &mut self.kept {
            if let Some(running) = kept.running.take_if(|running| running.ends <= now) {
                kept.end(running);
            }
        }
    }

    fn create(
        &mut self,
        NewDatabase { provision: request, .. }: &NewDatabase,
        password: Option<&Password>,
        now: Timestamp,
    ) -> Result<Cluster, No> {
        let wanted = &request.cluster;
        if self.kept.iter().any(|kept| kept.cluster.name == wanted.name) {
            return Err(No);
        }
        let number = self.next();
        let mut built = Cluster {
            id: id(&format!("{}-{number}", wanted.name)),
            project_id: Some(request.project_id.clone()),
            subscription_id: Some(request.subscription_id.clone()),
            crate_version: Some(wanted.crate_version.clone()),
            channel: Some(wanted.channel.clone()),
            product_name: Some(wanted.product_name.clone()),
            product_tier: Some(wanted.product_tier.clone()),
            product_unit: Some(wanted.product_unit),
            num_nodes: Some(wanted.product_unit + 1),
            username: Some(wanted.username.clone()),
            fqdn: None,
            url: None,
            ..cluster(&wanted.name)
        };
        built.dc.created = CreatedAt::from_epoch_millis(now.as_millisecond());
        built.health.status = HealthStatus::Unreachable;
        let size = wanted.hardware_specs.as_ref().and_then(|disks| disks.disk_size_per_node_bytes);
        if let Some(bytes_per_node) = size {
            apply(&Change::Storage { bytes_per_node }, &mut built);
        }
        let password = password.expect("a password").clone();
        self.kept.push(Kept {
            cluster: built.clone(),
            password,
            restored: Vec::new(),
            operations: Vec::new(),
            running: None,
        });
        let ends = clock::later(now, self.lasting);
        let running = Running { ends, change: None, password: None, fails: false };
        self.begin(&built.id, OperationKind::Create, running);
        built.health.running_operation = Some(OperationKind::Create);
        Ok(built)
    }

    fn change(
        &mut self,
        change: &Change,
        id: Option<&ClusterId>,
        password: Option<&Password>,
        fails: bool,
        now: Timestamp,
    ) -> Result<(), No> {
        if let Change::CreateProject { name, region } = change {
            let number = self.next();
            self.around.projects.push(project(&format!("p-{number}"), name, region));
            return Ok(());
        }
        let id = id.ok_or(No)?;
        let kept = self.kept.iter_mut().find(|kept| kept.cluster.id == *id).ok_or(No)?;
        assert!(kept.running.is_none(), "{change:?} while {:?} runs", kept.running);
        if !takes(kept, change) {
            return Err(No);
        }
        let Some(kind) = change.operation() else {
            apply(change, &mut kept.cluster);
            return Ok(());
        };
        let password = password.filter(|_| *change == Change::Password).cloned();
        let running = Running { ends: clock::later(now, self.lasting), change: Some(change.clone()), password, fails };
        self.begin(id, OperationKind::from(kind.to_owned()), running);
        Ok(())
    }

    fn destroy(&mut self, identity: &Identity) -> Result<(), No> {
        let there = self.get(&identity.id).ok_or(No)?;
        assert!(there.running.is_none(), "a destroy while {:?} runs", there.running);
        if there.cluster.deletion_protected == Some(true) {
            return Err(No);
        }
        self.kept.retain(|kept| kept.cluster.id != identity.id);
        Ok(())
    }

    fn occupy(&mut self, id: Option<&ClusterId>, now: Timestamp) {
        let Some(id) = id.filter(|id| self.get(id).is_some_and(|kept| kept.running.is_none())) else { return };
        let running = Running { ends: clock::later(now, self.lasting), change: None, password: None, fails: false };
        self.begin(&id.clone(), OperationKind::BackupScheduleUpdate, running);
    }

    fn opened_by(&self, id: &ClusterId, claims: &[Password]) -> Result<Option<Password>, OutOfReach> {
        let kept = self.get(id).ok_or(OutOfReach)?;
        let being_created = kept.cluster.health.running_operation == Some(OperationKind::Create);
        let fenced =
            self.keeps_us_out && kept.cluster.ip_whitelist.as_ref().is_some_and(|networks| !networks.is_empty());
        if being_created || fenced || kept.is_asleep() {
            return Err(OutOfReach);
        }
        Ok(claims.iter().find(|claim| **claim == kept.password).cloned())
    }

    fn set_password(&mut self, _password: Password) {
        unreachable!("its API sets passwords");
    }
}
