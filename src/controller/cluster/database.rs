//! The password at the database's own endpoint.

use std::sync::Mutex;
use std::time::Duration;

use rand::distr::{Alphanumeric, SampleString as _};

use super::bookkeeping::{amend, own_record, tell, undo_conflict};
use super::observe::{CHECK_MISSING, Seen};
use super::{Applied, ReconcileError, still_first};
use crate::api::secret::Password;
use crate::clock;
use crate::cloud::database::{DATABASE_DEADLINE, DatabaseError};
use crate::cloud::provider::{Database, Provider};
use crate::controller::clouds::Managed;
use crate::controller::events::Word;
use crate::controller::memory::{self, Memory};
use crate::controller::{Context, Gate};
use crate::plan::{DatabaseStep, NewPassword, Probe, Step, TroubleKind};

/// Characters of a generated password: 32 of 62 make more than 190 bits.
const LENGTH: usize = 32;

/// The least time between two attempts to speak to a database that does not answer as it should: it may well be starting.
const BETWEEN_ATTEMPTS: Duration = Duration::from_secs(5);

pub(super) async fn change<K: Managed>(
    ctx: &Context<K>,
    seen: &Seen<K>,
    memory: &Mutex<Memory<K>>,
    step: DatabaseStep,
) -> Result<Applied<K>, ReconcileError> {
    let fresh = match still_first(ctx, seen, memory, &Step::Database(step.clone())).await? {
        Ok(fresh) => fresh,
        Err(moved_on) => return Ok(moved_on),
    };
    let result = match step {
        DatabaseStep::Announce(new) => announce(ctx, &fresh, new).await,
        DatabaseStep::Prove { address, claims } => match way_in(ctx, &fresh, memory, &address) {
            Some(way_in) => conclude(ctx, &fresh, memory, way_in.prove(&claims).await).await,
            None => Ok(Applied::Again),
        },
        DatabaseStep::Probe { address } => {
            let serves = match database(ctx, &fresh, memory, &address) {
                Some(database) => database.serves().await.is_ok(),
                None => false,
            };
            memory::lock(memory).probe = Some(Probe { at: ctx.clock.now(), serves });
            Ok(Applied::Again)
        }
        DatabaseStep::SetPassword { address, candidates, pending } => match way_in(ctx, &fresh, memory, &address) {
            Some(way_in) => {
                let outcome = way_in.prove_or_set(&ctx.gate, &candidates, &pending).await;
                conclude(ctx, &fresh, memory, outcome).await
            }
            None => Ok(Applied::Again),
        },
    };
    undo_conflict(ctx, &fresh, result).await
}

async fn announce<K: Managed>(
    ctx: &Context<K>,
    seen: &Seen<K>,
    new: NewPassword,
) -> Result<Applied<K>, ReconcileError> {
    let password = match new {
        NewPassword::Generate => Password::new(Alphanumeric.sample_string(&mut rand::rng(), LENGTH)),
        NewPassword::Given(password) => password,
    };
    // A create is given its password, so that this may be the first that is written of the cluster.
    let Some(mut stored) = own_record(seen) else {
        return Ok(Applied::Failed);
    };
    stored.record.announce_password(password);
    ctx.records.write(&stored).await?;
    Ok(Applied::Again)
}

/// The way in for the database's user, if its endpoint may be spoken to.
fn way_in<K: Managed>(
    ctx: &Context<K>,
    seen: &Seen<K>,
    memory: &Mutex<Memory<K>>,
    address: &str,
) -> Option<WayIn<<K::Client as Provider>::Database>> {
    let database = database(ctx, seen, memory, address)?;
    Some(WayIn { database, user: seen.facts.manifest.user(seen.facts.record.as_ref()) })
}

/// The database, if its endpoint may be spoken to.
fn database<K: Managed>(
    ctx: &Context<K>,
    seen: &Seen<K>,
    memory: &Mutex<Memory<K>>,
    address: &str,
) -> Option<<K::Client as Provider>::Database> {
    let session = seen.session.as_ref()?;
    match ctx.policy.database_url(session.place.location.endpoint(), address) {
        Ok(url) => Some(K::Client::database(session.transport.clone(), url)),
        Err(refusal) => {
            memory::lock(memory).attempts.database_refused = Some(refusal.to_string());
            None
        }
    }
}

/// What was found out about the database's password.
enum Outcome {
    /// This one opens it, and it was there before.
    Known(Password),
    /// This one opens it, and was set by us.
    Set(Password),
    /// No known password does.
    Unknown,
    /// The database refused the new one, and kept the one that it had.
    Refused(String),
}

async fn conclude<K: Managed>(
    ctx: &Context<K>,
    seen: &Seen<K>,
    memory: &Mutex<Memory<K>>,
    outcome: Result<Outcome, DatabaseError>,
) -> Result<Applied<K>, ReconcileError> {
    match outcome {
        Ok(Outcome::Known(password)) if !is_pending(seen, &password) => proved(ctx, seen, memory, password).await?,
        Ok(Outcome::Known(password) | Outcome::Set(password)) => {
            proved(ctx, seen, memory, password).await?;
            let user = seen.facts.manifest.user(seen.facts.record.as_ref());
            let note = format!("The password of the database's user {user} was set, and opens it.");
            tell(ctx, seen, Word::PasswordSet, note).await;
        }
        Ok(Outcome::Unknown) => {
            let mut memory = memory::lock(memory);
            memory.denied(ctx.clock.now());
            memory.check_at = Some(clock::later(ctx.clock.now(), CHECK_MISSING));
        }
        Ok(Outcome::Refused(words)) => {
            amend(ctx, seen, |record| record.password.pending = None).await?;
            let mut memory = memory::lock(memory);
            memory.database_answered();
            memory.attempts.password_refused = Some(words);
            memory.check_at = Some(clock::later(ctx.clock.now(), CHECK_MISSING));
        }
        Err(error) => {
            let mut memory = memory::lock(memory);
            memory.attempts.password_unsupported |= matches!(error, DatabaseError::Unsupported { .. });
            let kind = match error {
                DatabaseError::Unreachable { .. } => TroubleKind::DatabaseUnreachable,
                _ => TroubleKind::DatabaseTrouble,
            };
            let now = ctx.clock.now();
            memory.failed(kind, error.to_string(), now);
            let patient = Some(clock::later(now, BETWEEN_ATTEMPTS));
            memory.attempts.not_before = memory.attempts.not_before.max(patient);
            return Ok(Applied::Failed);
        }
    }
    Ok(Applied::Again)
}

/// Whether it was written down to be set, and is not known to be in force.
fn is_pending<K: Managed>(seen: &Seen<K>, password: &Password) -> bool {
    seen.facts.record.as_ref().is_some_and(|record| record.password.pending.as_ref() == Some(password))
}

async fn proved<K: Managed>(
    ctx: &Context<K>,
    seen: &Seen<K>,
    memory: &Mutex<Memory<K>>,
    password: Password,
) -> Result<(), ReconcileError> {
    amend(ctx, seen, |record| record.promote_password(password)).await?;
    let mut memory = memory::lock(memory);
    memory.succeeded();
    memory.attempts.denied = None;
    Ok(())
}

/// A database, and the user as whom it is spoken to.
struct WayIn<D> {
    database: D,
    user: String,
}

impl<D: Database> WayIn<D> {
    /// Finds out which of the claimed passwords opens the database.
    async fn prove(&self, claims: &[Password]) -> Result<Outcome, DatabaseError> {
        for claim in claims {
            if self.opens(claim).await?.is_some() {
                return Ok(Outcome::Known(claim.clone()));
            }
        }
        Ok(Outcome::Unknown)
    }

    /// Sees to it that the pending password opens the database, and proves it.
    async fn prove_or_set(
        &self,
        gate: &Gate,
        candidates: &[Password],
        pending: &Password,
    ) -> Result<Outcome, DatabaseError> {
        if self.opens(pending).await?.is_some() {
            return Ok(Outcome::Set(pending.clone()));
        }
        for candidate in candidates {
            if let Some(session) = self.opens(candidate).await? {
                let Some(_until_it_is_proved) = gate.pass(DATABASE_DEADLINE) else {
                    return Err(DatabaseError::Unreachable { message: "this operator is about to stop".to_owned() });
                };
                match self.database.set_password(&session, &self.user, pending.as_secret()).await {
                    Err(DatabaseError::Refused { message }) => return Ok(Outcome::Refused(message)),
                    other => other?,
                }
                let proof = self.opens(pending).await?;
                return Ok(proof.map_or(Outcome::Unknown, |_| Outcome::Set(pending.clone())));
            }
        }
        Ok(Outcome::Unknown)
    }

    async fn opens(&self, password: &Password) -> Result<Option<D::Session>, DatabaseError> {
        match self.database.sign_in(&self.user, password.as_secret()).await {
            Ok(session) => Ok(Some(session)),
            Err(DatabaseError::WrongPassword) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
