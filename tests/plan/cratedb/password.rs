//! Promise 5, where the cloud sets passwords: written down, asked for, carried out, proved at the database, promoted.

use clusterwright::api::cratedb::CrateDBClusterSpec;
use clusterwright::api::secret::Password;
use clusterwright::api::shared::Power;
use clusterwright::cloud::cratedb::change::Change;
use clusterwright::cloud::cratedb::wire::{Cluster, HealthStatus, OperationKind};
use clusterwright::plan::{Given, Origin, PasswordState, RefusalKind, TroubleKind, connection_fingerprint, status};
use rstest::rstest;

use super::fixture::*;
use super::kinds::{CloudWrite, Step};

const SEND: &str = "change passwordSecretRef";
const PUBLISH: &str = "publish orders-cratedb";

/// A password of a length that the cloud takes, which begins with this word.
fn long(word: &str) -> Password {
    Password::new(format!("{word:-<24}"))
}

fn wanting(scene: Scene, word: &str) -> Scene {
    scene.wanting(Given::Value(long(word)))
}

/// What a step does, with the long passwords as short as they were written.
fn does(scene: &Scene) -> String {
    scene.does().replace('-', "").replace("orderscratedb", "orders-cratedb")
}

/// A running cluster of this origin, with what the record knows of its password.
fn of(origin: Origin, current: Option<&str>, pending: Option<&str>, sent: bool) -> Scene {
    running().record(|record| {
        record.bound = Some(bound(NAME, origin));
        record.password = PasswordState { current: current.map(long), pending: pending.map(long) };
        record.password_sent = sent;
    })
}

fn created(current: Option<&str>, pending: Option<&str>) -> Scene {
    of(Origin::Created, current, pending, false)
}

/// The cloud was asked for the pending password, and has carried it out.
fn sent(current: Option<&str>, pending: &str) -> Scene {
    of(Origin::Created, current, Some(pending), true)
}

fn unreachable(scene: Scene) -> Scene {
    scene.troubled(TroubleKind::DatabaseUnreachable, 60).attempts(|attempts| attempts.not_before = Some(ago(1)))
}

/// For more than five minutes.
fn shut_out(scene: Scene) -> Scene {
    scene.troubled(TroubleKind::DatabaseUnreachable, 301).attempts(|attempts| attempts.not_before = Some(ago(1)))
}

fn unknown(scene: Scene) -> Scene {
    scene.attempts(|attempts| attempts.denied = Some(denied_for_long()))
}

fn forbidden(scene: Scene) -> Scene {
    scene.attempts(|attempts| attempts.database_refused = Some("The flag --data-plane-domains forbids it.".to_owned()))
}

/// The database may be reached from these networks only.
fn fenced(scene: Scene) -> Scene {
    scene.listed([cluster_but(|cluster| cluster.ip_whitelist = Some(vec![network("10.0.0.0/8")]))])
}

fn missing() -> Given {
    Given::Missing("Secret pw is missing.".to_owned())
}

#[rstest]
#[case::is_asked_for_when_it_is_written_down(created(Some("a"), Some("p")).publishing(), SEND, "Updating")]
#[case::is_proved_when_it_was_carried_out(sent(Some("a"), "p"), "prove [p a]", "Updating")]
#[case::is_proved_when_the_create_was_given_it(sent(None, "p"), "prove [p]", "Updating")]
#[case::is_tried_again_where_the_database_was_not_reached(
    unreachable(sent(None, "p")),
    "prove [p]",
    "DatabaseUnavailable"
)]
#[case::is_not_tried_in_a_burst(
    unreachable(sent(None, "p")).attempts(|attempts| attempts.not_before = Some(ago(-5))), "", "DatabaseUnavailable"
)]
#[case::is_trusted_where_the_allow_list_keeps_us_out(shut_out(fenced(sent(None, "p"))), "trust p", "Updating")]
#[case::is_not_trusted_after_one_attempt(unreachable(fenced(sent(None, "p"))), "prove [p]", "DatabaseUnavailable")]
#[case::is_not_trusted_where_everybody_is_let_in(shut_out(sent(None, "p")), "prove [p]", "DatabaseUnavailable")]
#[case::gives_way_to_the_one_that_is_in_force(wanting(created(Some("a"), Some("p")), "a"), "trust a", "Updating")]
#[case::is_wrong_and_gives_way_to_another(unknown(wanting(sent(Some("a"), "p"), "w")), "announce w", "Updating")]
#[case::is_proved_where_the_allow_list_lets_us_in(fenced(sent(None, "p")), "prove [p]", "Updating")]
#[case::is_not_trusted_before_it_was_carried_out(fenced(created(None, Some("p"))), SEND, "Updating")]
#[case::is_wrong(unknown(sent(Some("a"), "p")), PUBLISH, "AdminPasswordUnknown")]
#[case::is_wrong_and_the_only_one(unknown(sent(None, "p")), "", "AdminPasswordUnknown")]
#[case::may_not_be_proved(forbidden(sent(Some("a"), "p")), PUBLISH, "EndpointNotAllowed")]
#[case::is_asked_for_where_it_may_not_be_proved(forbidden(created(Some("a"), Some("p")).publishing()), SEND, "Updating")]
#[case::is_settled_even_if_it_is_no_longer_given(sent(Some("a"), "p").wanting(missing()), "prove [p a]", "Updating")]
#[case::is_asked_for_once_the_present_one_is_published(created(Some("a"), Some("p")), PUBLISH, "")]
#[case::is_replaced_before_it_was_asked_for(wanting(created(Some("a"), Some("p")), "w"), "announce w", "Updating")]
#[case::is_not_replaced_by_one_that_cannot_be(
    created(Some("a"), Some("p")).publishing().wanting(given("short")), SEND, "Updating"
)]
#[case::is_not_replaced_while_it_may_be_in_force(wanting(sent(Some("a"), "p"), "w"), "prove [p w a]", "Updating")]
#[case::is_not_asked_for_while_paused(created(Some("a"), Some("p")).publishing().paused(), "", "Paused")]
#[case::is_proved_while_paused(sent(Some("a"), "p").paused(), "prove [p a]", "Updating")]
fn a_pending_password(#[case] scene: Scene, #[case] step: &str, #[case] says: &str) {
    assert_eq!((does(&scene).as_str(), scene.says().as_str()), (step, says), "{}", scene.message());
}

#[rstest]
#[case::is_kept(created(Some("a"), None), PUBLISH, "")]
#[case::is_kept_where_it_is_given(wanting(created(Some("a"), None), "a"), PUBLISH, "")]
#[case::gives_way_to_an_edited_one(wanting(created(Some("a"), None), "w"), "announce w", "Updating")]
#[case::does_not_give_way_to_a_short_one(created(Some("a"), None).wanting(given("short")), PUBLISH, "PasswordMissing")]
#[case::does_not_give_way_to_a_long_one(
    created(Some("a"), None).wanting(given(&"x".repeat(129))), PUBLISH, "PasswordMissing"
)]
#[case::is_kept_though_a_new_one_is_missing(created(Some("a"), None).wanting(missing()), PUBLISH, "PasswordMissing")]
#[case::is_kept_though_a_new_one_is_missing_since_a_short_while(
    created(Some("a"), None).wanting(missing()).edited(10), PUBLISH, "WaitingForPassword"
)]
#[case::is_not_lost_with_its_record_while_it_is_published(
    of(Origin::Recovered, None, None, false).had_published("old"), "prove [old]", "Updating"
)]
#[case::is_given_anew_where_it_is_lost(
    unknown(wanting(of(Origin::Recovered, None, None, false), "w")),
    "announce w",
    "Updating"
)]
fn a_password_that_is_known(#[case] scene: Scene, #[case] step: &str, #[case] says: &str) {
    assert_eq!((does(&scene).as_str(), scene.says().as_str()), (step, says), "{}", scene.message());
}

fn adopted(current: Option<&str>, pending: Option<&str>) -> Scene {
    of(Origin::Adopted, current, pending, false)
}

#[rstest]
#[case::is_left_alone(adopted(None, None), PUBLISH, "")]
#[case::is_tried_where_it_is_given(wanting(adopted(None, None), "w"), "prove [w]", "Updating")]
#[case::is_set_where_the_given_one_is_wrong(unknown(wanting(adopted(None, None), "w")), "announce w", "Updating")]
#[case::is_set_where_the_database_cannot_be_asked(
    unreachable(wanting(adopted(None, None), "w")),
    "announce w",
    "DatabaseUnavailable"
)]
#[case::is_set_where_the_database_may_not_be_asked(
    forbidden(wanting(adopted(None, None), "w")),
    "announce w",
    "Updating"
)]
#[case::is_known_once_it_was_proved(wanting(adopted(Some("w"), None), "w"), PUBLISH, "")]
#[case::is_asked_for_once_it_is_written_down(wanting(adopted(None, Some("w")), "w").publishing(), SEND, "Updating")]
#[case::is_not_the_one_of_a_create_that_came_to_nothing(adopted(None, Some("p")), "prove [p]", "Updating")]
#[case::is_left_alone_where_that_is_wrong(unknown(adopted(None, Some("p"))), PUBLISH, "")]
#[case::is_waited_for(adopted(None, None).wanting(missing()).edited(10), PUBLISH, "WaitingForPassword")]
fn an_adopted_clusters_password(#[case] scene: Scene, #[case] step: &str, #[case] says: &str) {
    assert_eq!((does(&scene).as_str(), scene.says().as_str()), (step, says), "{}", scene.message());
}

#[test]
fn an_adopted_cluster_runs_without_a_password_and_says_how_to_give_it() {
    let scene = adopted(None, None).publishing();
    assert_eq!((scene.does(), scene.says()), (String::new(), "Running".to_owned()));
    assert!(scene.message().contains("spec.passwordSecretRef"), "{}", scene.message());
}

#[test]
fn a_password_that_is_wrong_is_told_with_its_user_and_the_way_out() {
    let scene = unknown(sent(None, "p"));
    assert!(scene.message().contains("as its user admin"), "{}", scene.message());
    assert!(scene.message().contains("spec.passwordSecretRef"), "{}", scene.message());
}

/// The operator cannot reach the database of a manifest that was edited.
fn edited(scene: Scene, change: fn(&mut CrateDBClusterSpec)) -> Scene {
    unreachable(scene.spec(change))
}

#[rstest]
#[case::is_grown(edited(sent(None, "p"), |spec| spec.storage = Some(disks(64))), "change storage.sizePerNodeGiB")]
#[case::is_scaled(edited(sent(None, "p"), |spec| spec.nodes = Some(3)), "change nodes")]
#[case::is_not_suspended(edited(sent(None, "p"), |spec| spec.common.power = Some(Power::Suspended.into())), "prove [p]")]
#[case::is_suspended_in_the_end(
    shut_out(sent(None, "p").wants(Power::Suspended)), "change power"
)]
#[case::is_proved_in_the_end_where_nothing_else_is_asked_for(shut_out(sent(None, "p")), "prove [p]")]
#[case::is_not_put_before_the_proof(
    sent(None, "p").spec(|spec| spec.nodes = Some(3)), "prove [p]"
)]
fn a_database_that_is_out_of_reach(#[case] scene: Scene, #[case] step: &str) {
    assert_eq!(does(&scene), step);
}

/// The cloud refused to set the pending password a minute ago.
fn refused_password() -> Scene {
    created(Some("a"), Some("p")).refused(&CloudWrite::Change(Change::Password), RefusalKind::Refused, 60)
}

#[rstest]
#[case::is_not_sent_again(refused_password(), PUBLISH, "ChangeRefused")]
#[case::gives_way_to_another(wanting(refused_password(), "w"), "announce w", "Updating")]
#[case::is_forgotten_once_another_is_written_down(
    wanting(refused_password().publishing().record(|record| record.announce_password(long("w"))), "w"), SEND, "Updating"
)]
#[case::keeps_nothing_else_from_being_done(
    refused_password().publishing().spec(|spec| spec.nodes = Some(3)), "change nodes", "Updating: nodes"
)]
fn a_refused_password(#[case] scene: Scene, #[case] step: &str, #[case] says: &str) {
    assert_eq!((does(&scene).as_str(), scene.says().as_str()), (step, says), "{}", scene.message());
}

#[rstest]
#[case::suspended(suspended())]
#[case::being_created(busy(OperationKind::Create))]
#[case::being_suspended(busy(OperationKind::Suspend))]
fn a_database_that_is(#[case] cluster: Cluster) {
    for scene in [created(Some("a"), Some("p")), sent(None, "p"), wanting(created(Some("a"), None), "w")] {
        let step = scene.listed([cluster.clone()]).does();
        assert!(step.is_empty() || step == "look id-orders", "{step}");
    }
}

#[rstest]
#[case::proves_what_is_in_force(sent(None, "p"), "prove [p]")]
#[case::sets_nothing(created(Some("a"), Some("p")).publishing(), "look idorders")]
#[case::writes_nothing_down_either(wanting(created(Some("a"), None).publishing(), "w"), "look idorders")]
fn while_something_is_done_to_the_cluster_one(#[case] scene: Scene, #[case] step: &str) {
    assert_eq!(does(&scene.listed([busy(OperationKind::Scale)])), step);
}

#[test]
fn a_database_without_an_address_is_waited_for() {
    let scene = sent(None, "p").listed([cluster_but(|cluster| (cluster.url, cluster.fqdn) = (None, None))]);
    assert_eq!((scene.does(), scene.says()), (String::new(), "Updating".to_owned()));
    assert!(scene.plan().look_again.is_some());
}

#[test]
fn ready_waits_for_the_first_password() {
    for scene in [created(None, Some("p")), sent(None, "p"), unreachable(sent(None, "p"))] {
        assert_ne!(scene.says(), "Running");
    }
}

#[test]
fn a_password_is_proved_at_the_databases_own_address() {
    let Some(Step::Database(clusterwright::plan::DatabaseStep::Prove { address, .. })) = sent(None, "p").plan().next
    else {
        panic!("not proved");
    };
    assert_eq!(address, "orders.eks1.eu-west-1.aws.cratedb.net:4200");
}

fn published(scene: &Scene) -> Vec<String> {
    let Some(Step::Publish(connection)) = scene.plan().next else { panic!("{:?}", scene.plan()) };
    connection.data.iter().map(|(key, value)| format!("{key}={}", value.expose())).collect()
}

#[test]
fn the_connection_secret_holds_what_an_application_needs() {
    let scene = running().record(|record| record.password.current = Some(Password::new("p@ss/word of 24 characters")));
    let host = "orders.eks1.eu-west-1.aws.cratedb.net";
    let expected = [
        format!("host={host}"),
        "password=p@ss/word of 24 characters".to_owned(),
        "port=4200".to_owned(),
        "provider=cratedb-cloud".to_owned(),
        "type=cratedb".to_owned(),
        format!("uri=crate://admin:p%40ss%2Fword%20of%2024%20characters@{host}:4200?ssl=true"),
        format!("url=https://{host}:4200"),
        "username=admin".to_owned(),
    ];
    assert_eq!(published(&scene), expected);
}

#[rstest]
#[case::what_is_known(created(Some("a"), None), true)]
#[case::the_former_one_while_another_is_in_doubt(unknown(sent(Some("a"), "p")), true)]
#[case::no_password_of_its_owners(adopted(None, None), false)]
fn the_connection_secret_holds(#[case] scene: Scene, #[case] password: bool) {
    let held = published(&scene);
    assert_eq!(held.iter().any(|entry| entry.starts_with("password=a")), password, "{held:?}");
    assert_eq!(held.iter().any(|entry| entry.starts_with("uri=")), password, "{held:?}");
    assert!(held.contains(&"port=4200".to_owned()), "{held:?}");
}

#[rstest]
#[case::it_serves(HealthStatus::Yellow, true)]
#[case::it_does_not_serve(HealthStatus::Red, false)]
#[case::nobody_knows(HealthStatus::Unknown, false)]
fn the_connection_secret_is_written_where(#[case] health: HealthStatus, #[case] written: bool) {
    let scene = running().listed([cluster_but(|cluster| cluster.health.status = health)]);
    assert_eq!(scene.does() == PUBLISH, written);
}

#[test]
fn a_password_is_in_no_printed_form_of_a_plan() {
    let word = "hush-hush";
    let scenes = vec![
        wanting(created(None, None), word),
        created(Some(word), Some(word)),
        wanting(sent(Some(word), word), "other"),
        unreachable(fenced(sent(None, word))),
        wanting(adopted(None, None), word),
        created(Some(word), None),
    ];
    for scene in scenes {
        let plan = scene.plan();
        let fingerprint = match &plan.next {
            Some(Step::Publish(connection)) => connection_fingerprint(connection),
            _ => String::new(),
        };
        let published = serde_json::to_string(&status(&scene.facts, &plan)).unwrap();
        let stored = serde_json::to_string(&scene.facts.record).unwrap();
        let printed = format!("{plan:?} {:?} {published} {stored} {fingerprint}", scene.facts);
        assert!(!printed.contains(word), "{printed}");
    }
}
