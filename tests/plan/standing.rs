//! What the tools that read a status see of it.

use std::time::Duration;

use clusterwright::api::condition::{Condition, Reason, Standing};
use clusterwright::api::shared::CommonStatus;
use clusterwright::api::typedb::TypeDBClusterStatus;
use clusterwright::plan::{TroubleKind, Verdict, status};
use rstest::rstest;

use super::fixture::*;
use super::kinds::{Plan, Step};
use super::kstatus::{Read, compute};

/// The design's table: every reason, and how an object with it stands.
const TABLE: &[(Standing, &[Reason])] = &[
    (Standing::Done, &[Reason::Running, Reason::Suspended, Reason::Observed, Reason::Connected]),
    (
        Standing::Working,
        &[
            Reason::Connecting,
            Reason::Creating,
            Reason::Updating,
            Reason::Renaming,
            Reason::Restoring,
            Reason::Resuming,
            Reason::Suspending,
            Reason::Deleting,
            Reason::WaitingForOperation,
            Reason::WaitingForRateLimit,
            Reason::CloudUnavailable,
            Reason::OutcomeUnknown,
            Reason::DatabaseUnavailable,
            Reason::WaitingForAccount,
            Reason::WaitingForCredentials,
            Reason::WaitingForPassword,
        ],
    ),
    (
        Standing::Stalled,
        &[
            Reason::AccountNotFound,
            Reason::NamespaceNotAllowed,
            Reason::CredentialsMissing,
            Reason::CredentialsRejected,
            Reason::CredentialsInsufficient,
            Reason::PasswordMissing,
            Reason::InvalidSpec,
            Reason::ChangeRefused,
            Reason::OperationFailed,
            Reason::ChangeUnsupported,
            Reason::NameTaken,
            Reason::ClaimedByAnother,
            Reason::LocationChanged,
            Reason::RecordedClusterDiffers,
            Reason::SubscriptionAmbiguous,
            Reason::ConnectionSecretConflict,
            Reason::EndpointNotAllowed,
            Reason::AdminPasswordUnknown,
            Reason::AdminPasswordUnsupported,
            Reason::Vanished,
            Reason::Replaced,
            Reason::InventorySuspect,
            Reason::Contested,
            Reason::NotRunning,
            Reason::InUse,
            Reason::DeletionProtected,
            Reason::DestroyLimitReached,
            Reason::DeletionWouldCancelSubscription,
            Reason::Paused,
        ],
    ),
];

#[test]
fn every_reason_stands_as_the_table_says_and_none_is_left_out() {
    let mut listed = 0;
    for (standing, reasons) in TABLE {
        for reason in *reasons {
            assert_eq!(reason.standing(), *standing, "{reason}");
            assert!(Reason::ALL.contains(reason), "{reason} is missing in ALL");
            listed += 1;
        }
    }
    assert_eq!(listed, Reason::ALL.len());
}

#[test]
fn a_reason_is_one_word_as_conditions_ask_for() {
    for reason in Reason::ALL {
        let word = reason.to_string();
        assert!(word.chars().all(|c| c.is_ascii_alphanumeric()) && word.starts_with(char::is_uppercase), "{word}");
    }
}

fn condition<'a>(status: &'a TypeDBClusterStatus, kind: &str) -> Option<&'a Condition> {
    status.common.conditions.iter().find(|condition| condition.type_ == kind)
}

/// What an object with this reason looks like, whatever led to it.
fn standing_for(reason: Reason) -> Scene {
    let plan = Plan {
        next: None,
        pending: Vec::new(),
        verdict: Verdict::Stands { reason, message: "A sentence.".to_owned(), differs: Vec::new() },
        cluster: None,
        look_again: None,
    };
    let scene = scene();
    let published = status(&scene.facts, &plan);
    scene.with(|facts| facts.manifest.status = Some(published))
}

#[test]
fn every_reason_is_read_as_done_in_progress_or_failed() {
    for reason in Reason::ALL {
        let manifest = standing_for(reason).facts.manifest;
        let read = match reason.standing() {
            Standing::Done => Read::Current,
            Standing::Working => Read::InProgress,
            Standing::Stalled => Read::Failed,
        };
        assert_eq!(compute(&manifest), read, "{reason}");
        let status = manifest.status.unwrap();
        let is = |kind| condition(&status, kind).map(|condition| condition.status.as_str());
        assert_eq!(is("Ready"), Some(if read == Read::Current { "True" } else { "False" }), "{reason}");
        assert_eq!(is("Reconciling"), (read == Read::InProgress).then_some("True"), "{reason}");
        assert_eq!(is("Stalled"), (read == Read::Failed).then_some("True"), "{reason}");
        assert_eq!(status.common.observed_generation, Some(1));
        assert!(status.common.conditions.iter().all(|condition| condition.observed_generation == Some(1)));
    }
}

#[test]
fn an_object_that_nobody_has_looked_at_is_in_progress() {
    let untouched = scene().with(|facts| {
        facts.manifest.status = Some(TypeDBClusterStatus {
            common: CommonStatus { observed_generation: Some(-1), ..CommonStatus::default() },
            ..Default::default()
        });
    });
    assert_eq!(compute(&untouched.facts.manifest), Read::InProgress);
    let looking = untouched.adopting(ID);
    assert_eq!(looking.does(), "look orders");
    let published = status(&looking.facts, &looking.plan());
    assert_eq!(published.common.observed_generation, Some(-1), "nothing is known yet, so nothing is said");
}

#[test]
fn an_edit_is_in_progress_until_it_was_decided_about() {
    let edited = settled().reporting().generation(2);
    assert_eq!(compute(&edited.facts.manifest), Read::InProgress);
    let looking = edited.clone().listed([]);
    let published = status(&looking.facts, &looking.plan());
    assert_eq!(published.common.observed_generation, Some(1), "what is carried over says nothing about the edit");
    assert_eq!(compute(&edited.reporting().facts.manifest), Read::Current);
}

#[test]
fn a_transition_is_dated_when_the_status_changes_and_not_when_the_words_do() {
    let first = scene().standing(clusterwright::plan::AccountStanding::Missing).reporting();
    let later = first.later(Duration::from_secs(100));
    let named = later.listed([]).looked(Some(cluster(ID))).standing(clusterwright::plan::AccountStanding::Connected);
    let second = named.reporting();
    let of = |scene: &Scene, kind| {
        let status = scene.facts.manifest.status.clone().unwrap();
        let condition = condition(&status, kind).unwrap();
        (condition.reason.clone(), condition.last_transition_time.clone())
    };
    assert_eq!(of(&second, "Stalled"), ("NameTaken".to_owned(), now().to_string()));
    let third = second.listed([cluster_aged(ID, 0)]).recorded(creating(0)).reporting();
    assert_eq!(of(&third, "Ready").1, now().to_string());
    assert_eq!(of(&third, "Reconciling"), ("Creating".to_owned(), "2027-01-15T08:01:40Z".to_owned()));
}

#[test]
fn a_moment_is_published_in_whole_seconds_that_have_passed() {
    let scene = scene().with(|facts| facts.now = "2026-01-02T03:04:05.987654Z".parse().unwrap()).reporting();
    let published = scene.facts.manifest.status.unwrap();
    assert_eq!(condition(&published, "Ready").unwrap().last_transition_time, "2026-01-02T03:04:05Z");
}

/// Scenes of every sort, for what must hold in each of them.
fn all_sorts() -> Vec<(&'static str, Scene)> {
    vec![
        ("new", scene()),
        ("taken", scene().listed([cluster(ID)])),
        ("open", scene().recorded(creating(20))),
        ("open, nothing found", scene().recorded(creating(20)).looked(None)),
        ("open, refused", scene().recorded(creating(20)).looked(None).troubled(TroubleKind::RepeatRefused, 1)),
        (
            "starting",
            settled().listed([cluster_but(|cluster| {
                cluster.status = clusterwright::cloud::typedb::wire::ClusterStatus::Starting;
            })]),
        ),
        ("running", running()),
        ("settled", settled()),
        ("differs", settled().spec(|spec| spec.machine_type = Some("other".to_owned()))),
        ("gone", gone()),
        ("replaced", scene().recorded(record(ID)).looked(Some(cluster_aged(ID, 60))).noted_gone()),
        ("observed", scene().only_observed().sees([cluster(ID)])),
        ("paused", scene().paused()),
        ("ending", ending()),
        ("without an account", scene().standing(clusterwright::plan::AccountStanding::Missing).edited(10)),
        ("unavailable", scene().standing(unavailable())),
        ("unlisted", scene().recorded(record(ID))),
        ("unpassworded", running().recorded(record_but(|record| record.password.current = None))),
        ("elsewhere", running().moved()),
        ("applied again", running().reapplied().spec(|spec| spec.region = Some("us-east1".to_owned()))),
    ]
}

#[test]
fn a_status_that_was_written_is_not_written_again() {
    for (name, scene) in all_sorts() {
        let first = scene.reporting();
        let first_status = first.facts.manifest.status.clone();
        for wait in [0, 1, 5] {
            let again = first.clone().later(Duration::from_secs(wait));
            let again = again.with(|facts| {
                if let Some(look) = &mut facts.look {
                    look.at = facts.now;
                }
            });
            assert_eq!(again.reporting().facts.manifest.status, first_status, "{name}, {wait} s later");
        }
    }
}

#[test]
fn a_message_tells_no_time_and_counts_nothing() {
    for (name, scene) in all_sorts() {
        let later = scene.clone().later(Duration::from_secs(3)).with(|facts| {
            if let Some(look) = &mut facts.look {
                look.at = facts.now;
            }
        });
        assert_eq!(scene.message(), later.message(), "{name}");
    }
}

#[test]
fn every_message_is_a_sentence_and_every_hold_says_what_to_do() {
    for (name, scene) in all_sorts() {
        let plan = scene.plan();
        let Verdict::Stands { reason, message, .. } = &plan.verdict else { continue };
        assert!(message.ends_with('.'), "{name}: {message}");
        assert!(message.starts_with(char::is_uppercase), "{name}: {message}");
        let holds = reason.standing() == Standing::Stalled;
        assert!(!holds || message.matches(['.', ';', ':']).count() > 1, "{name}: {message}");
    }
}

#[rstest]
#[case::seen_running(settled(), Some("True"))]
#[case::seen_suspended(settled().listed([cluster_but(|cluster| {
    cluster.status = clusterwright::cloud::typedb::wire::ClusterStatus::Suspended;
})]), Some("False"))]
#[case::not_seen_just_now(settled().reporting().listed([]), Some("True"))]
#[case::proved_gone(settled().reporting().listed([]).looked(None).noted_gone(), Some("False"))]
#[case::replaced(settled().reporting().listed([]).looked(Some(cluster_aged(ID, 60))).noted_gone(), Some("False"))]
#[case::never_seen(scene(), None)]
fn available_says_whether_the_database_was_last_seen_serving(#[case] scene: Scene, #[case] is: Option<&str>) {
    let published = scene.reporting().facts.manifest.status.unwrap();
    assert_eq!(condition(&published, "Available").map(|condition| condition.status.as_str()), is);
}

#[test]
fn in_sync_names_the_fields_that_differ() {
    let differs = settled().spec(|spec| {
        spec.machine_type = Some("other".to_owned());
        spec.storage_size_gb = Some(500);
    });
    let published = differs.reporting().facts.manifest.status.unwrap();
    let in_sync = condition(&published, "InSync").unwrap();
    assert_eq!((in_sync.status.as_str(), in_sync.reason.as_str()), ("False", "Differs"));
    assert!(in_sync.message.contains("storageSizeGB, machineType"), "{}", in_sync.message);
    let published = settled().reporting().facts.manifest.status.unwrap();
    assert_eq!(condition(&published, "InSync").unwrap().status, "True");
}

#[test]
fn what_is_carried_over_speaks_of_the_generation_that_it_was_seen_for() {
    let edited = settled().reporting().generation(2).standing(refused(Reason::CredentialsRejected)).reporting();
    let published = edited.facts.manifest.status.unwrap();
    assert_eq!(condition(&published, "Ready").unwrap().observed_generation, Some(2));
    assert_eq!(condition(&published, "InSync").unwrap().observed_generation, Some(1));
}

#[test]
fn a_bound_cluster_shows_what_it_is() {
    let published = settled().reporting().facts.manifest.status.unwrap();
    assert_eq!(published.common.external_id, Some(id(ID)));
    assert_eq!(published.common.created_at, Some(cluster(ID).created_at.to_string()));
    assert_eq!(published.common.location.as_deref(), Some("https://cloud.typedb.com/acme/default"));
    assert_eq!(published.common.cloud_status.as_deref(), Some("running"));
    assert_eq!(published.common.endpoints, ["abc-0.cluster.typedb.com:80"]);
    assert_eq!(published.common.version.as_deref(), Some("3.5.1"));
    assert_eq!(published.observed, Some(fixed()));
    assert_eq!(published.common.operator_namespace.as_deref(), Some(OPERATOR));
    assert_eq!(published.storage_size_gb, Some(10));
}

#[test]
fn an_open_create_shows_and_then_no_more() {
    let open = scene().recorded(creating(20)).reporting();
    let creation = open.facts.manifest.status.clone().unwrap().common.creation.unwrap();
    assert_eq!((creation.target.as_str(), creation.since), (ID, ago(20).to_string()));
    let bound = open.recorded(record(ID)).listed([cluster(ID)]).reporting();
    assert_eq!(bound.facts.manifest.status.unwrap().common.creation, None);
}

#[test]
fn what_was_let_go_of_shows_no_more() {
    let forgotten = settled().reporting().recorded(empty_record()).listed([]).reporting();
    let published = forgotten.facts.manifest.status.unwrap();
    assert!(condition(&published, "Available").is_none(), "{:?}", published.common.conditions);
    assert_eq!((published.common.external_id, published.common.created_at, published.observed), (None, None, None));
    assert_eq!((published.common.binding, published.common.cloud_status), (None, None));
}

#[test]
fn another_manifests_cluster_does_not_show() {
    for scene in [scene().listed([cluster(ID)]), running().reapplied().adopting("sales")] {
        let published = scene.reporting().facts.manifest.status.unwrap();
        assert_eq!((published.common.external_id, published.observed), (None, None));
    }
}

#[test]
fn what_the_cloud_says_fits_the_status_however_long_it_is() {
    let long = "x".repeat(1000);
    let scene = settled().listed([cluster_but(|cluster| {
        cluster.status = clusterwright::cloud::typedb::wire::ClusterStatus::Other(long.clone());
        cluster.version = Some(long.clone());
        cluster.machine_type = Some(long.clone());
        cluster.region = Some(long.clone());
        cluster.servers[0].address.clone_from(&long);
    })]);
    let published = scene.reporting().facts.manifest.status.unwrap();
    let most = |text: &Option<String>| text.as_ref().map_or(0, |text| text.chars().count());
    assert!(most(&published.common.cloud_status) <= 128 && most(&published.common.version) <= 64);
    assert!(most(&published.machine_type) <= 64 && most(&published.observed.as_ref().unwrap().region) <= 64);
    assert!(published.common.endpoints.iter().all(|endpoint| endpoint.chars().count() <= 253));
    assert!(published.common.plan.iter().all(|step| most(&step.from) <= 253 && most(&step.to) <= 253));
}

#[test]
fn a_step_that_is_due_shows_in_the_plan() {
    let actions = |scene: Scene| -> Vec<String> {
        let status = scene.reporting().facts.manifest.status.unwrap();
        status
            .common
            .plan
            .iter()
            .map(|step| format!("{:?} {}", step.action, step.to.as_deref().unwrap_or("-")))
            .collect()
    };
    assert_eq!(actions(scene()), ["Create orders"]);
    assert_eq!(actions(scene().adopting("sales").sees([cluster("sales")])), ["Adopt sales"]);
    assert_eq!(actions(ending()), ["Destroy orders"]);
    assert_eq!(actions(running().recorded(record_but(|record| record.password.current = None))), ["SetPassword -"]);
    assert_eq!(actions(settled().spec(|spec| spec.machine_type = Some("m".to_owned()))), ["Change m"]);
    assert_eq!(actions(settled()), [""; 0]);
    assert!(matches!(scene().plan().next, Some(Step::Cloud(_))));
}
