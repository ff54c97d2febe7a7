//! How operations go.

use clusterwright::cloud::cratedb::wire::OperationKind;
use clusterwright::simulator::cratedb::{Failure, NewCluster};
use clusterwright::simulator::{Settings, Simulator, Speed};
use http::Method;
use rstest::rstest;
use serde_json::{Value, json};

use super::client::{Client, GIB, paid};
use crate::client::{pass, settings, world};

#[tokio::test(start_paused = true)]
async fn a_scaling_passes_from_registered_to_succeeded() {
    let client = Client::admin(&world());
    let id = client.created(paid("orders")).await["id"].as_str().unwrap().to_owned();
    let answer = client.change(&id, "scale", json!({"product_unit": 3})).await.ok();
    assert_eq!((&answer["product_unit"], &answer["num_nodes"]), (&json!(1), &json!(2)), "the old values");
    assert_eq!(answer["health"]["running_operation"], "SCALE");
    let seen = async |after: u64, status: &str, message: &str| {
        pass(after).await;
        assert_eq!(client.progress(&id).await, (status.to_owned(), message.to_owned()));
    };
    seen(0, "REGISTERED", "Your scaling request was received and is pending processing.").await;
    seen(14, "REGISTERED", "Your scaling request was received and is pending processing.").await;
    seen(1, "SENT", "Your scaling request was sent to the region.").await;
    seen(29, "SENT", "Your scaling request was sent to the region.").await;
    let growing = "Scaling up from 2 to 4 nodes. Waiting for new node(s) to be present.";
    seen(1, "IN_PROGRESS", growing).await;
    seen(254, "IN_PROGRESS", growing).await;
    assert_eq!(client.cluster(&id).await.ok()["num_nodes"], 2);
    seen(1, "SUCCEEDED", "Successfully scaled cluster to 4 nodes.").await;
    let cluster = client.cluster(&id).await.ok();
    assert_eq!((&cluster["num_nodes"], &cluster["health"]["running_operation"]), (&json!(4), &json!("")));

    let newest = &client.operations(&id).await[0];
    let data =
        json!({"current_product_unit": 1, "current_num_nodes": 2, "target_product_unit": 3, "target_num_nodes": 4});
    assert_eq!((&newest["non_sensitive_data"], &newest["entity_id"]), (&data, &json!(id)));
    client.change(&id, "scale", json!({"product_unit": 0})).await.ok();
    seen(45, "IN_PROGRESS", "Waiting for node 1/3 to be terminated.").await;
}

#[tokio::test(start_paused = true)]
async fn operations_are_listed_newest_first_and_filtered() {
    let client = Client::admin(&world());
    let id = client.created(paid("orders")).await["id"].as_str().unwrap().to_owned();
    client.change(&id, "scale", json!({"product_unit": 2})).await.ok();
    let kinds = async |query: &str| {
        let answer = client.get(&format!("clusters/{id}/operations/{query}")).await.ok();
        let operations = answer["operations"].as_array().unwrap().clone();
        operations.iter().map(|operation| operation["type"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(kinds("").await, ["SCALE", "CREATE"]);
    assert_eq!(kinds("?type=CREATE&limit=1").await, ["CREATE"]);
    assert_eq!(kinds("?limit=1").await, ["SCALE"]);
    assert_eq!(kinds("?statuses=REGISTERED&statuses=SENT").await, ["SCALE"]);
    assert_eq!(kinds("?statuses=SUCCEEDED&statuses=SENT").await, ["CREATE"]);
    assert_eq!(kinds("?start=2026-11-22T12:04:00Z").await, ["SCALE"]);
    assert_eq!(kinds("?end=2026-11-22T12:04:00Z").await, ["CREATE"]);
    client.get(&format!("clusters/{id}/operations/?start=noon")).await.refused(400);
    assert!(client.operations(&id).await.iter().all(|operation| operation["feedback_data"]["message"].is_string()));
}

#[rstest]
#[case(400)]
#[case(409)]
#[tokio::test(start_paused = true)]
async fn one_operation_at_a_time(#[case] status: u16) {
    let simulator = world();
    simulator.configure(|settings| settings.cratedb.unknowns.busy_status = status.try_into().unwrap());
    let client = Client::admin(&simulator);
    let id = client.create(paid("orders")).await.created()["id"].as_str().unwrap().to_owned();
    let busy = "Another cluster operation is currently in progress, please try again later.";
    let changes = [
        ("scale", json!({"product_unit": 2})),
        ("storage", json!({"disk_size_per_node_bytes": 128 * GIB})),
        ("ip-restrictions", json!({"ip_whitelist": []})),
        ("suspend", json!({"suspended": true})),
        ("upgrade", json!({"crate_version": "5.9.4"})),
        ("product", json!({"product_name": "cr2"})),
        ("backup-schedule", json!({"backup_hours": "4"})),
    ];
    for (action, body) in changes.clone() {
        assert_eq!(client.change(&id, action, body).await.refused(status), busy, "{action}");
    }
    let password = json!({"password": "another-not-a-secret-value"});
    assert_eq!(client.patch(&format!("clusters/{id}/"), password).await.refused(status), busy);
    client.change(&id, "deletion-protection", json!({"deletion_protected": true})).await.ok();
    pass(300).await;
    for (action, body) in changes {
        client.change(&id, action, body).await.ok();
        pass(480).await;
        if action == "suspend" {
            client.change(&id, "suspend", json!({"suspended": false})).await.ok();
            pass(180).await;
        }
    }
    assert_eq!(client.operations(&id).await.len(), 9);
}

#[tokio::test(start_paused = true)]
async fn the_speed_divides_every_duration() {
    let speed = Speed::try_from(60.0).unwrap();
    let client = Client::admin(&Simulator::new(Settings { speed, ..settings() }));
    let id = client.create(paid("orders")).await.created()["id"].as_str().unwrap().to_owned();
    pass(4).await;
    assert_eq!(client.progress(&id).await.0, "IN_PROGRESS");
    pass(1).await;
    assert_eq!(client.progress(&id).await.0, "SUCCEEDED");
}

#[rstest]
#[case(false, 2)]
#[case(true, 4)]
#[tokio::test(start_paused = true)]
async fn an_operation_fails_without_effect_or_halfway(#[case] halfway: bool, #[case] nodes: i64) {
    let simulator = world();
    let client = Client::admin(&simulator);
    let id = client.created(paid("orders")).await["id"].as_str().unwrap().to_owned();
    let message = Some("There are no machines left.".to_owned());
    simulator.cratedb().fail_next(Failure { halfway, message, ..Failure::of(OperationKind::Scale) });
    let storage = json!({"disk_size_per_node_bytes": 128 * GIB});
    client.change(&id, "storage", storage).await.ok();
    pass(180).await;
    assert_eq!(client.progress(&id).await.0, "SUCCEEDED", "it was to be a scaling");
    client.change(&id, "scale", json!({"product_unit": 5})).await.ok();
    pass(299).await;
    assert_eq!(client.progress(&id).await.0, "IN_PROGRESS");
    pass(1).await;
    assert_eq!(client.progress(&id).await, ("FAILED".to_owned(), "There are no machines left.".to_owned()));
    let cluster = client.cluster(&id).await.ok();
    assert_eq!((&cluster["num_nodes"], &cluster["last_async_operation"]["status"]), (&json!(nodes), &json!("FAILED")));
    client.change(&id, "scale", json!({"product_unit": 5})).await.ok();
    pass(300).await;
    assert_eq!(client.cluster(&id).await.ok()["num_nodes"], 6);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_whose_creation_failed_never_serves() {
    let simulator = world();
    let client = Client::admin(&simulator);
    client.control(Method::POST, "cratedb/failures", json!({"type": "CREATE"})).await.empty(204);
    simulator.cratedb().seed(NewCluster::new("legacy")).unwrap();
    assert_eq!(simulator.cratedb().clusters()[0].operations[0]["status"], "SUCCEEDED", "that one is somebody else's");
    let created = client.create(paid("orders")).await.created();
    let id = created["id"].as_str().unwrap();
    pass(3600).await;
    assert_eq!(client.progress(id).await.0, "FAILED");
    let cluster = client.cluster(id).await.ok();
    assert_eq!(cluster["health"], json!({"last_seen": "", "running_operation": "", "status": "UNREACHABLE"}));
    client.change(id, "scale", json!({"product_unit": 2})).await.refused(400);
    Client::of_database(&simulator, &cluster, "x").sql("SELECT 1").await.cut();
    client.delete(&format!("clusters/{id}/")).await.empty(204);
    client.created(paid("orders")).await;
    let misspelt = client.control(Method::POST, "cratedb/failures", json!({"tpye": "CREATE"})).await;
    assert_eq!(misspelt.status, Some(400));
}

#[tokio::test(start_paused = true)]
async fn somebody_else_can_start_an_operation() {
    let simulator = world();
    let client = Client::admin(&simulator);
    let id = client.created(paid("orders")).await["id"].as_str().unwrap().to_owned();
    let path = format!("cratedb/clusters/{id}/scale");
    client.control(Method::PUT, &path, json!({"product_unit": 4})).await.empty(204);
    client.control(Method::PUT, &path, json!({"product_unit": 5})).await.refused(400);
    client.control(Method::PUT, &format!("cratedb/clusters/{id}/paint"), json!({})).await.refused(404);
    client.change(&id, "suspend", json!({"suspended": true})).await.refused(400);
    let started: Vec<Value> = client.operations(&id).await;
    assert_eq!(started[0]["type"], "SCALE");
}
