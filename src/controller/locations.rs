//! One task per location: it lists the clusters there, keeps the inventory, and wakes whom a change concerns.

mod appraisal;
mod poll;

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kube::ResourceExt;
use kube::runtime::reflector::{ObjectRef, Store};
use tokio::sync::{Notify, mpsc, watch};

use super::records::Records;
use super::wake::Wake;
use crate::api::account::CloudAccount;
use crate::api::identity::{ClusterId, Handle, Location};
use crate::clock::{self, Clock};
use crate::cloud::budget::{Budget, Priority};
use crate::cloud::error::CloudError;
use crate::cloud::keyring::{Deed, Keyring};
use crate::cloud::provider::Provider as _;
use crate::controller::clouds::Managed;
use crate::plan::{AccountName, Answered, Answers, Catalogued, CloudCluster, Health, Inventory};

/// The longest time between two looks at a list.
const MAX_POLL_INTERVAL: Duration = Duration::from_secs(3600);

/// An answer that is older than this answers nothing any more.
const ANSWERS_KEPT: Duration = Duration::from_secs(48 * 60 * 60);

/// How many commands may stand in line at one location.
const LINE: usize = 64;

/// Which account something is about.
pub(crate) type AccountKey = AccountName;

impl AccountName {
    /// The name of this account.
    pub(crate) fn named(account: &CloudAccount) -> Self {
        Self { namespace: account.namespace().unwrap_or_default(), name: account.name_any() }
    }

    pub(crate) fn object(&self) -> ObjectRef<CloudAccount> {
        ObjectRef::new(&self.name).within(&self.namespace)
    }
}

/// An account's way of speaking to a location.
#[derive(Clone, Debug)]
pub(crate) struct Enlisted<K: Managed> {
    pub(crate) keyring: Arc<Keyring<K::Client>>,
    pub(crate) poll_interval: Duration,
    pub(crate) requests_per_minute: u32,
}

enum Command<K: Managed> {
    Enlist(AccountKey, Enlisted<K>),
    Dismiss(AccountKey),
    /// The account's credentials were refused somewhere: find out at once.
    Check(AccountKey),
}

/// What a write or a look answered about one cluster.
struct Touched<C> {
    at: Timestamp,
    cluster: C,
    /// No list has shown it yet.
    unlisted: bool,
}

/// A location, as the reconciles see it.
pub(crate) struct Place<K: Managed> {
    pub(crate) location: Location,
    pub(crate) budget: Budget,
    inventory: watch::Sender<Option<Arc<Inventory<K>>>>,
    touched: Mutex<HashMap<ClusterId, Touched<K::Cluster>>>,
    /// The accounts that see clusters which the list of another does not show: they are asked for theirs as well.
    beside: Mutex<BTreeSet<AccountKey>>,
    catalogue: Mutex<Option<Arc<Catalogued<K>>>>,
    /// How often the catalogue was forgotten: what was read meanwhile may lack what was created meanwhile.
    forgotten: AtomicU64,
    /// Held by whoever asks for the catalogue, so that others need not.
    surveying: tokio::sync::Mutex<()>,
    answers: Mutex<Arc<Answers<K>>>,
    /// Held by whoever asks a single question, so that others need not.
    asking: tokio::sync::Mutex<()>,
    health: Mutex<HashMap<AccountKey, Health>>,
    /// How far the cloud's clock is ahead of ours.
    ahead: Mutex<SignedDuration>,
    hasten: Notify,
    commands: mpsc::Sender<Command<K>>,
}

impl<K: Managed> Place<K> {
    /// What the cloud's clock shows when ours shows `now`.
    pub(crate) fn cloud_time(&self, now: Timestamp) -> Timestamp {
        now.saturating_add(*lock(&self.ahead)).unwrap_or(now)
    }

    /// Has the list read soon.
    pub(crate) fn hasten(&self) {
        self.hasten.notify_one();
    }

    async fn hastened(&self) {
        self.hasten.notified().await;
    }

    /// The last list, with what writes answered since.
    pub(crate) fn inventory(&self) -> Option<Arc<Inventory<K>>> {
        self.inventory.borrow().clone()
    }

    /// What there is around the clusters, as last read.
    pub(crate) fn catalogue(&self) -> Option<Arc<Catalogued<K>>> {
        lock(&self.catalogue).clone()
    }

    /// Reads what there is around the clusters, unless somebody else has done so since `wanted`.
    pub(crate) async fn survey(
        &self,
        keyring: &Keyring<K::Client>,
        wanted: Timestamp,
        clock: &Clock,
    ) -> Result<(), CloudError> {
        let _one_at_a_time = self.surveying.lock().await;
        if self.catalogue().is_some_and(|read| read.at >= wanted) {
            return Ok(());
        }
        let at = clock.now();
        let forgotten = self.forgotten.load(Ordering::SeqCst);
        let catalogue = keyring.ask(&Deed::survey(), |client| async move { client.survey().await }).await?.value;
        let mut known = lock(&self.catalogue);
        if self.forgotten.load(Ordering::SeqCst) == forgotten {
            *known = Some(Arc::new(Catalogued { at, catalogue }));
        }
        Ok(())
    }

    /// Forgets what there is around the clusters, since some of it was changed.
    pub(crate) fn forget_catalogue(&self) {
        let mut known = lock(&self.catalogue);
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        *known = None;
    }

    /// What single questions were answered.
    pub(crate) fn answers(&self) -> Arc<Answers<K>> {
        Arc::clone(&lock(&self.answers))
    }

    /// Asks a question that somebody waits for, unless somebody else has asked it since `wanted`.
    pub(crate) async fn ask(
        &self,
        keyring: &Keyring<K::Client>,
        question: K::Question,
        wanted: Timestamp,
        clock: &Clock,
    ) -> Result<(), CloudError> {
        let _one_at_a_time = self.asking.lock().await;
        if self.answers().get(&question).is_some_and(|told| told.at >= wanted) {
            return Ok(());
        }
        let at = clock.now();
        let ask = |client: K::Client| {
            let question = &question;
            async move { client.ask(question, Priority::Edit).await }
        };
        let answer = keyring.ask(&Deed::question(&question), ask).await?.value;
        self.learn(question, Answered { at, answer: Some(answer) });
        Ok(())
    }

    /// Keeps an answer, and none that has grown too old for anybody.
    fn learn(&self, question: K::Question, told: Answered<K>) {
        let mut known = lock(&self.answers);
        let answers = Arc::make_mut(&mut known);
        answers.retain(|_, known| clock::until(known.at, told.at).is_none_or(|age| age < ANSWERS_KEPT));
        answers.insert(question, told);
    }

    pub(crate) fn health(&self, account: &AccountKey) -> Health {
        lock(&self.health).get(account).cloned().unwrap_or(Health::Untried)
    }

    /// Takes in what a look with an account's credential found, or did not find.
    pub(crate) fn saw(&self, account: &AccountKey, target: &Handle, found: Option<&K::Cluster>, now: Timestamp) {
        match (found, target) {
            (Some(cluster), _) => {
                let unlisted = self.inventory().is_some_and(|list| list.get(cluster.id()).is_none());
                if unlisted {
                    lock(&self.beside).insert(account.clone());
                }
                self.take(cluster.clone(), now, unlisted);
            }
            (None, Handle::Id(id)) => {
                lock(&self.touched).remove(id);
            }
            (None, _) => {}
        }
    }

    /// Takes in what a write answered about one cluster, ahead of the next list.
    pub(crate) fn touch(&self, cluster: K::Cluster, now: Timestamp) {
        self.take(cluster, now, false);
    }

    fn take(&self, cluster: K::Cluster, at: Timestamp, unlisted: bool) {
        {
            let mut touched = lock(&self.touched);
            let unlisted = unlisted || touched.get(cluster.id()).is_some_and(|before| before.unlisted);
            touched.insert(cluster.id().clone(), Touched { at, cluster: cluster.clone(), unlisted });
        }
        self.inventory.send_modify(|inventory| {
            if let Some(list) = inventory {
                let list = Arc::make_mut(list);
                list.clusters.retain(|known| known.id() != cluster.id());
                list.clusters.push(cluster);
            }
        });
        self.hasten();
    }

    /// Takes an account in. Where one of its credentials was let in before, it is as well as it was.
    pub(crate) async fn enlist(&self, account: AccountKey, enlisted: Enlisted<K>) {
        if enlisted.keyring.accepted().is_empty() {
            lock(&self.health).insert(account.clone(), Health::Untried);
        }
        self.command(Command::Enlist(account, enlisted)).await;
    }

    pub(crate) async fn dismiss(&self, account: AccountKey) {
        self.command(Command::Dismiss(account)).await;
    }

    /// Has the account's credentials tried. Where the line is full, they are being tried anyway.
    pub(crate) fn check(&self, account: AccountKey) {
        self.commands.try_send(Command::Check(account)).ok();
    }

    async fn command(&self, command: Command<K>) {
        // The task ends only with the process.
        self.commands.send(command).await.ok();
    }
}

/// All locations that an account names.
pub(crate) struct Locations<K: Managed> {
    places: Mutex<HashMap<Location, Arc<Place<K>>>>,
    clock: Clock,
    wake: Wake<K>,
    manifests: Store<K>,
    records: Arc<Records<K>>,
}

impl<K: Managed> Locations<K> {
    pub(crate) fn new(clock: Clock, wake: Wake<K>, manifests: Store<K>, records: Arc<Records<K>>) -> Self {
        Self { places: Mutex::default(), clock, wake, manifests, records }
    }

    /// The place of a location; its task is started where this is the first to ask for it.
    pub(crate) fn place(&self, location: &Location, requests_per_minute: u32) -> Arc<Place<K>> {
        let mut places = lock(&self.places);
        Arc::clone(places.entry(location.clone()).or_insert_with(|| self.start(location, requests_per_minute)))
    }

    /// The place of a location, if an account has ever named it.
    pub(crate) fn known(&self, location: &Location) -> Option<Arc<Place<K>>> {
        lock(&self.places).get(location).cloned()
    }

    fn start(&self, location: &Location, requests_per_minute: u32) -> Arc<Place<K>> {
        let (commands, line) = mpsc::channel(LINE);
        let place = Arc::new(Place {
            location: location.clone(),
            budget: Budget::spawn(requests_per_minute),
            inventory: watch::channel(None).0,
            touched: Mutex::default(),
            beside: Mutex::default(),
            catalogue: Mutex::default(),
            forgotten: AtomicU64::new(0),
            surveying: tokio::sync::Mutex::default(),
            answers: Mutex::default(),
            asking: tokio::sync::Mutex::default(),
            health: Mutex::default(),
            ahead: Mutex::default(),
            hasten: Notify::new(),
            commands,
        });
        let poller = poll::Poller::new(
            Arc::clone(&place),
            self.clock.clone(),
            self.wake.clone(),
            self.manifests.clone(),
            Arc::clone(&self.records),
        );
        tokio::spawn(poller.run(line));
        place
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
