//! Several credentials for one location, in order of preference: the first that the cloud accepts is used.
//!
//! Each has a client of its own, and each call is made as one of them from its beginning to its end, so that what it
//! found can be put down to that one. A refusal had no effect, and is no answer yet: a credential that the cloud does not
//! accept (401), or that may not do what is asked (403), hands the call on to the next within the time that it had.

mod deed;
mod key;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

pub use self::deed::Deed;
pub use self::key::{Key, KeyState};
use super::budget::{Permit, Priority};
use super::call::{Answer, WRITE_DEADLINE};
use super::error::CloudError;
use super::provider::Provider;

/// A credential that nothing was asked as for so long is tried, to find out whether it can be relied on, and because
/// CrateDB Cloud deletes keys that idle for 90 days. Spread, so that it is less than a week.
const IDLE: Duration = Duration::from_secs(6 * 24 * 60 * 60);

/// What was brought, and the credential that brought it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By<T> {
    pub value: T,
    pub credential: String,
}

/// Who wants to know that a credential stands otherwise than before.
pub type Told = Arc<dyn Fn() + Send + Sync>;

/// The credentials of one account, in order of preference.
pub struct Keyring<P> {
    keys: Vec<Arc<Key<P>>>,
    told: Told,
}

impl<P> fmt::Debug for Keyring<P> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.keys.iter().map(|key| key.name())).finish()
    }
}

impl<P: Provider> Keyring<P> {
    /// Makes no call yet. `told` is called whenever a credential stands otherwise than before, and must not wait.
    #[must_use]
    pub fn new(keys: Vec<Arc<Key<P>>>, told: Told) -> Self {
        Self { keys, told }
    }

    /// Every cluster of the location.
    ///
    /// # Errors
    /// The best of what the credentials were answered: that one may not, rather than that another is unknown.
    pub async fn list(&self, priority: Priority) -> Result<By<Answer<Vec<P::Cluster>>>, CloudError> {
        self.ask(&Deed::list(), move |client| async move { client.list(priority).await }).await
    }

    /// Asks a question as the first credential that gets an answer.
    ///
    /// # Errors
    /// As [`Keyring::list`].
    pub async fn ask<T, F>(&self, deed: &Deed, call: impl Fn(P) -> F) -> Result<By<T>, CloudError>
    where
        F: Future<Output = Result<T, CloudError>>,
    {
        self.one_after_the_other(deed, true, call).await
    }

    /// The same with a write, which is announced with the time that it has: a repeat has only what is left of it.
    ///
    /// # Errors
    /// As [`Keyring::list`].
    pub async fn write<T, F>(
        &self,
        deed: &Deed,
        permit: Permit,
        call: impl Fn(P, Permit) -> F,
    ) -> Result<By<T>, CloudError>
    where
        F: Future<Output = Result<T, CloudError>>,
    {
        let until = Instant::now() + WRITE_DEADLINE;
        let mut permit = Some(permit.lasting_until(until));
        let call = |client| call(client, permit.take().unwrap_or_else(|| Permit::of_a_repeat(until)));
        self.one_after_the_other(deed, false, call).await
    }

    /// Calls as the first credential that is not refused.
    async fn one_after_the_other<T, F>(
        &self,
        deed: &Deed,
        retrying: bool,
        mut call: impl FnMut(P) -> F,
    ) -> Result<By<T>, CloudError>
    where
        F: Future<Output = Result<T, CloudError>>,
    {
        let mut refused = None;
        for key in self.candidates(deed, retrying) {
            let outcome = call(key.client().clone()).await;
            self.note(&key, deed, &outcome);
            match outcome {
                Ok(value) => return Ok(By { value, credential: key.name().to_owned() }),
                Err(error) if deed.is_refused_by(&error) => refused = Some(graver(refused, error)),
                Err(error) => return Err(error),
            }
        }
        Err(refused.unwrap_or_else(none))
    }

    /// Has every credential list that nothing was asked as for long, so that it is known how it stands.
    pub async fn exercise(&self) {
        let deed = Deed::list();
        for key in self.keys.iter().filter(|key| key.is_due()) {
            let outcome = key.client().list(Priority::Poll).await;
            self.note(key, &deed, &outcome);
        }
    }

    /// The credentials that the cloud has accepted, the one in use first.
    #[must_use]
    pub fn accepted(&self) -> Vec<String> {
        let mut accepted: Vec<&Arc<Key<P>>> = self.keys.iter().filter(|key| key.is_accepted()).collect();
        accepted.sort_by_key(|key| key.state() != KeyState::Accepted);
        accepted.into_iter().map(|key| key.name().to_owned()).collect()
    }

    /// The credential in use: the first that the cloud accepts, and that may list.
    #[must_use]
    pub fn active(&self) -> Option<&Arc<Key<P>>> {
        self.keys.iter().find(|key| key.state() == KeyState::Accepted)
    }

    /// As whom a call is tried, one after the other. A credential that is not accepted, or may not do this, is left out
    /// as long as there are others: it is tried again now and then, but no write is held up by that.
    fn candidates(&self, deed: &Deed, retrying: bool) -> Vec<Arc<Key<P>>> {
        let usable: Vec<_> = self.keys.iter().filter(|key| key.is_usable(retrying)).cloned().collect();
        let usable = if usable.is_empty() { self.keys.clone() } else { usable };
        let able: Vec<_> = usable.iter().filter(|key| key.may(deed)).cloned().collect();
        if able.is_empty() { usable } else { able }
    }

    fn note<T>(&self, key: &Key<P>, deed: &Deed, outcome: &Result<T, CloudError>) {
        if key.note(deed, outcome.as_ref().err()) {
            (self.told)();
        }
    }
}

/// That something is not permitted says more than that a credential is unknown: somebody was let in.
fn graver(before: Option<CloudError>, error: CloudError) -> CloudError {
    match before {
        Some(before) if matches!(error, CloudError::Unauthenticated { .. }) => before,
        Some(before @ CloudError::Forbidden { .. }) => before,
        _ => error,
    }
}

fn none() -> CloudError {
    CloudError::Unauthenticated { message: "there are no credentials".to_owned() }
}
