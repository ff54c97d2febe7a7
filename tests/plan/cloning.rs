//! A cluster that becomes a copy of another.

use clusterwright::api::identity::ClusterId;
use clusterwright::api::secret::Password;
use clusterwright::api::typedb::{CloneSpec, Tier};
use clusterwright::cloud::typedb::wire::{Cluster, ClusterStatus};
use clusterwright::plan::{PasswordState, Source, Stake};
use rstest::rstest;

use super::fixture::*;
use super::kinds::{CloudWrite, CreateIntent, Step};

const SOURCE: &str = "sales";

/// A manifest that says nothing but where its cluster comes from.
fn cloning(from: CloneSpec) -> Scene {
    scene().spec(|spec| {
        (spec.tier, spec.provider, spec.region, spec.machine_type) = (None, None, None, None);
        spec.clone_from = Some(from);
    })
}

fn by_id() -> Scene {
    cloning(CloneSpec { external_id: Some(id(SOURCE)), name: None })
}

fn by_name(source: Option<Source>) -> Scene {
    cloning(CloneSpec { external_id: None, name: Some("shop".to_owned()) }).with(|facts| facts.source = source)
}

fn named() -> Scene {
    by_name(Some(Source::Cluster(id(SOURCE))))
}

/// The manifest was applied a minute ago.
fn young(scene: Scene) -> Scene {
    scene.with(|facts| facts.edited = ago(60))
}

fn there(change: impl FnOnce(&mut Cluster)) -> Cluster {
    let mut there = cluster(SOURCE);
    change(&mut there);
    there
}

fn is(status: ClusterStatus) -> Cluster {
    there(|there| there.status = status)
}

#[rstest]
#[case::is_looked_for(by_id(), "look sales", "")]
#[case::is_cloned(by_id().listed([cluster(SOURCE)]), "deploy orders", "Creating")]
#[case::is_cloned_by_its_manifests_name(named().listed([cluster(SOURCE)]), "deploy orders", "Creating")]
#[case::is_waited_for_while_its_manifest_is_missing(young(by_name(Some(Source::Missing))), "", "Creating")]
#[case::is_waited_for_while_its_manifest_has_none(young(by_name(Some(Source::Unbound))), "", "Creating")]
#[case::is_missed_when_its_manifest_stays_away(by_name(Some(Source::Missing)), "", "InvalidSpec")]
#[case::is_missed_when_it_is_gone(by_id().looked_for(SOURCE), "", "InvalidSpec")]
#[case::is_waited_for_while_it_starts(by_id().listed([is(ClusterStatus::Starting)]), "", "Creating")]
#[case::is_not_cloned_asleep(by_id().listed([is(ClusterStatus::Suspended)]), "", "InvalidSpec")]
#[case::is_elsewhere(
    by_id().spec(|spec| spec.region = Some("us-east1".to_owned())).listed([cluster(SOURCE)]), "", "InvalidSpec"
)]
#[case::costs_something(by_id().spec(|spec| spec.tier = Some(Tier::Free)).listed([cluster(SOURCE)]), "", "InvalidSpec")]
#[case::is_as_the_manifest_says(
    by_id().spec(|spec| spec.region = Some("europe-west2".to_owned())).listed([cluster(SOURCE)]), "deploy orders", "Creating"
)]
#[case::does_not_tell_what_it_is(by_id().listed([there(|there| there.region = None)]), "", "InvalidSpec")]
#[case::is_not_cloned_to_a_name_that_is_taken(by_id().listed([cluster(SOURCE), cluster_aged(ID, 60)]), "look orders", "")]
#[case::is_not_cloned_to_what_another_creates(
    by_id().listed([cluster(SOURCE)]).rivalled(rival(ID, Stake::Creates)), "", "ClaimedByAnother"
)]
fn a_source(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
    assert!(!does.is_empty() || scene.plan().look_again.is_some(), "it is decided again");
}

#[rstest]
#[case::is_missing(by_name(Some(Source::Missing)), "TypeDBCluster shop")]
#[case::is_gone(by_id().looked_for(SOURCE), "no cluster sales")]
#[case::is_asleep(by_id().listed([is(ClusterStatus::Suspended)]), "Cluster sales")]
#[case::is_elsewhere(
    by_id().spec(|spec| spec.region = Some("us-east1".to_owned())).listed([cluster(SOURCE)]),
    "region of cluster sales is europe-west2, and the manifest asks for us-east1"
)]
fn what_is_wrong_names_a_source_that(#[case] scene: Scene, #[case] words: &str) {
    let message = scene.message();
    assert!(message.contains(words) && message.contains("spec."), "{message}");
}

#[test]
fn a_copy_is_what_its_source_is_whatever_the_manifest_says_of_sizes() {
    let big = there(|there| there.storage_size_gb = Some(200));
    let scene = by_id().spec(|spec| spec.storage_size_gb = Some(500)).listed([big.clone()]);
    let Some(Step::Cloud(CloudWrite::Deploy { request, again: false })) = scene.plan().next else {
        panic!("{}", scene.does())
    };
    assert_eq!(request.clone_of, Some(ClusterId::new(SOURCE)));
    assert_eq!((request.deploy.storage_size_gb, request.deploy.version.as_str()), (200, "3.5.1"));
    let copy = Cluster { id: id(ID), ..big };
    assert!(<clusterwright::api::typedb::TypeDBCluster as clusterwright::plan::Kind>::came_from(&copy, &request));
    let grows = scene.recorded(record(ID)).listed([copy]).publishing();
    assert_eq!(grows.does(), "change storageSizeGB", "what can be changed is changed afterwards");
}

#[test]
fn a_copy_whose_answer_was_lost_is_recognised() {
    let Some(Step::Cloud(CloudWrite::Deploy { request, .. })) = by_id().listed([cluster(SOURCE)]).plan().next else {
        panic!("nothing is cloned")
    };
    let lost = creating_with(CreateIntent { request, ..intent(20) });
    let born = Cluster { status: ClusterStatus::Starting, ..cluster_aged(ID, 18) };
    let scene = by_id().recorded(lost).listed([cluster(SOURCE)]).looked(Some(born));
    assert_eq!(scene.does(), "settle orders Created");
}

#[rstest]
#[case::of_a_source_that_is_ours(Some("theirs"), "set p by [theirs password]")]
#[case::of_any_other(None, "set p by [password]")]
fn the_first_password_of_a_copy(#[case] source: Option<&str>, #[case] does: &str) {
    let scene = named().recorded(record_but(|record| {
        record.password = PasswordState { current: None, pending: Some(Password::new("p")) };
    }));
    let scene = scene.listed([cluster(ID), cluster(SOURCE)]).with(|facts| {
        facts.source_password = source.map(Password::new);
    });
    assert_eq!(scene.does(), does);
}

#[test]
fn a_copy_with_its_own_password_is_not_tried_with_that_of_its_source() {
    let scene = named().recorded(record_but(|record| record.password.pending = Some(Password::new("p"))));
    let scene = scene.listed([cluster(ID)]).with(|facts| facts.source_password = Some(Password::new("theirs")));
    assert_eq!(scene.does(), "set p by [proved]");
}

#[test]
fn what_was_cloned_is_not_looked_at_once_the_copy_is_there() {
    let scene = by_id().recorded(record(ID)).listed([cluster(ID)]).publishing();
    assert_eq!((scene.does(), scene.says()), (String::new(), "Running".to_owned()));
}
