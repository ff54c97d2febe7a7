//! A session: an account's credentials, turned into a client of its location.

use std::sync::Arc;
use std::time::Duration;

use kube::ResourceExt;
use secrecy::SecretString;

use crate::api::account::{CaBundle, CloudAccount, CredentialSecretRef};
use crate::api::condition::Reason;
use crate::cloud::credential::Credential;
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
    pub(crate) client: K::Client,
    pub(crate) transport: Arc<dyn Transport>,
    /// A printable name of the credential.
    pub(crate) credential: String,
    /// Name of the Secret that holds the credential.
    pub(crate) secret: String,
    /// Changes with everything that the session was made from.
    pub(crate) made_from: String,
}

impl<K: Managed> std::fmt::Debug for Session<K> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Session({} as {})", self.place.location, self.credential)
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
    let namespace = account.namespace().unwrap_or_default();
    let Some(source) = account.spec.credentials.first().map(|source| &source.secret_ref) else {
        return Err(Obstacle::Refused(
            Reason::InvalidSpec,
            "spec.credentials is empty. Name a Secret there.".to_owned(),
        ));
    };
    let (id, secret) = read_pair(ctx, &namespace, source).await?;
    let bundle = read_bundle(ctx, &namespace, account.spec.ca_bundle.as_ref()).await?;
    let made_from = fingerprint(account, &id, &secret, bundle.as_deref());
    if let Some(session) = before.clone().filter(|session| session.made_from == made_from) {
        return Ok(session);
    }
    let transport = (ctx.transports)(bundle.as_deref()).map_err(|why| {
        Obstacle::Refused(
            Reason::InvalidSpec,
            format!("The certificates of spec.caBundle cannot be used: {why}. Correct them."),
        )
    })?;
    let credential = Credential::new(&id, &SecretString::from(secret));
    let requests_per_minute = u32::try_from(account.spec.requests_per_minute).unwrap_or(u32::MAX);
    let place = ctx.locations.place(&location, requests_per_minute);
    let name = credential.fingerprint().to_string();
    let way = Way {
        transport: Arc::clone(&transport),
        budget: place.budget.clone(),
        credential,
        location,
        clock: ctx.clock.clone(),
        observer: Arc::new(AsAccount::new(Arc::clone(&ctx.metrics), fleet::labels::<K>(key))),
    };
    let Some(client) = K::Client::connect(way) else {
        return Err(Obstacle::Refused(Reason::InvalidSpec, format!("This account is not one of {}.", K::CLOUD)));
    };
    let enlisted = Enlisted {
        client: client.clone(),
        poll_interval: Duration::from_secs(account.spec.poll_interval_seconds.unsigned_abs()),
        requests_per_minute,
    };
    if let Some(before) = before.filter(|before| before.place.location != place.location) {
        before.place.dismiss(key.clone()).await;
    }
    place.enlist(key.clone(), enlisted).await;
    Ok(Session {
        account: key.clone(),
        place,
        client,
        transport,
        credential: name,
        secret: source.name.clone(),
        made_from,
    })
}

async fn read_pair<K: Managed>(
    ctx: &Context<K>,
    namespace: &str,
    source: &CredentialSecretRef,
) -> Result<(String, String), ReadError> {
    let secret = secrets::secret(&ctx.client, namespace, &source.name).await?;
    let id = secrets::text(&secret, &source.name, &source.id_key)?;
    let value = secrets::text(&secret, &source.name, &source.secret_key)?;
    Ok((id, value))
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

fn fingerprint(account: &CloudAccount, id: &str, secret: &str, bundle: Option<&[u8]>) -> String {
    let spec = &account.spec;
    Fingerprint::default()
        .part(spec.location().map(|location| location.to_string()).unwrap_or_default())
        .part(spec.poll_interval_seconds.to_be_bytes())
        .part(spec.requests_per_minute.to_be_bytes())
        .part(id)
        .part(secret)
        .part(bundle.unwrap_or_default())
        .finish()
}
