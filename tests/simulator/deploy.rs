//! What a deploy accepts, and what it says about the rest.

use clusterwright::simulator::typedb::Unknowns;
use clusterwright::simulator::{Settings, typedb};
use rstest::rstest;
use serde_json::{Value, json};

use crate::client::{CLUSTERS, Client, but, free, paid, pass, world};

#[tokio::test(start_paused = true)]
async fn what_was_asked_for_comes_back_with_a_concrete_version() {
    let client = Client::admin(&world()).await;
    let answer = client.deploy(free("trial")).await.ok();
    for (field, value) in free("trial").as_object().unwrap() {
        let expected = if field == "version" { &json!("3.5.1") } else { value };
        assert_eq!(&answer[field], expected, "{field}");
    }
    assert_eq!(client.get(CLUSTERS).await.ok(), json!([answer]));
}

#[rstest]
#[case::id_upper("id", json!("Orders"), "lowercase alphanumeric")]
#[case::id_empty("id", json!(""), "lowercase alphanumeric")]
#[case::id_ends("id", json!("orders-"), "lowercase alphanumeric")]
#[case::id_doubled("id", json!("a__b"), "lowercase alphanumeric")]
#[case::id_type("id", json!(7), "id must be a string")]
#[case::id_missing("id", Value::Null, "id is required")]
#[case::servers_even("serverCount", json!(2), "odd number from 1 to 9")]
#[case::servers_many("serverCount", json!(11), "odd number from 1 to 9")]
#[case::servers_none("serverCount", json!(-1), "odd number from 1 to 9")]
#[case::servers_v3("serverCount", json!(3), "can currently only have one server")]
#[case::storage_small("storageSizeGB", json!(9), "from 10 to 1000")]
#[case::storage_big("storageSizeGB", json!(1001), "from 10 to 1000")]
#[case::storage_fraction("storageSizeGB", json!(10.5), "storageSizeGB must be an integer")]
#[case::provider("provider", json!("azure"), "Available: gcp, aws.")]
#[case::region("region", json!("moon-1"), "Available: europe-west2, europe-west3, us-west4, us-east1.")]
#[case::region_of_other("region", json!("eu-west-2"), "for provider 'gcp'")]
#[case::machine("machineType", json!("c8g.large"), "Available: c2d-highcpu-2, c2d-highcpu-4, c2d-highcpu-8, c2d-highcpu-16.")]
#[case::disk("storageType", json!("gp2-csi"), "Available: standard-rwo.")]
#[case::is_free_type("isFree", json!("no"), "isFree must be true or false")]
#[case::version("version", json!("1.8.4"), "Available: 2.29.3, 3.1.0, 3.4.4, 3.5.1.")]
#[case::backup_type("backupConfiguration", json!("daily"), "backupConfiguration must be an object")]
#[case::backup_part("backupConfiguration", json!({}), "backupConfiguration.frequency is required")]
#[case::backup_often("backupConfiguration", json!({"frequency": "weekly"}), "Available: disabled, hourly, daily.")]
#[case::backup_long("backupConfiguration", json!({"frequency": "daily", "retentionDays": 14}), "must be 7 or 30")]
#[tokio::test(start_paused = true)]
async fn a_wrong_field_is_named(#[case] field: &str, #[case] value: Value, #[case] message: &str) {
    let simulator = world();
    let refusal = Client::admin(&simulator).await.deploy(but(paid("orders"), field, value)).await.refusal(400);
    assert!(refusal.contains(message), "{refusal}");
    assert!(simulator.clusters().is_empty());
}

#[rstest]
#[case("serverCount", json!(3), "only have one server")]
#[case("storageSizeGB", json!(11), "at most 1 server and 10 GB")]
#[case("machineType", json!("c8g.xlarge"), "'c8g.large'")]
#[case("backupConfiguration", json!({"frequency": "daily"}), "must be 'disabled'")]
#[tokio::test(start_paused = true)]
async fn a_free_cluster_has_limits(#[case] field: &str, #[case] value: Value, #[case] message: &str) {
    let refusal = Client::admin(&world()).await.deploy(but(free("trial"), field, value)).await.refusal(400);
    assert!(refusal.contains(message), "{refusal}");
}

#[rstest]
#[case("europe-west3", "gcp", "c2d-highcpu-16", "standard-rwo")]
#[case("eu-west-2", "aws", "c7g.4xlarge", "gp2-csi")]
#[case("eu-central-1", "aws", "c8g.2xlarge", "gp2-csi")]
#[tokio::test(start_paused = true)]
async fn every_region_has_its_machines(
    #[case] region: &str,
    #[case] provider: &str,
    #[case] machine_type: &str,
    #[case] storage_type: &str,
) {
    let mut body = paid("orders");
    body["region"] = json!(region);
    body["provider"] = json!(provider);
    body["machineType"] = json!(machine_type);
    body["storageType"] = json!(storage_type);
    Client::admin(&world()).await.deploy(body).await.ok();
}

#[tokio::test(start_paused = true)]
async fn an_old_version_can_have_several_servers() {
    let mut body = paid("orders");
    body["version"] = json!("2.29.3");
    body["serverCount"] = json!(3);
    let servers = Client::admin(&world()).await.deploy(body).await.ok()["servers"].clone();
    let addresses: std::collections::BTreeSet<&str> =
        servers.as_array().unwrap().iter().map(|server| server["address"].as_str().unwrap()).collect();
    assert_eq!(addresses.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_id_is_used_once_in_a_space() {
    let client = Client::admin(&world()).await;
    let first = client.deploy(paid("orders")).await.ok();
    assert!(client.deploy(paid("orders")).await.refusal(409).contains("'orders'"));
    let second = client.deploy(paid("orders-2")).await.ok();
    assert_ne!(first["createdAt"], second["createdAt"], "even within one instant");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_no_json_object_is_refused() {
    let client = Client::admin(&world()).await;
    for body in [json!([]), json!("text"), Value::Null] {
        assert!(client.deploy(body).await.refusal(400).contains("JSON object"));
    }
}

#[rstest]
#[case(400)]
#[case(403)]
#[case(409)]
#[tokio::test(start_paused = true)]
async fn limits_of_the_team_are_refused_with_the_chosen_status(#[case] status: u16) {
    let simulator = world();
    simulator.configure(|Settings { typedb: typedb::Settings { unknowns, .. }, .. }| {
        unknowns.second_free_status = status.try_into().unwrap();
        unknowns.payment_status = status.try_into().unwrap();
        unknowns.quota_status = status.try_into().unwrap();
    });
    let client = Client::admin(&simulator).await;
    client.deploy(free("trial")).await.ok();
    assert!(client.deploy(free("trial-2")).await.refusal(status).contains("one free cluster per team"));
    let second = Client::of(&simulator, "simulator-second").await;
    second.post("/api/v1/team/acme/spaces/second/clusters/deploy", free("trial")).await.refusal(status);

    simulator.configure(|settings| settings.typedb.payment_method = false);
    assert!(client.deploy(paid("orders")).await.refusal(status).contains("payment method"));

    simulator.configure(|settings| {
        (settings.typedb.payment_method, settings.typedb.max_clusters_per_space) = (true, Some(2));
    });
    client.deploy(paid("orders")).await.ok();
    assert!(client.deploy(paid("orders-2")).await.refusal(status).contains("limit of 2 clusters"));
}

#[tokio::test(start_paused = true)]
async fn the_length_of_an_id_and_the_need_for_backups_are_switches() {
    let simulator = world();
    let client = Client::admin(&simulator).await;
    client.deploy(paid(&"a".repeat(100))).await.ok();
    simulator.configure(|Settings { typedb: typedb::Settings { unknowns, .. }, .. }| {
        *unknowns = Unknowns { max_id_length: Some(20), paid_needs_backup: true, ..Unknowns::default() };
    });
    assert!(client.deploy(paid(&"a".repeat(21))).await.refusal(400).contains("longer than 20"));
    client.deploy(paid(&"a".repeat(20))).await.ok();
    let without = but(paid("orders"), "backupConfiguration", Value::Null);
    assert!(client.deploy(without).await.refusal(400).contains("backupConfiguration is required"));
    client.deploy(free("trial")).await.ok();
}

#[tokio::test(start_paused = true)]
async fn backups_that_are_not_named_take_defaults() {
    let simulator = world();
    let client = Client::admin(&simulator).await;
    client.deploy(but(paid("orders"), "backupConfiguration", Value::Null)).await.ok();
    client.deploy(but(paid("other"), "backupConfiguration", json!({"frequency": "hourly"}))).await.ok();
    client.deploy(free("trial")).await.ok();
    let backups: Vec<_> = simulator.clusters().into_iter().map(|view| view.backup_configuration).collect();
    let shown: Vec<_> = backups.iter().map(|backup| (backup.frequency.as_str(), backup.retention_days)).collect();
    assert_eq!(shown, [("daily", Some(7)), ("hourly", Some(7)), ("disabled", Some(7))]);
}

#[tokio::test(start_paused = true)]
async fn a_deploy_can_fail_and_its_cluster_be_destroyed() {
    let simulator = world();
    simulator.configure(|settings| {
        settings.typedb.fail_next_deploys = 1;
        settings.typedb.unknowns.failed_status = "error".to_owned();
    });
    let client = Client::admin(&simulator).await;
    assert_eq!(client.deploy(paid("bad")).await.ok()["status"], "starting");
    client.deploy(paid("good")).await.ok();
    pass(240).await;
    assert_eq!(client.cluster("bad").await.ok()["status"], "error");
    assert_eq!(client.cluster("good").await.ok()["status"], "running");
    client.act("bad", "suspend").await.refusal(400);
    client.destroy("bad").await.ok();
}
