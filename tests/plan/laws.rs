//! What must hold whatever the facts are, and of whatever kind.

use std::time::Duration;

use clusterwright::api::condition::Standing;
use clusterwright::api::identity::Handle;
use clusterwright::clock;
use clusterwright::plan::{
    Change, CloudCluster, CloudWrite, Facts, Kind, Plan, Record, RecordChange, Sighting, Step, Verdict, plan, status,
};

use super::kstatus::{Read, compute};

/// What no plan may ever do.
pub(crate) fn is_safe<K: Kind>(facts: &Facts<K>, plan: &Plan<K>) {
    match &plan.next {
        Some(Step::Cloud(write)) => is_safe_to_send(facts, write),
        Some(Step::Record(RecordChange::ClearIntent(_))) => nothing_can_come_of_it(facts),
        Some(Step::Record(RecordChange::Drop)) => assert!(facts.deleting() && facts.destroys()),
        Some(Step::RemoveFinalizer) => assert!(facts.has_finalizer()),
        _ => {}
    }
    if !facts.managed() || facts.paused() {
        assert!(!plan.next.as_ref().is_some_and(Step::writes_to_a_cloud), "it is observed or paused");
    }
    if let Verdict::Stands { reason, message, .. } = &plan.verdict {
        assert!(!message.is_empty());
        assert!(reason.standing() != Standing::Stalled || !plan.next.as_ref().is_some_and(Step::writes_to_a_cloud));
    }
}

fn is_safe_to_send<K: Kind>(facts: &Facts<K>, write: &CloudWrite<K>) {
    let record = facts.record.as_ref();
    let bound = record.and_then(|record| record.bound.as_ref());
    let reach = facts.account.reach.as_ref().expect("a way to the cloud");
    let other_change = record.and_then(Record::change).is_some();
    assert!(!other_change, "the end of what was asked for before is not known");
    match write {
        CloudWrite::Destroy(identity) => {
            let record = record.expect("a record");
            assert!(facts.deleting() && facts.destroys(), "nobody asked for a database's end");
            assert!(facts.has_finalizer() && !facts.attempts.definition_deleted);
            assert!(facts.spec().deletion_protection != Some(true), "the manifest protects it");
            assert_eq!(bound.map(|bound| &bound.identity), Some(identity), "only the recorded database is destroyed");
            assert_eq!(record.owner.uid, facts.uid(), "the record is another manifest's");
            assert_eq!(record.location, reach.location, "it lives elsewhere");
            is_idle(facts, &Handle::Id(identity.id.clone()));
        }
        CloudWrite::Deploy { request, again } => {
            assert!(bound.is_none(), "a manifest with a cluster gets no second one");
            assert!(!facts.deleting() && facts.spec().external_id.is_none());
            let open = record.and_then(Record::creation);
            assert_eq!(open.is_some(), *again, "an open create is repeated, and nothing else");
            assert!(!again || K::NOT_AGAIN_WITHIN.is_zero(), "what may have taken effect is asked for twice");
            assert!(open.is_none_or(|intent| intent.request == *request), "no other request is sent meanwhile");
            let target = K::target(request);
            assert_eq!(target, facts.manifest.wanted());
            assert!(
                *again || facts.rivals.iter().all(|rival| rival.target != target),
                "another manifest has this name"
            );
            assert!(open.is_none() || record.is_some_and(|record| record.location == reach.location));
            let password = record.and_then(|record| record.password.pending.as_ref());
            assert!(!K::CREATED_WITH_PASSWORD || password.is_some(), "nobody would know the way in");
        }
        CloudWrite::Change(change) => {
            let Some(bound) = bound else {
                assert!(change.creates().is_some() && !facts.deleting(), "there is nothing to change");
                return;
            };
            let record = record.expect("a record");
            assert_eq!(record.owner.uid, facts.uid(), "the record is another manifest's");
            assert_eq!(record.location, reach.location, "it lives elsewhere");
            let target = Handle::Id(bound.identity.id.clone());
            let Sighting::Present(cluster) = facts.sighting(&target) else { panic!("nobody sees what is changed") };
            assert_eq!(cluster.created_at(), bound.identity.created_at, "another database is never written to");
            is_idle(facts, &target);
        }
    }
}

/// One operation at a time.
fn is_idle<K: Kind>(facts: &Facts<K>, target: &Handle) {
    let Sighting::Present(cluster) = facts.sighting(target) else { return };
    assert_eq!(cluster.busy(), None, "something is done to the cluster");
}

fn nothing_can_come_of_it<K: Kind>(facts: &Facts<K>) {
    let intent = facts.record.as_ref().and_then(Record::creation).expect("an open create");
    let target = K::target(&intent.request);
    let look = facts.look_at(&target).expect("a look");
    assert!(look.at > intent.announced, "a look from before proves nothing");
    let settled = look.at > intent.settled_after() || look.found.cluster.is_some();
    let listed = matches!(facts.sighting(&target), Sighting::Present(_));
    assert!(settled || listed, "it can still take effect");
}

pub(crate) fn depends_on_nothing_but_the_facts<K: Kind>(facts: &Facts<K>) {
    let (once, again) = (plan(facts), plan(facts));
    assert_eq!(once.next, again.next);
    assert_eq!(status(facts, &once), status(facts, &again));
}

pub(crate) fn its_status_comes_to_rest<K: Kind>(mut facts: Facts<K>) {
    let mut published = facts.manifest.status().cloned().unwrap_or_default();
    for _ in 0..3 {
        published = status(&facts, &plan(&facts));
        *facts.manifest.status_mut() = Some(published.clone());
        facts.now = clock::later(facts.now, Duration::from_millis(700));
    }
    let next = status(&facts, &plan(&facts));
    assert_eq!(next, published);
}

pub(crate) fn its_status_is_read_as_its_reason_stands<K: Kind>(mut facts: Facts<K>) {
    let plan = plan(&facts);
    *facts.manifest.status_mut() = Some(status(&facts, &plan));
    facts.manifest.meta_mut().deletion_timestamp = None;
    if let Verdict::Stands { reason, .. } = plan.verdict {
        let read = match reason.standing() {
            Standing::Done => Read::Current,
            Standing::Working => Read::InProgress,
            Standing::Stalled => Read::Failed,
        };
        assert_eq!(compute(&facts.manifest), read);
    }
}
