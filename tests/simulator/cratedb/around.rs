//! What is around clusters, and all of it held against the vendor's document.

use rstest::rstest;
use serde_json::{Value, json};

use super::client::{Client, GIB, ORGANIZATION, REGION, paid};
use super::openapi::DOCUMENT;
use crate::client::{pass, world};

/// Everything that is read, once with a cluster and once without.
#[tokio::test(start_paused = true)]
async fn every_answer_keeps_to_the_vendors_document() {
    if DOCUMENT.is_none() {
        skipped();
    }
    let client = Client::admin(&world());
    for round in ["empty", "orders"] {
        for path in [
            "users/me/",
            "users/me/api-keys/",
            "users/",
            "roles/",
            "regions/",
            "products/",
            "products/cluster/",
            "products/storage/",
            "meta/",
            "meta/cratedb-versions/",
            "subscriptions/",
            "projects/",
            "organizations/",
            "clusters/",
        ] {
            client.get(path).await.ok();
        }
        for path in [
            "",
            "clusters/",
            "projects/",
            "regions/",
            "subscriptions/",
            "users/",
            "quotas/",
            "remaining-budget/",
            "consumption/current-month/",
            "auditlogs/",
        ] {
            client.get(&format!("organizations/{ORGANIZATION}/{path}")).await.ok();
        }
        if round == "empty" {
            client.created(paid("orders")).await;
        }
    }
    let id = client.get("clusters/").await.ok()[0]["id"].as_str().unwrap().to_owned();
    for path in ["", "operations/", "available-products/", "available-upgrades/", "snapshots/", "jwt/"] {
        client.get(&format!("clusters/{id}/{path}")).await.ok();
    }
    client.get(&format!("clusters/{id}/metrics/cpu/?minutes_ago=5")).await.empty(204);
}

#[expect(clippy::print_stderr, reason = "the test cannot say otherwise that it tests less than it could")]
fn skipped() {
    eprintln!("CRATEDB_OPENAPI is not set: the answers are not held against the vendor's document.");
}

#[tokio::test(start_paused = true)]
async fn products_tell_what_can_be_had() {
    let simulator = world();
    let client = Client::admin(&simulator);
    let products = client.get("products/cluster/").await.ok();
    let names: Vec<&str> =
        products.as_array().unwrap().iter().map(|product| product["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["crfree", "s2", "s4", "s6", "s12", "cr1", "cr2", "cr3", "cr4"]);
    let dedicated = client.get("products/?name=cr2&tier=default").await.ok();
    assert_eq!(dedicated.as_array().unwrap().len(), 1);
    let cr2 = &dedicated[0];
    assert_eq!(cr2["scale_summary"], "0 - 8 (1 - 9 nodes)");
    assert_eq!(cr2["specs"]["ram_bytes"], 14 * GIB);
    assert_eq!(cr2["specs"]["storage_maximum_bytes"], 8192 * GIB);
    let scaling: Vec<(&Value, &Value)> =
        cr2["scaling"].as_array().unwrap().iter().map(|option| (&option["value"], &option["nodes"])).collect();
    assert_eq!((scaling.len(), scaling[8]), (9, (&json!(8), &json!(9))));
    let hidden = |product: &&Value| product["deprecated"] == true || product["price_per_dtu_minute"] == 0;
    let hidden: Vec<_> = products.as_array().unwrap().iter().filter(hidden).map(|product| &product["name"]).collect();
    assert_eq!(hidden, ["crfree"], "the vendor's command line hides what costs nothing");
    client.get("products/lakes/").await.refused(404);

    simulator.configure(|settings| settings.cratedb.unknowns.products_per_region = true);
    let everywhere = client.get("products/cluster/?name=cr2").await.ok();
    let regions: Vec<&Value> = everywhere.as_array().unwrap().iter().map(|product| &product["region"]).collect();
    assert_eq!(regions, ["aks1.westeurope.azure", REGION]);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_can_change_to_products_of_its_family() {
    let simulator = world();
    simulator.configure(|settings| settings.cratedb.unknowns.available_products_as_list = true);
    let client = Client::admin(&simulator).beyond_the_document();
    let id = client.created(paid("orders")).await["id"].as_str().unwrap().to_owned();
    let path = format!("clusters/{id}/available-products/");
    let offered = client.get(&path).await.ok();
    let names: Vec<&Value> = offered.as_array().unwrap().iter().map(|product| &product["name"]).collect();
    assert_eq!(names, ["cr2", "cr3", "cr4"]);
    simulator.configure(|settings| settings.cratedb.unknowns.available_products_as_list = false);
    assert_eq!(client.get(&path).await.ok(), offered[0]);
}

#[tokio::test(start_paused = true)]
async fn prices_are_per_hour_and_month() {
    let client = Client::admin(&world());
    let price = async |unit: i64, bytes: i64| {
        let query =
            format!("product_name=cr1&product_tier=default&product_unit={unit}&region={REGION}&storage_bytes={bytes}");
        client.get(&format!("products/clusters/price?{query}")).await.ok()
    };
    let (one, three) = (price(0, 32 * GIB).await, price(2, 32 * GIB).await);
    let hourly = |price: &Value, part: &str| price[part]["price_per_hour"].as_f64().unwrap();
    for part in ["cluster_price", "storage_price", "total_price"] {
        assert!((hourly(&three, part) - 3.0 * hourly(&one, part)).abs() < 1e-9, "{part}");
    }
    assert!(hourly(&one, "total_price") > hourly(&one, "cluster_price"));
    client.get("products/clusters/price?product_name=cr1").await.refused(404);
    let unknown = format!("product_name=cr9&product_tier=default&product_unit=0&region={REGION}");
    client.get(&format!("products/clusters/price?{unknown}")).await.refused(404);
}

#[rstest]
#[case(false)]
#[case(true)]
#[tokio::test(start_paused = true)]
async fn versions_are_the_newest_of_each_channel(#[case] as_list: bool) {
    let simulator = world();
    simulator.configure(|settings| settings.cratedb.unknowns.versions_as_list = as_list);
    let client = Client::stranger(&simulator).beyond_the_document();
    let versions = client.get("meta/cratedb-versions/").await.ok();
    let stable = &versions["crate_versions"]["stable"];
    let newest = json!({"version": "5.10.1", "major": 5, "minor": 10, "hotfix": 1});
    if as_list {
        assert_eq!(stable.as_array().unwrap().last(), Some(&newest));
        assert_eq!(stable.as_array().unwrap().len(), 7);
    } else {
        assert_eq!(*stable, newest);
        assert!(versions["crate_versions"]["nightly"]["date"].is_string());
    }
}

#[tokio::test(start_paused = true)]
async fn regions_have_moments_without_an_offset() {
    let regions = Client::admin(&world()).get("regions/").await.ok();
    assert_eq!(regions.as_array().unwrap().len(), 2);
    assert_eq!(regions[0]["last_seen"], "2026-11-22T12:00:00");
    assert_eq!(regions[0]["status"], "UP");
}

#[tokio::test(start_paused = true)]
async fn metrics_are_limited_to_one_request_a_minute() {
    let client = Client::admin(&world());
    let path = format!("organizations/{ORGANIZATION}/metrics/prometheus/");
    client.get(&path).await.empty(204);
    client.get(&path).await.refused(429);
    client.created(paid("orders")).await;
    let scraped = client.clone().beyond_the_document().get(&path).await;
    assert_eq!(scraped.status, Some(200));
    assert!(scraped.text.contains("cluster_name=\"orders\"} 1"), "{}", scraped.text);
}

#[tokio::test(start_paused = true)]
async fn the_audit_log_tells_who_did_what() {
    let client = Client::admin(&world());
    let id = client.created(paid("orders")).await["id"].as_str().unwrap().to_owned();
    client.change(&id, "scale", json!({"product_unit": 2})).await.ok();
    let log = async |query: &str| {
        let events = client.get(&format!("organizations/{ORGANIZATION}/auditlogs/{query}")).await.ok();
        events.as_array().unwrap().clone()
    };
    let all = log("").await;
    let actions: Vec<&Value> = all.iter().map(|event| &event["action"]).collect();
    assert_eq!(actions, ["scaled", "created"], "newest first");
    assert_eq!(all[0]["actor"]["email"], "admin@example.com");
    assert_eq!(log(&format!("?last={}", all[0]["id"].as_str().unwrap())).await, all[1..]);
    assert_eq!(log("?action=created").await, all[1..]);
    assert_eq!(log(&format!("?cluster_id={id}&from=2026-11-22T12:01:00Z")).await, all[..1]);
    pass(1).await;
    Client::of(&world(), "simulator-member")
        .get(&format!("organizations/{ORGANIZATION}/auditlogs/"))
        .await
        .refused(403);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_operation_does_not_exist() {
    let client = Client::admin(&world()).beyond_the_document();
    client.get("clusters").await.refused(404);
    client.get("nothing/").await.refused(404);
    client.post("clusters/", json!({})).await.refused(404);
}
