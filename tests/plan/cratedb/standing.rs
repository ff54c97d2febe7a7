//! What people and their tools see of a cluster in CrateDB Cloud.

use std::time::Duration;

use clusterwright::api::condition::{Condition, Reason, Standing};
use clusterwright::api::cratedb::{AllowedCidr as WantedCidr, CrateDBClusterStatus};
use clusterwright::api::shared::Power;
use clusterwright::cloud::cratedb::change::Change;
use clusterwright::cloud::cratedb::question::{Answer, Question};
use clusterwright::cloud::cratedb::wire::{AllowedCidr, Cluster, HealthStatus, OperationKind};
use clusterwright::cloud::operation::{Found, OperationState};
use clusterwright::plan::{Given, Origin, Plan, Probe, RefusalKind, Stake, TroubleKind, Verdict, status};
use rstest::rstest;

use super::super::kstatus::{Read, compute};
use super::super::scene::OPERATOR;
use super::fixture::*;
use super::kinds::CloudWrite;

fn condition<'a>(status: &'a CrateDBClusterStatus, kind: &str) -> Option<&'a Condition> {
    status.common.conditions.iter().find(|condition| condition.type_ == kind)
}

#[test]
fn a_bound_cluster_shows_what_it_is() {
    let seen = cluster_but(|cluster| {
        (cluster.product_unit, cluster.num_nodes) = (Some(2), Some(3));
        cluster.ip_whitelist = Some(vec![network("10.0.0.0/8")]);
        cluster.health.running_operation = Some(OperationKind::Scale);
    });
    let words = "Successfully scaled cluster to 3 nodes.";
    let told = operation("op-1", "SCALE", OperationState::Succeeded, words);
    let published = settled().listed([seen.clone()]).looked(Some(seen), [told]).status();
    let common = &published.common;
    assert_eq!((common.external_id.clone(), common.version.as_deref()), (Some(id(NAME)), Some("5.8.3")));
    assert_eq!(common.created_at, Some(cluster(NAME).dc.created.to_string()));
    assert_eq!(common.location.as_deref(), Some("https://console.cratedb.cloud/acme"));
    assert_eq!(common.cloud_status.as_deref(), Some("GREEN (SCALE)"));
    assert_eq!(common.endpoints, ["orders.eks1.eu-west-1.aws.cratedb.net:4200"]);
    assert_eq!(common.operator_namespace.as_deref(), Some(OPERATOR));
    assert_eq!(common.binding.as_ref().map(|binding| binding.name.as_str()), Some("orders-cratedb"));
    assert_eq!((published.nodes, published.storage_per_node_gib), (Some(3), Some(32)));
    assert_eq!((published.product_name.as_deref(), published.common.power), (Some("cr1"), Some(Power::Running)));
    assert_eq!(published.url.as_deref(), Some("https://orders.eks1.eu-west-1.aws.cratedb.net:4200"));
    let networks = vec![WantedCidr { cidr: "10.0.0.0/8".to_owned(), description: None }];
    assert_eq!((published.allowed_cidrs, published.observed), (Some(networks), Some(fixed())));
    let last = published.last_operation.unwrap();
    assert_eq!((last.id.as_str(), last.type_.as_str(), last.state.as_str()), ("op-1", "SCALE", "SUCCEEDED"));
    assert_eq!(last.message.as_deref(), Some(words));
}

#[test]
fn what_was_fixed_is_shown_even_where_the_cloud_tells_no_more_of_it() {
    let silent = cluster_but(|cluster| (cluster.username, cluster.channel) = (None, None));
    let scene = settled().with(|facts| facts.catalogue = None).listed([silent]);
    assert_eq!(scene.status().observed, Some(fixed()));
    assert_eq!(scene.status().allowed_cidrs, Some(Vec::new()), "it is open to all, and that shows");
}

/// The cloud has told what a cluster like this costs.
fn priced(answer: Answer) -> Scene {
    let region = HERE.to_owned();
    let (product, tier) = ("cr1".to_owned(), "default".to_owned());
    let asked = Question::Price { product, tier, product_unit: 0, region, bytes_per_node: Some(32 * GIB) };
    settled().answered(asked, answer, 5)
}

#[test]
fn the_price_is_shown_and_stays_until_it_is_told_anew() {
    let shown = priced(Answer::Price(0.266_4)).reporting();
    let cost = |scene: &Scene| scene.status().common.hourly_cost;
    assert_eq!(cost(&shown).as_deref(), Some("0.2664"));
    let restarted = shown.clone().with(|facts| facts.answers = std::sync::Arc::default());
    assert_eq!(cost(&restarted).as_deref(), Some("0.2664"), "a restart is no news");
    assert_eq!(cost(&priced(Answer::Price(f64::NAN))), None);
    assert_eq!(cost(&settled()), None);
}

#[test]
fn the_hours_of_backups_are_shown_beside_the_clouds_own_words() {
    let backup = |schedule: &str| {
        let there = cluster_but(|cluster| cluster.backup_schedule = Some(schedule.to_owned()));
        let shown = settled().listed([there]).status().backup.unwrap();
        (shown.schedule, shown.hours)
    };
    assert_eq!(backup("55 4-6 * * *"), ("55 4-6 * * *".to_owned(), Some(vec![4, 5, 6])));
    assert_eq!(backup("55 4 * * 1"), ("55 4 * * 1".to_owned(), None));
    assert!(backup(&"x".repeat(2000)).0.len() <= 128);
}

#[test]
fn the_last_operation_stays_until_another_is_told() {
    let told = operation("op-1", "SCALE", OperationState::Failed, "no room");
    let shown = settled().looked(Some(cluster(NAME)), [told]).reporting();
    let later = shown.listed([cluster(NAME)]).with(|facts| facts.look = None);
    assert_eq!(later.status().last_operation.unwrap().message.as_deref(), Some("no room"));
}

#[test]
fn what_the_cloud_says_fits_the_status_however_long_it_is() {
    let long = "x".repeat(2000);
    let text = || Some(long.clone());
    let talkative = cluster_but(|cluster| {
        cluster.health.status = HealthStatus::Other(long.clone());
        (cluster.crate_version, cluster.product_name, cluster.url) = (text(), text(), text());
        (cluster.project_id, cluster.channel, cluster.product_tier) = (text(), text(), text());
        cluster.ip_whitelist = Some(vec![network(&long); 100]);
    });
    let told = operation(&long, &long, OperationState::Running, &long);
    let asked = Question::Upgrades { cluster: id(NAME), from: long.clone() };
    let scene = settled().spec(|spec| spec.version = Some("5.9.0".to_owned())).answered(asked, offers(&[&long]), 5);
    let published = scene.listed([talkative.clone()]).looked(Some(talkative), [told]).status();
    let most = |text: &Option<String>| text.as_ref().map_or(0, |text| text.chars().count());
    let (observed, last) = (published.observed.unwrap(), published.last_operation.unwrap());
    assert!(most(&published.common.cloud_status) <= 128 && most(&published.common.version) <= 64);
    assert!(most(&published.product_name) <= 64 && most(&published.url) <= 512);
    assert!(most(&observed.project_id) <= 128 && most(&observed.channel) <= 64 && most(&observed.tier) <= 64);
    assert!(last.id.len() <= 128 && last.type_.len() <= 64 && most(&last.message) <= 1024);
    let networks = published.allowed_cidrs.unwrap();
    assert!(networks.len() <= 64 && networks.iter().all(|network| network.cidr.len() <= 64));
    assert!(published.common.endpoints.iter().all(|endpoint| endpoint.len() <= 253));
    assert!(published.common.plan.iter().all(|step| most(&step.from) <= 253 && most(&step.to) <= 253));
}

#[rstest]
#[case::green(cluster(NAME), "True", "Running", "Running")]
#[case::yellow(health(HealthStatus::Yellow), "True", "Running", "Running")]
#[case::red(health(HealthStatus::Red), "False", "NotServing", "DatabaseUnavailable")]
#[case::out_of_reach(health(HealthStatus::Unreachable), "False", "NotServing", "DatabaseUnavailable")]
#[case::in_a_state_unknown_to_the_cloud(health(HealthStatus::Unknown), "False", "NotServing", "DatabaseUnavailable")]
#[case::in_a_state_unknown_to_us(health(HealthStatus::Other("BLUE".to_owned())), "False", "NotServing", "DatabaseUnavailable")]
#[case::suspended(suspended(), "False", "NotRunning", "NotRunning")]
#[case::being_scaled(busy(OperationKind::Scale), "True", "Running", "Running")]
#[case::being_upgraded(busy(OperationKind::Upgrade), "True", "Running", "Running")]
#[case::treated_in_a_way_unknown_to_us(busy(OperationKind::Other("POLISH".to_owned())), "True", "Running", "Running")]
#[case::being_scaled_and_red(scaled(HealthStatus::Red), "False", "NotRunning", "Updating")]
#[case::being_created(busy(OperationKind::Create), "False", "NotRunning", "Creating")]
#[case::being_suspended(busy(OperationKind::Suspend), "False", "NotRunning", "Suspending")]
fn a_cluster_that_is(#[case] cluster: Cluster, #[case] available: &str, #[case] why: &str, #[case] says: &str) {
    let scene = settled().listed([cluster]);
    assert_eq!(scene.says(), says);
    let published = scene.status();
    let seen = condition(&published, "Available").unwrap();
    assert_eq!((seen.status.as_str(), seen.reason.as_str()), (available, why));
    assert!(seen.message.ends_with('.'), "{}", seen.message);
}

fn health(status: HealthStatus) -> Cluster {
    cluster_but(|cluster| cluster.health.status = status)
}

fn scaled(status: HealthStatus) -> Cluster {
    Cluster {
        health: clusterwright::cloud::cratedb::wire::Health { status, ..busy(OperationKind::Scale).health },
        ..cluster(NAME)
    }
}

/// What the database answered so many seconds ago, where the cloud cannot tell whether it serves.
fn asked(seconds: i64, serves: bool) -> Scene {
    let probe = Probe { at: ago(seconds), serves };
    settled().with(|facts| facts.probe = Some(probe)).listed([health(HealthStatus::Unknown)])
}

/// The cloud cannot tell whether the database serves, and nobody has asked it.
fn unasked() -> Scene {
    settled().listed([health(HealthStatus::Unknown)])
}

#[rstest]
#[case::and_it_was_not_asked(unasked(), "probe", "DatabaseUnavailable")]
#[case::and_it_answered(asked(59, true), "", "Running")]
#[case::and_it_answered_a_minute_ago(asked(60, true), "probe", "Running")]
#[case::and_it_answered_long_ago(asked(180, true), "probe", "DatabaseUnavailable")]
#[case::and_it_did_not_answer(asked(59, false), "", "DatabaseUnavailable")]
#[case::and_it_is_paused(asked(60, true).paused(), "probe", "Running")]
#[case::and_nobody_knows_its_password(
    unasked().record(|record| {
        record.bound = Some(bound(NAME, Origin::Adopted));
        record.password.current = None;
    }),
    "probe", "DatabaseUnavailable"
)]
#[case::and_it_is_only_observed(unasked().only_observed(), "probe", "DatabaseUnavailable")]
#[case::and_it_is_only_observed_without_a_record(
    unasked()
        .only_observed()
        .adopting(NAME)
        .with(|facts| facts.record = None)
        .looked_at(by_id(NAME), KEY, 3600, Found::just(Some(cluster(NAME)))),
    "probe", "DatabaseUnavailable"
)]
#[case::and_it_is_only_observed_and_answered(asked(59, true).only_observed(), "", "Observed")]
#[case::and_it_is_only_observed_and_answered_a_minute_ago(asked(60, true).only_observed(), "probe", "Observed")]
#[case::and_the_cloud_does_not_answer_either(asked(60, true).standing(unavailable()), "probe", "Running")]
#[case::and_it_has_no_address(
    unasked().listed([Cluster { url: None, fqdn: None, ..health(HealthStatus::Unknown) }]), "", "DatabaseUnavailable"
)]
#[case::and_the_cloud_says_that_it_is_red(asked(1, true).listed([health(HealthStatus::Red)]), "", "DatabaseUnavailable")]
#[case::and_it_is_suspended(asked(1, true).listed([suspended()]), "", "NotRunning")]
fn a_database_is_asked_where_its_cloud_cannot_tell(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
}

#[test]
fn a_cluster_that_is_being_resumed_says_so() {
    let waking = Cluster {
        health: clusterwright::cloud::cratedb::wire::Health {
            running_operation: Some(OperationKind::Suspend),
            ..suspended().health
        },
        ..suspended()
    };
    assert_eq!(settled().listed([waking]).says(), "Resuming");
}

#[rstest]
#[case::what_it_was_seen_as_last(settled().reporting().listed([]), Some("True"))]
#[case::nothing_before_it_was_seen(scene(), None)]
#[case::gone(settled().reporting().listed([]).looked(None, []).noted_gone(), Some("False"))]
fn available_says(#[case] scene: Scene, #[case] is: Option<&str>) {
    let published = scene.reporting().status();
    assert_eq!(condition(&published, "Available").map(|condition| condition.status.as_str()), is);
}

#[test]
fn in_sync_names_the_fields_that_differ_even_while_ready() {
    let asleep = settled().wants(Power::Suspended).listed([suspended()]).spec(|spec| {
        spec.nodes = Some(3);
        spec.storage = Some(disks(64));
    });
    let published = asleep.status();
    let is = |kind| condition(&published, kind).map(|condition| condition.status.as_str());
    assert_eq!((is("Ready"), is("InSync"), is("Available")), (Some("True"), Some("False"), Some("False")));
    let in_sync = condition(&published, "InSync").unwrap();
    assert!(in_sync.message.contains("storage.sizePerNodeGiB, nodes"), "{}", in_sync.message);
    assert_eq!(condition(&settled().status(), "InSync").unwrap().status, "True");
}

#[test]
fn an_open_create_shows_and_then_no_more() {
    let open = scene().recorded(creating(20)).reporting();
    let creation = open.facts.manifest.status.clone().unwrap().common.creation.unwrap();
    assert_eq!((creation.target.as_str(), creation.since), (NAME, ago(20).to_string()));
    let bound = open.recorded(record(NAME)).listed([cluster(NAME)]);
    assert_eq!(bound.status().common.creation, None);
}

#[test]
fn what_was_let_go_of_shows_no_more() {
    let published = settled().reporting().recorded(prepared()).listed([]).status();
    assert!(condition(&published, "Available").is_none(), "{:?}", published.common.conditions);
    assert_eq!((published.common.external_id, published.observed, published.nodes), (None, None, None));
    assert_eq!((published.last_operation, published.allowed_cidrs, published.url), (None, None, None));
}

#[test]
fn a_step_that_is_due_shows_in_the_plan() {
    assert_eq!(ready_to_create().pending(), ["Create - → orders"]);
    assert_eq!(scene().adopting("sales").sees([cluster("sales")]).pending(), ["Adopt - → id-sales"]);
    assert_eq!(ending().pending(), ["Destroy - → id-orders"]);
    let unset = settled().record(|record| {
        record.announce_password(clusterwright::api::secret::Password::new(SECOND));
    });
    assert_eq!(unset.pending(), ["SetPassword - → -"]);
}

#[test]
fn every_reason_is_read_as_done_in_progress_or_failed() {
    for reason in Reason::ALL {
        let plan = Plan {
            next: None,
            pending: Vec::new(),
            verdict: Verdict::Stands { reason, message: "A sentence.".to_owned(), differs: Vec::new() },
            cluster: None,
            look_again: None,
        };
        let scene = scene();
        let published = status(&scene.facts, &plan);
        let manifest = scene.with(|facts| facts.manifest.status = Some(published)).facts.manifest;
        let read = match reason.standing() {
            Standing::Done => Read::Current,
            Standing::Working => Read::InProgress,
            Standing::Stalled => Read::Failed,
        };
        assert_eq!(compute(&manifest), read, "{reason}");
    }
}

fn edited() -> Scene {
    settled().spec(|spec| spec.nodes = Some(3))
}

fn follows(operations: bool) -> Scene {
    let change = Change::Nodes { product_unit: 2 };
    let told = operation("op-1", "SCALE", OperationState::Running, "Scaling up from 1 to 3 nodes.");
    let scene = edited().record(|record| record.intent = Some(changing(change, 20, None)));
    scene.looked(Some(cluster(NAME)), operations.then_some(told))
}

/// Scenes of every sort, for what must hold in each of them.
fn all_sorts() -> Vec<(&'static str, Scene, Read)> {
    let scale = CloudWrite::Change(Change::Nodes { product_unit: 2 });
    let marketplace =
        || ending().listed([cluster(NAME), cluster("sales")]).offering(|there| there.subscriptions.clear());
    vec![
        ("new", scene(), Read::InProgress),
        ("prepared", ready_to_create(), Read::InProgress),
        ("without a catalogue", ready_to_create().with(|facts| facts.catalogue = None), Read::InProgress),
        ("without a project", ready_to_create().offering(|there| there.projects.clear()), Read::InProgress),
        ("without a subscription", ready_to_create().offering(|there| there.subscriptions.clear()), Read::Failed),
        ("impossible", ready_to_create().spec(|spec| spec.nodes = Some(10)), Read::Failed),
        ("taken", ready_to_create().listed([cluster(NAME)]), Read::Failed),
        (
            "waiting for a password",
            scene().wanting(Given::Missing("It is missing.".to_owned())).edited(1),
            Read::InProgress,
        ),
        ("with a short password", scene().wanting(given("short")), Read::Failed),
        ("claimed", ready_to_create().rivalled(rival(by_name(NAME), Stake::Creates)), Read::Failed),
        ("open", scene().recorded(creating(20)), Read::InProgress),
        ("open, nothing found", scene().recorded(creating(20)).looked_for_name(None), Read::InProgress),
        ("being created", settled().listed([busy(OperationKind::Create)]), Read::InProgress),
        ("running", running(), Read::InProgress),
        ("settled", settled(), Read::Current),
        ("red", settled().listed([health(HealthStatus::Red)]), Read::InProgress),
        ("edited", edited(), Read::InProgress),
        ("followed", follows(true), Read::InProgress),
        ("followed without a trace", follows(false), Read::InProgress),
        ("waiting for another", edited().listed([busy(OperationKind::Scale)]), Read::InProgress),
        ("refused", edited().refused(&scale, RefusalKind::Refused, 60), Read::Failed),
        ("failed", edited().refused(&scale, RefusalKind::Failed, 60), Read::Failed),
        ("forbidden", edited().refused(&scale, RefusalKind::Forbidden, 60), Read::Failed),
        ("unsupported", settled().spec(|spec| spec.version = Some("5.9.0".to_owned())), Read::Failed),
        ("suspended", settled().wants(Power::Suspended).listed([suspended()]), Read::Current),
        ("suspended by somebody", settled().listed([suspended()]), Read::Failed),
        ("observed", scene().only_observed().sees([cluster(NAME)]), Read::Current),
        ("paused", edited().paused(), Read::Failed),
        ("unavailable", edited().standing(unavailable()), Read::InProgress),
        ("gone", scene().recorded(record(NAME)).looked(None, []).noted_gone(), Read::Failed),
        (
            "unknown password",
            settled()
                .record(|record| record.settle_creation(bound(NAME, Origin::Created)))
                .record(|record| record.password.pending = Some(clusterwright::api::secret::Password::new(FIRST)))
                .attempts(|attempts| attempts.denied = Some(denied_for_long())),
            Read::Failed,
        ),
        ("ending", ending(), Read::InProgress),
        ("ending, protected", ending().common(|common| common.deletion_protection = Some(true)), Read::Failed),
        ("ending, shared", marketplace().deleted(10), Read::Failed),
        ("applied again", running().reapplied().spec(|spec| spec.username = Some("shop".to_owned())), Read::Failed),
        ("elsewhere", running().moved(), Read::Failed),
    ]
}

#[test]
fn every_sort_of_scene_is_read_as_it_should_be() {
    for (name, scene, read) in all_sorts() {
        let said = scene.says();
        let scene = scene.reporting().with(|facts| facts.manifest.metadata.deletion_timestamp = None);
        // Where nothing is said yet, there is no status to read.
        if !said.is_empty() {
            assert_eq!(compute(&scene.facts.manifest), read, "{name}: {said}");
        }
    }
}

#[test]
fn a_status_that_was_written_is_not_written_again() {
    for (name, scene, _) in all_sorts() {
        let first = scene.reporting();
        let first_status = first.facts.manifest.status.clone();
        for wait in [0, 1, 5] {
            let again = first.clone().later(Duration::from_secs(wait));
            let again = again.with(|facts| {
                if let Some(look) = &mut facts.look {
                    look.at = facts.now;
                }
            });
            assert_eq!(Some(again.status()), first_status, "{name}, {wait} s later");
        }
    }
}

#[test]
fn every_message_is_a_sentence_and_every_hold_says_what_to_do() {
    for (name, scene, _) in all_sorts() {
        let plan = scene.plan();
        let Verdict::Stands { reason, message, .. } = &plan.verdict else { continue };
        assert!(message.ends_with('.'), "{name}: {message}");
        assert!(message.starts_with(char::is_uppercase), "{name}: {message}");
        let holds = reason.standing() == Standing::Stalled;
        assert!(!holds || message.matches(['.', ';', ':']).count() > 1, "{name}: {message}");
    }
}

#[test]
fn a_message_tells_no_time_and_counts_nothing() {
    for (name, scene, _) in all_sorts() {
        let later = scene.clone().later(Duration::from_secs(3)).with(|facts| {
            if let Some(look) = &mut facts.look {
                look.at = facts.now;
            }
        });
        assert_eq!(scene.message(), later.message(), "{name}");
    }
}

#[test]
fn what_stands_in_the_way_of_a_stalled_manifest_is_looked_at_again() {
    for (name, scene, read) in all_sorts() {
        let plan = scene.plan();
        assert!(read != Read::Failed || plan.next.is_some() || plan.look_again.is_some() || name == "paused", "{name}");
    }
}

#[rstest]
#[case::has_one(vec![network("10.0.0.0/8")], true)]
#[case::has_none(Vec::new(), false)]
fn a_list_of_allowed_networks_is_suspected_where_the_cluster(
    #[case] networks: Vec<AllowedCidr>,
    #[case] suspected: bool,
) {
    let scene = running()
        .listed([cluster_but(|cluster| cluster.ip_whitelist = Some(networks))])
        .record(|record| (record.password.current, record.bound.as_mut().unwrap().origin) = (None, Origin::Adopted))
        .wanting(given(FIRST))
        .record(|record| record.announce_password(clusterwright::api::secret::Password::new(FIRST)))
        .record(|record| record.password_sent = true)
        .troubled(TroubleKind::DatabaseUnreachable, 60);
    assert_eq!(scene.says(), "DatabaseUnavailable");
    assert_eq!(scene.message().contains("may leave this operator out"), suspected, "{}", scene.message());
}

#[test]
fn people_know_a_cluster_by_its_name() {
    let gone = scene().recorded(record(NAME)).looked(None, []).noted_gone();
    for scene in [ending(), gone.clone(), gone.reaching(location(), "key-2")] {
        assert!(
            scene.message().starts_with("Cluster orders ") || scene.message().contains("cluster orders "),
            "{}",
            scene.message()
        );
    }
}

#[test]
fn the_clouds_own_full_stop_is_not_doubled() {
    let write = CloudWrite::Deploy { request: request(NAME), again: false };
    let scene = ready_to_create().refused(&write, RefusalKind::Refused, 60).record(|record| {
        record.refusals.get_mut("create").unwrap().message = "Not with us.".to_owned();
    });
    assert!(scene.message().contains("\"Not with us\". Correct"), "{}", scene.message());
}
