//! `clusterwright demo`: the operator, the simulator and a Kubernetes control plane, to be tried without an account.

mod footprint;
mod invitation;
mod kubernetes;
mod play;
mod process;
mod progress;
mod samples;
mod screen;
mod state;

use std::path::PathBuf;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::simulator::Speed;

/// Shows the operator at work on samples, in a simulated cloud
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Uses a Kubernetes cluster that there is, instead of a control plane of its own
    #[arg(long, value_enum)]
    cluster: Option<Cluster>,

    /// Ends once every sample is ready
    #[arg(long)]
    once: bool,

    /// With --once, how long the samples may take before it fails
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    timeout: u64,

    /// The manifests that are applied
    #[arg(long, value_name = "FOLDER", default_value = "deploy/samples")]
    samples: PathBuf,

    /// The control plane that is started, as `make controlplane` builds it
    #[arg(long, value_name = "PROGRAM", default_value = "target/controlplane/controlplane")]
    controlplane: PathBuf,

    /// Where the logs and the control plane's data are kept meanwhile
    #[arg(long, value_name = "FOLDER", default_value = "target/demo")]
    state: PathBuf,

    /// How much faster than in reality clusters start, stop and change
    #[arg(long, value_name = "FACTOR", default_value = "60")]
    speed: Speed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Cluster {
    /// The one that the kubeconfig's current context names
    Current,
}

/// Why the demo does not go on.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// Somebody asked for it.
    Asked,
    /// A sentence that says what went wrong.
    Failed(String),
}

impl From<String> for End {
    fn from(sentence: String) -> Self {
        Self::Failed(sentence)
    }
}

/// Runs until everything is ready (`--once`), or until it is asked to stop, and leaves nothing behind.
///
/// # Errors
/// A sentence that says what went wrong. The demo itself has shown it in full.
pub async fn run(args: Args) -> Result<(), String> {
    let asked = Asked::listen()?;
    let once = args.once;
    let mut play = play::Play::open(args, asked)?;
    let outcome = play.run().await;
    play.close(&outcome).await?;
    match outcome {
        Err(End::Failed(text)) => Err(text.lines().next().unwrap_or_default().to_owned()),
        Err(End::Asked) if once => Err("Stopped before every sample was ready.".to_owned()),
        Ok(()) | Err(End::Asked) => Ok(()),
    }
}

/// What Ctrl-C, SIGTERM and SIGHUP ask for.
#[derive(Clone, Debug, Default)]
struct Asked {
    /// To stop, and to remove what was created.
    to_stop: CancellationToken,
    /// Asked once more: not to wait for that.
    to_hurry: CancellationToken,
}

impl Asked {
    fn listen() -> Result<Self, String> {
        let listen = |kind| signal(kind).map_err(|error| format!("No signals can be received: {error}."));
        let mut interrupt = listen(SignalKind::interrupt())?;
        let mut terminate = listen(SignalKind::terminate())?;
        let mut hangup = listen(SignalKind::hangup())?;
        let asked = Self::default();
        let tokens = [asked.to_stop.clone(), asked.to_hurry.clone()];
        tokio::spawn(async move {
            for token in tokens {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                    _ = hangup.recv() => {}
                }
                token.cancel();
            }
        });
        Ok(asked)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        args: Args,
    }

    #[test]
    fn without_flags_it_starts_a_control_plane_and_stays() {
        let Command { args } = Command::parse_from(["demo"]);
        assert_eq!((args.cluster, args.once, args.samples), (None, false, PathBuf::from("deploy/samples")));
    }

    #[test]
    fn the_only_cluster_to_name_is_the_current_one() {
        let Command { args } = Command::parse_from(["demo", "--cluster", "current", "--once"]);
        assert_eq!((args.cluster, args.once), (Some(Cluster::Current), true));
        let error = Command::try_parse_from(["demo", "--cluster", "production"]).unwrap_err();
        assert!(error.to_string().contains("[possible values: current]"), "{error}");
    }
}
