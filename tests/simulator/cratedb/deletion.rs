//! Deleting clusters and what pays for them.

use clusterwright::simulator::cratedb::{Cancelling, NewSubscription};
use rstest::rstest;
use serde_json::json;

use super::client::{Client, ORGANIZATION, SUBSCRIPTION, but, paid};
use crate::client::{pass, world};

#[tokio::test(start_paused = true)]
async fn a_deleted_cluster_is_gone_and_its_name_is_free() {
    let simulator = world();
    let client = Client::admin(&simulator);
    let cluster = client.created(paid("orders")).await;
    let path = format!("clusters/{}/", cluster["id"].as_str().unwrap());
    client.delete(&path).await.empty(204);
    client.get(&path).await.refused(404);
    client.delete(&path).await.refused(404);
    client.get(&format!("{path}operations/")).await.refused(404);
    assert_eq!(client.get("clusters/").await.ok(), json!([]));
    assert_ne!(client.create(paid("orders")).await.created()["id"], cluster["id"]);
    let requests = simulator.requests();
    let actions: Vec<_> =
        requests.log.iter().filter_map(|row| row.effect.as_ref()).map(|effect| effect.action).collect();
    assert_eq!(actions, ["created", "deleted", "created"]);
}

#[rstest]
#[case(None, "")]
#[case(Some("DELETE"), "DELETE")]
#[tokio::test(start_paused = true)]
async fn a_deleted_cluster_may_linger(#[case] operation: Option<&str>, #[case] shown: &str) {
    let simulator = world();
    simulator.configure(|settings| {
        settings.cratedb.unknowns.deleted_lingers = true;
        settings.cratedb.unknowns.deleting_operation = operation.map(str::to_owned);
    });
    // The document does not know an operation that deletes.
    let client = Client::admin(&simulator).beyond_the_document();
    let id = client.created(paid("orders")).await["id"].as_str().unwrap().to_owned();
    let path = format!("clusters/{id}/");
    client.delete(&path).await.empty(204);
    pass(59).await;
    let health = client.get(&path).await.ok()["health"].clone();
    assert_eq!((&health["status"], &health["running_operation"]), (&json!("UNREACHABLE"), &json!(shown)));
    client.delete(&path).await.refused(400);
    client.change(&id, "scale", json!({"product_unit": 2})).await.refused(400);
    assert!(client.create(paid("orders")).await.refused(400).contains("taken"));
    pass(1).await;
    client.get(&path).await.refused(404);
}

#[rstest]
#[case(403)]
#[case(400)]
#[tokio::test(start_paused = true)]
async fn a_protected_cluster_refuses_deletion(#[case] status: u16) {
    let simulator = world();
    simulator.configure(|settings| settings.cratedb.unknowns.protected_status = status.try_into().unwrap());
    let client = Client::admin(&simulator);
    let id = client.created(paid("orders")).await["id"].as_str().unwrap().to_owned();
    client.change(&id, "deletion-protection", json!({"deletion_protected": true})).await.ok();
    assert!(client.delete(&format!("clusters/{id}/")).await.refused(status).contains("protected"));
    client.change(&id, "deletion-protection", json!({"deletion_protected": false})).await.ok();
    client.delete(&format!("clusters/{id}/")).await.empty(204);
}

#[rstest]
#[case(true)]
#[case(false)]
#[tokio::test(start_paused = true)]
async fn whether_a_busy_cluster_can_be_deleted_is_a_switch(#[case] allowed: bool) {
    let simulator = world();
    simulator.configure(|settings| settings.cratedb.unknowns.delete_while_busy = allowed);
    let client = Client::admin(&simulator);
    let path = format!("clusters/{}/", client.create(paid("orders")).await.created()["id"].as_str().unwrap());
    let answer = client.delete(&path).await;
    if allowed {
        answer.empty(204);
    } else {
        assert_eq!(answer.refused(400), "Another cluster operation is already in progress.");
        pass(300).await;
        client.delete(&path).await.empty(204);
    }
}

#[rstest]
#[case(Cancelling::AnyCluster, true)]
#[case(Cancelling::LastCluster, false)]
#[tokio::test(start_paused = true)]
async fn deleting_a_cluster_can_cancel_its_marketplace_subscription(#[case] when: Cancelling, #[case] by_first: bool) {
    let simulator = world();
    simulator.configure(|settings| settings.cratedb.unknowns.cancelling = when);
    let client = Client::admin(&simulator);
    let marketplace = Some("azure".to_owned());
    let subscription =
        simulator.cratedb().add_subscription(NewSubscription { marketplace, ..NewSubscription::default() });
    let on_it = |name: &str| but(paid(name), "/subscription_id", json!(subscription));
    let first = client.created(on_it("first")).await["id"].as_str().unwrap().to_owned();
    let second = client.created(on_it("second")).await["id"].as_str().unwrap().to_owned();
    client.created(paid("apart")).await;
    let active = async || {
        let shown = client.get(&format!("subscriptions/{subscription}/")).await.ok();
        assert_eq!(shown["provider"], "azure");
        shown["active"].as_bool().unwrap()
    };
    client.delete(&format!("subscriptions/{subscription}/")).await.refused(403);
    client.delete(&format!("clusters/{first}/")).await.empty(204);
    assert_eq!(active().await, !by_first);
    assert_eq!(
        client.cluster(&second).await.status,
        Some(if by_first { 404 } else { 200 }),
        "and what else it pays for"
    );
    if !by_first {
        client.delete(&format!("clusters/{second}/")).await.empty(204);
    }
    assert!(!active().await);
    let left = client.get("clusters/").await.ok();
    assert_eq!((left.as_array().unwrap().len(), &left[0]["name"]), (1, &json!("apart")));
    let effects = simulator.requests().log.into_iter().filter_map(|row| row.effect).collect::<Vec<_>>();
    let cancelling = effects.iter().filter(|effect| effect.action == "deleted" && effect.fields == ["subscription_id"]);
    assert_eq!(cancelling.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn cancelling_a_subscription_deletes_its_clusters() {
    let client = Client::admin(&world());
    client.created(paid("orders")).await;
    let path = format!("subscriptions/{SUBSCRIPTION}/");
    assert_eq!(client.delete(&path).await.ok()["active"], false);
    assert_eq!(client.get("clusters/").await.ok(), json!([]));
    client.create(paid("orders")).await.refused(400);
    let left = client.get(&format!("organizations/{ORGANIZATION}/subscriptions/")).await.ok();
    assert_eq!((left.as_array().unwrap().len(), &left[0]["state"]), (1, &json!("inactive")));
}

#[tokio::test(start_paused = true)]
async fn a_cluster_moves_to_another_subscription() {
    let simulator = world();
    let client = Client::admin(&simulator);
    let id = client.created(paid("orders")).await["id"].as_str().unwrap().to_owned();
    let other = simulator.cratedb().add_subscription(NewSubscription::default());
    let path = format!("clusters/{id}/transfer-subscription/");
    let wrong = json!({"old_subscription_id": other, "new_subscription_id": SUBSCRIPTION});
    client.post(&path, wrong).await.refused(400);
    let body = json!({"old_subscription_id": SUBSCRIPTION, "new_subscription_id": other});
    assert_eq!(client.post(&path, body).await.ok()["subscription_id"], other);
}
