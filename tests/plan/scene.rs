//! What is known at one moment, whatever the kind of cluster: the left-hand side of the tables.

use std::sync::Arc;
use std::time::Duration;

use clusterwright::api::condition::Reason;
use clusterwright::api::identity::{Handle, Location};
use clusterwright::api::secret::Password;
use clusterwright::api::shared::{AccountRef, CommonSpec, DeletionPolicy, Management, PlannedAction, PlannedStep};
use clusterwright::api::{FINALIZER, annotation};
use clusterwright::cloud::operation::Found;
use clusterwright::plan::{
    AccountFacts, AccountStanding, Answered, Attempts, CloudCluster, Denied, Facts, Given, Gone, Inventory, Kind, Look,
    Owner, Permits, Plan, Reach, Record, Rival, Step, Trouble, TroubleKind, connection_fingerprint, plan, status,
};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;
use kube::core::object::HasSpec;

use super::gist;

pub(crate) const OPERATOR: &str = "clusterwright-system";
pub(crate) const KEY: &str = "key-1";

/// Seconds since 1970 at which every scene plays.
pub(crate) const NOW: i64 = 1_800_000_000;

/// When the databases of the scenes were created, long before.
pub(crate) const BORN: i64 = NOW - 7200;

pub(crate) fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

/// So many seconds before now; a negative number lies ahead.
pub(crate) fn ago(seconds: i64) -> Timestamp {
    Timestamp::from_second(NOW - seconds).unwrap()
}

/// The database has opened with no known password for an hour.
pub(crate) fn denied_for_long() -> Denied {
    Denied { since: ago(3600), last: ago(60) }
}

pub(crate) fn given(password: &str) -> Given {
    Given::Value(Password::new(password))
}

/// The account's standing in one word.
pub(crate) fn refused(reason: Reason) -> AccountStanding {
    AccountStanding::Refused(reason, "what is wrong.".to_owned())
}

pub(crate) fn unavailable() -> AccountStanding {
    AccountStanding::Unavailable("The cloud cannot be asked: 503.".to_owned())
}

/// What a manifest says that only names its account.
pub(crate) fn common_spec(account: &str) -> CommonSpec {
    CommonSpec::through(AccountRef { name: account.to_owned(), namespace: None })
}

/// The manifest of the scenes as a record names it.
pub(crate) fn owner(kind: &str, name: &str) -> Owner {
    Owner {
        kind: kind.to_owned(),
        namespace: "shop".to_owned(),
        name: name.to_owned(),
        uid: "uid-1".to_owned(),
        namespace_uid: "shop-uid".to_owned(),
    }
}

pub(crate) fn reach(location: Location, credential: &str) -> Reach {
    Reach { location, credentials: vec![credential.to_owned()], made_from: credential.to_owned() }
}

/// A step as the status shows it: what, from what to what, and what blocks it.
pub(crate) fn shown(step: &PlannedStep) -> String {
    let what = match step.action {
        PlannedAction::Change => step.field.clone().unwrap_or_default(),
        other => format!("{other:?}"),
    };
    let value = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let blocked = step.blocked_by.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
    format!("{what} {} → {}{blocked}", value(&step.from), value(&step.to))
}

/// The part of a manifest that every kind has.
pub(crate) trait Common {
    fn common_mut(&mut self) -> &mut CommonSpec;
}

/// What is known at one moment. The plain one has a manifest for a new cluster, a connected account and an empty list.
#[derive(Clone, Debug)]
pub(crate) struct Scene<K: Kind> {
    pub(crate) facts: Facts<K>,
}

impl<K: Kind + HasSpec<Spec: Common>> Scene<K> {
    pub(crate) fn of(mut manifest: K, location: Location) -> Self {
        let meta = manifest.meta_mut();
        meta.namespace = Some("shop".to_owned());
        meta.uid = Some("uid-1".to_owned());
        meta.generation = Some(1);
        let facts = Facts {
            now: now(),
            manifest,
            namespace_uid: "shop-uid".to_owned(),
            operator_namespace: OPERATOR.to_owned(),
            take_over_from: None,
            edited: ago(3600),
            account: AccountFacts {
                standing: AccountStanding::Connected,
                reach: Some(reach(location, KEY)),
                permits: Permits::ALL,
            },
            record: None,
            rivals: Vec::new(),
            inventory: Some(Inventory { clusters: Vec::new(), at: Some(ago(10)) }.into()),
            look: None,
            catalogue: None,
            answers: Arc::default(),
            source: None,
            probe: None,
            wanted_password: Given::NotAsked,
            current_password: Given::NotAsked,
            published_password: None,
            attempts: Attempts::default(),
        };
        Self { facts }
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Facts<K>)) -> Self {
        change(&mut self.facts);
        self
    }

    pub(crate) fn spec(self, change: impl FnOnce(&mut K::Spec)) -> Self {
        self.with(|facts| change(facts.manifest.spec_mut()))
    }

    pub(crate) fn common(self, change: impl FnOnce(&mut CommonSpec)) -> Self {
        self.spec(|spec| change(spec.common_mut()))
    }

    pub(crate) fn published(self, change: impl FnOnce(&mut K::Status)) -> Self {
        self.with(|facts| change(facts.manifest.status_mut().get_or_insert_default()))
    }

    pub(crate) fn attempts(self, change: impl FnOnce(&mut Attempts)) -> Self {
        self.with(|facts| change(&mut facts.attempts))
    }

    pub(crate) fn recorded(self, record: Record<K>) -> Self {
        self.with(|facts| facts.record = Some(record))
    }

    /// The same record with a change.
    pub(crate) fn record(self, change: impl FnOnce(&mut Record<K>)) -> Self {
        self.with(|facts| change(facts.record.as_mut().expect("a record")))
    }

    pub(crate) fn listed(self, clusters: impl IntoIterator<Item = K::Cluster>) -> Self {
        let clusters = clusters.into_iter().collect();
        self.with(|facts| facts.inventory = Some(Inventory { clusters, at: Some(ago(10)) }.into()))
    }

    /// The same, and the account's own credential has found the first of them, long before the list.
    pub(crate) fn sees(self, clusters: impl IntoIterator<Item = K::Cluster>) -> Self {
        let scene = self.listed(clusters);
        let first = scene.facts.inventory.as_ref().and_then(|list| list.clusters.first()).cloned().expect("a cluster");
        let by = scene.facts.account.reach.as_ref().expect("a credential").credentials[0].clone();
        scene.looked_at(Handle::Id(first.id().clone()), &by, 3600, Found::just(Some(first)))
    }

    /// A look at this target, so many seconds ago.
    pub(crate) fn looked_at(self, target: Handle, credential: &str, seconds: i64, found: Found<K::Cluster>) -> Self {
        let look = Look { target, at: ago(seconds), by: credential.to_owned(), found };
        self.with(|facts| facts.look = Some(look))
    }

    /// The cloud answered this question so many seconds ago.
    pub(crate) fn answered(self, question: K::Question, answer: K::Answer, seconds: i64) -> Self {
        self.with(|facts| {
            Arc::make_mut(&mut facts.answers).insert(question, Answered { at: ago(seconds), answer: Some(answer) });
        })
    }

    pub(crate) fn standing(self, standing: AccountStanding) -> Self {
        self.with(|facts| facts.account.standing = standing)
    }

    /// The account reaches there, with this credential.
    pub(crate) fn reaching(self, location: Location, credential: &str) -> Self {
        self.with(|facts| facts.account.reach = Some(reach(location, credential)))
    }

    /// The account has these credentials, the first of which is in use.
    pub(crate) fn using_all(self, credentials: &[&str]) -> Self {
        self.with(|facts| {
            let reach = facts.account.reach.as_mut().expect("an account");
            reach.credentials = credentials.iter().map(|&credential| credential.to_owned()).collect();
        })
    }

    pub(crate) fn rivalled(self, rival: Rival) -> Self {
        self.with(|facts| facts.rivals.push(rival))
    }

    pub(crate) fn annotated(self, name: &str, value: &str) -> Self {
        self.with(|facts| {
            facts.manifest.annotations_mut().insert(name.to_owned(), value.to_owned());
        })
    }

    pub(crate) fn forgetting(self, name: &str) -> Self {
        self.annotated(annotation::FORGET, name)
    }

    pub(crate) fn paused(self) -> Self {
        self.annotated(annotation::PAUSED, "true")
    }

    pub(crate) fn only_observed(self) -> Self {
        self.common(|common| common.management = Management::Observed)
    }

    pub(crate) fn destroys(self) -> Self {
        self.common(|common| common.deletion_policy = DeletionPolicy::Delete)
    }

    pub(crate) fn finalized(self) -> Self {
        self.with(|facts| facts.manifest.finalizers_mut().push(FINALIZER.to_owned()))
    }

    pub(crate) fn deleting(self) -> Self {
        self.with(|facts| facts.manifest.meta_mut().deletion_timestamp = Some(Time(now())))
    }

    /// The same since so many seconds.
    pub(crate) fn deleted(self, seconds: i64) -> Self {
        self.with(|facts| facts.manifest.meta_mut().deletion_timestamp = Some(Time(ago(seconds))))
    }

    /// Another manifest of the same name than the one that the record was written for.
    pub(crate) fn reapplied(self) -> Self {
        self.with(|facts| facts.manifest.meta_mut().uid = Some("uid-2".to_owned()))
    }

    pub(crate) fn edited(self, seconds: i64) -> Self {
        self.with(|facts| facts.edited = ago(seconds))
    }

    pub(crate) fn generation(self, generation: i64) -> Self {
        self.with(|facts| facts.manifest.meta_mut().generation = Some(generation))
    }

    pub(crate) fn wanting(self, password: Given) -> Self {
        self.with(|facts| facts.wanted_password = password)
    }

    pub(crate) fn told(self, password: Given) -> Self {
        self.with(|facts| facts.current_password = password)
    }

    pub(crate) fn had_published(self, password: &str) -> Self {
        self.with(|facts| facts.published_password = Some(Password::new(password)))
    }

    pub(crate) fn troubled(self, kind: TroubleKind, seconds: i64) -> Self {
        let trouble = Trouble { kind, message: "the cloud's own words".to_owned(), since: ago(seconds) };
        self.attempts(|attempts| attempts.trouble = Some(trouble))
    }

    /// The record notes that the cluster is gone, and that the manifest said so.
    pub(crate) fn noted_gone(self) -> Self {
        self.record(|record| record.set_gone(Some(Gone { since: ago(60), told: true })))
    }

    /// The status says that the manifest had this cluster.
    pub(crate) fn reported(self, cluster: &K::Cluster) -> Self {
        self.published(|status| {
            let common = K::common_status_mut(status);
            common.external_id = Some(cluster.id().clone());
            common.created_at = Some(cluster.created_at().to_string());
        })
    }

    /// The connection Secret was published as it should be.
    pub(crate) fn publishing(self) -> Self {
        match self.plan().next {
            Some(Step::Publish(connection)) => {
                self.attempts(|attempts| attempts.published = Some(connection_fingerprint(&connection)))
            }
            _ => self,
        }
    }

    /// The status is what this very scene amounts to.
    pub(crate) fn reporting(self) -> Self {
        let status = self.status();
        self.with(|facts| *facts.manifest.status_mut() = Some(status))
    }

    /// The same some time later, lists included.
    pub(crate) fn later(self, wait: Duration) -> Self {
        self.with(|facts| {
            facts.now += wait;
            if let Some(list) = facts.inventory.as_mut().map(Arc::make_mut) {
                list.at = list.at.map(|at| at + wait);
            }
        })
    }

    pub(crate) fn plan(&self) -> Plan<K> {
        plan(&self.facts)
    }

    /// What is published about it.
    pub(crate) fn status(&self) -> K::Status {
        status(&self.facts, &self.plan())
    }

    /// What is done, in a few words; empty where nothing is.
    pub(crate) fn does(&self) -> String {
        self.plan().next.as_ref().map(gist::of_step).unwrap_or_default()
    }

    /// How the manifest stands; empty where nothing new is said.
    pub(crate) fn says(&self) -> String {
        gist::of_verdict(&self.plan())
    }

    pub(crate) fn message(&self) -> String {
        gist::message(&self.plan())
    }

    /// The pending steps as the status shows them.
    pub(crate) fn pending(&self) -> Vec<String> {
        self.plan().pending.iter().map(shown).collect()
    }
}
