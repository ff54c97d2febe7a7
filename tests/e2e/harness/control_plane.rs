//! A real control plane as a child of this process: it ends when its standard input does.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, Patch, PatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::runtime::conditions::is_crd_established;
use kube::runtime::wait::await_condition;
use kube::{Client, Config, ResourceExt};
use tokio::sync::OnceCell;

use super::install_crypto;

/// A running control plane.
#[derive(Debug)]
pub(crate) struct ControlPlane {
    /// Holds the pipe whose end ends the control plane, also when this process is killed.
    _child: Child,
    pub(crate) kubeconfig: PathBuf,
}

static SHARED: OnceCell<ControlPlane> = OnceCell::const_new();

impl ControlPlane {
    /// The one that the tests share, with the project's kinds defined.
    pub(crate) async fn shared() -> &'static Self {
        SHARED
            .get_or_init(async || {
                let own = Self::start();
                own.define_kinds(&own.client().await).await;
                own
            })
            .await
    }

    /// Another one, for what would disturb the other tests. No kinds are defined in it.
    pub(crate) fn start() -> Self {
        let binary = binary();
        assert!(binary.exists(), "{} is missing: run `make controlplane`", binary.display());
        let mut child = Command::new(&binary)
            .arg("up")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{} does not start: {error}", binary.display()));
        let mut line = String::new();
        let stdout = child.stdout.take().expect("standard output is a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("the control plane says when it is ready");
        let kubeconfig = line.strip_prefix("ready ").unwrap_or_else(|| panic!("the control plane said {line:?}"));
        Self { kubeconfig: PathBuf::from(kubeconfig.trim_end()), _child: child }
    }

    /// A client with all rights. It belongs to the runtime of the test that asks for it.
    pub(crate) async fn client(&self) -> Client {
        self.client_as(None).await
    }

    /// The same with the rights of this user alone, if there is one.
    pub(crate) async fn client_as(&self, user: Option<&str>) -> Client {
        install_crypto();
        let kubeconfig = Kubeconfig::read_from(&self.kubeconfig).expect("a kubeconfig");
        let options = KubeConfigOptions::default();
        let mut config = Config::from_custom_kubeconfig(kubeconfig, &options).await.expect("a usable kubeconfig");
        config.default_retry = false;
        config.auth_info.impersonate = user.map(str::to_owned);
        Client::try_from(config).expect("a usable configuration")
    }

    /// Applies the folder `crds/`, and waits until the API server serves the kinds.
    pub(crate) async fn define_kinds(&self, client: &Client) {
        let api = Api::<CustomResourceDefinition>::all(client.clone());
        for entry in fs::read_dir(root().join("crds")).expect("the folder crds/") {
            let yaml = fs::read_to_string(entry.expect("an entry").path()).expect("a file in crds/");
            let definition: CustomResourceDefinition = serde_saphyr::from_str(&yaml).expect("a definition");
            let name = definition.name_any();
            let params = PatchParams::apply("tests").force();
            api.patch(&name, &params, &Patch::Apply(&definition)).await.expect("the definition is accepted");
            await_condition(api.clone(), &name, is_crd_established()).await.expect("the kind becomes served");
        }
    }

    /// What kubectl prints; it must succeed.
    pub(crate) async fn kubectl(&self, arguments: &[&str]) -> String {
        let mut kubectl = tokio::process::Command::from(self.kubectl_command(arguments));
        let output = kubectl.output().await.expect("kubectl starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(output.status.success(), "kubectl {arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// kubectl, ready to be run.
    pub(crate) fn kubectl_command(&self, arguments: &[&str]) -> Command {
        let mut kubectl = Command::new(binary());
        kubectl.arg("kubectl").args(arguments).env("KUBECONFIG", &self.kubeconfig);
        kubectl
    }
}

fn binary() -> PathBuf {
    std::env::var_os("CLUSTERWRIGHT_CONTROLPLANE")
        .map_or_else(|| root().join("target/controlplane/controlplane"), PathBuf::from)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
