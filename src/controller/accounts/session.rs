//! A session: an account's credentials, turned into clients of its location.

use std::sync::Arc;
use std::time::Duration;

use super::sources::{self, Pair, Source};
use crate::api::account::{CaBundle, CloudAccount, CredentialState, CredentialStatus};
use crate::api::condition::Reason;
use crate::api::identity::Handle;
use crate::cloud::budget::Priority;
use crate::cloud::error::CloudError;
use crate::cloud::keyring::{By, Deed, Key, KeyState, Keyring};
use crate::cloud::observer::Observer;
use crate::cloud::operation::Found;
use crate::cloud::provider::{Provider, Way};
use crate::cloud::transport::Transport;
use crate::controller::clouds::Managed;
use crate::controller::locations::{AccountKey, Enlisted, Place};
use crate::controller::metrics::AsAccount;
use crate::controller::secrets::{self, ReadError};
use crate::controller::{Context, fleet};
use crate::fingerprint::Fingerprint;

/// A way to speak to a location.
#[derive(Clone)]
pub(crate) struct Session<K: Managed> {
    pub(crate) account: AccountKey,
    pub(crate) place: Arc<Place<K>>,
    pub(crate) keyring: Arc<Keyring<K::Client>>,
    pub(crate) transport: Arc<dyn Transport>,
    /// Where the credentials come from, in the order of the manifest.
    pub(crate) sources: Vec<Source<K>>,
    /// Changes with everything that the session was made from.
    pub(crate) made_from: String,
}

impl<K: Managed> std::fmt::Debug for Session<K> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Session({} as {:?})", self.place.location, self.keyring)
    }
}

impl<K: Managed> Session<K> {
    /// Looks for one cluster.
    pub(crate) async fn find(&self, target: &Handle, priority: Priority) -> Result<By<Found<K::Cluster>>, CloudError> {
        let find = |client: K::Client| async move { client.find(target, priority).await };
        self.keyring.ask(&Deed::look(target), find).await
    }

    /// Looks whether a create would find its name free.
    pub(crate) async fn look_before_create(&self, target: &Handle) -> Result<By<Found<K::Cluster>>, CloudError> {
        let look = |client: K::Client| async move { client.look_before_create(target).await };
        self.keyring.ask(&Deed::look(target), look).await
    }

    /// How each of the credentials stands.
    pub(crate) fn credentials(&self) -> Vec<CredentialStatus> {
        let active = self.keyring.active().map(|key| key.name());
        let state = |key: &Key<K::Client>| match key.state() {
            KeyState::Accepted if active == Some(key.name()) => CredentialState::InUse,
            KeyState::Accepted => CredentialState::Standby,
            KeyState::Untried => CredentialState::Untried,
            KeyState::Insufficient => CredentialState::Insufficient,
            KeyState::Rejected => CredentialState::Rejected,
        };
        let status = |source: &Source<K>| CredentialStatus {
            secret_name: source.secret.clone(),
            state: source.key.as_ref().map_or(CredentialState::Missing, |key| state(key)),
        };
        self.sources.iter().map(status).collect()
    }
}

/// Why there is no session.
pub(super) enum Obstacle {
    Read(ReadError),
    Refused(Reason, String),
}

impl From<ReadError> for Obstacle {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

/// The session that was there, if it was made from what the account says now, or else a new one.
pub(super) async fn establish<K: Managed>(
    account: &CloudAccount,
    key: &AccountKey,
    before: Option<Session<K>>,
    ctx: &Context<K>,
) -> Result<Session<K>, Obstacle> {
    let location = account.spec.location().map_err(|why| Obstacle::Refused(Reason::InvalidSpec, why.to_owned()))?;
    ctx.policy
        .check(location.endpoint())
        .map_err(|refusal| Obstacle::Refused(Reason::EndpointNotAllowed, refusal.to_string()))?;
    let pairs = sources::read(account, ctx).await?;
    let bundle = read_bundle(ctx, &key.namespace, account.spec.ca_bundle.as_ref()).await?;
    let way = Fingerprint::default().part(location.to_string()).part(bundle.as_deref().unwrap_or_default()).finish();
    let made_from = fingerprint(account, &way, &pairs);
    if let Some(session) = before.clone().filter(|session| session.made_from == made_from) {
        return Ok(session);
    }
    let transport = (ctx.transports)(bundle.as_deref()).map_err(|why| {
        Obstacle::Refused(
            Reason::InvalidSpec,
            format!("The certificates of spec.caBundle cannot be used: {why}. Correct them."),
        )
    })?;
    let requests_per_minute = u32::try_from(account.spec.requests_per_minute).unwrap_or(u32::MAX);
    let place = ctx.locations.place(&location, requests_per_minute);
    let observer = Arc::new(AsAccount::new(Arc::clone(&ctx.metrics), fleet::labels::<K>(key)));
    let connect = |credential| {
        let way = Way {
            transport: Arc::clone(&transport),
            budget: place.budget.clone(),
            credential,
            location: location.clone(),
            clock: ctx.clock.clone(),
            observer: Arc::clone(&observer) as Arc<dyn Observer>,
        };
        K::Client::connect(way)
    };
    let known = before.as_ref().map_or(&[][..], |before| &before.sources);
    let Some(sources) = sources::connect(pairs, &way, known, connect) else {
        return Err(Obstacle::Refused(Reason::InvalidSpec, format!("This account is not one of {}.", K::CLOUD)));
    };
    let keyring = Arc::new(keyring(&sources, key, ctx));
    let enlisted = Enlisted {
        keyring: Arc::clone(&keyring),
        poll_interval: Duration::from_secs(account.spec.poll_interval_seconds.unsigned_abs()),
        requests_per_minute,
    };
    if let Some(before) = before.filter(|before| before.place.location != place.location) {
        before.place.dismiss(key.clone()).await;
    }
    place.enlist(key.clone(), enlisted).await;
    Ok(Session { account: key.clone(), place, keyring, transport, sources, made_from })
}

/// The credentials that there are. When one of them stands otherwise, the account is looked after at once: its Secret may
/// hold another by now.
fn keyring<K: Managed>(sources: &[Source<K>], account: &AccountKey, ctx: &Context<K>) -> Keyring<K::Client> {
    let keys = sources.iter().filter_map(|source| source.key.clone()).collect();
    let (wake, account) = (ctx.wake.clone(), account.object());
    Keyring::new(keys, Arc::new(move || wake.account_soon(account.clone())))
}

async fn read_bundle<K: Managed>(
    ctx: &Context<K>,
    namespace: &str,
    bundle: Option<&CaBundle>,
) -> Result<Option<Vec<u8>>, Obstacle> {
    match secrets::bundle(&ctx.client, namespace, bundle).await {
        Ok(bytes) => Ok(bytes),
        Err(ReadError::Missing(why)) => {
            Err(Obstacle::Refused(Reason::InvalidSpec, format!("spec.caBundle cannot be read: {why}")))
        }
        Err(error) => Err(error.into()),
    }
}

fn fingerprint(account: &CloudAccount, way: &str, pairs: &[Pair]) -> String {
    let spec = &account.spec;
    let start = Fingerprint::default()
        .part(way)
        .part(spec.poll_interval_seconds.to_be_bytes())
        .part(spec.requests_per_minute.to_be_bytes());
    pairs.iter().fold(start, |all, pair| all.part(pair.fingerprint(way))).finish()
}
