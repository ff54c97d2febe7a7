//! `Observed` and `paused` write nothing to a cloud, and two operators do not fight.

use rstest::rstest;

use super::fixture::*;
use super::kinds::Step;
use clusterwright::api::shared::Creation;

fn observing() -> Scene {
    scene().only_observed()
}

#[rstest]
#[case::a_cluster_that_only_the_list_shows(observing().listed([cluster(ID)]), "look orders", "")]
#[case::a_cluster_that_only_others_see(observing().listed([cluster(ID)]).looked_by(KEY, 599, None), "", "InvalidSpec")]
#[case::a_cluster_that_only_others_see_any_more(
    observing().reported(&cluster(ID)).listed([cluster(ID)]).looked_by(KEY, 599, None), "", "InvalidSpec"
)]
#[case::a_cluster_of_its_name(observing().sees([cluster(ID)]), "", "Observed")]
#[case::a_cluster_that_it_names(observing().adopting("sales").sees([cluster("sales")]), "", "Observed")]
#[case::a_cluster_that_it_was_bound_to(
    observing().recorded(record("sales")).sees([cluster("sales"), cluster(ID)]), "", "Observed"
)]
#[case::a_cluster_that_another_manages(
    observing()
        .sees([cluster(ID)])
        .rivalled(rival(ID, clusterwright::plan::Stake::Claims(cluster(ID).created_at))),
    "", "Observed"
)]
#[case::its_own_name_where_what_it_was_bound_to_is_elsewhere(
    observing().moved().recorded(record("sales")), "look orders", ""
)]
#[case::nothing_yet(observing(), "look orders", "")]
#[case::nothing(observing().looked(None), "", "InvalidSpec")]
#[case::what_was_renamed(observing().reported(&cluster(ID)).sees([cluster("sales")]), "", "Observed")]
#[case::what_was_renamed_and_is_named(observing().adopting(ID).reported(&cluster(ID)).sees([cluster("sales")]), "", "Observed")]
#[case::what_was_there(observing().reported(&cluster(ID)).looked(None), "", "Vanished")]
#[case::without_a_finalizer(observing().destroys().finalized().sees([cluster(ID)]), "remove finalizer", "")]
#[case::without_a_finalizer_of_its_own(observing().destroys().sees([cluster(ID)]), "", "Observed")]
#[case::without_a_password(
    observing().recorded(record_but(|record| record.password.current = None)).sees([cluster(ID)]), "", "Observed"
)]
#[case::with_an_open_create(observing().recorded(creating(20)).looked(None), "", "InvalidSpec")]
fn a_manifest_observes(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
}

#[test]
fn observing_shows_what_managing_would_do() {
    let scene = observing().sees([cluster(ID)]).spec(|spec| spec.machine_type = Some("c2d-highcpu-8".to_owned()));
    let step = scene.plan().pending.remove(0);
    assert_eq!(step.field.as_deref(), Some("machineType"));
    assert_eq!(step.blocked_by.as_deref(), Some("management is Observed"));
}

#[rstest]
#[case::a_create_is_held(scene().paused(), "", "Paused")]
#[case::a_password_is_held(running().recorded(record_but(|record| record.password.current = None)).paused(), "", "Paused")]
#[case::a_destroy_is_held(ending().paused(), "", "Paused")]
#[case::a_deletion_that_retains_is_not(running().finalized().deleting().paused(), "remove finalizer", "")]
#[case::a_look_is_not(scene().recorded(record(ID)).paused(), "look orders", "")]
#[case::the_status_follows(gone().paused(), "", "Vanished")]
#[case::the_connection_secret_follows(running().paused(), "publish orders-typedb", "")]
#[case::nothing_to_do_is_no_pause(settled().paused(), "", "Running")]
fn while_paused(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
}

#[test]
fn a_pause_names_the_step_the_annotation_and_the_way_out() {
    let plan = scene().paused().plan();
    let message = super::gist::message(&plan);
    assert!(message.contains("Creating cluster orders"), "{message}");
    assert!(message.contains("clusterwright.dev/paused"), "{message}");
    assert!(plan.pending[0].blocked_by.is_some());
}

#[test]
fn only_true_pauses() {
    let scene = scene().annotated(clusterwright::api::annotation::PAUSED, "false");
    assert_eq!(scene.does(), "deploy orders");
}

/// Another operator has written the status.
fn elsewhere(scene: Scene) -> Scene {
    scene.with(|facts| {
        facts.manifest.status.get_or_insert_default().common.operator_namespace = Some("other-system".to_owned());
    })
}

#[rstest]
#[case::a_new_manifest(scene())]
#[case::a_running_cluster(running())]
#[case::a_deletion(ending())]
#[case::a_deletion_that_retains(running().finalized().deleting())]
#[case::a_missing_finalizer(running().destroys())]
fn what_another_operator_looks_after_is_left_to_it(#[case] scene: Scene) {
    let scene = elsewhere(scene);
    assert_eq!((scene.does(), scene.says()), (String::new(), String::new()));
    let said = clusterwright::plan::looked_after_elsewhere(&scene.facts).unwrap();
    assert!(said.contains("other-system") && said.contains(OPERATOR), "{said}");
    // Its status is its own: two operators that each write what they see would never come to rest.
    let before = scene.facts.manifest.status.clone().unwrap();
    assert_eq!(clusterwright::plan::status(&scene.facts, &scene.plan()), before);
}

/// The same, and this one is told to take over what that one had.
fn taken_over(scene: Scene) -> Scene {
    elsewhere(scene).with(|facts| facts.take_over_from = Some("other-system".to_owned()))
}

/// The former operator's record is in its own namespace: the status is all that is known.
#[rstest]
#[case::a_new_manifest(scene(), "deploy orders", "Creating")]
#[case::a_cluster(scene().reported(&cluster(ID)).sees([cluster(ID)]), "adopt orders Recovered", "Creating")]
#[case::another_database_of_its_name(
    scene().reported(&cluster(ID)).sees([cluster_aged(ID, 60)]), "", "Replaced"
)]
#[case::a_cluster_that_is_gone(scene().reported(&cluster(ID)).looked(None), "", "Vanished")]
fn what_is_taken_over_is_known_by_its_status(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    let scene = taken_over(scene);
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
    assert_eq!(clusterwright::plan::looked_after_elsewhere(&scene.facts), None);
}

#[test]
fn what_is_taken_over_is_somebody_s_own_from_the_first_status_on() {
    let scene = taken_over(settled());
    let after = clusterwright::plan::status(&scene.facts, &scene.plan());
    assert_eq!(after.common.operator_namespace.as_deref(), Some(OPERATOR));
}

#[test]
fn nobody_else_s_manifests_are_taken_over() {
    let scene = elsewhere(running()).with(|facts| facts.take_over_from = Some("third-system".to_owned()));
    let said = clusterwright::plan::looked_after_elsewhere(&scene.facts).unwrap();
    assert!(said.contains("--take-over-from other-system"), "{said}");
}

/// A create of which the former operator alone knows what was sent.
fn half_created() -> Scene {
    taken_over(scene()).with(|facts| {
        let creation = Creation { target: ID.to_owned(), since: facts.now.to_string() };
        facts.manifest.status.get_or_insert_default().common.creation = Some(creation);
    })
}

#[test]
fn a_create_that_the_former_operator_left_open_is_not_repeated() {
    let scene = half_created();
    assert_eq!((scene.does(), scene.says()), (String::new(), String::new()));
    let said = clusterwright::plan::looked_after_elsewhere(&scene.facts).unwrap();
    for way_out in ["other-system", "spec.externalId", "status.creation"] {
        assert!(said.contains(way_out), "{said}");
    }
    let told = half_created().adopting(ID).sees([cluster(ID)]);
    assert_eq!(told.does(), "adopt orders Adopted");
}

#[rstest]
#[case::placed_before_the_intent(scene().destroys(), Step::AddFinalizer)]
#[case::placed_when_the_policy_is_edited(settled().destroys(), Step::AddFinalizer)]
#[case::gone_when_the_policy_is_edited(settled().finalized(), Step::RemoveFinalizer)]
#[case::placed_without_an_account(scene().destroys().standing(clusterwright::plan::AccountStanding::Missing), Step::AddFinalizer)]
fn the_finalizer_is_there_exactly_while_it_is_needed(#[case] scene: Scene, #[case] step: Step) {
    // It is no news about the cluster, whose conditions stay.
    assert_eq!((scene.plan().next, scene.says()), (Some(step), String::new()));
}
