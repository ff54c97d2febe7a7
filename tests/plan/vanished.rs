//! Databases that vanish or are destroyed by the dozen: what is believed, what is done about it, and how fast.

use clusterwright::api::account::DestroyLimit;
use clusterwright::api::annotation;
use clusterwright::api::identity::{CreatedAt, Identity};
use clusterwright::api::shared::OnVanished;
use clusterwright::api::typedb::TypeDBCluster;
use clusterwright::cloud::typedb::wire::Cluster;
use clusterwright::plan::{Intent, Missing, OrphanPlan, Roll, plan_orphan};
use rstest::rstest;

use super::fixture::*;
use super::kinds::{Look, OrphanFacts, Record};
use super::scene::list;

/// Three databases went missing a minute ago, this manifest's among them.
fn too_many() -> Missing {
    let one = |number: i64| Cluster { created_at: CreatedAt::from_epoch_millis(number), ..cluster("other") };
    let recorded = [0, 1].map(one).into_iter().chain([cluster(ID)]);
    let recorded = recorded.map(|one| Identity { id: one.id, created_at: one.created_at }).collect();
    Roll::default().call::<TypeDBCluster>(&[], recorded, &std::collections::BTreeSet::new(), ago(60))
}

fn suspect(scene: Scene) -> Scene {
    scene.with(|facts| {
        let list = facts.inventory.as_mut().map(std::sync::Arc::make_mut).unwrap();
        list.missing = too_many();
    })
}

fn vouched(scene: Scene, seconds: i64) -> Scene {
    scene.with(|facts| facts.account.accepts_missing = Some(ago(seconds)))
}

fn recreating(scene: Scene) -> Scene {
    scene.common(|common| common.on_vanished = OnVanished::Recreate)
}

fn unlisted() -> Scene {
    scene().recorded(record(ID)).looked(None)
}

/// It is being deleted, and its cluster is nowhere to be seen.
fn ending_unseen() -> Scene {
    unlisted().destroys().finalized().deleting()
}

#[rstest]
#[case::it_is_noted_where_that_is_believed(unlisted(), "note that it is gone", "")]
#[case::it_is_not_believed(suspect(unlisted()), "", "InventorySuspect")]
#[case::it_is_believed_on_a_persons_word(vouched(suspect(unlisted()), 60), "note that it is gone", "")]
#[case::it_is_not_believed_on_a_word_from_before(vouched(suspect(unlisted()), 61), "", "InventorySuspect")]
#[case::what_was_known_before_stays_so(suspect(gone()), "", "Vanished")]
#[case::it_is_let_go_of_all_the_same(suspect(unlisted()).forgetting(ID), "forget orders", "")]
#[case::others_credentials_prove_nothing(suspect(unlisted()).using("key-2").looked_by("key-2", 1, None), "", "CredentialsInsufficient")]
#[case::no_record_is_left_and_it_is_not_believed(
    suspect(scene().reported(&cluster(ID)).looked(None)), "", "InventorySuspect"
)]
#[case::its_end_is_not_believed(suspect(ending_unseen()), "", "InventorySuspect")]
#[case::its_end_is_believed(ending_unseen(), "drop", "")]
#[case::its_end_is_not_believed_without_a_record(
    suspect(scene().reported(&cluster(ID)).looked(None)).destroys().finalized().deleting(), "", "InventorySuspect"
)]
fn a_database_is_gone_and(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says), "{}", scene.message());
}

#[test]
fn a_record_without_a_manifest_is_not_ended_on_what_is_not_believed() {
    let look = Look {
        target: target(ID),
        at: ago(1),
        by: KEY.to_owned(),
        found: clusterwright::cloud::operation::Found::just(None),
    };
    let facts = OrphanFacts {
        now: now(),
        record: record(ID),
        inventory: Some(list(Vec::new(), ago(10)).into()),
        look: Some(look),
        credentials: vec![KEY.to_owned()],
        accepts_missing: None,
    };
    assert_eq!(plan_orphan(&facts), OrphanPlan::Gone);
    let mut suspicious = list(Vec::new(), ago(10));
    suspicious.missing = too_many();
    let suspicious = OrphanFacts { inventory: Some(suspicious.into()), ..facts };
    assert_eq!(plan_orphan(&suspicious), OrphanPlan::Keep);
    assert_eq!(plan_orphan(&OrphanFacts { accepts_missing: Some(ago(60)), ..suspicious }), OrphanPlan::Gone);
}

#[test]
fn what_is_not_believed_is_told_with_its_exits() {
    let message = suspect(unlisted()).message();
    for word in ["orders", annotation::ACCEPT_MISSING, "CloudAccount typedb-cloud"] {
        assert!(message.contains(word), "{message}");
    }
    let ending = suspect(ending_unseen()).message();
    assert!(ending.contains("spec.deletionPolicy: Retain"), "{ending}");
}

#[rstest]
#[case::is_noted_as_gone_first(recreating(unlisted()), "note that it is gone", "")]
#[case::is_created_again(recreating(gone()), "recreate", "Creating")]
#[case::is_created_again_an_hour_after_another(recreated(3600), "recreate", "Creating")]
#[case::waits_within_an_hour_of_another(recreated(3599), "", "Vanished")]
#[case::is_not_created_again_while_paused(recreating(gone()).paused(), "", "Vanished")]
#[case::is_not_created_again_where_it_was_to_be_that_one(recreating(gone()).adopting(ID), "", "Vanished")]
#[case::is_not_created_again_where_it_was_renamed(
    recreating(gone().listed([cluster("sales")]).looked(None)), "follow to sales", ""
)]
#[case::is_not_created_again_where_it_is_not_believed(suspect(recreating(gone())), "", "InventorySuspect")]
#[case::is_created_again_on_a_persons_word(vouched(suspect(recreating(gone())), 60), "recreate", "Creating")]
#[case::is_not_created_again_where_it_is_only_observed(
    recreating(scene().reported(&cluster(ID)).looked(None)).only_observed(), "", "Vanished"
)]
#[case::is_found_again(recreating(running().noted_gone()), "note that it is back", "")]
fn a_database_that_vanished_and_is_to_be_created_again(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says), "{}", scene.message());
}

/// Another database that had vanished here was created again so many seconds ago.
fn recreated(seconds: i64) -> Scene {
    recreating(gone()).with(|facts| facts.lately.recreated = Some(ago(seconds)))
}

#[test]
fn whoever_waits_for_another_to_be_created_again_says_until_when_and_looks_then() {
    let scene = recreated(3000);
    assert!(scene.message().contains(&ago(-600).to_string()), "{}", scene.message());
    assert_eq!(scene.plan().look_again, Some(std::time::Duration::from_secs(600)));
}

/// Databases were destroyed so many seconds ago each, where three an hour may be.
fn destroyed(seconds: &[i64]) -> Scene {
    limited(seconds, &[DestroyLimit { count: 3, per_minutes: 60 }])
}

fn limited(seconds: &[i64], limits: &[DestroyLimit]) -> Scene {
    ending().with(|facts| {
        facts.lately.destroyed = seconds.iter().map(|seconds| ago(*seconds)).collect();
        facts.lately.limits = limits.to_vec();
    })
}

fn per(count: i64, per_minutes: i64) -> DestroyLimit {
    DestroyLimit { count, per_minutes }
}

#[rstest]
#[case::within_the_limit(destroyed(&[60, 30]), None)]
#[case::that_has_reached_it(destroyed(&[60, 30, 10]), Some(3540))]
#[case::that_has_reached_it_long_ago(destroyed(&[3601, 30, 10]), None)]
#[case::that_has_reached_it_just_so_long_ago(destroyed(&[3600, 30, 10]), None)]
#[case::that_is_beyond_it(destroyed(&[900, 600, 60, 30, 10]), Some(3540))]
#[case::of_the_strictest_account(limited(&[60, 30], &[per(3, 60), per(2, 30)]), Some(1740))]
#[case::of_the_account_whose_window_is_longer(limited(&[4000, 30], &[per(3, 60), per(2, 120)]), Some(3200))]
#[case::without_any_account(limited(&[10; 10], &[]), Some(3590))]
#[case::without_any_account_and_within_the_usual(limited(&[10; 9], &[]), None)]
fn a_destroy_in_a_location(#[case] scene: Scene, #[case] waits: Option<u64>) {
    let expected = if waits.is_some() { ("", "DestroyLimitReached") } else { ("destroy orders", "Deleting") };
    assert_eq!((scene.does().as_str(), scene.says().as_str()), expected);
    assert_eq!(scene.plan().look_again.map(|wait| wait.as_secs()), waits);
    if let Some(seconds) = waits {
        let until = ago(-i64::try_from(seconds).unwrap()).to_string();
        assert!(scene.message().contains(&until) && scene.message().contains("Retain"), "{}", scene.message());
    }
}

#[test]
fn a_destroy_that_was_asked_for_goes_on_beyond_the_limit() {
    let asked = Some(Intent::Destroy { attempt: String::new(), announced: ago(400) });
    let scene = destroyed(&[400, 30, 10, 5]).record(|record| record.intent = asked);
    assert_eq!(scene.does(), "destroy orders");
}

#[test]
fn a_tombstone_has_no_password_and_counts_from_when_the_end_was_asked_for() {
    let record = record_but(|record| {
        record.announce_password(clusterwright::api::secret::Password::new("pending"));
        record.intent = Some(Intent::Destroy { attempt: String::new(), announced: ago(90) });
    });
    let identity = record.bound.as_ref().unwrap().identity.clone();
    let tombstone: Record = record.tombstone(now());
    assert_eq!((tombstone.password, tombstone.intent), (clusterwright::plan::PasswordState::default(), None));
    assert_eq!((tombstone.filed, tombstone.ended), (true, Some(ago(90))));
    assert_eq!(tombstone.bound.unwrap().identity, identity);
    assert_eq!(super::fixture::record(ID).tombstone(now()).ended, Some(now()));
}

/// A look is newer than the list: whether the cluster has another id since, or many others are missing as well, only the
/// next list tells.
#[rstest]
#[case::is_not_gone(running().looked(None), "", "")]
#[case::is_not_created_again(recreating(running().looked(None)), "", "")]
#[case::is_not_forgotten_when_it_is_to_be_destroyed(running().looked(None).destroys().finalized().deleting(), "", "Deleting")]
fn what_the_list_still_shows(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says), "{}", scene.message());
    assert!(scene.plan().look_again.is_some_and(|again| again <= std::time::Duration::from_secs(30)));
}
