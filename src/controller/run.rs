//! The controllers, from their watches to their end.

use std::sync::Arc;

use futures::{Stream, StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::Secret;
use kube::runtime::controller::{self, Action, Controller};
use kube::runtime::reflector::{self, ObjectRef};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_stream::wrappers::ReceiverStream;

use super::clouds::{self, Managed};
use super::metrics::Metrics;
use super::records::RECORD_LABEL;
use super::wake::Wake;
use super::watches::{self, Listed, watch_in};
use super::{Context, Gate, Pulse, Stores, accounts, cluster, janitor, orphans, standby};
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

/// Runs the controllers of every cloud until `stop` turns true and what is in flight has ended. It returns as well when one
/// of them ends by itself.
pub async fn run(client: Client, config: Config, stop: watch::Receiver<bool>) {
    let mut tasks = JoinSet::new();
    clouds::start(&client, &config, &stop, &mut tasks);
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

/// Starts everything that looks after one kind of cluster: its manifests, the accounts of its cloud, its records.
pub(super) fn start<K: Managed>(
    client: &Client,
    config: &Config,
    stop: &watch::Receiver<bool>,
    tasks: &mut JoinSet<()>,
) {
    let (wake, woken) = Wake::channel();
    let (manifests, manifest_writer) = reflector::store::<K>();
    let (account_objects, account_writer) = reflector::store::<CloudAccount>();
    let (secrets, secret_writer) = reflector::store::<Secret>();
    let (manifests_listed, note_manifests) = Listed::pair();
    let (accounts_listed, note_accounts) = Listed::pair();
    let stores = Stores { manifests, account_objects, manifests_listed, accounts_listed };
    let ctx = Arc::new(Context::<K>::new(client, config, wake, stores.clone()));
    let stopped = || {
        let mut stop = stop.clone();
        // A sender that is gone means the same as its last word would.
        async move { drop(stop.wait_for(|stop| *stop).await) }
    };
    let settings = || controller::Config::default().concurrency(CONCURRENCY);

    let stream = watch_in::<K>(client, &config.watch_namespaces)
        .modify(lighten)
        .inspect_ok(wake_heirs(&ctx))
        .reflect(manifest_writer)
        .inspect_ok(note_manifests);
    let changes = standby::changes(untroubled(stream), stores.manifests.clone(), config.gate.clone());
    let clusters = Controller::for_stream(changes, stores.manifests)
        .with_config(settings())
        .reconcile_on(standby::from_then_on(ReceiverStream::new(woken.clusters), config.gate.clone()))
        .graceful_shutdown_on(stopped())
        .run(cluster::reconcile, |_, _, _| retry(), Arc::clone(&ctx));

    let stream = watch_in::<CloudAccount>(client, &config.watch_namespaces)
        .modify(lighten)
        .reflect(account_writer)
        .inspect_ok(note_accounts);
    let changes = standby::changes(untroubled(stream), stores.account_objects.clone(), config.gate.clone());
    let accounts = Controller::for_stream(changes, stores.account_objects)
        .with_config(settings())
        .reconcile_on(standby::from_then_on(ReceiverStream::new(woken.accounts), config.gate.clone()))
        .graceful_shutdown_on(stopped())
        .run(
            accounts::reconcile,
            |_, error, _| {
                tracing::warn!(%error, "an account is looked at again later");
                retry()
            },
            Arc::clone(&ctx),
        );

    let api = Api::<Secret>::namespaced(client.clone(), &config.operator_namespace);
    let of_records = watches::config().labels(&format!("{RECORD_LABEL}={}", K::NAME));
    let records = Arc::clone(&ctx.records);
    let stream = watcher(api, of_records)
        .default_backoff()
        .inspect_ok(move |event| records.watched(event))
        .modify(|secret| {
            // What is in them is known by now, and a second copy of every password helps nobody.
            secret.data = None;
            lighten(secret);
        })
        .reflect(secret_writer);
    let changes = standby::changes(untroubled(stream), secrets.clone(), config.gate.clone());
    let orphans = Controller::for_stream(changes, secrets)
        .with_config(settings())
        .reconcile_on(standby::from_then_on(ReceiverStream::new(woken.records), config.gate.clone()))
        .graceful_shutdown_on(stopped())
        .run(orphans::reconcile, |_, _, _| retry(), Arc::clone(&ctx));

    tasks.spawn(drain(K::NAME, clusters));
    tasks.spawn(drain("cloudaccount", accounts));
    tasks.spawn(drain("record", orphans));
    tasks.spawn(janitor::run(ctx, config.pulse.another(), stop.clone()));
}

/// When a manifest goes, those that wait for its cluster decide anew.
fn wake_heirs<K: Managed>(ctx: &Arc<Context<K>>) -> impl FnMut(&watcher::Event<K>) + Send + 'static {
    let ctx = Arc::clone(ctx);
    move |event| {
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
fn untroubled<K>(
    stream: impl Stream<Item = watcher::Result<watcher::Event<K>>> + Send + 'static,
) -> impl Stream<Item = watcher::Result<watcher::Event<K>>> + Send + 'static
where
    K: kube::Resource + Send + 'static,
    K::DynamicType: Default,
{
    stream.filter(|item| {
        if let Err(error) = item {
            let kind = K::kind(&K::DynamicType::default()).into_owned();
            tracing::warn!(kind, %error, "a watch has broken and is made anew");
        }
        std::future::ready(item.is_ok())
    })
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
