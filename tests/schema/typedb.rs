//! The rules of a TypeDBCluster.

use rstest::rstest;
use serde_json::{Value, json};

use super::{merged, refusals};

fn paid() -> Value {
    json!({
        "apiVersion": "clusterwright.dev/v1alpha1",
        "kind": "TypeDBCluster",
        "metadata": {"name": "orders", "namespace": "shop"},
        "spec": {
            "accountRef": {"name": "typedb"}, "management": "Managed", "deletionPolicy": "Retain",
            "tier": "Paid", "provider": "gcp", "region": "europe-west2", "machineType": "c2d-highcpu-2"
        },
        "status": {"observedGeneration": -1}
    })
}

#[test]
fn the_minimal_manifests_pass() {
    assert_eq!(refusals("TypeDBCluster", &paid(), None), Vec::<String>::new());
    let adopting = json!({"metadata": {"name": "orders"}, "spec": {"accountRef": {"name": "typedb"}, "management": "Managed", "externalId": "orders"}});
    assert_eq!(refusals("TypeDBCluster", &adopting, None), Vec::<String>::new());
    let observing =
        json!({"metadata": {"name": "orders"}, "spec": {"accountRef": {"name": "typedb"}, "management": "Observed"}});
    assert_eq!(refusals("TypeDBCluster", &observing, None), Vec::<String>::new());
}

#[rstest]
#[case::name_too_long(json!({"metadata": {"name": "a".repeat(64)}}), "at most 63 characters")]
#[case::name_no_id(json!({"metadata": {"name": "orders.eu"}}), "set spec.clusterId")]
#[case::no_tier(json!({"spec": {"tier": null}}), "tier is needed")]
#[case::no_provider(json!({"spec": {"provider": null}}), "provider is needed")]
#[case::no_region(json!({"spec": {"region": null}}), "region is needed")]
#[case::no_machine(json!({"spec": {"machineType": null}}), "machineType is needed")]
#[case::even(json!({"spec": {"serverCount": 2}}), "odd")]
#[case::retention(json!({"spec": {"backup": {"frequency": "Daily", "retentionDays": 14}}}), "7 or 30")]
#[case::free_servers(json!({"spec": {"tier": "Free", "serverCount": 3}}), "one server")]
#[case::free_storage(json!({"spec": {"tier": "Free", "storageSizeGB": 20}}), "10 GB")]
#[case::free_backup(json!({"spec": {"tier": "Free", "backup": {"frequency": "Daily"}}}), "no backups")]
fn a_create_is_refused(#[case] patch: Value, #[case] message: &str) {
    let found = refusals("TypeDBCluster", &merged(&paid(), &patch), None);
    assert!(found.len() == 1 && found[0].contains(message), "{found:?}");
}

#[rstest]
#[case::dotted_name_with_id(json!({"metadata": {"name": "orders.eu"}, "spec": {"clusterId": "orders_eu"}}))]
#[case::free(json!({"spec": {"tier": "Free", "serverCount": 1, "storageSizeGB": 10, "backup": {"frequency": "Disabled"}}}))]
#[case::three_servers(json!({"spec": {"serverCount": 3, "backup": {"frequency": "Hourly", "retentionDays": 30}}}))]
#[case::bound_without_the_rest(json!({"spec": {"tier": null, "region": null}, "status": {"externalId": "orders"}}))]
fn a_create_is_accepted(#[case] patch: Value) {
    assert_eq!(refusals("TypeDBCluster", &merged(&paid(), &patch), None), Vec::<String>::new());
}

#[rstest]
#[case("tier", json!("Free"))]
#[case("provider", json!("aws"))]
#[case("region", json!("us-east1"))]
#[case("storageType", json!("gp2-csi"))]
#[case("serverCount", json!(3))]
fn what_is_fixed_is_free_before_and_held_after_a_create_has_begun(#[case] field: &str, #[case] value: Value) {
    let edit = json!({"spec": {field: value}});
    let message = format!("{field} is fixed");
    let refused = |status: &Value| {
        let old = merged(&paid(), &json!({"status": status}));
        let found = refusals("TypeDBCluster", &merged(&old, &edit), Some(&old));
        match found.as_slice() {
            [] => false,
            [one] if one.contains(&message) => true,
            other => panic!("{other:?}"),
        }
    };
    assert!(!refused(&json!({})), "before anything has begun");
    assert!(refused(&json!({"creation": {"target": "orders", "since": "2026-01-01T00:00:00Z"}})), "create open");
    assert!(refused(&json!({"externalId": "orders"})), "bound");
    assert!(refused(&json!({"externalId": "orders", "observed": {field: paid()["spec"][field]}})), "away from what is");
    assert!(!refused(&json!({"externalId": "orders", "observed": {field: value}})), "towards what is");
}

#[test]
fn what_is_fixed_cannot_be_removed_while_bound() {
    let old = merged(&paid(), &json!({"status": {"externalId": "orders"}}));
    let new = merged(&old, &json!({"spec": {"region": null}}));
    let found = refusals("TypeDBCluster", &new, Some(&old));
    assert!(found.len() == 1 && found[0].contains("region is fixed"), "{found:?}");
}

#[rstest]
#[case::another(json!("billing"), false)]
#[case::the_bound_one(json!("orders"), true)]
#[case::unchanged(json!("typo"), true)]
#[case::removed(Value::Null, true)]
fn external_id_of_a_bound_manifest(#[case] external_id: Value, #[case] accepted: bool) {
    let old = merged(&paid(), &json!({"spec": {"externalId": "typo"}, "status": {"externalId": "orders"}}));
    let new = merged(&old, &json!({"spec": {"externalId": external_id}}));
    let found = refusals("TypeDBCluster", &new, Some(&old));
    assert_eq!(found.is_empty(), accepted, "{found:?}");
    assert!(accepted || found[0].contains("bound to a cluster already"), "{found:?}");
}

#[rstest]
#[case::known_placeholders(json!({"URL": "${uri}", "LOGIN": "${username}:${password}@${host}:${port}"}), "")]
#[case::plain_dollars(json!({"PRICE": "5 $ or $x, and $$"}), "")]
#[case::escaped(json!({"SHELL": "$${HOME} and $$${HOME} ${host}"}), "")]
#[case::a_typo(json!({"URL": "${hots}"}), "a placeholder of the template must be one of ${type}")]
#[case::the_other_kinds(json!({"URL": "${url}"}), "a placeholder of the template must be one of ${type}")]
#[case::no_end(json!({"URL": "${host"}), "a placeholder of the template must be one of ${type}")]
#[case::no_key_of_a_secret(json!({"the url": "${host}"}), "a key of the template")]
fn a_template_of_the_connection_secret(#[case] template: Value, #[case] message: &str) {
    let manifest = merged(&paid(), &json!({"spec": {"connectionSecret": {"template": template}}}));
    let found = refusals("TypeDBCluster", &manifest, None);
    let expected = usize::from(!message.is_empty());
    assert!(found.len() == expected && found.iter().all(|found| found.contains(message)), "{found:?}");
}

#[test]
fn power_by_the_hour_needs_its_hours() {
    let manifest = merged(&paid(), &json!({"spec": {"power": "Scheduled"}}));
    let found = refusals("TypeDBCluster", &manifest, None);
    assert!(found.len() == 1 && found[0].contains("powerSchedule"), "{found:?}");
    let rules = json!([{"at": "0 7 * * MON-FRI", "power": "Running"}]);
    let schedule = json!({"spec": {"powerSchedule": {"timeZone": "UTC", "rules": rules}}});
    assert_eq!(refusals("TypeDBCluster", &merged(&manifest, &schedule), None), Vec::<String>::new());
}
