//! What there is at the moment of a scrape.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::AccountLabels;

type Seconds = Gauge<f64, AtomicU64>;

/// How clusters stand: by their conditions, and by the reason of Ready.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ClusterLabels {
    pub(crate) kind: String,
    /// The condition that is True: Ready, Reconciling or Stalled.
    pub(crate) state: &'static str,
    pub(crate) reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabels {
    kind: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StandingLabels {
    cloud: &'static str,
    account: String,
    reason: String,
}

/// A credential of an account, by the name of its Secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CredentialLabels {
    cloud: &'static str,
    account: String,
    secret: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CredentialStateLabels {
    cloud: &'static str,
    account: String,
    secret: String,
    state: &'static str,
}

/// A credential, as it is now.
#[derive(Debug)]
pub(crate) struct CredentialSeen {
    /// Name of its Secret.
    pub(crate) secret: String,
    pub(crate) state: &'static str,
    /// For how long its Secret is as it is.
    pub(crate) age: Option<Duration>,
    /// For how long nothing was asked with it, as far as this process knows.
    pub(crate) idle: Option<Duration>,
}

/// An account, as it is now.
#[derive(Debug)]
pub(crate) struct AccountSeen {
    pub(crate) labels: AccountLabels,
    /// The reason of Ready.
    pub(crate) reason: String,
    /// How old the last list of its location's clusters is; none before the first.
    pub(crate) inventory_age: Option<Duration>,
    /// How often the account asks for that list while nothing changes.
    pub(crate) poll_interval: Duration,
    /// At most as many as an account may name.
    pub(crate) credentials: Vec<CredentialSeen>,
}

/// What is seen of everything that is looked after.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) clusters: HashMap<ClusterLabels, i64>,
    /// By kind, for how long the cluster that is in progress for longest has been so.
    pub(crate) in_progress: HashMap<String, Duration>,
    pub(crate) accounts: Vec<AccountSeen>,
}

impl Seen {
    pub(super) fn add(&mut self, other: Self) {
        self.clusters.extend(other.clusters);
        self.in_progress.extend(other.in_progress);
        self.accounts.extend(other.accounts);
    }
}

/// Who knows what there is of one kind.
pub(super) struct Source(Box<dyn Fn() -> Option<Seen> + Send + Sync>);

impl Source {
    pub(super) fn new(look: impl Fn() -> Option<Seen> + Send + Sync + 'static) -> Self {
        Self(Box::new(look))
    }

    pub(super) fn look(&self) -> Option<Seen> {
        (self.0)()
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Source")
    }
}

#[derive(Debug)]
pub(super) struct Fleet {
    clusters: Family<ClusterLabels, Gauge>,
    in_progress: Family<KindLabels, Seconds>,
    accounts: Family<StandingLabels, Gauge>,
    inventories: Family<AccountLabels, Seconds>,
    polls: Family<AccountLabels, Seconds>,
    credentials: Family<CredentialStateLabels, Gauge>,
    ages: Family<CredentialLabels, Seconds>,
    idle: Family<CredentialLabels, Seconds>,
}

impl Fleet {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let own = Self {
            clusters: Family::default(),
            in_progress: Family::default(),
            accounts: Family::default(),
            inventories: Family::default(),
            polls: Family::default(),
            credentials: Family::default(),
            ages: Family::default(),
            idle: Family::default(),
        };
        registry.register(
            "clusterwright_clusters",
            "Manifests of clusters, by kind, by the condition that is True, and by reason",
            own.clusters.clone(),
        );
        registry.register(
            "clusterwright_longest_in_progress_seconds",
            "For how long the manifest that is in progress for longest has been so",
            own.in_progress.clone(),
        );
        registry.register("clusterwright_accounts", "Accounts, by how they stand", own.accounts.clone());
        registry.register(
            "clusterwright_inventory_age_seconds",
            "Time since the last list of the clusters at an account's location was asked for",
            own.inventories.clone(),
        );
        registry.register(
            "clusterwright_poll_interval_seconds",
            "Time between two such lists while nothing changes, as the account asks for it",
            own.polls.clone(),
        );
        registry.register(
            "clusterwright_credentials",
            "Credentials of accounts, by Secret and by how they stand",
            own.credentials.clone(),
        );
        registry.register(
            "clusterwright_credential_age_seconds",
            "Time since a credential's Secret was last written",
            own.ages.clone(),
        );
        registry.register(
            "clusterwright_credential_idle_seconds",
            "Time since a cloud was last asked with a credential by this process",
            own.idle.clone(),
        );
        own
    }

    /// Shows what is seen now, and nothing of what was seen before.
    pub(super) fn show(&self, seen: &Seen) {
        self.clusters.clear();
        self.in_progress.clear();
        self.accounts.clear();
        self.inventories.clear();
        self.polls.clear();
        self.credentials.clear();
        self.ages.clear();
        self.idle.clear();
        for (labels, count) in &seen.clusters {
            self.clusters.get_or_create(labels).set(*count);
        }
        for (kind, time) in &seen.in_progress {
            self.in_progress.get_or_create(&KindLabels { kind: kind.clone() }).set(time.as_secs_f64());
        }
        for AccountSeen { labels, reason, inventory_age, poll_interval, credentials } in &seen.accounts {
            let AccountLabels { cloud, account } = labels.clone();
            self.accounts.get_or_create(&StandingLabels { cloud, account, reason: reason.clone() }).set(1);
            self.polls.get_or_create(labels).set(poll_interval.as_secs_f64());
            if let Some(age) = inventory_age {
                self.inventories.get_or_create(labels).set(age.as_secs_f64());
            }
            for credential in credentials {
                self.show_credential(labels, credential);
            }
        }
    }

    fn show_credential(&self, account: &AccountLabels, credential: &CredentialSeen) {
        let AccountLabels { cloud, account } = account.clone();
        let CredentialSeen { secret, state, age, idle } = credential;
        let labels = CredentialLabels { cloud, account: account.clone(), secret: secret.clone() };
        let standing = CredentialStateLabels { cloud, account, secret: secret.clone(), state };
        self.credentials.get_or_create(&standing).set(1);
        if let Some(age) = age {
            self.ages.get_or_create(&labels).set(age.as_secs_f64());
        }
        if let Some(idle) = idle {
            self.idle.get_or_create(&labels).set(idle.as_secs_f64());
        }
    }
}
