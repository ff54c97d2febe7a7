//! A cloud, a record and a controller small enough to be seen through: they carry plans out, as the real ones would.

use clusterwright::api::FINALIZER;
use clusterwright::api::identity::{CreatedAt, Handle, Identity};
use clusterwright::api::secret::Password;
use clusterwright::api::typedb::TypeDBCluster;
use clusterwright::clock;
use clusterwright::cloud::provider::Found;
use clusterwright::cloud::typedb::wire::{Cluster, ClusterDeploy, ClusterStatus};
use clusterwright::plan::{
    CloudCluster, DatabaseStep, Gone, Kind, NewPassword, PasswordState, Refusal, RefusalKind, connection_fingerprint,
    created_by, plan, refusal_fingerprint, status,
};
use kube::ResourceExt;
use std::time::Duration;

use super::fixture::{Scene, cluster, location};
use super::kinds::{CloudWrite, CreateIntent, Facts, Intent, Inventory, Look, Plan, Record, RecordChange, Step};

/// What becomes of a create's or a destroy's request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Answered,
    /// It takes effect, and the answer is lost.
    AnswerLost,
    /// It never arrives.
    Lost,
    /// The process dies between announcement and request.
    Crash,
    Refused,
}

/// One manifest's world.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) facts: Facts,
    pub(crate) clusters: Vec<Cluster>,
    /// What opens each database; the factory password where it was never changed.
    pub(crate) password: Password,
    pub(crate) fates: Vec<Fate>,
    pub(crate) gone: bool,
    /// Every write that reached the cloud.
    pub(crate) sent: Vec<String>,
}

impl World {
    pub(crate) fn new(scene: Scene, clusters: Vec<Cluster>, password: &str, fates: Vec<Fate>) -> Self {
        Self { facts: scene.facts, clusters, password: Password::new(password), fates, gone: false, sent: Vec::new() }
    }

    /// Goes on until nothing is left to do and time brings nothing new; `None` where that never comes.
    pub(crate) fn settle(&mut self, mut check: impl FnMut(&Self, &Plan)) -> Option<Plan> {
        let mut resting = None;
        for _ in 0..40 {
            let rest = self.go_on(&mut check)?;
            if self.gone {
                return Some(rest);
            }
            let rested = self.at_rest();
            if resting == Some(rested.clone()) && rest.next.is_none() && !self.in_transition() {
                return Some(rest);
            }
            resting = Some(rested);
            self.pass(rest.look_again.unwrap_or(Duration::from_secs(60)).max(Duration::from_secs(1)));
        }
        None
    }

    /// One step after the other until there is none; `None` where they never end.
    fn go_on(&mut self, check: &mut impl FnMut(&Self, &Plan)) -> Option<Plan> {
        for _ in 0..24 {
            let plan = plan(&self.facts);
            check(self, &plan);
            self.facts.manifest.status = Some(status(&self.facts, &plan));
            let Some(step) = plan.next.clone() else { return Some(plan) };
            if self.facts.account.reach.is_none() && step.speaks_to_a_cloud() {
                return Some(plan);
            }
            self.carry_out(step);
            if self.gone {
                return Some(plan);
            }
        }
        None
    }

    fn at_rest(&self) -> String {
        let reasons: Vec<String> = self
            .facts
            .manifest
            .status
            .iter()
            .flat_map(|status| &status.common.conditions)
            .map(|condition| format!("{}={}", condition.type_, condition.reason))
            .collect();
        format!("{reasons:?} {:?} {:?}", self.facts.record, self.clusters)
    }

    fn in_transition(&self) -> bool {
        self.clusters.iter().any(|cluster| cluster.status.in_transition())
    }

    /// Time goes by: the cloud finishes what it began, and lists it.
    fn pass(&mut self, wait: Duration) {
        self.facts.now = clock::later(self.facts.now, wait);
        self.clusters.retain(|cluster| cluster.status != ClusterStatus::Destroying);
        for cluster in &mut self.clusters {
            cluster.status = ClusterStatus::Running;
        }
        if self.facts.inventory.is_some() {
            self.facts.inventory = Some(Inventory { clusters: self.clusters.clone(), at: Some(self.facts.now) }.into());
        }
    }

    fn carry_out(&mut self, step: Step) {
        // Everything takes its time, so that what comes after an announcement is later than it.
        self.facts.now = clock::later(self.facts.now, Duration::from_millis(100));
        match step {
            Step::AddFinalizer => self.facts.manifest.finalizers_mut().push(FINALIZER.to_owned()),
            Step::RemoveFinalizer => {
                self.facts.manifest.finalizers_mut().retain(|finalizer| finalizer != FINALIZER);
                self.gone = self.facts.deleting();
            }
            Step::Look(target) => self.look(&target),
            Step::Survey => {}
            Step::Record(change) => self.change(change),
            Step::Cloud(CloudWrite::Deploy { request, .. }) => self.deploy(&request),
            Step::Cloud(CloudWrite::Change(change)) => match change {},
            Step::Cloud(CloudWrite::Destroy(identity)) => self.destroy(&identity),
            Step::Database(step) => self.database(step),
            Step::Publish(connection) => {
                self.facts.attempts.published = Some(connection_fingerprint(&connection));
            }
        }
    }

    fn look(&mut self, target: &Handle) {
        let by = self.credential();
        let found = Found::just(self.clusters.iter().find(|cluster| cluster.answers_to(target)).cloned());
        self.facts.look = Some(Look { target: target.clone(), at: self.facts.now, by, found });
    }

    fn credential(&self) -> String {
        self.facts.account.reach.as_ref().map(|reach| reach.credential.clone()).unwrap_or_default()
    }

    /// The record, or the one with which a memory begins.
    fn record(&mut self) -> &mut Record {
        let location = self.facts.account.reach.as_ref().map_or_else(location, |reach| reach.location.clone());
        let fresh = Record::new(self.facts.owner(), location.clone());
        let record = self.facts.record.get_or_insert(fresh);
        if !record.has_cluster() {
            record.location = location;
        }
        record
    }

    fn change(&mut self, change: RecordChange) {
        if change == RecordChange::Drop {
            self.facts.record = None;
            return;
        }
        let owner = self.facts.owner();
        let now = self.facts.now;
        let record = self.record();
        match change {
            RecordChange::Settle(bound) => {
                record.bound = Some(bound);
                record.intent = None;
                record.refusals.clear();
            }
            RecordChange::ClearIntent(refusal) => {
                record.intent = None;
                record.refusals.extend(refusal.map(|refusal| ("create".to_owned(), refusal)));
            }
            RecordChange::SettleChange(_) => record.intent = None,
            RecordChange::Adopt(bound) => record.adopt(owner, bound),
            RecordChange::Rebind => {
                record.owner = owner;
                record.refusals.clear();
            }
            RecordChange::Forget(value) => {
                let fresh = Record::new(owner, record.location.clone());
                *record = Record { forgotten: Some(value), ..fresh };
            }
            RecordChange::ClearForgotten => record.forgotten = None,
            RecordChange::SeenBy(credential) => {
                record.bound.as_mut().unwrap().seen_by.insert(credential);
            }
            RecordChange::TrustPassword(password) => {
                record.password = PasswordState { current: Some(password), pending: None };
            }
            RecordChange::Gone => record.bound.as_mut().unwrap().gone = Some(Gone { since: now, told: true }),
            RecordChange::Found => record.bound.as_mut().unwrap().gone = None,
            RecordChange::Drop => {}
        }
    }

    fn next_fate(&mut self) -> Fate {
        self.fates.pop().unwrap_or(Fate::Answered)
    }

    fn deploy(&mut self, request: &ClusterDeploy) {
        let now = self.facts.now;
        let before = self.record().creation().cloned();
        let intent = CreateIntent {
            attempt: String::new(),
            sends: before.as_ref().map_or(0, |intent| intent.sends) + 1,
            announced: now,
            first_by_cloud: before.map_or(now, |intent| intent.first_by_cloud),
            last_by_cloud: now,
            request: request.clone(),
        };
        let first = intent.sends == 1;
        let record = self.record();
        record.intent = Some(Intent::Create(Box::new(intent)));
        record.refusals.remove("create");
        self.facts.look = None;
        let fate = self.next_fate();
        self.sent.push(format!("deploy {} {fate:?}", request.id));
        let free = self.clusters.iter().all(|cluster| cluster.id != request.id);
        match fate {
            Fate::Lost | Fate::Crash => {}
            Fate::Refused if first => self.refuse(&CloudWrite::Deploy { request: request.clone(), again: false }),
            _ if !free && first => self.refuse(&CloudWrite::Deploy { request: request.clone(), again: false }),
            Fate::Refused => {}
            _ if !free => {}
            Fate::Answered | Fate::AnswerLost => {
                let built = self.build(request);
                if fate == Fate::Answered {
                    let credential = self.credential();
                    let record = self.record();
                    record.bound = Some(created_by(request, &built, TypeDBCluster::fixed(&built, None), &credential));
                    record.intent = None;
                }
                self.clusters.push(built);
                self.password = Password::new("password");
            }
        }
    }

    fn build(&self, request: &ClusterDeploy) -> Cluster {
        Cluster {
            created_at: CreatedAt::from_epoch_millis(self.facts.now.as_millisecond()),
            status: ClusterStatus::Starting,
            server_count: Some(request.server_count),
            storage_size_gb: Some(request.storage_size_gb),
            is_free: Some(request.is_free),
            provider: Some(request.provider.clone()),
            region: Some(request.region.clone()),
            machine_type: Some(request.machine_type.clone()),
            storage_type: Some(request.storage_type.clone()),
            ..cluster(request.id.as_str())
        }
    }

    fn refuse(&mut self, write: &CloudWrite) {
        let fingerprint = refusal_fingerprint(&self.facts, write);
        let at = self.facts.now;
        let record = self.record();
        record.intent = None;
        let refusal = Refusal { kind: RefusalKind::Refused, message: "no".to_owned(), fingerprint, at };
        record.refusals.insert(write.subject().to_owned(), refusal);
    }

    fn destroy(&mut self, identity: &Identity) {
        self.facts.look = None;
        let fate = self.next_fate();
        self.sent.push(format!("destroy {} {fate:?}", identity.id));
        match fate {
            Fate::Answered | Fate::AnswerLost => {
                for cluster in self.clusters.iter_mut().filter(|cluster| cluster.id == identity.id) {
                    cluster.status = ClusterStatus::Destroying;
                }
                self.pass(Duration::ZERO);
            }
            Fate::Refused => self.refuse(&CloudWrite::Destroy(identity.clone())),
            Fate::Lost | Fate::Crash => {}
        }
    }

    fn database(&mut self, step: DatabaseStep) {
        let opens = self.password.clone();
        match step {
            DatabaseStep::Announce(NewPassword::Generate) => {
                self.record().password.pending = Some(Password::new("generated"));
            }
            DatabaseStep::Announce(NewPassword::Given(password)) => self.record().password.pending = Some(password),
            DatabaseStep::Prove { claims, .. } if claims.contains(&opens) => {
                self.record().password.current = Some(opens);
            }
            DatabaseStep::SetPassword { candidates, pending, .. }
                if pending == opens || candidates.contains(&opens) =>
            {
                self.password = pending.clone();
                self.record().password = PasswordState { current: Some(pending), pending: None };
            }
            DatabaseStep::Probe { .. } => {}
            DatabaseStep::Prove { .. } | DatabaseStep::SetPassword { .. } => {
                self.facts.attempts.password_unknown = true;
            }
        }
    }
}
