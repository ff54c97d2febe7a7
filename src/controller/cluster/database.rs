//! The password at the database's own endpoint.

use std::sync::Mutex;

use rand::distr::{Alphanumeric, SampleString as _};

use super::bookkeeping::{amend, own_name, tell};
use super::observe::Seen;
use super::{Applied, ReconcileError, still_first};
use crate::api::secret::Password;
use crate::cloud::typedb::database::{DATABASE_DEADLINE, Database, DatabaseError, DatabaseSession};
use crate::controller::Context;
use crate::controller::events::Word;
use crate::controller::memory::{self, Memory};
use crate::controller::records::RecordError;
use crate::plan::{DatabaseStep, NewPassword, Step, TroubleKind};

const USER: &str = "admin";

/// Characters of a generated password: 32 of 62 make more than 190 bits.
const LENGTH: usize = 32;

pub(super) async fn change(
    ctx: &Context,
    seen: &Seen,
    memory: &Mutex<Memory>,
    step: DatabaseStep,
) -> Result<Applied, ReconcileError> {
    let Some(fresh) = still_first(ctx, seen, memory, &Step::Database(step.clone())).await? else {
        return Ok(Applied::Again);
    };
    let result = match step {
        DatabaseStep::Announce(new) => announce(ctx, &fresh, new).await,
        DatabaseStep::SetPassword { address, candidates, pending } => {
            set(ctx, &fresh, memory, &address, &candidates, &pending).await
        }
    };
    match result {
        Err(ReconcileError::Record(RecordError::Conflict)) => {
            ctx.records.fresh(&own_name(&fresh)).await?;
            Ok(Applied::Again)
        }
        other => other,
    }
}

async fn announce(ctx: &Context, seen: &Seen, new: NewPassword) -> Result<Applied, ReconcileError> {
    let password = match new {
        NewPassword::Generate => Password::new(Alphanumeric.sample_string(&mut rand::rng(), LENGTH)),
        NewPassword::Given(password) => password,
    };
    amend(ctx, seen, |record| record.password.pending = Some(password)).await?;
    Ok(Applied::Again)
}

async fn set(
    ctx: &Context,
    seen: &Seen,
    memory: &Mutex<Memory>,
    address: &str,
    candidates: &[Password],
    pending: &Password,
) -> Result<Applied, ReconcileError> {
    let Some(session) = &seen.session else {
        return Ok(Applied::Failed);
    };
    let url = match ctx.policy.database_url(session.place.location.endpoint(), address) {
        Ok(url) => url,
        Err(refusal) => {
            memory::lock(memory).attempts.database_refused = Some(refusal.to_string());
            return Ok(Applied::Again);
        }
    };
    let database = Database::new(session.transport.clone(), url);
    match prove_or_set(ctx, &database, candidates, pending).await {
        Ok(true) => {
            amend(ctx, seen, |record| {
                record.password.current = record.password.pending.take();
            })
            .await?;
            memory::lock(memory).succeeded();
            tell(
                ctx,
                seen,
                Word::PasswordSet,
                "The password of the database's user admin was set, and opens it.".to_owned(),
            )
            .await;
            Ok(Applied::Again)
        }
        Ok(false) => {
            memory::lock(memory).attempts.password_unknown = true;
            Ok(Applied::Again)
        }
        Err(DatabaseError::NoHttpApi) => {
            let mut memory = memory::lock(memory);
            memory.attempts.no_http_api = true;
            memory.failed(TroubleKind::DatabaseUnreachable, DatabaseError::NoHttpApi.to_string(), ctx.clock.now());
            Ok(Applied::Failed)
        }
        Err(error) => {
            let now = ctx.clock.now();
            memory::lock(memory).failed(TroubleKind::DatabaseUnreachable, error.to_string(), now);
            Ok(Applied::Failed)
        }
    }
}

/// Sees to it that the pending password opens the database, and proves it. False where no known password does.
async fn prove_or_set(
    ctx: &Context,
    database: &Database,
    candidates: &[Password],
    pending: &Password,
) -> Result<bool, DatabaseError> {
    if opens(database, pending).await?.is_some() {
        return Ok(true);
    }
    for candidate in candidates {
        if let Some(session) = opens(database, candidate).await? {
            if !ctx.gate.permits(DATABASE_DEADLINE) {
                return Err(DatabaseError::Unreachable { message: "this operator is about to stop".to_owned() });
            }
            database.set_password(&session, USER, pending.as_secret()).await?;
            return Ok(opens(database, pending).await?.is_some());
        }
    }
    Ok(false)
}

async fn opens(database: &Database, password: &Password) -> Result<Option<DatabaseSession>, DatabaseError> {
    match database.sign_in(USER, password.as_secret()).await {
        Ok(session) => Ok(Some(session)),
        Err(DatabaseError::WrongPassword) => Ok(None),
        Err(error) => Err(error),
    }
}
