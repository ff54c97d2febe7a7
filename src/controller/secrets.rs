//! Reading what manifests refer to, Secrets and other keys: by name, never by list or watch.

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::Api;

use super::records::RECORD_TYPE;
use crate::api::account::CaBundle;
use crate::api::secret::Password;
use crate::api::shared::PasswordRef;
use crate::plan::Given;

/// Why a value could not be had from a Secret or ConfigMap.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// A sentence that says what is wrong and how to put it right.
    #[error("{0}")]
    Missing(String),
    #[error(transparent)]
    Kube(#[from] kube::Error),
}

/// The Secret `name`, unless it is one of the operator's own records.
pub(crate) async fn secret(client: &kube::Client, namespace: &str, name: &str) -> Result<Secret, ReadError> {
    let found = match Api::<Secret>::namespaced(client.clone(), namespace).get_opt(name).await {
        Err(kube::Error::Api(status)) if status.is_forbidden() => {
            return Err(ReadError::Missing(format!(
                "The operator may not read Secret {name} in namespace {namespace}. Grant it get on Secrets there."
            )));
        }
        other => other?,
    };
    let secret = found.ok_or_else(|| {
        ReadError::Missing(format!(
            "Secret {name} is missing in namespace {namespace}. Apply it, or correct the reference."
        ))
    })?;
    if secret.type_.as_deref() == Some(RECORD_TYPE) {
        return Err(ReadError::Missing(format!(
            "Secret {name} is one of the operator's own records, which no manifest may refer to. Refer to another Secret."
        )));
    }
    Ok(secret)
}

/// The text under `key` of a Secret.
pub(crate) fn text(secret: &Secret, name: &str, key: &str) -> Result<String, ReadError> {
    let bytes = secret.data.as_ref().and_then(|data| data.get(key)).ok_or_else(|| {
        ReadError::Missing(format!("Secret {name} has no key {key}. Add it, or correct the reference."))
    })?;
    let text = std::str::from_utf8(&bytes.0).map_err(|_| {
        ReadError::Missing(format!("Key {key} of Secret {name} is not text. Put the value there as it is."))
    })?;
    let trimmed = text.strip_suffix('\n').unwrap_or(text);
    if trimmed.is_empty() || trimmed.contains(char::is_control) {
        return Err(ReadError::Missing(format!(
            "Key {key} of Secret {name} is empty or holds control characters. Put the value there, without line breaks."
        )));
    }
    Ok(trimmed.to_owned())
}

/// The bytes under `key` of a Secret.
async fn secret_bytes(client: &kube::Client, namespace: &str, name: &str, key: &str) -> Result<Vec<u8>, ReadError> {
    let secret = secret(client, namespace, name).await?;
    let bytes = secret.data.as_ref().and_then(|data| data.get(key)).map(|bytes| bytes.0.clone());
    bytes
        .ok_or_else(|| ReadError::Missing(format!("Secret {name} has no key {key}. Add it, or correct the reference.")))
}

/// The text under `key` of a ConfigMap.
async fn config_map_text(client: &kube::Client, namespace: &str, name: &str, key: &str) -> Result<String, ReadError> {
    let found = match Api::<ConfigMap>::namespaced(client.clone(), namespace).get_opt(name).await {
        Err(kube::Error::Api(status)) if status.is_forbidden() => {
            return Err(ReadError::Missing(format!(
                "The operator may not read ConfigMap {name} in namespace {namespace}. Grant it get on ConfigMaps there."
            )));
        }
        other => other?,
    };
    let text = found.ok_or_else(|| {
        ReadError::Missing(format!("ConfigMap {name} is missing in namespace {namespace}. Apply it."))
    })?;
    let text = text.data.and_then(|mut data| data.remove(key));
    text.ok_or_else(|| {
        ReadError::Missing(format!("ConfigMap {name} has no key {key}. Add it, or correct the reference."))
    })
}

/// The certificates that an account names.
pub(crate) async fn bundle(
    client: &kube::Client,
    namespace: &str,
    bundle: Option<&CaBundle>,
) -> Result<Option<Vec<u8>>, ReadError> {
    let Some(CaBundle { config_map_ref, secret_ref }) = bundle else {
        return Ok(None);
    };
    match (config_map_ref, secret_ref) {
        (Some(source), _) => {
            config_map_text(client, namespace, &source.name, &source.key).await.map(|text| Some(text.into_bytes()))
        }
        (None, Some(source)) => secret_bytes(client, namespace, &source.name, &source.key).await.map(Some),
        (None, None) => Ok(None),
    }
}

/// A password that a manifest refers to.
pub(crate) async fn password(
    client: &kube::Client,
    namespace: &str,
    reference: Option<&PasswordRef>,
) -> Result<Given, kube::Error> {
    let Some(PasswordRef { name, key }) = reference else {
        return Ok(Given::NotAsked);
    };
    let read = match secret(client, namespace, name).await {
        Ok(secret) => text(&secret, name, key),
        Err(error) => Err(error),
    };
    match read {
        Ok(text) => Ok(Given::Value(Password::new(text))),
        Err(ReadError::Missing(why)) => Ok(Given::Missing(why)),
        Err(ReadError::Kube(error)) => Err(error),
    }
}
