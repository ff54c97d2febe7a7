//! What is sent to the clouds, account by account.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use tokio::time::Instant;

use super::{Metrics, lock};
use crate::cloud::observer::Observer;

/// How long a request may wait for its turn, in seconds; none waits longer than the last.
const WAITS: [f64; 8] = [0.01, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0];

/// An account, as `namespace/name`, and its cloud.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct AccountLabels {
    pub(crate) cloud: &'static str,
    pub(crate) account: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    cloud: &'static str,
    account: String,
    operation: &'static str,
    outcome: &'static str,
}

#[derive(Debug)]
pub(super) struct Requests {
    counted: Family<RequestLabels, Counter>,
    waits: Family<AccountLabels, Histogram>,
    tokens: Family<AccountLabels, Gauge<f64, std::sync::atomic::AtomicU64>>,
    /// What was counted for each account, for taking it away with the account.
    of: Mutex<HashMap<AccountLabels, OfAccount>>,
}

#[derive(Debug, Default)]
struct OfAccount {
    requests: HashSet<(&'static str, &'static str)>,
    token_until: Option<Instant>,
}

impl Requests {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let own = Self {
            counted: Family::default(),
            waits: Family::new_with_constructor(|| Histogram::new(WAITS)),
            tokens: Family::default(),
            of: Mutex::default(),
        };
        registry.register(
            "clusterwright_cloud_requests",
            "Requests to the clouds, by account, operation and outcome",
            own.counted.clone(),
        );
        registry.register(
            "clusterwright_budget_wait_seconds",
            "How long a request to a cloud has waited for its turn in the location's budget",
            own.waits.clone(),
        );
        registry.register(
            "clusterwright_token_expiry_seconds",
            "Time until the access token in use expires, for clouds that have such",
            own.tokens.clone(),
        );
        own
    }

    /// Brings what changes with time up to date, and forgets every account but these.
    pub(super) fn show(&self, accounts: &HashSet<AccountLabels>) {
        let mut of = lock(&self.of);
        for (account, gone) in of.extract_if(|account, _| !accounts.contains(account)) {
            for (operation, outcome) in gone.requests {
                self.counted.remove(&labels(&account, operation, outcome));
            }
            self.waits.remove(&account);
            self.tokens.remove(&account);
        }
        for (account, OfAccount { token_until, .. }) in of.iter() {
            if let Some(until) = token_until {
                let left = until.saturating_duration_since(Instant::now());
                self.tokens.get_or_create(account).set(left.as_secs_f64());
            }
        }
    }
}

fn labels(account: &AccountLabels, operation: &'static str, outcome: &'static str) -> RequestLabels {
    RequestLabels { cloud: account.cloud, account: account.account.clone(), operation, outcome }
}

/// Counts what is done as one account.
#[derive(Debug)]
pub(crate) struct AsAccount {
    metrics: Arc<Metrics>,
    account: AccountLabels,
}

impl AsAccount {
    pub(crate) fn new(metrics: Arc<Metrics>, account: AccountLabels) -> Self {
        Self { metrics, account }
    }

    /// Counts nothing between a scrape's look at the accounts and what it takes away.
    fn note(&self, note: impl FnOnce(&Requests, &mut OfAccount)) {
        let requests = &self.metrics.requests;
        note(requests, lock(&requests.of).entry(self.account.clone()).or_default());
    }
}

impl Observer for AsAccount {
    fn request(&self, operation: &'static str, outcome: &'static str) {
        self.note(|requests, own| {
            own.requests.insert((operation, outcome));
            requests.counted.get_or_create(&labels(&self.account, operation, outcome)).inc();
        });
    }

    fn waited(&self, wait: Duration) {
        self.note(|requests, _| requests.waits.get_or_create(&self.account).observe(wait.as_secs_f64()));
    }

    fn token(&self, life: Duration) {
        self.note(|_, own| own.token_until = Some(Instant::now() + life));
    }
}
