//! `clusterwright import`: manifests for the clusters of an account that nothing manages yet.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::str::FromStr;
use std::sync::Arc;

use kube::{Api, Client, ResourceExt};
use secrecy::SecretString;
use serde_json::Value;

use super::endpoints::Endpoints;
use crate::api::account::{CloudAccount, CredentialSecretRef};
use crate::api::cratedb::CrateDBCluster;
use crate::api::identity::{Cloud, ClusterId, Location};
use crate::api::shared::AccountRef;
use crate::api::typedb::TypeDBCluster;
use crate::clock::Clock;
use crate::cloud::budget::{Budget, Priority};
use crate::cloud::credential::Credential;
use crate::cloud::provider::{Provider, Way};
use crate::cloud::transport::{HttpTransport, Transport};
use crate::controller::secrets::{self, ReadError};
use crate::controller::{Managed, Metrics, told};
use crate::operator;
use crate::plan::{CloudCluster, imported};

/// Prints a manifest for each cluster of an account that no manifest is about yet
///
/// The manifests only observe their clusters, and say of them all that is seen, so that applying them changes nothing. Look
/// them through, keep them where manifests are kept, apply them, and set management to Managed where the cluster shall be
/// managed. Nothing is written, neither to Kubernetes nor to the cloud.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The CloudAccount whose clusters are looked for
    #[arg(long, value_name = "NAMESPACE/NAME")]
    account: AccountName,

    #[command(flatten)]
    endpoints: Endpoints,
}

/// A CloudAccount's namespace and name.
#[derive(Clone, Debug)]
struct AccountName {
    namespace: String,
    name: String,
}

impl FromStr for AccountName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('/') {
            Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() && !name.contains('/') => {
                Ok(Self { namespace: namespace.to_owned(), name: name.to_owned() })
            }
            _ => Err("it takes a namespace and a name, such as databases/typedb".to_owned()),
        }
    }
}

/// Prints them; `Err` is a sentence.
pub async fn run(Args { account: wanted, endpoints }: Args) -> Result<(), String> {
    let policy = endpoints.policy(&[])?;
    let client = operator::client(Metrics::new()).await?;
    let AccountName { namespace, name } = &wanted;
    let found = Api::<CloudAccount>::namespaced(client.clone(), namespace).get_opt(name).await;
    let account = found
        .map_err(|error| format!("CloudAccount {name} cannot be read: {}.", told(&error)))?
        .ok_or_else(|| format!("There is no CloudAccount {name} in namespace {namespace}."))?;
    let location = account.spec.location().map_err(str::to_owned)?;
    policy.check(location.endpoint()).map_err(|refusal| refusal.to_string())?;
    let import = Import { client, wanted, account, location };
    let yaml = match import.location.cloud() {
        Cloud::Typedb => import.of::<TypeDBCluster>().await?,
        Cloud::Cratedb => import.of::<CrateDBCluster>().await?,
    };
    write!(io::stdout(), "{yaml}").map_err(|error| format!("The manifests cannot be printed: {error}."))
}

struct Import {
    client: Client,
    wanted: AccountName,
    account: CloudAccount,
    location: Location,
}

impl Import {
    /// The manifests as YAML.
    async fn of<K: Managed>(&self) -> Result<String, String> {
        let clusters = self.clusters::<K>().await?;
        let manifests = self.manifests::<K>().await?;
        let here = self.location.to_string();
        let looked_after: BTreeSet<&ClusterId> = manifests
            .iter()
            .filter_map(|manifest| manifest.status().map(K::common_status))
            .filter(|status| status.location.as_ref() == Some(&here))
            .filter_map(|status| status.external_id.as_ref())
            .collect();
        let unmanaged: Vec<K::Cluster> =
            clusters.iter().filter(|cluster| !looked_after.contains(cluster.id())).cloned().collect();
        tracing::info!(
            "{} of the {} clusters in {} have no manifest in this Kubernetes cluster.",
            unmanaged.len(),
            clusters.len(),
            self.location
        );
        let AccountName { namespace, name } = &self.wanted;
        let in_namespace = |manifest: &&K| manifest.namespace().as_ref() == Some(namespace);
        let taken = manifests.iter().filter(in_namespace).map(ResourceExt::name_any).collect();
        let account = AccountRef { name: name.clone(), namespace: None };
        imported::<K>(&unmanaged, namespace, &account, &taken).iter().map(document).collect()
    }

    async fn manifests<K: Managed>(&self) -> Result<Vec<K>, String> {
        let all = Api::<K>::all(self.client.clone()).list(&kube::api::ListParams::default()).await;
        let all =
            all.map_err(|error| format!("The manifests of all namespaces cannot be listed: {}.", told(&error)))?;
        Ok(all.items)
    }

    /// All clusters, as the first of the account's credentials sees them that the cloud accepts.
    async fn clusters<K: Managed>(&self) -> Result<Vec<K::Cluster>, String> {
        let transport = self.transport().await?;
        let mut refusals = Vec::new();
        for source in self.account.spec.credentials.iter().map(|source| &source.secret_ref) {
            let credential = match self.credential(source).await {
                Ok(credential) => credential,
                Err(ReadError::Missing(why)) => {
                    refusals.push(why);
                    continue;
                }
                Err(ReadError::Kube(error)) => {
                    return Err(format!("Secret {} cannot be read: {}.", source.name, told(&error)));
                }
            };
            let way = Way {
                transport: Arc::clone(&transport),
                budget: Budget::spawn(u32::try_from(self.account.spec.requests_per_minute).unwrap_or(u32::MAX)),
                credential,
                location: self.location.clone(),
                clock: Clock::system(),
                observer: Arc::new(()),
            };
            let client = K::Client::connect(way).ok_or_else(|| format!("This account is not one of {}.", K::CLOUD))?;
            match client.list(Priority::Edit).await {
                Ok(answer) => return Ok(answer.value),
                Err(error) => {
                    refusals.push(format!("With Secret {} the clusters cannot be listed: {error}.", source.name))
                }
            }
        }
        Err(refusals.join(" "))
    }

    async fn transport(&self) -> Result<Arc<dyn Transport>, String> {
        let bundle = self.account.spec.ca_bundle.as_ref();
        let bundle = secrets::bundle(&self.client, &self.wanted.namespace, bundle).await;
        let bundle = bundle.map_err(|error| format!("spec.caBundle cannot be read: {error}"))?;
        let transport = HttpTransport::new(bundle.as_deref()).map_err(|error| error.to_string())?;
        Ok(Arc::new(transport))
    }

    async fn credential(&self, source: &CredentialSecretRef) -> Result<Credential, ReadError> {
        let secret = secrets::secret(&self.client, &self.wanted.namespace, &source.name).await?;
        let id = secrets::text(&secret, &source.name, &source.id_key)?;
        let value = secrets::text(&secret, &source.name, &source.secret_key)?;
        Ok(Credential::new(&id, &SecretString::from(value)))
    }
}

/// A manifest as one of several documents, without what is empty.
fn document<K: Managed>(manifest: &K) -> Result<String, String> {
    let unprintable = |error: &dyn std::fmt::Display| format!("A manifest cannot be printed: {error}.");
    let mut value = serde_json::to_value(manifest).map_err(|error| unprintable(&error))?;
    if let Some(spec) = value.get_mut("spec").and_then(Value::as_object_mut) {
        spec.retain(|_, field| field.as_object().is_none_or(|fields| !fields.is_empty()));
    }
    let yaml = serde_saphyr::to_string(&value).map_err(|error| unprintable(&error))?;
    Ok(format!("---\n{yaml}"))
}
