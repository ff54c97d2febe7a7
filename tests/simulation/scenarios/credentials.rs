//! Several credentials of one account: one is used in place of another, and no manifest notices.

use clusterwright::simulator::cratedb::{KeyChange, NewCluster};
use clusterwright::simulator::typedb::{Access, CredentialChange};
use clusterwright::simulator::{Settings, Simulator};
use rstest::rstest;
use serde_json::{Value, json};

use super::cratedb::rights;
use crate::world::manifests::{ACCOUNT, HERE, cluster, secret_of, with};
use crate::world::{Vendor, World, condition, cratedb, is_ready, on_virtual_time, reason_of};

/// An account with the credentials of these clients, in this order, in Secrets of their names.
fn open(world: &World, clients: &[&str]) {
    for client in clients {
        let pair = json!({"id": client, "secret": format!("{client}-secret")});
        world.user().apply(&secret_of(HERE, client, &pair));
    }
    let credentials: Vec<Value> = clients.iter().map(|client| json!({"secretRef": {"name": client}})).collect();
    world.user().merge("CloudAccount", HERE, ACCOUNT, &json!({"spec": {"credentials": credentials}}));
}

fn account(world: &World) -> Value {
    world.user().get("CloudAccount", HERE, ACCOUNT).unwrap()
}

/// How the credentials stand, in order.
fn states(world: &World) -> Vec<String> {
    let account = account(world);
    let credentials = account["status"]["credentials"].as_array().unwrap();
    credentials.iter().map(|credential| credential["state"].as_str().unwrap().to_owned()).collect()
}

fn withdraw(cloud: &Simulator, client: &str, revoked: bool) {
    let change = CredentialChange { revoked: Some(revoked), ..CredentialChange::default() };
    cloud.change_credential(client, change).unwrap();
}

fn switch(cloud: &Simulator, key: &str, active: bool) {
    cloud.cratedb().change_key(key, KeyChange { active: Some(active), ..KeyChange::default() }).unwrap();
}

/// That a manifest has been Ready without a break since it first was.
fn was_never_disturbed(world: &World, name: &str) {
    let states = world.user().history(world.kind(), HERE, name);
    let ready: Vec<bool> = states.iter().flatten().map(is_ready).collect();
    assert!(ready.iter().skip_while(|ready| !**ready).all(|ready| *ready), "{ready:?}");
    assert!(ready.contains(&true));
}

async fn connected(world: &World) {
    world.pass(120).await;
    assert_eq!(reason_of(&account(world)), "Connected");
}

#[derive(Clone, Copy)]
enum Loss {
    Withdrawn,
    SecretGone,
}

#[rstest]
#[case::when_the_cloud_withdraws_it(Vendor::TypeDb, Loss::Withdrawn)]
#[case::when_its_secret_goes(Vendor::TypeDb, Loss::SecretGone)]
#[case::when_the_other_cloud_withdraws_it(Vendor::CrateDb, Loss::Withdrawn)]
#[case::when_its_secret_goes_in_the_other_cloud(Vendor::CrateDb, Loss::SecretGone)]
fn the_next_credential_is_used(#[case] vendor: Vendor, #[case] loss: Loss) {
    on_virtual_time(roll_over(vendor, loss));
}

async fn roll_over(vendor: Vendor, loss: Loss) {
    let mut world = World::of(vendor, Settings { speed: 10.0.try_into().unwrap(), ..Settings::default() });
    let spare = match vendor {
        Vendor::TypeDb => "simulator-write",
        Vendor::CrateDb => "simulator-standby",
    };
    open(&world, &["simulator", spare]);
    world.start();
    let manifest = |name: &str| match vendor {
        Vendor::TypeDb => cluster(HERE, name),
        Vendor::CrateDb => cratedb::cluster(HERE, name),
    };
    connected(&world).await;
    assert_eq!(states(&world), ["InUse", "Standby"], "what stands by was tried");
    world.apply(&manifest("orders"));
    world.ready("orders").await;

    lose(&world, vendor, loss, true);
    world.apply(&manifest("sales"));
    world.ready("sales").await;
    world.pass(120).await;
    let state = if let Loss::Withdrawn = loss { "Rejected" } else { "Missing" };
    assert_eq!(states(&world), [state, "InUse"]);
    let told = account(&world);
    assert_eq!((reason_of(&told), &told["status"]["activeCredential"]), ("Connected", &json!(spare)));
    let message = condition(&told, "Ready")["message"].as_str().unwrap();
    assert!(message.contains("in place of those in Secret simulator"), "{message}");

    lose(&world, vendor, loss, false);
    world.pass(900).await;
    assert_eq!(states(&world), ["InUse", "Standby"], "the better one is taken up again");
    let history: Vec<Value> = world.user().history("CloudAccount", HERE, ACCOUNT).into_iter().flatten().collect();
    let reasons: Vec<&str> = history.iter().map(reason_of).skip_while(|reason| *reason != "Connected").collect();
    assert!(reasons.iter().all(|reason| *reason == "Connected"), "{reasons:?}");
    was_never_disturbed(&world, "orders");
    for name in ["orders", "sales"] {
        let states = world.user().history(world.kind(), HERE, name);
        let reasons: Vec<&str> = states.iter().flatten().map(reason_of).collect();
        assert!(
            reasons.iter().all(|reason| !reason.contains("Credentials") && *reason != "CloudUnavailable"),
            "{reasons:?}"
        );
    }
    world.audit().await;
}

fn lose(world: &World, vendor: Vendor, loss: Loss, gone: bool) {
    match (loss, vendor) {
        (Loss::Withdrawn, Vendor::TypeDb) => withdraw(&world.cloud, "simulator", gone),
        (Loss::Withdrawn, Vendor::CrateDb) => switch(&world.cloud, "simulator", !gone),
        (Loss::SecretGone, _) if gone => world.user().delete("Secret", HERE, "simulator"),
        (Loss::SecretGone, _) => {
            let pair = json!({"id": "simulator", "secret": "simulator-secret"});
            world.user().apply(&secret_of(HERE, "simulator", &pair));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn at_rest_a_standby_costs_nothing() {
    let mut world = World::asleep();
    open(&world, &["simulator", "simulator-write"]);
    world.start();
    world.apply(&cluster(HERE, "orders"));
    world.ready("orders").await;
    world.pass(600).await;
    let (before, written) = (world.asked(|_| true).len(), account(&world)["metadata"]["resourceVersion"].clone());
    world.pass(3600).await;
    let asked = world.asked(|_| true).split_off(before);
    let other = asked.iter().filter(|row| row.client_id.as_deref() != Some("simulator")).count();
    assert!(other == 0 && asked.len() > 50, "{other} of {} requests are not of the one in use", asked.len());
    assert_eq!(account(&world)["metadata"]["resourceVersion"], written, "nothing was written");
}

#[tokio::test(start_paused = true)]
async fn one_may_read_and_the_other_write() {
    let mut world = World::asleep();
    open(&world, &["simulator-read", "simulator-write"]);
    world.start();
    world.apply(&with(cluster(HERE, "orders"), &json!({"deletionPolicy": "Delete"})));
    world.ready("orders").await;
    let sent = world.asked(|row| row.path.ends_with("/deploy"));
    let as_whom: Vec<_> = sent.iter().map(|row| (row.client_id.as_deref().unwrap(), row.status.unwrap())).collect();
    assert_eq!(as_whom, [("simulator-read", 403), ("simulator-write", 200)]);
    assert_eq!(states(&world), ["InUse", "Standby"]);

    world.delete(HERE, "orders");
    let told = world.reason("orders", "CredentialsInsufficient", 300).await;
    assert!(condition(&told, "Ready")["message"].as_str().unwrap().contains("deletionPolicy: Retain"), "{told}");
    let refused = world.asked(|row| row.method == "DELETE").len();
    assert_eq!(refused, 2, "each was asked once");
    world.pass(1800).await;
    assert_eq!(world.asked(|row| row.method == "DELETE").len(), refused, "a refusal is not hammered");
    let admin = CredentialChange { access: Some(Access::Admin), ..CredentialChange::default() };
    world.cloud.change_credential("simulator-write", admin).unwrap();
    world.annotate(HERE, "orders", "clusterwright.dev/reconcile-at", &json!("now"));
    world.gone("orders").await;
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn what_the_next_does_not_see_is_not_gone() {
    let mut world = World::of(Vendor::CrateDb, Settings::default());
    let [id, _] = ["orders", "sales"].map(|name| world.cloud.cratedb().seed(NewCluster::new(name)).unwrap());
    rights::open(&world, "sales").await;
    open(&world, &["simulator", "simulator-second"]);
    world.start();
    let spec = json!({"accountRef": {"name": ACCOUNT}, "externalId": id.as_str(), "deletionPolicy": "Delete"});
    let mut manifest = cratedb::cluster(HERE, "orders");
    manifest["spec"] = spec;
    world.apply(&manifest);
    world.ready("orders").await;
    switch(&world.cloud, "simulator", false);
    world.pass(3600).await;
    assert_eq!(states(&world), ["Rejected", "InUse"]);
    assert!(
        ["Running", "CredentialsInsufficient"].contains(&&*world.reason_now("orders")),
        "nothing is said to be gone"
    );
    world.delete(HERE, "orders");
    world.pass(3600).await;
    assert!(world.manifest(HERE, "orders").is_some(), "nothing proves that it is gone");
    switch(&world.cloud, "simulator", true);
    world.gone("orders").await;
    assert_eq!(world.asked(|row| row.method == "DELETE" && row.status == Some(204)).len(), 1);
}
