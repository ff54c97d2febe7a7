//! A tenant: a namespace that may use the account of another one, and tries to reach what is not its own.

use std::collections::BTreeMap;

use clusterwright::api::typedb::TypeDBCluster;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, DeleteParams, Patch, PatchParams};
use serde_json::{Value, json};

use crate::harness::{World, condition, eventually, paid, stands, with};

/// The platform's namespace, where the account is, in a world whose own namespace is the tenant's.
struct Shared {
    world: World,
    platform: String,
}

impl Shared {
    async fn new(name: &str) -> Self {
        let mut world = World::without_operator(name).await;
        let platform = format!("{name}-platform");
        world.watch_too(&platform).await;
        world.start_operator();
        let shared = Self { world, platform };
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key"},
            "stringData": {"id": "simulator", "secret": "simulator-secret"}});
        shared.apply("secrets", "v1", secret).await;
        shared.grant(json!({"from": "All", "permit": ["Create", "Delete"]})).await;
        shared
    }

    async fn apply(&self, plural: &str, version: &str, object: Value) {
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        let resource = kube::api::ApiResource {
            group: group.to_owned(),
            version: version.to_owned(),
            api_version: object["apiVersion"].as_str().unwrap().to_owned(),
            kind: object["kind"].as_str().unwrap().to_owned(),
            plural: plural.to_owned(),
        };
        let api = Api::<kube::api::DynamicObject>::namespaced_with(self.world.kube.clone(), &self.platform, &resource);
        let name = object["metadata"]["name"].as_str().unwrap().to_owned();
        api.patch(&name, &PatchParams::apply("platform").force(), &Patch::Apply(object)).await.unwrap();
    }

    /// Applies the account with these grants.
    async fn grant(&self, allowed: Value) {
        let location = json!({"team": "acme", "space": "default", "endpoint": self.world.cloud.url});
        let account = json!({"apiVersion": "clusterwright.dev/v1alpha1", "kind": "CloudAccount",
            "metadata": {"name": "shared"}, "spec": {
                "typedbCloud": location, "credentials": [{"secretRef": {"name": "key"}}],
                "pollIntervalSeconds": 10, "requestsPerMinute": 6000, "allowedNamespaces": allowed}});
        self.apply("cloudaccounts", "clusterwright.dev/v1alpha1", account).await;
    }

    /// What a manifest in the tenant's namespace says to use the account.
    fn through(&self, spec: Value) -> Value {
        with(spec, json!({"accountRef": {"name": "shared", "namespace": self.platform}}))
    }

    async fn label(&self, labels: Value) {
        let api = Api::<Namespace>::all(self.world.kube.clone());
        let patch = Patch::Merge(json!({"metadata": {"labels": labels}}));
        api.patch(&self.world.namespace, &PatchParams::default(), &patch).await.unwrap();
    }

    fn platforms_clusters(&self) -> Api<TypeDBCluster> {
        Api::namespaced(self.world.kube.clone(), &self.platform)
    }
}

#[tokio::test]
async fn a_tenant_reaches_nothing_but_its_own() {
    let shared = Shared::new("tenant").await;
    let world = &shared.world;
    world.cloud.seed(json!({"id": "ledger"})).await;
    let own = json!({"accountRef": {"name": "shared"}, "deletionPolicy": "Retain"});
    let payroll = json!({"apiVersion": "clusterwright.dev/v1alpha1", "kind": "TypeDBCluster",
        "metadata": {"name": "payroll"}, "spec": with(paid(), own)});
    shared.apply("typedbclusters", "clusterwright.dev/v1alpha1", payroll).await;
    world.apply("orders", shared.through(with(paid(), json!({"deletionPolicy": "Delete"})))).await;
    world.until_ready("orders").await;
    eventually("the platform's own cluster is there", async || {
        let manifest = shared.platforms_clusters().get("payroll").await.map_err(|error| error.to_string())?;
        stands(&manifest, "Running")
    })
    .await;
    let effects = world.cloud.effects().await;

    let bound = |id: &str, more: Value| with(shared.through(json!({"externalId": id})), more);
    world.apply("adopts", bound("ledger", json!({}))).await;
    world.apply("takes", bound("payroll", json!({}))).await;
    world.apply("spies", bound("payroll", json!({"management": "Observed"}))).await;
    world.apply("namesake", shared.through(with(paid(), json!({"clusterId": "ledger"})))).await;
    world.apply("neighbour", shared.through(with(paid(), json!({"clusterId": "payroll"})))).await;
    // The API server lets a tenant write a status only where somebody has permitted that, and even then it is no proof.
    world.apply("forger", shared.through(with(paid(), json!({"deletionPolicy": "Delete"})))).await;
    for name in ["adopts", "takes", "spies"] {
        let message = world.until_stands(name, "WaitingForAccount").await;
        assert!(message.contains("does not permit this namespace") && message.contains("Adopt"), "{message}");
    }
    for (name, id) in [("namesake", "ledger"), ("neighbour", "payroll")] {
        let message = world.until_stands(name, "NameTaken").await;
        assert_eq!(message, format!("The name {id} is in use. Give spec.clusterId another value."));
    }
    for name in ["adopts", "takes", "spies", "namesake", "neighbour"] {
        let status = world.cluster(name).await.status.unwrap();
        assert!(status.common.external_id.is_none() && status.common.endpoints.is_empty(), "{name}: {status:?}");
        assert!(world.read(&format!("{name}-typedb")).await.is_empty(), "{name} has a way in");
        world.delete(name).await;
        world.until_gone(name).await;
    }
    world.until_ready("forger").await;
    world.delete("forger").await;
    world.until_gone("forger").await;
    let done = world.cloud.effects().await.split_off(effects.len());
    assert!(done.iter().all(|effect| effect.contains("forger")), "{done:?}");
    assert!(world.read("key").await.is_empty(), "the account's credentials are in no namespace but its own");

    world.delete("orders").await;
    world.until_gone("orders").await;
    shared.world.finish().await;
}

#[tokio::test]
async fn a_grant_by_labels_comes_and_goes() {
    let shared = Shared::new("labelled").await;
    let world = &shared.world;
    let selector = json!({"from": "Selector", "selector": {"matchLabels": {"databases": "shared"}},
        "permit": ["Create", "Adopt"]});
    shared.grant(selector).await;
    world.cloud.seed(json!({"id": "ledger"})).await;
    world.apply("ledger", shared.through(json!({"externalId": "ledger", "deletionPolicy": "Delete"}))).await;
    let message = world.until_stands("ledger", "WaitingForAccount").await;
    assert!(message.contains("does not let this namespace refer to it"), "{message}");
    shared.label(json!({"databases": "shared"})).await;
    world.annotate("ledger", "reconcile-at", Some("labelled")).await;
    world.until_ready("ledger").await;

    let accounts = Api::<clusterwright::api::account::CloudAccount>::namespaced(world.kube.clone(), &shared.platform);
    accounts.delete("shared", &DeleteParams::default()).await.unwrap();
    eventually("the account says for whom it waits", async || {
        let account = accounts.get("shared").await.map_err(|error| error.to_string())?;
        let conditions: BTreeMap<String, String> = account
            .status
            .unwrap_or_default()
            .conditions
            .into_iter()
            .map(|condition| (condition.type_, format!("{}: {}", condition.reason, condition.message)))
            .collect();
        let ready = conditions.get("Ready").cloned().unwrap_or_default();
        if ready.starts_with("InUse") && ready.contains("TypeDBCluster ledger in namespace labelled") {
            Ok(())
        } else {
            Err(ready)
        }
    })
    .await;

    world.delete("ledger").await;
    let message = world
        .until("ledger", "waits for its grant", |manifest| {
            let ready = condition(manifest, "Ready").ok_or("no Ready")?;
            let said = ["WaitingForAccount", "NamespaceNotAllowed"].contains(&ready.reason.as_str());
            if said { Ok(ready.message.clone()) } else { Err(format!("{}: {}", ready.reason, ready.message)) }
        })
        .await;
    assert!(message.contains("destroy databases") && message.contains("deletionPolicy: Retain"), "{message}");
    assert_eq!(world.cloud.effects().await.iter().filter(|effect| effect.contains("destroyed")).count(), 0);
    world.edit("ledger", json!({"spec": {"deletionPolicy": "Retain"}})).await;
    world.until_gone("ledger").await;
    eventually("the account goes", async || match accounts.get_opt("shared").await {
        Ok(None) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    shared.world.finish().await;
}
