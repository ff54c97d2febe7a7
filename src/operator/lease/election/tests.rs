//! Every turn that the lease can take, as one replica sees it.

use std::sync::LazyLock;

use rstest::rstest;

use super::*;

/// The moment at which every story begins. Its stories are told in seconds.
static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

const TERM: u64 = 60;
/// When the holder itself takes a lease for over that it asked for at second 0.
const OWN_END: u64 = 55;

fn at(seconds: u64) -> Instant {
    *BEGIN + Duration::from_secs(seconds)
}

fn own() -> Identity {
    Identity::new(Some("pod-a".to_owned()))
}

fn standing_by() -> Election {
    Election::new(own(), Term::seconds(TERM), at(0))
}

/// A replica that leads by a write sent at second 0.
fn leading() -> Election {
    let mut election = standing_by();
    election.saw(at(0), None);
    election.wrote(at(0));
    election
}

fn held(version: u32, holder: &str) -> Sight {
    let term = Some(Duration::from_secs(TERM));
    Sight { version: version.to_string(), holder: Some(holder.to_owned()), term }
}

fn released(version: u32) -> Sight {
    Sight { term: Some(RELEASED), ..emptied(version) }
}

fn emptied(version: u32) -> Sight {
    Sight { holder: None, ..held(version, "") }
}

const TAKE: Next = Next::Write { begins: true };
const RENEW: Next = Next::Write { begins: false };

#[test]
fn it_looks_before_it_takes() {
    assert_eq!(standing_by().next(at(0)), Next::Look);
    assert_eq!(standing_by().leads_until(), None);
}

#[rstest]
#[case::there_is_none(None)]
#[case::it_was_released(Some(released(7)))]
#[case::it_is_empty(Some(emptied(7)))]
#[case::the_same_pod_had_it_before(Some(held(7, "pod-a_0123456789abcdef")))]
fn a_free_lease_is_taken_at_once(#[case] sight: Option<Sight>) {
    let mut election = standing_by();
    election.saw(at(1), sight.as_ref());
    assert_eq!(election.next(at(1)), TAKE);
    election.wrote(at(1));
    assert_eq!(election.leads_until(), Some(at(1 + OWN_END)));
}

#[test]
fn its_own_take_whose_answer_was_lost_is_recognised() {
    let mut election = standing_by();
    let own = election.identity.as_str().to_owned();
    election.saw(at(0), None);
    assert_eq!(election.next(at(0)), TAKE);
    election.failed(at(5));
    assert_eq!(election.next(at(5)), Next::Wait(at(6)), "it may have had its effect or not");
    assert_eq!(election.next(at(6)), Next::Look);
    election.saw(at(6), Some(&held(7, &own)));
    assert_eq!(election.next(at(6)), TAKE);
}

#[rstest]
#[case::in_another_pod("pod-b_0123456789abcdef")]
#[case::of_another_make("pod-a")]
fn a_held_lease_is_waited_for_until_it_has_not_changed_for_its_term(#[case] holder: &str) {
    let mut election = standing_by();
    for second in 10..10 + TERM {
        election.saw(at(second), Some(&held(7, holder)));
        assert_eq!(election.next(at(second)), Next::Wait(at(second + 1)), "at {second} s");
    }
    election.saw(at(10 + TERM), Some(&held(7, holder)));
    assert_eq!(election.next(at(10 + TERM)), TAKE);
}

#[test]
fn every_change_is_a_sign_of_life() {
    let mut election = standing_by();
    for second in 0..1000 {
        election.saw(at(second), Some(&held(u32::try_from(second / 50).unwrap(), "pod-b_1")));
        assert_eq!(election.next(at(second)), Next::Wait(at(second + 1)));
    }
}

/// What the lease says of the time of day makes no difference, since it is not even looked at; what it says of its term does.
#[rstest]
#[case::a_longer_one(Some(600), 600)]
#[case::a_shorter_one(Some(2), 2)]
#[case::none(None, TERM)]
fn the_holder_s_own_term_counts(#[case] told: Option<u64>, #[case] lasts: u64) {
    let sight = Sight { term: told.map(Duration::from_secs), ..held(7, "pod-b_1") };
    let mut election = standing_by();
    election.saw(at(0), Some(&sight));
    election.saw(at(lasts - 1), Some(&sight));
    assert_eq!(election.next(at(lasts - 1)), Next::Wait(at(lasts)));
    election.saw(at(lasts), Some(&sight));
    assert_eq!(election.next(at(lasts)), TAKE);
}

#[rstest]
#[case::deleted(None)]
#[case::emptied(Some(emptied(8)))]
fn of_what_somebody_did_to_the_lease_its_holder_may_not_know_yet(#[case] sight: Option<Sight>) {
    let mut election = standing_by();
    election.saw(at(0), Some(&held(7, "pod-b_1")));
    for second in [1, TERM - 1] {
        election.saw(at(second), sight.as_ref());
        assert_eq!(election.next(at(second)), Next::Wait(at(second + 1)), "at {second} s");
    }
    election.saw(at(TERM), sight.as_ref());
    assert_eq!(election.next(at(TERM)), TAKE);
}

#[test]
fn what_its_holder_gave_up_is_taken_at_once() {
    let mut election = standing_by();
    election.saw(at(0), Some(&held(7, "pod-b_1")));
    election.saw(at(1), Some(&released(8)));
    assert_eq!(election.next(at(1)), TAKE);
}

#[test]
fn who_was_slower_looks_again_after_a_while() {
    let mut election = standing_by();
    election.saw(at(0), None);
    election.refused(at(0));
    assert_eq!(election.next(at(0)), Next::Wait(at(1)));
    assert_eq!(election.next(at(1)), Next::Look);
    election.saw(at(1), Some(&held(8, "pod-b_1")));
    assert_eq!(election.next(at(1)), Next::Wait(at(2)));
}

#[test]
fn a_leader_counts_from_before_it_asked() {
    let mut election = leading();
    assert_eq!(election.next(at(4)), Next::Wait(at(5)));
    assert_eq!(election.next(at(5)), RENEW);
    // The answer takes three seconds.
    election.wrote(at(5));
    assert_eq!(election.leads_until(), Some(at(5 + OWN_END)));
}

#[test]
fn a_leader_ends_before_anybody_else_may_begin() {
    let mut leader = leading();
    let mut other = Election::new(Identity::new(Some("pod-b".to_owned())), Term::seconds(TERM), at(0));
    // The other one sees the write in the very moment in which it was sent.
    other.saw(at(0), Some(&held(7, leader.identity.as_str())));
    for second in (5..).step_by(2).take_while(|second| *second < OWN_END) {
        assert_eq!(leader.next(at(second)), RENEW, "at {second} s");
        leader.failed(at(second + 1));
    }
    assert_eq!(leader.next(at(OWN_END)), Next::End(Loss::Expired(Duration::from_secs(OWN_END))));
    other.saw(at(OWN_END), Some(&held(7, leader.identity.as_str())));
    assert!(matches!(other.next(at(OWN_END)), Next::Wait(_)));
}

#[test]
fn a_process_that_wakes_up_late_does_nothing_but_end() {
    let mut election = leading();
    assert!(matches!(election.next(at(3600)), Next::End(Loss::Expired(_))));
    // The answer to a renewal that was sent before it fell asleep.
    election.wrote(at(5));
    assert!(matches!(election.next(at(3600)), Next::End(Loss::Expired(_))));
}

#[test]
fn a_lease_in_another_s_name_is_lost() {
    let mut election = leading();
    assert_eq!(election.next(at(5)), RENEW);
    election.refused(at(5));
    assert_eq!(election.next(at(6)), Next::Look);
    election.saw(at(6), Some(&held(9, "pod-b_1")));
    assert_eq!(election.next(at(6)), Next::End(Loss::Taken("pod-b_1".to_owned())));
    assert_eq!(election.leads_until(), None);
    election.saw(at(7), None);
    assert!(matches!(election.next(at(7)), Next::End(_)), "what is lost stays lost");
}

#[test]
fn its_pod_s_next_process_has_the_lease_for_good() {
    let mut election = leading();
    election.refused(at(5));
    election.saw(at(6), Some(&held(9, "pod-a_0123456789abcdef")));
    assert!(matches!(election.next(at(6)), Next::End(Loss::Taken(_))));
}

#[rstest]
#[case::it_is_its_own_after_all(|own: &str| Some(held(9, own)))]
#[case::it_was_emptied(|_: &str| Some(emptied(9)))]
#[case::it_was_deleted(|_: &str| None)]
fn a_refused_renewal_is_not_the_end(#[case] there: fn(&str) -> Option<Sight>) {
    let mut election = leading();
    let sight = there(election.identity.as_str());
    election.refused(at(5));
    assert_eq!(election.next(at(5)), Next::Wait(at(6)));
    election.saw(at(6), sight.as_ref());
    assert_eq!(election.next(at(6)), RENEW);
    election.wrote(at(6));
    assert_eq!(election.leads_until(), Some(at(6 + OWN_END)));
}

#[test]
fn a_look_that_fails_is_made_again_until_the_end() {
    let mut election = leading();
    election.refused(at(5));
    election.failed(at(11));
    assert_eq!(election.next(at(12)), Next::Look);
    election.failed(at(54));
    assert_eq!(election.next(at(54)), Next::Wait(at(OWN_END)));
    assert!(matches!(election.next(at(OWN_END)), Next::End(_)));
}

/// Every renewal in time leaves room for the longest write, and so does one that is a whole call late.
#[test]
fn the_shortest_term_lets_a_leader_write() {
    let term = Term::seconds(0);
    assert_eq!(term.told(), Term::SHORTEST);
    let late = RENEW_EVERY + crate::operator::lease::CALL_DEADLINE;
    assert!(term.own() >= late + crate::cloud::call::WRITE_DEADLINE);
}
