//! A real Prometheus that scrapes one operator.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::process::{Child, Command};

use super::programs::from_prometheus;

/// The name under which it knows the operator.
const JOB: &str = "clusterwright";

/// A running Prometheus. It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Prometheus {
    _child: Child,
    address: SocketAddr,
}

impl Prometheus {
    /// Starts it with these rules. It keeps what it needs under `folder`, and listens on the loopback interface alone.
    pub(crate) fn start(folder: &Path, rules: &Path, target: &str) -> Self {
        fs::remove_dir_all(folder).ok();
        fs::create_dir_all(folder).expect("a folder");
        let config = json!({
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": [rules],
            "scrape_configs": [{"job_name": JOB, "static_configs": [{"targets": [target]}]}],
        });
        let path = folder.join("prometheus.yml");
        fs::write(&path, config.to_string()).expect("a configuration");
        let address = free_address();
        let log = fs::File::create(folder.join("log")).expect("a log");
        let child = Command::new(from_prometheus("prometheus"))
            .arg(format!("--config.file={}", path.display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .expect("Prometheus starts");
        Self { _child: child, address }
    }

    /// What its API answers; `Err` while it does not.
    async fn ask(&self, path: &str, parameters: &[(&str, &str)]) -> Result<Value, String> {
        let url = reqwest::Url::parse_with_params(&format!("http://{}/api/v1/{path}", self.address), parameters);
        let answer = reqwest::get(url.expect("a URL")).await.map_err(|error| error.to_string())?;
        let text = answer.text().await.map_err(|error| error.to_string())?;
        let answer: Value = serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))?;
        if answer["status"] == "success" { Ok(answer["data"].clone()) } else { Err(text) }
    }

    /// The values of an instant query, as they are written.
    pub(crate) async fn query(&self, query: &str) -> Result<Vec<String>, String> {
        let data = self.ask("query", &[("query", query)]).await?;
        let results = data["result"].as_array().ok_or("no vector")?;
        Ok(results.iter().map(|result| result["value"][1].as_str().unwrap_or_default().to_owned()).collect())
    }

    /// The labels of every series that was scraped from the operator.
    pub(crate) async fn series(&self) -> Result<Vec<Value>, String> {
        let data = self.ask("series", &[("match[]", &format!("{{job=\"{JOB}\"}}"))]).await?;
        data.as_array().cloned().ok_or_else(|| "no list".to_owned())
    }

    /// The rules, with what came of them.
    pub(crate) async fn rules(&self) -> Result<Vec<Value>, String> {
        let data = self.ask("rules", &[]).await?;
        let groups = data["groups"].as_array().ok_or("no groups")?;
        Ok(groups.iter().filter_map(|group| group["rules"].as_array()).flatten().cloned().collect())
    }
}

/// A port that nobody listens on at this moment: Prometheus does not tell which one it was given.
fn free_address() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr()).expect("a free port")
}
