//! One manifest: observe, plan, report, carry out one step, and again until nothing is left to do.

mod bookkeeping;
mod connection;
mod database;
mod finalizer;
mod lately;
mod look;
mod observe;
mod report;
mod write;

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kube::ResourceExt;
use kube::api::Api;
use kube::runtime::controller::Action;

use super::backoff;
use super::memory::{self, Memory};
use super::records::{RecordError, Stored};
use super::{Context, Holder, told};
use crate::api::shared::Management;
use crate::clock;
use crate::controller::clouds::Managed;
use crate::plan::{Plan, Step, is_let_go, looked_after_elsewhere, plan};

/// More steps than any one reconcile needs; reaching it means that two steps undo each other.
const MOST_STEPS: usize = 16;

/// No reconcile takes longer: an answer of the API server whose body never comes would hold it for ever.
const LONGEST: Duration = Duration::from_secs(10 * 60);

/// A reconcile that was kept from its end this often in a row is told of, for its manifest's status cannot.
const TELL_AFTER: u32 = 5;

/// Why a reconcile is tried again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReconcileError {
    #[error("the API server: {}", told(.0))]
    Kube(#[from] kube::Error),
    #[error(transparent)]
    Record(#[from] RecordError),
    /// Giving up is like a crash: every write stands announced in its record.
    #[error("it took longer than {} s", LONGEST.as_secs())]
    Late,
    #[error("{0} steps brought it nowhere")]
    Restless(usize),
}

/// What came of a step.
enum Applied<K: Managed> {
    /// Observe and decide anew.
    Again,
    /// The same, with the manifest as the API server has it now.
    Changed(Box<K>),
    /// The attempt failed, and its memory says until when to wait.
    Failed,
    /// The manifest is gone.
    Gone,
}

/// Reconciles one manifest. What goes wrong is logged, told where it lasts, and tried again after a while.
pub(crate) async fn reconcile<K: Managed>(manifest: Arc<K>, ctx: Arc<Context<K>>) -> Result<Action, Infallible> {
    ctx.synced().await;
    let running = ctx.metrics.reconciling(K::NAME);
    let memory = ctx.memories.of(&manifest.uid().unwrap_or_default());
    let result = tokio::time::timeout(LONGEST, Box::pin(look_after(&*manifest, &*ctx, &memory)))
        .await
        .unwrap_or_else(|_| Err(ReconcileError::Late));
    running.ended(&result);
    match result {
        Ok(action) => {
            memory::lock(&memory).interruptions = 0;
            Ok(action)
        }
        Err(error) => Ok(interrupted(&*manifest, &*ctx, &memory, &error).await),
    }
}

/// A reconcile did not come to its end, so that the status cannot be trusted to say why.
async fn interrupted<K: Managed>(
    manifest: &K,
    ctx: &Context<K>,
    memory: &Mutex<Memory<K>>,
    error: &ReconcileError,
) -> Action {
    let interruptions = {
        let mut memory = memory::lock(memory);
        memory.interruptions += 1;
        memory.interruptions
    };
    let wait = backoff::after(interruptions);
    tracing::warn!(namespace = manifest.namespace(), name = manifest.name_any(), %error, "tried again in {wait:.1?}");
    if interruptions == TELL_AFTER {
        ctx.events.warn(&manifest.object_ref(&()), "ReconcileFails", error.to_string()).await;
    }
    Action::requeue(wait)
}

async fn look_after<K: Managed>(
    manifest: &K,
    ctx: &Context<K>,
    memory: &Mutex<Memory<K>>,
) -> Result<Action, ReconcileError> {
    let mut manifest = manifest.clone();
    for _ in 0..MOST_STEPS {
        let seen = match observe::observe(ctx, &manifest, memory, observe::Freshness::Cached).await {
            // What its record says makes no difference, and that it cannot be read must not hold it.
            Err(ReconcileError::Record(RecordError::Unreadable { .. })) if is_let_go(&manifest) => {
                finalizer::remove(ctx, &manifest).await?;
                return Ok(Action::await_change());
            }
            seen => seen?,
        };
        if let Some(sentence) = looked_after_elsewhere(&seen.facts) {
            if !std::mem::replace(&mut memory::lock(memory).warned_of_another, true) {
                ctx.events.warn(&manifest.object_ref(&()), "LookedAfterElsewhere", sentence).await;
            }
            return Ok(Action::await_change());
        }
        let plan = plan(&seen.facts);
        match report::publish(ctx, &seen, &plan).await? {
            report::Published::Same => {}
            report::Published::Changed(changed) => manifest = *changed,
            report::Published::Stale => match current(ctx, &manifest).await? {
                Some(current) => {
                    manifest = current;
                    continue;
                }
                None => return Ok(Action::await_change()),
            },
        }
        let Some(step) = plan.next.clone() else {
            return Ok(rest(ctx, memory, &plan));
        };
        let seen = observe::Seen { facts: crate::plan::Facts { manifest: manifest.clone(), ..seen.facts }, ..seen };
        match carry_out(ctx, &seen, memory, step).await? {
            Applied::Again => {}
            Applied::Changed(changed) => manifest = *changed,
            Applied::Failed => return Ok(rest(ctx, memory, &plan)),
            Applied::Gone => return Ok(Action::await_change()),
        }
    }
    Err(ReconcileError::Restless(MOST_STEPS))
}

async fn carry_out<K: Managed>(
    ctx: &Context<K>,
    seen: &observe::Seen<K>,
    memory: &Mutex<Memory<K>>,
    step: Step<K>,
) -> Result<Applied<K>, ReconcileError> {
    match step {
        Step::AddFinalizer => finalizer::add(ctx, &seen.facts.manifest).await,
        // The one step in Kubernetes that cannot be taken back is decided afresh, as a write to the cloud is.
        Step::RemoveFinalizer if seen.facts.deleting() => match still_first(ctx, seen, memory, &step).await? {
            Ok(fresh) => finalizer::remove(ctx, &fresh.facts.manifest).await,
            Err(moved_on) => Ok(moved_on),
        },
        Step::RemoveFinalizer => finalizer::remove(ctx, &seen.facts.manifest).await,
        Step::Look(target) => look::look(ctx, seen, memory, target).await,
        Step::Survey => look::survey(ctx, seen, memory).await,
        Step::Ask(question) => look::ask(ctx, seen, memory, question).await,
        Step::Record(change) => bookkeeping::change(ctx, seen, memory, change).await,
        Step::Cloud(write) => write::send(ctx, seen, memory, write).await,
        Step::Database(step) => database::change(ctx, seen, memory, step).await,
        Step::Publish(connection) => connection::publish(ctx, seen, memory, &connection).await,
    }
}

/// Until something happens, or something is to be looked at again.
fn rest<K: Managed>(ctx: &Context<K>, memory: &Mutex<Memory<K>>, plan: &Plan<K>) -> Action {
    let mut memory = memory::lock(memory);
    let now = ctx.clock.now();
    if plan.next.is_none() && plan.is_at_rest() {
        memory.failures = 0;
        if let Some(edit) = memory.edit.take() {
            ctx.metrics.ready(&K::kind(&()), edit.after, clock::until(edit.since, now).unwrap_or_default());
        }
    }
    let until = |moment: Option<jiff::Timestamp>| clock::until(now, moment.filter(|moment| *moment > now)?);
    // A check that has fallen due meanwhile is made at once; the next look puts it off again.
    let check = memory.check_at.map(|moment| until(Some(moment)).unwrap_or_default());
    let waits = [plan.look_again, check, until(memory.attempts.not_before)];
    waits.into_iter().flatten().min().map_or_else(Action::await_change, |wait| {
        // A tenth of a second keeps a wait that ends exactly now from being taken for one that is still on.
        Action::requeue(wait + Duration::from_millis(100))
    })
}

/// The manifest as the API server has it; none where it is gone, or another object has its name.
async fn current<K: Managed>(ctx: &Context<K>, manifest: &K) -> Result<Option<K>, kube::Error> {
    let found = api(ctx, manifest).get_opt(&manifest.name_any()).await?;
    Ok(found.filter(|found| found.uid() == manifest.uid()))
}

fn api<K: Managed>(ctx: &Context<K>, manifest: &K) -> Api<K> {
    Api::namespaced(ctx.client.clone(), &manifest.namespace().unwrap_or_default())
}

/// Whether `step` is still the first thing to do, with manifest and record read afresh. This is the last look before a
/// write. `Err` says how to go on where it is not.
async fn still_first<K: Managed>(
    ctx: &Context<K>,
    seen: &observe::Seen<K>,
    memory: &Mutex<Memory<K>>,
    step: &Step<K>,
) -> Result<Result<observe::Seen<K>, Applied<K>>, ReconcileError> {
    let Some(manifest) = current(ctx, &seen.facts.manifest).await? else {
        return Ok(Err(Applied::Gone));
    };
    let fresh = observe::observe(ctx, &manifest, memory, observe::Freshness::Fresh).await?;
    // The step would be sent to where the account pointed when it was decided.
    let same_reach = fresh.facts.account.reach == seen.facts.account.reach;
    if same_reach && plan(&fresh.facts).next.as_ref() == Some(step) {
        return Ok(Ok(fresh));
    }
    Ok(Err(Applied::Changed(Box::new(manifest))))
}

/// Notes a failure after which nothing is tried for a while.
fn hold_off<K: Managed>(ctx: &Context<K>, memory: &Mutex<Memory<K>>, wait: Duration) {
    let now = ctx.clock.now();
    memory::lock(memory).attempts.not_before = Some(clock::later(now, backoff::spread(wait)));
}

impl<K: Managed> Context<K> {
    /// Whether a record's manifest is there and manages its cluster. One that cannot be seen from here is taken to do so.
    pub(crate) fn claims(&self, stored: &Stored<K>) -> bool {
        let owner = &stored.record.owner;
        !stored.record.filed
            && match self.holder(owner) {
                Holder::Lives(manifest) => {
                    manifest.uid().as_ref() == Some(&owner.uid) && manifest.common().management == Management::Managed
                }
                Holder::Gone => false,
                Holder::Unwatched => true,
            }
    }
}
