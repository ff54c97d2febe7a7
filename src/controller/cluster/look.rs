//! Looking at one cluster.

use std::sync::Mutex;

use super::observe::Seen;
use super::{Applied, ReconcileError, hold_off};
use crate::api::identity::ClusterId;
use crate::cloud::budget::Priority;
use crate::cloud::error::CloudError;
use crate::controller::Context;
use crate::controller::accounts::Session;
use crate::controller::memory::{self, Memory};
use crate::plan::{Look, TroubleKind};

/// Asks for one cluster, and remembers what was seen.
pub(super) async fn look(
    ctx: &Context,
    seen: &Seen,
    memory: &Mutex<Memory>,
    id: &ClusterId,
) -> Result<Applied, ReconcileError> {
    let Some(session) = &seen.session else {
        return Ok(Applied::Failed);
    };
    let at = ctx.clock.now();
    match session.find(id, Priority::Edit).await {
        Ok(found) => {
            if let Some(cluster) = &found {
                session.place.touch(cluster.clone(), at);
            }
            let look = Look { id: id.clone(), at, by: session.credential.clone(), found };
            let mut memory = memory::lock(memory);
            memory.look = Some(look);
            memory.was_answered();
            Ok(Applied::Again)
        }
        Err(error) => Ok(failed(ctx, session, memory, &error).await),
    }
}

/// Takes note of a call that brought nothing and changed nothing.
pub(super) async fn failed(ctx: &Context, session: &Session, memory: &Mutex<Memory>, error: &CloudError) -> Applied {
    let now = ctx.clock.now();
    match error {
        CloudError::RateLimited { retry_after } => {
            memory::lock(memory).failed(TroubleKind::RateLimited, error.to_string(), now);
            hold_off(ctx, memory, *retry_after);
        }
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
