//! One manifest's world: a controller small enough to be seen through, which carries plans out as the real one would.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use clusterwright::api::FINALIZER;
use clusterwright::api::condition::Standing;
use clusterwright::api::identity::{ClusterId, Handle, Identity, Location};
use clusterwright::api::secret::Password;
use clusterwright::clock;
use clusterwright::cloud::operation::Found;
use clusterwright::plan::{
    Answered, Attempts, Catalogued, Change as _, ChangeIntent, CloudCluster as _, CloudWrite, CreateIntent,
    DatabaseStep, Ending, Facts, Gone, Intent, Inventory, Kind, Look, NewPassword, Plan, Probe, Record, RecordChange,
    Refusal, RefusalKind, Step, Trouble, TroubleKind, Verdict, connection_fingerprint, created_by, plan,
    refusal_fingerprint, status,
};
use jiff::Timestamp;
use kube::ResourceExt;
use kube::core::object::HasStatus;

use super::scene::{Scene, denied_for_long};

/// How long an attempt that came to nothing is not repeated.
const BACKOFF: Duration = Duration::from_secs(30);

/// What becomes of a request that changes something.
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
    /// Somebody else asked for something just before.
    Busy,
    /// It is accepted, and not carried out in the end.
    Fails,
}

/// How a cloud says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct No;

/// A password could not be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutOfReach;

/// A cloud that is small enough to be seen through.
pub(crate) trait Cloud: Debug {
    type Kind: Kind;

    fn home() -> Location;
    fn listed(&self) -> Vec<<Self::Kind as Kind>::Cluster>;
    fn look(&self, target: &Handle) -> Found<<Self::Kind as Kind>::Cluster>;
    fn catalogue(&self) -> Option<<Self::Kind as Kind>::Catalogue>;
    fn answer(&self, question: &<Self::Kind as Kind>::Question) -> <Self::Kind as Kind>::Answer;
    /// Whether it is at something that will end.
    fn in_transition(&self) -> bool;
    /// What was to end by now has ended.
    fn pass(&mut self, now: Timestamp);
    fn create(
        &mut self,
        request: &<Self::Kind as Kind>::Request,
        password: Option<&Password>,
        now: Timestamp,
    ) -> Result<<Self::Kind as Kind>::Cluster, No>;
    /// Begins a change that comes to nothing where it `fails`.
    fn change(
        &mut self,
        change: &<Self::Kind as Kind>::Change,
        id: Option<&ClusterId>,
        password: Option<&Password>,
        fails: bool,
        now: Timestamp,
    ) -> Result<(), No>;
    fn destroy(&mut self, identity: &Identity) -> Result<(), No>;
    /// Somebody else asks for something that takes a while.
    fn occupy(&mut self, id: Option<&ClusterId>, now: Timestamp);
    /// The one of these passwords that opens the database.
    fn opened_by(&self, id: &ClusterId, claims: &[Password]) -> Result<Option<Password>, OutOfReach>;
    /// The database's own way to another password.
    fn set_password(&mut self, password: Password);
}

/// So many times in a row nothing may change before one who is at work is taken for one who waits for ever.
const PATIENCE: usize = 12;

fn is_working<K: Kind>(plan: &Plan<K>) -> bool {
    matches!(&plan.verdict, Verdict::Stands { reason, .. } if reason.standing() == Standing::Working)
}

/// One manifest's world.
#[derive(Debug)]
pub(crate) struct World<C: Cloud> {
    pub(crate) facts: Facts<C::Kind>,
    pub(crate) cloud: C,
    pub(crate) fates: Vec<Fate>,
    pub(crate) gone: bool,
    /// Every write that was announced, and when.
    pub(crate) sent: Vec<(Timestamp, String)>,
    generated: usize,
}

impl<C: Cloud> World<C> {
    pub(crate) fn new(scene: Scene<C::Kind>, cloud: C, fates: Vec<Fate>) -> Self {
        Self { facts: scene.facts, cloud, fates, gone: false, sent: Vec::new(), generated: 0 }
    }

    /// Goes on until nothing is left to do and time brings nothing new; `None` where that never comes.
    pub(crate) fn settle(&mut self, mut check: impl FnMut(&Self, &Plan<C::Kind>)) -> Option<Plan<C::Kind>> {
        let mut resting = (String::new(), 0);
        for _ in 0..400 {
            let rest = self.go_on(&mut check)?;
            if self.gone {
                return Some(rest);
            }
            let rested = self.at_rest();
            resting = if resting.0 == rested { (rested, resting.1 + 1) } else { (rested, 0) };
            let long_enough = if is_working(&rest) { PATIENCE } else { 1 };
            if resting.1 >= long_enough && rest.next.is_none() && !self.cloud.in_transition() {
                return Some(rest);
            }
            self.pass(rest.look_again.unwrap_or(Duration::from_secs(60)).max(Duration::from_secs(1)));
        }
        None
    }

    /// One step after the other until there is none; `None` where they never end.
    fn go_on(&mut self, check: &mut impl FnMut(&Self, &Plan<C::Kind>)) -> Option<Plan<C::Kind>> {
        for _ in 0..24 {
            let plan = plan(&self.facts);
            check(self, &plan);
            let published = status(&self.facts, &plan);
            *self.facts.manifest.status_mut() = Some(published);
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
        let status = self.facts.manifest.status().map(C::Kind::common_status);
        let reasons: Vec<String> = status
            .iter()
            .flat_map(|status| &status.conditions)
            .map(|condition| format!("{}={}", condition.type_, condition.reason))
            .collect();
        format!("{reasons:?} {:?} {:?}", self.facts.record, self.cloud.listed())
    }

    /// Time goes by: the cloud finishes what it began, and lists it.
    pub(crate) fn pass(&mut self, wait: Duration) {
        self.facts.now = clock::later(self.facts.now, wait);
        self.cloud.pass(self.facts.now);
        if self.facts.inventory.is_some() {
            let list = Inventory { clusters: self.cloud.listed(), at: Some(self.facts.now) };
            self.facts.inventory = Some(list.into());
        }
    }

    fn carry_out(&mut self, step: Step<C::Kind>) {
        // Everything takes its time, so that what comes after an announcement is later than it.
        self.facts.now = clock::later(self.facts.now, Duration::from_millis(100));
        match step {
            Step::AddFinalizer => self.facts.manifest.finalizers_mut().push(FINALIZER.to_owned()),
            Step::RemoveFinalizer => {
                self.facts.manifest.finalizers_mut().retain(|finalizer| finalizer != FINALIZER);
                self.gone = self.facts.deleting();
            }
            Step::Look(target) => self.look(&target),
            Step::Survey => self.survey(),
            Step::Ask(question) => self.ask(question),
            Step::Record(change) => self.note(change),
            Step::Cloud(write) => self.send(write),
            Step::Database(step) => self.database(step),
            Step::Publish(connection) => {
                self.facts.attempts.published = Some(connection_fingerprint(&connection));
            }
        }
    }

    fn look(&mut self, target: &Handle) {
        let found = self.cloud.look(target);
        let look = Look { target: target.clone(), at: self.facts.now, by: self.credential(), found };
        self.facts.look = Some(look);
    }

    fn survey(&mut self) {
        let at = self.facts.now;
        self.facts.catalogue = self.cloud.catalogue().map(|catalogue| Catalogued { at, catalogue }.into());
    }

    fn ask(&mut self, question: <C::Kind as Kind>::Question) {
        let told = Answered { at: self.facts.now, answer: Some(self.cloud.answer(&question)) };
        Arc::make_mut(&mut self.facts.answers).insert(question, told);
    }

    fn credential(&self) -> String {
        self.facts.account.reach.as_ref().map(|reach| reach.credentials[0].clone()).unwrap_or_default()
    }

    /// The record, or the one with which a memory begins.
    fn record(&mut self) -> &mut Record<C::Kind> {
        let location = self.facts.account.reach.as_ref().map_or_else(C::home, |reach| reach.location.clone());
        let fresh = Record::new(self.facts.owner(), location.clone());
        let record = self.facts.record.get_or_insert(fresh);
        if !record.has_cluster() {
            record.location = location;
        }
        record
    }

    fn bound_id(&self) -> Option<ClusterId> {
        self.facts.record.as_ref().and_then(Record::bound_id).cloned()
    }

    fn succeeded(&mut self) {
        self.facts.attempts.trouble = None;
        self.facts.attempts.not_before = None;
    }

    fn failed(&mut self, kind: TroubleKind) {
        let now = self.facts.now;
        let message = "The other side's own words.".to_owned();
        let same = self.facts.attempts.trouble.take().filter(|trouble| trouble.kind == kind);
        let since = same.map_or(now, |trouble| trouble.since);
        self.facts.attempts.trouble = Some(Trouble { kind, message, since });
        self.facts.attempts.not_before = Some(clock::later(now, BACKOFF));
    }

    fn note(&mut self, change: RecordChange<C::Kind>) {
        let owner = self.facts.owner();
        let now = self.facts.now;
        let settles =
            matches!(change, RecordChange::Settle(_) | RecordChange::ClearIntent(_) | RecordChange::SettleChange(_));
        let still_in_trouble = matches!(change, RecordChange::Settle(_)) && self.facts.database_trouble().is_some();
        if settles && !still_in_trouble {
            self.succeeded();
        }
        let record = self.record();
        match change {
            RecordChange::Settle(bound) => record.settle_creation(bound),
            RecordChange::ClearIntent(refusal) => record.give_up_creation(refusal),
            RecordChange::SettleChange(ending) => self.settle_change(ending),
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
            RecordChange::TrustPassword(password) => record.trust_password(password),
            RecordChange::Disown => record.disown(),
            RecordChange::Gone => record.set_gone(Some(Gone { since: now, told: true })),
            RecordChange::Renamed(id) => record.rename(id),
            RecordChange::Found => record.set_gone(None),
            RecordChange::Drop => self.facts.record = None,
        }
    }

    fn settle_change(&mut self, ending: Ending) {
        let change = self.record().change().map(|intent| intent.change.clone());
        // Whoever needs what may have been created must not find the intent gone, and still read that it is missing.
        if change.as_ref().is_some_and(|change| change.creates().is_some()) {
            self.facts.catalogue = None;
        }
        if ending == Ending::Done && change.is_some_and(|change| change.sets_password()) {
            self.facts.attempts.denied = None;
        }
        self.record().settle_change(ending);
    }

    /// What a write is about is looked at just before, and then it must still be the thing to do.
    fn send(&mut self, write: CloudWrite<C::Kind>) {
        match (&write, self.bound_id()) {
            (CloudWrite::Deploy { request, .. }, _) => self.look(&C::Kind::target(request)),
            (CloudWrite::Destroy(Identity { id, .. }), _) => self.look(&Handle::Id(id.clone())),
            (CloudWrite::Change(_), Some(id)) => self.look(&Handle::Id(id)),
            (CloudWrite::Change(_), None) => self.survey(),
        }
        if plan(&self.facts).next != Some(Step::Cloud(write.clone())) {
            return;
        }
        let fate = self.fates.pop().unwrap_or(Fate::Answered);
        self.sent.push((self.facts.now, format!("{} {fate:?}", write.summary())));
        self.announce(&write);
        self.facts.look = None;
        match fate {
            Fate::Lost => return self.failed(TroubleKind::OutcomeUnknown),
            Fate::Crash => {
                self.facts.attempts = Attempts::default();
                return;
            }
            _ => {}
        }
        match write {
            CloudWrite::Deploy { request, again } => self.deploy(request, again, fate),
            CloudWrite::Change(change) => self.change(change, fate),
            CloudWrite::Destroy(identity) => self.destroy(identity, fate),
        }
    }

    fn announce(&mut self, write: &CloudWrite<C::Kind>) {
        let now = self.facts.now;
        let fingerprint = refusal_fingerprint(&self.facts, write);
        let newest = self.facts.look.as_ref().and_then(|look| look.operations().first());
        let after = newest.map(|operation| operation.id.clone());
        let record = self.record();
        let before = record.creation().cloned();
        let attempt = String::new();
        record.intent = Some(match write {
            CloudWrite::Deploy { request, .. } => Intent::Create(Box::new(CreateIntent {
                attempt,
                sends: before.as_ref().map_or(0, |intent| intent.sends) + 1,
                announced: now,
                first_by_cloud: before.map_or(now, |intent| intent.first_by_cloud),
                last_by_cloud: now,
                request: request.clone(),
            })),
            CloudWrite::Change(change) => Intent::Change(Box::new(ChangeIntent {
                attempt,
                announced: now,
                change: change.clone(),
                accepted: false,
                after,
                fingerprint,
            })),
            CloudWrite::Destroy(_) => Intent::Destroy { attempt, announced: now },
        });
        record.refusals.remove(write.subject());
    }

    fn deploy(&mut self, request: <C::Kind as Kind>::Request, again: bool, fate: Fate) {
        let password = self.record().password.pending.clone();
        self.facts.attempts.denied = None;
        let built = match fate {
            Fate::Refused => Err(No),
            _ => self.cloud.create(&request, password.as_ref(), self.facts.now),
        };
        match built {
            Ok(_) if fate == Fate::AnswerLost => self.failed(TroubleKind::OutcomeUnknown),
            Ok(built) => {
                let fixed = self.facts.fixed(&built);
                let bound = created_by(&request, &built, fixed, &self.credential());
                self.record().settle_creation(bound);
                self.succeeded();
            }
            Err(No) if again => {}
            Err(No) => self.refuse(&CloudWrite::Deploy { request, again }),
        }
    }

    fn change(&mut self, change: <C::Kind as Kind>::Change, fate: Fate) {
        let id = self.bound_id();
        let password = self.record().password.pending.clone();
        let now = self.facts.now;
        if fate == Fate::Busy {
            self.cloud.occupy(id.as_ref(), now);
            return self.withdraw();
        }
        let answer = match fate {
            Fate::Refused => Err(No),
            _ => self.cloud.change(&change, id.as_ref(), password.as_ref(), fate == Fate::Fails, now),
        };
        match answer {
            Ok(()) if fate == Fate::AnswerLost => self.failed(TroubleKind::OutcomeUnknown),
            Ok(()) => {
                if change.creates().is_some() {
                    self.facts.catalogue = None;
                }
                self.record().accept_change();
                self.succeeded();
            }
            Err(No) => self.refuse(&CloudWrite::Change(change)),
        }
    }

    fn destroy(&mut self, identity: Identity, fate: Fate) {
        if fate == Fate::Busy {
            self.cloud.occupy(Some(&identity.id), self.facts.now);
            return self.withdraw();
        }
        let answer = if fate == Fate::Refused { Err(No) } else { self.cloud.destroy(&identity) };
        match answer {
            Ok(()) if fate == Fate::AnswerLost => self.failed(TroubleKind::OutcomeUnknown),
            Ok(()) => self.succeeded(),
            Err(No) => self.refuse(&CloudWrite::Destroy(identity)),
        }
        self.pass(Duration::ZERO);
    }

    fn withdraw(&mut self) {
        self.record().intent = None;
        self.failed(TroubleKind::Busy);
    }

    fn refuse(&mut self, write: &CloudWrite<C::Kind>) {
        let fingerprint = refusal_fingerprint(&self.facts, write);
        let at = self.facts.now;
        let record = self.record();
        record.intent = None;
        let refusal = Refusal { kind: RefusalKind::Refused, message: "no".to_owned(), fingerprint, at };
        record.refusals.insert(write.subject().to_owned(), refusal);
        self.succeeded();
        self.facts.attempts.not_before = Some(clock::later(at, BACKOFF));
    }

    fn database(&mut self, step: DatabaseStep) {
        match step {
            DatabaseStep::Announce(NewPassword::Generate) => {
                self.generated += 1;
                let password = format!("generated-password-number-{}", self.generated);
                self.record().announce_password(Password::new(password));
            }
            DatabaseStep::Announce(NewPassword::Given(password)) => self.record().announce_password(password),
            DatabaseStep::Prove { address, claims } => self.prove(&address, &claims),
            DatabaseStep::Probe { address } => {
                let serves = self.opened_by(&address, &[]).is_ok();
                self.facts.probe = Some(Probe { at: self.facts.now, serves });
            }
            DatabaseStep::SetPassword { address, candidates, pending } => {
                let opened = self.opened_by(&address, &[vec![pending.clone()], candidates].concat());
                if opened == Ok(None) {
                    self.facts.attempts.denied = Some(denied_for_long());
                } else {
                    self.cloud.set_password(pending.clone());
                    self.record().promote_password(pending);
                }
            }
        }
    }

    /// What opens the database that is spoken to there.
    fn opened_by(&self, address: &str, claims: &[Password]) -> Result<Option<Password>, OutOfReach> {
        let listed = self.cloud.listed();
        let there = listed.iter().find(|cluster| cluster.addresses().iter().any(|known| known == address));
        self.cloud.opened_by(there.ok_or(OutOfReach)?.id(), claims)
    }

    fn prove(&mut self, address: &str, claims: &[Password]) {
        match self.opened_by(address, claims) {
            Ok(Some(password)) => {
                self.record().promote_password(password);
                self.succeeded();
            }
            Ok(None) => self.facts.attempts.denied = Some(denied_for_long()),
            Err(OutOfReach) => self.failed(TroubleKind::DatabaseUnreachable),
        }
    }
}
