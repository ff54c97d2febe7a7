//! The operator as a process, from its first look at the API server to its orderly end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use kube::Client;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::lease::{Identity, Loss, Term};
use super::replica::{self, Candidacy};
use super::{health, kubernetes, lease, permissions, preflight};
use crate::clock::Clock;
use crate::cloud::endpoint::EndpointPolicy;
use crate::cloud::transport::{HttpTransport, Transport};
use crate::controller::{Config, Gate, Metrics, Pulse, TransportFactory};

/// What the operator is started with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where records are kept; the pod's own namespace when absent.
    pub namespace: Option<String>,
    /// The namespaces that are looked after; all, where none is named.
    pub watch_namespaces: Vec<String>,
    /// The namespace of a former operator, whose manifests are looked after from now on.
    pub take_over_from: Option<String>,
    /// Where health and metrics are served.
    pub listen: SocketAddr,
    /// The servers that may be spoken to.
    pub policy: EndpointPolicy,
    /// The name of the pod, where this runs in one.
    pub pod: Option<String>,
    /// What the replicas of this installation have in common, where another one may be in the same namespace.
    pub installation: Option<String>,
    /// How long the lease is good for by which replicas agree on who leads.
    pub term: Term,
}

/// Why the operator ended. The text is a sentence.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// Something that only a person can put right is missing.
    #[error("{0}")]
    CannotStart(String),
    /// A part ended that should not have.
    #[error("{0} has ended by itself, so the operator ends as well.")]
    PartEnded(&'static str),
    /// Another replica leads, or may.
    #[error("{0} This process ends, so that no two lead at a time.")]
    LeadershipLost(#[from] Loss),
}

/// Runs until SIGTERM or SIGINT, or until a part of it fails.
pub async fn run(settings: Settings) -> Result<(), OperatorError> {
    end_at_a_panic();
    let mut asked_to_stop = std::pin::pin!(
        stop_signal().map_err(|error| OperatorError::CannotStart(format!("No signals can be received: {error}.")))?
    );
    let pulse = Arc::new(Pulse::default());
    let metrics = Metrics::new();
    let listener = health::bind(settings.listen).await.map_err(OperatorError::CannotStart)?;
    let address = listener.local_addr().map_or_else(|_| settings.listen.to_string(), |address| address.to_string());
    tracing::info!(address, "health and metrics are served");
    let mut health = tokio::spawn(health::serve(listener, Arc::clone(&pulse), Arc::clone(&metrics)));
    let (stop, stopping) = watch::channel(false);
    let mut operator = std::pin::pin!(operate(settings, pulse, metrics, stopping));
    tokio::select! {
        result = &mut operator => return result,
        _ = &mut health => return Err(OperatorError::PartEnded("The health port")),
        () = &mut asked_to_stop => {}
    }
    stop.send_replace(true);
    operator.await
}

async fn operate(
    settings: Settings,
    pulse: Arc<Pulse>,
    metrics: Arc<Metrics>,
    mut stopping: watch::Receiver<bool>,
) -> Result<(), OperatorError> {
    let client = kubernetes::client(Arc::clone(&metrics)).await.map_err(OperatorError::CannotStart)?;
    let operator_namespace = preflight::operator_namespace(settings.namespace.clone());
    tokio::select! {
        ready = prepare(&client, &operator_namespace, &settings, &pulse) => ready.map_err(OperatorError::CannotStart)?,
        _ = stopping.wait_for(|stop| *stop) => return Ok(()),
    }
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        namespace = operator_namespace,
        watched =
            if settings.watch_namespaces.is_empty() { "all".to_owned() } else { settings.watch_namespaces.join(",") },
        "the operator starts"
    );
    let (gate, gatekeeper) = Gate::shut();
    let identity = Identity::new(settings.pod).in_installation(settings.installation);
    let candidacy = Candidacy { identity, term: settings.term, gatekeeper };
    let config = Config {
        operator_namespace,
        watch_namespaces: settings.watch_namespaces,
        take_over_from: settings.take_over_from,
        policy: settings.policy,
        transports: transports().map_err(OperatorError::CannotStart)?,
        clock: Clock::system(),
        gate,
        metrics,
        pulse,
    };
    replica::run(client, config, candidacy, stopping).await
}

/// Ends when everything is as it must be before this replica may lead. `Err` is a sentence.
async fn prepare(client: &Client, namespace: &str, settings: &Settings, pulse: &Pulse) -> Result<(), String> {
    permissions::wait(client, namespace, &settings.watch_namespaces, pulse).await;
    preflight::check_namespace(client, namespace).await?;
    preflight::wait_for_definitions(client, pulse).await;
    match settings.take_over_from.as_deref() {
        Some(former) if former == namespace => {
            Err(format!("--take-over-from names {former}, which is this operator's own namespace. Leave the flag out."))
        }
        Some(former) => {
            lease::until_vacant(client, former, settings.term, pulse).await;
            Ok(())
        }
        None => Ok(()),
    }
}

/// One pooled client for every endpoint, and one more for each bundle of certificates.
fn transports() -> Result<TransportFactory, String> {
    let usual: Arc<dyn Transport> = Arc::new(HttpTransport::new(None).map_err(|error| error.to_string())?);
    Ok(Arc::new(move |bundle| match bundle {
        None => Ok(Arc::clone(&usual)),
        Some(bundle) => {
            let transport = HttpTransport::new(Some(bundle)).map_err(|error| error.to_string())?;
            Ok(Arc::new(transport) as Arc<dyn Transport>)
        }
    }))
}

/// A panic in any task ends the process: one that goes on without a part of itself would look alive and do nothing.
/// All state is in Kubernetes, so that a new process goes on where this one ended.
fn end_at_a_panic() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        usual(panic);
        std::process::abort();
    }));
}

/// Ends when the process is asked to stop, by SIGINT or SIGTERM. The signals count from the call on.
pub fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
