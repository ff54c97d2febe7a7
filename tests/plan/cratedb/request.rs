//! What a manifest without a cluster leads to: what is missing is looked up, created, announced, or said.

use std::time::Duration;

use clusterwright::api::account::Permission;
use clusterwright::api::cratedb::{Channel, CrateDBClusterSpec, DiskType, FREE_SUBSCRIPTION, ProjectSpec, StorageSpec};
use clusterwright::api::identity::Handle;
use clusterwright::api::secret::Password;
use clusterwright::cloud::cratedb::catalogue::Catalogue;
use clusterwright::cloud::cratedb::change::Change;
use clusterwright::cloud::cratedb::change::NewDatabase;
use clusterwright::cloud::operation::Found;
use clusterwright::plan::{Catalogued, Given, Permits, RefusalKind, Stake, TroubleKind};
use rstest::rstest;

use super::fixture::*;
use super::kinds::{CloudWrite, Step};

/// The manifest names this project.
fn project_is(id: Option<&str>, name: Option<&str>, region: Option<&str>) -> Scene {
    let text = |word: Option<&str>| word.map(str::to_owned);
    let project = ProjectSpec { id: text(id), name: text(name), region: text(region) };
    ready_to_create().spec(|spec| spec.project = Some(project))
}

fn spec(change: impl FnOnce(&mut CrateDBClusterSpec)) -> Scene {
    ready_to_create().spec(change)
}

fn offering(change: impl FnOnce(&mut Catalogue)) -> Scene {
    ready_to_create().offering(change)
}

fn surveyed(seconds: i64) -> Scene {
    ready_to_create().with(|facts| {
        let mut read = facts.catalogue.as_deref().unwrap().clone();
        read.at = ago(seconds);
        facts.catalogue = Some(read.into());
    })
}

fn project_of_others(stake: Stake) -> Scene {
    offering(|there| there.projects.clear()).rivalled(rival(Handle::Project("shop".to_owned()), stake))
}

/// What the organization has not may have come meanwhile.
#[rstest]
#[case::just_read(surveyed(29), "", "InvalidSpec")]
#[case::read_half_a_minute_ago(surveyed(30), "survey", "")]
#[case::read_before_the_last_reason_to_try_again(begun(surveyed(5), 4), "survey", "")]
#[case::read_after_it(begun(surveyed(5), 6), "", "InvalidSpec")]
fn a_catalogue_that_lacks_something(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    let scene = scene.spec(|spec| spec.subscription_id = Some("sub-9".to_owned()));
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
}

fn begun(scene: Scene, seconds: i64) -> Scene {
    scene.with(|facts| facts.attempts.begun = Some(ago(seconds)))
}

#[rstest]
#[case::with_everything_at_hand(ready_to_create(), "deploy orders", "Creating")]
#[case::without_a_product(spec(|spec| spec.product = None), "", "InvalidSpec")]
#[case::without_a_project(spec(|spec| spec.project = None), "", "InvalidSpec")]
#[case::before_the_cloud_was_asked_what_there_is(
    ready_to_create().with(|facts| facts.catalogue = None), "survey", ""
)]
#[case::with_news_from_almost_ten_minutes_ago(surveyed(599), "deploy orders", "Creating")]
#[case::with_news_from_ten_minutes_ago(surveyed(600), "survey", "")]
#[case::under_a_name_of_its_own(spec(|spec| spec.cluster_name = Some("sales".to_owned())), "deploy sales", "Creating")]
#[case::in_a_project_by_its_id(project_is(Some("p-shop"), None, None), "deploy orders", "Creating")]
#[case::in_a_project_by_an_unknown_id(project_is(Some("p-none"), None, None), "", "InvalidSpec")]
#[case::in_a_project_that_is_in_another_region(project_is(None, Some("shop"), Some(THERE)), "", "InvalidSpec")]
#[case::in_a_project_that_there_is_not(project_is(None, Some("sales"), Some(THERE)), "change project", "Creating")]
#[case::in_a_project_in_a_region_that_there_is_not(
    project_is(None, Some("sales"), Some("eks9.nowhere")),
    "",
    "InvalidSpec"
)]
#[case::in_a_project_without_a_region(project_is(None, Some("shop"), None), "", "InvalidSpec")]
#[case::in_a_project_that_there_is_twice(
    offering(|there| there.projects.push(project("p-shop-2", "shop", HERE))), "", "InvalidSpec"
)]
#[case::in_a_project_with_a_namesake_elsewhere(
    offering(|there| there.projects.insert(0, project("p-shop-2", "shop", THERE))), "deploy orders", "Creating"
)]
#[case::in_a_project_that_another_manifest_is_creating(project_of_others(Stake::Creates), "", "Creating")]
#[case::in_a_project_whose_region_the_cloud_does_not_tell(
    project_is(Some("p-shop"), None, None).offering(|there| {
        there.projects[0].region = None;
        there.products[0].region = Some(HERE.to_owned());
    }),
    "deploy orders", "Creating"
)]
#[case::on_a_subscription_that_is_active(spec(|spec| spec.subscription_id = Some("sub-1".to_owned())), "deploy orders", "Creating")]
#[case::on_a_subscription_that_there_is_not(spec(|spec| spec.subscription_id = Some("sub-9".to_owned())), "", "InvalidSpec")]
#[case::on_a_subscription_that_is_not_active(
    offering(|there| there.subscriptions.push(subscription("sub-2", false, "stripe")))
        .spec(|spec| spec.subscription_id = Some("sub-2".to_owned())),
    "", "InvalidSpec"
)]
#[case::on_the_only_active_subscription(
    offering(|there| there.subscriptions.insert(0, subscription("sub-2", false, "stripe"))), "deploy orders", "Creating"
)]
#[case::on_one_of_several_subscriptions(
    offering(|there| there.subscriptions.push(subscription("sub-2", true, "azure"))), "", "SubscriptionAmbiguous"
)]
#[case::on_one_of_several_subscriptions_that_is_named(
    offering(|there| there.subscriptions.push(subscription("sub-2", true, "azure")))
        .spec(|spec| spec.subscription_id = Some("sub-2".to_owned())),
    "deploy orders", "Creating"
)]
#[case::on_no_subscription(offering(|there| there.subscriptions.clear()), "", "InvalidSpec")]
#[case::for_free_on_no_subscription(
    offering(|there| there.subscriptions.clear()).spec(|spec| spec.product.as_mut().unwrap().name = "crfree".to_owned()),
    "deploy orders", "Creating"
)]
#[case::of_a_product_that_there_is_not(
    spec(|spec| spec.product.as_mut().unwrap().name = "cr9".to_owned()), "", "InvalidSpec"
)]
#[case::of_a_tier_that_there_is_not(
    spec(|spec| spec.product.as_mut().unwrap().tier = Some("gold".to_owned())), "", "InvalidSpec"
)]
#[case::of_a_product_that_the_region_has_not(
    offering(|there| there.products[0].region = Some(THERE.to_owned())), "", "InvalidSpec"
)]
#[case::of_a_product_of_the_region(
    offering(|there| there.products[0].region = Some(HERE.to_owned())), "deploy orders", "Creating"
)]
#[case::of_as_many_nodes_as_can_be(spec(|spec| spec.nodes = Some(9)), "deploy orders", "Creating")]
#[case::of_more_nodes_than_can_be(spec(|spec| spec.nodes = Some(10)), "", "InvalidSpec")]
#[case::of_any_number_of_nodes_where_the_cloud_names_none(
    offering(|there| there.products[0].scaling.clear()).spec(|spec| spec.nodes = Some(10)), "deploy orders", "Creating"
)]
#[case::with_the_smallest_disks(spec(|spec| spec.storage = Some(disks(32))), "deploy orders", "Creating")]
#[case::with_disks_that_are_too_small(spec(|spec| spec.storage = Some(disks(31))), "", "InvalidSpec")]
#[case::with_the_largest_disks(spec(|spec| spec.storage = Some(disks(8192))), "deploy orders", "Creating")]
#[case::with_disks_that_are_too_large(spec(|spec| spec.storage = Some(disks(8193))), "", "InvalidSpec")]
#[case::of_a_channel_without_versions(
    offering(|there| there.nightly.read.clear()).spec(|spec| spec.channel = Some(Channel::Nightly)), "", "InvalidSpec"
)]
#[case::of_a_channel_with_a_version_that_cannot_be_read(
    offering(|there| there.stable.unread.push("no text".to_owned())), "", "InvalidSpec"
)]
#[case::of_a_version_by_name_amid_one_that_cannot_be_read(
    offering(|there| there.stable.unread.push("no text".to_owned())).spec(|spec| spec.version = Some("5.7.1".to_owned())),
    "deploy orders", "Creating"
)]
#[case::of_a_channel_beside_one_that_cannot_be_read(
    offering(|there| there.nightly.unread.push("no text".to_owned())), "deploy orders", "Creating"
)]
#[case::of_a_version_that_the_cloud_will_judge(spec(|spec| spec.version = Some("4.0.0".to_owned())), "deploy orders", "Creating")]
#[case::paused(ready_to_create().paused(), "", "Paused")]
#[case::whose_project_is_missing_paused(project_is(None, Some("sales"), Some(THERE)).paused(), "", "Paused")]
#[case::while_the_cloud_is_down(ready_to_create().standing(unavailable()), "", "CloudUnavailable")]
fn a_new_manifest(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says), "{}", scene.message());
}

fn missing() -> Given {
    Given::Missing("Secret pw is missing.".to_owned())
}

/// The password of a create stands in the record before anything is sent.
#[rstest]
#[case::is_generated(scene(), "announce a new one", "")]
#[case::is_the_one_that_is_given(scene().wanting(given(FIRST)), "announce first-password-of-24-chars", "")]
#[case::has_the_least_length(scene().wanting(given(&"x".repeat(24))), "announce xxxxxxxxxxxxxxxxxxxxxxxx", "")]
#[case::is_too_short(scene().wanting(given(&"x".repeat(23))), "", "PasswordMissing")]
#[case::is_too_long(scene().wanting(given(&"x".repeat(129))), "", "PasswordMissing")]
#[case::is_long_enough_in_characters(scene().wanting(given(&"ä".repeat(23))), "", "PasswordMissing")]
#[case::is_missing_since_a_short_while(scene().wanting(missing()).edited(299), "", "WaitingForPassword")]
#[case::is_missing_for_long(scene().wanting(missing()).edited(300), "", "PasswordMissing")]
#[case::is_missing_though_another_was_announced(ready_to_create().wanting(missing()), "", "PasswordMissing")]
#[case::was_announced(ready_to_create().wanting(given(FIRST)), "deploy orders", "Creating")]
#[case::was_edited_since(ready_to_create().wanting(given(SECOND)), "announce second-password-of-24-chars", "")]
#[case::is_no_longer_given(ready_to_create(), "deploy orders", "Creating")]
#[case::comes_after_everything_that_is_wrong(scene().spec(|spec| spec.nodes = Some(10)), "", "InvalidSpec")]
#[case::comes_after_the_project(scene().offering(|there| there.projects.clear()), "change project", "Creating")]
#[case::is_not_made_while_paused(scene().paused(), "", "Paused")]
fn the_first_password(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says), "{}", scene.message());
}

#[rstest]
#[case::what_is_missing(spec(|spec| { spec.product = None; spec.project = None; }), "product, project")]
#[case::the_subscriptions_that_there_are(
    offering(|there| there.subscriptions.push(subscription("sub-2", true, "azure"))), "sub-1, sub-2"
)]
#[case::the_field_that_names_a_subscription(spec(|spec| spec.subscription_id = Some("sub-9".to_owned())), "spec.subscriptionId; active are: sub-1")]
#[case::the_free_product(offering(|there| there.subscriptions.clear()), "crfree")]
#[case::the_regions_that_there_are(project_is(None, Some("sales"), Some("eks9.nowhere")), HERE)]
#[case::where_the_project_is(project_is(None, Some("shop"), Some(THERE)), HERE)]
#[case::the_ids_of_namesakes(offering(|there| there.projects.push(project("p-shop-2", "shop", HERE))), "p-shop, p-shop-2")]
#[case::the_products_that_there_are(
    spec(|spec| spec.product.as_mut().unwrap().name = "cr9".to_owned()), "cr1 (default), cr2 (default), crfree (default), s2 (default)"
)]
#[case::the_possible_numbers_of_nodes(spec(|spec| spec.nodes = Some(10)), "possible are: 1, 2, 3, 4, 5, 6, 7, 8, 9")]
#[case::the_possible_sizes(spec(|spec| spec.storage = Some(disks(31))), "32 to 8192 GiB per node, not 31")]
#[case::the_length_of_a_password(scene().wanting(given("short")), "has 5 characters, and the cloud takes 24 to 128")]
#[case::who_creates_the_project(project_of_others(Stake::Creates), "for other in namespace shop")]
fn a_message_names(#[case] scene: Scene, #[case] part: &str) {
    assert!(scene.message().contains(part), "{}", scene.message());
}

fn sent(scene: &Scene) -> NewDatabase {
    let Some(Step::Cloud(CloudWrite::Deploy { request, again: false })) = scene.plan().next else {
        panic!("{:?}", scene.plan());
    };
    request
}

#[test]
fn what_is_sent_is_what_is_written_and_otherwise_chosen_by_the_cloud() {
    assert_eq!(sent(&ready_to_create()), request(NAME));
    let sent = sent(&spec(|spec| {
        spec.project = Some(ProjectSpec { id: Some("p-shop".to_owned()), ..ProjectSpec::default() });
        spec.nodes = Some(3);
        spec.channel = Some(Channel::Testing);
        spec.username = Some("shop".to_owned());
        spec.storage = Some(StorageSpec { size_per_node_gib: Some(64), disk_type: Some(DiskType::Premium) });
    }));
    let NewDatabase { provision: sent, .. } = sent;
    let cluster = sent.cluster;
    let disks = cluster.hardware_specs.unwrap();
    assert_eq!(
        (cluster.product_unit, cluster.channel.as_str(), cluster.crate_version.as_str()),
        (2, "testing", "5.9.0")
    );
    assert_eq!((disks.disk_size_per_node_bytes, disks.disk_type.as_deref()), (Some(64 * GIB), Some("premium")));
    assert_eq!((cluster.username.as_str(), sent.project_id.as_str()), ("shop", "p-shop"));
}

#[rstest]
#[case::omitted_it_is_the_newest_of_the_channel(None, None, "5.8.3")]
#[case::omitted_it_is_the_newest_nightly(Some(Channel::Nightly), None, "nightly-6.0.0")]
#[case::written_it_is_that(None, Some("5.7.1"), "5.7.1")]
fn the_version(#[case] channel: Option<Channel>, #[case] version: Option<&str>, #[case] expected: &str) {
    let scene = spec(|spec| {
        spec.channel = channel;
        spec.version = version.map(str::to_owned);
    });
    assert_eq!(sent(&scene).provision.cluster.crate_version, expected);
}

/// Whoever may only create through a shared account is not told by what others pay.
#[rstest]
#[case::several(offering(|there| there.subscriptions.push(subscription("sub-2", true, "azure"))))]
#[case::another(spec(|spec| spec.subscription_id = Some("sub-9".to_owned())))]
fn what_others_have_is_told_to_those_who_may_adopt_it(#[case] scene: Scene) {
    assert!(scene.message().contains("sub-1"), "{}", scene.message());
    let tenant = scene.with(|facts| facts.account.permits = Permits::of(&[Permission::Create]));
    assert!(
        tenant.message().contains("spec.subscriptionId") && !tenant.message().contains("sub-1"),
        "{}",
        tenant.message()
    );
}

#[test]
fn what_costs_nothing_is_paid_by_the_free_subscription() {
    let several = offering(|there| there.subscriptions.push(subscription("sub-2", true, "azure")));
    let free = several.spec(|spec| spec.product.as_mut().unwrap().name = "crfree".to_owned());
    assert_eq!(sent(&free).provision.subscription_id, FREE_SUBSCRIPTION);
}

#[test]
fn a_project_is_created_as_it_is_written() {
    let Some(Step::Cloud(CloudWrite::Change(change))) = project_is(None, Some("sales"), Some(THERE)).plan().next else {
        panic!("no change");
    };
    assert_eq!(change, Change::CreateProject { name: "sales".to_owned(), region: THERE.to_owned() });
}

#[test]
fn a_project_that_another_manifest_creates_is_looked_for_soon() {
    assert_eq!(project_of_others(Stake::Creates).plan().look_again, Some(Duration::from_secs(5)));
}

#[rstest]
#[case::lately(RefusalKind::Refused, 60, "", "ChangeRefused")]
#[case::for_want_of_access(RefusalKind::Forbidden, 60, "", "CredentialsInsufficient")]
#[case::an_hour_ago(RefusalKind::Refused, 3600, "change project", "Creating")]
fn a_project_that_was_refused(#[case] kind: RefusalKind, #[case] seconds: i64, #[case] does: &str, #[case] says: &str) {
    let change = Change::CreateProject { name: "shop".to_owned(), region: HERE.to_owned() };
    let scene = offering(|there| there.projects.clear()).refused(&CloudWrite::Change(change), kind, seconds);
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
}

/// Whether a project came into being is not known.
fn creating_project(seconds: i64) -> Scene {
    let change = Change::CreateProject { name: "shop".to_owned(), region: HERE.to_owned() };
    ready_to_create().record(|record| record.intent = Some(changing(change, seconds, None)))
}

#[rstest]
#[case::that_the_cloud_shows(creating_project(95), "settle change", "")]
#[case::that_the_cloud_showed_before(creating_project(10), "survey", "OutcomeUnknown")]
#[case::is_looked_for(creating_project(95).offering(|there| there.projects.clear()), "survey", "OutcomeUnknown")]
#[case::was_just_looked_for(
    creating_project(95).with(|facts| {
        let catalogue = Catalogue { projects: Vec::new(), ..catalogue() };
        facts.catalogue = Some(Catalogued { at: ago(9), catalogue }.into());
    }),
    "",
    "OutcomeUnknown"
)]
#[case::is_over_when_it_can_take_effect_no_more(creating_project(96), "settle change, without effect", "")]
fn a_project_whose_outcome_is_not_known(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
    assert!(!does.is_empty() || scene.plan().look_again.is_some());
}

/// The list, or a look, shows whose cluster has the name.
#[rstest]
#[case::listed_and_seen(
    ready_to_create().listed([cluster(NAME)]).looked_at(by_name(NAME), KEY, 3600, Found::just(Some(cluster(NAME)))),
    "NameTaken", "spec.externalId: id-orders"
)]
#[case::seen_with_the_field_to_change(
    ready_to_create().looked_for_name(Some(cluster(NAME))), "NameTaken", "spec.clusterName"
)]
#[case::listed_and_seen_by_others_alone(
    ready_to_create().listed([cluster(NAME)]).looked_at(by_name(NAME), KEY, 60, taken()),
    "NameTaken", "by a cluster that these credentials do not see"
)]
#[case::seen_by_a_look(ready_to_create().looked_for_name(Some(cluster(NAME))), "NameTaken", "spec.externalId: id-orders")]
#[case::taken_by_somebody_unseen(
    ready_to_create().looked_at(by_name(NAME), KEY, 1, taken()), "NameTaken", "spec.clusterName"
)]
#[case::taken_by_somebody_unseen_even_after_another_list(
    ready_to_create().looked_at(by_name(NAME), KEY, 60, taken()), "NameTaken", "spec.clusterName"
)]
#[case::being_created_by_another(
    ready_to_create().rivalled(rival(by_name(NAME), Stake::Creates)), "ClaimedByAnother", "is creating"
)]
#[case::claimed_by_another(
    ready_to_create().rivalled(rival(by_name(NAME), Stake::Claims(cluster(NAME).dc.created))), "ClaimedByAnother", "manages"
)]
fn a_name_that_is(#[case] scene: Scene, #[case] says: &str, #[case] part: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), ("", says));
    assert!(scene.message().contains(part), "{}", scene.message());
}

/// There is no such cluster here, and the name is in use all the same.
fn taken() -> Found<clusterwright::cloud::cratedb::wire::Cluster> {
    Found { cluster: None, taken: true, operations: Vec::new() }
}

#[test]
fn a_name_that_was_taken_elsewhere_is_asked_for_again_in_time() {
    assert_eq!(ready_to_create().looked_at(by_name(NAME), KEY, 600, taken()).does(), "deploy orders");
    assert_eq!(ready_to_create().looked_at(by_name("sales"), KEY, 1, taken()).does(), "deploy orders");
}

/// The cloud refused the scenes' create a minute ago.
fn refused_create() -> Scene {
    let write = CloudWrite::Deploy { request: request(NAME), again: false };
    ready_to_create().refused(&write, RefusalKind::Refused, 60)
}

#[rstest]
#[case::is_not_repeated(refused_create(), "", "ChangeRefused")]
#[case::is_repeated_after_an_edit(refused_create().spec(|spec| spec.nodes = Some(2)), "deploy orders", "Creating")]
#[case::is_not_repeated_after_an_edit_of_something_else(
    refused_create().spec(|spec| spec.allowed_cidrs = Some(networks(&["10.0.0.0/8"]))), "", "ChangeRefused"
)]
#[case::is_repeated_when_the_cloud_offers_a_newer_version(
    refused_create().offering(|there| there.stable.read[0].version = "5.8.4".to_owned()), "deploy orders", "Creating"
)]
#[case::is_repeated_with_another_password(
    refused_create().record(|record| record.announce_password(Password::new(SECOND))).wanting(given(SECOND)),
    "deploy orders", "Creating"
)]
#[case::is_repeated_with_another_credential(refused_create().reaching(location(), "key-2"), "deploy orders", "Creating")]
fn a_refused_create(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says));
}

/// Something was wrong once, and what the cloud offers is to be read again.
fn held_and_unread() -> Scene {
    let held = ready_to_create().offering(|there| there.subscriptions.clear()).reporting();
    assert_eq!(held.says(), "InvalidSpec");
    held.with(|facts| facts.catalogue = None)
}

#[rstest]
#[case::well(held_and_unread(), "")]
#[case::not_at_once(held_and_unread().troubled(TroubleKind::Unavailable, 29), "")]
#[case::not_for_a_while(held_and_unread().troubled(TroubleKind::Unavailable, 30), "CloudUnavailable")]
#[case::not_while_the_cloud_is_away(held_and_unread().standing(unavailable()), "CloudUnavailable")]
#[case::not_with_these_credentials(held_and_unread().troubled(TroubleKind::Forbidden, 5), "CredentialsInsufficient")]
fn what_was_wrong_once_is_not_said_for_ever_where_the_cloud_can_be_read(#[case] scene: Scene, #[case] says: &str) {
    assert_eq!(scene.says(), says);
}

#[test]
fn a_request_by_annotation_reads_what_the_cloud_offers_again() {
    let held = ready_to_create().offering(|there| there.subscriptions.clear());
    assert_eq!((held.does().as_str(), held.says().as_str()), ("", "InvalidSpec"));
    assert_eq!(held.attempts(|attempts| attempts.begun = Some(ago(5))).does(), "survey");
}
