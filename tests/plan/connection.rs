//! The connection Secret: what it says, when it is written, and what becomes of one that is not ours.

use std::collections::BTreeMap;

use clusterwright::api::secret::Password;
use clusterwright::api::shared::Binding;
use clusterwright::api::typedb::CONNECTION_KEYS;
use clusterwright::cloud::typedb::wire::{Cluster, ClusterStatus, Server, ServerStatus};
use clusterwright::plan::{Origin, connection_fingerprint, status};
use rstest::rstest;

use super::fixture::*;
use super::kinds::Step;

fn published(scene: &Scene) -> BTreeMap<String, String> {
    let Some(Step::Publish(connection)) = scene.plan().next else { panic!("{:?}", scene.plan()) };
    connection.data.into_iter().map(|(key, value)| (key, value.expose().to_owned())).collect()
}

#[test]
fn it_holds_what_the_service_binding_convention_and_the_vendors_tools_ask_for() {
    let scene = running().recorded(record_but(|record| record.password.current = Some(Password::new("p@ss/word 1"))));
    let expected = BTreeMap::from([
        ("type", "typedb"),
        ("provider", "typedb-cloud"),
        ("username", "admin"),
        ("password", "p@ss/word 1"),
        ("host", "abc-0.cluster.typedb.com"),
        ("port", "80"),
        ("addresses", "abc-0.cluster.typedb.com:80"),
        ("uri", "typedb://admin:p%40ss%2Fword%201@https://abc-0.cluster.typedb.com:80/?name=orders"),
    ]);
    let expected: BTreeMap<_, _> =
        expected.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    assert!(CONNECTION_KEYS.iter().all(|key| expected.contains_key(*key)) && expected.len() == CONNECTION_KEYS.len());
    assert_eq!(published(&scene), expected);
}

fn laid_out(scene: Scene, template: &[(&str, &str)]) -> Scene {
    let template = template.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect();
    scene.common(|common| common.connection_secret.template = Some(template))
}

#[test]
fn a_template_has_the_last_word_on_its_keys() {
    let scene = running().recorded(record_but(|record| record.password.current = Some(Password::new("secret"))));
    let scene =
        laid_out(scene, &[("DB_URL", "typedb://${host}:${port}"), ("DB_PASS", "${password}"), ("MODE", "$${host}")]);
    let expected = [("DB_PASS", "secret"), ("DB_URL", "typedb://abc-0.cluster.typedb.com:80"), ("MODE", "${host}")];
    let expected: BTreeMap<_, _> = expected.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    assert_eq!(published(&scene), expected);
}

#[test]
fn a_key_that_needs_what_is_not_known_is_left_out() {
    let scene = running().recorded(record_but(|record| {
        record.bound = Some(bound(ID, Origin::Adopted));
        record.password.current = None;
    }));
    let data = published(&laid_out(scene, &[("HOST", "${host}"), ("LOGIN", "${username}:${password}")]));
    assert_eq!(data.into_keys().collect::<Vec<_>>(), ["HOST"]);
}

/// The schema refuses it, and a manifest that came in before the schema, or past it, still gets an answer.
#[test]
fn a_placeholder_that_is_none_is_told_and_writes_nothing() {
    let scene = laid_out(running(), &[("HOST", "${hots}")]);
    assert_eq!((scene.does().as_str(), scene.says().as_str()), ("", "InvalidSpec"));
}

/// It may be the only copy of the password, under the key by which it is found again.
#[test]
fn where_the_record_knows_no_password_the_secret_keeps_its_keys() {
    let scene = running()
        .recorded(record_but(|record| {
            record.bound = Some(bound(ID, Origin::Recovered));
            record.password.current = None;
        }))
        .with(|facts| facts.published_password = Some(Password::new("only copy")));
    let scene = laid_out(scene, &[("HOST", "${host}")]);
    if let Some(Step::Publish(connection)) = scene.plan().next {
        assert_eq!(connection.data.get("password").map(Password::expose), Some("only copy"));
    }
}

#[test]
fn all_servers_are_named() {
    let second = Server { address: "abc-1.cluster.typedb.com:80".to_owned(), status: ServerStatus::Running };
    let scene = running().listed([cluster_but(|cluster| cluster.servers.push(second))]);
    assert_eq!(published(&scene)["addresses"], "abc-0.cluster.typedb.com:80,abc-1.cluster.typedb.com:80");
}

#[test]
fn what_is_not_known_is_left_out() {
    let scene = running().recorded(record_but(|record| {
        record.bound = Some(bound(ID, Origin::Adopted));
        record.password.current = None;
    }));
    let data = published(&scene);
    assert!(!data.contains_key("password") && !data.contains_key("uri") && data.contains_key("host"), "{data:?}");
}

#[rstest]
#[case::nothing_has_changed(settled(), "")]
#[case::it_was_not_checked_for_a_while(running(), "publish orders-typedb")]
#[case::its_name_has_changed(settled().spec(|spec| spec.common.connection_secret.name = Some("db".to_owned())), "publish db")]
#[case::the_password_has_changed(
    settled().recorded(record_but(|record| record.password.current = Some(Password::new("new")))), "publish orders-typedb"
)]
#[case::the_address_has_changed(
    settled().listed([cluster_but(|cluster| cluster.servers[0].address = "other:80".to_owned())]), "publish orders-typedb"
)]
#[case::the_cluster_is_suspended(settled().listed([cluster_but(|cluster| {
    cluster.status = ClusterStatus::Suspended;
    cluster.servers.clear();
})]), "")]
#[case::the_cloud_does_not_answer(running().standing(unavailable()), "publish orders-typedb")]
fn it_is_written_when(#[case] scene: Scene, #[case] does: &str) {
    assert_eq!(scene.does(), does);
}

#[rstest]
#[case::a_template(|scene: Scene| laid_out(scene, &[("HOST", "${host}")]))]
#[case::a_password(|scene: Scene| scene.recorded(record_but(|r| r.password.current = Some(Password::new("b")))))]
#[case::a_name(|scene: Scene| scene.spec(|spec| spec.common.connection_secret.name = Some("b".to_owned())))]
fn its_fingerprint_changes_with(#[case] change: fn(Scene) -> Scene) {
    let of = |scene: &Scene| match scene.plan().next {
        Some(Step::Publish(connection)) => connection_fingerprint(&connection),
        other => panic!("{other:?}"),
    };
    assert_ne!(of(&running()), of(&change(running())));
}

fn conflicting(scene: Scene) -> Scene {
    scene.attempts(|attempts| attempts.connection_conflict = Some("Secret orders-typedb is not ours.".to_owned()))
}

#[rstest]
#[case::that_runs(running(), "ConnectionSecretConflict")]
#[case::that_is_suspended(running().listed([cluster_but(|c: &mut Cluster| c.status = ClusterStatus::Suspended)]), "NotRunning")]
#[case::that_differs(running().spec(|spec| spec.region = Some("us-east1".to_owned())), "ChangeUnsupported: region")]
fn somebody_elses_secret_holds_up_a_cluster(#[case] scene: Scene, #[case] says: &str) {
    let scene = conflicting(scene);
    assert_eq!((scene.does().as_str(), scene.says().as_str()), ("", says));
    assert_eq!(status(&scene.facts, &scene.plan()).common.binding, None);
}

fn bound_by(scene: Scene, name: &str) -> Scene {
    scene.with(|facts| {
        facts.manifest.status.get_or_insert_default().common.binding = Some(Binding { name: name.to_owned() });
    })
}

/// Whoever reads `status.binding` must find a Secret there, and whoever writes the new one must know of the old one.
#[rstest]
#[case::nothing_before_the_first_is_written(running(), None)]
#[case::the_first_once_it_is_written(settled(), Some("orders-typedb"))]
#[case::the_present_one_while_it_is_checked(bound_by(running(), "orders-typedb"), Some("orders-typedb"))]
#[case::the_old_one_until_the_new_one_is_written(
    bound_by(running(), "orders-typedb").spec(|spec| spec.common.connection_secret.name = Some("db".to_owned())),
    Some("orders-typedb")
)]
#[case::the_new_one_once_it_is_written(
    bound_by(running(), "orders-typedb").spec(|spec| spec.common.connection_secret.name = Some("db".to_owned())).publishing(),
    Some("db")
)]
#[case::the_old_one_while_the_new_ones_name_is_taken(
    conflicting(bound_by(running(), "orders-typedb").spec(|spec| spec.common.connection_secret.name = Some("db".to_owned()))),
    Some("orders-typedb")
)]
#[case::nothing_when_somebody_took_the_name(conflicting(bound_by(running(), "orders-typedb")), None)]
#[case::the_old_one_while_the_password_is_in_doubt(
    bound_by(running(), "orders-typedb").recorded(record_but(|r| r.password.pending = Some(Password::new("p")))),
    Some("orders-typedb")
)]
fn the_status_names(#[case] scene: Scene, #[case] name: Option<&str>) {
    let binding = status(&scene.facts, &scene.plan()).common.binding;
    assert_eq!(binding.map(|binding| binding.name).as_deref(), name);
}
