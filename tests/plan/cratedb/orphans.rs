//! Records whose manifest is gone, where the server chooses the id.

use clusterwright::api::cratedb::CrateDBCluster;
use clusterwright::api::secret::Password;
use clusterwright::cloud::cratedb::change::Change;
use clusterwright::cloud::cratedb::wire::Cluster;
use clusterwright::cloud::operation::Found;
use clusterwright::plan::{Gone, Look, OrphanFacts, OrphanPlan, plan_orphan};
use rstest::rstest;

use super::super::scene::list;
use super::fixture::*;
use super::kinds::Record;

fn orphan(record: Record) -> OrphanFacts<CrateDBCluster> {
    OrphanFacts {
        now: now(),
        record,
        inventory: Some(list(Vec::new(), ago(10)).into()),
        look: None,
        credentials: vec![KEY.to_owned()],
        accepts_missing: None,
    }
}

/// A create that was announced so many seconds ago, and a look for its name a second ago.
fn created(seconds: i64, found: Option<Cluster>) -> OrphanFacts<CrateDBCluster> {
    let look = Look { target: by_name(NAME), at: ago(1), by: KEY.to_owned(), found: Found::just(found) };
    OrphanFacts { look: Some(look), ..orphan(creating(seconds)) }
}

/// The recorded password opened the database, before the manifest went.
fn proved(facts: OrphanFacts<CrateDBCluster>) -> OrphanFacts<CrateDBCluster> {
    let mut facts = facts;
    facts.record.promote_password(Password::new(FIRST));
    facts
}

fn creating_project(seconds: i64) -> Record {
    let change = Change::CreateProject { name: "shop".to_owned(), region: HERE.to_owned() };
    Record { intent: Some(changing(change, seconds, None)), ..prepared() }
}

fn gone(hours: i64, looked: bool) -> OrphanFacts<CrateDBCluster> {
    let mut record = record(NAME);
    record.set_gone(Some(Gone { since: ago(hours * 3600), told: false }));
    let look = Look { target: by_id(NAME), at: ago(1), by: KEY.to_owned(), found: Found::just(None) };
    OrphanFacts { look: looked.then_some(look), ..orphan(record) }
}

fn gist(plan: &OrphanPlan<CrateDBCluster>) -> String {
    match plan {
        OrphanPlan::Keep => "keep".to_owned(),
        OrphanPlan::Look(target) => format!("look {target}"),
        OrphanPlan::Settle(bound) => {
            let doubt = bound.doubt.map(|doubt| format!(" {doubt:?}")).unwrap_or_default();
            format!("settle {}{doubt}", bound.identity.id)
        }
        OrphanPlan::ClearIntent => "clear intent".to_owned(),
        OrphanPlan::Gone => "gone".to_owned(),
        OrphanPlan::Found => "found".to_owned(),
        OrphanPlan::Drop => "drop".to_owned(),
        OrphanPlan::Wait(_) => "wait".to_owned(),
    }
}

#[rstest]
#[case::a_create_is_looked_for_by_its_name(orphan(creating(20)), "look orders")]
#[case::a_create_came_into_being(created(20, Some(cluster_aged(NAME, 18))), "settle id-orders Unproved")]
#[case::a_create_came_into_being_and_was_proved_before(
    proved(created(20, Some(cluster_aged(NAME, 18)))),
    "settle id-orders"
)]
#[case::a_create_could_have_brought_either_of_two(
    OrphanFacts {
        inventory: Some(list(
            vec![cluster_aged(NAME, 18), Cluster { id: id("twin"), ..cluster_aged(NAME, 17) }],
            ago(10),
        ).into()),
        ..created(20, Some(cluster_aged(NAME, 18)))
    },
    "clear intent"
)]
#[case::a_create_found_its_name_taken(created(20, Some(cluster(NAME))), "clear intent")]
#[case::a_create_can_still_appear(created(95 + 600, None), "wait")]
#[case::a_create_came_to_nothing(created(95 + 602, None), "clear intent")]
#[case::a_password_that_was_made_for_a_create_is_of_no_use(orphan(prepared()), "drop")]
#[case::a_project_may_still_come_into_being(orphan(creating_project(95)), "wait")]
#[case::a_project_can_no_longer_come_into_being(orphan(creating_project(96)), "drop")]
#[case::a_cluster_is_kept_for_whoever_comes_back(
    OrphanFacts {
        inventory: Some(list(vec![cluster(NAME)], ago(10)).into()),
        ..orphan(record(NAME))
    },
    "keep"
)]
#[case::a_cluster_that_is_not_listed_is_looked_for_by_its_id(orphan(record(NAME)), "look id-orders")]
#[case::a_cluster_that_is_gone_is_mourned(gone(23, true), "keep")]
#[case::a_cluster_that_is_gone_is_looked_for_once_more(gone(24, false), "look id-orders")]
#[case::a_cluster_that_is_gone_is_forgotten_in_the_end(gone(24, true), "drop")]
fn of_a_record_without_a_manifest(#[case] facts: OrphanFacts<CrateDBCluster>, #[case] expected: &str) {
    assert_eq!(gist(&plan_orphan(&facts)), expected);
}
