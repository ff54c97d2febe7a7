//! Creating clusters, and finding them.

use clusterwright::simulator::cratedb::{FieldErrors, NewCluster, NewSubscription, OrganizationChange};
use http::Method;
use rstest::rstest;
use serde_json::{Value, json};

use super::client::{Client, GIB, ORGANIZATION, PASSWORD, REGION, SECOND, SUBSCRIPTION, but, free, paid};
use crate::client::{pass, world};

#[tokio::test(start_paused = true)]
async fn a_create_answers_at_once_and_takes_five_minutes() {
    let client = Client::admin(&world());
    let answer = client.create(paid("orders")).await;
    assert!(!answer.text.contains(PASSWORD));
    let cluster = answer.created();
    let id = cluster["id"].as_str().unwrap();
    assert_eq!(cluster["health"], json!({"last_seen": "", "running_operation": "CREATE", "status": "UNREACHABLE"}));
    assert_eq!(cluster["fqdn"], format!("orders.{REGION}.cratedb.net."));
    assert_eq!(cluster["url"], format!("https://orders.{REGION}.cratedb.net:4200"));
    assert_eq!((&cluster["product_unit"], &cluster["num_nodes"]), (&json!(1), &json!(2)));
    assert_eq!(cluster["hardware_specs"]["disk_size_per_node_bytes"], 64 * GIB);
    assert_eq!(cluster["dc"]["created"], "2026-11-22T12:00:00+00:00");
    assert_eq!(cluster["last_async_operation"]["status"], "REGISTERED");
    for field in ["ip_whitelist", "deletion_protected", "suspended", "allow_suspend"] {
        assert!(!cluster[field].is_null(), "{field}");
    }
    pass(299).await;
    assert_eq!(client.cluster(id).await.ok()["health"]["running_operation"], "CREATE");
    pass(1).await;
    let cluster = client.cluster(id).await.ok();
    assert_eq!(
        cluster["health"],
        json!({"last_seen": "2026-11-22T12:05:00", "running_operation": "", "status": "GREEN"})
    );
    assert_eq!(cluster["last_async_operation"]["status"], "SUCCEEDED");
}

#[rstest]
#[case("/cluster/name", json!(null))]
#[case("/cluster/name", json!("ab"))]
#[case("/cluster/name", json!("a".repeat(64)))]
#[case("/cluster/name", json!("Orders"))]
#[case("/cluster/name", json!("1orders"))]
#[case("/cluster/name", json!("orders-"))]
#[case("/cluster/name", json!(7))]
#[case("/cluster/crate_version", json!("1.0.0"))]
#[case("/cluster/crate_version", json!("5.10.2"))]
#[case("/cluster/channel", json!("weekly"))]
#[case("/cluster/product_name", json!("cr9"))]
#[case("/cluster/product_tier", json!("gold"))]
#[case("/cluster/product_unit", json!(9))]
#[case("/cluster/product_unit", json!(-1))]
#[case("/cluster/product_unit", json!("two"))]
#[case("/cluster/username", json!("crate"))]
#[case("/cluster/username", json!("system"))]
#[case("/cluster/password", json!("short"))]
#[case("/cluster/password", json!("x".repeat(129)))]
#[case("/cluster/hardware_specs", json!({"disk_size_per_node_bytes": 16 * GIB}))]
#[case("/cluster/hardware_specs", json!({"disk_size_per_node_bytes": 8193 * GIB}))]
#[case("/cluster/hardware_specs", json!({"disk_type": "punched cards"}))]
#[case("/subscription_id", json!(null))]
#[case("/subscription_id", json!("00000000-0000-4000-8000-000000000032"))]
#[case("/subscription_id", json!("free_tier"))]
#[case("/project", json!(null))]
#[case("/project", json!({"name": "tests", "region": "moon"}))]
#[case("/project", json!({"name": "-", "region": REGION}))]
#[case("/project_id", json!("00000000-0000-4000-8000-0000000000ff"))]
#[tokio::test(start_paused = true)]
async fn what_makes_no_sense_is_refused_and_leaves_nothing(#[case] pointer: &str, #[case] value: Value) {
    let client = Client::admin(&world());
    let answer = client.create(but(paid("orders"), pointer, value)).await;
    answer.refused(400);
    let field = pointer.split('/').nth(1).unwrap();
    assert!(answer.json()["errors"][field].is_object() || answer.json()["errors"].is_object(), "{}", answer.text);
    assert_eq!(client.get("clusters/").await.ok(), json!([]));
    assert_eq!(client.get("projects/").await.ok(), json!([]));
}

#[rstest]
#[case(FieldErrors::Nested, json!({"cluster": {"name": ["Length must be between 3 and 63."]}}))]
#[case(FieldErrors::Lists, json!({"cluster.name": ["Length must be between 3 and 63."]}))]
#[case(FieldErrors::Texts, json!({"cluster.name": "Length must be between 3 and 63."}))]
#[case(FieldErrors::Absent, json!(null))]
#[tokio::test(start_paused = true)]
async fn the_shape_of_field_errors_is_a_switch(#[case] shape: FieldErrors, #[case] expected: Value) {
    let simulator = world();
    simulator.configure(|settings| {
        (settings.cratedb.unknowns.field_errors, settings.cratedb.unknowns.vague_messages) = (shape, true);
    });
    let answer = Client::admin(&simulator).create(but(paid("x"), "/cluster/name", json!("x"))).await;
    let message = answer.refused(400);
    assert_eq!(answer.json()["errors"], expected);
    let vague = if shape == FieldErrors::Absent { "Length must be between 3 and 63." } else { "Bad request" };
    assert_eq!(message, vague, "the sentence stands somewhere");
}

#[rstest]
#[case(400)]
#[case(409)]
#[tokio::test(start_paused = true)]
async fn a_name_is_free_or_taken_in_all_of_the_cloud(#[case] status: u16) {
    let simulator = world();
    simulator.configure(|settings| settings.cratedb.unknowns.name_taken_status = status.try_into().unwrap());
    let client = Client::of(&simulator, "simulator-second");
    let name = |name: &str| format!("/api/v2/clusters/name/{name}/");
    client.send(Method::HEAD, &name("orders"), None).await.empty(404);
    client.send(Method::HEAD, &name("Or"), None).await.empty(400);
    Client::admin(&simulator).create(paid("orders")).await.created();
    client.send(Method::HEAD, &name("orders"), None).await.empty(200);
    let other = but(paid("orders"), "/subscription_id", json!("00000000-0000-4000-8000-000000000032"));
    let path = "organizations/00000000-0000-4000-8000-000000000002/clusters/";
    assert!(client.post(path, other).await.refused(status).contains("already taken"));
}

#[tokio::test(start_paused = true)]
async fn a_cluster_goes_into_a_project_that_exists() {
    let client = Client::admin(&world());
    let described = json!({"name": "shop", "organization_id": ORGANIZATION, "region": "aks1.westeurope.azure"});
    let project = client.post("projects/", described.clone()).await.created();
    let again = client.post("projects/", described).await.created();
    assert_ne!(project["id"], again["id"], "names of projects need not be unique");
    let body = but(but(paid("orders"), "/project", json!(null)), "/project_id", project["id"].clone());
    let cluster = client.create(body).await.created();
    assert_eq!(cluster["project_id"], project["id"]);
    assert_eq!(cluster["fqdn"], "orders.aks1.westeurope.azure.cratedb.net.");
    let in_project = |project: &Value| format!("projects/{}/clusters/", project["id"].as_str().unwrap());
    assert_eq!(client.get(&in_project(&project)).await.ok().as_array().unwrap().len(), 1);
    assert_eq!(client.get(&in_project(&again)).await.ok(), json!([]));
    let path = |project: &Value| format!("projects/{}/", project["id"].as_str().unwrap());
    assert!(client.delete(&path(&project)).await.refused(403).contains("has clusters"));
    assert_eq!(client.patch(&path(&again), json!({"name": "store"})).await.ok()["name"], "store");
    client.delete(&path(&again)).await.empty(204);
    client.get(&path(&again)).await.refused(404);
}

#[tokio::test(start_paused = true)]
async fn lists_are_filtered() {
    let simulator = world();
    let client = Client::admin(&simulator);
    let other = simulator.cratedb().add_subscription(NewSubscription::default());
    let orders = client.create(paid("orders")).await.created();
    client.create(but(paid("sales"), "/subscription_id", json!(other))).await.created();
    client.create(but(paid("stock"), "/cluster/product_name", json!("cr2"))).await.created();
    let names = async |query: &str| {
        let clusters = client.get(&format!("organizations/{ORGANIZATION}/clusters/{query}")).await.ok();
        clusters
            .as_array()
            .unwrap()
            .iter()
            .map(|cluster| cluster["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names("").await, ["orders", "sales", "stock"]);
    assert_eq!(names(&format!("?subscription_id={other}")).await, ["sales"]);
    assert_eq!(names("?product_name=cr2").await, ["stock"]);
    assert_eq!(names(&format!("?project_id={}", orders["project_id"].as_str().unwrap())).await, ["orders"]);
}

#[tokio::test(start_paused = true)]
async fn an_inactive_subscription_pays_for_nothing() {
    let simulator = world();
    let client = Client::admin(&simulator);
    let new = NewSubscription { active: false, ..NewSubscription::default() };
    let id = simulator.cratedb().add_subscription(new);
    let body = but(paid("orders"), "/subscription_id", json!(id));
    assert!(client.create(body.clone()).await.refused(400).contains("not active"));
    simulator.cratedb().activate_subscription(&id, true).unwrap();
    client.create(body).await.created();
    let pending =
        client.post("subscriptions/", json!({"organization_id": ORGANIZATION, "type": "stripe"})).await.created();
    assert_eq!((&pending["active"], &pending["state"]), (&json!(false), &json!("pending")));
}

#[rstest]
#[case(400)]
#[case(402)]
#[case(403)]
#[tokio::test(start_paused = true)]
async fn quota_and_budget_limit_what_can_be_had(#[case] status: u16) {
    let simulator = world();
    simulator.configure(|settings| {
        settings.cratedb.max_clusters_per_organization = Some(1);
        settings.cratedb.unknowns.quota_status = status.try_into().unwrap();
        settings.cratedb.unknowns.budget_status = status.try_into().unwrap();
    });
    let client = Client::admin(&simulator);
    let cluster = client.created(paid("orders")).await;
    assert!(client.create(paid("sales")).await.refused(status).contains("quota"));
    let quotas = client.get(&format!("organizations/{ORGANIZATION}/quotas/")).await.ok();
    assert_eq!(quotas, json!([{"code": "clusters", "current_value": 1, "quota": 1}]));
    let other = NewCluster { organization_id: SECOND.to_owned(), ..NewCluster::new("elsewhere") };
    simulator.cratedb().seed(other).unwrap();
    let quotas_after = client.get(&format!("organizations/{ORGANIZATION}/quotas/")).await.ok();
    assert_eq!(quotas_after, quotas, "another organization's clusters do not count");
    simulator.configure(|settings| settings.cratedb.max_clusters_per_organization = None);

    let remaining = async |query: &str| {
        let path = format!("organizations/{ORGANIZATION}/remaining-budget/{query}");
        client.get(&path).await.ok()["remaining_budget_per_month"].as_f64().unwrap()
    };
    let id = cluster["id"].as_str().unwrap();
    let without = remaining(&format!("?exclude_cluster_id={id}")).await;
    assert!(without > remaining("").await);
    assert!((without - simulator.settings().cratedb.monthly_budget).abs() < 1e-6, "it has no other cluster");
    let change = OrganizationChange { monthly_budget: Some(without - remaining("").await) };
    simulator.cratedb().change_organization(ORGANIZATION, &change).unwrap();
    assert!(remaining("").await < 0.01);
    assert!(client.create(paid("sales")).await.refused(status).contains("budget"));
    for (action, body) in [
        ("scale", json!({"product_unit": 2})),
        ("storage", json!({"disk_size_per_node_bytes": 128 * GIB})),
        ("product", json!({"product_name": "cr2"})),
    ] {
        assert!(client.change(id, action, body).await.refused(status).contains("budget"), "{action}");
    }
    client.change(id, "scale", json!({"product_unit": 0})).await.ok();
    client.create(free("trial")).await.created();
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_ids() {
    let ids = async || {
        let client = Client::admin(&world());
        let cluster = client.create(paid("orders")).await.created();
        (cluster["id"].clone(), cluster["last_async_operation"]["id"].clone())
    };
    assert_eq!(ids().await, ids().await);
    assert_eq!(paid("orders")["subscription_id"], SUBSCRIPTION);
}
