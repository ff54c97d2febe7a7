//! The controllers, from their watches to their end.

use std::sync::Arc;

use futures::{Stream, StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::Secret;
use kube::runtime::controller::{self, Action, Controller};
use kube::runtime::reflector::{self, ObjectRef, ReflectHandle, Store};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_stream::wrappers::ReceiverStream;

use super::accounts::AccountError;
use super::clouds::{self, Managed};
use super::locations::AccountKey;
use super::metrics::Metrics;
use super::records::RECORD_LABEL;
use super::wake::Wake;
use super::watches::{self, Listed, Unseen, watch_in};
use super::{Context, Gate, Pulse, Stores, accounts, cluster, fleet, janitor, orphans, standby, told};
use crate::api::account::CloudAccount;
use crate::api::identity::Handle;
use crate::clock::Clock;
use crate::cloud::endpoint::EndpointPolicy;
use crate::cloud::transport::Transport;

/// Makes the transport for an endpoint with these certificates besides the platform's. `Err` is a sentence.
pub type TransportFactory = Arc<dyn Fn(Option<&[u8]>) -> Result<Arc<dyn Transport>, String> + Send + Sync>;

/// How many manifests are reconciled at once.
///
/// Most of them wait for a permit; what limits the requests is each location's budget.
const CONCURRENCY: u16 = 256;

/// What the controllers need from outside.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "a function has nothing to show")]
pub struct Config {
    /// Where the records are.
    pub operator_namespace: String,
    /// The namespace of a former operator, whose manifests are looked after from now on.
    pub take_over_from: Option<String>,
    /// The namespaces whose manifests are looked after; all, where none is named.
    pub watch_namespaces: Vec<String>,
    pub policy: EndpointPolicy,
    pub transports: TransportFactory,
    pub clock: Clock,
    /// Until it is opened, what there is is watched, and nothing else is done.
    pub gate: Gate,
    pub metrics: Arc<Metrics>,
    pub pulse: Arc<Pulse>,
}

/// What every kind's controllers are started with.
pub(super) struct Surroundings {
    client: Client,
    config: Config,
    accounts: Accounts,
    stop: watch::Receiver<bool>,
}

/// The accounts of all clouds, which are watched once.
struct Accounts {
    objects: ReflectHandle<CloudAccount>,
    listed: Listed,
}

/// How many accounts the watch may be ahead of the slowest of those who follow it.
const ACCOUNTS_AHEAD: usize = 64;

/// Runs the controllers of every cloud until `stop` turns true and what is in flight has ended. It returns as well when one
/// of them ends by itself.
pub async fn run(client: Client, config: Config, stop: watch::Receiver<bool>) {
    let mut tasks = JoinSet::new();
    let accounts = watch_accounts(&client, &config, &stop, &mut tasks);
    // A follower that is never polled would hold up the watch, so that this one goes when the others have been made.
    clouds::start(&Surroundings { client, config, accounts, stop: stop.clone() }, &mut tasks);
    // One that ends takes the others along: a process without one of its parts must not linger. On a stop all of them end.
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            tracing::error!(%error, "a part of the operator has failed");
            break;
        }
        if !*stop.borrow() {
            break;
        }
    }
}

fn watch_accounts(client: &Client, config: &Config, stop: &watch::Receiver<bool>, tasks: &mut JoinSet<()>) -> Accounts {
    let (_, writer) = reflector::store_shared(ACCOUNTS_AHEAD);
    #[expect(clippy::expect_used, reason = "a store that was made to be shared can be subscribed to")]
    let objects = writer.subscribe().expect("a shared store");
    let (listed, note) = Listed::pair();
    let stream = watch_in(client, &config.watch_namespaces, &Unseen::default())
        .modify(lighten)
        .reflect_shared(writer)
        .inspect_ok(note);
    let stream = untroubled::<CloudAccount, _>(stream).take_until(stopped(stop));
    tasks.spawn(stream.for_each(|_| std::future::ready(())));
    Accounts { objects, listed }
}

/// Starts everything that looks after one kind of cluster: its manifests, the accounts of its cloud, its records.
pub(super) fn start<K: Managed>(around: &Surroundings, tasks: &mut JoinSet<()>) {
    let Surroundings { client, config, accounts, stop } = around;
    let (wake, woken) = Wake::channel();
    let (manifests, writer) = reflector::store::<K>();
    let (manifests_listed, note_manifests) = Listed::pair();
    let stores = Stores {
        manifests: manifests.clone(),
        account_objects: accounts.objects.reader(),
        manifests_listed,
        unseen: Unseen::default(),
        accounts_listed: accounts.listed.clone(),
    };
    let unseen = stores.unseen.clone();
    let ctx = Arc::new(Context::<K>::new(client, config, wake, stores));
    fleet::show(&ctx);
    for controller in [K::NAME, "cloudaccount", "record"] {
        config.metrics.controller(controller, CONCURRENCY);
    }

    let stream = watch_in::<K>(client, &config.watch_namespaces, &unseen)
        .modify(lighten)
        .inspect_ok(wake_heirs(&ctx))
        .reflect(writer)
        .inspect_ok(note_manifests);
    let gate = || config.gate.clone();
    let changes = standby::changes(untroubled(stream), manifests.clone(), gate());
    let clusters = Controller::for_stream(changes, manifests)
        .with_config(settings())
        .reconcile_on(standby::from_then_on(ReceiverStream::new(woken.clusters), gate(), Vec::new))
        .graceful_shutdown_on(stopped(stop))
        .run(cluster::reconcile, |_, _, _| retry(), Arc::clone(&ctx));

    let known = accounts.objects.reader();
    let changes = standby::from_then_on(accounts.objects.clone(), gate(), move || known.state());
    let accounts = Controller::for_shared_stream(changes, accounts.objects.reader())
        .with_config(settings())
        .reconcile_on(standby::from_then_on(ReceiverStream::new(woken.accounts), gate(), Vec::new))
        .graceful_shutdown_on(stopped(stop))
        .run(accounts::reconcile, |_, error, _| retry_account(error), Arc::clone(&ctx));

    let (secrets, stream) = watch_records(client, config, &ctx);
    let orphans = Controller::for_stream(stream, secrets)
        .with_config(settings())
        .reconcile_on(standby::from_then_on(ReceiverStream::new(woken.records), gate(), Vec::new))
        .graceful_shutdown_on(stopped(stop))
        .run(orphans::reconcile, |_, _, _| retry(), Arc::clone(&ctx));

    tasks.spawn(drain(K::NAME, clusters));
    tasks.spawn(drain("cloudaccount", accounts));
    tasks.spawn(drain("record", orphans));
    tasks.spawn(janitor::run(ctx, config.pulse.another(), stop.clone()));
}

/// The records of one kind. What is in them goes to [`super::records::Records`]; a second copy of every password would help
/// nobody.
fn watch_records<K: Managed>(
    client: &Client,
    config: &Config,
    ctx: &Context<K>,
) -> (Store<Secret>, impl Stream<Item = watcher::Result<Secret>> + Send + use<K>) {
    let (secrets, writer) = reflector::store();
    let api = Api::<Secret>::namespaced(client.clone(), &config.operator_namespace);
    let of_records = watches::config().labels(&format!("{RECORD_LABEL}={}", K::NAME));
    let records = Arc::clone(&ctx.records);
    let stream = watcher(api, of_records)
        .default_backoff()
        .inspect_ok(move |event| records.watched(event))
        .modify(|secret: &mut Secret| {
            secret.data = None;
            lighten(secret);
        })
        .reflect(writer);
    let changes = standby::changes(untroubled(stream), secrets.clone(), config.gate.clone());
    (secrets, changes)
}

fn settings() -> controller::Config {
    controller::Config::default().concurrency(CONCURRENCY)
}

/// Waits for the stop. A sender that is gone means the same as its last word would.
fn stopped(stop: &watch::Receiver<bool>) -> impl Future<Output = ()> + Send + use<> {
    let mut stop = stop.clone();
    async move { drop(stop.wait_for(|stop| *stop).await) }
}

/// When a manifest goes, those that wait for its cluster decide anew.
fn wake_heirs<K: Managed>(ctx: &Arc<Context<K>>) -> impl FnMut(&watcher::Event<K>) + Send + 'static {
    let ctx = Arc::clone(ctx);
    move |event| {
        if let watcher::Event::Delete(gone) = event {
            // It may have kept its account from going.
            ctx.wake.account_soon(AccountKey::of(gone).object());
        }
        if let watcher::Event::Delete(gone) = event
            && let Some(id) = gone.status().and_then(|status| K::common_status(status).external_id.clone())
        {
            let ctx = Arc::clone(&ctx);
            tokio::spawn(async move { ctx.wake.concerned(&ctx.stores.manifests, &[Handle::Id(id)].into()).await });
        }
    }
}

/// A watch that breaks is made anew by itself. Its errors are logged here, for in a controller they would hold up every
/// other trigger as well.
fn untroubled<K, S>(stream: S) -> impl Stream<Item = watcher::Result<watcher::Event<K>>> + Send + use<K, S>
where
    S: Stream<Item = watcher::Result<watcher::Event<K>>> + Send,
    K: kube::Resource<DynamicType: Default> + Send,
{
    let mut said = String::new();
    stream.filter(move |event| {
        if let Err(error) = event {
            let kind = K::kind(&K::DynamicType::default()).into_owned();
            let error = words(error);
            if error == said {
                tracing::debug!(kind, error, "a watch has broken once more");
            } else {
                tracing::warn!(kind, error, "a watch has broken and is made anew");
                said = error;
            }
        } else if !matches!(event, Ok(watcher::Event::Init)) {
            // The beginning of an attempt is no success yet.
            said.clear();
        }
        std::future::ready(event.is_ok())
    })
}

fn words(error: &watcher::Error) -> String {
    match error {
        watcher::Error::InitialListFailed(error)
        | watcher::Error::WatchStartFailed(error)
        | watcher::Error::WatchFailed(error) => told(error),
        other => other.to_string(),
    }
}

fn retry_account(error: &AccountError) -> Action {
    tracing::warn!(%error, "an account is looked at again later");
    retry()
}

fn retry() -> Action {
    Action::requeue(super::backoff::spread(std::time::Duration::from_secs(10)))
}

/// Who wrote which field is of no use here, and often the largest part of an object.
fn lighten<K: kube::ResourceExt>(object: &mut K) {
    object.managed_fields_mut().clear();
}

/// Polls a controller to its end, and logs what it says.
async fn drain<K: kube::Resource, E: std::fmt::Display, S>(name: &'static str, stream: S)
where
    S: Stream<Item = Result<(ObjectRef<K>, Action), E>>,
    K::DynamicType: Eq + std::hash::Hash + Clone,
{
    let mut stream = std::pin::pin!(stream);
    while let Some(result) = stream.next().await {
        if let Err(error) = result {
            // An object that is gone by the time of its turn is no news; a watch that broke is made anew.
            tracing::debug!(controller = name, %error, "said the controller");
        }
    }
}
