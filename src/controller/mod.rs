//! The reconcile loop: it observes, has `plan` decide, carries out one step, and reports. It decides nothing itself.

mod accounts;
mod backoff;
mod clouds;
mod cluster;
mod events;
mod fleet;
mod gate;
mod janitor;
mod locations;
mod memory;
mod metrics;
mod namespaces;
mod orphans;
mod pulse;
mod records;
mod run;
pub(crate) mod secrets;
mod standby;
mod told;
mod wake;
mod watches;

pub(crate) use clouds::Managed;
pub use gate::{Gate, Gatekeeper};
pub use metrics::Metrics;
pub(crate) use pulse::Beat;
pub use pulse::Pulse;
pub use records::RECORD_TYPE;
pub use run::{Config, TransportFactory, run};
pub(crate) use told::told;

use std::sync::Arc;

use kube::runtime::reflector::{ObjectRef, Store};

use crate::api::account::CloudAccount;
use crate::clock::Clock;
use crate::cloud::endpoint::EndpointPolicy;
use crate::plan::Owner;

/// What every reconcile needs.
pub(crate) struct Context<K: Managed> {
    client: kube::Client,
    clock: Clock,
    operator_namespace: String,
    take_over_from: Option<String>,
    /// The namespaces that are looked after; all, where none is named.
    watched_namespaces: Vec<String>,
    policy: EndpointPolicy,
    transports: TransportFactory,
    gate: Gate,
    metrics: Arc<Metrics>,
    events: events::Events,
    records: Arc<records::Records<K>>,
    accounts: accounts::Accounts<K>,
    locations: locations::Locations<K>,
    memories: memory::Memories<K>,
    namespaces: namespaces::Namespaces,
    wake: wake::Wake<K>,
    /// Held while a manifest makes sure that a cluster is nobody else's and writes that it is its own.
    claiming: tokio::sync::Mutex<()>,
    stores: Stores<K>,
}

/// What is watched, as it is known here.
#[derive(Clone)]
struct Stores<K: Managed> {
    manifests: Store<K>,
    account_objects: Store<CloudAccount>,
    manifests_listed: watches::Listed,
    /// Where manifests may not be listed, though they should be looked after.
    unseen: watches::Unseen,
    accounts_listed: watches::Listed,
}

/// What is known of the manifest that a record was made for.
enum Holder<K: Managed> {
    /// There is a manifest of this name, though perhaps not the same one.
    Lives(Arc<K>),
    Gone,
    /// Its namespace is not looked after here, or may not be, so nothing is known of it, and its record is left alone.
    Unwatched,
}

impl<K: Managed> Context<K> {
    fn new(client: &kube::Client, config: &Config, wake: wake::Wake<K>, stores: Stores<K>) -> Self {
        let clock = config.clock.clone();
        let records = Arc::new(records::Records::new(client.clone(), &config.operator_namespace));
        let locations =
            locations::Locations::new(clock.clone(), wake.clone(), stores.manifests.clone(), Arc::clone(&records));
        Self {
            client: client.clone(),
            operator_namespace: config.operator_namespace.clone(),
            take_over_from: config.take_over_from.clone(),
            watched_namespaces: config.watch_namespaces.clone(),
            policy: config.policy.clone(),
            transports: Arc::clone(&config.transports),
            gate: config.gate.clone(),
            metrics: Arc::clone(&config.metrics),
            events: events::Events::new(client.clone(), clock.clone()),
            clock,
            records,
            accounts: accounts::Accounts::default(),
            locations,
            memories: memory::Memories::default(),
            namespaces: namespaces::Namespaces::default(),
            wake,
            claiming: tokio::sync::Mutex::default(),
            stores,
        }
    }

    /// Waits until everything that there was at the start is known. Nothing is decided before.
    async fn synced(&self) {
        self.stores.manifests_listed.wait().await;
        self.stores.accounts_listed.wait().await;
        self.records.wait_until_ready().await;
    }

    /// Who has the name that a record was made for.
    fn holder(&self, owner: &Owner) -> Holder<K> {
        let namespace = &owner.namespace;
        let looked_after = self.watched_namespaces.is_empty() || self.watched_namespaces.contains(namespace);
        if !looked_after || self.stores.unseen.contains(namespace) {
            return Holder::Unwatched;
        }
        self.stores.manifests.get(&ObjectRef::new(&owner.name).within(namespace)).map_or(Holder::Gone, Holder::Lives)
    }
}
