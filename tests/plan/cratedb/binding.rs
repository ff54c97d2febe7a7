//! Which cluster a manifest is about, where a name is not an id: a few rows of each general rule.

use clusterwright::api::cratedb::ProjectSpec;
use clusterwright::cloud::cratedb::wire::Cluster;
use clusterwright::cloud::operation::Found;
use clusterwright::plan::{Origin, Stake};
use rstest::rstest;

use super::fixture::*;
use super::kinds::Record;

fn adopting() -> Scene {
    scene().adopting(NAME)
}

#[rstest]
#[case::that_its_credential_sees(adopting().sees([cluster(NAME)]), "adopt id-orders Adopted", "Creating")]
#[case::that_is_listed(adopting().listed([cluster(NAME)]), "look id-orders", "")]
#[case::that_only_others_see(
    adopting().listed([cluster(NAME)]).looked_at(by_id(NAME), KEY, 599, Found::just(None)), "", "InvalidSpec"
)]
#[case::that_is_not_listed(adopting(), "look id-orders", "")]
#[case::that_is_not_there(adopting().looked(None, []), "", "InvalidSpec")]
#[case::of_another_name(adopting().sees([Cluster { name: "sales".to_owned(), ..cluster(NAME) }]), "adopt id-orders Adopted", "Creating")]
#[case::that_another_manages(
    adopting().sees([cluster(NAME)]).rivalled(rival(by_id(NAME), Stake::Claims(cluster(NAME).dc.created))),
    "", "ClaimedByAnother"
)]
#[case::with_a_manifest_that_says_nothing_else(
    adopting().sees([cluster(NAME)]).spec(|spec| { spec.product = None; spec.project = None; }),
    "adopt id-orders Adopted", "Creating"
)]
#[case::without_knowing_what_the_cloud_offers(
    adopting().sees([cluster(NAME)]).with(|facts| facts.catalogue = None), "adopt id-orders Adopted", "Creating"
)]
fn a_cluster_is_adopted(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
}

/// Another password was prepared for a create that came to nothing. It was never meant for what is adopted instead.
#[test]
fn a_password_that_was_made_for_a_create_is_no_adopted_clusters() {
    let mut record = prepared();
    record.adopt(record.owner.clone(), bound(NAME, Origin::Adopted));
    let scene = adopting().recorded(record).listed([cluster(NAME)]);
    assert_eq!(scene.does(), "publish orders-cratedb");
    assert!(scene.publishing().message().contains("spec.passwordSecretRef"));
}

#[rstest]
#[case::is_bound_again(scene().reported(&cluster(NAME)).sees([cluster(NAME)]), "adopt id-orders Recovered", "Creating")]
#[case::is_looked_for_by_its_id(scene().reported(&cluster(NAME)), "look id-orders", "")]
#[case::is_not_created_again(scene().reported(&cluster(NAME)).looked(None, []), "", "Vanished")]
#[case::is_not_mistaken_for_another_of_its_name(
    scene().reported(&cluster(NAME)).listed([Cluster { id: id("twin"), ..cluster_aged(NAME, 60) }]).looked(None, []),
    "", "Vanished"
)]
fn a_cluster_whose_record_is_lost(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
}

/// The manifest was deleted under `Retain` and is applied again.
fn again() -> Scene {
    scene().recorded(record(NAME)).listed([cluster(NAME)]).reapplied()
}

#[rstest]
#[case::of_the_same_content(again(), "rebind", "")]
#[case::with_other_sizes(again().spec(|spec| { spec.nodes = Some(3); spec.storage = Some(disks(64)); }), "rebind", "")]
#[case::with_the_projects_id(again().spec(|spec| {
    spec.project = Some(ProjectSpec { id: Some("p-shop".to_owned()), ..ProjectSpec::default() });
}), "rebind", "")]
#[case::of_another_tier_than_a_new_one_would_have(
    again().record(|record| record.bound.as_mut().unwrap().fixed.tier = Some("xs".to_owned())), "rebind", ""
)]
#[case::in_another_project(again().spec(|spec| spec.project.as_mut().unwrap().name = Some("sales".to_owned())), "", "RecordedClusterDiffers")]
#[case::in_another_region(again().spec(|spec| spec.project.as_mut().unwrap().region = Some(THERE.to_owned())), "", "RecordedClusterDiffers")]
#[case::on_another_subscription(again().spec(|spec| spec.subscription_id = Some("sub-2".to_owned())), "", "RecordedClusterDiffers")]
#[case::with_another_user(again().spec(|spec| spec.username = Some("shop".to_owned())), "", "RecordedClusterDiffers")]
#[case::under_another_name(again().spec(|spec| spec.cluster_name = Some("sales".to_owned())), "", "RecordedClusterDiffers")]
#[case::under_another_name_that_takes_it_back(
    again().spec(|spec| spec.cluster_name = Some("sales".to_owned())).adopting(NAME), "rebind", ""
)]
#[case::that_forgets_it(
    again().spec(|spec| spec.cluster_name = Some("sales".to_owned())).forgetting(ID), "forget id-orders", ""
)]
#[case::that_adopts_another(again().adopting("sales"), "", "RecordedClusterDiffers")]
#[case::elsewhere(again().moved(), "", "RecordedClusterDiffers")]
fn a_manifest_applied_again(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
}

#[rstest]
#[case::is_looked_for_by_its_id(scene().recorded(record(NAME)), "look id-orders", "")]
#[case::is_not_another_of_its_name(
    scene().recorded(record(NAME)).listed([Cluster { id: id("twin"), ..cluster_aged(NAME, 60) }]), "look id-orders", ""
)]
#[case::is_noted_as_gone(scene().recorded(record(NAME)).looked(None, []), "note that it is gone", "")]
#[case::is_gone_once_that_is_noted(scene().recorded(record(NAME)).looked(None, []).noted_gone(), "", "Vanished")]
#[case::is_gone_though_another_has_its_name(
    scene().recorded(record(NAME)).listed([Cluster { id: id("twin"), ..cluster_aged(NAME, 60) }]).looked(None, []).noted_gone(),
    "", "Vanished"
)]
#[case::is_not_gone_by_a_look_for_its_name(
    scene().recorded(record(NAME)).looked_for_name(None), "look id-orders", ""
)]
#[case::is_not_gone_by_another_credential(
    scene().recorded(record(NAME)).reaching(location(), "key-2").looked_at(by_id(NAME), "key-2", 1, Found::just(None)),
    "", "CredentialsInsufficient"
)]
#[case::is_let_go_of_on_demand(scene().recorded(record(NAME)).looked(None, []).noted_gone().forgetting(ID), "forget id-orders", "")]
#[case::is_back(running().noted_gone(), "note that it is back", "")]
#[case::is_in_another_organization(running().moved(), "", "LocationChanged")]
#[case::is_kept_while_another_creates_one_of_its_name(
    settled().rivalled(rival(by_name(NAME), Stake::Creates)), "", "Running"
)]
fn a_recorded_cluster(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
}

#[test]
fn a_record_without_its_clusters_password_is_proved_by_what_was_published() {
    let mut record: Record = record(NAME);
    record.bound = Some(bound(NAME, Origin::Recovered));
    record.password.current = None;
    let scene = running().recorded(record).had_published(FIRST);
    assert_eq!(scene.does(), "prove [first-password-of-24-chars]");
}

fn observing() -> Scene {
    scene().only_observed()
}

#[rstest]
#[case::a_cluster_of_its_name(observing().sees([cluster(NAME)]), "", "Observed")]
#[case::a_cluster_that_it_names(observing().adopting("sales").sees([cluster("sales")]), "", "Observed")]
#[case::a_cluster_under_another_name(
    observing().spec(|spec| spec.cluster_name = Some("sales".to_owned())).sees([cluster("sales")]), "", "Observed"
)]
#[case::what_only_the_list_shows(observing().listed([cluster(NAME)]), "look orders", "")]
#[case::nothing_yet(observing(), "look orders", "")]
#[case::nothing(observing().looked_for_name(None), "", "InvalidSpec")]
#[case::with_differences(
    observing().sees([cluster(NAME)]).spec(|spec| { spec.nodes = Some(3); spec.storage = Some(disks(64)); }),
    "", "Observed: storage.sizePerNodeGiB nodes"
)]
#[case::what_is_suspended(observing().sees([suspended()]), "", "NotRunning")]
fn a_manifest_observes(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
    assert!(scene.plan().pending.iter().all(|step| step.blocked_by.is_some()));
}
