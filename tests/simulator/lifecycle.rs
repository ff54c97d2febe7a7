//! The states that a cluster goes through, and how long each takes.

use clusterwright::simulator::typedb::Unknowns;
use clusterwright::simulator::{Settings, Simulator, Speed, typedb};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rstest::rstest;
use serde_json::{Value, json};

use crate::client::{CLUSTERS, Client, but, free, paid, pass, settings, world};

/// Status of the cluster, and of its servers.
async fn seen(client: &Client, id: &str) -> (String, Vec<Value>) {
    states(&client.cluster(id).await.ok())
}

fn states(cluster: &Value) -> (String, Vec<Value>) {
    let servers = cluster["servers"].as_array().unwrap().iter().map(|server| server["status"].clone()).collect();
    (cluster["status"].as_str().unwrap().to_owned(), servers)
}

fn state(cluster: &str, server: &str) -> (String, Vec<Value>) {
    (cluster.to_owned(), vec![json!(server)])
}

#[tokio::test(start_paused = true)]
async fn a_deploy_takes_four_minutes() {
    let client = Client::admin(&world()).await;
    let cluster = client.deploy(paid("orders")).await.ok();
    assert_eq!(states(&cluster), state("starting", "pending"));
    assert_eq!(cluster["createdAt"], 1_795_348_800_000_i64);
    assert_eq!(cluster["teamID"], "acme");
    assert_eq!(cluster["spaceID"], "default");
    assert!(cluster.get("backupConfiguration").is_none(), "it is write-only");
    assert!(cluster.get("message").is_none(), "official scripts take that for an error");
    let address = cluster["servers"][0]["address"].as_str().unwrap();
    assert!(address.ends_with("-0.cluster.typedb.com:80"), "{address}");
    pass(239).await;
    assert_eq!(seen(&client, "orders").await, state("starting", "pending"));
    pass(1).await;
    assert_eq!(seen(&client, "orders").await, state("running", "running"));
}

#[tokio::test(start_paused = true)]
async fn the_speed_divides_every_duration() {
    let speed = Speed::try_from(60.0).unwrap();
    let client = Client::admin(&Simulator::new(Settings { speed, ..settings() })).await;
    client.deploy(paid("orders")).await.ok();
    pass(3).await;
    assert_eq!(seen(&client, "orders").await, state("starting", "pending"));
    pass(1).await;
    assert_eq!(seen(&client, "orders").await, state("running", "running"));
}

#[tokio::test(start_paused = true)]
async fn a_cluster_is_suspended_and_resumed() {
    let client = Client::admin(&world()).await;
    let address = client.deployed(paid("orders")).await["servers"][0]["address"].clone();
    assert_eq!(states(&client.act("orders", "suspend").await.ok()), state("suspending", "running"));
    pass(60).await;
    assert_eq!(seen(&client, "orders").await, ("suspended".to_owned(), vec![]));
    assert_eq!(states(&client.act("orders", "resume").await.ok()), state("resuming", "pending"));
    pass(119).await;
    assert_eq!(seen(&client, "orders").await, state("resuming", "pending"));
    pass(1).await;
    assert_eq!(seen(&client, "orders").await, state("running", "running"));
    assert_eq!(client.cluster("orders").await.ok()["servers"][0]["address"], address);
}

#[rstest]
#[case(true)]
#[case(false)]
#[tokio::test(start_paused = true)]
async fn whether_an_address_survives_is_a_switch(#[case] survives: bool) {
    let simulator = world();
    simulator.configure(|Settings { typedb: typedb::Settings { unknowns, .. }, .. }| {
        (unknowns.address_survives_suspend, unknowns.address_survives_rename) = (survives, survives);
    });
    let client = Client::admin(&simulator).await;
    let first = client.deployed(paid("orders")).await["servers"][0]["address"].clone();
    client.act("orders", "suspend").await.ok();
    pass(60).await;
    let second = client.act("orders", "resume").await.ok()["servers"][0]["address"].clone();
    assert_eq!(first == second, survives);
    pass(120).await;
    let third = client.update("orders", json!({"id": "sales"})).await.ok()["servers"][0]["address"].clone();
    assert_eq!(second == third, survives);
    let server = Client::of_server(&simulator, third.as_str().unwrap());
    server.sign_in("admin", "password").await.ok();
}

#[tokio::test(start_paused = true)]
async fn a_clone_takes_six_minutes_and_has_what_its_source_had() {
    let simulator = world();
    let client = Client::admin(&simulator).await;
    let source = client.deployed(paid("orders")).await;
    let server = Client::of_server(&simulator, source["servers"][0]["address"].as_str().unwrap());
    let server = server.signed_in("admin", "password").await;
    assert_eq!(server.post("/v1/databases/ledger", json!({})).await.status, Some(200));

    let path = format!("{CLUSTERS}/orders/clone");
    let clone = client.post(&path, json!({"id": "copy"})).await.ok();
    assert_eq!(states(&clone), state("starting", "pending"));
    assert_ne!(clone["createdAt"], source["createdAt"]);
    for field in ["serverCount", "storageSizeGB", "version", "provider", "region", "machineType", "storageType"] {
        assert_eq!(clone[field], source[field], "{field}");
    }
    pass(359).await;
    assert_eq!(seen(&client, "copy").await.0, "starting");
    assert_eq!(seen(&client, "orders").await.0, "running");
    pass(1).await;
    assert_eq!(seen(&client, "copy").await.0, "running");
    assert_eq!(simulator.clusters()[0].databases, ["ledger"]);

    client.post(&path, json!({"id": "copy"})).await.refusal(409);
    client.post(&path, json!({"id": "Copy"})).await.refusal(400);
    client.post(&path, json!({})).await.refusal(400);
    client.post(&format!("{CLUSTERS}/nothing/clone"), json!({"id": "copy-2"})).await.refusal(404);
}

#[tokio::test(start_paused = true)]
async fn a_free_cluster_cannot_be_cloned_into_a_second_one() {
    let client = Client::admin(&world()).await;
    client.deployed(free("trial")).await;
    client.post(&format!("{CLUSTERS}/trial/clone"), json!({"id": "copy"})).await.refusal(400);
}

#[tokio::test(start_paused = true)]
async fn a_destroyed_cluster_is_gone_after_a_minute_and_its_id_is_free() {
    let client = Client::admin(&world()).await;
    let first = client.deployed(paid("orders")).await;
    assert_eq!(states(&client.destroy("orders").await.ok()), state("destroying", "running"));
    pass(59).await;
    assert_eq!(seen(&client, "orders").await.0, "destroying");
    client.deploy(paid("orders")).await.refusal(409);
    client.destroy("orders").await.refusal(400);
    pass(1).await;
    client.cluster("orders").await.refusal(404);
    client.destroy("orders").await.refusal(404);
    assert_eq!(client.get(CLUSTERS).await.ok(), json!([]));
    assert_ne!(client.deploy(paid("orders")).await.ok()["createdAt"], first["createdAt"]);
}

#[tokio::test(start_paused = true)]
async fn a_destroyed_cluster_may_be_gone_at_once() {
    let simulator = world();
    simulator.configure(|settings| settings.typedb.unknowns.destroyed_lingers = false);
    let client = Client::admin(&simulator).await;
    client.deploy(paid("orders")).await.ok();
    assert_eq!(client.destroy("orders").await.ok()["status"], "destroying");
    client.cluster("orders").await.refusal(404);
}

#[rstest]
#[case(400)]
#[case(409)]
#[tokio::test(start_paused = true)]
async fn what_the_status_does_not_allow_is_refused(#[case] status: u16) {
    let simulator = world();
    simulator.configure(|settings| settings.typedb.unknowns.wrong_state_status = status.try_into().unwrap());
    let client = Client::admin(&simulator).await;
    client.deploy(paid("orders")).await.ok();
    assert!(client.act("orders", "suspend").await.refusal(status).contains("while it is starting"));
    client.act("orders", "resume").await.refusal(status);
    client.update("orders", json!({"storageSizeGB": 30})).await.refusal(status);
    client.post(&format!("{CLUSTERS}/orders/clone"), json!({"id": "copy"})).await.refusal(status);
    pass(240).await;
    client.act("orders", "resume").await.refusal(status);
    client.act("orders", "suspend").await.ok();
    client.act("orders", "suspend").await.refusal(status);
    pass(60).await;
    client.update("orders", json!({"storageSizeGB": 30})).await.refusal(status);
    client.post(&format!("{CLUSTERS}/orders/clone"), json!({"id": "copy"})).await.refusal(status);
    simulator.configure(|Settings { typedb: typedb::Settings { unknowns, .. }, .. }| {
        (unknowns.update_while_suspended, unknowns.clone_while_suspended) = (true, true);
    });
    client.post(&format!("{CLUSTERS}/orders/clone"), json!({"id": "copy"})).await.ok();
    client.update("orders", json!({"storageSizeGB": 30})).await.ok();
    pass(180).await;
    assert_eq!(seen(&client, "orders").await.0, "suspended");
}

#[tokio::test(start_paused = true)]
async fn a_missing_cluster_is_not_found_by_any_operation() {
    let client = Client::admin(&world()).await;
    client.cluster("orders").await.refusal(404);
    client.update("orders", json!({"storageSizeGB": 30})).await.refusal(404);
    client.destroy("orders").await.refusal(404);
    for action in ["suspend", "resume"] {
        client.act("orders", action).await.refusal(404);
    }
}

#[tokio::test(start_paused = true)]
async fn two_clients_see_the_same_world() {
    let simulator = world();
    let (first, second) = (Client::admin(&simulator).await, Client::admin(&simulator).await);
    let (here, there) = tokio::join!(first.deploy(paid("orders")), second.deploy(paid("orders")));
    let mut statuses = [here.status, there.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [Some(200), Some(409)]);
    assert_eq!(first.get(CLUSTERS).await.ok(), second.get(CLUSTERS).await.ok());
}

/// Whatever the unknowns turn out to be, a cluster can be deployed, changed, suspended, resumed and destroyed.
#[tokio::test(start_paused = true)]
async fn a_life_is_possible_under_every_answer_to_the_unknowns() {
    for seed in 0..200 {
        let unknowns = Unknowns::drawn(&mut StdRng::seed_from_u64(seed));
        assert_eq!(unknowns, Unknowns::drawn(&mut StdRng::seed_from_u64(seed)), "the same seed draws the same");
        let typedb = typedb::Settings { unknowns, ..typedb::Settings::default() };
        let client = Client::admin(&Simulator::new(Settings { typedb, seed, ..settings() })).await;
        client.deployed(paid("orders")).await;
        client.update("orders", json!({"storageSizeGB": 30, "id": "sales"})).await.ok();
        pass(180).await;
        assert_eq!(client.cluster("sales").await.ok()["storageSizeGB"], 30, "seed {seed}");
        client.act("sales", "suspend").await.ok();
        pass(60).await;
        client.act("sales", "resume").await.ok();
        pass(120).await;
        assert_eq!(seen(&client, "sales").await, state("running", "running"), "seed {seed}");
        client.destroy("sales").await.ok();
        pass(60).await;
        client.cluster("sales").await.refusal(404);
        let again = but(paid("sales"), "version", json!("latest"));
        client.deploy(again).await.ok();
    }
}
