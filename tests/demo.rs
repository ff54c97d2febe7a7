//! `clusterwright demo`, with the real control plane.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy knows test functions, not the helpers that they share"
)]

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

/// Nothing here takes a quarter of this on a machine that is not busy.
const DEADLINE: Duration = Duration::from_secs(180);

/// A control plane takes half a gigabyte, so there are few demos at a time.
static STAGES: Semaphore = Semaphore::const_new(3);

fn control_plane() -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/controlplane/controlplane");
    assert!(path.is_file(), "{} is missing: run `make controlplane`", path.display());
    path
}

/// A folder that is removed with everything in it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("clusterwright-demo-test-{:x}", rand::random::<u64>()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn state(&self) -> PathBuf {
        self.0.join("state")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

fn demo(folder: &Folder, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clusterwright"));
    command.args(["demo", "--controlplane"]).arg(control_plane());
    command.arg("--state").arg(folder.state()).args(arguments);
    command.env_remove("KUBECONFIG").env_remove("KUBEBUILDER_ASSETS").stdin(Stdio::null()).kill_on_drop(true);
    command
}

async fn output(mut command: Command) -> (Output, String) {
    let output = timeout(DEADLINE, command.output()).await.expect("the demo ends in time").unwrap();
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    (output, text)
}

/// A demo that stays, and what it prints.
struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    printed: String,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines, printed: String::new() }
    }

    /// Reads until a line contains `text`, or to the end.
    async fn read_until(&mut self, text: &str) {
        let read = async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                self.note(&line);
                if line.contains(text) {
                    return;
                }
            }
        };
        timeout(DEADLINE, read).await.expect("the demo goes on");
        assert!(self.printed.contains(text), "{}", self.printed);
    }

    fn note(&mut self, line: &str) {
        self.printed.push_str(line);
        self.printed.push('\n');
    }

    async fn interrupt(&self) {
        let id = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().await.unwrap().success());
    }

    async fn kill_operator(&self) {
        let operators = self.children("run");
        assert_eq!(operators.len(), 1);
        assert!(Command::new("kill").args(["-KILL", &operators[0]]).status().await.unwrap().success());
    }

    /// The exit code, once everything is printed.
    async fn end(mut self) -> (Option<i32>, String) {
        while let Some(line) = timeout(DEADLINE, self.lines.next_line()).await.expect("the demo ends").unwrap() {
            self.note(&line);
        }
        let status = timeout(DEADLINE, self.child.wait()).await.expect("the demo ends").unwrap();
        (status.code(), self.printed)
    }

    /// The ids of its child processes with `argument` on their command line.
    fn children(&self, argument: &str) -> Vec<String> {
        let parent = format!("\nPPid:\t{}\n", self.child.id().unwrap());
        let processes = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
        processes
            .filter(|process| fs::read_to_string(process.join("status")).is_ok_and(|text| text.contains(&parent)))
            .filter(|process| {
                let line = fs::read_to_string(process.join("cmdline")).unwrap_or_default();
                line.split('\0').any(|word| word == argument)
            })
            .map(|process| process.file_name().unwrap().to_string_lossy().into_owned())
            .collect()
    }
}

/// The address behind `http://` in what was printed.
fn simulator(printed: &str) -> &str {
    let start = printed.find("http://").expect("the simulator's address") + "http://".len();
    printed[start..].split([',', '/', ' ']).next().unwrap()
}

async fn stage() -> SemaphorePermit<'static> {
    STAGES.acquire().await.unwrap()
}

#[tokio::test]
async fn once_it_ends_with_every_sample_ready_and_leaves_nothing_behind() {
    let (_stage, folder) = (stage().await, Folder::new());
    let (output, printed) = output(demo(&folder, &["--once"])).await;
    assert!(output.status.success(), "{printed}");
    for sample in [
        "CloudAccount/typedb-simulator",
        "TypeDBCluster/orders",
        "TypeDBCluster/playground",
        "TypeDBCluster/catalog",
        "CloudAccount/cratedb-simulator",
        "CrateDBCluster/analytics",
        "CrateDBCluster/sandbox",
    ] {
        assert!(printed.contains(&format!("✓ {sample} ")), "{sample}: {printed}");
    }
    assert!(!folder.state().exists());
    assert!(TcpStream::connect(simulator(&printed)).await.is_err(), "the simulator still listens");
}

#[tokio::test]
async fn it_stays_until_it_is_interrupted() {
    let (_stage, folder) = (stage().await, Folder::new());
    let mut demo = Running::start(demo(&folder, &[]));
    demo.read_until("Ctrl-C stops everything").await;
    assert_eq!(demo.children("up").len(), 1);
    let kubeconfig = folder.state().join("controlplane/kubeconfig");
    assert!(demo.printed.contains(&format!("export KUBECONFIG={}", kubeconfig.display())), "{}", demo.printed);
    let got = kubectl(&kubeconfig, &["get", "clusterwright", "-o", "name"]).await;
    assert!(got.contains("typedbcluster.clusterwright.dev/orders"), "{got}");

    demo.interrupt().await;
    let (code, printed) = demo.end().await;
    assert_eq!(code, Some(0), "{printed}");
    assert!(!folder.state().exists());
    assert!(TcpStream::connect(simulator(&printed)).await.is_err(), "the simulator still listens");
}

#[tokio::test]
async fn interrupted_while_it_starts_it_leaves_nothing_behind() {
    let (_stage, folder) = (stage().await, Folder::new());
    for moment in ["Starting a Kubernetes control plane", "The simulated cloud is at", "Applied"] {
        let mut demo = Running::start(demo(&folder, &[]));
        demo.read_until(moment).await;
        demo.interrupt().await;
        let (code, printed) = demo.end().await;
        assert_eq!(code, Some(0), "at '{moment}': {printed}");
        assert!(!folder.state().exists(), "at '{moment}'");
    }
}

#[tokio::test]
async fn a_program_that_dies_is_told_with_the_end_of_its_log() {
    let (_stage, folder) = (stage().await, Folder::new());
    let mut demo = Running::start(demo(&folder, &[]));
    demo.read_until("Ctrl-C stops everything").await;
    demo.kill_operator().await;
    let (code, printed) = demo.end().await;
    assert_eq!(code, Some(1), "{printed}");
    assert!(printed.contains("The operator has ended by itself (signal: 9"), "{printed}");
    assert!(printed.contains("The end of its log"), "{printed}");
    assert!(folder.state().join("operator.log").exists(), "the log is worth a look");
}

#[tokio::test]
async fn what_is_missing_or_wrong_is_told() {
    let (_stage, folder) = (stage().await, Folder::new());
    let mut without_assets = demo(&folder, &["--once"]);
    without_assets.env("KUBEBUILDER_ASSETS", folder.0.join("nothing"));
    let (output_, printed) = output(without_assets).await;
    assert_eq!(output_.status.code(), Some(1));
    assert!(printed.contains("KUBEBUILDER_ASSETS names a folder without a program etcd"), "{printed}");

    let (output_, printed) = output(demo(&folder, &["--once", "--samples", "src"])).await;
    assert_eq!(output_.status.code(), Some(1));
    assert!(printed.contains("There are no samples in src."), "{printed}");

    let mut without_cluster = demo(&folder, &["--once", "--cluster", "current"]);
    without_cluster.env("KUBECONFIG", folder.0.join("nothing"));
    let (output_, printed) = output(without_cluster).await;
    assert_eq!(output_.status.code(), Some(1));
    assert!(printed.contains("There is no current context"), "{printed}");
}

#[tokio::test]
async fn a_sample_that_does_not_become_ready_is_told_with_its_reason() {
    let (_stage, folder) = (stage().await, Folder::new());
    let samples = folder.0.join("samples");
    fs::create_dir(&samples).unwrap();
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/samples/typedb");
    fs::copy(committed.join("account.yaml"), samples.join("account.yaml")).unwrap();
    let cluster = fs::read_to_string(committed.join("paid-cluster.yaml")).unwrap();
    fs::write(samples.join("cluster.yaml"), cluster.replace("europe-west2", "atlantis-1")).unwrap();

    let (output, printed) =
        output(demo(&folder, &["--once", "--timeout", "10", "--samples", samples.to_str().unwrap()])).await;
    assert_eq!(output.status.code(), Some(1));
    let (_, reason) = printed.split_once("Not everything is ready after 10 s.").expect(&printed);
    assert!(reason.contains("✗ TypeDBCluster/orders ChangeRefused: "), "{printed}");
    assert!(reason.contains("atlantis-1"), "{printed}");
    assert!(reason.contains("The end of its log"), "{printed}");
}

/// A control plane that the demo does not start. It ends with its standard input.
struct Somebodys {
    _child: Child,
    kubeconfig: PathBuf,
}

impl Somebodys {
    async fn start() -> Self {
        let mut child = Command::new(control_plane())
            .arg("up")
            .env_remove("KUBEBUILDER_ASSETS")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = timeout(DEADLINE, lines.next_line()).await.expect("ready in time").unwrap().unwrap();
        Self { kubeconfig: line.strip_prefix("ready ").unwrap().into(), _child: child }
    }

    async fn everything(&self) -> BTreeSet<String> {
        let names = kubectl(&self.kubeconfig, &["get", "crd,namespace,secret", "-A", "-o", "name"]).await;
        names.lines().map(str::to_owned).collect()
    }

    fn demo(&self, folder: &Folder, arguments: &[&str]) -> Command {
        let mut command = demo(folder, &["--cluster", "current"]);
        command.args(arguments).env("KUBECONFIG", &self.kubeconfig);
        command
    }
}

async fn kubectl(kubeconfig: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(control_plane());
    command.arg("kubectl").args(arguments).env("KUBECONFIG", kubeconfig).stdin(Stdio::null());
    let output = timeout(DEADLINE, command.output()).await.expect("kubectl ends").unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn in_somebodys_cluster_only_what_it_created_is_removed() {
    let (_stage, folder) = (stage().await, Folder::new());
    let cluster = Somebodys::start().await;
    kubectl(&cluster.kubeconfig, &["create", "namespace", "clusterwright-system"]).await;
    let before = cluster.everything().await;

    let (output, printed) = output(cluster.demo(&folder, &["--once"])).await;
    assert!(output.status.success(), "{printed}");
    assert_eq!(cluster.everything().await, before);

    // Everything is there, and not all of it ready, when it is asked to stop.
    let mut demo = Running::start(cluster.demo(&folder, &[]));
    demo.read_until("TypeDBCluster/playground Creating").await;
    demo.interrupt().await;
    let (code, printed) = demo.end().await;
    assert_eq!((code, cluster.everything().await), (Some(0), before.clone()), "{printed}");
    assert!(!folder.state().exists());

    // Nobody takes the finalizer away when the operator is gone.
    let mut demo = Running::start(cluster.demo(&folder, &[]));
    demo.read_until("TypeDBCluster/playground Creating").await;
    demo.kill_operator().await;
    let (code, printed) = demo.end().await;
    assert_eq!((code, cluster.everything().await), (Some(1), before), "{printed}");
}

#[tokio::test]
async fn a_cluster_where_the_kinds_are_defined_is_left_alone() {
    let (_stage, folder) = (stage().await, Folder::new());
    let cluster = Somebodys::start().await;
    let definitions = folder.0.join("crds.yaml");
    let printed = Command::new(env!("CARGO_BIN_EXE_clusterwright")).arg("crds").output().await.unwrap().stdout;
    fs::File::create(&definitions).unwrap().write_all(&printed).unwrap();
    kubectl(&cluster.kubeconfig, &["create", "-f", definitions.to_str().unwrap()]).await;
    let before = cluster.everything().await;

    let (output, printed) = output(cluster.demo(&folder, &["--once"])).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(printed.contains("defines cloudaccounts.clusterwright.dev already"), "{printed}");
    assert_eq!(cluster.everything().await, before);
}
