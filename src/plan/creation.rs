//! Creating a cluster at most once.

use std::time::Duration;

use super::binding::{claimed, created_by, planned};
use super::facts::{Facts, Look, Sighting, TroubleKind};
use super::record::{Bound, CreateIntent, Owner, Record, Refusal, RefusalKind};
use super::step::{CloudWrite, Plan, RecordChange, Step};
use super::typedb;
use crate::api::condition::Reason;
use crate::api::shared::PlannedAction;
use crate::clock;
use crate::cloud::typedb::wire::Cluster;

/// A refused request is tried again after this long even if nothing changed.
pub(super) const REFUSAL_LASTS: Duration = Duration::from_secs(60 * 60);

/// Decides for a manifest without a cluster and without an open create.
pub(super) fn plan(facts: &Facts, record: Option<&Record>) -> Plan {
    let id = facts.wanted_id();
    if let Some(rival) = facts.rival_for(&id) {
        return claimed(rival);
    }
    let request = match typedb::deploy_request(facts) {
        Ok(request) => request,
        Err(missing) => {
            let fields = missing.join(", ");
            return Plan::held(Reason::InvalidSpec, format!("To create cluster {id}, spec must name {fields}."));
        }
    };
    if let Sighting::Present(cluster) = facts.sighting(&id) {
        return name_taken(cluster);
    }
    let write = CloudWrite::Deploy { request, again: false };
    if let Some(refused) = still_refused(facts, record, &write) {
        let mut step = planned(PlannedAction::Create, &id);
        step.blocked_by = Some("the cloud refused it".to_owned());
        return refused.pending(vec![step]);
    }
    Plan::step(Step::Cloud(write), Reason::Creating, format!("Cluster {id} is being created."))
        .pending(vec![planned(PlannedAction::Create, &id)])
}

fn name_taken(cluster: &Cluster) -> Plan {
    let id = &cluster.id;
    Plan::held(
        Reason::NameTaken,
        format!(
            "There is a cluster {id} already, created at {}, and not by this manifest. \
             To adopt it set spec.externalId: {id}; otherwise give spec.clusterId another value.",
            cluster.created_at
        ),
    )
}

/// The plan for a write that the cloud refused, while nothing has changed since and the hour is not over.
pub(super) fn still_refused(facts: &Facts, record: Option<&Record>, write: &CloudWrite) -> Option<Plan> {
    let refusal = record?.refusal.as_ref()?;
    let retry = clock::later(refusal.at, REFUSAL_LASTS);
    let stands = facts.now < retry && refusal.fingerprint == typedb::refusal_fingerprint(facts, write);
    let held_back = facts.attempts.not_before.is_some_and(|moment| moment > facts.now);
    if !stands && !held_back {
        return None;
    }
    let (reason, way_out) = match refusal.kind {
        RefusalKind::Refused => (Reason::ChangeRefused, "Correct the manifest, or what the message names"),
        RefusalKind::Forbidden => (Reason::CredentialsInsufficient, "Give the account's API token more access"),
    };
    let wait = Duration::try_from(retry.duration_since(facts.now)).unwrap_or(REFUSAL_LASTS);
    Some(
        Plan::standing(
            reason,
            format!(
                "The cloud refused: \"{}\". {way_out}; it is tried again after a change, or within the hour.",
                refusal.message
            ),
        )
        .looking_again(wait),
    )
}

/// Decides while the outcome of an announced create is open: the cloud is looked at, whatever else the manifest says.
pub(super) fn settle(facts: &Facts, record: &Record) -> Plan {
    let Some(intent) = record.creation() else {
        return Plan::unchanged();
    };
    let id = &intent.request.id;
    // A list or look from before the last send cannot tell what that send did.
    let looked = facts.look.as_ref().is_some_and(|look| look.id == *id && look.at > intent.announced);
    let plan = match facts.sighting(id) {
        Sighting::Present(cluster) if ours(facts, intent, cluster) => Plan::step(
            Step::Record(RecordChange::Settle(created(facts, intent, cluster))),
            Reason::Creating,
            format!("Cluster {id} is being created."),
        ),
        // Whoever has the id, it was not given by us, and while it is taken our request can only be refused.
        Sighting::Present(_) if looked => Plan::quietly(Step::Record(RecordChange::ClearIntent(None))),
        Sighting::LookedAbsent(look) if looked => absent(facts, &record.owner, intent, look),
        _ => Plan::step(Step::Look(id.clone()), Reason::Creating, format!("Cluster {id} is being created.")),
    };
    if plan.pending.is_empty() { plan.pending(vec![planned(PlannedAction::Create, id)]) } else { plan }
}

fn created(facts: &Facts, intent: &CreateIntent, cluster: &Cluster) -> Bound {
    created_by(&intent.request, cluster, facts.account.reach.as_ref().map_or("", |reach| &reach.credential))
}

fn ours(facts: &Facts, intent: &CreateIntent, cluster: &Cluster) -> bool {
    let claimed = facts.rivals.iter().any(|rival| rival.claims(&cluster.id, cluster.created_at));
    let in_time = cluster.created_at.timestamp().is_some_and(|moment| intent.covers(moment));
    in_time && !claimed && typedb::came_from(cluster, &intent.request)
}

/// Whether the present manifest would send exactly what was sent before. What an edit asks for instead waits until
/// nothing can come of the former request any more.
fn still_wanted(facts: &Facts, owner: &Owner, intent: &CreateIntent) -> bool {
    facts.managed()
        && !facts.deleting()
        && owner.uid == facts.uid()
        && facts.manifest.spec.common.external_id.is_none()
        && typedb::deploy_request(facts).is_ok_and(|request| request == intent.request)
}

/// The look says that nothing came of the create, so far.
fn absent(facts: &Facts, owner: &Owner, intent: &CreateIntent, look: &Look) -> Plan {
    let id = &intent.request.id;
    let refused = facts.attempts.trouble.as_ref().filter(|trouble| trouble.kind == TroubleKind::RepeatRefused);
    if refused.is_none() && still_wanted(facts, owner, intent) {
        let write = CloudWrite::Deploy { request: intent.request.clone(), again: true };
        return Plan::step(Step::Cloud(write), Reason::Creating, format!("Cluster {id} is being created."));
    }
    let settled = intent.settled_after();
    if facts.now > settled {
        if look.at <= settled {
            return Plan::step(Step::Look(id.clone()), Reason::Creating, format!("Cluster {id} is being created."));
        }
        let refusal = refused.map(|trouble| Refusal {
            kind: RefusalKind::Refused,
            message: trouble.message.clone(),
            fingerprint: typedb::refusal_fingerprint(
                facts,
                &CloudWrite::Deploy { request: intent.request.clone(), again: false },
            ),
            at: facts.now,
        });
        return Plan::quietly(Step::Record(RecordChange::ClearIntent(refusal)));
    }
    let wait = Duration::try_from(settled.duration_since(facts.now)).unwrap_or(Duration::from_secs(1));
    Plan::standing(
        Reason::OutcomeUnknown,
        format!("A request to create cluster {id} was sent, and its effect can still appear. The cloud is looked at until that is settled."),
    )
    .looking_again(wait + Duration::from_secs(1))
}
