//! A real control plane as a child of this process: it ends when its standard input does.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::api::{Api, PostParams};
use kube::config::{AuthInfo, KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

use super::install_crypto;

/// A running control plane.
#[derive(Debug)]
pub(crate) struct ControlPlane {
    /// Holds the pipe whose end ends the control plane, also when this process is killed.
    _child: Child,
    pub(crate) kubeconfig: PathBuf,
}

impl ControlPlane {
    /// Starts one. No kinds are defined in it.
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
        client_of(self.administrator()).await
    }

    /// A kubeconfig of whoever has this token.
    pub(crate) fn kubeconfig_as(&self, token: &str) -> Kubeconfig {
        let mut kubeconfig = self.administrator();
        let user = AuthInfo { token: Some(token.to_owned().into()), ..AuthInfo::default() };
        for named in &mut kubeconfig.auth_infos {
            named.auth_info = Some(user.clone());
        }
        kubeconfig
    }

    fn administrator(&self) -> Kubeconfig {
        Kubeconfig::read_from(&self.kubeconfig).expect("a kubeconfig")
    }

    /// A token of a service account, as its pods are given.
    pub(crate) async fn token(&self, namespace: &str, service_account: &str) -> String {
        let api = Api::<ServiceAccount>::namespaced(self.client().await, namespace);
        let request = TokenRequest { spec: TokenRequestSpec::default(), ..TokenRequest::default() };
        let issued = api.create_token_request(service_account, &PostParams::default(), &request).await;
        issued.expect("a token").status.expect("a token").token
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

/// A client of whoever the kubeconfig is of.
pub(crate) async fn client_of(kubeconfig: Kubeconfig) -> Client {
    install_crypto();
    let options = KubeConfigOptions::default();
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &options).await.expect("a usable kubeconfig");
    config.default_retry = false;
    Client::try_from(config).expect("a usable configuration")
}

fn binary() -> PathBuf {
    std::env::var_os("CLUSTERWRIGHT_CONTROLPLANE")
        .map_or_else(|| root().join("target/controlplane/controlplane"), PathBuf::from)
}

/// The project's folder.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
