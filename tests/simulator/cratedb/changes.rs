//! What can be changed of a cluster, and what cannot.

use http::Method;
use rstest::rstest;
use serde_json::{Value, json};

use super::client::{Client, GIB, PASSWORD, free, paid};
use crate::client::{pass, world};

const DISK: &str = "disk_size_per_node_bytes";

/// A cluster that runs, and its id.
async fn running(client: &Client) -> String {
    client.created(paid("orders")).await["id"].as_str().unwrap().to_owned()
}

/// An allow-list with one network in it.
fn network(cidr: &str) -> Value {
    json!([{"cidr": cidr, "description": "office"}])
}

#[rstest]
#[case("scale", "product_unit", "/product_unit", json!(4), json!(4))]
#[case("product", "product_name", "/product_name", json!("cr3"), json!("cr3"))]
#[case("storage", DISK, "/hardware_specs/disk_size_per_node_bytes", json!(256 * GIB), json!(256 * GIB))]
#[case("upgrade", "crate_version", "/crate_version", json!("5.9.2"), json!("5.9.2"))]
#[case("suspend", "suspended", "/suspended", json!(true), json!(true))]
#[case("ip-restrictions", "ip_whitelist", "/ip_whitelist", network("192.0.2.0/24"), network("192.0.2.0/24"))]
#[case("ip-restrictions", "ip_whitelist", "/ip_whitelist", network("2001:db8::/32"), network("2001:db8::/32"))]
#[case("backup-schedule", "backup_hours", "/backup_schedule", json!("4,5,6"), json!("55 4,5,6 * * *"))]
#[case("backup-schedule", "backup_hours", "/backup_schedule", json!("4-8"), json!("55 4-8 * * *"))]
#[tokio::test(start_paused = true)]
async fn a_change_answers_old_values_and_shows_new_ones_when_it_is_done(
    #[case] action: &str,
    #[case] field: &str,
    #[case] pointer: &str,
    #[case] value: Value,
    #[case] expected: Value,
) {
    let simulator = world();
    let client = Client::admin(&simulator);
    let id = running(&client).await;
    let before = client.cluster(&id).await.ok();
    let answer = client.change(&id, action, json!({field: value})).await.ok();
    assert_eq!(answer.pointer(pointer), before.pointer(pointer));
    assert_ne!(answer.pointer(pointer), Some(&expected));
    pass(5).await;
    assert_eq!(client.cluster(&id).await.ok().pointer(pointer), before.pointer(pointer));
    pass(480).await;
    assert_eq!(client.cluster(&id).await.ok().pointer(pointer), Some(&expected));
    let requests = simulator.requests();
    let effects: Vec<_> = requests.log.iter().filter_map(|row| row.effect.as_ref()).collect();
    assert_eq!((effects.len(), effects[1].fields.as_slice()), (2, [field].as_slice()), "the create and this");
    assert!(effects[1].cluster.ends_with(&id), "{}", effects[1].cluster);
}

#[rstest]
#[case("scale", json!({}))]
#[case("scale", json!({"product_unit": 1}))]
#[case("scale", json!({"product_unit": 9}))]
#[case("scale", json!({"product_unit": "three"}))]
#[case("product", json!({"product_name": "cr1"}))]
#[case("product", json!({"product_name": "s2"}))]
#[case("product", json!({"product_name": "crfree"}))]
#[case("storage", json!({"disk_size_per_node_bytes": 64 * GIB}))]
#[case("storage", json!({"disk_size_per_node_bytes": 32 * GIB}))]
#[case("storage", json!({"disk_size_per_node_bytes": 8193 * GIB}))]
#[case("storage", json!({"disk_size_per_node_bytes": null}))]
#[case("upgrade", json!({"crate_version": "5.8.3"}))]
#[case("upgrade", json!({"crate_version": "5.10.1"}))]
#[case("upgrade", json!({"crate_version": "5.7.5"}))]
#[case("upgrade", json!({"crate_version": "5.10.2"}))]
#[case("suspend", json!({"suspended": false}))]
#[case("suspend", json!({"suspended": "yes"}))]
#[case("ip-restrictions", json!({"ip_whitelist": [{"cidr": "192.0.2.0"}]}))]
#[case("ip-restrictions", json!({"ip_whitelist": [{"cidr": "192.0.2.0/33"}]}))]
#[case("ip-restrictions", json!({"ip_whitelist": [{"cidr": "192.0.2.1/24"}]}))]
#[case("ip-restrictions", json!({"ip_whitelist": [{"description": "nothing"}]}))]
#[case("ip-restrictions", json!({}))]
#[case("deletion-protection", json!({}))]
#[case("backup-schedule", json!({"backup_hours": "24"}))]
#[case("backup-schedule", json!({"backup_hours": "8-4"}))]
#[tokio::test(start_paused = true)]
async fn a_change_that_makes_no_sense_is_refused(#[case] action: &str, #[case] body: Value) {
    let client = Client::admin(&world());
    let id = running(&client).await;
    let before = client.cluster(&id).await.ok();
    client.change(&id, action, body).await.refused(400);
    assert_eq!(client.operations(&id).await.len(), 1);
    assert_eq!(client.cluster(&id).await.ok(), before);
}

#[tokio::test(start_paused = true)]
async fn networks_may_be_read_loosely() {
    let simulator = world();
    let client = Client::admin(&simulator);
    let id = running(&client).await;
    let vague = json!({"ip_whitelist": [{"cidr": "192.0.2.1/24", "description": ""}]});
    client.change(&id, "ip-restrictions", vague.clone()).await.refused(400);
    simulator.configure(|settings| settings.cratedb.unknowns.host_bits_refused = false);
    client.change(&id, "ip-restrictions", vague.clone()).await.ok();
    pass(30).await;
    simulator.configure(|settings| settings.cratedb.unknowns.empty_description_allowed = false);
    client.change(&id, "ip-restrictions", vague).await.refused(400);
    client.change(&id, "ip-restrictions", json!({"ip_whitelist": []})).await.ok();
    pass(30).await;
    assert_eq!(client.cluster(&id).await.ok()["ip_whitelist"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn a_hotfix_can_be_taken_back_and_upgrades_are_told() {
    let client = Client::admin(&world());
    let id = running(&client).await;
    let path = format!("clusters/{id}/available-upgrades/");
    assert_eq!(client.get(&path).await.ok()["crate_versions"]["stable"]["version"], "5.9.4");
    client.change(&id, "upgrade", json!({"crate_version": "5.8.1"})).await.ok();
    pass(480).await;
    assert_eq!(client.cluster(&id).await.ok()["crate_version"], "5.8.1");
    assert_eq!(client.progress(&id).await.1, "Successfully upgraded cluster to 5.8.1.");
}

#[tokio::test(start_paused = true)]
async fn a_suspended_cluster_is_resumed_and_not_changed_meanwhile() {
    let simulator = world();
    let client = Client::admin(&simulator);
    let id = running(&client).await;
    client.change(&id, "suspend", json!({"suspended": true})).await.ok();
    pass(30).await;
    assert_eq!(client.progress(&id).await, ("IN_PROGRESS".to_owned(), "Suspending cluster.".to_owned()));
    pass(30).await;
    let cluster = client.cluster(&id).await.ok();
    assert_eq!((&cluster["suspended"], &cluster["health"]["status"]), (&json!(true), &json!("SUSPENDED")));
    let scale = json!({"product_unit": 2});
    assert!(client.change(&id, "scale", scale.clone()).await.refused(400).contains("suspended"));
    simulator.configure(|settings| settings.cratedb.unknowns.change_while_suspended = true);
    client.change(&id, "scale", scale).await.ok();
    pass(300).await;
    assert_eq!(client.cluster(&id).await.ok()["health"]["status"], "SUSPENDED");
    client.change(&id, "suspend", json!({"suspended": false})).await.ok();
    pass(180).await;
    assert_eq!(client.cluster(&id).await.ok()["health"]["status"], "GREEN");
}

#[rstest]
#[case(true)]
#[case(false)]
#[tokio::test(start_paused = true)]
async fn deletion_protection_takes_no_operation(#[case] at_once: bool) {
    let simulator = world();
    simulator.configure(|settings| settings.cratedb.unknowns.protection_shows_at_once = at_once);
    let client = Client::admin(&simulator);
    let id = running(&client).await;
    let answer = client.change(&id, "deletion-protection", json!({"deletion_protected": true})).await.ok();
    assert_eq!(answer["deletion_protected"], at_once);
    assert_eq!(client.cluster(&id).await.ok()["deletion_protected"], true);
    assert_eq!(client.operations(&id).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_new_password_is_in_force_when_its_operation_has_succeeded() {
    const NEW: &str = "another-not-a-secret-value";
    let simulator = world();
    let client = Client::admin(&simulator);
    let cluster = client.created(paid("orders")).await;
    let path = format!("clusters/{}/", cluster["id"].as_str().unwrap());
    let (old, new) =
        (Client::of_database(&simulator, &cluster, PASSWORD), Client::of_database(&simulator, &cluster, NEW));
    client.patch(&path, json!({"password": "short"})).await.refused(400);
    client.patch(&path, json!({})).await.refused(400);
    let answer = client.patch(&path, json!({"password": NEW})).await;
    assert!(!answer.text.contains(NEW));
    pass(19).await;
    old.sql("SELECT 1").await.ok();
    assert_eq!(new.sql("SELECT 1").await.status, Some(401));
    pass(1).await;
    assert_eq!(client.progress(cluster["id"].as_str().unwrap()).await.1, "Password updated successfully.");
    new.sql("SELECT 1").await.ok();
    assert_eq!(old.sql("SELECT 1").await.status, Some(401));
    let state = client.control(Method::GET, "state", json!({})).await;
    assert!(!state.text.contains(NEW) && !state.text.contains("-secret\""), "{}", state.text);
}

#[rstest]
#[case("scale", json!({"product_unit": 1}))]
#[case("product", json!({"product_name": "cr1"}))]
#[case("storage", json!({"disk_size_per_node_bytes": 64 * GIB}))]
#[case("suspend", json!({"suspended": true}))]
#[case("backup-schedule", json!({"backup_hours": "4"}))]
#[tokio::test(start_paused = true)]
async fn a_free_cluster_stays_as_it_is(#[case] action: &str, #[case] body: Value) {
    let client = Client::admin(&world());
    let cluster = client.created(free("trial")).await;
    assert_eq!((&cluster["subscription_id"], &cluster["allow_suspend"]), (&json!("free_tier"), &json!(false)));
    client.change(cluster["id"].as_str().unwrap(), action, body).await.refused(400);
}

#[tokio::test(start_paused = true)]
async fn a_free_cluster_that_nobody_uses_is_suspended_and_then_deleted() {
    const DAY: u64 = 24 * 60 * 60;
    let simulator = world();
    let client = Client::admin(&simulator);
    let cluster = client.created(free("trial")).await;
    let id = cluster["id"].as_str().unwrap();
    pass(3 * DAY).await;
    Client::of_database(&simulator, &cluster, PASSWORD).sql("SELECT 1").await.ok();
    pass(4 * DAY - 1).await;
    assert_eq!(client.cluster(id).await.ok()["suspended"], false);
    pass(1).await;
    assert_eq!(client.cluster(id).await.ok()["health"]["status"], "SUSPENDED");
    client.change(id, "suspend", json!({"suspended": false})).await.refused(400);
    let path = format!("cratedb/clusters/{id}/suspend");
    client.control(Method::PUT, &path, json!({"suspended": false})).await.empty(204);
    pass(180).await;
    assert_eq!(client.cluster(id).await.ok()["suspended"], false, "somebody has resumed it in the console");
    pass(14 * DAY - 181).await;
    assert_eq!(client.cluster(id).await.ok()["suspended"], true);
    pass(1).await;
    client.cluster(id).await.refused(404);
}

#[tokio::test(start_paused = true)]
async fn a_node_is_restarted() {
    let client = Client::admin(&world());
    let id = running(&client).await;
    let answer = client.delete(&format!("clusters/{id}/nodes/1")).await;
    assert_eq!((answer.status, &answer.json()["status"]), (Some(202), &json!("Success")));
    client.delete(&format!("clusters/{id}/nodes/2")).await.refused(404);
    client.delete(&format!("clusters/{id}/nodes/one")).await.refused(404);
}
