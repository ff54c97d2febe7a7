//! Accounts: credentials read by name, a session with the cloud, and how it stands.

pub(crate) mod grants;
mod report;
mod session;
mod sources;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use kube::ResourceExt;
use kube::runtime::controller::Action;
use kube::runtime::reflector::ObjectRef;

pub(crate) use session::Session;
pub(crate) use sources::Source;

use super::backoff;
use super::locations::AccountKey;
use super::secrets::ReadError;
use super::{Context, Holder, told};
use crate::api::account::{AllowedNamespaces, CloudAccount, CredentialState, CredentialStatus, DestroyLimit};
use crate::api::annotation;
use crate::api::condition::Reason;
use crate::api::identity::Location;
use crate::controller::clouds::{Managed, looks_after};
use crate::plan::{AccountStanding, Health, account_standing};

/// Credentials are read again this often, so that a change is picked up within half a minute.
const CHECK_CREDENTIALS: Duration = Duration::from_secs(27);

/// No look after an account takes longer: an answer of the API server whose body never comes would hold it for ever.
const LONGEST: Duration = Duration::from_secs(5 * 60);

/// Why an account's reconcile is tried again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AccountError {
    #[error("{}", told(.0))]
    Kube(#[from] kube::Error),
    #[error("it took longer than {} s", LONGEST.as_secs())]
    Late,
}

/// What is known of one account. It outlives the object as long as manifests refer to it.
#[derive(Clone, Debug)]
pub(crate) struct Known<K: Managed> {
    /// Tells the object from a later one of its name.
    pub(crate) uid: Option<String>,
    pub(crate) standing: AccountStanding,
    /// The last session for which the credentials were there.
    pub(crate) session: Option<Session<K>>,
    /// How each of the credentials stands.
    pub(crate) credentials: Vec<CredentialStatus>,
    /// Those that the cloud has let in.
    accepted: Vec<String>,
    /// Who may use it: whoever refers to it is told of a change.
    allowed: Option<AllowedNamespaces>,
    /// What may be destroyed in its location.
    pub(crate) destroy_limit: DestroyLimit,
    /// A person vouches that what was missing then is gone.
    pub(crate) accepts_missing: Option<Timestamp>,
}

impl<K: Managed> Known<K> {
    fn is_let_in(&self) -> bool {
        !self.accepted.is_empty()
    }
}

/// All accounts.
#[derive(Debug)]
pub(crate) struct Accounts<K: Managed> {
    by_key: Mutex<HashMap<AccountKey, Known<K>>>,
    /// Those of which it was said that another operator looks after them, by uid.
    told: Mutex<HashSet<String>>,
}

impl<K: Managed> Default for Accounts<K> {
    fn default() -> Self {
        Self { by_key: Mutex::default(), told: Mutex::default() }
    }
}

impl<K: Managed> Accounts<K> {
    pub(crate) fn get(&self, key: &AccountKey) -> Option<Known<K>> {
        self.lock().get(key).cloned()
    }

    /// Whether the cloud has let in one of the account's credentials.
    pub(crate) fn is_let_in(&self, key: &AccountKey) -> bool {
        self.lock().get(key).is_some_and(Known::is_let_in)
    }

    /// Every session, for work that no manifest stands behind.
    pub(crate) fn sessions(&self) -> Vec<Session<K>> {
        self.lock().values().filter_map(|known| known.session.clone()).collect()
    }

    /// What the accounts of a location allow to be destroyed there.
    pub(crate) fn destroy_limits(&self, location: &Location) -> Vec<DestroyLimit> {
        let known = self.lock();
        let here = |known: &&Known<K>| {
            known.is_let_in() && known.session.as_ref().is_some_and(|session| session.place.location == *location)
        };
        known.values().filter(here).map(|known| known.destroy_limit).collect()
    }

    /// Forgets every account for which `needed` says no, and returns them.
    pub(crate) fn forget_unneeded(&self, needed: impl Fn(&AccountKey) -> bool) -> Vec<(AccountKey, Known<K>)> {
        self.lock().extract_if(|key, _| !needed(key)).collect()
    }

    /// Whether this is the first time that another operator is told of for this account.
    fn is_told_first(&self, account: &CloudAccount) -> bool {
        let uid = account.uid().unwrap_or_default();
        self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(uid)
    }

    fn take(&self, key: &AccountKey) -> Option<Known<K>> {
        self.lock().remove(key)
    }

    /// Takes note of an account. Says whether manifests that refer to it have reason to decide anew.
    fn set(&self, key: &AccountKey, known: &Known<K>) -> bool {
        let before = self.lock().insert(key.clone(), known.clone());
        let made_from = |known: &Known<K>| known.session.as_ref().map(|session| session.made_from.clone());
        before.is_none_or(|before| {
            before.uid != known.uid
                || before.standing != known.standing
                || before.accepted != known.accepted
                || before.allowed != known.allowed
                || made_from(&before) != made_from(known)
                || (before.destroy_limit, before.accepts_missing) != (known.destroy_limit, known.accepts_missing)
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AccountKey, Known<K>>> {
        self.by_key.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reconciles one account.
pub(crate) async fn reconcile<K: Managed>(
    account: Arc<CloudAccount>,
    ctx: Arc<Context<K>>,
) -> Result<Action, AccountError> {
    ctx.synced().await;
    let key = AccountKey::named(&account);
    // Accounts of other clouds are looked after with the clusters there.
    if !looks_after::<K>(&account) {
        let_go(&key, &ctx).await;
        return Ok(Action::await_change());
    }
    let running = ctx.metrics.reconciling("cloudaccount");
    let result =
        tokio::time::timeout(LONGEST, look_after(&account, &key, &ctx)).await.unwrap_or(Err(AccountError::Late));
    running.ended(&result);
    result
}

async fn look_after<K: Managed>(
    account: &CloudAccount,
    key: &AccountKey,
    ctx: &Context<K>,
) -> Result<Action, AccountError> {
    // First, for the rest needs Roles, which are among the first to go with a namespace.
    let users = grants::users(ctx, key).await?;
    if grants::hold(account, &users, ctx).await? {
        return Ok(Action::await_change());
    }
    let known = establish(account, key, ctx).await?;
    if ctx.accounts.set(key, &known) {
        wake_dependents(key, ctx).await;
    }
    report::publish(account, &known, &users, ctx).await?;
    if let Some(session) = known.session.filter(|session| session.place.health(key) == Health::Well) {
        session.keyring.exercise().await;
    }
    Ok(Action::requeue(backoff::spread(CHECK_CREDENTIALS)))
}

/// An account of this name was in this cloud, and the one that took its place is in another: its credentials are used no
/// more, and nothing is reached through it.
async fn let_go<K: Managed>(key: &AccountKey, ctx: &Context<K>) {
    let Some(known) = ctx.accounts.take(key) else { return };
    if let Some(session) = known.session {
        session.place.dismiss(key.clone()).await;
    }
    wake_dependents(key, ctx).await;
}

/// Sees to it that there is a session with the credentials of now, and finds out how it stands.
async fn establish<K: Managed>(
    account: &CloudAccount,
    key: &AccountKey,
    ctx: &Context<K>,
) -> Result<Known<K>, AccountError> {
    let before = ctx.accounts.get(key).and_then(|known| known.session);
    let missing = || {
        let secrets = account.spec.credentials.iter().map(|source| source.secret_ref.name.clone());
        secrets.map(|secret_name| CredentialStatus { secret_name, state: CredentialState::Missing }).collect()
    };
    let mut credentials: Vec<CredentialStatus> = Vec::new();
    let (standing, session) = match session::establish(account, key, before.clone(), ctx).await {
        Ok(session) => {
            let place = &session.place;
            let listed = place.inventory().is_some();
            let now = ctx.clock.now();
            credentials = session.credentials();
            let standing = account_standing(place.health(key), &place.location, &credentials, listed, now);
            (standing, Some(session))
        }
        Err(session::Obstacle::Read(ReadError::Kube(error))) => return Err(error.into()),
        Err(session::Obstacle::Read(ReadError::Missing(why))) => {
            credentials = missing();
            (AccountStanding::Refused(Reason::CredentialsMissing, why), before)
        }
        // Credentials are not used a moment longer for an account that now names a server they must not go to.
        Err(session::Obstacle::Refused(Reason::EndpointNotAllowed, why)) => {
            if let Some(before) = before {
                before.place.dismiss(key.clone()).await;
            }
            (AccountStanding::Refused(Reason::EndpointNotAllowed, why), None)
        }
        // The last session is kept: what is being destroyed with a whole namespace may still need it.
        Err(session::Obstacle::Refused(reason, why)) => (AccountStanding::Refused(reason, why), before),
    };
    Ok(Known {
        uid: account.uid(),
        standing,
        accepted: session.as_ref().map(|session| session.keyring.accepted()).unwrap_or_default(),
        session,
        credentials,
        allowed: account.spec.allowed_namespaces.clone(),
        destroy_limit: account.spec.destroy_limit,
        accepts_missing: accepts_missing(account),
    })
}

/// What is no moment vouches for nothing.
fn accepts_missing(account: &CloudAccount) -> Option<Timestamp> {
    account.annotations().get(annotation::ACCEPT_MISSING)?.parse().ok()
}

/// Every manifest that refers to the account decides anew.
pub(crate) async fn wake_dependents<K: Managed>(key: &AccountKey, ctx: &Context<K>) {
    for manifest in ctx.stores.manifests.state() {
        if AccountKey::of(&*manifest) == *key {
            ctx.wake.cluster(ObjectRef::from_obj(&*manifest)).await;
        }
    }
    for stored in ctx.records.all() {
        if matches!(ctx.holder(&stored.record.owner), Holder::Gone) {
            ctx.wake.record(stored.object()).await;
        }
    }
}
