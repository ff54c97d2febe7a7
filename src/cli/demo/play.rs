//! The course of the demo, from the first program started to the last one stopped.

use std::path::PathBuf;
use std::time::Duration;

use kube::api::{ListParams, ObjectList};
use kube::{Resource, ResourceExt};
use serde_json::json;
use tokio::process::Command;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::footprint::Footprint;
use super::invitation::{self, Invitation};
use super::kubernetes::Kubernetes;
use super::process::{Process, Processes};
use super::progress::{self, Row};
use super::samples::Samples;
use super::screen::Screen;
use super::state::State;
use super::{Args, Asked, Cluster, End};
use crate::api::account::CloudAccount;
use crate::api::condition::Condition;
use crate::api::cratedb::CrateDBCluster;
use crate::api::typedb::TypeDBCluster;

/// Between two looks at the objects.
const LOOK: Duration = Duration::from_millis(500);

/// Where the samples expect the simulator.
const USUAL_PORT: u16 = 8090;

/// How long a program that has ended may take to be noticed, when something else fails.
const NOTICE: Duration = Duration::from_secs(1);

/// Environment variables that are not meant for the operator of the demo.
const FOREIGN: [&str; 4] = ["POD_NAME", "POD_NAMESPACE", "CLUSTERWRIGHT_WATCH_NAMESPACES", "CLUSTERWRIGHT_LISTEN"];

/// A demo under way.
pub(super) struct Play {
    args: Args,
    asked: Asked,
    screen: Screen<std::io::Stdout>,
    state: State,
    processes: Processes,
    footprint: Option<Footprint>,
}

impl Play {
    /// Starts nothing yet. `Err` is a sentence.
    pub(super) fn open(args: Args, asked: Asked) -> Result<Self, String> {
        let state = State::open(&args.state)?;
        let screen = Screen::stdout();
        Ok(Self { args, asked, screen, state, processes: Processes::default(), footprint: None })
    }

    /// Plays until everything is ready, and without `--once` until it is asked to stop.
    pub(super) async fn run(&mut self) -> Result<(), End> {
        let mut samples = Samples::read(&self.args.samples)?;
        let kubernetes = self.kubernetes().await?;
        self.prepare(&kubernetes).await?;
        let simulator = self.start_simulator().await?;
        samples.point_to(&simulator);
        self.start_operator(&kubernetes, &simulator)?;
        self.seed(&samples, &simulator).await?;
        self.apply(&samples).await?;
        self.follow(&samples).await?;
        if self.args.once {
            return Ok(());
        }
        self.invite(&kubernetes, &simulator);
        meanwhile(&mut self.processes, &self.asked, std::future::pending()).await
    }

    /// Removes everything, whatever the outcome. `Err` is a sentence that says what could not be removed.
    pub(super) async fn close(mut self, outcome: &Result<(), End>) -> Result<(), String> {
        if let Err(End::Failed(text)) = outcome {
            self.screen.say(&format!("\n{text}\n"));
        }
        self.screen.say("Stopping everything, and removing it …");
        let removed = match self.asked.to_hurry.clone().run_until_cancelled(self.remove_footprint()).await {
            Some(removed) => removed,
            None => Err("Stopped before everything was removed.".to_owned()),
        };
        self.processes.stop().await;
        let failed = matches!(outcome, Err(End::Failed(_)));
        let operator_log = self.state.log("operator");
        self.state.remove(failed).map_err(|error| format!("The demo's folder cannot be removed: {error}."))?;
        if failed && operator_log.exists() {
            self.screen.say(&format!("The logs stay beside {}.", operator_log.display()));
        }
        removed.map_err(|sentence| {
            let commands = self.footprint.as_ref().map(Footprint::left_over).unwrap_or_default();
            self.screen.say(&format!("{sentence}\nTo remove the rest by hand:\n{commands}"));
            sentence
        })
    }

    /// A control plane of our own goes with everything in it; in somebody's cluster what was created is deleted.
    async fn remove_footprint(&mut self) -> Result<(), String> {
        if self.args.cluster.is_none() {
            return Ok(());
        }
        let Some(footprint) = &mut self.footprint else { return Ok(()) };
        footprint.remove_manifests(self.processes.operator_runs()).await?;
        self.processes.stop_operator().await;
        footprint.remove_rest().await
    }

    async fn kubernetes(&mut self) -> Result<Kubernetes, End> {
        if self.args.cluster == Some(Cluster::Current) {
            let kubernetes = Kubernetes::current().await?;
            self.screen.say(&format!("Using the cluster of the current context, '{}'.", kubernetes.context));
            return Ok(kubernetes);
        }
        let kubeconfig = self.start_control_plane().await?;
        Ok(Kubernetes::of(kubeconfig).await?)
    }

    async fn start_control_plane(&mut self) -> Result<PathBuf, End> {
        let program = &self.args.controlplane;
        if !program.is_file() {
            let sentence = format!("{} is missing. Build it with `make controlplane`.", program.display());
            return Err(End::Failed(sentence));
        }
        self.screen.say("Starting a Kubernetes control plane …");
        let mut command = Command::new(program);
        command.args(["up", "--dir"]).arg(self.state.control_plane());
        let process = Process::start("The control plane", command, self.state.log("controlplane"))?;
        let process = self.processes.control_plane.insert(process);
        let kubeconfig = unless_asked(&self.asked, process.announced("ready ")).await?;
        Ok(PathBuf::from(kubeconfig))
    }

    /// Starts the simulator on its usual port, or where that is taken on another; returns its URL.
    async fn start_simulator(&mut self) -> Result<String, End> {
        let speed = f64::from(self.args.speed);
        let (url, usual) = match self.simulator_on(USUAL_PORT).await {
            Ok(url) => (url, true),
            Err(End::Asked) => return Err(End::Asked),
            // Whatever else is wrong than the port is wrong, and told, the second time as well.
            Err(End::Failed(_)) => (self.simulator_on(0).await?, false),
        };
        self.screen.say(&format!("The simulated cloud is at {url}, {speed} times as fast as the real one."));
        if !usual {
            self.screen.say(&format!("(Port {USUAL_PORT} is taken, so the samples are pointed to that address.)"));
        }
        Ok(url)
    }

    async fn simulator_on(&mut self, port: u16) -> Result<String, End> {
        let (listen, speed) = (format!("127.0.0.1:{port}"), f64::from(self.args.speed).to_string());
        let mut command = clusterwright()?;
        command.args(["simulate", "--listen", &listen, "--speed", &speed]);
        let process = Process::start("The simulator", command, self.state.log("simulator"))?;
        let process = self.processes.simulator.insert(process);
        unless_asked(&self.asked, process.announced("listening on ")).await
    }

    /// Defines the kinds and creates the namespaces.
    async fn prepare(&mut self, kubernetes: &Kubernetes) -> Result<(), End> {
        let client = kubernetes.client.clone();
        let footprint = if self.args.cluster.is_some() {
            let name = format!("clusterwright-demo-{:05x}", rand::random_range(0..0x10_0000));
            let footprint = Footprint::new(client, name.clone(), format!("{name}-operator"));
            let unused = footprint.check_unused(&kubernetes.context);
            meanwhile(&mut self.processes, &self.asked, unused).await?;
            self.screen.say(&format!("Everything goes into the namespaces {name} and {name}-operator."));
            footprint
        } else {
            Footprint::new(client, "default".to_owned(), "clusterwright-system".to_owned())
        };
        let footprint = self.footprint.insert(footprint);
        // Not cut off when asked to stop: what is under way would not be known of when it is time to remove it.
        let laid = footprint.lay().await;
        or_why(&mut self.processes, laid).await?;
        meanwhile(&mut self.processes, &self.asked, footprint.served()).await
    }

    fn start_operator(&mut self, kubernetes: &Kubernetes, simulator: &str) -> Result<(), End> {
        let Some(footprint) = &self.footprint else { return Ok(()) };
        let mut command = clusterwright()?;
        for variable in FOREIGN {
            command.env_remove(variable);
        }
        command
            .args(["run", "--listen", "127.0.0.1:0", "--namespace", &footprint.operator_namespace])
            .args(["--insecure-endpoints", "--allowed-endpoints", simulator])
            .env("NO_PROXY", std::env::var("NO_PROXY").unwrap_or_default() + ",127.0.0.1");
        if let Some(kubeconfig) = &kubernetes.kubeconfig {
            command.env("KUBECONFIG", kubeconfig);
        }
        let log = self.state.log("operator");
        self.screen.say(&format!("The operator's log: {}", log.display()));
        self.screen.say(&format!("The simulator's log: {}", self.state.log("simulator").display()));
        self.processes.operator = Some(Process::start("The operator", command, log)?);
        Ok(())
    }

    /// Makes the clusters that the samples take for granted, as if in the cloud's console.
    async fn seed(&mut self, samples: &Samples, simulator: &str) -> Result<(), End> {
        let url = format!("{simulator}/simulator/clusters");
        let seeding = async {
            let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build()?;
            for seed in samples.seeds() {
                let body = json!({"team": seed.team, "space": seed.space, "id": seed.id});
                client.post(&url).json(&body).send().await?.error_for_status()?;
            }
            Ok(())
        };
        let seeding = async {
            seeding
                .await
                .map_err(|error: reqwest::Error| format!("The simulator does not take an existing cluster: {error}."))
        };
        meanwhile(&mut self.processes, &self.asked, seeding).await
    }

    async fn apply(&mut self, samples: &Samples) -> Result<(), End> {
        let Some(footprint) = &self.footprint else { return Ok(()) };
        let applied = footprint.apply(samples).await;
        or_why(&mut self.processes, applied).await?;
        self.screen.say(&format!("Applied {}:\n", self.args.samples.display()));
        Ok(())
    }

    /// Shows the objects until all are ready.
    async fn follow(&mut self, samples: &Samples) -> Result<(), End> {
        let Some(footprint) = &self.footprint else { return Ok(()) };
        let mut rows: Vec<Row> = samples.watched().into_iter().map(|(kind, name)| Row::new(kind, name)).collect();
        let since = Instant::now();
        let mut tick = interval(LOOK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !progress::all_ready(&rows) {
            let look = async {
                tick.tick().await;
                Ok(look(footprint, &mut rows, since).await)
            };
            // Where the API server does not answer, what was seen last stays; the next look may succeed.
            let _seen = meanwhile(&mut self.processes, &self.asked, look).await?;
            self.screen.show(&rows);
            if self.args.once && since.elapsed() > Duration::from_secs(self.args.timeout) {
                return Err(End::Failed(self.too_late(&rows)));
            }
        }
        Ok(())
    }

    fn too_late(&self, rows: &[Row]) -> String {
        let log = self.processes.operator.as_ref().map(Process::last_words).unwrap_or_default();
        format!("Not everything is ready after {} s.\n{}{log}", self.args.timeout, progress::unready(rows))
    }

    fn invite(&mut self, kubernetes: &Kubernetes, simulator: &str) {
        let Some(footprint) = &self.footprint else { return };
        let invitation = Invitation {
            kubectl: invitation::kubectl(&self.args.controlplane),
            kubeconfig: kubernetes.kubeconfig.as_deref(),
            namespace: &footprint.namespace,
            simulator,
        };
        self.screen.say(&invitation.text());
    }
}

/// This program, to be started once more.
fn clusterwright() -> Result<Command, String> {
    let program = std::env::current_exe().map_err(|error| format!("This program's own file is not known: {error}."))?;
    Ok(Command::new(program))
}

/// Waits for `future`, until somebody asks to stop or a program ends by itself.
async fn meanwhile<T>(
    processes: &mut Processes,
    asked: &Asked,
    future: impl Future<Output = Result<T, String>>,
) -> Result<T, End> {
    let outcome = tokio::select! {
        biased;
        () = asked.to_stop.cancelled() => return Err(End::Asked),
        outcome = future => outcome,
        sentence = processes.any_ended() => return Err(End::Failed(sentence)),
    };
    or_why(processes, outcome).await
}

/// Where something failed because a program has ended, that is what is told.
async fn or_why<T>(processes: &mut Processes, outcome: Result<T, String>) -> Result<T, End> {
    match outcome {
        Ok(value) => Ok(value),
        Err(sentence) => Err(End::Failed(timeout(NOTICE, processes.any_ended()).await.unwrap_or(sentence))),
    }
}

async fn unless_asked<T>(asked: &Asked, future: impl Future<Output = Result<T, String>>) -> Result<T, End> {
    match asked.to_stop.run_until_cancelled(future).await {
        Some(outcome) => Ok(outcome?),
        None => Err(End::Asked),
    }
}

/// Reads the objects' conditions into their rows.
async fn look(footprint: &Footprint, rows: &mut [Row], since: Instant) -> kube::Result<()> {
    let elapsed = since.elapsed();
    let conditions = |account: CloudAccount| account.status.map(|status| status.conditions);
    observe(rows, elapsed, footprint.manifests().list(&ListParams::default()).await?, conditions);
    let conditions = |cluster: TypeDBCluster| cluster.status.map(|status| status.common.conditions);
    observe(rows, elapsed, footprint.manifests().list(&ListParams::default()).await?, conditions);
    let conditions = |cluster: CrateDBCluster| cluster.status.map(|status| status.common.conditions);
    observe(rows, elapsed, footprint.manifests().list(&ListParams::default()).await?, conditions);
    Ok(())
}

fn observe<K: Resource<DynamicType = ()> + Clone>(
    rows: &mut [Row],
    elapsed: Duration,
    objects: ObjectList<K>,
    conditions: impl Fn(K) -> Option<Vec<Condition>>,
) {
    for object in objects {
        let (name, generation) = (object.name_any(), object.meta().generation);
        if let Some(row) = rows.iter_mut().find(|row| row.kind == K::kind(&()) && row.name == name) {
            row.observe(&conditions(object).unwrap_or_default(), generation, elapsed);
        }
    }
}
