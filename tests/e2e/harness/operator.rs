//! The operator as these tests start and end it.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tokio::process::Command;

use super::Operator;

/// How the operator reaches the API server.
#[derive(Clone, Debug)]
pub(crate) struct Connected {
    pub(crate) kubeconfig: PathBuf,
}

impl Operator {
    /// Starts the program with `arguments`, in a pod of this log's name. What it prints is appended to `log`.
    pub(crate) fn start(connected: &Connected, log: &Path, arguments: &[String]) -> Self {
        let pod = log.file_stem().expect("a log's name").to_owned();
        let mut command = Command::new(env!("CARGO_BIN_EXE_clusterwright"));
        command.args(["run", "--listen", "127.0.0.1:0", "--log", "debug"]).args(arguments);
        command.env("KUBECONFIG", &connected.kubeconfig).env("POD_NAME", pod).env_remove("POD_NAMESPACE");
        Self::spawn(command, log)
    }

    /// The lines of its log, each an object.
    pub(crate) fn lines(&self) -> Vec<Value> {
        let whole = self.printed();
        whole.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))).collect()
    }

    /// SIGKILL: no chance to put anything in order.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.expect("the operator is killed");
    }

    /// Sends it a signal, such as STOP.
    pub(crate) async fn signal(&self, name: &str) {
        let id = self.child.id().expect("a running operator").to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status().await.expect("kill is there");
        assert!(sent.success());
    }
}
