//! What the vendor's command line, croud 1.15.0, needs of the cloud, as it asks for it.

use http::header::SET_COOKIE;
use serde_json::{Value, json};

use super::client::{Client, ORGANIZATION, PASSWORD, REGION, SUBSCRIPTION};
use crate::client::{Reply, pass, world};

/// It follows an operation by the newest of its kind: status and message.
async fn followed(client: &Client, id: &str, kind: &str) -> Vec<(String, String)> {
    let mut seen = Vec::new();
    loop {
        let answer = client.get(&format!("clusters/{id}/operations/?type={kind}&limit=1")).await.ok();
        let operations = answer["operations"].as_array().unwrap();
        assert_eq!((operations.len(), &operations[0]["type"]), (1, &json!(kind)), "an empty list ends the wait");
        assert!(operations[0]["feedback_data"].is_object(), "it fails on null");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let step = (text(&operations[0]["status"]), text(&operations[0]["feedback_data"]["message"]));
        if seen.last() != Some(&step) {
            seen.push(step);
        }
        if matches!(seen.last().unwrap().0.as_str(), "SUCCEEDED" | "FAILED") {
            return seen;
        }
        pass(10).await;
    }
}

fn without_cookie(reply: Reply) -> Reply {
    assert!(reply.headers.get(SET_COOKIE).is_none(), "it would stop using its key");
    reply
}

#[tokio::test(start_paused = true)]
async fn a_cluster_is_deployed_into_a_new_project_and_scaled() {
    let client = Client::admin(&world());
    let body = json!({
        "cluster": {
            "crate_version": "5.9.4", "name": "orders", "password": PASSWORD, "product_name": "cr1",
            "product_tier": "default", "username": "admin", "channel": "stable", "product_unit": 1,
            "hardware_specs": {"disk_size_per_node_bytes": 34_359_738_368_i64},
        },
        "subscription_id": SUBSCRIPTION, "project": {"name": "orders", "region": REGION},
    });
    let deployed = without_cookie(client.create(body).await).created();
    let id = deployed["id"].as_str().unwrap();
    let statuses: Vec<String> = followed(&client, id, "CREATE").await.into_iter().map(|(status, _)| status).collect();
    assert_eq!(statuses, ["REGISTERED", "SENT", "IN_PROGRESS", "SUCCEEDED"]);
    client.change(id, "scale", json!({"product_unit": 2})).await.ok();
    let seen = followed(&client, id, "SCALE").await;
    assert_eq!(seen.last().unwrap().1, "Successfully scaled cluster to 3 nodes.");
    client.change(id, "ip-restrictions", json!({"ip_whitelist": [{"cidr": "192.0.2.0/24"}]})).await.ok();
    assert_eq!(followed(&client, id, "ALLOWED_CIDR_UPDATE").await.last().unwrap().0, "SUCCEEDED");
}

#[tokio::test(start_paused = true)]
async fn the_organization_is_looked_up_by_its_project() {
    let client = Client::admin(&world());
    let project = json!({"name": "shop", "organization_id": ORGANIZATION, "region": REGION});
    let project = client.post("projects/", project).await.created();
    let looked_up = client.get(&format!("projects/{}/", project["id"].as_str().unwrap())).await.ok();
    assert_eq!(looked_up["organization_id"], ORGANIZATION);
}

#[tokio::test(start_paused = true)]
async fn a_project_is_made_in_the_region_that_a_header_names() {
    let client = Client::admin(&world());
    let body = json!({"name": "shop", "organization_id": ORGANIZATION});
    for (header, region) in [(REGION, REGION), ("_any_", "aks1.westeurope.azure")] {
        let made = client.in_region(header).post("projects/", body.clone()).await.created();
        assert_eq!(made["region"], region);
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_in_a_list_of_users_is_without_a_role() {
    let client = Client::admin(&world());
    let project = json!({"name": "shop", "organization_id": ORGANIZATION, "region": REGION});
    let project = client.post("projects/", project).await.created();
    let lists = [
        (format!("organizations/{ORGANIZATION}/users/"), "organization_roles"),
        (format!("projects/{}/users/", project["id"].as_str().unwrap()), "project_roles"),
    ];
    for (path, roles) in lists {
        let users = client.get(&path).await.ok();
        assert!(!users.as_array().unwrap().is_empty());
        for user in users.as_array().unwrap() {
            assert!(user[roles][0]["role_fqn"].is_string(), "it fails on an empty list: {user}");
        }
    }
    for user in client.get("users/").await.ok().as_array().unwrap() {
        assert!(user["organization_roles"].is_array() && user["project_roles"].is_array(), "{user}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_column_that_it_prints_is_there() {
    let simulator = world();
    let client = Client::admin(&simulator);
    simulator.cratedb().seed(clusterwright::simulator::cratedb::NewCluster::new("orders")).unwrap();
    client.get("users/me/").await.ok();
    for (path, columns) in [
        ("users/me/api-keys/", "user_id key active"),
        ("subscriptions/", "id name organization_id state provider"),
        ("regions/", "name description"),
        ("projects/", "id name region organization_id"),
        ("organizations/", "id name plan_type"),
        ("roles/", "id name"),
        ("products/", "kind name tier description scale_summary specs deprecated price_per_dtu_minute"),
        (
            "clusters/",
            "id name num_nodes crate_version project_id username suspended fqdn channel url ip_whitelist \
                       hardware_specs backup_schedule deletion_protected product_name",
        ),
    ] {
        let listed = without_cookie(client.get(path).await).ok();
        for row in listed.as_array().unwrap() {
            for column in columns.split_whitespace() {
                assert!(!row[column].is_null(), "{path} {column}: {row}");
            }
        }
        assert!(!listed.as_array().unwrap().is_empty(), "{path}");
    }
}
