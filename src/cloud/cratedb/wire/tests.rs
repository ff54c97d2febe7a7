use rstest::rstest;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{
    AllowedCidr, Cluster, DublinCore, ErrorBody, Health, HealthStatus, Operation, OperationKind, OperationStatus,
    Operations, Product, Project, Region, Subscription, User, Versions,
};
use crate::api::identity::ClusterId;

fn read<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn dc() -> Value {
    json!({ "created": "2024-09-27T08:00:00.123456+00:00", "modified": "2024-09-27T10:00:00+02:00" })
}

fn minimal() -> Value {
    json!({ "id": "0c63c7de-0000-4000-8000-000000000001", "name": "analytics", "dc": dc() })
}

fn with(mut cluster: Value, field: &str, value: Value) -> Cluster {
    cluster[field] = value;
    read(cluster)
}

#[test]
fn a_whole_cluster_is_read() {
    let cluster: Cluster = read(json!({
        "id": "0c63c7de-0000-4000-8000-000000000001",
        "name": "analytics",
        "project_id": "0c63c7de-0000-4000-8000-000000000002",
        "subscription_id": "0c63c7de-0000-4000-8000-000000000003",
        "crate_version": "5.8.3",
        "channel": "stable",
        "product_name": "cr2",
        "product_tier": "default",
        "product_unit": 2,
        "num_nodes": 3,
        "username": "admin",
        "fqdn": "analytics.aks1.westeurope.azure.cratedb.net.",
        "url": "https://analytics.aks1.westeurope.azure.cratedb.net:4200",
        "external_ip": "192.0.2.1",
        "origin": "cloud",
        "hardware_specs": {
            "cpus_per_node": 4.0, "disks_per_node": 1, "disk_size_per_node_bytes": 34_359_738_368_i64,
            "disk_type": "premium", "heap_size_bytes": 7_516_192_768_i64, "memory_per_node_bytes": 15_032_385_536_i64
        },
        "ip_whitelist": [{ "cidr": "203.0.113.0/24", "description": "office" }, { "cidr": "198.51.100.7/32" }],
        "backup_schedule": "55 2,4,6 * * *",
        "deletion_protected": true,
        "suspended": false,
        "allow_suspend": true,
        "allow_custom_storage": true,
        "gc_available": true,
        "dc": dc(),
        "health": { "status": "GREEN", "last_seen": "2024-09-27T16:59:02.507048", "running_operation": "SCALE" },
        "last_async_operation": { "id": "1", "type": "SCALE", "status": "IN_PROGRESS", "dc": dc() }
    }));
    assert_eq!(cluster.dc.created.to_string(), "2024-09-27T08:00:00.123Z");
    assert_eq!(cluster.dc.modified, Some("2024-09-27T08:00:00Z".parse().unwrap()));
    assert_eq!((cluster.product_unit, cluster.num_nodes), (Some(2), Some(3)));
    assert_eq!(cluster.hardware_specs.as_ref().unwrap().disk_size_per_node_bytes, Some(1 << 35));
    assert_eq!(
        cluster.ip_whitelist.as_ref().unwrap()[1],
        AllowedCidr { cidr: "198.51.100.7/32".into(), description: String::new() }
    );
    assert_eq!(cluster.health.last_seen, Some("2024-09-27T16:59:02.507048Z".parse().unwrap()));
    assert_eq!(cluster.health.running_operation, Some(OperationKind::Scale));
    assert!(cluster.last_async_operation.as_ref().unwrap().status.runs());
    assert_eq!(read::<Cluster>(serde_json::to_value(&cluster).unwrap()), cluster, "what is written is read again");
}

#[test]
fn a_cluster_that_is_being_created_is_read() {
    let cluster =
        with(minimal(), "health", json!({ "last_seen": "", "running_operation": "CREATE", "status": "UNREACHABLE" }));
    assert_eq!(cluster.id, ClusterId::new("0c63c7de-0000-4000-8000-000000000001"));
    assert_eq!(cluster.health.status, HealthStatus::Unreachable);
    assert_eq!(cluster.health.running_operation, Some(OperationKind::Create));
    assert_eq!((cluster.health.last_seen, cluster.address()), (None, None));
}

#[test]
fn what_is_missing_is_as_good_as_null() {
    let bare: Cluster = read(minimal());
    let fields = [
        "project_id",
        "subscription_id",
        "crate_version",
        "channel",
        "product_name",
        "product_tier",
        "product_unit",
        "num_nodes",
        "username",
        "fqdn",
        "url",
        "hardware_specs",
        "ip_whitelist",
        "backup_schedule",
        "deletion_protected",
        "suspended",
        "allow_suspend",
        "health",
        "last_async_operation",
    ];
    for field in fields {
        assert_eq!(with(minimal(), field, Value::Null), bare, "{field}");
    }
    assert_eq!(bare.health, Health::default());
    assert_eq!(with(minimal(), "last_async_operation", json!({})), bare);
    assert_eq!(with(minimal(), "health", json!({ "status": null, "last_seen": null })), bare);
}

#[rstest]
#[case::id(json!({ "name": "analytics", "dc": dc() }))]
#[case::name(json!({ "id": "1", "dc": dc() }))]
#[case::creation_time(json!({ "id": "1", "name": "analytics" }))]
#[case::creation_time_empty(json!({ "id": "1", "name": "analytics", "dc": { "created": "" } }))]
#[case::an_error(json!({ "message": "Resource not found.", "success": false }))]
fn nothing_without_an_identity_is_taken_for_a_cluster(#[case] value: Value) {
    assert!(serde_json::from_value::<Cluster>(value).is_err());
}

#[rstest]
#[case("2024-09-27T08:00:00+00:00", "2024-09-27T08:00:00Z")]
#[case("2024-09-27T10:00:00.5+02:00", "2024-09-27T08:00:00.5Z")]
#[case("2024-09-27T08:00:00Z", "2024-09-27T08:00:00Z")]
#[case("2024-09-27T08:00:00", "2024-09-27T08:00:00Z")]
#[case("2024-09-27T08:00:00.000001", "2024-09-27T08:00:00.000001Z")]
#[case(" 2024-09-27 08:00:00 ", "2024-09-27T08:00:00Z")]
fn a_moment_is_read_with_and_without_an_offset(#[case] text: &str, #[case] moment: &str) {
    let moment: jiff::Timestamp = moment.parse().unwrap();
    let dc: DublinCore = read(json!({ "created": text, "modified": text }));
    assert_eq!(dc.created.epoch_millis(), moment.as_millisecond());
    assert_eq!(dc.modified, Some(moment));
    assert_eq!(read::<Health>(json!({ "last_seen": text })).last_seen, Some(moment));
}

#[rstest]
#[case(json!(""))]
#[case(json!("never"))]
#[case(Value::Null)]
fn what_is_no_moment_is_none(#[case] value: Value) {
    assert_eq!(read::<Health>(json!({ "last_seen": value })).last_seen, None);
}

#[test]
fn moments_are_written_as_the_cloud_writes_them() {
    let cluster = with(minimal(), "health", json!({ "last_seen": "2024-09-27T16:59:02" }));
    let written = serde_json::to_value(&cluster).unwrap();
    assert_eq!(
        written["dc"],
        json!({ "created": "2024-09-27T08:00:00.123+00:00", "modified": "2024-09-27T08:00:00+00:00" })
    );
    assert_eq!(written["health"]["last_seen"], "2024-09-27T16:59:02");
    assert_eq!(written["health"]["running_operation"], "", "none is an empty text");
}

#[rstest]
#[case(json!("https://a.cratedb.net:4200"), json!("a.cratedb.net."), Some("a.cratedb.net:4200"))]
#[case(json!("https://a.cratedb.net.:4200/"), Value::Null, Some("a.cratedb.net.:4200"))]
#[case(json!("http://127.0.0.1:41234"), Value::Null, Some("127.0.0.1:41234"))]
#[case(Value::Null, json!("a.cratedb.net."), Some("a.cratedb.net:4200"))]
#[case(json!(""), json!("a.cratedb.net"), Some("a.cratedb.net:4200"))]
#[case(json!(""), json!(""), None)]
fn the_sql_endpoint_is_at_the_url_or_the_name(#[case] url: Value, #[case] fqdn: Value, #[case] address: Option<&str>) {
    let mut cluster = minimal();
    cluster["fqdn"] = fqdn;
    assert_eq!(with(cluster, "url", url).address().as_deref(), address);
}

#[test]
fn a_network_without_a_description_is_sent_without_one() {
    let network = AllowedCidr { cidr: "203.0.113.0/24".into(), description: String::new() };
    assert_eq!(serde_json::to_value(network).unwrap(), json!({ "cidr": "203.0.113.0/24" }));
}

#[test]
fn operations_are_read_with_their_words() {
    let Operations { operations } = read(json!({ "operations": [
        {
            "id": "2", "type": "SCALE", "status": "IN_PROGRESS", "entity": "CLUSTER", "dc": dc(),
            "feedback_data": { "message": "Scaling up from 1 to 2 nodes." },
            "non_sensitive_data": { "current_num_nodes": 1, "target_num_nodes": 2 }
        },
        { "id": "1", "type": "CREATE", "status": "FAILED", "dc": dc(), "feedback_data": null },
        { "id": "0", "type": "DANCE", "status": "PAUSED", "dc": dc() },
    ] }));
    assert_eq!(operations[0].feedback_data.message.as_deref(), Some("Scaling up from 1 to 2 nodes."));
    assert_eq!((&operations[1].kind, operations[1].status.runs()), (&OperationKind::Create, false));
    assert_eq!(operations[1].feedback_data.message, None);
    assert_eq!(operations[2].kind, OperationKind::Other("DANCE".into()));
    assert_eq!(operations[2].status, OperationStatus::Other("PAUSED".into()));
    assert!(operations[2].status.runs(), "nothing says that it has ended");
    let written = serde_json::to_value::<Operation>(operations[1].clone()).unwrap();
    assert_eq!(written["feedback_data"], json!({}), "the vendor's command line fails on null");
}

#[test]
fn an_answer_of_another_form_does_not_say_that_there_is_nothing() {
    let error = json!({ "message": "An error occured.", "success": false });
    assert!(serde_json::from_value::<Operations>(error.clone()).is_err());
    assert!(serde_json::from_value::<Versions>(error).is_err());
    assert_eq!(read::<Operations>(json!({ "operations": null })).operations, []);
}

#[test]
fn what_is_around_clusters_is_read_in_the_least_form() {
    read::<User>(json!({}));
    read::<User>(json!({ "organization_roles": [{ "organization_id": "1", "role_fqn": "org_admin" }] }));
    read::<Project>(json!({ "id": "1", "name": "p", "organization_id": "2", "backup_location": null }));
    read::<Subscription>(json!({ "id": "1", "promotion": {} }));
    read::<Region>(json!({ "name": "aks1.westeurope.azure", "last_seen": "2024-09-27T16:59:02" }));
    let product: Product = read(json!({ "name": "cr1", "tier": "default", "scaling": null, "specs": null }));
    assert_eq!(product.scaling, []);
}

#[rstest]
#[case(json!({ "version": "5.8.3", "major": 5 }))]
#[case(json!([{ "version": "5.8.3" }]))]
fn a_channel_offers_one_version_or_several(#[case] stable: Value) {
    let versions: Versions = read(json!({ "crate_versions": { "stable": stable, "nightly": null } }));
    assert_eq!(versions.crate_versions.stable.read[0].version, "5.8.3");
    assert_eq!((versions.crate_versions.testing.read, versions.crate_versions.nightly.read), (vec![], vec![]));
}

#[test]
fn an_error_is_known_by_its_message() {
    let error: ErrorBody = read(json!({ "message": "Bad request", "errors": { "name": ["too short"] } }));
    assert_eq!(error.message, "Bad request");
    assert!(serde_json::from_value::<ErrorBody>(json!({ "success": false })).is_err());
}
