//! The Secrets that an account's credentials come from.

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use secrecy::{ExposeSecret, SecretString};

use super::session::Obstacle;
use crate::api::account::{CloudAccount, CredentialSecretRef};
use crate::api::condition::Reason;
use crate::cloud::credential::Credential;
use crate::cloud::keyring::Key;
use crate::controller::Context;
use crate::controller::clouds::Managed;
use crate::controller::secrets::{self, ReadError};
use crate::fingerprint::Fingerprint;

/// A credential, and the Secret that it came from.
#[derive(Clone)]
pub(crate) struct Source<K: Managed> {
    /// Name of the Secret.
    pub(crate) secret: String,
    /// When the Secret was last written, as far as the API server tells.
    pub(crate) written: Option<Timestamp>,
    /// None where the Secret cannot be read.
    pub(crate) key: Option<Arc<Key<K::Client>>>,
    /// Changes with everything that the client was made from.
    made_from: String,
}

/// What a Secret holds, if it does.
pub(super) struct Pair {
    secret: String,
    written: Option<Timestamp>,
    texts: Result<(String, SecretString), String>,
}

impl Pair {
    /// Changes with the credential, and with the way on which it is used.
    pub(super) fn fingerprint(&self, way: &str) -> String {
        let start = Fingerprint::default().part(way).part(&self.secret);
        match &self.texts {
            Ok((id, secret)) => start.part(id).part(secret.expose_secret()).finish(),
            Err(_) => start.finish(),
        }
    }
}

/// Reads every Secret that the account names. One of them is enough.
pub(super) async fn read<K: Managed>(account: &CloudAccount, ctx: &Context<K>) -> Result<Vec<Pair>, Obstacle> {
    let namespace = account.namespace().unwrap_or_default();
    let mut pairs = Vec::new();
    for source in &account.spec.credentials {
        pairs.push(read_pair(ctx, &namespace, &source.secret_ref).await?);
    }
    if pairs.iter().any(|pair| pair.texts.is_ok()) {
        return Ok(pairs);
    }
    let missing: Vec<String> = pairs.into_iter().filter_map(|pair| pair.texts.err()).collect();
    if missing.is_empty() {
        let why = "spec.credentials is empty. Name a Secret there.";
        return Err(Obstacle::Refused(Reason::InvalidSpec, why.to_owned()));
    }
    Err(ReadError::Missing(missing.join(" ")).into())
}

async fn read_pair<K: Managed>(
    ctx: &Context<K>,
    namespace: &str,
    source: &CredentialSecretRef,
) -> Result<Pair, ReadError> {
    let read = match secrets::secret(&ctx.client, namespace, &source.name).await {
        Ok(secret) => texts(&secret, source).map(|texts| (written(&secret), texts)),
        Err(error) => Err(error),
    };
    let secret = source.name.clone();
    match read {
        Ok((written, texts)) => Ok(Pair { secret, written, texts: Ok(texts) }),
        Err(ReadError::Missing(why)) => Ok(Pair { secret, written: None, texts: Err(why) }),
        Err(error) => Err(error),
    }
}

fn texts(secret: &Secret, source: &CredentialSecretRef) -> Result<(String, SecretString), ReadError> {
    let id = secrets::text(secret, &source.name, &source.id_key)?;
    let value = secrets::text(secret, &source.name, &source.secret_key)?;
    Ok((id, SecretString::from(value)))
}

fn written(secret: &Secret) -> Option<Timestamp> {
    let writes = secret.managed_fields().iter().filter_map(|write| write.time.as_ref());
    writes.chain(&secret.metadata.creation_timestamp).map(|time| time.0).max()
}

/// Makes a client of each credential that there is, and none anew where it is as it was. None where the location is in
/// another cloud.
pub(super) fn connect<K: Managed>(
    pairs: Vec<Pair>,
    way: &str,
    known: &[Source<K>],
    connect: impl Fn(Credential) -> Option<K::Client>,
) -> Option<Vec<Source<K>>> {
    let source = |pair: Pair| {
        let made_from = pair.fingerprint(way);
        let same = known.iter().find(|before| before.made_from == made_from).and_then(|before| before.key.clone());
        let key = match (same, pair.texts) {
            (_, Err(_)) => None,
            (Some(key), Ok(_)) => Some(key),
            (None, Ok((id, secret))) => {
                let credential = Credential::new(&id, &secret);
                let name = credential.fingerprint().to_string();
                Some(Arc::new(Key::new(name, connect(credential)?)))
            }
        };
        Some(Source { secret: pair.secret, written: pair.written, key, made_from })
    };
    pairs.into_iter().map(source).collect()
}
