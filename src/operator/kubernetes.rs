//! The client of the API server.

use std::sync::Arc;
use std::time::Duration;

use kube::client::ClientBuilder;
use kube::{Client, Config};
use tower::timeout::TimeoutLayer;

use super::requests::Counted;
use crate::controller::Metrics;

/// No request waits longer for the beginning of its answer. A watch begins to answer at once.
const DEADLINE: Duration = Duration::from_secs(30);

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);

/// A client by the usual rules: `KUBECONFIG`, `~/.kube/config`, or the pod's own service account.
pub(crate) async fn client(metrics: Arc<Metrics>) -> Result<Client, String> {
    let mut config = Config::infer()
        .await
        .map_err(|error| format!("No way to the API server is known: {error}. Set KUBECONFIG, or run in a pod."))?;
    // The default repeats any request for over two minutes; what failed is rather decided about anew.
    config.default_retry = false;
    config.connect_timeout = Some(CONNECT);
    let host = config.cluster_url.authority().map(ToString::to_string).unwrap_or_default();
    let builder =
        ClientBuilder::try_from(config).map_err(|error| format!("The kubeconfig cannot be used: {error}."))?;
    Ok(builder.with_layer(&TimeoutLayer::new(DEADLINE)).with_layer(&Counted { metrics, host }).build())
}
