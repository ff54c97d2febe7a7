//! The connection Secret: ours to write, and nobody else's Secret is ever overwritten.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{DeleteParams, PostParams, Preconditions};
use kube::{Api, ResourceExt};

use super::observe::Seen;
use super::{Applied, ReconcileError};
use crate::api::MANAGER;
use crate::clock;
use crate::controller::Context;
use crate::controller::clouds::Managed;
use crate::controller::memory::{self, Memory};
use crate::plan::{Connection, Layout, connection_fingerprint};

/// How soon it is looked whether a Secret that stood in the way is gone.
const CHECK_CONFLICT: Duration = Duration::from_secs(30);

const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// Whether the Secret was written for a manifest of this name. Its predecessor's may still wait to be collected.
pub(super) fn is_ours<K: Managed>(secret: &Secret, manifest: &K) -> bool {
    secret.labels().get(MANAGED_BY).is_some_and(|manager| manager == MANAGER)
        && secret.owner_references().iter().any(|owner| owner.kind == K::kind(&()) && owner.name == manifest.name_any())
}

/// Writes the connection Secret where it is missing or differs.
pub(super) async fn publish<K: Managed>(
    ctx: &Context<K>,
    seen: &Seen<K>,
    memory: &Mutex<Memory<K>>,
    connection: &Connection,
) -> Result<Applied<K>, ReconcileError> {
    let manifest = &seen.facts.manifest;
    let namespace = manifest.namespace().unwrap_or_default();
    let api = Api::<Secret>::namespaced(ctx.client.clone(), &namespace);
    let wanted = render(manifest, connection);
    let written = match api.get_opt(&connection.name).await {
        Err(error) => Err(error),
        Ok(None) => api.create(&PostParams::default(), &wanted).await.map(|_| true),
        Ok(Some(there)) if !is_ours(&there, manifest) => {
            let why = format!(
                "Secret {} exists in this namespace and was not written for this manifest, so it is left alone. \
                 Give spec.connectionSecret.name another value, or remove that Secret.",
                connection.name
            );
            return Ok(stands_in_the_way(ctx, memory, why));
        }
        Ok(Some(there)) if same(&there, &wanted) => Ok(true),
        // The type of a Secret never changes, so that the next round creates it anew.
        Ok(Some(there)) if there.type_ != wanted.type_ => remove(&api, &there).await.map(|()| false),
        Ok(Some(mut there)) => {
            // What others have labelled or annotated stays.
            there.data = wanted.data;
            there.metadata.owner_references = wanted.metadata.owner_references;
            api.replace(&connection.name, &PostParams::default(), &there).await.map(|_| true)
        }
    };
    match written {
        Ok(true) => {}
        Ok(false) => return Ok(Applied::Again),
        // Created or changed by somebody at this very moment: what is there now decides.
        Err(kube::Error::Api(status)) if status.is_conflict() || status.is_already_exists() => {
            return Ok(Applied::Again);
        }
        Err(kube::Error::Api(status)) if status.is_forbidden() || status.is_invalid() => {
            let why = format!(
                "The API server refuses Secret {}: \"{}\". Put right what the message names.",
                connection.name, status.message
            );
            return Ok(stands_in_the_way(ctx, memory, why));
        }
        Err(error) => return Err(error.into()),
    }
    remove_former(&api, manifest, &connection.name).await?;
    memory::lock(memory).attempts.published = Some(connection_fingerprint(connection));
    Ok(Applied::Again)
}

/// Notes why the Secret cannot be written. It is looked soon whether that has changed.
fn stands_in_the_way<K: Managed>(ctx: &Context<K>, memory: &Mutex<Memory<K>>, why: String) -> Applied<K> {
    let mut memory = memory::lock(memory);
    memory.attempts.connection_conflict = Some(why);
    memory.check_at = Some(clock::later(ctx.clock.now(), CHECK_CONFLICT));
    Applied::Again
}

/// After a change of its name, the Secret of the old name goes.
async fn remove_former<K: Managed>(api: &Api<Secret>, manifest: &K, name: &str) -> Result<(), kube::Error> {
    let Some(binding) = manifest.status().map(K::common_status).and_then(|status| status.binding.as_ref()) else {
        return Ok(());
    };
    if binding.name == name {
        return Ok(());
    }
    let Some(former) = api.get_opt(&binding.name).await?.filter(|secret| is_ours(secret, manifest)) else {
        return Ok(());
    };
    match remove(&api, &former).await {
        Err(kube::Error::Api(status)) if status.is_not_found() || status.is_conflict() => Ok(()),
        other => other,
    }
}

/// Deletes the Secret, provided that it still is as it was read.
async fn remove(api: &Api<Secret>, secret: &Secret) -> Result<(), kube::Error> {
    let preconditions = Some(Preconditions { uid: secret.uid(), resource_version: secret.resource_version() });
    api.delete(&secret.name_any(), &DeleteParams { preconditions, ..DeleteParams::default() }).await.map(|_| ())
}

/// The type of a Secret with these keys.
fn type_of<K: Managed>(layout: Layout) -> String {
    match layout {
        Layout::ServiceBinding => format!("servicebinding.io/{}", K::BINDING_TYPE),
        Layout::Template => "Opaque".to_owned(),
    }
}

fn render<K: Managed>(manifest: &K, connection: &Connection) -> Secret {
    let data: BTreeMap<String, ByteString> = connection
        .data
        .iter()
        .map(|(key, value)| (key.clone(), ByteString(value.expose().as_bytes().to_vec())))
        .collect();
    let mut secret = Secret { data: Some(data), type_: Some(type_of::<K>(connection.layout)), ..Secret::default() };
    secret.metadata.name = Some(connection.name.clone());
    secret.metadata.owner_references = manifest.controller_owner_ref(&()).map(|owner| vec![owner]);
    secret.labels_mut().insert(MANAGED_BY.to_owned(), MANAGER.to_owned());
    secret
}

fn same(there: &Secret, wanted: &Secret) -> bool {
    there.data == wanted.data
        && there.type_ == wanted.type_
        && there.metadata.owner_references == wanted.metadata.owner_references
}
