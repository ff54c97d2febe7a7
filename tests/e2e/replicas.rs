//! Two operators as real processes, of which one leads.

use std::fs;
use std::time::Instant;

use http::Method;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use kube::Api;
use serde_json::{Value, json};

use crate::harness::{Connected, Operator, Proxy, Side, World, eventually, paid};

/// The shortest term that there is, in seconds.
const TERM: &str = "45";

/// What a leader says that has ceased to lead.
const END: &str = "This process ends, so that no two lead at a time.";

/// Starts one more operator for this world, in a pod of another name.
fn replica(world: &World, name: &str) -> Operator {
    let through = (&world.proxy, world.operator_namespace.as_str());
    replica_with(world, name, through, &[])
}

/// The same by another way to the API server, with its records in another namespace, or with more flags.
fn replica_with(world: &World, name: &str, through: (&Proxy, &str), more: &[&str]) -> Operator {
    let log = world.log.with_file_name(format!("e2e-{}-{name}.log", world.namespace));
    let kubeconfig = log.with_extension("kubeconfig");
    fs::write(&log, "").expect("an empty log");
    fs::write(&kubeconfig, through.0.kubeconfig()).expect("a kubeconfig");
    let flags = ["--insecure-endpoints", "--allowed-endpoints", &world.cloud.url, "--lease-duration-seconds", TERM];
    let places = ["--namespace", through.1, "--watch-namespaces", &world.namespace];
    let arguments = places.iter().chain(&flags).chain(more).map(|&argument| argument.to_owned());
    Operator::start(&Connected { kubeconfig }, &log, &arguments.collect::<Vec<String>>())
}

/// A world in which one leads and another one stands by.
async fn two(name: &str) -> (World, Operator, Operator) {
    let world = World::without_operator(name).await;
    let leader = replica(&world, "a");
    until_held(&world, "a").await;
    let standby = replica(&world, "b");
    for operator in [&leader, &standby] {
        operator.until("/readyz", 200).await;
        operator.until("/healthz", 200).await;
    }
    world.connect().await;
    world.until_account("typedb", "Connected").await;
    (world, leader, standby)
}

async fn lease(world: &World) -> LeaseSpec {
    let api = Api::<Lease>::namespaced(world.kube.clone(), &world.operator_namespace);
    api.get_opt("clusterwright").await.expect("an answer").and_then(|lease| lease.spec).unwrap_or_default()
}

/// Waits until the operator of this name holds the lease.
async fn until_held(world: &World, name: &str) -> LeaseSpec {
    let pod = format!("e2e-{}-{name}_", world.namespace);
    eventually(&format!("{name} leads"), async || {
        let lease = lease(world).await;
        let holder = lease.holder_identity.clone().unwrap_or_default();
        if holder.starts_with(&pod) { Ok(lease) } else { Err(format!("it is held by {holder:?}")) }
    })
    .await
}

/// Which of the two figures an operator shows for its lease.
async fn leads(operator: &Operator) -> String {
    let metrics = operator.until("/metrics", 200).await;
    let series = "leader_election_master_status{name=\"clusterwright\"} ";
    let line = metrics.lines().find_map(|line| line.strip_prefix(series));
    line.unwrap_or_else(|| panic!("{metrics}")).to_owned()
}

/// Nothing of it was told to anybody: neither to the cloud nor to the API server.
async fn did_nothing(operator: &Operator) {
    let metrics = operator.until("/metrics", 200).await;
    let counts = |line: &&str| {
        let counters = ["clusterwright_cloud_requests_total{", "controller_runtime_reconcile_total{"];
        counters.iter().any(|counter| line.starts_with(counter)) && !line.ends_with(" 0")
    };
    assert_eq!(metrics.lines().find(counts), None);
}

async fn deploys(world: &World) -> usize {
    world.cloud.effects().await.iter().filter(|effect| effect.starts_with("deployed")).count()
}

/// How long it took, for whoever reads the test's output.
fn tell(what: &str, since: Instant) {
    eprintln!("{what}: {:.2} s", since.elapsed().as_secs_f64());
}

#[tokio::test]
async fn a_leader_killed_in_the_middle_of_a_create_is_followed_and_one_cluster_is_there() {
    let (world, leader, standby) = two("replicas-kill").await;
    assert_eq!((leads(&leader).await.as_str(), leads(&standby).await.as_str()), ("1", "0"));
    did_nothing(&standby).await;
    let late = json!({"method": "POST", "path": "*/deploy", "count": 1, "when": "afterEffect", "kind": {"latency": {"millis": 3000}}});
    world.cloud.fault(late).await;
    world.apply("orders", paid()).await;
    eventually("the create has its effect", async || {
        if deploys(&world).await == 1 { Ok(()) } else { Err("not yet".to_owned()) }
    })
    .await;
    leader.kill().await;
    let killed = Instant::now();
    let taken = until_held(&world, "b").await;
    tell("from the kill to the successor's lease of 45 s", killed);
    assert_eq!(taken.lease_transitions, Some(2));
    world.until_ready("orders").await;
    world.way_in("orders").await;
    assert_eq!((world.cloud.ids().await, deploys(&world).await), (vec!["orders".to_owned()], 1));
    assert_eq!(leads(&standby).await, "1");
    world.finish().await;
}

#[tokio::test]
async fn a_leader_that_was_stopped_wakes_up_late_and_ends_without_a_write() {
    let (world, mut leader, _standby) = two("replicas-stop").await;
    // It is stopped while it looks whether the name is free, and finds the answer when it wakes up.
    let slow = json!({"method": "GET", "path": "*/orders", "count": 1, "when": "beforeEffect", "kind": {"latency": {"millis": 1000}}});
    world.cloud.fault(slow).await;
    let looked = world.cloud.count(Method::GET, "/orders").await;
    world.apply("orders", paid()).await;
    eventually("the name is looked up", async || {
        if world.cloud.count(Method::GET, "/orders").await > looked { Ok(()) } else { Err("not yet".to_owned()) }
    })
    .await;
    leader.signal("STOP").await;
    until_held(&world, "b").await;
    world.until_ready("orders").await;
    let before = world.cloud.log().await.iter().filter(|row| row["method"] != "GET").count();
    leader.signal("CONT").await;
    assert_eq!(leader.ended().await.code(), Some(1));
    assert!(leader.printed().contains(END), "{}", leader.printed());
    // The successor has nothing to write any more, and the other one did not.
    let written = |row: &&Value| row["effect"].is_object();
    let rows = world.cloud.log().await;
    let after: Vec<&Value> = rows.iter().filter(|row| row["method"] != "GET").skip(before).filter(written).collect();
    assert_eq!(after, Vec::<&Value>::new());
    assert_eq!((world.cloud.ids().await, deploys(&world).await), (vec!["orders".to_owned()], 1));
    world.finish().await;
}

#[tokio::test]
async fn sigterm_hands_the_lease_over() {
    let (world, mut leader, standby) = two("replicas-term").await;
    world.apply("orders", paid()).await;
    world.until_ready("orders").await;
    leader.signal("TERM").await;
    let asked = Instant::now();
    let taken = until_held(&world, "b").await;
    tell("from SIGTERM to the successor's lease", asked);
    assert_eq!(taken.lease_transitions, Some(2));
    assert_eq!(leader.ended().await.code(), Some(0));
    assert!(leader.printed().contains("the lease is released"), "{}", leader.printed());
    world.apply("sales", paid()).await;
    world.until_ready("sales").await;
    assert_eq!(leads(&standby).await, "1");
    assert_eq!(deploys(&world).await, 2);

    let (mut standby, next) = (standby, replica(&world, "c"));
    next.until("/readyz", 200).await;
    assert_eq!(standby.terminate().await.code(), Some(0));
    until_held(&world, "c").await;

    // Nobody stands by when this one dies: a new pod finds its lease, and waits until it has run out.
    next.kill().await;
    let found = replica(&world, "d");
    found.until("/readyz", 200).await;
    assert_eq!(leads(&found).await, "0");
    until_held(&world, "d").await;
    world.finish().await;
}

/// The API server is gone for longer than the lease is good for, in the middle of a create.
#[tokio::test]
async fn without_the_api_server_a_leader_ends_before_its_lease_does() {
    let world = World::without_operator("replicas-outage").await;
    let mut leader = replica(&world, "a");
    until_held(&world, "a").await;
    world.connect().await;
    world.until_account("typedb", "Connected").await;
    world.proxy.snag(Side::After, Method::POST, format!("/namespaces/{}/secrets", world.operator_namespace));
    world.apply("orders", paid()).await;
    eventually(
        "the create is announced",
        async || {
            if world.proxy.is_snagged() { Ok(()) } else { Err("not yet".to_owned()) }
        },
    )
    .await;
    world.proxy.goes_down(true);
    assert_eq!(leader.ended().await.code(), Some(1));
    assert!(leader.printed().contains(END), "{}", leader.printed());
    assert_eq!(deploys(&world).await, 0);
    world.proxy.goes_down(false);
    // In the same pod, nobody has to wait.
    let mut again = replica(&world, "a");
    let started = Instant::now();
    world.until_ready("orders").await;
    tell("from a start in the same pod to a Ready cluster", started);
    assert_eq!((world.cloud.ids().await, deploys(&world).await), (vec!["orders".to_owned()], 1));
    assert_eq!(again.terminate().await.code(), Some(0));
    world.finish().await;
}

/// Waits until an operator has logged a line with `words`.
async fn until_logged(operator: &Operator, words: &str) {
    eventually(&format!("it says {words:?}"), async || {
        let printed = operator.printed();
        if printed.contains(words) { Ok(()) } else { Err(printed) }
    })
    .await;
}

/// Two installations, of which the second one takes over from the first.
#[tokio::test]
async fn an_installation_takes_over_when_the_former_one_is_gone() {
    let world = World::without_operator("replicas-move").await;
    let there = "replicas-move-new";
    let heirs = world.heir(there).await;
    let mut former = replica(&world, "a");
    world.connect().await;
    world.apply("orders", paid()).await;
    world.until_ready("orders").await;
    let way_in = world.way_in("orders").await;

    let through = (&heirs, there);
    let mut stranger = replica_with(&world, "stranger", through, &[]);
    until_logged(&stranger, "looks after this manifest, so the one in replicas-move-new writes nothing").await;
    assert_eq!(stranger.terminate().await.code(), Some(0));

    let mut heir = replica_with(&world, "heir", through, &["--take-over-from", &world.operator_namespace]);
    until_logged(&heir, "may still run").await;
    heir.until("/healthz", 200).await;
    heir.until("/readyz", 503).await;
    assert_eq!(former.terminate().await.code(), Some(0));
    heir.until("/readyz", 200).await;
    world
        .until("orders", "is the heir's", |manifest| {
            let namespace = manifest.status.as_ref().and_then(|status| status.common.operator_namespace.clone());
            if namespace.as_deref() == Some(there) { Ok(()) } else { Err(format!("{namespace:?}")) }
        })
        .await;
    world.until_ready("orders").await;
    assert_eq!(world.way_in("orders").await, way_in);
    assert_eq!((world.cloud.ids().await, deploys(&world).await), (vec!["orders".to_owned()], 1));

    // Whoever starts the former one again finds that it has nothing to say any more.
    let mut former = replica(&world, "a");
    until_logged(&former, "so the one in replicas-move-operator writes nothing").await;
    for operator in [&mut former, &mut heir] {
        assert_eq!(operator.terminate().await.code(), Some(0));
    }
    world.finish().await;
}
