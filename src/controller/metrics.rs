//! What is counted, under the names that stock dashboards know.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::api::identity::Location;
use crate::cloud::observer::Observer;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reconcile {
    controller: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Controller {
    controller: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    cloud: &'static str,
    operation: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Lease {
    name: &'static str,
}

/// The operator's counters.
#[derive(Debug)]
pub struct Metrics {
    registry: Mutex<Registry>,
    reconciles: Family<Reconcile, Counter>,
    durations: Family<Controller, Histogram>,
    requests: Family<Request, Counter>,
    leases: Family<Lease, Gauge>,
}

impl Metrics {
    /// Counters at zero.
    #[must_use]
    pub fn new() -> Arc<Self> {
        let mut registry = Registry::default();
        let reconciles = Family::<Reconcile, Counter>::default();
        let durations = Family::<Controller, Histogram>::new_with_constructor(seconds);
        let requests = Family::<Request, Counter>::default();
        let leases = Family::<Lease, Gauge>::default();
        registry.register("leader_election_master_status", "Whether this replica leads, by lease", leases.clone());
        registry.register("controller_runtime_reconcile", "Reconciles, by controller and result", reconciles.clone());
        registry.register("controller_runtime_reconcile_time_seconds", "Length of a reconcile", durations.clone());
        registry.register(
            "clusterwright_cloud_requests",
            "Requests to the clouds, by cloud, operation and outcome",
            requests.clone(),
        );
        Arc::new(Self { registry: Mutex::new(registry), reconciles, durations, requests, leases })
    }

    /// All of it in the text format of OpenMetrics.
    pub fn encode(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry.lock().unwrap_or_else(PoisonError::into_inner))?;
        Ok(text)
    }

    /// Notes whether this replica holds the lease of this name.
    pub(crate) fn leads(&self, name: &'static str, leads: bool) {
        self.leases.get_or_create(&Lease { name }).set(leads.into());
    }

    pub(crate) fn reconciled(&self, controller: &'static str, result: &'static str, took: Duration) {
        self.reconciles.get_or_create(&Reconcile { controller, result }).inc();
        self.durations.get_or_create(&Controller { controller }).observe(took.as_secs_f64());
    }
}

fn seconds() -> Histogram {
    Histogram::new([0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0])
}

impl Observer for Metrics {
    fn request(&self, location: &Location, operation: &'static str, outcome: &'static str) {
        self.requests.get_or_create(&Request { cloud: location.cloud().as_str(), operation, outcome }).inc();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::identity::Endpoint;

    #[test]
    fn an_outage_of_one_cloud_is_not_counted_for_the_other() {
        let endpoint = Endpoint::new("http://127.0.0.1:8090");
        let (team, space) = ("acme".to_owned(), "default".to_owned());
        let typedb = Location::TypedbCloud { endpoint: endpoint.clone(), team, space };
        let cratedb = Location::CratedbCloud { endpoint, organization: "acme".to_owned() };
        let metrics = Metrics::new();
        metrics.request(&typedb, "list", "ok");
        metrics.request(&cratedb, "list", "unavailable");
        let text = metrics.encode().unwrap();
        let series = |labels: &str| format!("clusterwright_cloud_requests_total{{{labels}}} 1\n");
        assert!(text.contains(&series(r#"cloud="TypeDB Cloud",operation="list",outcome="ok""#)), "{text}");
        assert!(text.contains(&series(r#"cloud="CrateDB Cloud",operation="list",outcome="unavailable""#)), "{text}");
    }
}
