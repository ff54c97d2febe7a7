//! Writes to a cloud: permit, last look, announcement in the record, request, outcome.

use std::sync::Mutex;
use std::time::Duration;

use rand::RngExt as _;
use tokio::time::Instant;

use super::bookkeeping::{own_name, own_record, tell};
use super::look::failed;
use super::observe::Seen;
use super::{Applied, ReconcileError, hold_off, still_first};
use crate::api::identity::{ClusterId, Identity};
use crate::cloud::budget::{Permit, Priority};
use crate::cloud::call::{WRITE_DEADLINE, WRITE_TOKEN_WAIT};
use crate::cloud::error::CloudError;
use crate::cloud::typedb::wire::{Cluster, ClusterDeploy};
use crate::controller::Context;
use crate::controller::accounts::Session;
use crate::controller::events::Word;
use crate::controller::memory::{self, Memory};
use crate::controller::records::{RecordError, Stored};
use crate::plan::{
    CloudWrite, CreateIntent, Intent, Look, Refusal, RefusalKind, SEND_WITHIN, Step, TroubleKind, created_by,
    refusal_fingerprint,
};

/// How long a stopping process waits before it looks whether it may write after all; it never will.
const CLOSED: Duration = Duration::from_secs(60);

/// Carries out one write to the cloud, if it is still the thing to do when everything has been read afresh.
pub(super) async fn send(
    ctx: &Context,
    seen: &Seen,
    memory: &Mutex<Memory>,
    write: CloudWrite,
) -> Result<Applied, ReconcileError> {
    let Some(session) = &seen.session else {
        return Ok(Applied::Failed);
    };
    // The permit comes first, so that nothing is waited for between the look and the request.
    let permit = match session.place.budget.acquire(Priority::Edit).await {
        Ok(permit) => permit,
        Err(error) => return Ok(failed(ctx, session, memory, &error).await),
    };
    if let Err(error) = look_again(ctx, session, memory, &write).await {
        return Ok(failed(ctx, session, memory, &error).await);
    }
    let looked = Instant::now();
    let step = Step::Cloud(write.clone());
    let claiming = match write {
        CloudWrite::Deploy { .. } => Some(ctx.claiming.lock().await),
        CloudWrite::Destroy(_) => None,
    };
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
    memory::lock(memory).look = None;
    // Later than that, the announcement no longer says when the request could take effect.
    if announcing.elapsed() + WRITE_TOKEN_WAIT > SEND_WITHIN {
        return Ok(Applied::Again);
    }
    // An announcement without a request does no harm: the next process looks, and sends it.
    if !ctx.gate.permits(WRITE_DEADLINE) {
        hold_off(ctx, memory, CLOSED);
        return Ok(Applied::Failed);
    }
    let attempt = Attempt { ctx, seen: &fresh, session, memory, announced };
    match write {
        CloudWrite::Deploy { request, .. } => attempt.deploy(permit, request).await,
        CloudWrite::Destroy(identity) => attempt.destroy(permit, &identity).await,
    }
}

/// The cluster's id, asked for just before the write.
async fn look_again(
    ctx: &Context,
    session: &Session,
    memory: &Mutex<Memory>,
    write: &CloudWrite,
) -> Result<(), CloudError> {
    let at = ctx.clock.now();
    let (id, found) = match write {
        // That the name is free needs no list. That a cluster is gone does.
        CloudWrite::Deploy { request, .. } => match session.client.get(&request.id, Priority::Edit).await {
            Ok(answer) => (&request.id, Some(answer.value)),
            Err(CloudError::NotFound { .. }) => (&request.id, None),
            Err(error) => return Err(error),
        },
        CloudWrite::Destroy(identity) => (&identity.id, session.find(&identity.id, Priority::Edit).await?),
    };
    memory::lock(memory).look = Some(Look { id: id.clone(), at, by: session.credential.clone(), found });
    Ok(())
}

/// Writes the intent to the record. Its compare-and-swap keeps a second writer, or a stale cache, from sending.
async fn announce(ctx: &Context, seen: &Seen, session: &Session, write: &CloudWrite) -> Result<Stored, ReconcileError> {
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
        CloudWrite::Destroy(_) => Intent::Destroy { attempt, announced: now },
    });
    stored.record.refusal = None;
    Ok(ctx.records.write(&stored).await?)
}

/// A write whose announcement stands in the record.
struct Attempt<'a> {
    ctx: &'a Context,
    seen: &'a Seen,
    session: &'a Session,
    memory: &'a Mutex<Memory>,
    announced: Stored,
}

impl Attempt<'_> {
    async fn deploy(mut self, permit: Permit, request: ClusterDeploy) -> Result<Applied, ReconcileError> {
        let id = request.id.clone();
        // The Event goes out beside the request, which has its time by the announcement.
        let told = tell(self.ctx, self.seen, Word::Creating, format!("Cluster {id} is being created."));
        let (answer, ()) = tokio::join!(self.session.client.deploy(permit, &request), told);
        match answer {
            Ok(answer) if answer.value.id == id => {
                self.announced.record.bound = Some(created_by(&request, &answer.value, &self.session.credential));
                self.announced.record.intent = None;
                self.write_record().await?;
                self.took_effect(answer.value);
                tell(self.ctx, self.seen, Word::Created, format!("Cluster {id} was created.")).await;
                Ok(Applied::Again)
            }
            Ok(answer) => {
                let message = format!("the cloud answered with cluster {} instead of {id}", answer.value.id);
                Ok(failed(self.ctx, self.session, self.memory, &CloudError::UnknownOutcome { message }).await)
            }
            Err(error) => self.deploy_failed(request, error).await,
        }
    }

    async fn deploy_failed(self, request: ClusterDeploy, error: CloudError) -> Result<Applied, ReconcileError> {
        let first = self.announced.record.creation().is_none_or(|intent| intent.sends == 1);
        let write = CloudWrite::Deploy { request, again: false };
        match &error {
            // Nothing was sent, or it surely had no effect, so that there is nothing to find out.
            CloudError::RateLimited { .. } | CloudError::Unavailable { .. } | CloudError::Unauthenticated { .. }
                if first =>
            {
                self.withdraw(None, &error).await
            }
            error if error.is_definite_refusal() && first => self.withdraw(Some(&write), error).await,
            error if error.is_definite_refusal() && !matches!(error, CloudError::Unauthenticated { .. }) => {
                let now = self.ctx.clock.now();
                memory::lock(self.memory).failed(TroubleKind::RepeatRefused, error.message().to_owned(), now);
                Ok(Applied::Failed)
            }
            error => Ok(failed(self.ctx, self.session, self.memory, error).await),
        }
    }

    async fn destroy(self, permit: Permit, identity: &Identity) -> Result<Applied, ReconcileError> {
        let id: &ClusterId = &identity.id;
        let told = tell(self.ctx, self.seen, Word::Destroying, format!("Cluster {id} is being destroyed."));
        let (answer, ()) = tokio::join!(self.session.client.destroy(permit, id), told);
        match answer {
            Ok(answer) => {
                self.took_effect(answer.value);
                Ok(Applied::Again)
            }
            // Gone already, which a look has still to prove; or this is how the cloud says no.
            Err(CloudError::NotFound { message }) => {
                let now = self.ctx.clock.now();
                memory::lock(self.memory).failed(TroubleKind::OutcomeUnknown, message, now);
                Ok(Applied::Again)
            }
            Err(error) if error.is_definite_refusal() && !matches!(error, CloudError::Unauthenticated { .. }) => {
                let write = CloudWrite::Destroy(identity.clone());
                self.withdraw(Some(&write), &error).await
            }
            Err(error) => Ok(failed(self.ctx, self.session, self.memory, &error).await),
        }
    }

    /// Clears the intent with the very next write. A refused `write` is remembered, so that it is not repeated until something changes.
    async fn withdraw(mut self, write: Option<&CloudWrite>, error: &CloudError) -> Result<Applied, ReconcileError> {
        self.announced.record.intent = None;
        self.announced.record.refusal = write.map(|write| Refusal {
            kind: if matches!(error, CloudError::Forbidden { .. }) {
                RefusalKind::Forbidden
            } else {
                RefusalKind::Refused
            },
            message: error.message().to_owned(),
            fingerprint: refusal_fingerprint(&self.seen.facts, write),
            at: self.ctx.clock.now(),
        });
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

    async fn write_record(&self) -> Result<(), ReconcileError> {
        self.ctx.records.write(&self.announced).await?;
        Ok(())
    }

    fn took_effect(&self, cluster: Cluster) {
        memory::lock(self.memory).succeeded();
        self.session.place.touch(cluster, self.ctx.clock.now());
    }
}
