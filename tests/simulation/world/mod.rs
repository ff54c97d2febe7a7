//! A whole world in one process: an API server, a cloud, the real controller, and a ledger that nothing escapes.

pub(crate) mod cratedb;
pub(crate) mod ledger;
pub(crate) mod manifests;
mod process;
pub(crate) mod replica;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use clusterwright::clock::Clock;
use clusterwright::cloud::endpoint::EndpointPolicy;
use clusterwright::cloud::transport::{Limits, Transport as _};
use clusterwright::controller::{Config, Gate, Gatekeeper, Metrics, Pulse, run};
use clusterwright::simulator::typedb::{ClusterName, ClusterView};
use clusterwright::simulator::{Fault, RequestRow, Settings, Simulator};
use http::Request;
use jiff::Timestamp;
use kube::Client;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::apiserver::{ApiServer, User};
use crate::in_process::InProcess;
use ledger::Ledger;
use manifests::{HERE, account, credentials};
use process::{Life, ToCloud, ToKubernetes};

/// Where the operator keeps its records.
pub(crate) const OPERATOR: &str = "clusterwright-system";

/// Longer than any story.
const FOR_EVER: Duration = Duration::from_secs(10 * 366 * 24 * 3600);

/// The cloud that a world is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Vendor {
    TypeDb,
    CrateDb,
}

impl Vendor {
    /// The kind of its clusters' manifests.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::TypeDb => "TypeDBCluster",
            Self::CrateDb => "CrateDBCluster",
        }
    }

    fn account(self, namespace: &str) -> Value {
        match self {
            Self::TypeDb => account(namespace),
            Self::CrateDb => cratedb::account(namespace),
        }
    }

    /// What the names of connection Secrets end in.
    fn suffix(self) -> &'static str {
        match self {
            Self::TypeDb => "typedb",
            Self::CrateDb => "cratedb",
        }
    }
}

/// Everything there is.
pub(crate) struct World {
    vendor: Vendor,
    pub(crate) clock: Clock,
    pub(crate) api: ApiServer,
    pub(crate) cloud: Simulator,
    pub(crate) ledger: Arc<Ledger>,
    /// The namespace of a former operator, from which the next one takes over.
    pub(crate) take_over_from: Option<String>,
    /// The namespaces that the next operator looks after; all, where none is named.
    pub(crate) watched: Vec<String>,
    process: Option<Process>,
}

/// The operator while it runs.
struct Process {
    life: Arc<Life>,
    task: JoinHandle<()>,
    _stop: watch::Sender<bool>,
    _gatekeeper: Gatekeeper,
}

impl World {
    /// A world with an account in the namespace `default`, and no operator yet.
    pub(crate) fn asleep() -> Self {
        Self::with(Settings::default())
    }

    pub(crate) fn with(settings: Settings) -> Self {
        Self::of(Vendor::TypeDb, settings)
    }

    /// The same with a cloud of this vendor.
    pub(crate) fn of(vendor: Vendor, settings: Settings) -> Self {
        Self::at("2026-01-01T00:00:00Z".parse().unwrap(), vendor, settings)
    }

    /// The same that begins at this moment.
    pub(crate) fn at(beginning: Timestamp, vendor: Vendor, settings: Settings) -> Self {
        let clock = Clock::anchored(beginning);
        let api = ApiServer::new(clock.clone());
        let cloud = Simulator::new(Settings { clock: clock.clone(), ..settings });
        let ledger = Arc::new(Ledger::new(api.clone(), cloud.clone(), clock.clone()));
        let world =
            Self { vendor, clock, api, cloud, ledger, take_over_from: None, watched: Vec::new(), process: None };
        world.user().create_namespace(OPERATOR);
        world.open_account(HERE);
        world
    }

    /// The same with an operator at work.
    pub(crate) fn awake() -> Self {
        let mut world = Self::asleep();
        world.start();
        world
    }

    /// Puts account and credentials into a namespace.
    pub(crate) fn open_account(&self, namespace: &str) {
        self.user().create(credentials(namespace, "simulator-secret"));
        self.user().create(self.vendor.account(namespace));
    }

    /// The kind of the clusters' manifests.
    pub(crate) fn kind(&self) -> &'static str {
        self.vendor.kind()
    }

    pub(crate) fn user(&self) -> User {
        self.api.user()
    }

    /// Starts an operator in the place of the one before, which ends at once, in the middle of whatever it does.
    pub(crate) fn start(&mut self) {
        self.start_until(None);
    }

    /// The same with one that ends by itself when its requests have passed this often.
    pub(crate) fn start_until(&mut self, passes: Option<usize>) {
        self.crash();
        let life = Life::of(passes);
        // Alone, as if its lease were good for ever: who leads is told in the scenarios of replicas.
        let (gate, gatekeeper) = Gate::shut();
        gatekeeper.open_until(Instant::now() + FOR_EVER);
        let (stop, stopped) = watch::channel(false);
        let config = Config { take_over_from: self.take_over_from.clone(), ..self.config(&life, gate) };
        let task = tokio::spawn(run(self.client(&life), config, stopped));
        self.process = Some(Process { life, task, _stop: stop, _gatekeeper: gatekeeper });
    }

    /// The way of one process to the API server.
    fn client(&self, life: &Arc<Life>) -> Client {
        let (server, life, ledger) = (self.api.clone(), life.clone(), self.ledger.clone());
        Client::new(ToKubernetes { server, life, ledger }, HERE)
    }

    /// What the controllers of one process are started with.
    fn config(&self, life: &Arc<Life>, gate: Gate) -> Config {
        let cloud = InProcess::new(self.cloud.router());
        let cloud = ToCloud { cloud, life: life.clone(), ledger: self.ledger.clone() };
        Config {
            operator_namespace: OPERATOR.into(),
            take_over_from: None,
            watch_namespaces: self.watched.clone(),
            policy: EndpointPolicy::new(&[], false, &["typedb.com".into(), "cratedb.net".into()]).unwrap(),
            transports: Arc::new(move |_| Ok(Arc::new(cloud.clone()))),
            clock: self.clock.clone(),
            gate,
            metrics: Metrics::new(),
            pulse: Arc::new(Pulse::default()),
        }
    }

    /// Ends the operator at once.
    pub(crate) fn crash(&mut self) {
        if let Some(process) = self.process.take() {
            process.life.end();
            process.task.abort();
        }
    }

    /// From now on the operator does not die by itself any more; where it has, another starts.
    pub(crate) fn stay_alive(&mut self) {
        match &self.process {
            Some(process) if !process.life.is_over() => process.life.spare(),
            _ => self.start(),
        }
    }

    /// From now on the operator dies by itself when its requests have passed this often.
    pub(crate) fn die_after(&self, passes: usize) {
        self.process.as_ref().unwrap().life.limit(passes);
    }

    /// Waits until the operator has died by itself.
    pub(crate) async fn death(&self) {
        self.process.as_ref().unwrap().life.death().await;
    }

    /// How often the requests of this operator have passed.
    pub(crate) fn passed(&self) -> usize {
        self.process.as_ref().unwrap().life.passed()
    }

    /// Lets time pass.
    pub(crate) async fn pass(&self, seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        self.ledger.check();
    }

    /// Applies a manifest.
    pub(crate) fn apply(&self, manifest: &Value) {
        self.ledger.changes(manifest);
        self.user().apply(manifest);
    }

    /// Edits a cluster's manifest.
    pub(crate) fn edit(&self, namespace: &str, name: &str, patch: &Value) {
        self.about_to_change(namespace, name);
        self.user().merge(self.vendor.kind(), namespace, name, patch);
    }

    /// Deletes a cluster's manifest.
    pub(crate) fn delete(&self, namespace: &str, name: &str) {
        self.about_to_change(namespace, name);
        self.user().delete(self.vendor.kind(), namespace, name);
    }

    fn about_to_change(&self, namespace: &str, name: &str) {
        let kind = self.vendor.kind();
        self.ledger.changes(&json!({"kind": kind, "metadata": {"namespace": namespace, "name": name}}));
    }

    /// Sets an annotation of a cluster's manifest.
    pub(crate) fn annotate(&self, namespace: &str, name: &str, annotation: &str, value: &Value) {
        self.edit(namespace, name, &json!({"metadata": {"annotations": {annotation: value}}}));
    }

    /// A cluster's manifest as it is.
    pub(crate) fn manifest(&self, namespace: &str, name: &str) -> Option<Value> {
        self.user().get(self.vendor.kind(), namespace, name)
    }

    /// Waits until a cluster's manifest is Ready, in its present generation.
    pub(crate) async fn ready(&self, name: &str) -> Value {
        self.ready_in(HERE, name).await
    }

    pub(crate) async fn ready_in(&self, namespace: &str, name: &str) -> Value {
        self.until(namespace, name, 3600, is_ready).await
    }

    /// Waits until the manifest's Ready has this reason, in its present generation.
    pub(crate) async fn reason(&self, name: &str, reason: &str, seconds: u64) -> Value {
        self.until(HERE, name, seconds, |manifest| reason_of(manifest) == reason && is_current(manifest)).await
    }

    /// Waits until a cluster's manifest is as it should be.
    pub(crate) async fn until(
        &self,
        namespace: &str,
        name: &str,
        seconds: u64,
        is_so: impl Fn(&Value) -> bool,
    ) -> Value {
        let patient = self.user().within(Duration::from_secs(seconds));
        let manifest = patient.wait_for(self.vendor.kind(), namespace, name, is_so).await;
        self.ledger.check();
        manifest
    }

    /// Waits until a cluster's manifest is gone.
    pub(crate) async fn gone(&self, name: &str) {
        self.user().wait_gone(self.vendor.kind(), HERE, name).await;
        self.ledger.check();
    }

    /// The reason of the manifest's Ready.
    pub(crate) fn reason_now(&self, name: &str) -> String {
        reason_of(&self.manifest(HERE, name).unwrap_or_default()).to_owned()
    }

    /// Everything that lives in the cloud.
    pub(crate) fn clusters(&self) -> Vec<ClusterView> {
        self.cloud.clusters()
    }

    /// The name by which people know the cluster of this id.
    pub(crate) fn cluster_name(&self, id: &str) -> String {
        let named = self.cloud.cratedb().clusters().into_iter().find(|view| view.cluster.id.as_str() == id);
        named.map_or_else(|| id.to_owned(), |view| view.cluster.name)
    }

    /// The requests to the cloud so far that are so.
    pub(crate) fn asked(&self, is_so: impl Fn(&RequestRow) -> bool) -> Vec<RequestRow> {
        self.cloud.requests().log.into_iter().filter(is_so).collect()
    }

    /// The deploys that were sent so far.
    pub(crate) fn deploys(&self) -> Vec<RequestRow> {
        self.asked(|row| row.path.ends_with("/deploy"))
    }

    pub(crate) fn fault(&self, fault: Fault) {
        self.cloud.fault(fault);
    }

    /// A value in a Secret.
    pub(crate) fn secret(&self, namespace: &str, name: &str, key: &str) -> Option<String> {
        ledger::text(&self.user().get("Secret", namespace, name)?, key)
    }

    /// The password that the connection Secret of a cluster publishes.
    pub(crate) fn published(&self, name: &str) -> Option<String> {
        self.secret(HERE, &format!("{name}-{}", self.vendor.suffix()), "password")
    }

    /// Whether a password opens a cluster.
    pub(crate) async fn opens(&self, id: &str, password: &str) -> bool {
        let request = match self.vendor {
            Vendor::TypeDb => {
                let clusters = self.clusters();
                let view = clusters.iter().find(|view| view.cluster.id.as_str() == id).unwrap();
                let body = json!({"username": "admin", "password": password});
                Request::post(format!("https://{}/v1/signin", view.addresses[0])).body(body)
            }
            Vendor::CrateDb => {
                let clusters = self.cloud.cratedb().clusters();
                let view = clusters.iter().find(|view| view.cluster.id.as_str() == id).unwrap();
                let user = view.cluster.username.as_deref().unwrap();
                let pair = STANDARD.encode(format!("{user}:{password}"));
                let request = Request::post(format!("https://{}/_sql", view.address));
                request.header("authorization", format!("Basic {pair}")).body(json!({"stmt": "SELECT 1"}))
            }
        };
        let request = request.unwrap().map(|body| Bytes::from(body.to_string()));
        let limits = Limits { deadline: Duration::from_secs(30), max_body: 10_000 };
        let answer = InProcess::new(self.cloud.router()).send(request, limits).await.unwrap();
        answer.status().is_success()
    }

    /// No project was created twice.
    pub(crate) async fn check_projects(&self) {
        let pair = STANDARD.encode("simulator-standby:simulator-standby-secret");
        let request = Request::get("https://console.cratedb.cloud/api/v2/projects/");
        let request = request.header("authorization", format!("Basic {pair}")).body(Bytes::new()).unwrap();
        let limits = Limits { deadline: Duration::from_secs(30), max_body: 100_000 };
        let answer = InProcess::new(self.cloud.router()).send(request, limits).await.unwrap();
        let projects: Vec<Value> = serde_json::from_slice(answer.body()).unwrap();
        let names: BTreeSet<&str> = projects.iter().filter_map(|project| project["name"].as_str()).collect();
        assert_eq!(names.len(), projects.len(), "{projects:#?}");
    }

    /// Holds the world against every rule that must hold at rest: call it when no fault is left to strike.
    pub(crate) async fn audit(&self) {
        self.ledger.check();
        self.ledger.check_claims();
        if self.vendor == Vendor::CrateDb {
            self.check_projects().await;
        }
        for (id, passwords) in self.ledger.ways_in() {
            let mut opened = false;
            for password in &passwords {
                opened |= self.opens(&id, password).await;
            }
            assert!(opened, "none of the {} recorded passwords opens cluster {id}", passwords.len());
        }
    }
}

/// The cluster of this id in the simulator's space `default`.
pub(crate) fn in_space(id: &str) -> ClusterName {
    ClusterName::new("acme", "default", id)
}

/// A condition of an object.
pub(crate) fn condition<'a>(object: &'a Value, kind: &str) -> &'a Value {
    let conditions = object["status"]["conditions"].as_array().map_or(&[][..], Vec::as_slice);
    conditions.iter().find(|condition| condition["type"] == kind).unwrap_or(&Value::Null)
}

/// The reason of an object's Ready.
pub(crate) fn reason_of(object: &Value) -> &str {
    condition(object, "Ready")["reason"].as_str().unwrap_or_default()
}

/// Whether the status speaks of the present generation.
pub(crate) fn is_current(object: &Value) -> bool {
    object["status"]["observedGeneration"] == object["metadata"]["generation"]
}

/// Whether an object is Ready, in its present generation.
pub(crate) fn is_ready(object: &Value) -> bool {
    condition(object, "Ready")["status"] == "True" && is_current(object)
}

/// Runs a world on virtual time that starts at once.
pub(crate) fn on_virtual_time<T>(story: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(story)
}
