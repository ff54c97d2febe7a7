use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kube::runtime::controller::Action;

use super::{AccountLabels, AccountSeen, AsAccount, ClusterLabels, Metrics, Seen};
use crate::cloud::observer::Observer;

/// The lines of a scrape that begin like this.
fn series(metrics: &Metrics, name: &str) -> Vec<String> {
    let text = metrics.encode().unwrap();
    text.lines().filter(|line| line.starts_with(name)).map(str::to_owned).collect()
}

fn labels(account: &str) -> AccountLabels {
    AccountLabels { cloud: "TypeDB Cloud", account: account.to_owned() }
}

fn account(name: &str) -> AccountSeen {
    let inventory_age = Some(Duration::from_secs(30));
    let poll_interval = Duration::from_secs(60);
    AccountSeen {
        labels: labels(name),
        reason: "Connected".to_owned(),
        inventory_age,
        poll_interval,
        credentials: Vec::new(),
    }
}

fn with_accounts(names: &'static [&'static str]) -> impl Fn() -> Option<Seen> {
    move || Some(Seen { accounts: names.iter().map(|name| account(name)).collect(), ..Seen::default() })
}

#[tokio::test(start_paused = true)]
async fn requests_are_counted_by_account_operation_and_outcome() {
    let metrics = Metrics::new();
    metrics.ask(with_accounts(&["shop/one", "shop/two"]));
    let [one, two] = ["shop/one", "shop/two"].map(|name| AsAccount::new(Arc::clone(&metrics), labels(name)));
    one.request("list", "ok");
    one.request("list", "ok");
    two.request("list", "unavailable");
    let mut counted = series(&metrics, "clusterwright_cloud_requests_total");
    counted.sort();
    assert_eq!(
        counted,
        [
            r#"clusterwright_cloud_requests_total{cloud="TypeDB Cloud",account="shop/one",operation="list",outcome="ok"} 2"#,
            r#"clusterwright_cloud_requests_total{cloud="TypeDB Cloud",account="shop/two",operation="list",outcome="unavailable"} 1"#,
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn everything_that_is_told_of_an_account_goes_with_it() {
    let metrics = Metrics::new();
    let there = Arc::new(AtomicBool::new(true));
    let source = Arc::clone(&there);
    metrics
        .ask(move || if source.load(Ordering::SeqCst) { with_accounts(&["shop/one"])() } else { with_accounts(&[])() });
    let one = AsAccount::new(Arc::clone(&metrics), labels("shop/one"));
    one.request("list", "ok");
    one.waited(Duration::from_secs(3));
    one.token(Duration::from_secs(60));
    let told = || metrics.encode().unwrap().matches("shop/one").count();
    assert!(told() > 5, "{}", told());
    there.store(false, Ordering::SeqCst);
    assert_eq!(told(), 0);
    there.store(true, Ordering::SeqCst);
    assert!(
        series(&metrics, "clusterwright_cloud_requests_total").is_empty(),
        "another account of this name begins anew"
    );
}

#[tokio::test(start_paused = true)]
async fn a_tokens_rest_of_life_is_told_until_none_is_left() {
    let metrics = Metrics::new();
    metrics.ask(with_accounts(&["shop/one"]));
    AsAccount::new(Arc::clone(&metrics), labels("shop/one")).token(Duration::from_secs(60));
    let left =
        || series(&metrics, "clusterwright_token_expiry_seconds").remove(0).rsplit(' ').next().unwrap().to_owned();
    tokio::time::advance(Duration::from_secs(45)).await;
    assert_eq!(left(), "15.0");
    tokio::time::advance(Duration::from_secs(45)).await;
    assert_eq!(left(), "0.0");
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_the_budget_is_told_in_seconds() {
    let metrics = Metrics::new();
    metrics.ask(with_accounts(&["shop/one"]));
    AsAccount::new(Arc::clone(&metrics), labels("shop/one")).waited(Duration::from_secs(3));
    assert_eq!(
        series(&metrics, "clusterwright_budget_wait_seconds_sum"),
        [r#"clusterwright_budget_wait_seconds_sum{cloud="TypeDB Cloud",account="shop/one"} 3.0"#]
    );
}

#[test]
fn what_there_is_no_more_is_shown_no_more() {
    let metrics = Metrics::new();
    let looks = AtomicBool::new(true);
    metrics.ask(move || {
        let labels = ClusterLabels { kind: "TypeDBCluster".to_owned(), state: "Ready", reason: "Running".to_owned() };
        let in_progress = HashMap::from([("TypeDBCluster".to_owned(), Duration::from_secs(90))]);
        let seen = Seen { clusters: HashMap::from([(labels, 3)]), in_progress, accounts: vec![account("shop/one")] };
        looks.swap(false, Ordering::SeqCst).then_some(seen)
    });
    let text = metrics.encode().unwrap();
    for line in [
        r#"clusterwright_clusters{kind="TypeDBCluster",state="Ready",reason="Running"} 3"#,
        r#"clusterwright_longest_in_progress_seconds{kind="TypeDBCluster"} 90.0"#,
        r#"clusterwright_accounts{cloud="TypeDB Cloud",account="shop/one",reason="Connected"} 1"#,
        r#"clusterwright_inventory_age_seconds{cloud="TypeDB Cloud",account="shop/one"} 30.0"#,
        r#"clusterwright_poll_interval_seconds{cloud="TypeDB Cloud",account="shop/one"} 60.0"#,
    ] {
        assert!(text.lines().any(|there| there == line), "{line} is not in {text}");
    }
    let left = metrics.encode().unwrap();
    assert!(!left.contains("TypeDB"), "{left}");
}

#[test]
fn reconciles_go_by_controller_runtimes_names() {
    let metrics = Metrics::new();
    metrics.controller("typedbcluster", 256);
    let under_way = metrics.reconciling("typedbcluster");
    assert_eq!(
        series(&metrics, "controller_runtime_active_workers"),
        [r#"controller_runtime_active_workers{controller="typedbcluster"} 1"#]
    );
    under_way.ended(&Ok::<_, Infallible>(Action::await_change()));
    metrics.reconciling("typedbcluster").ended(&Ok::<_, Infallible>(Action::requeue(Duration::from_secs(1))));
    metrics.reconciling("typedbcluster").ended(&Err("no"));
    let text = metrics.encode().unwrap();
    for line in [
        r#"controller_runtime_reconcile_total{controller="typedbcluster",result="success"} 1"#,
        r#"controller_runtime_reconcile_total{controller="typedbcluster",result="requeue_after"} 1"#,
        r#"controller_runtime_reconcile_total{controller="typedbcluster",result="error"} 1"#,
        r#"controller_runtime_reconcile_errors_total{controller="typedbcluster"} 1"#,
        r#"controller_runtime_reconcile_time_seconds_count{controller="typedbcluster"} 3"#,
        r#"controller_runtime_active_workers{controller="typedbcluster"} 0"#,
        r#"controller_runtime_max_concurrent_reconciles{controller="typedbcluster"} 256"#,
        r#"workqueue_work_duration_seconds_count{name="typedbcluster"} 3"#,
        r#"workqueue_retries_total{name="typedbcluster"} 1"#,
    ] {
        assert!(text.lines().any(|there| there == line), "{line} is not in {text}");
    }
}

#[test]
fn who_leads_is_told_by_lease() {
    let metrics = Metrics::new();
    for (leads, shown) in [(true, 1), (false, 0)] {
        metrics.leads("clusterwright", leads);
        let line = format!(r#"leader_election_master_status{{name="clusterwright"}} {shown}"#);
        assert_eq!(series(&metrics, "leader_election_master_status"), [line]);
    }
}

#[test]
fn a_reconcile_that_is_given_up_is_no_longer_under_way() {
    let metrics = Metrics::new();
    drop(metrics.reconciling("record"));
    assert_eq!(
        series(&metrics, "controller_runtime_active"),
        [r#"controller_runtime_active_workers{controller="record"} 0"#]
    );
}

#[test]
fn how_long_an_edit_takes_is_told_by_kind_and_by_what_it_was() {
    let metrics = Metrics::new();
    metrics.accepted("TypeDBCluster", "edit", Duration::from_secs(2));
    metrics.ready("TypeDBCluster", "creation", Duration::from_secs(400));
    let sums: Vec<String> = ["clusterwright_edit_accepted_seconds_sum", "clusterwright_ready_seconds_sum"]
        .into_iter()
        .flat_map(|name| series(&metrics, name))
        .collect();
    assert_eq!(
        sums,
        [
            r#"clusterwright_edit_accepted_seconds_sum{kind="TypeDBCluster",after="edit"} 2.0"#,
            r#"clusterwright_ready_seconds_sum{kind="TypeDBCluster",after="creation"} 400.0"#,
        ]
    );
}
