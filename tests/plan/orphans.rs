//! Records whose manifest is gone.

use std::time::Duration;

use clusterwright::cloud::operation::Found;
use clusterwright::cloud::typedb::wire::Cluster;
use clusterwright::plan::{Gone, Origin, plan_orphan};
use rstest::rstest;

use super::fixture::*;
use super::kinds::{Look, OrphanFacts, OrphanPlan, Record};
use super::scene::list;

fn orphan(record: Record) -> OrphanFacts {
    OrphanFacts {
        now: now(),
        record,
        inventory: Some(list(Vec::new(), ago(10)).into()),
        look: None,
        credentials: vec![KEY.to_owned()],
        accepts_missing: None,
    }
}

fn looked(facts: OrphanFacts, seconds: i64, found: Option<Cluster>) -> OrphanFacts {
    OrphanFacts {
        look: Some(Look { target: target(ID), at: ago(seconds), by: KEY.to_owned(), found: Found::just(found) }),
        ..facts
    }
}

fn listed(facts: OrphanFacts, cluster: Cluster) -> OrphanFacts {
    OrphanFacts { inventory: Some(list(vec![cluster], ago(10)).into()), ..facts }
}

fn using(facts: OrphanFacts, credential: Option<&str>) -> OrphanFacts {
    OrphanFacts { credentials: credential.map(str::to_owned).into_iter().collect(), ..facts }
}

/// The record of a cluster that was proved gone this many hours ago.
fn mourned(hours: i64, told: bool) -> Record {
    let mut record = record(ID);
    record.bound.as_mut().unwrap().gone = Some(Gone { since: ago(hours * 3600), told });
    record
}

fn looked_by(facts: OrphanFacts, credential: &str) -> OrphanFacts {
    OrphanFacts {
        look: Some(Look { target: target(ID), at: ago(1), by: credential.to_owned(), found: Found::just(None) }),
        ..facts
    }
}

#[rstest]
#[case::is_kept_while_its_cluster_is_there(listed(orphan(record(ID)), cluster(ID)), OrphanPlan::Keep)]
#[case::is_kept_while_its_cluster_is_there_under_another_name(
    listed(orphan(record(ID)), cluster("sales")),
    OrphanPlan::Keep
)]
#[case::is_kept_without_a_credential(using(orphan(record(ID)), None), OrphanPlan::Keep)]
#[case::is_kept_without_a_list(OrphanFacts { inventory: None, ..orphan(record(ID)) }, OrphanPlan::Keep)]
#[case::is_kept_from_a_credential_that_never_saw_it(using(orphan(record(ID)), Some("key-2")), OrphanPlan::Keep)]
#[case::is_looked_after_when_its_cluster_is_not_listed(orphan(record(ID)), OrphanPlan::Look(target(ID)))]
#[case::is_looked_after_anew_when_the_look_is_old(looked(orphan(record(ID)), 11, None), OrphanPlan::Look(target(ID)))]
#[case::is_kept_when_the_look_shows_its_cluster(looked(orphan(record(ID)), 1, Some(cluster(ID))), OrphanPlan::Keep)]
#[case::is_kept_when_another_credential_looked(looked_by(orphan(record(ID)), "key-2"), OrphanPlan::Keep)]
#[case::is_kept_and_marked_when_its_cluster_is_first_proved_gone(looked(orphan(record(ID)), 1, None), OrphanPlan::Gone)]
#[case::is_marked_when_its_cluster_has_a_successor(
    looked(orphan(record(ID)), 1, Some(cluster_aged(ID, 60))),
    OrphanPlan::Gone
)]
#[case::is_left_alone_for_a_day_afterwards(looked(orphan(mourned(23, false)), 1, None), OrphanPlan::Keep)]
#[case::is_looked_after_again_after_a_day(orphan(mourned(25, false)), OrphanPlan::Look(target(ID)))]
#[case::goes_when_its_cluster_is_still_gone_after_a_day(looked(orphan(mourned(25, false)), 1, None), OrphanPlan::Drop)]
#[case::goes_when_its_manifest_went_after_it_had_said_so(looked(orphan(mourned(0, true)), 1, None), OrphanPlan::Drop)]
#[case::is_no_longer_marked_when_its_cluster_is_back(listed(orphan(mourned(1, false)), cluster(ID)), OrphanPlan::Found)]
#[case::goes_when_it_knows_of_none(orphan(empty_record()), OrphanPlan::Drop)]
fn a_record_without_a_manifest(#[case] facts: OrphanFacts, #[case] plan: OrphanPlan) {
    assert_eq!(plan_orphan(&facts), plan);
}

fn open(seconds: i64) -> OrphanFacts {
    orphan(creating(seconds))
}

const WAIT: OrphanPlan = OrphanPlan::Wait(Duration::from_secs(15));

#[rstest]
#[case::is_looked_for(open(20), OrphanPlan::Look(target(ID)))]
#[case::is_looked_for_after_the_announcement(looked(open(20), 21, None), OrphanPlan::Look(target(ID)))]
#[case::is_waited_for(looked(open(20), 1, None), WAIT)]
#[case::is_waited_for_until_a_look_from_after_its_last_effect(looked(open(97), 5, None), WAIT)]
#[case::is_given_up(looked(open(97), 1, None), OrphanPlan::ClearIntent)]
#[case::is_given_up_when_somebody_else_has_the_name(looked(open(20), 1, Some(cluster(ID))), OrphanPlan::ClearIntent)]
#[case::is_kept_without_a_credential(using(open(20), None), OrphanPlan::Keep)]
fn an_open_create_without_a_manifest(#[case] facts: OrphanFacts, #[case] plan: OrphanPlan) {
    assert_eq!(plan_orphan(&facts), plan);
}

#[test]
fn a_cluster_that_came_into_being_without_its_manifest_is_recorded() {
    let OrphanPlan::Settle(bound) = plan_orphan(&looked(open(20), 1, Some(cluster_aged(ID, 18)))) else {
        panic!("it was not recognised");
    };
    assert_eq!((bound.identity.id, bound.origin), (id(ID), Origin::Created));
    assert_eq!(bound.identity.created_at, cluster_aged(ID, 18).created_at);
}
