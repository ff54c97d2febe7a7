//! `clusterwright run`: the operator.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

use super::endpoints::Endpoints;
use super::given;
use crate::operator::{self, OperatorError, Settings, Term};

const DEFAULT_LISTEN: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 8080));

/// Keeps the managed clusters of a Kubernetes cluster in the state that their manifests describe
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The operator's own namespace, where its records are kept; the pod's own, or clusterwright-system, when omitted
    #[arg(long, env = "POD_NAMESPACE")]
    namespace: Option<String>,

    /// The namespaces whose manifests are looked after, separated by commas; all when omitted
    #[arg(long, env = "CLUSTERWRIGHT_WATCH_NAMESPACES", value_delimiter = ',')]
    watch_namespaces: Vec<String>,

    /// The namespace of a former operator that is gone for good, whose manifests are taken over; its records stay there
    ///
    /// Whose status names that namespace is looked after from now on. Of what the former operator knew there is only what the
    /// status says: each database is adopted by the id in it, and its password is the one that the connection Secret or the
    /// manifest gives, if it opens the database. While the former operator still holds its lease, this one waits.
    #[arg(long, env = "CLUSTERWRIGHT_TAKE_OVER_FROM", value_name = "NAMESPACE")]
    take_over_from: Option<String>,

    /// Where /healthz, /readyz and /metrics are served
    #[arg(long, env = "CLUSTERWRIGHT_LISTEN", default_value_t = DEFAULT_LISTEN, value_name = "ADDRESS")]
    listen: SocketAddr,

    #[command(flatten)]
    endpoints: Endpoints,

    /// The domains under which databases are spoken to, separated by commas
    #[arg(
        long,
        env = "CLUSTERWRIGHT_DATA_PLANE_DOMAINS",
        value_delimiter = ',',
        default_value = "typedb.com,cratedb.net,cratedb.cloud",
        value_name = "DOMAIN"
    )]
    data_plane_domains: Vec<String>,

    /// The pod's name: a replica that is started again in the same pod leads again at once
    #[arg(long, env = "POD_NAME")]
    pod_name: Option<String>,

    /// The name of this installation: where one of another name works in the same namespace, this one does nothing and says so
    #[arg(long, env = "CLUSTERWRIGHT_INSTALLATION", value_name = "NAME")]
    installation: Option<String>,

    /// For how long the leader's lease is good when it is not renewed, in seconds: so long nobody leads after the leader was
    /// killed, and nearly as long a leader outlives an API server that does not answer
    #[arg(
        long,
        env = "CLUSTERWRIGHT_LEASE_DURATION_SECONDS",
        default_value_t = Term::USUAL.as_secs(),
        value_parser = clap::value_parser!(u64).range(Term::SHORTEST.as_secs()..=Term::LONGEST.as_secs()),
        value_name = "SECONDS"
    )]
    lease_duration_seconds: u64,
}

/// Runs until it is asked to stop.
pub async fn run(args: Args) -> Result<(), OperatorError> {
    let policy = args.endpoints.policy(&given(args.data_plane_domains)).map_err(OperatorError::CannotStart)?;
    operator::run(Settings {
        namespace: args.namespace,
        watch_namespaces: given(args.watch_namespaces),
        take_over_from: args.take_over_from.filter(|namespace| !namespace.is_empty()),
        listen: args.listen,
        policy,
        pod: args.pod_name,
        installation: args.installation,
        term: Term::seconds(args.lease_duration_seconds),
    })
    .await
}
