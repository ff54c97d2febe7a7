//! What counts as missing from a location's lists, and when it is too much to be believed.

use std::collections::BTreeSet;
use std::ops::Range;

use clusterwright::api::identity::{CreatedAt, Identity};
use clusterwright::api::typedb::TypeDBCluster;
use clusterwright::cloud::typedb::wire::Cluster;
use clusterwright::plan::{Missing, Roll};
use jiff::Timestamp;
use rstest::rstest;

use super::fixture::{ago, cluster, id};

fn one(number: i64) -> Cluster {
    Cluster { created_at: CreatedAt::from_epoch_millis(number), ..cluster(&format!("c{number}")) }
}

fn all(numbers: Range<i64>) -> Vec<Cluster> {
    numbers.map(one).collect()
}

fn names(numbers: Range<i64>) -> BTreeSet<Identity> {
    all(numbers).into_iter().map(|one| Identity { id: one.id, created_at: one.created_at }).collect()
}

fn nobody() -> BTreeSet<Identity> {
    BTreeSet::new()
}

/// What is missing after lists that showed these, read one a minute, the last one now.
fn after(lists: &[Range<i64>]) -> Missing {
    let mut roll = Roll::default();
    let read = |index: usize| ago(60 * i64::try_from(lists.len() - 1 - index).unwrap());
    let called = lists.iter().enumerate();
    called.map(|(index, list)| call(&mut roll, &all(list.clone()), read(index))).last().unwrap()
}

fn call(roll: &mut Roll, list: &[Cluster], at: Timestamp) -> Missing {
    roll.call::<TypeDBCluster>(list, nobody(), &nobody(), at)
}

#[rstest]
#[case::nothing(&[0..5, 0..5], false)]
#[case::two_of_a_few(&[0..5, 2..5], false)]
#[case::three_of_a_few(&[0..5, 3..5], true)]
#[case::all_of_a_few(&[0..3, 0..0], true)]
#[case::all_of_two(&[0..2, 0..0], false)]
#[case::one_in_ten(&[0..100, 10..100], false)]
#[case::more_than_one_in_ten(&[0..100, 11..100], true)]
#[case::three_within_two_polls(&[0..9, 2..9, 3..9], true)]
#[case::three_within_more(&[0..9, 1..9, 2..9, 3..9, 4..9], false)]
#[case::three_some_time_ago_that_are_not_back(&[0..9, 3..9, 3..9, 3..9, 3..9], true)]
#[case::three_of_which_one_is_back(&[0..9, 3..9, 2..9], false)]
#[case::three_that_are_back(&[0..9, 3..9, 0..9], false)]
fn what_is_missing_is_not_believed_where_it_is(#[case] lists: &[Range<i64>], #[case] suspect: bool) {
    assert_eq!(after(lists).is_suspect(None), suspect);
}

#[test]
fn what_records_speak_of_is_missing_even_from_the_first_list() {
    let first = |recorded, ended| Roll::default().call::<TypeDBCluster>(&all(3..5), recorded, &ended, ago(0));
    assert!(first(names(0..5), nobody()).is_suspect(None));
    assert!(!first(names(1..5), nobody()).is_suspect(None));
    assert!(!first(names(0..5), names(0..1)).is_suspect(None), "what the operator itself destroys does not count");
}

#[test]
fn what_was_renamed_is_not_missing() {
    let renamed = |one: Cluster| Cluster { id: id(&format!("{}-new", one.id)), ..one };
    let mut roll = Roll::default();
    assert!(!call(&mut roll, &all(0..5), ago(60)).is_suspect(None), "the first list");
    let next: Vec<Cluster> = all(0..5).into_iter().map(renamed).collect();
    assert!(!call(&mut roll, &next, ago(0)).is_suspect(None));
}

#[test]
fn what_has_come_in_the_place_of_others_does_not_make_up_for_them() {
    let mut roll = Roll::default();
    call(&mut roll, &all(0..3), ago(60));
    let successor = |one: Cluster| Cluster { created_at: CreatedAt::from_epoch_millis(99), ..one };
    let next: Vec<Cluster> = all(0..3).into_iter().map(successor).collect();
    assert!(call(&mut roll, &next, ago(0)).is_suspect(None));
}

#[test]
fn a_person_vouches_for_what_was_missing_then_and_for_nothing_later() {
    let vouched = Some(ago(60));
    assert!(!after(&[0..9, 3..9, 3..9]).is_suspect(vouched), "it was missing a minute ago");
    assert!(after(&[0..9, 0..9, 3..9]).is_suspect(vouched), "it went after that");
    assert!(!after(&[0..9, 3..9, 5..9]).is_suspect(vouched), "two more may go");
    assert!(after(&[0..9, 3..9, 6..9]).is_suspect(vouched), "three more may not");
}
