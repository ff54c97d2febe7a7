//! Promise 3 where a cloud protects clusters itself, and where the end of one can end the subscription of many.

use std::sync::Arc;

use clusterwright::api::account::Permission;
use clusterwright::api::annotation::CONFIRM_SUBSCRIPTION_CANCELLATION;
use clusterwright::cloud::cratedb::change::Change;
use clusterwright::cloud::cratedb::wire::{Cluster, OperationKind};
use clusterwright::cloud::operation::Found;
use clusterwright::plan::{Permits, RefusalKind, Stake};
use rstest::rstest;

use super::fixture::*;
use super::kinds::{CloudWrite, Intent};

/// A destroy was announced so many seconds ago.
fn asked_to_go(seconds: i64) -> Scene {
    let intent = Intent::Destroy { attempt: "0123456789abcdef".to_owned(), announced: ago(seconds) };
    ending().record(|record| record.intent = Some(intent))
}

#[rstest]
#[case::is_destroyed(ending(), "destroy id-orders", "Deleting")]
#[case::is_destroyed_with_edits_pending(ending().spec(|spec| spec.nodes = Some(3)), "destroy id-orders", "Deleting")]
#[case::is_destroyed_without_a_valid_spec(ending().spec(|spec| spec.product = None), "destroy id-orders", "Deleting")]
#[case::is_destroyed_while_suspended(ending().listed([suspended()]), "destroy id-orders", "Deleting")]
#[case::is_destroyed_and_not_its_namesake(
    ending().listed([Cluster { id: id("twin"), ..cluster_aged(NAME, 60) }, cluster(NAME)]), "destroy id-orders", "Deleting"
)]
#[case::is_not_destroyed_while_something_is_done_to_it(
    ending().listed([busy(OperationKind::Scale)]), "look id-orders", "WaitingForOperation"
)]
#[case::is_not_destroyed_while_paused(ending().paused(), "", "Paused")]
#[case::was_asked_to_go_just_now(asked_to_go(29), "", "Deleting")]
#[case::was_asked_to_go_and_is_asked_again(asked_to_go(31), "destroy id-orders", "Deleting")]
#[case::was_asked_to_go_a_minute_after_its_deletion(asked_to_go(59).deleted(119), "", "Deleting")]
#[case::was_asked_to_go_a_minute_after_its_deletion_and_is_asked_again(
    asked_to_go(61).deleted(121), "destroy id-orders", "Deleting"
)]
#[case::was_asked_to_go_long_after_its_deletion(asked_to_go(299).deleted(90_000), "", "Deleting")]
#[case::was_asked_to_go_long_after_its_deletion_and_is_asked_again(
    asked_to_go(300).deleted(90_000), "destroy id-orders", "Deleting"
)]
#[case::is_looked_for(ending().listed([]), "look id-orders", "Deleting")]
#[case::is_proved_gone(ending().listed([]).looked(None, []), "drop", "")]
#[case::is_proved_gone_though_another_has_its_name(
    ending().listed([Cluster { id: id("twin"), ..cluster_aged(NAME, 60) }]).looked(None, []), "drop", ""
)]
#[case::is_not_proved_gone_by_a_stale_look(
    ending().listed([]).looked_at(by_id(NAME), KEY, 11, Found::just(None)), "look id-orders", "Deleting"
)]
#[case::is_not_proved_gone_by_another_credential(
    ending().listed([]).reaching(location(), "key-2").looked_at(by_id(NAME), "key-2", 1, Found::just(None)),
    "", "CredentialsInsufficient"
)]
#[case::is_another_manifests_now(
    ending().rivalled(rival(by_id(NAME), Stake::Claims(cluster(NAME).dc.created))), "remove finalizer", ""
)]
#[case::stays_under_retain(running().finalized().deleting(), "remove finalizer", "")]
#[case::was_only_prepared_for(ready_to_create().destroys().finalized().deleting(), "drop", "")]
#[case::was_never_there(scene().destroys().finalized().deleting(), "remove finalizer", "")]
#[case::is_in_another_organization(ending().moved(), "", "LocationChanged")]
fn under_delete_a_cluster(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says), "{}", scene.message());
}

/// The cloud protects the cluster from deletion.
fn protected() -> Scene {
    ending().listed([cluster_but(|cluster| cluster.deletion_protected = Some(true))])
}

fn says(scene: Scene, protection: Option<bool>) -> Scene {
    scene.common(|common| common.deletion_protection = protection)
}

/// The record says that the protection is ours.
fn ours(scene: Scene) -> Scene {
    scene.record(|record| record.bound.as_mut().unwrap().applied.protected = true)
}

const LIFT: Change = Change::DeletionProtection(false);

#[rstest]
#[case::by_the_manifest(says(ending(), Some(true)), "", "DeletionProtected")]
#[case::by_both(says(protected(), Some(true)), "", "DeletionProtected")]
#[case::by_both_and_it_is_ours(ours(says(protected(), Some(true))), "", "DeletionProtected")]
#[case::by_somebody_else(protected(), "", "DeletionProtected")]
#[case::by_us(ours(protected()), "change deletionProtection", "Deleting")]
#[case::against_what_the_manifest_says(says(protected(), Some(false)), "change deletionProtection", "Deleting")]
#[case::no_more(says(ending(), Some(false)), "destroy id-orders", "Deleting")]
#[case::no_more_by_us(ours(ending()), "destroy id-orders", "Deleting")]
#[case::and_the_cloud_refuses_to_lift_it(
    ours(protected()).refused(&CloudWrite::Change(LIFT), RefusalKind::Refused, 60), "", "ChangeRefused"
)]
#[case::and_something_is_done_to_it(
    ours(protected()).listed([cluster_but(|cluster| {
        cluster.deletion_protected = Some(true);
        cluster.health.running_operation = Some(OperationKind::Scale);
    })]),
    "look id-orders", "WaitingForOperation"
)]
#[case::and_is_being_lifted(
    ours(protected()).record(|record| record.intent = Some(changing(LIFT, 20, None))), "look id-orders", "Updating"
)]
#[case::and_was_lifted(
    ours(protected()).record(|record| record.intent = Some(changing(LIFT, 20, None))).looked(Some(cluster(NAME)), []),
    "settle change", ""
)]
fn a_cluster_is_protected(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says), "{}", scene.message());
}

/// Another cluster is paid by the same subscription, of this provider, by a list that was read after the deletion.
fn shared(provider: &str) -> Scene {
    ending()
        .listed([cluster(NAME), cluster("sales")])
        .deleted(10)
        .offering(|there| there.subscriptions = vec![subscription("sub-1", true, provider)])
}

/// Nobody else is seen on the marketplace's subscription, by credentials from which other projects are hidden.
fn alone_as_far_as_is_seen() -> Scene {
    shared("azure")
        .offering(|there| {
            there.subscriptions = vec![subscription("sub-1", true, "azure")];
            there.administered = false;
        })
        .listed([cluster(NAME)])
}

fn on(subscription: Option<&str>) -> impl Fn(&str) -> Cluster {
    move |name| Cluster { subscription_id: subscription.map(str::to_owned), ..cluster(name) }
}

fn unread(scene: Scene) -> Scene {
    scene.with(|facts| facts.catalogue = None)
}

#[rstest]
#[case::of_a_marketplace_that_others_share(shared("azure"), "", "DeletionWouldCancelSubscription")]
#[case::of_another_marketplace(shared("aws"), "", "DeletionWouldCancelSubscription")]
#[case::of_nobody_knows_whom(
    shared("azure").offering(|there| there.subscriptions[0].provider = None), "", "DeletionWouldCancelSubscription"
)]
#[case::that_nobody_knows(
    shared("azure").offering(|there| there.subscriptions.clear()), "", "DeletionWouldCancelSubscription"
)]
#[case::of_a_marketplace_all_alone(
    shared("azure").listed([cluster(NAME), on(Some("sub-2"))("sales")]), "destroy id-orders", "Deleting"
)]
#[case::of_a_marketplace_with_others_by_a_list_from_before(shared("azure").deleted(9), "look id-orders", "Deleting")]
#[case::of_a_marketplace_all_alone_by_a_list_from_before(
    shared("azure").listed([cluster(NAME)]).deleted(9), "look id-orders", "Deleting"
)]
#[case::of_a_marketplace_all_alone_while_the_list_is_read(
    shared("azure").deleted(9).looked(Some(cluster(NAME)), []), "", "Deleting"
)]
#[case::of_the_vendor_itself_by_a_list_from_before(shared("stripe").deleted(9), "destroy id-orders", "Deleting")]
#[case::of_a_marketplace_with_a_word_of_the_vendors(shared("aws-contract"), "", "DeletionWouldCancelSubscription")]
#[case::of_the_vendor_itself(shared("stripe"), "destroy id-orders", "Deleting")]
#[case::of_the_vendor_itself_in_other_letters(shared("Stripe"), "destroy id-orders", "Deleting")]
#[case::that_costs_nothing(
    shared("azure").listed([on(Some("free_tier"))(NAME), on(Some("free_tier"))("sales")]), "destroy id-orders", "Deleting"
)]
#[case::that_is_not_told(shared("azure").listed([on(None)(NAME), on(None)("sales")]), "destroy id-orders", "Deleting")]
#[case::whose_end_is_confirmed(
    shared("azure").annotated(CONFIRM_SUBSCRIPTION_CANCELLATION, "sub-1"), "destroy id-orders", "Deleting"
)]
#[case::and_the_end_of_another_is_confirmed(
    shared("azure").annotated(CONFIRM_SUBSCRIPTION_CANCELLATION, "sub-2"), "", "DeletionWouldCancelSubscription"
)]
#[case::of_which_nothing_was_read(unread(shared("azure")), "survey", "")]
#[case::of_which_nothing_was_read_lately(
    shared("stripe").with(|facts| Arc::make_mut(facts.catalogue.as_mut().unwrap()).at = ago(600)), "survey", ""
)]
#[case::of_which_nothing_was_read_all_alone(unread(shared("azure")).listed([cluster(NAME)]), "survey", "")]
#[case::of_a_marketplace_all_alone_as_far_as_is_seen(alone_as_far_as_is_seen(), "", "DeletionWouldCancelSubscription")]
#[case::of_a_marketplace_all_alone_as_far_as_is_seen_confirmed(
    alone_as_far_as_is_seen().annotated(CONFIRM_SUBSCRIPTION_CANCELLATION, "sub-1"), "destroy id-orders", "Deleting"
)]
#[case::of_the_vendor_itself_by_one_who_does_not_see_all(
    shared("stripe").with(|facts| Arc::make_mut(facts.catalogue.as_mut().unwrap()).catalogue.administered = false),
    "destroy id-orders", "Deleting"
)]
#[case::of_which_nothing_was_read_confirmed(
    unread(shared("azure")).annotated(CONFIRM_SUBSCRIPTION_CANCELLATION, "sub-1"), "destroy id-orders", "Deleting"
)]
#[case::and_nobody_knows_what_else_it_pays(
    shared("azure").with(|facts| facts.inventory = None).looked(Some(cluster(NAME)), []), "", "Deleting"
)]
fn a_cluster_is_on_a_subscription(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    assert_eq!((scene.does().as_str(), scene.says().as_str()), (does, says), "{}", scene.message());
    let protected = scene
        .with(|facts| facts.look = None)
        .listed([cluster_but(|cluster| cluster.deletion_protected = Some(true)), cluster("sales")]);
    assert!(!protected.does().starts_with("destroy") && protected.does() != "change deletionProtection");
}

#[rstest]
#[case::a_protection_of_somebody_else(protected(), "spec.deletionProtection: false")]
#[case::a_protection_by_the_manifest(says(ending(), Some(true)), "spec.deletionProtection is true")]
#[case::a_subscription_that_others_share(shared("azure"), "clusterwright.dev/confirm-subscription-cancellation: sub-1")]
#[case::who_shares_it(shared("azure"), "which also pays sales")]
#[case::a_subscription_that_others_may_share(
    alone_as_far_as_is_seen(),
    "clusterwright.dev/confirm-subscription-cancellation: sub-1"
)]
#[case::whom_nobody_sees(alone_as_far_as_is_seen(), "may also pay clusters that the account's credentials do not see")]
#[case::what_the_cloud_refused(
    ending().refused(&CloudWrite::Destroy(record(NAME).bound.unwrap().identity), RefusalKind::Refused, 60), "not with us"
)]
#[case::a_lift_that_the_cloud_refused(
    ours(protected()).refused(&CloudWrite::Change(LIFT), RefusalKind::Refused, 60), "not with us"
)]
fn every_hold_names_its_ways_out(#[case] scene: Scene, #[case] part: &str) {
    assert_eq!(scene.does(), "");
    assert!(scene.message().contains(part), "{}", scene.message());
    assert!(scene.message().contains("spec.deletionPolicy: Retain"), "{}", scene.message());
    assert_eq!(scene.pending().len(), 1);
    assert!(scene.pending()[0].starts_with("Destroy"), "{:?}", scene.pending());
}

#[test]
fn a_wait_for_an_operation_is_followed() {
    let words = "Scaling up from 1 to 2 nodes.";
    let told = operation("op-1", "SCALE", clusterwright::cloud::operation::OperationState::Running, words);
    let scene = ending().looked(Some(busy(OperationKind::Scale)), [told]);
    assert_eq!((scene.does(), scene.says()), (String::new(), "WaitingForOperation".to_owned()));
    assert_eq!(scene.plan().look_again.unwrap().as_secs(), 14);
}

#[test]
fn a_tenant_does_not_give_up_what_others_have_on_a_subscription() {
    let tenants = |permissions: &[Permission]| {
        let permits = Permits::of(permissions);
        let confirmed = shared("azure").annotated(CONFIRM_SUBSCRIPTION_CANCELLATION, "sub-1");
        confirmed.with(|facts| facts.account.permits = permits)
    };
    let scene = tenants(&[Permission::Create, Permission::Delete]);
    assert_eq!((scene.does().as_str(), scene.says().as_str()), ("", "DeletionWouldCancelSubscription"));
    assert!(!scene.message().contains("sales"), "it tells who else there is: {}", scene.message());
    assert_eq!(tenants(&[Permission::Adopt, Permission::Delete]).does(), "destroy id-orders");
}
