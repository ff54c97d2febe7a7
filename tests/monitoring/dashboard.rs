//! The dashboard asks what Prometheus understands, and of metrics that there are.

use std::fs;

use regex::Regex;
use serde_json::{Value, json};

use super::promtool::{run, scratch};

const DASHBOARD: &str = include_str!("../../deploy/dashboards/clusterwright.json");

/// Every panel's queries, with Grafana's own variables filled in.
fn queries() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    let filled =
        |target: &Value| target["expr"].as_str().unwrap().replace("$__rate_interval", "5m").replace("$namespace", ".*");
    targets.map(filled).collect()
}

#[test]
fn prometheus_understands_every_query() {
    let rule = |(panel, query)| json!({"record": "panel", "labels": {"panel": format!("{panel}")}, "expr": query});
    let rules: Vec<Value> = queries().into_iter().enumerate().map(rule).collect();
    let folder = scratch("dashboard");
    let file = json!({"groups": [{"name": "dashboard", "rules": rules}]});
    fs::write(folder.join("rules.yaml"), file.to_string()).unwrap();
    run(&folder, &["check", "rules", "rules.yaml"]).unwrap();
}

#[test]
fn every_query_is_about_a_metric_of_the_documentation() {
    let documented = include_str!("../../docs/metrics.md");
    let name = Regex::new("[a-z]+(_[a-z]+)+[{]").unwrap();
    for query in queries() {
        let metric = name.find(&query).unwrap_or_else(|| panic!("{query} is about nothing")).as_str();
        let metric = metric.trim_end_matches('{').trim_end_matches("_bucket");
        assert!(documented.contains(&format!("| `{metric}` |")), "{metric}");
    }
}
