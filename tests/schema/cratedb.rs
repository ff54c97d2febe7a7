//! The rules of a CrateDBCluster.

use rstest::rstest;
use serde_json::{Value, json};

use super::{merged, refusals};

const PROJECT: &str = "11111111-1111-4111-8111-111111111111";
const CLUSTER: &str = "22222222-2222-4222-8222-222222222222";
const ANOTHER: &str = "33333333-3333-4333-8333-333333333333";

fn minimal() -> Value {
    json!({
        "apiVersion": "clusterwright.dev/v1alpha1",
        "kind": "CrateDBCluster",
        "metadata": {"name": "analytics", "namespace": "shop"},
        "spec": {
            "accountRef": {"name": "cratedb"}, "management": "Managed", "deletionPolicy": "Retain",
            "project": {"name": "shop", "region": "eks1.eu-west-1.aws"},
            "product": {"name": "cr1", "tier": "default"}
        },
        "status": {"observedGeneration": -1}
    })
}

fn found(patch: &Value) -> Vec<String> {
    refusals("CrateDBCluster", &merged(&minimal(), patch), None)
}

fn allowed(cidrs: &[&str]) -> Value {
    let entries: Vec<Value> = cidrs.iter().map(|cidr| json!({"cidr": cidr, "description": "office"})).collect();
    json!({"spec": {"allowedCidrs": entries}})
}

fn restored(from: &Value) -> Value {
    json!({"spec": {"restoreFrom": merged(&json!({"snapshot": "20261122125500"}), from)}})
}

#[test]
fn the_minimal_manifests_pass() {
    assert_eq!(found(&json!({})), Vec::<String>::new());
    for spec in [json!({"externalId": CLUSTER}), json!({"management": "Observed"})] {
        let spec = merged(&json!({"accountRef": {"name": "cratedb"}, "management": "Managed"}), &spec);
        let manifest = json!({"metadata": {"name": "a.b"}, "spec": spec});
        assert_eq!(refusals("CrateDBCluster", &manifest, None), Vec::<String>::new());
    }
}

#[rstest]
#[case::name_too_long(json!({"metadata": {"name": "a".repeat(64)}}), "at most 63 characters")]
#[case::name_too_short(json!({"metadata": {"name": "db"}}), "too short for the cluster's name")]
#[case::name_with_dots(json!({"metadata": {"name": "analytics.eu"}}), "set spec.clusterName")]
#[case::no_project(json!({"spec": {"project": null}}), "project is needed")]
#[case::no_product(json!({"spec": {"product": null}}), "product is needed")]
#[case::project_by_nothing(json!({"spec": {"project": {"name": null, "region": null}}}), "id, or its name and region")]
#[case::project_without_region(json!({"spec": {"project": {"region": null}}}), "id, or its name and region")]
#[case::project_without_name(json!({"spec": {"project": {"name": null}}}), "id, or its name and region")]
#[case::project_twice(json!({"spec": {"project": {"id": PROJECT}}}), "id, or its name and region")]
#[case::project_by_id_in_a_region(json!({"spec": {"project": {"id": PROJECT, "name": null}}}), "id, or its name and region")]
#[case::username_of_the_database(json!({"spec": {"username": "crate"}}), "username is reserved")]
#[case::username_of_the_cloud(json!({"spec": {"username": "gc_admin"}}), "username is reserved")]
#[case::username_of_the_operations(json!({"spec": {"username": "system"}}), "username is reserved")]
#[case::restored_from_nothing(restored(&json!({})), "externalId, or the name")]
#[case::restored_from_two(restored(&json!({"externalId": ANOTHER, "name": "stock"})), "externalId, or the name")]
#[case::restored_from_itself(restored(&json!({"name": "analytics"})), "not restored from itself")]
#[case::backed_up_twice_at_once(json!({"spec": {"backup": {"hours": [2, 14, 2]}}}), "listed twice")]
#[case::paid_by_nobody(json!({"spec": {"subscriptionId": "free_tier"}}), "free_tier pays for the product crfree only")]
fn a_create_is_refused(#[case] patch: Value, #[case] message: &str) {
    let found = found(&patch);
    assert!(found.len() == 1 && found[0].contains(message), "{found:?}");
}

#[rstest]
#[case::nodes(json!({"nodes": 2}), "one node")]
#[case::storage(json!({"storage": {"sizePerNodeGiB": 8}}), "one size")]
#[case::power(json!({"power": "Suspended"}), "remove power")]
#[case::power_by_the_hour(
    json!({"power": "Scheduled", "powerSchedule": {"timeZone": "UTC", "rules": [{"at": "0 7 * * *", "power": "Running"}]}}),
    "remove power"
)]
#[case::subscription(json!({"subscriptionId": ANOTHER}), "remove subscriptionId")]
fn what_a_free_cluster_cannot_have(#[case] spec: Value, #[case] message: &str) {
    let paid = found(&json!({"spec": spec}));
    assert_eq!(paid, Vec::<String>::new());
    let free = found(&json!({"spec": merged(&spec, &json!({"product": {"name": "crfree"}}))}));
    assert!(free.len() == 1 && free[0].contains(message), "{free:?}");
}

#[rstest]
#[case::short_name_with_cluster_name(json!({"metadata": {"name": "db"}, "spec": {"clusterName": "database"}}))]
#[case::dotted_name_with_cluster_name(json!({"metadata": {"name": "a.b"}, "spec": {"clusterName": "database"}}))]
#[case::three_letters(json!({"metadata": {"name": "abc"}}))]
#[case::project_by_id(json!({"spec": {"project": {"id": PROJECT, "name": null, "region": null}}}))]
#[case::backed_up_out_of_order(json!({"spec": {"backup": {"hours": [14, 2]}}}))]
#[case::restored_by_id(restored(&json!({"externalId": ANOTHER, "tables": ["doc.ledger"]})))]
#[case::restored_by_name(restored(&json!({"name": "stock"})))]
#[case::free(json!({"spec": {"product": {"name": "crfree"}, "nodes": 1, "subscriptionId": "free_tier", "power": "Running"}}))]
#[case::bound_without_the_rest(json!({"spec": {"project": null, "product": null}, "status": {"externalId": CLUSTER}}))]
fn a_create_is_accepted(#[case] patch: Value) {
    assert_eq!(found(&patch), Vec::<String>::new());
}

#[rstest]
#[case::no_prefix("203.0.113.7", "not a network")]
#[case::prefix_too_long("203.0.113.0/33", "not a network")]
#[case::octet_too_large("203.0.256.0/24", "not a network")]
#[case::octet_missing("203.0.113/24", "not a network")]
#[case::a_name("office.example.com/24", "not a network")]
#[case::with_blanks(" 203.0.113.0/24", "not a network")]
#[case::v6_without_prefix("2001:db8::", "not a network")]
#[case::host_bits("203.0.113.7/24", "not the first address")]
#[case::host_bits_of_everything("10.0.0.1/0", "not the first address")]
#[case::v6_host_bits("2001:db8::1/32", "not the first address")]
fn a_network_is_refused(#[case] cidr: &str, #[case] message: &str) {
    let found = found(&allowed(&["198.51.100.0/24", cidr]));
    assert!(found.len() == 1 && found[0].contains(message), "{found:?}");
    assert!(found[0].contains("allowedCidrs[1].cidr"), "it says which: {found:?}");
}

#[rstest]
#[case::nobody_is_named(&[])]
#[case::everyone_is_named(&["0.0.0.0/0", "::/0"])]
#[case::single_addresses(&["203.0.113.7/32", "2001:db8::1/128"])]
#[case::networks(&["10.0.0.0/8", "203.0.113.0/24", "2001:db8::/32"])]
fn networks_are_accepted(#[case] cidrs: &[&str]) {
    assert_eq!(found(&allowed(cidrs)), Vec::<String>::new());
}

#[test]
fn a_network_is_listed_once() {
    let found = found(&allowed(&["10.0.0.0/8", "203.0.113.0/24", "10.0.0.0/8"]));
    assert!(found.len() == 1 && found[0].contains("listed twice"), "{found:?}");
}

/// Whether an edit is refused because `field` is fixed; any other refusal panics.
fn held(field: &str, edit: &Value, status: &Value) -> bool {
    let old = merged(&minimal(), &json!({"status": status}));
    let found = refusals("CrateDBCluster", &merged(&old, edit), Some(&old));
    match found.as_slice() {
        [] => false,
        [one] if one.contains(&format!("{field} is fixed")) => true,
        other => panic!("{other:?}"),
    }
}

#[rstest]
#[case("clusterName", json!({"clusterName": "numbers"}), json!({"clusterName": "numbers"}))]
#[case("project", json!({"project": {"region": "aks1.eastus2.azure"}}), json!({"projectName": "shop", "region": "aks1.eastus2.azure"}))]
#[case("project", json!({"project": {"name": "other"}}), json!({"projectName": "other", "region": "eks1.eu-west-1.aws"}))]
#[case("project", json!({"project": {"id": PROJECT, "name": null, "region": null}}), json!({"projectId": PROJECT}))]
#[case("subscriptionId", json!({"subscriptionId": ANOTHER}), json!({"subscriptionId": ANOTHER}))]
#[case("product.tier", json!({"product": {"tier": "xs"}}), json!({"tier": "xs"}))]
#[case("channel", json!({"channel": "testing"}), json!({"channel": "testing"}))]
#[case("storage.diskType", json!({"storage": {"diskType": "premium"}}), json!({"diskType": "premium"}))]
#[case("username", json!({"username": "ada"}), json!({"username": "ada"}))]
fn what_is_fixed_is_free_before_and_held_after_a_create_has_begun(
    #[case] field: &str,
    #[case] edit: Value,
    #[case] there: Value,
) {
    let edit = json!({"spec": edit});
    let elsewhere = json!({"clusterName": "x", "projectId": ANOTHER, "projectName": "x", "region": "x",
        "subscriptionId": "x", "channel": "x", "tier": "x", "diskType": "x", "username": "x"});
    let creation = json!({"target": "analytics", "since": "2026-01-01T00:00:00Z"});
    assert!(!held(field, &edit, &json!({})), "before anything has begun");
    assert!(held(field, &edit, &json!({"creation": creation})), "create open");
    assert!(held(field, &edit, &json!({"externalId": CLUSTER})), "bound");
    assert!(held(field, &edit, &json!({"externalId": CLUSTER, "observed": elsewhere})), "away from what is");
    assert!(!held(field, &edit, &json!({"externalId": CLUSTER, "observed": there})), "towards what is");
}

#[rstest]
#[case("project")]
#[case("product")]
fn what_is_fixed_cannot_be_removed_while_bound(#[case] field: &str) {
    let names = if field == "product" { "product.tier" } else { field };
    assert!(held(names, &json!({"spec": {field: null}}), &json!({"externalId": CLUSTER})));
}

#[rstest]
#[case::product(json!({"product": {"name": "cr2"}}))]
#[case::nodes(json!({"nodes": 3}))]
#[case::storage(json!({"storage": {"sizePerNodeGiB": 256}}))]
#[case::version(json!({"version": "5.9.0"}))]
#[case::backups(json!({"backup": {"hours": [2, 14]}}))]
#[case::allow_list(json!({"allowedCidrs": []}))]
#[case::protection(json!({"deletionProtection": true}))]
#[case::power(json!({"power": "Suspended"}))]
#[case::password(json!({"passwordSecretRef": {"name": "analytics", "key": "password"}}))]
fn what_can_change_is_free_while_bound(#[case] edit: Value) {
    assert!(!held("", &json!({"spec": edit}), &json!({"externalId": CLUSTER})));
}

#[test]
fn what_is_restored_is_fixed_with_the_create_and_can_be_given_up() {
    let old = merged(&minimal(), &restored(&json!({"name": "stock"})));
    let edited = |status: &Value, edit: &Value| {
        let old = merged(&old, &json!({"status": status}));
        refusals("CrateDBCluster", &merged(&old, edit), Some(&old))
    };
    let another = restored(&json!({"snapshot": "20261122135500"}));
    assert_eq!(edited(&json!({}), &another), Vec::<String>::new(), "before anything has begun");
    let found = edited(&json!({"externalId": CLUSTER}), &another);
    assert!(found.len() == 1 && found[0].contains("restoreFrom is fixed"), "{found:?}");
    assert_eq!(edited(&json!({"externalId": CLUSTER}), &json!({"spec": {"restoreFrom": null}})), Vec::<String>::new());
    let bound = merged(&minimal(), &json!({"status": {"externalId": CLUSTER}}));
    let found = refusals("CrateDBCluster", &merged(&bound, &restored(&json!({"name": "stock"}))), Some(&bound));
    assert!(found.len() == 1 && found[0].contains("restoreFrom is fixed"), "{found:?}");
}

#[test]
fn another_external_id_is_refused_while_bound() {
    let old = merged(&minimal(), &json!({"status": {"externalId": CLUSTER}}));
    let new = merged(&old, &json!({"spec": {"externalId": ANOTHER}}));
    let found = refusals("CrateDBCluster", &new, Some(&old));
    assert!(found.len() == 1 && found[0].contains("bound to a cluster already"), "{found:?}");
}
