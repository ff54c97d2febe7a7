//! The Kubernetes cluster that the demo plays in.

use std::path::PathBuf;
use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

/// No request to the API server takes longer.
const DEADLINE: Duration = Duration::from_secs(30);

/// A cluster and the way to it.
pub(super) struct Kubernetes {
    pub(super) client: Client,
    /// The context's name.
    pub(super) context: String,
    /// The file that names it; none: whatever kubectl takes without being told.
    pub(super) kubeconfig: Option<PathBuf>,
}

impl Kubernetes {
    /// The cluster that a file's current context names; `Err` is a sentence.
    pub(super) async fn of(kubeconfig: PathBuf) -> Result<Self, String> {
        let read = Kubeconfig::read_from(&kubeconfig)
            .map_err(|error| format!("The kubeconfig {} cannot be read: {error}.", kubeconfig.display()))?;
        Ok(Self { kubeconfig: Some(kubeconfig), ..Self::connect(read).await? })
    }

    /// The cluster of the current context, as kubectl finds it; `Err` is a sentence.
    pub(super) async fn current() -> Result<Self, String> {
        let read = Kubeconfig::read().map_err(|error| {
            format!("There is no current context: {error}. Set KUBECONFIG, or leave out CLUSTER=current.")
        })?;
        Self::connect(read).await
    }

    async fn connect(kubeconfig: Kubeconfig) -> Result<Self, String> {
        let context = kubeconfig.current_context.clone().unwrap_or_default();
        let unusable = |error: &dyn std::fmt::Display| format!("The context '{context}' cannot be used: {error}.");
        let options = KubeConfigOptions::default();
        let mut config =
            Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(|error| unusable(&error))?;
        config.default_retry = false;
        config.connect_timeout = Some(DEADLINE);
        config.read_timeout = Some(DEADLINE);
        let client = Client::try_from(config).map_err(|error| unusable(&error))?;
        Ok(Self { client, context, kubeconfig: None })
    }
}

/// An API server's own words where it has answered.
pub(super) fn told(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => status.message.clone(),
        other => other.to_string(),
    }
}
