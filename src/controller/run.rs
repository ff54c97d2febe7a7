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

use super::accounts::Accounts;
use super::events::Events;
use super::locations::Locations;
use super::memory::Memories;
use super::metrics::Metrics;
use super::records::{RECORD_LABEL, Records};
use super::wake::Wake;
use super::watches::{self, Listed, watch_in};
use super::{Context, Gate, Pulse, accounts, cluster, janitor, orphans};
use crate::api::account::CloudAccount;
use crate::api::typedb::TypeDBCluster;
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
#[expect(missing_debug_implementations, reason = "a function has nothing to show")]
pub struct Config {
    /// Where the records are.
    pub operator_namespace: String,
    /// The namespaces whose manifests are looked after; all, where none is named.
    pub watch_namespaces: Vec<String>,
    pub policy: EndpointPolicy,
    pub transports: TransportFactory,
    pub clock: Clock,
    pub gate: Gate,
    pub metrics: Arc<Metrics>,
    pub pulse: Arc<Pulse>,
}

/// Runs the controllers until `stop` turns true and what is in flight has ended. It returns as well when one of them ends by itself.
pub async fn run(client: Client, config: Config, stop: watch::Receiver<bool>) {
    let Config { operator_namespace, watch_namespaces, policy, transports, clock, gate, metrics, pulse } = config;
    let (wake, woken) = Wake::channel();
    let records = Arc::new(Records::new(client.clone(), &operator_namespace));
    let (manifests, manifest_writer) = reflector::store::<TypeDBCluster>();
    let (account_objects, account_writer) = reflector::store::<CloudAccount>();
    let (secrets, secret_writer) = reflector::store::<Secret>();
    let (manifests_listed, note_manifests) = Listed::pair();
    let (accounts_listed, note_accounts) = Listed::pair();
    let ctx = Arc::new(Context {
        locations: Locations::new(clock.clone(), wake.clone(), manifests.clone(), Arc::clone(&records)),
        events: Events::new(client.clone(), clock.clone()),
        client: client.clone(),
        clock,
        operator_namespace: operator_namespace.clone(),
        watched_namespaces: watch_namespaces.clone(),
        policy,
        transports,
        gate,
        metrics,
        records: Arc::clone(&records),
        accounts: Accounts::default(),
        memories: Memories::default(),
        wake,
        claiming: tokio::sync::Mutex::default(),
        manifests: manifests.clone(),
        account_objects: account_objects.clone(),
        manifests_listed,
        accounts_listed,
    });

    let stopped = |mut stop: watch::Receiver<bool>| async move {
        // A sender that is gone means the same as its last word would.
        stop.wait_for(|stop| *stop).await.ok();
    };
    let settings = || controller::Config::default().concurrency(CONCURRENCY);

    let stream = watch_in::<TypeDBCluster>(&client, &watch_namespaces)
        .modify(lighten)
        .inspect_ok(wake_heirs(&ctx))
        .reflect(manifest_writer)
        .inspect_ok(note_manifests);
    let clusters = Controller::for_stream(untroubled(stream.applied_objects()), manifests)
        .with_config(settings())
        .reconcile_on(ReceiverStream::new(woken.clusters))
        .graceful_shutdown_on(stopped(stop.clone()))
        .run(cluster::reconcile, |_, _, _| retry(), Arc::clone(&ctx));

    let stream = watch_in::<CloudAccount>(&client, &watch_namespaces)
        .modify(lighten)
        .reflect(account_writer)
        .inspect_ok(note_accounts);
    let accounts = Controller::for_stream(untroubled(stream.applied_objects()), account_objects)
        .with_config(settings())
        .reconcile_on(ReceiverStream::new(woken.accounts))
        .graceful_shutdown_on(stopped(stop.clone()))
        .run(
            accounts::reconcile,
            |_, error, _| {
                tracing::warn!(%error, "an account is looked at again later");
                retry()
            },
            Arc::clone(&ctx),
        );

    let api = Api::<Secret>::namespaced(client, &operator_namespace);
    let of_records = watches::config().labels(&format!("{RECORD_LABEL}=true"));
    let stream = watcher(api, of_records)
        .default_backoff()
        .inspect_ok(move |event| records.watched(event))
        .reflect(secret_writer);
    let orphans = Controller::for_stream(untroubled(stream.applied_objects()), secrets)
        .with_config(settings())
        .reconcile_on(ReceiverStream::new(woken.records))
        .graceful_shutdown_on(stopped(stop.clone()))
        .run(orphans::reconcile, |_, _, _| retry(), Arc::clone(&ctx));

    let mut tasks = JoinSet::new();
    tasks.spawn(drain("typedbcluster", clusters));
    tasks.spawn(drain("cloudaccount", accounts));
    tasks.spawn(drain("record", orphans));
    tasks.spawn(janitor::run(ctx, pulse, stop.clone()));
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

/// When a manifest goes, those that wait for its cluster decide anew.
fn wake_heirs(ctx: &Arc<Context>) -> impl FnMut(&watcher::Event<TypeDBCluster>) + Send + 'static {
    let ctx = Arc::clone(ctx);
    move |event| {
        if let watcher::Event::Delete(gone) = event
            && let Some(id) = gone.status.as_ref().and_then(|status| status.common.external_id.clone())
        {
            let ctx = Arc::clone(&ctx);
            tokio::spawn(async move { ctx.wake.concerned(&ctx.manifests, &[id].into()).await });
        }
    }
}

/// A watch that breaks is made anew by itself. Its errors are logged here, for in a controller they would hold up every
/// other trigger as well.
fn untroubled<K>(
    stream: impl Stream<Item = Result<K, watcher::Error>> + Send + 'static,
) -> impl Stream<Item = Result<K, watcher::Error>> + Send + 'static
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
