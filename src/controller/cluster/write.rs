//! Writes to a cloud: permit, last look, announcement in the record, request, outcome.

use std::sync::Mutex;
use std::time::Duration;

use rand::RngExt as _;
use secrecy::SecretString;
use tokio::time::Instant;

use super::bookkeeping::{own_name, own_record, tell};
use super::look::{failed, remember};
use super::observe::Seen;
use super::{Applied, ReconcileError, hold_off, still_first};
use crate::api::identity::{ClusterId, Handle, Identity};
use crate::clock;
use crate::cloud::budget::{Permit, Priority};
use crate::cloud::call::{WRITE_DEADLINE, WRITE_TOKEN_WAIT};
use crate::cloud::error::CloudError;
use crate::cloud::keyring::{By, Deed};
use crate::cloud::provider::Provider;
use crate::controller::Context;
use crate::controller::accounts::Session;
use crate::controller::clouds::Managed;
use crate::controller::events::Word;
use crate::controller::memory::{self, Edit, Memory};
use crate::controller::records::{RecordError, Stored};
use crate::plan::{
    Change, ChangeIntent, CloudCluster, CloudWrite, CreateIntent, Intent, Record, Refusal, RefusalKind, SEND_WITHIN,
    Step, TroubleKind, applies, created_by, refusal_fingerprint,
};

/// How long a process that may not write waits before it looks whether it may after all: until its lease is renewed.
const SHUT: Duration = Duration::from_secs(3);

/// Carries out one write to the cloud, if it is still the thing to do when everything has been read afresh.
pub(super) async fn send<K: Managed>(
    ctx: &Context<K>,
    seen: &Seen<K>,
    memory: &Mutex<Memory<K>>,
    write: CloudWrite<K>,
) -> Result<Applied<K>, ReconcileError> {
    let Some(session) = &seen.session else {
        return Ok(Applied::Failed);
    };
    // Nothing is announced that will not be sent.
    if ctx.gate.pass(WRITE_DEADLINE).is_none() {
        hold_off(ctx, memory, SHUT);
        return Ok(Applied::Failed);
    }
    // The permit comes first, so that nothing is waited for between the look and the request.
    let permit = match session.place.budget.acquire(Priority::Edit).await {
        Ok(permit) => permit,
        Err(error) => return Ok(failed(ctx, session, memory, &error).await),
    };
    if let Err(error) = look_again(ctx, session, memory, seen, &write).await {
        return Ok(failed(ctx, session, memory, &error).await);
    }
    let looked = Instant::now();
    let step = Step::Cloud(write.clone());
    // No two create the same thing, or take the last place within the limit of destroys.
    let excludes_others = match &write {
        CloudWrite::Deploy { .. } | CloudWrite::Destroy(_) => true,
        CloudWrite::Change(change) => change.creates().is_some(),
    };
    let claiming = if excludes_others { Some(ctx.claiming.lock().await) } else { None };
    // Whoever stood in line for long looks again.
    if looked.elapsed() > SEND_WITHIN {
        return Ok(Applied::Again);
    }
    let fresh = match still_first(ctx, seen, memory, &step).await? {
        Ok(fresh) => fresh,
        Err(moved_on) => return Ok(moved_on),
    };
    let announcing = Instant::now();
    let announced = match announce(ctx, &fresh, session, &write).await {
        Ok(announced) => announced,
        Err(ReconcileError::Record(RecordError::Conflict)) => {
            ctx.records.fresh(&own_name(&fresh)).await?;
            return Ok(Applied::Again);
        }
        Err(error) => return Err(error),
    };
    drop(claiming);
    // What was seen says nothing about the time after the write.
    {
        let mut memory = memory::lock(memory);
        memory.look = None;
        // Nor does what did not open another cluster say anything of the one that is created.
        if matches!(write, CloudWrite::Deploy { .. }) {
            memory.attempts.denied = None;
        }
    }
    let attempt = Attempt { ctx, seen: &fresh, session, memory, announced };
    // Later than that, the announcement no longer says when the request could take effect.
    if announcing.elapsed() + WRITE_TOKEN_WAIT > SEND_WITHIN {
        attempt.unsend().await?;
        return Ok(Applied::Again);
    }
    let Some(_until_its_outcome_is_noted) = ctx.gate.pass(WRITE_DEADLINE) else {
        attempt.unsend().await?;
        hold_off(ctx, memory, SHUT);
        return Ok(Applied::Failed);
    };
    match write {
        CloudWrite::Deploy { request, .. } => attempt.deploy(permit, request).await,
        CloudWrite::Change(change) => attempt.change(permit, change).await,
        CloudWrite::Destroy(identity) => attempt.destroy(permit, &identity).await,
    }
}

/// What was looked up just before the write: that a name is free, that a cluster is still there and what is done to it,
/// what there is around clusters.
async fn look_again<K: Managed>(
    ctx: &Context<K>,
    session: &Session<K>,
    memory: &Mutex<Memory<K>>,
    seen: &Seen<K>,
    write: &CloudWrite<K>,
) -> Result<(), CloudError> {
    let at = ctx.clock.now();
    let by_id = |id: &ClusterId| Handle::Id(id.clone());
    let (target, found) = match (write, seen.facts.record.as_ref().and_then(Record::bound_id)) {
        (CloudWrite::Deploy { request, .. }, _) => {
            let target = K::target(request);
            let found = session.look_before_create(&target).await?;
            (target, found)
        }
        (CloudWrite::Destroy(Identity { id, .. }), _) | (CloudWrite::Change(_), Some(id)) => {
            (by_id(id), session.find(&by_id(id), Priority::Edit).await?)
        }
        (CloudWrite::Change(_), None) => return session.place.survey(&session.keyring, at, &ctx.clock).await,
    };
    remember(session, memory, target, at, found);
    Ok(())
}

/// Writes the intent to the record. Its compare-and-swap keeps a second writer, or a stale cache, from sending.
async fn announce<K: Managed>(
    ctx: &Context<K>,
    seen: &Seen<K>,
    session: &Session<K>,
    write: &CloudWrite<K>,
) -> Result<Stored<K>, ReconcileError> {
    let Some(mut stored) = own_record(seen) else {
        return Err(RecordError::Conflict.into());
    };
    let now = ctx.clock.now();
    let attempt = format!("{:016x}", rand::rng().random::<u64>());
    stored.record.intent = Some(match write {
        CloudWrite::Deploy { request, .. } => {
            let by_cloud = session.place.cloud_time(now);
            let before = stored.record.creation();
            Intent::Create(Box::new(CreateIntent {
                attempt,
                sends: before.map_or(0, |intent| intent.sends) + 1,
                announced: now,
                first_by_cloud: before.map_or(by_cloud, |intent| intent.first_by_cloud),
                last_by_cloud: by_cloud,
                request: request.clone(),
            }))
        }
        CloudWrite::Change(change) => Intent::Change(Box::new(ChangeIntent {
            attempt,
            announced: now,
            change: change.clone(),
            accepted: false,
            after: seen.facts.look.as_ref().and_then(|look| look.operations().first()).map(|last| last.id.clone()),
            fingerprint: refusal_fingerprint(&seen.facts, write),
            applies: applies(&seen.facts, change),
        })),
        CloudWrite::Destroy(_) => Intent::Destroy { attempt, announced: now },
    });
    stored.record.refusals.remove(write.subject());
    Ok(ctx.records.write(&stored).await?)
}

/// A write whose announcement stands in the record.
struct Attempt<'a, K: Managed> {
    ctx: &'a Context<K>,
    seen: &'a Seen<K>,
    session: &'a Session<K>,
    memory: &'a Mutex<Memory<K>>,
    announced: Stored<K>,
}

impl<K: Managed> Attempt<'_, K> {
    /// The password that the write sets, which is never part of what is announced.
    fn password(&self) -> Option<SecretString> {
        self.announced.record.password.pending.as_ref().map(|password| password.as_secret().clone())
    }

    async fn deploy(mut self, permit: Permit, request: K::Request) -> Result<Applied<K>, ReconcileError> {
        let target = K::target(&request);
        let password = self.password();
        // The Event goes out beside the request, which has its time by the announcement.
        let told = tell(self.ctx, self.seen, Word::Creating, format!("Cluster {target} is being created."));
        let deed = Deed::write("create", None);
        let create = self.session.keyring.write(&deed, permit, |client: K::Client, permit| {
            let (request, password) = (&request, password.as_ref());
            async move { client.create(permit, request, password).await }
        });
        let (answer, ()) = tokio::join!(create, told);
        match answer {
            // Where the cloud chooses the id, what it answers is what it created, however it calls it.
            Ok(By { value: cluster, credential })
                if matches!(target, Handle::Name(_)) || cluster.answers_to(&target) =>
            {
                let fixed = self.seen.facts.fixed(&cluster);
                let bound = created_by(&request, &cluster, fixed, &credential);
                self.announced.record.settle_creation(bound);
                self.write_record().await?;
                let note = format!("Cluster {} was created.", cluster.title());
                self.took_effect(Some(cluster));
                tell(self.ctx, self.seen, Word::Created, note).await;
                Ok(Applied::Again)
            }
            Ok(By { value: answer, .. }) => {
                let message = format!("the cloud answered with cluster {} instead of {target}", answer.title());
                Ok(failed(self.ctx, self.session, self.memory, &CloudError::UnknownOutcome { message }).await)
            }
            Err(error) => self.deploy_failed(request, error).await,
        }
    }

    async fn deploy_failed(self, request: K::Request, error: CloudError) -> Result<Applied<K>, ReconcileError> {
        let first = self.announced.record.creation().is_none_or(|intent| intent.sends == 1);
        let write = CloudWrite::Deploy { request, again: false };
        match &error {
            // Nothing was sent, or it surely had no effect, so that there is nothing to find out.
            error if error.can_be_asked_again() && first => self.withdraw(None, error).await,
            error if error.is_definite_refusal() && first => self.withdraw(Some(&write), error).await,
            error if error.is_definite_refusal() && !matches!(error, CloudError::Unauthenticated { .. }) => {
                let now = self.ctx.clock.now();
                memory::lock(self.memory).failed(TroubleKind::RepeatRefused, error.message().to_owned(), now);
                Ok(Applied::Failed)
            }
            error => Ok(failed(self.ctx, self.session, self.memory, error).await),
        }
    }

    async fn change(mut self, permit: Permit, change: K::Change) -> Result<Applied<K>, ReconcileError> {
        let id = self.announced.record.bound_id().cloned();
        let password = self.password();
        let told = tell(self.ctx, self.seen, Word::Changing, format!("{}.", change.summary()));
        let deed = Deed::write(change.field(), id.as_ref());
        let send = self.session.keyring.write(&deed, permit, |client: K::Client, permit| {
            let (id, change, password) = (id.as_ref(), &change, password.as_ref());
            async move { client.change(permit, id, change, password).await }
        });
        let (answer, ()) = tokio::join!(send, told);
        let write = CloudWrite::Change(change.clone());
        match answer {
            Ok(_) => {
                // Whoever needs what is created must not find the intent gone, and still read that it is missing.
                if change.creates().is_some() {
                    self.session.place.forget_catalogue();
                }
                if self.announced.record.accept_change() {
                    self.write_record().await?;
                }
                if self.announced.record.change().is_none() {
                    tell(self.ctx, self.seen, Word::Changed, format!("{}: done.", change.summary())).await;
                }
                self.took_effect(None);
                Ok(Applied::Again)
            }
            Err(error) if error.can_be_asked_again() => self.withdraw(None, &error).await,
            Err(error) if error.is_definite_refusal() => self.withdraw(Some(&write), &error).await,
            Err(error) => Ok(failed(self.ctx, self.session, self.memory, &error).await),
        }
    }

    async fn destroy(self, permit: Permit, identity: &Identity) -> Result<Applied<K>, ReconcileError> {
        let id: &ClusterId = &identity.id;
        let name = self.announced.record.bound.as_ref().map_or_else(|| id.to_string(), K::title);
        let told = tell(self.ctx, self.seen, Word::Destroying, format!("Cluster {name} is being destroyed."));
        let deed = Deed::write("destroy", Some(id));
        let send = |client: K::Client, permit| async move { client.destroy(permit, id).await };
        let (answer, ()) = tokio::join!(self.session.keyring.write(&deed, permit, send), told);
        match answer {
            Ok(By { value: cluster, .. }) => {
                self.took_effect(cluster);
                Ok(Applied::Again)
            }
            // Gone already, which a look has still to prove; or this is how the cloud says no.
            Err(CloudError::NotFound { message }) => {
                let now = self.ctx.clock.now();
                memory::lock(self.memory).failed(TroubleKind::OutcomeUnknown, message, now);
                Ok(Applied::Again)
            }
            Err(error @ CloudError::Busy { .. }) => self.withdraw(None, &error).await,
            Err(error) if error.is_definite_refusal() && !matches!(error, CloudError::Unauthenticated { .. }) => {
                let write = CloudWrite::Destroy(identity.clone());
                self.withdraw(Some(&write), &error).await
            }
            Err(error) => Ok(failed(self.ctx, self.session, self.memory, &error).await),
        }
    }

    /// Clears the intent with the very next write. A refused `write` is remembered, so that it is not repeated until something changes.
    async fn withdraw(
        mut self,
        write: Option<&CloudWrite<K>>,
        error: &CloudError,
    ) -> Result<Applied<K>, ReconcileError> {
        self.announced.record.intent = None;
        if let Some(write) = write {
            let kind = match error {
                CloudError::Forbidden { .. } => RefusalKind::Forbidden,
                _ => RefusalKind::Refused,
            };
            let message = error.message().to_owned();
            let fingerprint = refusal_fingerprint(&self.seen.facts, write);
            let refusal = Refusal { kind, message, fingerprint, at: self.ctx.clock.now() };
            self.announced.record.refusals.insert(write.subject().to_owned(), refusal);
        }
        self.write_record().await?;
        if write.is_none() {
            return Ok(failed(self.ctx, self.session, self.memory, error).await);
        }
        memory::lock(self.memory).refused(self.ctx.clock.now());
        tell(self.ctx, self.seen, Word::Refused, format!("The cloud refused: {}", error.message())).await;
        // What stands in the way may be new: a cluster of this name, for example.
        self.session.place.hasten();
        Ok(Applied::Again)
    }

    /// Nothing was sent, so that the outcome is what it was before.
    async fn unsend(mut self) -> Result<(), ReconcileError> {
        self.announced.record.intent = self.seen.facts.record.as_ref().and_then(|record| record.intent.clone());
        self.write_record().await
    }

    async fn write_record(&self) -> Result<(), ReconcileError> {
        self.ctx.records.write(&self.announced).await?;
        Ok(())
    }

    /// The cloud has taken the write.
    fn accepted(&self) {
        let mut memory = memory::lock(self.memory);
        memory.succeeded();
        if let Some(edit) = memory.edit.as_mut().and_then(Edit::accept) {
            let took = clock::until(edit.since, self.ctx.clock.now()).unwrap_or_default();
            self.ctx.metrics.accepted(&K::kind(&()), edit.after, took);
        }
    }

    fn took_effect(&self, cluster: Option<K::Cluster>) {
        self.accepted();
        match cluster {
            Some(cluster) => self.session.place.touch(cluster, self.ctx.clock.now()),
            None => self.session.place.hasten(),
        }
    }
}
