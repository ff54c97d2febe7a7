//! A version is asked for only where the cloud offers it, and what it offers is asked now and then.

use clusterwright::plan::AccountStanding;
use rstest::rstest;

use super::super::scene::unavailable;
use super::fixture::*;

fn wanting(version: &str) -> Scene {
    settled().spec(|spec| spec.version = Some(version.to_owned()))
}

fn offered(version: &str, seconds: i64) -> Scene {
    wanting(version).answered(upgrades(), offers(&["5.9.0", "5.9.1"]), seconds)
}

#[rstest]
#[case::a_leap("6.0.0", "The cloud does not offer to upgrade version 5.8.3 to 6.0.0.")]
#[case::one_of_another_channel("5.11.0", "The cloud does not offer to upgrade version 5.8.3 to 5.11.0.")]
#[case::a_downgrade("5.7.1", "The database runs version 5.8.3, and is not downgraded to 5.7.1.")]
fn a_version_that_is_not_offered(#[case] version: &str, #[case] why: &str) {
    let scene = offered(version, 5);
    assert_eq!((scene.does(), scene.says().as_str()), (String::new(), "ChangeRefused: version"));
    assert!(scene.message().starts_with(why), "{}", scene.message());
    assert!(scene.message().contains("or to one that the cloud offers: it offers 5.9.0, 5.9.1"), "{}", scene.message());
    assert!(scene.pending()[0].contains(why), "{:?}", scene.pending());
    assert_eq!(scene.spec(|spec| spec.nodes = Some(3)).does(), "change nodes", "it keeps nothing else from being done");
}

#[test]
fn where_nothing_is_offered_that_is_said() {
    let scene = wanting("6.0.0").answered(upgrades(), offers(&[]), 5);
    assert!(scene.message().contains("it offers no other at present"), "{}", scene.message());
}

const ASK: &str = r#"ask Upgrades { cluster: ClusterId("id-orders"), from: "5.8.3" }"#;

#[rstest]
#[case::that_was_never_asked(wanting("5.9.0"), ASK)]
#[case::that_is_an_hour_old(offered("6.0.0", 3600), ASK)]
#[case::that_is_not_that_old(offered("6.0.0", 3599), "")]
#[case::that_came_before_an_edit(offered("6.0.0", 20).attempts(|attempts| attempts.begun = Some(ago(10))), ASK)]
#[case::about_a_version_that_it_had_before(
    offered("5.10.0", 5).listed([cluster_but(|there| there.crate_version = Some("5.9.0".to_owned()))]),
    &ASK.replace("5.8.3", "5.9.0")
)]
#[case::while_it_sleeps(wanting("5.9.0").wants(clusterwright::api::shared::Power::Suspended).listed([suspended()]), "")]
#[case::when_the_cloud_does_not_answer(wanting("5.9.0").standing(unavailable()), "")]
#[case::when_it_only_observes(wanting("5.9.0").only_observed(), "")]
#[case::while_it_is_paused(wanting("5.9.0").paused(), ASK)]
fn an_offer(#[case] scene: Scene, #[case] does: &str) {
    assert_eq!(scene.does(), does);
    let quiet = scene.facts.account.standing == AccountStanding::Connected && !does.is_empty();
    assert!(
        !quiet || scene.says().is_empty(),
        "a manifest that is held does not seem to be worked at: {}",
        scene.says()
    );
}
