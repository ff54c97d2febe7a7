//! One replica of the operator: it stands by, leads, and hands over.

use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use tokio::sync::watch;

use super::lease::{Candidate, Identity, Tells, Term};
use super::process::OperatorError;
use crate::controller::{self, Config, Gatekeeper};

/// A write that is in flight when the process is asked to stop has this long; Kubernetes itself kills after 30 s.
const GRACE: Duration = Duration::from_secs(25);

/// Everything else has this long: what is only looked at, or waited for, is the next leader's as well.
const GRACE_WITHOUT_WRITE: Duration = Duration::from_millis(500);

/// As whom a replica stands for election.
#[derive(Clone, Debug)]
pub struct Candidacy {
    pub identity: Identity,
    pub term: Term,
    /// Opens the gate of the controllers' configuration.
    pub gatekeeper: Gatekeeper,
}

/// Runs until `stop` turns true and the lease is handed over, or until the leadership is lost.
///
/// The controllers start at once: while the replica stands by they watch, and do nothing else. Leadership is never had twice
/// by one process: whoever loses it ends, since nothing that it knows or is about to do can be trusted any more.
pub async fn run(
    client: Client,
    config: Config,
    candidacy: Candidacy,
    stop: watch::Receiver<bool>,
) -> Result<(), OperatorError> {
    let Candidacy { identity, term, gatekeeper } = candidacy;
    let tells =
        Tells { gatekeeper: gatekeeper.clone(), metrics: Arc::clone(&config.metrics), beat: config.pulse.another() };
    let clock = config.clock.clone();
    let mut candidate = Candidate::new(client.clone(), &config.operator_namespace, identity, term, clock, tells);
    let ended = lead(&mut candidate, &gatekeeper, controller::run(client, config, stop.clone()), stop).await;
    if !matches!(ended, Err(OperatorError::LeadershipLost(_))) {
        candidate.release().await;
    }
    ended
}

/// Until this returns, the lease is renewed; when it has returned, nothing is written any more.
async fn lead(
    candidate: &mut Candidate,
    gatekeeper: &Gatekeeper,
    controllers: impl Future<Output = ()>,
    mut stop: watch::Receiver<bool>,
) -> Result<(), OperatorError> {
    let mut leadership = std::pin::pin!(candidate.run());
    let mut controllers = std::pin::pin!(controllers);
    tokio::select! {
        // The controllers end as well when they are asked to stop. A sender that is gone means the same as its last word.
        biased;
        _ = stop.wait_for(|stop| *stop) => {}
        loss = &mut leadership => return Err(loss.into()),
        () = &mut controllers => return Err(OperatorError::PartEnded("The controllers' task")),
    }
    tracing::info!("asked to stop: finishing what is in flight");
    gatekeeper.close();
    tokio::select! {
        loss = leadership => Err(loss.into()),
        () = wind_up(gatekeeper, controllers) => Ok(()),
    }
}

/// Waits until the controllers have ended, as long as there is something to wait for.
async fn wind_up(gatekeeper: &Gatekeeper, controllers: impl Future<Output = ()>) {
    let mut controllers = std::pin::pin!(controllers);
    let writes = tokio::time::timeout(GRACE, gatekeeper.all_ended());
    tokio::select! {
        () = &mut controllers => return,
        ended = writes => if ended.is_err() {
            // It stands announced in its record, so that the next leader finds out what came of it.
            tracing::warn!("a write that was still in flight after {} s is abandoned", GRACE.as_secs());
            return;
        }
    }
    if tokio::time::timeout(GRACE_WITHOUT_WRITE, controllers).await.is_err() {
        tracing::info!("what was looked at or waited for is left to the next leader");
    }
}
