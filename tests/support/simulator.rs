//! The simulator as a process of its own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use http::Method;
use serde_json::Value;

use super::install_crypto;

/// Fast enough that a cluster runs before the operator looks again.
const SPEED: &str = "600";

/// A simulator's process.
#[derive(Debug)]
pub(crate) struct Simulator {
    child: Child,
    pub(crate) http: reqwest::Client,
    pub(crate) url: String,
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Simulator {
    pub(crate) fn start() -> Self {
        install_crypto();
        let mut child = Command::new(env!("CARGO_BIN_EXE_clusterwright"))
            .args(["simulate", "--listen", "127.0.0.1:0", "--speed", SPEED])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the simulator starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("standard output is a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("the simulator says where it listens");
        let url = line.trim_end().strip_prefix("listening on ").expect("the simulator's address").to_owned();
        Self { child, http: reqwest::Client::new(), url }
    }

    /// Asks one of the control endpoints, which must answer well.
    pub(crate) async fn control(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.expect("the simulator answers");
        let status = response.status();
        let text = response.text().await.expect("the simulator's answer");
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// The log of requests, oldest first.
    pub(crate) async fn log(&self) -> Vec<Value> {
        let requests = self.control(Method::GET, "/simulator/requests", None).await;
        requests["log"].as_array().expect("a log").clone()
    }

    /// What was changed in the cloud or in a database, as `action team/space/id`.
    pub(crate) async fn effects(&self) -> Vec<String> {
        let effect = |row: &Value| {
            let effect = row.get("effect")?;
            Some(format!("{} {}", effect["action"].as_str()?, effect["cluster"].as_str()?))
        };
        self.log().await.iter().filter_map(effect).collect()
    }

    /// All clusters, whole.
    pub(crate) async fn clusters(&self) -> Vec<Value> {
        let state = self.control(Method::GET, "/simulator/state", None).await;
        state["clusters"].as_array().expect("clusters").clone()
    }

    /// The clusters' ids, in order.
    pub(crate) async fn ids(&self) -> Vec<String> {
        let clusters = self.clusters().await;
        let mut ids: Vec<String> =
            clusters.iter().map(|cluster| cluster["id"].as_str().expect("an id").to_owned()).collect();
        ids.sort();
        ids
    }
}
