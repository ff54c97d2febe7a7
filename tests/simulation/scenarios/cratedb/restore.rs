//! A backup of another cluster, restored into a new one.

use clusterwright::simulator::cratedb::{Failure, NewCluster};
use clusterwright::simulator::{Fault, FaultKind, Settings, Status};
use http::Method;
use rstest::rstest;
use serde_json::{Value, json};

use super::{asleep, effects, message, reasons, view};
use crate::world::cratedb::cluster;
use crate::world::manifests::{HERE, with};
use crate::world::{World, on_virtual_time, reason_of};

const IRELAND: &str = "eks1.eu-west-1.aws";

/// A world in which a cluster called stock has three backups of two tables. Nothing is at work there yet.
pub(super) async fn stocked(region: &str, speed: f64) -> World {
    let world = asleep(Settings { speed: speed.try_into().unwrap(), ..Settings::default() });
    let tables = vec!["doc.ledger".to_owned(), "doc.prices".to_owned()];
    let stock = NewCluster { region: region.to_owned(), tables, ..NewCluster::new("stock") };
    world.cloud.cratedb().seed(stock).unwrap();
    world.pass(3 * 3600).await;
    world
}

pub(super) const SNAPSHOT: &str = "20260101015500";

/// A manifest that asks for the backup by the other cluster's id.
pub(super) fn orders(world: &World) -> Value {
    let id = view(world, "stock").unwrap().cluster.id;
    with(cluster(HERE, "orders"), &json!({"restoreFrom": {"externalId": id, "snapshot": SNAPSHOT}}))
}

fn tables(world: &World) -> Vec<String> {
    view(world, "orders").map(|view| view.tables).unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn a_new_cluster_is_ready_with_its_data() {
    let mut world = stocked(IRELAND, 1.0).await;
    world.start();
    world.apply(&orders(&world));
    world.reason("orders", "Restoring", 900).await;
    assert_eq!(world.published("orders"), None, "nobody is sent to a database without its data");
    let manifest = world.ready("orders").await;
    assert_eq!(tables(&world), ["doc.ledger", "doc.prices"]);
    assert_eq!(manifest["status"]["restoredFrom"]["snapshot"], SNAPSHOT);
    let password = world.published("orders").unwrap();
    assert!(world.opens(manifest["status"]["externalId"].as_str().unwrap(), &password).await);
    assert!(!reasons(&world, "orders").contains(&"ChangeRefused".to_owned()));

    // It was done once and for all.
    world.start();
    world.pass(7200).await;
    world.delete(HERE, "orders");
    world.pass(60).await;
    world.apply(&orders(&world));
    world.ready("orders").await;
    world.edit(HERE, "orders", &json!({"spec": {"nodes": 2}}));
    world.ready("orders").await;
    assert_eq!((effects(&world, "created"), effects(&world, "snapshotRestored")), (1, 1));
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn some_tables_come_by_the_name_of_a_manifest() {
    let mut world = stocked(IRELAND, 10.0).await;
    world.start();
    let asked = json!({"restoreFrom": {"name": "stock", "snapshot": SNAPSHOT, "tables": ["doc.prices"]}});
    world.apply(&with(cluster(HERE, "orders"), &asked));
    world.pass(30).await;
    assert_eq!(world.reason_now("orders"), "Creating");
    world.pass(400).await;
    let waiting = world.manifest(HERE, "orders").unwrap();
    assert_eq!(reason_of(&waiting), "InvalidSpec");
    assert!(message(&waiting).contains("no CrateDBCluster stock in this namespace"), "{}", message(&waiting));

    let id = view(&world, "stock").unwrap().cluster.id;
    let mut stock = cluster(HERE, "stock");
    stock["spec"] = json!({"accountRef": stock["spec"]["accountRef"], "externalId": id});
    world.apply(&stock);
    world.ready("orders").await;
    assert_eq!(tables(&world), ["doc.prices"]);
    world.audit().await;
}

#[rstest]
#[case::a_backup(json!({"snapshot": "20200101000000"}), IRELAND, "the newest are: 20260101025500, 20260101015500, 20260101005500")]
#[case::a_table(json!({"tables": ["doc.nothing"]}), IRELAND, "it has: doc.ledger, doc.prices")]
#[case::a_region(json!({}), "aks1.westeurope.azure", "cluster stock is in aks1.westeurope.azure, and this one is to be in eks1.eu-west-1.aws")]
#[case::a_cluster(json!({"externalId": "99999999-9999-4999-8999-999999999999"}), IRELAND, "see no cluster 99999999")]
fn what_is_not_there_is_told_before_anything_is_created(
    #[case] wrong: Value,
    #[case] region: &str,
    #[case] says: &str,
) {
    on_virtual_time(async {
        let mut world = stocked(region, 10.0).await;
        world.start();
        let right = orders(&world);
        let mut asked = right.clone();
        for (field, value) in wrong.as_object().unwrap() {
            asked["spec"]["restoreFrom"][field] = value.clone();
        }
        world.apply(&asked);
        let refused = world.reason("orders", "InvalidSpec", 120).await;
        assert!(message(&refused).contains(says), "{}", message(&refused));
        let before = world.asked(|_| true).len();
        world.pass(3600).await;
        let asked = world.asked(|_| true).len() - before;
        assert!(asked <= 60 + 6 * 9 + 10, "{asked} requests in an hour");
        assert_eq!((effects(&world, "projectCreated"), effects(&world, "created")), (0, 0));
        assert_eq!(world.reason_now("orders"), "InvalidSpec");

        // Nothing has begun, so that all of it can be put right.
        let project = json!({"project": {"name": "shop", "region": region}});
        world.apply(&with(right, &project));
        world.ready("orders").await;
        assert_eq!(tables(&world).len(), 2);
        world.audit().await;
    });
}

#[rstest]
#[case::cut_before(Fault::new("*", FaultKind::Cut), 2)]
#[case::cut_after(Fault::new("*", FaultKind::Cut).after_effect(), 1)]
#[case::late_effect(Fault::new("*", FaultKind::Latency { millis: 45_000 }), 2)]
#[case::very_late_effect(Fault::new("*", FaultKind::Latency { millis: 85_000 }), 1)]
#[case::late_answer(Fault::new("*", FaultKind::Latency { millis: 45_000 }).after_effect(), 1)]
#[case::failed_after(Fault::new("*", FaultKind::status(Status::try_from(500).unwrap())).after_effect(), 1)]
#[case::truncated(Fault::new("*", FaultKind::Truncated), 1)]
fn a_lost_restore_is_looked_for(#[case] fault: Fault, #[case] times: u32) {
    on_virtual_time(async {
        let mut world = stocked(IRELAND, 10.0).await;
        world.start();
        let path = clusterwright::simulator::PathPattern::new("*/snapshots/restore/");
        world.fault(Fault { path, ..fault.times(times) }.method(&Method::POST));
        world.apply(&orders(&world));
        world.ready("orders").await;
        assert_eq!((effects(&world, "snapshotRestored"), tables(&world).len()), (1, 2));
        world.audit().await;
    });
}

#[tokio::test(start_paused = true)]
async fn a_restore_that_failed_is_told_and_given_up_with_an_edit() {
    let mut world = stocked(IRELAND, 10.0).await;
    world.start();
    let message_of_theirs = Some("The dwarves went home.".to_owned());
    let kind = clusterwright::cloud::cratedb::wire::OperationKind::RestoreSnapshot;
    world.cloud.cratedb().fail_next(Failure { times: 9, message: message_of_theirs, ..Failure::of(kind) });
    world.apply(&orders(&world));
    let failed = world.reason("orders", "OperationFailed", 900).await;
    assert!(message(&failed).contains("The dwarves went home"), "{}", message(&failed));
    world.pass(3000).await;
    assert_eq!(effects(&world, "snapshotRestored"), 1, "it is not hammered");
    assert_eq!(world.published("orders"), None);
    world.edit(HERE, "orders", &json!({"spec": {"restoreFrom": null}}));
    world.ready("orders").await;
    assert!(world.published("orders").is_some());
    world.audit().await;
}
