//! The reconcile loop: it observes, has `plan` decide, carries out one step, and reports. It decides nothing itself.

mod accounts;
mod backoff;
mod cluster;
mod events;
mod gate;
mod janitor;
mod locations;
mod memory;
mod metrics;
mod orphans;
mod pulse;
mod records;
mod run;
mod secrets;
mod wake;
mod watches;

pub use gate::{Gate, Gatekeeper};
pub use metrics::Metrics;
pub use pulse::Pulse;
pub use records::RECORD_TYPE;
pub use run::{Config, TransportFactory, run};

use std::sync::Arc;

use kube::runtime::reflector::{ObjectRef, Store};

use crate::api::account::CloudAccount;
use crate::api::typedb::TypeDBCluster;
use crate::clock::Clock;
use crate::cloud::endpoint::EndpointPolicy;
use crate::plan::Owner;

/// What every reconcile needs.
pub(crate) struct Context {
    client: kube::Client,
    clock: Clock,
    operator_namespace: String,
    /// The namespaces that are looked after; all, where none is named.
    watched_namespaces: Vec<String>,
    policy: EndpointPolicy,
    transports: TransportFactory,
    gate: Gate,
    metrics: Arc<Metrics>,
    events: events::Events,
    records: Arc<records::Records>,
    accounts: accounts::Accounts,
    locations: locations::Locations,
    memories: memory::Memories,
    wake: wake::Wake,
    /// Held while a manifest makes sure that a cluster is nobody else's and writes that it is its own.
    claiming: tokio::sync::Mutex<()>,
    manifests: Store<TypeDBCluster>,
    account_objects: Store<CloudAccount>,
    manifests_listed: watches::Listed,
    accounts_listed: watches::Listed,
}

/// What is known of the manifest that a record was made for.
enum Holder {
    /// There is a manifest of this name, though perhaps not the same one.
    Lives(Arc<TypeDBCluster>),
    Gone,
    /// Its namespace is not looked after here, so nothing is known of it, and its record is left alone.
    Unwatched,
}

impl Context {
    /// Waits until everything that there was at the start is known. Nothing is decided before.
    async fn synced(&self) {
        self.manifests_listed.wait().await;
        self.accounts_listed.wait().await;
        self.records.wait_until_ready().await;
    }

    /// Who has the name that a record was made for.
    fn holder(&self, owner: &Owner) -> Holder {
        let namespace = &owner.namespace;
        if !self.watched_namespaces.is_empty() && !self.watched_namespaces.contains(namespace) {
            return Holder::Unwatched;
        }
        self.manifests.get(&ObjectRef::new(&owner.name).within(namespace)).map_or(Holder::Gone, Holder::Lives)
    }
}
