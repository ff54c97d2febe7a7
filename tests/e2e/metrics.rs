//! The metrics, as they are served and as a real Prometheus finds them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use regex::Regex;
use serde_json::{Value, json};

use crate::cratedb;
use crate::harness::{CrateWorld, Prometheus, Tested, World, WorldOf, eventually, paid, with};

/// A name that would be found in any label.
const NAME: &str = "a-name-found-anywhere";

/// One scrape, by series.
struct Scrape(BTreeMap<String, f64>);

impl Scrape {
    async fn of<K: Tested>(world: &WorldOf<K>) -> Self {
        let text = world.operator.as_ref().unwrap().until("/metrics", 200).await;
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        let parse = |line: &str| {
            let (series, value) = line.rsplit_once(' ').unwrap();
            (series.to_owned(), value.parse().unwrap())
        };
        Self(samples.map(parse).collect())
    }

    /// The value of a series, written as it is served.
    fn value(&self, series: &str) -> Result<f64, String> {
        self.0.get(series).copied().ok_or_else(|| format!("{series} is not told"))
    }

    fn is(&self, series: &str, value: f64) -> Result<(), String> {
        let there = self.value(series)?;
        if (there - value).abs() < f64::EPSILON { Ok(()) } else { Err(format!("{series} is {there}")) }
    }

    fn is_between(&self, series: &str, least: f64, most: f64) -> Result<(), String> {
        let there = self.value(series)?;
        if (least..=most).contains(&there) { Ok(()) } else { Err(format!("{series} is {there}")) }
    }

    fn mentions(&self, word: &str) -> bool {
        self.0.keys().any(|series| series.contains(word))
    }
}

/// Waits until what is served is as `check` wants it.
async fn until_told<K: Tested>(world: &WorldOf<K>, what: &str, check: impl Fn(&Scrape) -> Result<(), String>) {
    eventually(what, async || check(&Scrape::of(world).await)).await;
}

/// A cluster that is Ready, one that waits for its account, and an account that its cloud rejects.
async fn populate(world: &World) {
    world.apply(NAME, paid()).await;
    world.apply("waits", with(paid(), json!({"accountRef": {"name": "nowhere"}}))).await;
    world.credentials("wrong-key", "simulator", "not-the-simulators").await;
    world.account("wrong", json!({"credentials": [{"secretRef": {"name": "wrong-key"}}]})).await;
    world.until_ready(NAME).await;
    world.until_stands("waits", "WaitingForAccount").await;
    world.until_account("wrong", "CredentialsRejected").await;
}

#[tokio::test]
async fn what_is_counted_and_measured_is_served_and_goes_with_its_account() {
    let world = World::new("metrics").await;
    populate(&world).await;
    let (typedb, wrong) = (
        r#"cloud="TypeDB Cloud",account="metrics/typedb""#.to_owned(),
        r#"cloud="TypeDB Cloud",account="metrics/wrong""#.to_owned(),
    );
    until_told(&world, "how clusters and accounts stand is told", |told| {
        told.is(r#"clusterwright_clusters{kind="TypeDBCluster",state="Ready",reason="Running"}"#, 1.0)?;
        told.is(r#"clusterwright_clusters{kind="TypeDBCluster",state="Reconciling",reason="WaitingForAccount"}"#, 1.0)?;
        told.is_between(r#"clusterwright_longest_in_progress_seconds{kind="TypeDBCluster"}"#, 0.1, 300.0)?;
        told.is(r#"clusterwright_longest_in_progress_seconds{kind="CrateDBCluster"}"#, 0.0)?;
        told.is(&format!("clusterwright_accounts{{{typedb},reason=\"Connected\"}}"), 1.0)?;
        told.is(&format!("clusterwright_accounts{{{wrong},reason=\"CredentialsRejected\"}}"), 1.0)?;
        told.is(&format!("clusterwright_poll_interval_seconds{{{typedb}}}"), 10.0)?;
        told.is_between(&format!("clusterwright_inventory_age_seconds{{{typedb}}}"), 0.0, 60.0)
    })
    .await;
    until_told(&world, "what is sent to the cloud is told", |told| {
        let count = |labels: &str, operation: &str, outcome: &str| {
            format!("clusterwright_cloud_requests_total{{{labels},operation=\"{operation}\",outcome=\"{outcome}\"}}")
        };
        told.is(&count(&typedb, "deploy", "ok"), 1.0)?;
        told.is_between(&count(&typedb, "list", "ok"), 1.0, 1000.0)?;
        told.is_between(&count(&typedb, "token", "ok"), 1.0, 10.0)?;
        told.is_between(&count(&wrong, "token", "unauthenticated"), 1.0, 10.0)?;
        told.is_between(&format!("clusterwright_token_expiry_seconds{{{typedb}}}"), 1.0, 86400.0)?;
        told.is_between(&format!("clusterwright_budget_wait_seconds_count{{{typedb}}}"), 2.0, 1000.0)
    })
    .await;
    let token_of_none = format!("clusterwright_token_expiry_seconds{{{wrong}}}");
    assert!(!Scrape::of(&world).await.mentions(&token_of_none), "a rejected key brings no token");
    until_told(&world, "how long the creation took is told", |told| {
        let of_creation = |name: &str| format!("clusterwright_{name}{{kind=\"TypeDBCluster\",after=\"creation\"}}");
        told.is(&of_creation("edit_accepted_seconds_count"), 1.0)?;
        told.is(&of_creation("ready_seconds_count"), 1.0)?;
        let (accepted, ready) = (of_creation("edit_accepted_seconds_sum"), of_creation("ready_seconds_sum"));
        told.is_between(&accepted, 0.0, told.value(&ready)?)
    })
    .await;
    until_told(&world, "the operator's own work is told", |told| {
        for controller in ["typedbcluster", "cratedbcluster", "cloudaccount", "record"] {
            let of = |name: &str| format!("controller_runtime_{name}{{controller=\"{controller}\"}}");
            told.is_between(&of("max_concurrent_reconciles"), 1.0, 1024.0)?;
            told.is_between(&of("active_workers"), 0.0, 10.0)?;
            told.is(&of("reconcile_errors_total"), 0.0)?;
        }
        told.is_between(r#"workqueue_work_duration_seconds_count{name="typedbcluster"}"#, 2.0, 1000.0)?;
        let reads =
            told.0.keys().any(|series| series.starts_with(r#"rest_client_requests_total{code="200",method="GET","#));
        if reads { Ok(()) } else { Err("no request to the API server is counted".to_owned()) }
    })
    .await;

    // An edit that needs nothing of the cloud.
    world.edit(NAME, json!({"spec": {"connectionSecret": {"name": "another"}}})).await;
    world.until_ready(NAME).await;
    until_told(&world, "how long the edit took is told", |told| {
        told.is(r#"clusterwright_ready_seconds_count{kind="TypeDBCluster",after="edit"}"#, 1.0)
    })
    .await;
    assert!(!Scrape::of(&world).await.mentions(r#"edit_accepted_seconds_count{kind="TypeDBCluster",after="edit""#));

    world.accounts().delete("wrong", &kube::api::DeleteParams::default()).await.unwrap();
    until_told(&world, "nothing is told of an account that is gone", |told| {
        if told.mentions("metrics/wrong") { Err("it is still told of".to_owned()) } else { Ok(()) }
    })
    .await;
    assert!(!Scrape::of(&world).await.mentions(NAME), "a cluster's name is no label");
    world.finish().await;
}

#[tokio::test]
async fn an_edit_is_timed_until_the_cloud_has_accepted_it_and_until_it_is_done() {
    let world = CrateWorld::new("timed").await;
    world.apply(NAME, cratedb::paid()).await;
    world.until_ready(NAME).await;
    world.edit(NAME, json!({"spec": {"nodes": 2}})).await;
    world.until_ready(NAME).await;
    until_told(&world, "how long creation and edit took is told", |told| {
        for after in ["creation", "edit"] {
            let labels = format!("{{kind=\"CrateDBCluster\",after=\"{after}\"}}");
            told.is(&format!("clusterwright_edit_accepted_seconds_count{labels}"), 1.0)?;
            told.is(&format!("clusterwright_ready_seconds_count{labels}"), 1.0)?;
        }
        told.is_between(
            r#"clusterwright_budget_wait_seconds_count{cloud="CrateDB Cloud",account="timed/cratedb"}"#,
            2.0,
            1e4,
        )
    })
    .await;
    assert!(!Scrape::of(&world).await.mentions("token"), "this cloud's keys are no tokens, and do not expire");
    world.finish().await;
}

/// A metric as the documentation lists it.
struct Documented {
    labels: BTreeSet<String>,
    histogram: bool,
}

/// What `docs/metrics.md` lists.
fn documented() -> BTreeMap<String, Documented> {
    let rows = include_str!("../../docs/metrics.md").lines().filter(|line| line.starts_with("| `"));
    let rows = rows.map(|line| line.split('|').map(str::trim).collect::<Vec<_>>()).filter(|cells| cells.len() == 5);
    let name = |cell: &str| cell.trim_matches('`').to_owned();
    rows.map(|cells| {
        let labels = cells[2].split(", ").map(name).collect();
        (name(cells[1]), Documented { labels, histogram: cells[3].starts_with("Histogram") })
    })
    .collect()
}

/// The metric to which a series belongs.
fn metric(series: &Value) -> String {
    let name = series["__name__"].as_str().unwrap();
    let parts = ["_bucket", "_sum", "_count"];
    parts.iter().find_map(|part| name.strip_suffix(part)).unwrap_or(name).to_owned()
}

/// The labels that the operator itself has given to a series.
fn own_labels(series: &Value) -> BTreeSet<String> {
    let added = ["__name__", "job", "instance", "le"];
    series.as_object().unwrap().keys().filter(|label| !added.contains(&label.as_str())).cloned().collect()
}

#[tokio::test]
async fn a_real_prometheus_finds_every_series_that_documentation_and_alerts_name() {
    let world = World::new("scraped").await;
    populate(&world).await;
    let address = world.operator.as_ref().unwrap().address().unwrap();
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/helm/clusterwright/files/alerts.yaml");
    let prometheus = Prometheus::start(&world.log.with_extension("prometheus"), &rules, &address);
    eventually("the operator is up", async || match prometheus.query("up").await?.as_slice() {
        [up] if up == "1" => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;

    let documented = documented();
    let series = eventually("every documented metric is found", async || {
        let series = prometheus.series().await?;
        let found: BTreeSet<String> = series.iter().map(metric).collect();
        let missing: Vec<&String> = documented.keys().filter(|name| !found.contains(*name)).collect();
        if missing.is_empty() { Ok(series) } else { Err(format!("{missing:?}")) }
    })
    .await;
    for series in &series {
        let name = metric(series);
        if name == "up" || name.starts_with("scrape_") {
            continue;
        }
        let known = documented.get(&name).unwrap_or_else(|| panic!("{name} is not documented"));
        assert_eq!(own_labels(series), known.labels, "{series}");
        assert_eq!(series["__name__"] != name.as_str(), known.histogram, "{series}");
        assert!(!series.to_string().contains(NAME), "a cluster's name is a label: {series}");
    }

    let named = Regex::new("[a-z]+_[a-z_]+[{)]").unwrap();
    let rules = eventually("every rule is evaluated", async || {
        let rules = prometheus.rules().await?;
        let well = rules.len() == 6 && rules.iter().all(|rule| rule["health"] == "ok");
        if well { Ok(rules) } else { Err(format!("{rules:?}")) }
    })
    .await;
    for rule in rules {
        let query = rule["query"].as_str().unwrap();
        let metrics: Vec<&str> =
            named.find_iter(query).map(|name| name.as_str().trim_end_matches(['{', ')'])).collect();
        assert!(!metrics.is_empty(), "{query}");
        for metric in metrics {
            assert!(documented.contains_key(metric), "{metric} in {query}");
        }
    }
    world.finish().await;
}
