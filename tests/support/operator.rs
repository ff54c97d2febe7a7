//! The operator as a process.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde_json::Value;
use tokio::process::{Child, Command};

use super::eventually;

/// A running operator. It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Operator {
    pub(crate) child: Child,
    log: PathBuf,
    /// How long the log was before this start.
    began_at: usize,
}

impl Operator {
    /// Starts the program as `command` says. What it prints is appended to `log`.
    pub(crate) fn spawn(mut command: Command, log: &Path) -> Self {
        let began_at = fs::read(log).map_or(0, |text| text.len());
        let open = || -> File { OpenOptions::new().create(true).append(true).open(log).expect("a log") };
        let child = command.stdin(Stdio::null()).stdout(open()).stderr(open()).kill_on_drop(true).spawn();
        Self { child: child.expect("the operator starts"), log: log.to_owned(), began_at }
    }

    /// What it has printed since this start.
    pub(crate) fn printed(&self) -> String {
        let bytes = fs::read(&self.log).expect("the log");
        String::from_utf8_lossy(&bytes[self.began_at..]).into_owned()
    }

    /// Where its health endpoints are; none before they are served.
    pub(crate) fn address(&self) -> Option<String> {
        self.printed().lines().find_map(|line| {
            let line: Value = serde_json::from_str(line).ok()?;
            let address = line["address"].as_str()?.to_owned();
            (line["message"] == "health and metrics are served").then_some(address)
        })
    }

    /// Status and text of one of its health endpoints; none while it does not answer.
    pub(crate) async fn get(&self, path: &str) -> Option<(u16, String)> {
        let response = reqwest::get(format!("http://{}{path}", self.address()?)).await.ok()?;
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

    /// SIGTERM, and the end that follows.
    pub(crate) async fn terminate(&mut self) -> ExitStatus {
        let id = self.child.id().expect("a running operator").to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().await.expect("kill is there");
        assert!(sent.success());
        self.ended().await
    }

    /// The end, which must come by itself or after a signal.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let end = tokio::time::timeout(Duration::from_secs(40), self.child.wait()).await;
        end.expect("the operator ends in time").expect("the operator's end")
    }
}
