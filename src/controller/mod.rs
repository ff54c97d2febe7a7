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

/// What every reconcile needs.
pub(crate) struct Context {
    client: kube::Client,
    clock: Clock,
    operator_namespace: String,
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

impl Context {
    /// Waits until everything that there was at the start is known. Nothing is decided before.
    async fn synced(&self) {
        self.manifests_listed.wait().await;
        self.accounts_listed.wait().await;
        self.records.wait_until_ready().await;
    }

    /// The manifest of this name, as the watch last showed it.
    fn manifest(&self, namespace: &str, name: &str) -> Option<Arc<TypeDBCluster>> {
        self.manifests.get(&ObjectRef::new(name).within(namespace))
    }
}
