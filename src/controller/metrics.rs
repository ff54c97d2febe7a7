//! What is counted and measured, under the names that stock dashboards know where there are such.
//!
//! Of controller-runtime's work queues only that is told which can be seen from here: kube's own queue does not show how
//! long it is. No name of an object is a label but an account's, and what is told of an account goes with it.

mod cloud;
mod edits;
mod fleet;
mod reconciles;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use self::cloud::Requests;
pub(crate) use self::cloud::{AccountLabels, AsAccount};
use self::edits::Edits;
pub(crate) use self::fleet::{AccountSeen, ClusterLabels, CredentialSeen, Seen};
use self::fleet::{Fleet, Source};
use self::reconciles::Reconciles;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Lease {
    name: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ApiRequest {
    code: String,
    method: String,
    host: String,
}

/// Everything that `/metrics` shows.
#[derive(Debug)]
pub struct Metrics {
    registry: Mutex<Registry>,
    reconciles: Reconciles,
    requests: Requests,
    edits: Edits,
    fleet: Fleet,
    api_requests: Family<ApiRequest, Counter>,
    leases: Family<Lease, Gauge>,
    sources: Mutex<Vec<Source>>,
}

impl Metrics {
    /// Nothing counted yet.
    #[must_use]
    pub fn new() -> Arc<Self> {
        let mut registry = Registry::default();
        let api_requests = Family::<ApiRequest, Counter>::default();
        registry.register(
            "rest_client_requests",
            "Requests to the API server, by the answer's code, method and host",
            api_requests.clone(),
        );
        let leases = Family::<Lease, Gauge>::default();
        registry.register("leader_election_master_status", "Whether this replica leads, by lease", leases.clone());
        Arc::new(Self {
            reconciles: Reconciles::register(&mut registry),
            requests: Requests::register(&mut registry),
            edits: Edits::register(&mut registry),
            fleet: Fleet::register(&mut registry),
            api_requests,
            leases,
            sources: Mutex::default(),
            registry: Mutex::new(registry),
        })
    }

    /// All of it in the text format of OpenMetrics.
    pub fn encode(&self) -> Result<String, std::fmt::Error> {
        // Held from the beginning, so that two scrapes do not mix what they see.
        let registry = lock(&self.registry);
        let seen = self.look();
        self.fleet.show(&seen);
        let accounts: HashSet<AccountLabels> = seen.accounts.into_iter().map(|account| account.labels).collect();
        self.requests.show(&accounts);
        let mut text = String::new();
        encode(&mut text, &registry)?;
        Ok(text)
    }

    /// Notes whether this replica holds the lease of this name.
    pub(crate) fn leads(&self, name: &'static str, leads: bool) {
        self.leases.get_or_create(&Lease { name }).set(leads.into());
    }

    /// Counts a request to the API server. The code is `<error>` where there was no answer.
    pub(crate) fn api_request(&self, code: String, method: String, host: String) {
        self.api_requests.get_or_create(&ApiRequest { code, method, host }).inc();
    }

    /// Has every scrape ask `source` what there is; until it answers none.
    pub(crate) fn ask(&self, source: impl Fn() -> Option<Seen> + Send + Sync + 'static) {
        lock(&self.sources).push(Source::new(source));
    }

    fn look(&self) -> Seen {
        let mut all = Seen::default();
        lock(&self.sources).retain(|source| match source.look() {
            Some(seen) => {
                all.add(seen);
                true
            }
            None => false,
        });
        all
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
