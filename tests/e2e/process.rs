//! The operator as a process, and what it needs before it starts.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Api;
use kube::api::DeleteParams;
use serde_json::json;

use crate::harness::{Connected, ControlPlane, Operator, World, eventually, paid, with};

const KIND: &str = "typedbclusters.clusterwright.dev";

/// The operator waits for its kinds; and when they go, with every manifest, nothing is destroyed.
#[tokio::test]
async fn definitions_may_come_late_and_go_and_come_again() {
    // It lives as long as this process, as the shared one does.
    let control_plane: &'static ControlPlane = Box::leak(Box::new(ControlPlane::start()));
    let mut world = World::on(control_plane, "definitions").await;
    world.start_operator();
    let operator = world.operator.as_ref().unwrap();
    operator.until("/readyz", 503).await;
    operator.until("/healthz", 200).await;
    eventually("it says what is missing", async || {
        let printed = operator.printed();
        if printed.contains("Apply the folder crds/") { Ok(()) } else { Err(printed) }
    })
    .await;
    control_plane.define_kinds(&world.kube).await;
    operator.until("/readyz", 200).await;

    let destroyed = with(paid(), json!({"deletionPolicy": "Delete"}));
    set_up(&world).await;
    world.apply("kept", paid()).await;
    world.apply("destroyed", destroyed.clone()).await;
    world.until_ready("kept").await;
    world.until_ready("destroyed").await;
    let ways_in = (world.way_in("kept").await, world.way_in("destroyed").await);

    let definitions = Api::<CustomResourceDefinition>::all(world.kube.clone());
    definitions.delete(KIND, &DeleteParams::default()).await.unwrap();
    eventually("the definition is gone", async || match definitions.get_opt(KIND).await {
        Ok(None) => Ok(()),
        other => Err(format!("{:?}", other.map(|definition| definition.and_then(|definition| definition.status)))),
    })
    .await;
    assert_eq!(world.cloud.ids().await, ["destroyed", "kept"]);

    control_plane.define_kinds(&world.kube).await;
    world.apply("kept", paid()).await;
    world.apply("destroyed", destroyed).await;
    world.until_ready("kept").await;
    world.until_ready("destroyed").await;
    assert_eq!((world.way_in("kept").await, world.way_in("destroyed").await), ways_in);
    let effects = world.cloud.effects().await;
    assert_eq!(effects.iter().filter(|effect| effect.starts_with("deployed")).count(), 2, "{effects:?}");
    world.finish().await;
}

async fn set_up(world: &World) {
    world.credentials("typedb-cloud", "simulator", "simulator-secret").await;
    world.account("typedb", json!({})).await;
}

#[tokio::test]
async fn without_its_namespace_it_ends_and_names_the_command() {
    let world = World::without_operator("no-namespace").await;
    let connected = Connected { kubeconfig: world.control_plane.kubeconfig.clone() };
    let arguments = ["--namespace", "nowhere"].map(str::to_owned);
    let mut operator = Operator::start(&connected, &world.log, &arguments);
    assert_eq!(operator.ended().await.code(), Some(1));
    let printed = operator.printed();
    assert!(printed.contains("kubectl create namespace nowhere"), "{printed}");
    world.finish().await;
}

/// Straight to the API server: TLS and a token.
#[tokio::test]
async fn it_looks_after_its_own_namespaces_tells_its_health_and_stops_in_order() {
    let mut world = World::without_operator("process").await;
    let other = World::without_operator("process-other").await;
    let connected = Connected { kubeconfig: world.own_kubeconfig() };
    let flags = ["--insecure-endpoints", "--namespace", "process-operator", "--watch-namespaces", "process"];
    let endpoints = ["--allowed-endpoints".to_owned(), format!("{},{}", world.cloud.url, other.cloud.url)];
    let arguments: Vec<String> = flags.map(str::to_owned).into_iter().chain(endpoints).collect();
    world.operator = Some(Operator::start(&connected, &world.log, &arguments));
    for world in [&world, &other] {
        set_up(world).await;
        world.apply("orders", paid()).await;
    }
    world.until_ready("orders").await;
    let untouched = other.cluster("orders").await.status.unwrap();
    assert_eq!((untouched.common.observed_generation, untouched.common.conditions.len()), (Some(-1), 0));
    assert!(other.cloud.log().await.is_empty(), "nobody asked that cloud");
    other.finish().await;

    let operator = world.operator.as_ref().unwrap();
    operator.until("/healthz", 200).await;
    operator.until("/readyz", 200).await;
    let metrics = operator.until("/metrics", 200).await;
    for metric in ["controller_runtime_reconcile_total", "controller_runtime_reconcile_time_seconds"] {
        assert!(metrics.contains(metric), "{metrics}");
    }
    let lines = operator.lines();
    assert!(lines.iter().all(|line| line["level"].is_string() && line["timestamp"].is_string()));
    assert_eq!(world.leaks().await, Vec::<String>::new());
    let mut operator = world.operator.take().unwrap();
    assert_eq!(operator.terminate().await.code(), Some(0));
    world.finish().await;
}

/// The search for leaks that ends every other test finds what it is meant to find.
#[tokio::test]
async fn a_leaked_value_is_found() {
    let world = World::new("leaks").await;
    world.until_account("typedb", "Connected").await;
    world.apply("orders", with(paid(), json!({"clusterId": "simulator-secret"}))).await;
    world.until_ready("orders").await;
    let leaks = world.leaks().await;
    for place in ["the log", "/typedbclusters", "/events", "/status"] {
        assert!(leaks.iter().any(|leak| leak.split(" holds").next().unwrap().contains(place)), "{place}: {leaks:#?}");
    }
    let found = leaks.iter().all(|leak| leak.contains("\"simulator-secret\""));
    assert!(found, "{leaks:#?}");
    world.abandon();
}
