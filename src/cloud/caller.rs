//! How calls of a cloud's API are made, whichever cloud it is.

mod attempt;

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use tokio::time::Instant;

use self::attempt::Failure;
use super::authorization::{Authorization, Proof};
use super::budget::{Budget, Permit, Priority};
use super::call::{Answer, Call, WRITE_TOKEN_WAIT};
use super::error::{CloudError, Effect};
use super::observer::Observer;
use super::transport::Transport;

/// One location's API, as one credential. Clones share connections, budget and token.
///
/// A call for which no connection came about is made once more, and so is one that the cloud refused because of its token,
/// with another token; of a key there is no other. Nothing else is repeated.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    transport: Arc<dyn Transport>,
    budget: Budget,
    authorization: Authorization,
    dialect: Dialect,
    observer: Arc<dyn Observer>,
}

/// How a cloud refuses: reads the answer to a request of this method, which is no success.
pub(super) type Dialect = fn(&Method, &Response<Bytes>) -> Refusal;

/// What an answer that is no success says, in HTTP's own terms.
pub(super) struct Refusal {
    /// The status that says it, which need not be the one that was sent.
    pub(super) status: StatusCode,
    /// The cloud's own words. An answer without them may come from anything between here and the cloud.
    pub(super) words: Option<String>,
}

impl Caller {
    /// Makes no call yet. The budget is the location's, the authorization the credential's.
    pub(super) fn new(
        transport: Arc<dyn Transport>,
        budget: Budget,
        authorization: Authorization,
        dialect: Dialect,
    ) -> Self {
        Self { transport, budget, authorization, dialect, observer: Arc::new(()) }
    }

    /// Tells `observer` of every request, and how long it waited for its turn.
    pub(super) fn with_observer(self, observer: Arc<dyn Observer>) -> Self {
        Self { observer, ..self }
    }

    /// Waits for a permit, and makes a call.
    pub(super) async fn ask<T>(&self, priority: Priority, call: Call<T>) -> Result<Answer<T>, CloudError> {
        let permit = self.budget.acquire(priority).await?;
        self.call(permit, call).await
    }

    /// Makes a call, and once more with a new token where the cloud did not accept the one in use.
    pub(super) async fn call<T>(&self, permit: Permit, call: Call<T>) -> Result<Answer<T>, CloudError> {
        self.observer.waited(permit.waited());
        let deadline = Instant::now() + call.deadline;
        let until = permit.until().map_or(deadline, |until| until.min(deadline));
        let proof = self.proof(call.effect, until).await?;
        let Failure { error, proof_rejected, harmless } = match self.attempt(&call, until, &proof).await {
            Ok(answer) => return Ok(answer),
            Err(failure) => failure,
        };
        if !proof_rejected {
            return Err(error);
        }
        self.authorization.rejected(&proof).await;
        if !harmless {
            return Err(error);
        }
        let renewed = self.proof(call.effect, until).await?;
        if renewed == proof {
            return Err(error);
        }
        self.attempt(&call, until, &renewed).await.map_err(|failure| failure.error)
    }

    async fn proof(&self, effect: Effect, until: Instant) -> Result<Proof, CloudError> {
        let left = until.saturating_duration_since(Instant::now());
        let patience = match effect {
            Effect::Read => left,
            Effect::Write => left.min(WRITE_TOKEN_WAIT),
        };
        let late = || CloudError::Unavailable { message: "there is no access token yet".to_owned() };
        tokio::time::timeout(patience, self.authorization.proof()).await.map_err(|_| late())?
    }
}
