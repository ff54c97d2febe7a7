//! An account of another namespace: what it does not grant is neither done nor told.

use std::collections::BTreeMap;

use clusterwright::api::account::{AllowedNamespaces, Permission};
use clusterwright::api::condition::Reason;
use clusterwright::plan::{AccountName, Origin, Permits, Rival, Stake, granted, may_take_over};
use rstest::rstest;
use serde_json::{Value, json};

use super::fixture::*;

const CREATE: &[Permission] = &[Permission::Create];
const ADOPT: &[Permission] = &[Permission::Adopt];
const DELETE: &[Permission] = &[Permission::Delete];
const NOTHING: &[Permission] = &[];

impl Scene {
    /// The account is in another namespace, and grants this one so much.
    fn granted(self, permissions: &[Permission]) -> Self {
        self.with(|facts| {
            facts.manifest.spec.common.account_ref.namespace = Some("platform".to_owned());
            facts.account.permits = Permits::of(permissions);
        })
    }

    /// The record was made in another namespace of this name.
    fn in_another_namespace(self) -> Self {
        self.with(|facts| "another-uid".clone_into(&mut facts.namespace_uid))
    }
}

fn existing() -> Scene {
    scene().adopting(ID).sees([cluster(ID)])
}

fn forged() -> Scene {
    scene().reported(&cluster(ID)).sees([cluster(ID)])
}

fn heir() -> Scene {
    running().reapplied().in_another_namespace()
}

#[rstest]
#[case::creates_with_create(scene().granted(CREATE), "deploy orders", "Creating")]
#[case::creates_nothing_without(scene().granted(&[Permission::Adopt, Permission::Delete]), "", "NamespaceNotAllowed")]
#[case::is_not_told_who_has_the_name_without(scene().sees([cluster(ID)]).granted(ADOPT), "", "NamespaceNotAllowed")]
#[case::sends_no_create_again_without(
    scene().recorded(creating(20)).looked(None).granted(ADOPT), "", "OutcomeUnknown"
)]
#[case::adopts_with_adopt(existing().granted(ADOPT), "adopt orders Adopted", "Creating")]
#[case::adopts_nothing_without(existing().granted(&[Permission::Create, Permission::Delete]), "", "NamespaceNotAllowed")]
#[case::does_not_even_look_without(scene().adopting(ID).granted(CREATE), "", "NamespaceNotAllowed")]
#[case::does_not_learn_who_has_it_without(
    existing().rivalled(rival(ID, Stake::Claims(cluster(ID).created_at))).granted(CREATE), "", "NamespaceNotAllowed"
)]
#[case::observes_with_adopt(existing().only_observed().granted(ADOPT), "", "Observed")]
#[case::observes_nothing_without(existing().only_observed().granted(CREATE), "", "NamespaceNotAllowed")]
#[case::observes_nothing_of_its_name_without(
    scene().sees([cluster(ID)]).only_observed().granted(CREATE), "", "NamespaceNotAllowed"
)]
#[case::observes_its_own_in_any_case(running().only_observed().granted(NOTHING), "", "Observed")]
#[case::observes_nothing_that_a_former_namespace_had(
    running().only_observed().in_another_namespace().granted(CREATE), "", "NamespaceNotAllowed"
)]
#[case::gets_nothing_by_a_status(forged().granted(CREATE), "", "NamespaceNotAllowed")]
#[case::keeps_its_own_in_any_case(settled().granted(NOTHING), "", "Running")]
#[case::changes_its_own_in_any_case(
    settled().spec(|spec| spec.machine_type = Some("c2d-highcpu-4".to_owned())).granted(NOTHING),
    "change machineType", "Updating"
)]
#[case::comes_back_to_its_own_in_any_case(running().reapplied().granted(NOTHING), "rebind", "")]
#[case::inherits_of_a_former_namespace_with_adopt(heir().granted(ADOPT), "rebind", "")]
#[case::inherits_nothing_of_a_former_namespace_without(heir().granted(CREATE), "", "RecordedClusterDiffers")]
#[case::destroys_with_delete(ending().granted(DELETE), "destroy orders", "Deleting")]
#[case::destroys_nothing_without(ending().granted(&[Permission::Create, Permission::Adopt]), "", "NamespaceNotAllowed")]
#[case::destroys_nothing_by_a_status(
    forged().destroys().finalized().deleting().granted(DELETE), "", "NamespaceNotAllowed"
)]
#[case::is_let_go_with_retain(running().finalized().deleting().granted(NOTHING), "remove finalizer", "")]
fn a_tenant(#[case] scene: Scene, #[case] does: &str, #[case] says: &str) {
    let said = scene.says();
    let reason = said.split(':').next().unwrap();
    let does_so = scene.does();
    assert!(does_so.starts_with(does) && (does.is_empty() == does_so.is_empty()), "{does_so}");
    assert_eq!(reason, says, "{}", scene.message());
}

#[rstest]
#[case::a_cluster_of_nobody(scene().sees([cluster(ID)]))]
#[case::a_cluster_of_a_neighbour(scene().sees([cluster(ID)]).rivalled(neighbour(Stake::Claims(cluster(ID).created_at))))]
#[case::a_create_of_a_neighbour(scene().rivalled(neighbour(Stake::Creates)))]
fn a_name_that_is_taken_is_all_that_a_tenant_learns(#[case] scene: Scene) {
    let scene = scene.granted(CREATE);
    let message = scene.message();
    assert_eq!((scene.does().as_str(), scene.says().as_str()), ("", "NameTaken"));
    assert_eq!(message, "The name orders is in use. Give spec.clusterId another value.");
}

fn neighbour(stake: Stake) -> Rival {
    Rival { namespace: "secret-project".to_owned(), ..rival(ID, stake) }
}

#[test]
fn what_is_not_permitted_is_told_with_a_way_out() {
    let message = ending().granted(CREATE).message();
    for words in [
        "CloudAccount typedb-cloud in namespace platform",
        "Delete in spec.allowedNamespaces",
        "deletionPolicy: Retain",
    ] {
        assert!(message.contains(words), "{message}");
    }
    let early = scene().granted(ADOPT).edited(10);
    assert_eq!(early.says(), "WaitingForAccount", "a grant may come in any order");
}

#[test]
fn a_grant_that_is_withdrawn_is_told_even_of_a_cluster_that_is_well() {
    let withdrawn = settled().reporting().with(|facts| facts.account.reach = None);
    let withdrawn = withdrawn.standing(refused(Reason::NamespaceNotAllowed));
    assert_eq!((withdrawn.does().as_str(), withdrawn.says().as_str()), ("", "NamespaceNotAllowed"));
    let deleting = ending().with(|facts| facts.account.reach = None).standing(refused(Reason::NamespaceNotAllowed));
    assert_eq!((deleting.does().as_str(), deleting.says().as_str()), ("", "NamespaceNotAllowed"));
    assert!(deleting.message().contains("deletionPolicy: Retain"), "{}", deleting.message());
}

#[expect(clippy::unwrap_used, reason = "clippy knows test functions, not the helpers that they share")]
fn allowed(json: Value) -> AllowedNamespaces {
    serde_json::from_value(json).unwrap()
}

#[rstest]
#[case::from_none(json!({}), false)]
#[case::from_its_own_alone(json!({"from": "Same"}), false)]
#[case::from_all(json!({"from": "All"}), true)]
#[case::by_a_label(json!({"from": "Selector", "selector": {"matchLabels": {"team": "shop"}}}), true)]
#[case::by_another_value(json!({"from": "Selector", "selector": {"matchLabels": {"team": "bank"}}}), false)]
#[case::by_a_label_that_is_not_there(json!({"from": "Selector", "selector": {"matchLabels": {"stage": ""}}}), false)]
#[case::by_everything(json!({"from": "Selector", "selector": {}}), true)]
#[case::by_nothing(json!({"from": "Selector"}), false)]
#[case::by_one_of_several(expressed("team", "In", &["bank", "shop"]), true)]
#[case::by_none_of_several(expressed("team", "NotIn", &["bank", "shop"]), false)]
#[case::by_none_of_others(expressed("team", "NotIn", &["bank"]), true)]
#[case::by_presence(expressed("team", "Exists", &[]), true)]
#[case::by_absence(expressed("team", "DoesNotExist", &[]), false)]
fn a_namespace_is_granted(#[case] given: Value, #[case] is: bool) {
    let labels = BTreeMap::from([("team".to_owned(), "shop".to_owned())]);
    let allowed = allowed(given);
    let permits = granted(Some(&allowed), Some(&labels));
    assert_eq!(permits, is.then(|| Permits::of(&[Permission::Create, Permission::Delete])));
    assert_eq!(granted(None, Some(&labels)), None);
}

fn expressed(key: &str, operator: &str, values: &[&str]) -> Value {
    json!({"from": "Selector", "selector": {"matchExpressions": [{"key": key, "operator": operator, "values": values}]}})
}

#[test]
fn a_namespace_whose_labels_are_unknown_is_granted_nothing_by_them() {
    let by_absence = allowed(expressed("team", "DoesNotExist", &[]));
    assert_eq!(granted(Some(&by_absence), None), None);
}

#[rstest]
#[case::within_a_namespace("shop", None, NOTHING, true)]
#[case::through_the_same_account("other", Some("platform"), ADOPT, true)]
#[case::without_adopt("other", Some("platform"), CREATE, false)]
#[case::through_another_account("other", Some("elsewhere"), ADOPT, false)]
#[case::through_nobody_knows_which("other", None, ADOPT, false)]
fn what_opens_a_cluster_is_handed_over(
    #[case] namespace: &str,
    #[case] account: Option<&str>,
    #[case] permissions: &[Permission],
    #[case] is: bool,
) {
    let mut former = record(ID);
    former.owner.namespace = namespace.to_owned();
    former.account =
        account.map(|namespace| AccountName { namespace: namespace.to_owned(), name: "typedb-cloud".to_owned() });
    let scene = existing().granted(permissions);
    let bound = former.bound.clone().unwrap();
    assert_eq!(may_take_over(&scene.facts, &former, &bound), is);
    let with_others = scene.using_all(&["key-2"]);
    assert_eq!(may_take_over(&with_others.facts, &former, &bound), is && namespace == "shop", "only who has seen it");
}

/// What came through an account of the tenant's own, adopted there, and is now to be looked after through the shared one.
fn borrowed(origin: Origin) -> Scene {
    let shared = running().granted(&[Permission::Create, Permission::Delete]);
    shared.listed([cluster(ID)]).recorded(record_but(|record| {
        record.bound = Some(bound(ID, origin));
        record.account = Some(AccountName { namespace: record.owner.namespace.clone(), name: "own".to_owned() });
    }))
}

#[rstest]
#[case::is_not_looked_after(borrowed(Origin::Adopted), true)]
#[case::is_not_destroyed(borrowed(Origin::Adopted).destroys().finalized().deleting(), true)]
#[case::is_its_own_where_it_created_it(borrowed(Origin::Created), false)]
fn what_was_adopted_through_another_account(#[case] scene: Scene, #[case] withheld: bool) {
    let message = scene.message();
    assert_eq!(message.contains("does not permit this namespace"), withheld, "{message}");
    if withheld {
        assert_eq!(scene.does(), "");
    }
}
