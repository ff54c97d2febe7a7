//! Looking at one cluster.

use std::sync::Mutex;

use jiff::Timestamp;

use super::observe::Seen;
use super::{Applied, ReconcileError, hold_off};
use crate::api::identity::Handle;
use crate::cloud::budget::Priority;
use crate::cloud::error::CloudError;
use crate::cloud::keyring::By;
use crate::cloud::operation::Found;
use crate::controller::Context;
use crate::controller::accounts::Session;
use crate::controller::clouds::Managed;
use crate::controller::memory::{self, Memory};
use crate::plan::{Look, TroubleKind};

/// Asks for one cluster, and remembers what was seen.
pub(super) async fn look<K: Managed>(
    ctx: &Context<K>,
    seen: &Seen<K>,
    memory: &Mutex<Memory<K>>,
    target: Handle,
) -> Result<Applied<K>, ReconcileError> {
    let Some(session) = &seen.session else {
        return Ok(Applied::Failed);
    };
    let at = ctx.clock.now();
    match session.find(&target, Priority::Edit).await {
        Ok(found) => {
            remember(session, memory, target, at, found);
            memory::lock(memory).was_answered();
            Ok(Applied::Again)
        }
        Err(error) => Ok(failed(ctx, session, memory, &error).await),
    }
}

/// Takes in what a look that began at `at` found.
pub(super) fn remember<K: Managed>(
    session: &Session<K>,
    memory: &Mutex<Memory<K>>,
    target: Handle,
    at: Timestamp,
    found: By<Found<K::Cluster>>,
) {
    let By { value: found, credential: by } = found;
    session.place.saw(&session.account, &target, found.cluster.as_ref(), at);
    memory::lock(memory).look = Some(Look { target, at, by, found });
}

/// Asks what there is around the location's clusters, once for all who want to know it now.
pub(super) async fn survey<K: Managed>(
    ctx: &Context<K>,
    seen: &Seen<K>,
    memory: &Mutex<Memory<K>>,
) -> Result<Applied<K>, ReconcileError> {
    let Some(session) = &seen.session else {
        return Ok(Applied::Failed);
    };
    let asked = session.place.survey(&session.keyring, seen.facts.now, &ctx.clock).await;
    Ok(answered(ctx, session, memory, asked).await)
}

/// Asks the cloud a question, once for all who want to know it now.
pub(super) async fn ask<K: Managed>(
    ctx: &Context<K>,
    seen: &Seen<K>,
    memory: &Mutex<Memory<K>>,
    question: K::Question,
) -> Result<Applied<K>, ReconcileError> {
    let Some(session) = &seen.session else {
        return Ok(Applied::Failed);
    };
    let asked = session.place.ask(&session.keyring, question, seen.facts.now, &ctx.clock).await;
    Ok(answered(ctx, session, memory, asked).await)
}

async fn answered<K: Managed>(
    ctx: &Context<K>,
    session: &Session<K>,
    memory: &Mutex<Memory<K>>,
    asked: Result<(), CloudError>,
) -> Applied<K> {
    match asked {
        Ok(()) => {
            memory::lock(memory).was_answered();
            Applied::Again
        }
        Err(error) => failed(ctx, session, memory, &error).await,
    }
}

/// Takes note of a call that brought nothing and changed nothing.
pub(super) async fn failed<K: Managed>(
    ctx: &Context<K>,
    session: &Session<K>,
    memory: &Mutex<Memory<K>>,
    error: &CloudError,
) -> Applied<K> {
    let now = ctx.clock.now();
    match error {
        CloudError::RateLimited { retry_after } => {
            memory::lock(memory).failed(TroubleKind::RateLimited, error.to_string(), now);
            hold_off(ctx, memory, *retry_after);
        }
        CloudError::Busy { .. } => memory::lock(memory).failed(TroubleKind::Busy, error.to_string(), now),
        // A write that is refused is noted in the record: these were only questions.
        CloudError::Forbidden { message } | CloudError::NotFound { message } => {
            memory::lock(memory).failed(TroubleKind::Forbidden, message.clone(), now);
        }
        CloudError::Invalid { message } => memory::lock(memory).failed(TroubleKind::Refused, message.clone(), now),
        CloudError::UnknownOutcome { .. } => {
            memory::lock(memory).failed(TroubleKind::OutcomeUnknown, error.to_string(), now);
        }
        _ => memory::lock(memory).failed(TroubleKind::Unavailable, error.to_string(), now),
    }
    if matches!(error, CloudError::Unauthenticated { .. }) {
        session.place.check(session.account.clone());
    }
    Applied::Failed
}
