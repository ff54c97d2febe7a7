//! The operator as a process.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde_json::Value;
use tokio::process::{Child, Command};

use super::eventually;

/// How the operator reaches the API server.
#[derive(Clone, Debug)]
pub(crate) struct Connected {
    pub(crate) kubeconfig: PathBuf,
}

/// A running operator. It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Operator {
    child: Child,
    log: PathBuf,
    /// How long the log was before this start.
    began_at: usize,
}

impl Operator {
    /// Starts the program with `arguments`, in a pod of this log's name. What it prints is appended to `log`.
    pub(crate) fn start(connected: &Connected, log: &Path, arguments: &[String]) -> Self {
        let pod = log.file_stem().expect("a log's name").to_owned();
        let began_at = fs::read(log).map_or(0, |text| text.len());
        let open = || -> File { OpenOptions::new().create(true).append(true).open(log).expect("a log") };
        let child = Command::new(env!("CARGO_BIN_EXE_clusterwright"))
            .args(["run", "--listen", "127.0.0.1:0", "--log", "debug"])
            .args(arguments)
            .env("KUBECONFIG", &connected.kubeconfig)
            .env("POD_NAME", pod)
            .env_remove("POD_NAMESPACE")
            .stdin(Stdio::null())
            .stdout(open())
            .stderr(open())
            .kill_on_drop(true)
            .spawn()
            .expect("the operator starts");
        Self { child, log: log.to_owned(), began_at }
    }

    /// What it has printed since this start.
    pub(crate) fn printed(&self) -> String {
        let bytes = fs::read(&self.log).expect("the log");
        String::from_utf8_lossy(&bytes[self.began_at..]).into_owned()
    }

    /// The lines of its log, each an object.
    pub(crate) fn lines(&self) -> Vec<Value> {
        let whole = self.printed();
        whole.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))).collect()
    }

    /// Status and text of one of its health endpoints; none while it does not answer.
    pub(crate) async fn get(&self, path: &str) -> Option<(u16, String)> {
        let served = self.printed().lines().find_map(|line| {
            let line: Value = serde_json::from_str(line).ok()?;
            let address = line["address"].as_str()?.to_owned();
            (line["message"] == "health and metrics are served").then_some(address)
        })?;
        let response = reqwest::get(format!("http://{served}{path}")).await.ok()?;
        Some((response.status().as_u16(), response.text().await.ok()?))
    }

    /// Waits until one of its health endpoints answers with `status`.
    pub(crate) async fn until(&self, path: &str, status: u16) -> String {
        eventually(&format!("{path} answers {status}"), async || match self.get(path).await {
            Some((there, text)) if there == status => Ok(text),
            other => Err(format!("it answers {other:?}")),
        })
        .await
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

    /// SIGTERM, and the end that follows.
    pub(crate) async fn terminate(&mut self) -> ExitStatus {
        self.signal("TERM").await;
        self.ended().await
    }

    /// The end, which must come by itself or after a signal.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let end = tokio::time::timeout(Duration::from_secs(40), self.child.wait()).await;
        end.expect("the operator ends in time").expect("the operator's end")
    }
}
