//! An operator that is to look after some namespaces, and may not see all of them.

use clusterwright::simulator::typedb::NewCluster;
use serde_json::{Value, json};

use crate::apiserver::{Fault, Requests, Trouble, Verb};
use crate::world::World;
use crate::world::manifests::{HERE, cluster, with};

const THERE: &str = "elsewhere";

/// What cannot be seen keeps its claims, and keeps nobody waiting.
#[tokio::test(start_paused = true)]
async fn a_namespace_that_may_not_be_listed_holds_up_no_other_and_loses_nothing() {
    let mut world = World::asleep();
    world.user().create_namespace(THERE);
    world.open_account(THERE);
    world.watched = vec![HERE.to_owned(), THERE.to_owned()];
    world.start();
    world.apply(&cluster(THERE, "orders"));
    world.ready_in(THERE, "orders").await;
    world.crash();

    for kind in ["TypeDBCluster", "CrateDBCluster", "CloudAccount"] {
        let lists = Requests::with(&[Verb::List, Verb::Watch]).of(kind).within(THERE);
        world.api.inject(Fault::new(lists, Trouble::Status(403)).always());
    }
    world.start();
    world.apply(&cluster(HERE, "sales"));
    world.ready("sales").await;
    world.apply(&with(cluster(HERE, "heir"), &json!({"externalId": "orders", "backup": null})));
    world.reason("heir", "ClaimedByAnother", 600).await;
    world.pass(3600).await;
    assert_eq!(world.reason_now("heir"), "ClaimedByAnother");

    world.api.clear_faults();
    world.pass(120).await;
    world.delete(THERE, "orders");
    world.ready("heir").await;
    assert_eq!((world.clusters().len(), world.deploys().len()), (2, 2));
    world.audit().await;
}

/// In a namespace that is going, the permissions may have gone first. The way out that the status names is one.
#[tokio::test(start_paused = true)]
async fn an_adopted_cluster_is_let_go_where_secrets_may_not_be_read_any_more() {
    let mut world = World::asleep();
    world.cloud.seed(NewCluster::new("orders")).unwrap();
    world.start();
    let adopted = json!({"externalId": "orders", "backup": null, "deletionPolicy": "Delete"});
    world.apply(&with(cluster(HERE, "orders"), &adopted));
    world.ready("orders").await;
    world.crash();

    world.api.inject(Fault::new(Requests::all().of("Secret").within(HERE), Trouble::Status(403)).always());
    world.start();
    world.delete(HERE, "orders");
    let told = |manifest: &Value| manifest["status"]["conditions"].to_string().contains("deletionPolicy: Retain");
    world.until(HERE, "orders", 600, told).await;
    world.edit(HERE, "orders", &json!({"spec": {"deletionPolicy": "Retain"}}));
    world.gone("orders").await;
    assert_eq!(world.clusters().len(), 1);
    world.audit().await;
}

/// What stands in the way of the connection Secret is told.
#[tokio::test(start_paused = true)]
async fn a_connection_secret_that_may_not_be_read_is_told_of() {
    let mut world = World::asleep();
    world.start();
    let secret = Requests::all().of("Secret").at(HERE, "orders-typedb");
    world.api.inject(Fault::new(secret, Trouble::Status(403)).always());
    world.apply(&cluster(HERE, "orders"));
    let told = |manifest: &Value| manifest["status"]["conditions"].to_string().contains("refuses Secret orders-typedb");
    world.until(HERE, "orders", 600, told).await;
    world.api.clear_faults();
    world.ready("orders").await;
    assert!(world.published("orders").is_some());
}
