//! Another operator, in another namespace, looked after the manifests before; its records are there.

use std::time::Duration;

use clusterwright::controller::Pulse;
use clusterwright::operator::{LEASE, Term, until_vacant};
use rstest::rstest;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::apiserver::{Fault, Requests, Trouble};
use crate::world::cratedb;
use crate::world::manifests::{ACCOUNT, HERE, cluster, with};
use crate::world::{OPERATOR, Vendor, World, is_ready, on_virtual_time};

const FORMER: &str = "former-system";

/// A manifest of this vendor.
fn manifest(vendor: Vendor) -> Value {
    match vendor {
        Vendor::TypeDb => cluster(HERE, "orders"),
        Vendor::CrateDb => cratedb::cluster(HERE, "orders"),
    }
}

/// A world with a Ready cluster, as the operator in `FORMER` left it, whose records are there.
async fn left_behind(vendor: Vendor) -> World {
    let world = renamed(vendor).await;
    for record in records(&world) {
        world.user().delete("Secret", OPERATOR, &record);
    }
    world
}

/// The same where somebody has copied the records.
async fn renamed(vendor: Vendor) -> World {
    let mut world = World::of(vendor, clusterwright::simulator::Settings::default());
    world.start();
    world.apply(&manifest(vendor));
    world.ready("orders").await;
    world.crash();
    world.user().edit_status(world.kind(), HERE, "orders", |manifest| {
        manifest["status"]["operatorNamespace"] = FORMER.into();
    });
    world
}

fn told(world: &World) -> Vec<String> {
    let events = world.user().list("Event");
    let elsewhere = events.iter().filter(|event| event["reason"] == "LookedAfterElsewhere");
    elsewhere.map(|event| event["note"].as_str().unwrap_or_default().to_owned()).collect()
}

/// The names of all records.
fn records(world: &World) -> Vec<String> {
    let secrets = world.user().list("Secret");
    let records = secrets.iter().filter(|secret| secret["type"] == "clusterwright.dev/record");
    records.map(|record| record["metadata"]["name"].as_str().unwrap_or_default().to_owned()).collect()
}

#[rstest]
#[case(Vendor::TypeDb)]
#[case(Vendor::CrateDb)]
fn what_another_operator_looks_after_is_left_to_it(#[case] vendor: Vendor) {
    on_virtual_time(async {
        let mut world = left_behind(vendor).await;
        let before = world.manifest(HERE, "orders").unwrap();
        world.user().edit_status("CloudAccount", HERE, ACCOUNT, |account| {
            account["status"]["operatorNamespace"] = FORMER.into();
        });
        let account = world.user().get("CloudAccount", HERE, ACCOUNT).unwrap();
        world.start();
        world.edit(HERE, "orders", &json!({"spec": {"deletionPolicy": "Delete"}}));
        world.pass(3600).await;
        let after = world.manifest(HERE, "orders").unwrap();
        assert_eq!(world.user().get("CloudAccount", HERE, ACCOUNT).unwrap(), account, "its account neither");
        assert_eq!(after["status"], before["status"]);
        assert_eq!(after["metadata"]["finalizers"], Value::Null);
        assert_eq!(records(&world), Vec::<String>::new());
        let told = told(&world);
        assert_eq!(told.len(), 2, "of the account, and of the cluster: {told:?}");
        assert!(told[0].contains("--take-over-from former-system"), "{told:?}");
    });
}

#[rstest]
fn what_is_taken_over_stays_one_database_with_its_password(
    #[values(Vendor::TypeDb, Vendor::CrateDb)] vendor: Vendor,
    #[values(true, false)] copied: bool,
) {
    on_virtual_time(async {
        let mut world = if copied { renamed(vendor).await } else { left_behind(vendor).await };
        let password = world.published("orders").unwrap();
        let status = world.manifest(HERE, "orders").unwrap()["status"].clone();
        world.take_over_from = Some(FORMER.to_owned());
        world.start();
        let ours = |manifest: &Value| manifest["status"]["operatorNamespace"] == OPERATOR && is_ready(manifest);
        let manifest = world.until(HERE, "orders", 600, ours).await;
        assert_eq!(manifest["status"]["externalId"], status["externalId"]);
        assert_eq!(manifest["status"]["createdAt"], status["createdAt"]);
        world.pass(1800).await;
        assert_eq!(records(&world).len(), 1);
        assert_eq!(world.published("orders").as_ref(), Some(&password));
        let id = status["externalId"].as_str().unwrap();
        assert!(world.opens(id, &password).await);
        assert_eq!(told(&world), Vec::<String>::new());
        world.audit().await;
        // It is looked after in every respect: its end is, too.
        world.edit(HERE, "orders", &json!({"spec": {"deletionPolicy": "Delete"}}));
        world.pass(60).await;
        world.delete(HERE, "orders");
        world.gone("orders").await;
        assert_eq!((world.clusters().len(), world.cloud.cratedb().clusters().len()), (0, 0));
    });
}

/// The former operator had sent a create, and nobody knows what came of it.
#[rstest]
#[case::the_cluster_is_there(true)]
#[case::nothing_is_there(false)]
fn a_create_that_was_left_open_is_a_person_s_to_settle(#[case] there: bool) {
    on_virtual_time(async {
        let mut world = World::asleep();
        world.apply(&with(cluster(HERE, "orders"), &json!({"backup": null})));
        world.user().edit_status("TypeDBCluster", HERE, "orders", |manifest| {
            manifest["status"] = json!({
                "operatorNamespace": FORMER,
                "creation": {"target": "orders", "since": "2026-01-01T00:00:00Z"},
            });
        });
        if there {
            world.cloud.seed(clusterwright::simulator::typedb::NewCluster::new("orders")).unwrap();
        }
        world.take_over_from = Some(FORMER.to_owned());
        world.start();
        world.pass(3600).await;
        assert!(world.deploys().is_empty());
        assert_eq!(told(&world).len(), 1);
        if there {
            world.edit(HERE, "orders", &json!({"spec": {"externalId": "orders"}}));
        } else {
            world.user().edit_status("TypeDBCluster", HERE, "orders", |manifest| {
                manifest["status"]["creation"] = Value::Null;
            });
        }
        let bound = |manifest: &Value| manifest["status"]["externalId"] == "orders";
        world.until(HERE, "orders", 600, bound).await;
        world.pass(600).await;
        assert_eq!((world.deploys().len(), world.clusters().len()), (usize::from(!there), 1));
    });
}

/// Who holds the lease in the former operator's namespace, and for how long somebody is waited for.
#[rstest]
#[case::nobody_has_ever(json!(null), 0)]
#[case::nobody_does(json!({"holderIdentity": "", "leaseDurationSeconds": 60}), 0)]
#[case::somebody_who_is_gone(json!({"holderIdentity": "gone", "leaseDurationSeconds": 90}), 90)]
fn the_former_operator_s_lease_is_waited_for(#[case] lease: Value, #[case] seconds: u64) {
    on_virtual_time(async {
        let world = World::asleep();
        world.user().create_namespace(FORMER);
        if !lease.is_null() {
            world.user().create(json!({
                "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                "metadata": {"name": LEASE, "namespace": FORMER}, "spec": lease,
            }));
        }
        let began = Instant::now();
        let (client, pulse) = (world.api.client(), Pulse::default());
        until_vacant(&client, FORMER, Term::seconds(60), &pulse).await;
        assert_eq!(began.elapsed().as_secs(), seconds);
        assert!(pulse.is_alive());
    });
}

#[tokio::test(start_paused = true)]
async fn a_former_operator_that_lives_is_waited_for_until_it_stops() {
    let world = World::asleep();
    let former = world.replica("a");
    world.pass(10).await;
    let client = world.api.client();
    let waiting =
        tokio::spawn(async move { until_vacant(&client, OPERATOR, Term::seconds(60), &Pulse::default()).await });
    world.pass(600).await;
    assert!(former.leads() && !waiting.is_finished());
    former.stop();
    former.ended().await.unwrap();
    tokio::time::timeout(Duration::from_secs(2), waiting).await.unwrap().unwrap();
}

/// Its holder may live, and the permission may not be in force yet.
#[tokio::test(start_paused = true)]
async fn a_lease_that_may_not_be_seen_is_waited_for() {
    let world = World::asleep();
    let _former = world.replica("a");
    world.pass(10).await;
    world.api.inject(Fault::new(Requests::all().of("Lease"), Trouble::Status(503)).times(3));
    world.api.inject(Fault::new(Requests::all().of("Lease").within(OPERATOR), Trouble::Status(403)).always());
    world.api.inject(Fault::new(Requests::all().of("Lease").within(FORMER), Trouble::Status(403)).always());
    let client = world.api.client();
    let waits = async { until_vacant(&client, OPERATOR, Term::seconds(60), &Pulse::default()).await };
    assert!(tokio::time::timeout(Duration::from_secs(3600), waits).await.is_err());
    // Of a namespace that is gone nothing may be seen either.
    let vacant = async { until_vacant(&client, FORMER, Term::seconds(60), &Pulse::default()).await };
    tokio::time::timeout(Duration::from_secs(10), vacant).await.unwrap();
}
