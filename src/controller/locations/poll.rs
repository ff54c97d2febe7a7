//! Listing one location's clusters, again and again.

mod intake;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kube::runtime::reflector::Store;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::{AccountKey, Command, Enlisted, MAX_POLL_INTERVAL, Place, lock};
use crate::api::identity::ClusterId;
use crate::clock::Clock;
use crate::cloud::budget::Priority;
use crate::cloud::error::CloudError;
use crate::cloud::keyring::Keyring;
use crate::controller::backoff;
use crate::controller::clouds::Managed;
use crate::controller::records::Records;
use crate::controller::wake::Wake;
use crate::plan::{CloudCluster, Health, Roll};

/// Between two lists while a cluster has been in transition for up to ten minutes, for up to an hour.
const SOON: Duration = Duration::from_secs(5);
const LATER: Duration = Duration::from_secs(15);
const SOON_UNTIL: Duration = Duration::from_secs(10 * 60);
const LATER_UNTIL: Duration = Duration::from_secs(60 * 60);

/// A list that was asked for out of turn is not asked for again within this time.
const NOT_AGAIN_WITHIN: Duration = Duration::from_secs(2);

/// What a look found and no list shows is looked for again after this long.
const UNLISTED_LASTS: Duration = Duration::from_secs(10 * 60);

/// What came of asking as one account.
#[derive(Clone, Copy, Debug)]
enum Asked {
    Answered,
    /// This account may not; another may.
    Refused,
    /// There is no use in asking as another.
    Unanswered {
        retry_after: Option<Duration>,
    },
}

/// An account that was not let in.
#[derive(Clone, Copy, Debug)]
struct InVain {
    /// How often in a row.
    times: u32,
    /// When it is asked again in its turn.
    again: Instant,
}

/// The task of one location.
pub(super) struct Poller<K: Managed> {
    pub(super) place: Arc<Place<K>>,
    pub(super) clock: Clock,
    wake: Wake<K>,
    manifests: Store<K>,
    records: Arc<Records<K>>,
    accounts: BTreeMap<AccountKey, Enlisted<K>>,
    in_vain: HashMap<AccountKey, InVain>,
    in_transition: HashMap<ClusterId, Instant>,
    roll: Roll,
    failures: u32,
    next: Instant,
    last: Option<Instant>,
}

impl<K: Managed> Poller<K> {
    pub(super) fn new(
        place: Arc<Place<K>>,
        clock: Clock,
        wake: Wake<K>,
        manifests: Store<K>,
        records: Arc<Records<K>>,
    ) -> Self {
        Self {
            place,
            clock,
            wake,
            manifests,
            records,
            accounts: BTreeMap::new(),
            in_vain: HashMap::new(),
            in_transition: HashMap::new(),
            roll: Roll::default(),
            failures: 0,
            next: Instant::now() + MAX_POLL_INTERVAL,
            last: None,
        }
    }

    pub(super) async fn run(mut self, mut line: mpsc::Receiver<Command<K>>) {
        loop {
            tokio::select! {
                command = line.recv() => match command {
                    Some(command) => self.obey(command).await,
                    None => return,
                },
                () = self.place.hastened() => self.next = self.next.min(Instant::now() + SOON),
                () = tokio::time::sleep_until(self.next), if !self.accounts.is_empty() => self.take_turn().await,
            }
        }
    }

    async fn obey(&mut self, command: Command<K>) {
        match command {
            Command::Enlist(account, enlisted) => {
                self.accounts.insert(account.clone(), enlisted);
                self.in_vain.remove(&account);
                self.set_rate();
                self.ask_out_of_turn(&account).await;
            }
            Command::Dismiss(account) => {
                self.accounts.remove(&account);
                self.in_vain.remove(&account);
                lock(&self.place.health).remove(&account);
                lock(&self.place.beside).remove(&account);
                self.set_rate();
            }
            Command::Check(account) => {
                if self.last.is_none_or(|last| last.elapsed() >= NOT_AGAIN_WITHIN) {
                    self.ask_out_of_turn(&account).await;
                }
            }
        }
    }

    /// Among several accounts of one location the smallest rate counts.
    fn set_rate(&self) {
        if let Some(rate) = self.accounts.values().map(|enlisted| enlisted.requests_per_minute).min() {
            self.place.budget.set_rate(rate);
        }
    }

    async fn ask_out_of_turn(&mut self, account: &AccountKey) {
        let asked = self.list_as(account).await;
        self.schedule(asked);
    }

    /// Lists as the accounts that are well, and as each that is not: only a list of its own shows that it is again. Those
    /// back off each by itself where others set the pace, which is that of their clusters.
    async fn take_turn(&mut self) {
        let (well, mut unwell): (Vec<_>, Vec<_>) =
            self.accounts.keys().cloned().partition(|account| self.is_well(account));
        let mut turn = self.list_together(well).await;
        match turn {
            Asked::Answered => unwell.retain(|account| self.is_due(account)),
            Asked::Refused => {}
            // The silence of an account whose own way may be broken says nothing about the others.
            Asked::Unanswered { .. } => unwell.clear(),
        }
        for account in unwell {
            let asked = self.list_as(&account).await;
            let limited = matches!(asked, Asked::Unanswered { retry_after: Some(_) });
            if !matches!(turn, Asked::Answered) || limited {
                turn = asked;
            }
            if limited {
                break;
            }
        }
        if matches!(turn, Asked::Answered) {
            self.appraise().await;
        }
        self.schedule(turn);
    }

    /// The credentials of an account that is well.
    pub(super) fn keyring(&self) -> Option<Arc<Keyring<K::Client>>> {
        let well = self.accounts.iter().find(|(account, _)| self.is_well(account));
        well.map(|(_, enlisted)| Arc::clone(&enlisted.keyring))
    }

    fn is_due(&self, account: &AccountKey) -> bool {
        self.in_vain.get(account).is_none_or(|in_vain| in_vain.again <= Instant::now())
    }

    fn was_asked_in_vain(&mut self, account: &AccountKey, longest: Duration) {
        let times = self.in_vain.get(account).map_or(0, |in_vain| in_vain.times) + 1;
        let again = Instant::now() + after(times, longest);
        self.in_vain.insert(account.clone(), InVain { times, again });
    }

    fn is_well(&self, account: &AccountKey) -> bool {
        self.place.health(account) == Health::Well
    }

    /// Lists as the first that answers, and as each that sees what the others do not: what a credential may see differs.
    async fn list_together(&mut self, accounts: Vec<AccountKey>) -> Asked {
        let mut all: Vec<K::Cluster> = Vec::new();
        let mut since = None;
        let mut complete = true;
        for account in accounts {
            if since.is_some() && !lock(&self.place.beside).contains(&account) {
                continue;
            }
            match self.ask_as(&account).await {
                Ok((list, started)) => {
                    let news = add(&mut all, list);
                    if since.is_some() && !news {
                        lock(&self.place.beside).remove(&account);
                    }
                    since.get_or_insert(started);
                }
                Err(Asked::Refused) => {}
                Err(silence) if since.is_none() => return silence,
                Err(_) => {
                    complete = false;
                    break;
                }
            }
        }
        let Some(started) = since else { return Asked::Refused };
        self.take_in(all, started, complete).await;
        Asked::Answered
    }

    /// Lists as one account, whose list is all there is where no other account is well.
    async fn list_as(&mut self, account: &AccountKey) -> Asked {
        match self.ask_as(account).await {
            Ok((list, started)) => {
                let alone = !self.accounts.keys().any(|other| other != account && self.is_well(other));
                let known = self.place.inventory();
                let shows =
                    |cluster: &K::Cluster| known.as_ref().is_some_and(|known| known.get(cluster.id()).is_some());
                if !alone && !list.iter().all(shows) {
                    lock(&self.place.beside).insert(account.clone());
                }
                self.take_in(list, started, alone).await;
                self.set_health(account, Health::Well).await;
                Asked::Answered
            }
            Err(asked) => asked,
        }
    }

    /// When the next turn is, after this one.
    fn schedule(&mut self, turn: Asked) {
        let wait = match turn {
            Asked::Answered => {
                self.failures = 0;
                self.interval()
            }
            Asked::Unanswered { retry_after: Some(wait) } => backoff::spread(wait.max(SOON)),
            Asked::Refused | Asked::Unanswered { retry_after: None } => {
                self.failures += 1;
                after(self.failures, self.quiet_interval())
            }
        };
        self.next = Instant::now() + wait;
    }

    /// Asks for the list as one account, and says when. What came of it otherwise is noted.
    async fn ask_as(&mut self, account: &AccountKey) -> Result<(Vec<K::Cluster>, Timestamp), Asked> {
        let Some(enlisted) = self.accounts.get(account).cloned() else {
            return Err(Asked::Refused);
        };
        let started = self.clock.now();
        let answer = enlisted.keyring.list(Priority::Poll).await.map(|by| by.value);
        self.last = Some(Instant::now());
        match answer {
            Ok(answer) => {
                self.in_vain.remove(account);
                if let Some(date) = answer.date {
                    *lock(&self.place.ahead) = date.duration_since(self.clock.now());
                }
                Ok((answer.value, started))
            }
            Err(CloudError::RateLimited { retry_after }) => Err(Asked::Unanswered { retry_after: Some(retry_after) }),
            Err(error) => {
                self.was_asked_in_vain(account, enlisted.poll_interval);
                self.set_health(account, self.diagnose(account, &error, started)).await;
                match error {
                    CloudError::Unauthenticated { .. } | CloudError::Forbidden { .. } | CloudError::NotFound { .. } => {
                        Err(Asked::Refused)
                    }
                    _ => Err(Asked::Unanswered { retry_after: None }),
                }
            }
        }
    }

    fn diagnose(&self, account: &AccountKey, error: &CloudError, now: Timestamp) -> Health {
        match error {
            CloudError::Unauthenticated { message } => Health::Rejected(message.clone()),
            CloudError::Forbidden { message } => Health::Forbidden(message.clone()),
            CloudError::NotFound { message } => Health::NotFound(message.clone()),
            _ => {
                let since = match self.place.health(account) {
                    Health::Unavailable { since, .. } => since,
                    _ => now,
                };
                Health::Unavailable { why: error.to_string(), since }
            }
        }
    }

    async fn set_health(&self, account: &AccountKey, health: Health) {
        let before = lock(&self.place.health).insert(account.clone(), health.clone());
        if before.as_ref() != Some(&health) {
            self.wake.account(account.object()).await;
        }
    }

    /// Between two lists: short while something is in transition, slower with its age.
    fn interval(&self) -> Duration {
        let youngest = self.in_transition.values().map(Instant::elapsed).min();
        match youngest {
            Some(age) if age < SOON_UNTIL => SOON,
            Some(age) if age < LATER_UNTIL => LATER.min(self.quiet_interval()),
            _ => backoff::spread(self.quiet_interval()),
        }
    }

    fn quiet_interval(&self) -> Duration {
        self.accounts.values().map(|enlisted| enlisted.poll_interval).min().unwrap_or(MAX_POLL_INTERVAL)
    }
}

/// How long is waited after so many failures in a row.
fn after(failures: u32, longest: Duration) -> Duration {
    backoff::after(failures).max(SOON).min(longest)
}

/// Adds those that were not shown before, and says whether there were any.
fn add<C: CloudCluster>(all: &mut Vec<C>, more: Vec<C>) -> bool {
    let shown: HashSet<ClusterId> = all.iter().map(|cluster| cluster.id().clone()).collect();
    let before = all.len();
    all.extend(more.into_iter().filter(|cluster| !shown.contains(cluster.id())));
    all.len() > before
}
