//! How long an edit takes.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::Metrics;

/// Up to an hour: what waits that long waits for a person, or for a cloud that is down.
const ACCEPTED: [f64; 12] = [0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0];

/// Up to a few hours: a cloud takes minutes for a cluster, and longer for much data.
const READY: [f64; 12] = [1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0, 10800.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: String,
    after: &'static str,
}

#[derive(Debug)]
pub(super) struct Edits {
    accepted: Family<Kind, Histogram>,
    ready: Family<Kind, Histogram>,
}

impl Edits {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let own = Self {
            accepted: Family::new_with_constructor(|| Histogram::new(ACCEPTED)),
            ready: Family::new_with_constructor(|| Histogram::new(READY)),
        };
        registry.register(
            "clusterwright_edit_accepted_seconds",
            "From a manifest's creation or edit until its cloud has accepted the first write for it",
            own.accepted.clone(),
        );
        registry.register(
            "clusterwright_ready_seconds",
            "From a manifest's creation or edit until it is Ready",
            own.ready.clone(),
        );
        own
    }
}

impl Metrics {
    /// The cloud has accepted the first write for a manifest since it was created or edited.
    pub(crate) fn accepted(&self, kind: &str, after: &'static str, took: Duration) {
        let labels = Kind { kind: kind.to_owned(), after };
        self.edits.accepted.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// A manifest is Ready for the first time since it was created or edited.
    pub(crate) fn ready(&self, kind: &str, after: &'static str, took: Duration) {
        let labels = Kind { kind: kind.to_owned(), after };
        self.edits.ready.get_or_create(&labels).observe(took.as_secs_f64());
    }
}
