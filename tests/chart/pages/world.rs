//! The world of one page: Kubernetes clusters, a simulator of both clouds, and the folder of a reader.

use std::cell::RefCell;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use futures::future::join_all;
use kube::config::Kubeconfig;
use serde_json::Value;
use tokio::process::Command;
use tokio::time::timeout;

use crate::harness::{Cluster, NAMESPACE};
use crate::support::control_plane::root;
use crate::support::{Operator, Simulator, chart};

use super::differences::{PROGRAMS, STAYS, adapted, environment};
use super::node::Node;
use super::page::Page;

/// No block takes a quarter of this on a machine that is not busy.
const DEADLINE: Duration = Duration::from_secs(120);

/// Where readers install the chart.
const NAMESPACES: [&str; 2] = [NAMESPACE, "databases"];

/// What the commands of a page act on.
pub(crate) struct World {
    pub(crate) cloud: Simulator,
    /// Each with its context's name.
    clusters: Vec<(&'static str, Cluster)>,
    /// The reader's home, which the commands run in.
    folder: PathBuf,
    /// What runs in the foreground of a reader's other terminal.
    foreground: RefCell<Option<Operator>>,
}

impl World {
    /// A world with a Kubernetes cluster, in which nothing is installed, for each context.
    pub(crate) async fn new(page: &str, contexts: &[&'static str]) -> Self {
        let clusters = join_all(contexts.iter().map(async |context| (*context, Cluster::new().await))).await;
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages").join(page);
        fs::remove_dir_all(&folder).ok();
        furnish(&folder, &kubeconfig(&clusters));
        Self { cloud: Simulator::start(), clusters, folder, foreground: RefCell::default() }
    }

    /// Lets a story happen while the nodes run.
    pub(crate) async fn live(&self, story: impl Future<Output = ()>) {
        let page = &*self.folder.file_stem().expect("a page's name").to_string_lossy();
        let nodes = NAMESPACES.iter().flat_map(|namespace| {
            let clusters = self.clusters.iter();
            clusters.map(move |(context, cluster)| {
                Node::new(cluster, namespace, format!("{page}-{context}-{namespace}")).run()
            })
        });
        tokio::select! {
            _ = join_all(nodes) => panic!("a node has ended"),
            () = story => (),
        }
    }

    /// Does all that a page says.
    pub(crate) async fn follow(&self, page: &Page) {
        for block in &page.blocks {
            let place = format!("{}, line {}", page.name, block.line);
            let text = adapted(&block.text, &self.cloud.url);
            match block.language.as_str() {
                "sh" => self.run(&place, &text).await,
                "yaml" => self.save(page, &text),
                other => panic!("{place}: what is to be done with {other}?"),
            }
        }
    }

    /// Runs commands, which must succeed.
    pub(crate) async fn run(&self, place: &str, commands: &str) {
        let (commands, stays) = match commands.trim_end().strip_suffix(STAYS) {
            Some(before) => (before, true),
            None => (commands, false),
        };
        let mut bash = self.command("bash");
        bash.args(["-euo", "pipefail", "-c", commands]).kill_on_drop(true);
        let output = timeout(DEADLINE, bash.output()).await;
        let output = output.unwrap_or_else(|_| panic!("{place}: not within {DEADLINE:?}\n{}", self.state()));
        let output = output.expect("bash starts");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(output.status.success(), "{place}: {commands}\n{said}\n{}", self.state());
        if stays {
            let mut operator = self.command(env!("CARGO_BIN_EXE_clusterwright"));
            operator.arg("run");
            *self.foreground.borrow_mut() = Some(Operator::spawn(operator, &self.folder.join("operator.log")));
        }
    }

    /// Saves a manifest that the page shows, under its name. A command further on must apply it.
    fn save(&self, page: &Page, manifest: &str) {
        let value: Value = serde_saphyr::from_str(manifest).expect("YAML");
        let file = format!("{}.yaml", value["metadata"]["name"].as_str().expect("a name"));
        let applied = page.blocks.iter().any(|block| block.language == "sh" && block.text.contains(&file));
        assert!(applied, "{} applies no {file}", page.name);
        fs::write(self.folder.join(file), manifest).expect("a file");
    }

    /// A program with the reader's environment.
    fn command(&self, program: &str) -> Command {
        let path = std::env::var("PATH").expect("a path");
        let mut command = Command::new(program);
        command.current_dir(&self.folder).stdin(Stdio::null()).env_clear().envs(environment(&self.cloud.url));
        command.env("PATH", format!("{}:{path}", self.folder.join("bin").display()));
        let (_, cluster) = &self.clusters[0];
        command.env("CONTROLPLANE", cluster.control_plane.kubectl_command(&[]).get_program());
        command.env("HELM", chart::helm().get_program()).env("SOURCES", root());
        command.env("HOME", &self.folder).env("KUBECONFIG", self.folder.join("kubeconfig"));
        command
    }

    /// How all manifests stand, and what was told of them.
    fn state(&self) -> String {
        let asked = [["clusterwright", "--output=yaml"], ["events", "--output=wide"]];
        let asked = asked.map(|what| [&["get", "--all-namespaces"], &what[..]].concat());
        let commands = self.clusters.iter().flat_map(|(_, cluster)| {
            asked.iter().map(|arguments| cluster.control_plane.kubectl_command(arguments).output())
        });
        commands.map(|output| String::from_utf8_lossy(&output.expect("kubectl starts").stdout).into_owned()).collect()
    }
}

/// Puts into the reader's home what they have: a kubeconfig, the programs, and the project's files.
fn furnish(home: &Path, kubeconfig: &Kubeconfig) {
    let programs = home.join("bin");
    fs::create_dir_all(&programs).expect("a folder");
    for (name, script) in PROGRAMS {
        let program = programs.join(name);
        fs::write(&program, format!("#!/usr/bin/env bash\nset -euo pipefail\n{script}\n")).expect("a program");
        fs::set_permissions(&program, Permissions::from_mode(0o755)).expect("a program");
    }
    for folder in ["crds", "deploy"] {
        symlink(root().join(folder), home.join(folder)).expect("a link");
    }
    fs::write(home.join("kubeconfig"), serde_saphyr::to_string(kubeconfig).expect("YAML")).expect("a kubeconfig");
}

/// The clusters, each under the name of its context; the first is in use.
fn kubeconfig(clusters: &[(&str, Cluster)]) -> Kubeconfig {
    let named = clusters.iter().map(|(context, cluster)| {
        let text = fs::read_to_string(&cluster.control_plane.kubeconfig).expect("a kubeconfig");
        Kubeconfig::from_yaml(&text.replace("clusterwright-demo", context)).expect("a kubeconfig")
    });
    named.reduce(|all, next| all.merge(next).expect("kubeconfigs of one version")).expect("a context")
}
