//! One test's world: namespaces, a simulator and an operator of its own.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::marker::PhantomData;
use std::path::PathBuf;

use clusterwright::api::account::CloudAccount;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::Client;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::support::control_plane::client_of;

use super::{
    Connected, ControlPlane, Operator, Proxy, Simulator, Tested, account, condition, eventually, leaks, stands,
};

/// So many worlds live at a time: each has two processes, and machines are small.
static WORLDS: Semaphore = Semaphore::const_new(5);

/// A world of one kind of cluster. [`WorldOf::finish`] ends it, and finds leaked secrets.
pub(crate) struct WorldOf<K: Tested> {
    pub(crate) namespace: String,
    pub(crate) operator_namespace: String,
    pub(crate) kube: Client,
    pub(crate) cloud: Simulator,
    pub(crate) proxy: Proxy,
    pub(crate) operator: Option<Operator>,
    pub(crate) log: PathBuf,
    pub(crate) control_plane: &'static ControlPlane,
    /// Namespaces that the operator looks after besides.
    others: Vec<String>,
    token: String,
    secrets: RefCell<BTreeSet<String>>,
    finished: Cell<bool>,
    _place: SemaphorePermit<'static>,
    _kind: PhantomData<K>,
}

impl<K: Tested> WorldOf<K> {
    /// A world with a running operator and the kind's account, which has all rights.
    pub(crate) async fn new(name: &str) -> Self {
        let mut world = Self::without_operator(name).await;
        world.start_operator();
        world.connect().await;
        world
    }

    /// Applies the kind's account, and what it needs.
    pub(crate) async fn connect(&self) {
        self.credentials(&format!("{}-cloud", K::ACCOUNT), "simulator", "simulator-secret").await;
        self.account(K::ACCOUNT, json!({})).await;
    }

    /// A world in which nothing runs but the simulator.
    pub(crate) async fn without_operator(name: &str) -> Self {
        Self::on(ControlPlane::shared().await, name).await
    }

    /// The same on another control plane.
    pub(crate) async fn on(control_plane: &'static ControlPlane, name: &str) -> Self {
        let place = WORLDS.acquire().await.expect("it is never closed");
        let kube = control_plane.client().await;
        let operator_namespace = format!("{name}-operator");
        create_namespace(&kube, name).await;
        create_namespace(&kube, &operator_namespace).await;
        let objects = account::objects(&operator_namespace, name);
        let token = account::token(control_plane, &operator_namespace, &objects).await;
        let proxy = Proxy::start(client_of(control_plane.kubeconfig_as(&token)).await).await;
        let log = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("e2e-{name}.log"));
        fs::write(&log, "").expect("an empty log");
        Self {
            namespace: name.to_owned(),
            operator_namespace,
            kube,
            cloud: Simulator::start(),
            proxy,
            operator: None,
            log,
            control_plane,
            others: Vec::new(),
            token,
            secrets: RefCell::default(),
            finished: Cell::new(false),
            _place: place,
            _kind: PhantomData,
        }
    }

    /// Starts the operator for this world, or starts it again.
    pub(crate) fn start_operator(&mut self) {
        self.start_operator_with(&["--insecure-endpoints", "--allowed-endpoints", &self.cloud.url.clone()]);
    }

    /// The same with other flags.
    pub(crate) fn start_operator_with(&mut self, flags: &[&str]) {
        let kubeconfig = self.log.with_extension("kubeconfig");
        fs::write(&kubeconfig, self.proxy.kubeconfig()).expect("a kubeconfig");
        let watched = [std::slice::from_ref(&self.namespace), &self.others].concat().join(",");
        let own = ["--namespace", &self.operator_namespace, "--watch-namespaces", &watched];
        let arguments: Vec<String> = own.iter().chain(flags).map(|&argument| argument.to_owned()).collect();
        self.operator = Some(Operator::start(&Connected { kubeconfig }, &self.log, &arguments));
    }

    /// Makes a second namespace that an operator looks after from its next start on.
    pub(crate) async fn watch_too(&mut self, namespace: &str) {
        create_namespace(&self.kube, namespace).await;
        let objects = account::objects_of_two(&self.operator_namespace, &self.namespace, namespace);
        account::apply(&self.kube, &objects).await;
        self.others.push(namespace.to_owned());
    }

    /// The way to the API server of an operator in another namespace that takes over from this world's.
    pub(crate) async fn heir(&self, operator_namespace: &str) -> Proxy {
        create_namespace(&self.kube, operator_namespace).await;
        let objects = account::heirs_objects(operator_namespace, &self.namespace, &self.operator_namespace);
        let token = account::token(self.control_plane, operator_namespace, &objects).await;
        Proxy::start(client_of(self.control_plane.kubeconfig_as(&token)).await).await
    }

    pub(crate) async fn kill_operator(&mut self) {
        self.operator.take().expect("a running operator").kill().await;
    }

    /// Makes the namespace again that was deleted, and gives the operator its permissions there, as an upgrade does.
    pub(crate) async fn make_namespace_again(&self) {
        create_namespace(&self.kube, &self.namespace).await;
        account::apply(&self.kube, &account::objects(&self.operator_namespace, &self.namespace)).await;
    }

    /// A kubeconfig of the operator's account that leads straight to the API server.
    pub(crate) fn own_kubeconfig(&self) -> PathBuf {
        let path = self.log.with_extension("own.kubeconfig");
        let kubeconfig = self.control_plane.kubeconfig_as(&self.token);
        fs::write(&path, serde_saphyr::to_string(&kubeconfig).expect("YAML")).expect("a kubeconfig");
        path
    }

    pub(crate) fn clusters(&self) -> Api<K> {
        Api::namespaced(self.kube.clone(), &self.namespace)
    }

    pub(crate) fn accounts(&self) -> Api<CloudAccount> {
        Api::namespaced(self.kube.clone(), &self.namespace)
    }

    pub(crate) fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.kube.clone(), &self.namespace)
    }

    /// The operator's records of clusters that have not come to their end.
    pub(crate) async fn records(&self) -> Vec<Secret> {
        let api = Api::<Secret>::namespaced(self.kube.clone(), &self.operator_namespace);
        let labelled = ListParams::default().labels("clusterwright.dev/record");
        let records = api.list(&labelled).await.expect("the records").items;
        records.into_iter().filter(|secret| !is_tombstone(secret)).collect()
    }

    /// Applies a Secret whose values are secret from here on.
    pub(crate) async fn secret(&self, name: &str, values: &[(&str, &str)]) {
        let data: BTreeMap<&str, &str> = values.iter().copied().collect();
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": data});
        self.secrets().patch(name, &apply(), &Patch::Apply(secret)).await.expect("a Secret");
    }

    /// The same with a password, which must appear nowhere else.
    pub(crate) async fn password(&self, name: &str, password: &str) {
        self.secret(name, &[("password", password)]).await;
        self.secrets.borrow_mut().insert(password.to_owned());
    }

    /// The same with the credentials of an account.
    pub(crate) async fn credentials(&self, name: &str, id: &str, secret: &str) {
        self.secret(name, &[("id", id), ("secret", secret)]).await;
        self.secrets.borrow_mut().insert(secret.to_owned());
    }

    /// Applies an account of this world's simulator, with changes to its specification.
    pub(crate) async fn account(&self, name: &str, changes: Value) {
        let spec = json!({
            "credentials": [{"secretRef": {"name": format!("{}-cloud", K::ACCOUNT)}}],
            "pollIntervalSeconds": 10,
            "requestsPerMinute": 6000,
        });
        let spec = super::with(super::with(spec, K::location(&self.cloud.url)), changes);
        let account = json!({"apiVersion": "clusterwright.dev/v1alpha1", "kind": "CloudAccount",
            "metadata": {"name": name}, "spec": spec});
        self.accounts().patch(name, &apply(), &Patch::Apply(account)).await.expect("an account");
    }

    /// Applies a manifest; afterwards it has exactly this specification.
    pub(crate) async fn apply(&self, name: &str, spec: Value) -> K {
        self.try_apply(name, spec).await.unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) async fn try_apply(&self, name: &str, spec: Value) -> kube::Result<K> {
        let manifest = json!({"apiVersion": "clusterwright.dev/v1alpha1", "kind": K::kind(&()),
            "metadata": {"name": name}, "spec": spec});
        self.clusters().patch(name, &apply(), &Patch::Apply(manifest)).await
    }

    /// Edits a manifest, null removes.
    pub(crate) async fn edit(&self, name: &str, changes: Value) -> K {
        let patch = Patch::Merge(changes);
        self.clusters()
            .patch(name, &PatchParams::default(), &patch)
            .await
            .unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) async fn annotate(&self, name: &str, annotation: &str, value: Option<&str>) {
        let key = format!("clusterwright.dev/{annotation}");
        self.edit(name, json!({"metadata": {"annotations": {key: value}}})).await;
    }

    pub(crate) async fn cluster(&self, name: &str) -> K {
        self.clusters().get(name).await.unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Waits until a manifest is as `check` wants it.
    pub(crate) async fn until<T>(&self, name: &str, what: &str, check: impl Fn(&K) -> Result<T, String>) -> T {
        eventually(&format!("{name} {what}"), async || check(&self.cluster(name).await)).await
    }

    /// Waits until a manifest stands for `reason`; its message.
    pub(crate) async fn until_stands(&self, name: &str, reason: &str) -> String {
        self.until(name, &format!("stands for {reason}"), |manifest| stands(manifest, reason)).await
    }

    /// Waits until a manifest is Ready in its present generation, and its connection Secret is told.
    pub(crate) async fn until_ready(&self, name: &str) -> K {
        self.until(name, "is Ready", |manifest| {
            stands(manifest, "Running")?;
            let status = K::common_status(manifest.status().ok_or("no status")?);
            let bound = status.binding.is_some() && status.external_id.is_some();
            if bound { Ok(manifest.clone()) } else { Err("its connection Secret is not told yet".to_owned()) }
        })
        .await
    }

    /// Waits until an account stands for `reason`; its message.
    pub(crate) async fn until_account(&self, name: &str, reason: &str) -> String {
        eventually(&format!("account {name} stands for {reason}"), async || {
            let account = self.accounts().get(name).await.map_err(|error| error.to_string())?;
            let conditions = account.status.clone().unwrap_or_default().conditions;
            let ready = conditions.iter().find(|condition| condition.type_ == "Ready").ok_or("no condition Ready")?;
            if ready.reason == reason {
                Ok(ready.message.clone())
            } else {
                Err(format!("{}: {}", ready.reason, ready.message))
            }
        })
        .await
    }

    /// Asks for a manifest's end.
    pub(crate) async fn delete(&self, name: &str) {
        self.clusters().delete(name, &DeleteParams::default()).await.unwrap_or_else(|error| panic!("{name}: {error}"));
    }

    pub(crate) async fn until_gone(&self, name: &str) {
        eventually(&format!("{name} is gone"), async || match self.clusters().get_opt(name).await {
            Ok(None) => Ok(()),
            Ok(Some(manifest)) => Err(format!("{:?}", condition(&manifest, "Ready"))),
            Err(error) => Err(error.to_string()),
        })
        .await;
    }

    /// The contents of a Secret; empty where there is none.
    pub(crate) async fn read(&self, name: &str) -> BTreeMap<String, String> {
        let data = self.secrets().get_opt(name).await.expect("an answer").and_then(|secret| secret.data);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        data.unwrap_or_default().into_iter().map(|(key, value)| (key, text(value.0))).collect()
    }

    /// Address and password of a Ready manifest's database, from its connection Secret. The password is proved.
    pub(crate) async fn way_in(&self, name: &str) -> (String, String) {
        let secret = self.read(&format!("{name}-{}", K::BINDING_TYPE)).await;
        let (address, password) = (format!("{}:{}", secret["host"], secret["port"]), secret["password"].clone());
        let opened = K::opens(&self.cloud, &address, &secret["username"], &password).await;
        assert!(opened, "the published password opens the database");
        (address, password)
    }

    pub(crate) async fn kubectl(&self, arguments: &[&str]) -> String {
        self.control_plane.kubectl(&[&["--namespace", &self.namespace], arguments].concat()).await
    }

    /// Where a secret value stands that should not.
    pub(crate) async fn leaks(&self) -> Vec<String> {
        let writes = self.proxy.writes();
        let mut values = self.secrets.borrow().clone();
        values.extend(leaks::written_values(&writes));
        // A secret as short as a word of the language would be found anywhere.
        values.retain(|value| value.len() > 8);
        let printed = fs::read(&self.log).expect("the log");
        let mut places = vec![("the log".to_owned(), String::from_utf8_lossy(&printed).into_owned())];
        let outside = writes.iter().filter(|write| !write.path.contains("/secrets"));
        places.extend(outside.map(|write| (write.path.clone(), String::from_utf8_lossy(&write.body).into_owned())));
        places.extend(leaks::objects(&self.kube, &[self.namespace.clone(), self.operator_namespace.clone()]).await);
        if let Some(operator) = &self.operator {
            places.push(("/metrics".to_owned(), operator.until("/metrics", 200).await));
        }
        places.iter().filter_map(|(place, text)| leaks::find(place, text, &values)).collect()
    }

    /// Ends the world. No secret value may have got out, and nothing may have panicked.
    pub(crate) async fn finish(self) {
        assert_eq!(self.leaks().await, Vec::<String>::new());
        let printed = fs::read_to_string(&self.log).expect("the log");
        assert!(!printed.contains("panicked at"), "{printed}");
        self.finished.set(true);
    }

    /// Ends a world that holds secrets where they do not belong on purpose.
    pub(crate) fn abandon(self) {
        self.finished.set(true);
    }
}

impl<K: Tested> Drop for WorldOf<K> {
    /// Shows what there is to see of a failure.
    fn drop(&mut self) {
        if self.finished.get() {
            return;
        }
        assert!(std::thread::panicking(), "finish was not called, which looks for leaked secrets");
        let printed = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = printed.lines().filter(|line| !line.contains("\"DEBUG\"")).collect();
        let tail = lines[lines.len().saturating_sub(60)..].join("\n");
        let all = ["--namespace", &self.namespace, "get", "clusterwright", "--output", "yaml"];
        let objects = self.control_plane.kubectl_command(&all).output().map(|output| output.stdout).unwrap_or_default();
        let objects = String::from_utf8_lossy(&objects);
        eprintln!(
            "--- the operator in {} (all of it in {}):\n{tail}\n--- objects:\n{objects}",
            self.namespace,
            self.log.display()
        );
    }
}

async fn create_namespace(kube: &Client, name: &str) {
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    let api = Api::<Namespace>::all(kube.clone());
    api.patch(name, &apply(), &Patch::Apply(namespace)).await.expect("a namespace");
}

/// Whose fields these are, and that they are taken from whomever else.
/// Whether a record says that its cluster has come to its end.
fn is_tombstone(secret: &Secret) -> bool {
    let record = secret.data.as_ref().and_then(|data| data.get("record")).expect("a record");
    !serde_json::from_slice::<Value>(&record.0).expect("JSON")["ended"].is_null()
}

fn apply() -> PatchParams {
    PatchParams::apply("tests").force()
}
