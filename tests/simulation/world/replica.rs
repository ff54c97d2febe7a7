//! Several operators that share one lease.

use std::sync::Arc;
use std::time::Duration;

use clusterwright::clock::Clock;
use clusterwright::controller::{Gate, Metrics, Pulse};
use clusterwright::operator::{Candidacy, Identity, LEASE, OperatorError, Term, run_replica};
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::process::Life;
use super::{OPERATOR, World};

/// How long a lease is good for here, in seconds.
pub(crate) const TERM: u64 = 60;

/// One operator of several.
pub(crate) struct Replica {
    pub(crate) identity: Identity,
    life: Arc<Life>,
    metrics: Arc<Metrics>,
    pulse: Arc<Pulse>,
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<(), OperatorError>>,
}

impl World {
    /// Starts one more operator, in a pod of this name.
    pub(crate) fn replica(&self, pod: &str) -> Replica {
        self.replica_by(pod, self.clock.clone())
    }

    /// The same on a machine whose clock shows another time.
    pub(crate) fn replica_by(&self, pod: &str, clock: Clock) -> Replica {
        self.replica_as(Identity::new(Some(pod.to_owned())), clock)
    }

    /// The same as a part of an installation.
    pub(crate) fn replica_of(&self, installation: &str, pod: &str) -> Replica {
        let identity = Identity::new(Some(pod.to_owned())).in_installation(Some(installation.to_owned()));
        self.replica_as(identity, self.clock.clone())
    }

    fn replica_as(&self, identity: Identity, clock: Clock) -> Replica {
        let life = Life::of(None);
        let (gate, gatekeeper) = Gate::shut();
        let config = clusterwright::controller::Config { clock, ..self.config(&life, gate) };
        let candidacy = Candidacy { identity: identity.clone(), term: Term::seconds(TERM), gatekeeper };
        let (metrics, pulse) = (config.metrics.clone(), config.pulse.clone());
        let (stop, stopping) = watch::channel(false);
        let task = tokio::spawn(run_replica(self.client(&life), config, candidacy, stopping));
        Replica { identity, life, metrics, pulse, stop, task }
    }

    /// The lease's specification.
    pub(crate) fn lease(&self) -> Value {
        self.user().get("Lease", OPERATOR, LEASE).unwrap_or_default()["spec"].clone()
    }

    /// Waits until the lease has another holder than before, or is released, or taken.
    pub(crate) async fn until_lease(&self, seconds: u64, is_so: impl Fn(&Value) -> bool) {
        let patient = self.user().within(Duration::from_secs(seconds));
        patient.wait_for("Lease", OPERATOR, LEASE, |lease| is_so(&lease["spec"])).await;
    }
}

impl Replica {
    /// Whether it says that it leads.
    pub(crate) fn leads(&self) -> bool {
        let told = self.metrics.encode().unwrap();
        let series = |value: u8| format!("leader_election_master_status{{name=\"{LEASE}\"}} {value}\n");
        assert!(told.contains(&series(0)) != told.contains(&series(1)), "{told}");
        told.contains(&series(1))
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.pulse.is_ready()
    }

    /// Whether `holder` is this process.
    pub(crate) fn is(&self, holder: &Value) -> bool {
        holder == self.identity.as_str()
    }

    /// Its writes to the API server, and all that it asked a cloud; what it did about the lease aside.
    pub(crate) fn did(&self) -> Vec<String> {
        self.life.did().into_iter().filter(|request| !request.contains("/leases")).collect()
    }

    /// How often it wrote, or tried to write, the lease.
    pub(crate) fn lease_writes(&self) -> usize {
        self.life.did().iter().filter(|request| request.contains("/leases")).count()
    }

    /// As SIGKILL does.
    pub(crate) fn kill(self) {
        self.life.end();
        self.task.abort();
    }

    /// As SIGTERM does. How it ended comes with the task.
    pub(crate) fn stop(&self) {
        self.stop.send_replace(true);
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.task.is_finished()
    }

    /// Waits for its end.
    pub(crate) async fn ended(self) -> Result<(), OperatorError> {
        self.task.await.unwrap()
    }
}
