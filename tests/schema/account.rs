//! The rules of a CloudAccount.

use clusterwright::api::account::CloudAccountSpec;
use clusterwright::api::identity::Location;
use rstest::rstest;
use serde_json::{Value, json};

use super::{merged, refusals, schema};

#[rstest]
#[case("team", json!("other"))]
#[case("space", json!("other"))]
#[case("endpoint", json!("https://example.org"))]
fn the_location_is_immutable(#[case] field: &str, #[case] value: Value) {
    let old = json!({"metadata": {"name": "typedb"}, "spec": {
        "typedbCloud": {"team": "acme", "space": "default", "endpoint": "https://cloud.typedb.com"},
        "credentials": [{"secretRef": {"name": "typedb", "idKey": "id", "secretKey": "secret"}}]}});
    assert_eq!(refusals("CloudAccount", &old, Some(&old)), Vec::<String>::new());
    let new = merged(&old, &json!({"spec": {"typedbCloud": {field: value}}}));
    let found = refusals("CloudAccount", &new, Some(&old));
    assert!(found.len() == 1 && found[0].contains("location is immutable"), "{found:?}");
}

#[rstest]
#[case::none(json!({}), false)]
#[case::both(json!({"configMapRef": {"name": "a", "key": "k"}, "secretRef": {"name": "a", "key": "k"}}), false)]
#[case::one(json!({"secretRef": {"name": "a", "key": "k"}}), true)]
fn a_ca_bundle_has_one_source(#[case] bundle: Value, #[case] accepted: bool) {
    let account = json!({"metadata": {"name": "typedb"}, "spec": {
        "typedbCloud": {"team": "acme", "space": "default", "endpoint": "https://cloud.typedb.com"},
        "credentials": [], "caBundle": bundle}});
    assert_eq!(refusals("CloudAccount", &account, None).is_empty(), accepted);
}

fn in_both_clouds() -> Value {
    json!({
        "typedbCloud": {"team": "acme", "space": "default", "endpoint": "https://cloud.typedb.com"},
        "cratedbCloud": {"organizationId": ORGANIZATION, "endpoint": "https://console.cratedb.cloud"},
    })
}

const ORGANIZATION: &str = "00000000-0000-4000-8000-000000000001";

#[rstest]
#[case::both(json!({}), false)]
#[case::neither(json!({"typedbCloud": null, "cratedbCloud": null}), false)]
#[case::typedb(json!({"cratedbCloud": null}), true)]
#[case::cratedb(json!({"typedbCloud": null}), true)]
fn an_account_is_in_one_cloud(#[case] clouds: Value, #[case] accepted: bool) {
    let account = json!({"metadata": {"name": "cloud"}, "spec": merged(&in_both_clouds(), &clouds)});
    let found = refusals("CloudAccount", &account, None);
    assert_eq!(found.is_empty(), accepted, "{found:?}");
    assert!(accepted || found[0].contains("exactly one of typedbCloud and cratedbCloud"), "{found:?}");
}

#[rstest]
#[case::organization(json!({"cratedbCloud": {"organizationId": "11111111-1111-4111-8111-111111111111"}}))]
#[case::endpoint(json!({"cratedbCloud": {"endpoint": "https://example.org"}}))]
#[case::cloud(json!({"cratedbCloud": null, "typedbCloud": in_both_clouds()["typedbCloud"]}))]
fn the_location_in_cratedb_cloud_is_immutable(#[case] change: Value) {
    let spec = merged(&in_both_clouds(), &json!({"typedbCloud": null}));
    let old = json!({"metadata": {"name": "cratedb"}, "spec": spec});
    let new = merged(&old, &json!({"spec": change}));
    let found = refusals("CloudAccount", &new, Some(&old));
    assert!(found.len() == 1 && found[0].contains("location is immutable"), "{found:?}");
}

#[rstest]
#[case::typedb(
    json!({"typedbCloud": {"team": "acme", "space": "default"}}),
    Some(("TypeDB Cloud", "https://cloud.typedb.com/acme/default"))
)]
#[case::cratedb(
    json!({"cratedbCloud": {"organizationId": ORGANIZATION, "endpoint": "HTTPS://Console.CrateDB.cloud/"}}),
    Some(("CrateDB Cloud", "https://console.cratedb.cloud/00000000-0000-4000-8000-000000000001"))
)]
#[case::neither(json!({}), None)]
fn an_account_names_a_location(#[case] clouds: Value, #[case] expected: Option<(&str, &str)>) {
    let spec: CloudAccountSpec = serde_json::from_value(merged(&json!({"credentials": []}), &clouds)).unwrap();
    let location = spec.location().ok();
    let told = location.as_ref().map(|location| (location.cloud().as_str(), location.to_string()));
    assert_eq!(told, expected.map(|(cloud, text)| (cloud, text.to_owned())));
    let kept = serde_json::to_value(&location).unwrap();
    assert_eq!(serde_json::from_value::<Option<Location>>(kept).unwrap(), location, "as a record keeps it");
}

#[rstest]
#[case::nothing(json!({}), true)]
#[case::all(json!({"from": "All"}), true)]
#[case::a_selector(json!({"from": "Selector", "selector": {"matchLabels": {"team": "shop"}}}), true)]
#[case::a_selector_that_is_missing(json!({"from": "Selector"}), false)]
#[case::a_selector_that_is_not_read(json!({"from": "All", "selector": {}}), false)]
fn other_namespaces_are_allowed_by(#[case] allowed: Value, #[case] accepted: bool) {
    let allowed = merged(&json!({"from": "Same"}), &allowed);
    let spec = json!({"credentials": [], "allowedNamespaces": allowed});
    let account = json!({"metadata": {"name": "cloud"}, "spec": merged(&in_both_clouds(), &spec)});
    let account = merged(&account, &json!({"spec": {"cratedbCloud": null}}));
    assert_eq!(refusals("CloudAccount", &account, None).is_empty(), accepted);
}

#[test]
fn an_account_has_one_to_four_credentials() {
    let spec = schema("CloudAccount").properties.unwrap().remove("spec").unwrap();
    let credentials = spec.properties.unwrap().remove("credentials").unwrap();
    assert_eq!((credentials.min_items, credentials.max_items), (Some(1), Some(4)));
}
