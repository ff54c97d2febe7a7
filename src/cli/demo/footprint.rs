//! Everything that the demo creates in a Kubernetes cluster, and its removal.

use std::fmt::Debug;
use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::core::NamespaceResourceScope;
use kube::runtime::conditions::is_crd_established;
use kube::runtime::wait::Condition;
use kube::{Api, Client, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::time::{sleep, timeout};

use super::kubernetes::told;
use super::samples::Samples;
use crate::api::account::CloudAccount;
use crate::api::cratedb::CrateDBCluster;
use crate::api::schema;
use crate::api::typedb::TypeDBCluster;

/// Between two looks at something that is awaited.
const AGAIN: Duration = Duration::from_millis(250);
/// How long an API server may take to serve a new kind.
const ESTABLISHED_WITHIN: Duration = Duration::from_secs(30);
/// How long the operator may take to let go of deleted manifests.
const LET_GO_WITHIN: Duration = Duration::from_secs(30);
/// How long Kubernetes may take to delete what is in a namespace, or of a kind.
const GONE_WITHIN: Duration = Duration::from_secs(90);

/// Where the demo's objects go, and which of the cluster's own it has added.
pub(super) struct Footprint {
    client: Client,
    /// Where the manifests go.
    pub(super) namespace: String,
    /// The operator's own.
    pub(super) operator_namespace: String,
    namespaces: Vec<String>,
    definitions: Vec<String>,
}

impl Footprint {
    /// Nothing yet.
    pub(super) fn new(client: Client, namespace: String, operator_namespace: String) -> Self {
        Self { client, namespace, operator_namespace, namespaces: Vec::new(), definitions: Vec::new() }
    }

    /// Fails with a sentence where our kinds are defined already: somebody else's manifests may be there.
    pub(super) async fn check_unused(&self, context: &str) -> Result<(), String> {
        for definition in schema::definitions() {
            let name = definition.name_any();
            let there = self.all::<CustomResourceDefinition>().get_opt(&name).await;
            let there = there.map_err(|error| {
                format!("The cluster of context '{context}' cannot be looked at: {}.", told(&error))
            })?;
            if there.is_some() {
                return Err(format!(
                    "The cluster of context '{context}' defines {name} already, so clusterwright may be in use there. \
                     The demo leaves it alone: choose another context, or leave out CLUSTER=current."
                ));
            }
        }
        Ok(())
    }

    /// Defines the kinds and creates the namespaces that are missing; `Err` is a sentence.
    pub(super) async fn lay(&mut self) -> Result<(), String> {
        for definition in schema::definitions() {
            create(&Api::all(self.client.clone()), &definition, &mut self.definitions).await?;
        }
        for name in [&self.namespace, &self.operator_namespace] {
            let mut namespace = Namespace::default();
            namespace.metadata.name = Some(name.clone());
            create(&Api::all(self.client.clone()), &namespace, &mut self.namespaces).await?;
        }
        Ok(())
    }

    /// Waits until the kinds are served; `Err` is a sentence.
    pub(super) async fn served(&self) -> Result<(), String> {
        let definitions = self.all::<CustomResourceDefinition>();
        let served = async || {
            for name in &self.definitions {
                let definition = definitions.get(name).await?;
                if !is_crd_established().matches_object(Some(&definition)) {
                    return Ok(false);
                }
            }
            Ok(true)
        };
        until(ESTABLISHED_WITHIN, "the new kinds are not served", served).await
    }

    /// Creates the manifests; `Err` is a sentence.
    pub(super) async fn apply(&self, samples: &Samples) -> Result<(), String> {
        for (object, resource) in samples.objects() {
            let api = Api::<DynamicObject>::namespaced_with(self.client.clone(), &self.namespace, &resource);
            api.create(&PostParams::default(), object)
                .await
                .map_err(|error| format!("{}/{} is refused: {}", resource.kind, object.name_any(), told(&error)))?;
        }
        Ok(())
    }

    /// The manifests of one kind.
    pub(super) fn manifests<K: Kind + Resource<Scope = NamespaceResourceScope>>(&self) -> Api<K> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// Deletes all manifests of our kinds, none of which was there before. Where the operator runs it lets go of them,
    /// and destroys what is to be destroyed; else, or where it takes too long, they are taken from it.
    pub(super) async fn remove_manifests(&self, operator_runs: bool) -> Result<(), String> {
        if self.definitions.is_empty() {
            return Ok(());
        }
        self.remove_all::<TypeDBCluster>(operator_runs).await?;
        self.remove_all::<CrateDBCluster>(operator_runs).await?;
        self.remove_all::<CloudAccount>(operator_runs).await
    }

    /// Deletes the namespaces, then the definitions; waits until they are gone.
    pub(super) async fn remove_rest(&mut self) -> Result<(), String> {
        remove(&self.all::<Namespace>(), &self.namespaces).await?;
        self.namespaces.clear();
        remove(&self.all::<CustomResourceDefinition>(), &self.definitions).await?;
        self.definitions.clear();
        Ok(())
    }

    /// The commands that remove by hand what is still there.
    pub(super) fn left_over(&self) -> String {
        let namespaces = self.namespaces.iter().map(|name| format!("  kubectl delete namespace {name}\n"));
        let definitions = self.definitions.iter().map(|name| format!("  kubectl delete crd {name}\n"));
        namespaces.chain(definitions).collect()
    }

    async fn remove_all<K>(&self, operator_runs: bool) -> Result<(), String>
    where
        K: Kind + Resource<Scope = NamespaceResourceScope>,
    {
        let kind = K::kind(&());
        let list = async || self.all::<K>().list(&ListParams::default()).await.map(|list| list.items);
        let unlisted = |error| format!("Objects of kind {kind} cannot be listed: {}.", told(&error));
        for object in list().await.map_err(unlisted)? {
            let deleted = self.beside(&object).delete(&object.name_any(), &DeleteParams::default()).await;
            found(deleted).map_err(|error| format!("{kind}/{} cannot be deleted: {error}.", object.name_any()))?;
        }
        let gone = async || Ok(list().await?.is_empty());
        if operator_runs && until(LET_GO_WITHIN, "manifests are still there", gone).await.is_ok() {
            return Ok(());
        }
        for object in list().await.map_err(unlisted)? {
            let unheld = Patch::Merge(json!({"metadata": {"finalizers": null}}));
            let released = self.beside(&object).patch(&object.name_any(), &PatchParams::default(), &unheld).await;
            found(released).map_err(|error| format!("{kind}/{} cannot be released: {error}.", object.name_any()))?;
        }
        until(LET_GO_WITHIN, "manifests are still there", gone).await
    }

    fn all<K: Kind>(&self) -> Api<K> {
        Api::all(self.client.clone())
    }

    fn beside<K: Kind + Resource<Scope = NamespaceResourceScope>>(&self, object: &K) -> Api<K> {
        Api::namespaced(self.client.clone(), &object.namespace().unwrap_or_default())
    }
}

/// What can be created, read and deleted.
pub(super) trait Kind: Resource<DynamicType = ()> + Clone + Debug + Serialize + DeserializeOwned {}

impl<K: Resource<DynamicType = ()> + Clone + Debug + Serialize + DeserializeOwned> Kind for K {}

/// Creates what is not there yet, and notes what it created. `Err` is a sentence.
async fn create<K: Kind>(api: &Api<K>, object: &K, created: &mut Vec<String>) -> Result<(), String> {
    // Noted beforehand: where no answer comes it may have been created all the same.
    created.push(object.name_any());
    let Err(error) = api.create(&PostParams::default(), object).await else { return Ok(()) };
    if let kube::Error::Api(status) = &error {
        created.pop();
        if status.is_already_exists() {
            return Ok(());
        }
    }
    Err(format!("{} {} cannot be created: {}.", K::kind(&()), object.name_any(), told(&error)))
}

async fn remove<K: Kind>(api: &Api<K>, names: &[String]) -> Result<(), String> {
    let kind = K::kind(&());
    for name in names {
        found(api.delete(name, &DeleteParams::default()).await)
            .map_err(|error| format!("{kind} {name} cannot be deleted: {error}."))?;
    }
    for name in names {
        let gone = async || api.get_opt(name).await.map(|object| object.is_none());
        until(GONE_WITHIN, &format!("{kind} {name} is still there"), gone).await?;
    }
    Ok(())
}

/// What has gone meanwhile need not be changed.
fn found<T>(result: kube::Result<T>) -> Result<(), String> {
    match result {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.is_not_found() => Ok(()),
        Err(error) => Err(told(&error)),
    }
}

/// Waits until `condition` holds. `Err` is a sentence that says what is `otherwise` the case.
async fn until(
    deadline: Duration,
    otherwise: &str,
    condition: impl AsyncFn() -> kube::Result<bool>,
) -> Result<(), String> {
    let mut trouble = String::new();
    let wait = async {
        loop {
            match condition().await {
                Ok(true) => return,
                Ok(false) => trouble.clear(),
                Err(error) => trouble = format!(" The API server says: {}.", told(&error)),
            }
            sleep(AGAIN).await;
        }
    };
    if timeout(deadline, wait).await.is_ok() {
        return Ok(());
    }
    Err(format!("After {} s {otherwise}.{trouble}", deadline.as_secs()))
}
