//! Creating a cluster at most once.

use std::time::Duration;

use super::binding::{claimed, created_by, is_hidden, planned};
use super::facts::{Facts, Inventory, Look, Rival, Sighting, TroubleKind};
use super::kind::{CloudCluster, Kind};
use super::permits::withheld;
use super::power;
use super::proof::{self, Proof, UNTIL_IT_SERVES};
use super::record::{Bound, CreateIntent, Doubt, Record, Refusal, RefusalKind};
use super::refusal::{refusal_fingerprint, still_refused};
use super::step::{CloudWrite, Plan, RecordChange, Step};
use crate::api::account::Permission;
use crate::api::condition::Reason;
use crate::api::identity::Handle;
use crate::api::shared::{PlannedAction, PlannedStep};
use crate::clock;

/// Decides for a manifest without a cluster and without an open create.
pub(super) fn plan<K: Kind>(facts: &Facts<K>) -> Plan<K> {
    if !facts.account.permits.may_create() {
        return withheld(facts, Permission::Create, "create clusters");
    }
    let target = facts.manifest.wanted();
    let plan = decide(facts, &target);
    if plan.pending.is_empty() { plan.pending(vec![planned(PlannedAction::Create, &target)]) } else { plan }
}

fn decide<K: Kind>(facts: &Facts<K>, target: &Handle) -> Plan<K> {
    if let Some(rival) = facts.rival_for(target) {
        return taken_by(facts, target, rival);
    }
    match facts.sighting(target) {
        Sighting::Present(cluster) => {
            // Whom another manifest manages is not offered for adoption.
            let rival = facts.rivals.iter().find(|rival| rival.claims(cluster.id(), cluster.created_at()));
            return rival.map_or_else(|| listed(facts, target), |rival| taken_by(facts, target, rival));
        }
        Sighting::Elsewhere => return name_taken_elsewhere(target),
        _ => {}
    }
    // What would keep it running, and paid for, is told before it costs anything.
    if let Err(why) = power::asked(facts) {
        return Plan::held(Reason::InvalidSpec, why);
    }
    let request = match K::request(facts) {
        Ok(request) => request,
        Err(instead) => return *instead,
    };
    let step = planned(PlannedAction::Create, target);
    let write = CloudWrite::Deploy { request, again: false };
    if let Some(refused) = still_refused(facts, &write) {
        let step = PlannedStep { blocked_by: Some("the cloud refused it".to_owned()), ..step };
        return refused.pending(vec![step]);
    }
    Plan::step(Step::Cloud(write), Reason::Creating, format!("Cluster {target} is being created.")).pending(vec![step])
}

/// What keeps a manifest from being created without the fields that a create needs. The schema asks for them; a manifest
/// that came in before the schema, or past it, still gets an answer.
pub(super) fn lacking<K: Kind>(facts: &Facts<K>, fields: &[&str]) -> Box<Plan<K>> {
    let (target, fields) = (facts.manifest.wanted(), fields.join(", "));
    Box::new(Plan::held(Reason::InvalidSpec, format!("To create cluster {target}, spec must name {fields}.")))
}

/// Some account of the location sees a cluster of this name. It is told of, and offered, only to one that sees it too.
fn listed<K: Kind>(facts: &Facts<K>, target: &Handle) -> Plan<K> {
    match facts.own_sighting(target) {
        Sighting::Present(cluster) => name_taken(facts, target, cluster),
        Sighting::Unlisted | Sighting::Unknown => Plan::quietly(Step::Look(target.clone())),
        Sighting::LookedAbsent(_) | Sighting::Elsewhere => name_taken_elsewhere(target),
    }
}

fn taken_by<K: Kind>(facts: &Facts<K>, target: &Handle, rival: &Rival) -> Plan<K> {
    if is_hidden(facts, rival) { name_in_use(target) } else { claimed(facts, rival) }
}

/// Said to those who may not know what has the name.
fn name_in_use<K: Kind>(target: &Handle) -> Plan<K> {
    let message = format!("The name {target} is in use. Give spec.{} another value.", K::NAME_FIELD);
    Plan::held(Reason::NameTaken, message)
}

fn name_taken<K: Kind>(facts: &Facts<K>, target: &Handle, cluster: &K::Cluster) -> Plan<K> {
    if !facts.account.permits.may_adopt() {
        return name_in_use(target);
    }
    Plan::held(
        Reason::NameTaken,
        format!(
            "There is a cluster {target} already, created at {}, and not by this manifest. \
             To adopt it set spec.externalId: {}; otherwise give spec.{} another value.",
            cluster.created_at(),
            cluster.id(),
            K::NAME_FIELD
        ),
    )
}

fn name_taken_elsewhere<K: Kind>(target: &Handle) -> Plan<K> {
    Plan::held(
        Reason::NameTaken,
        format!(
            "The cloud says that the name {target} is in use, by a cluster that these credentials do not see. \
             Give spec.{} another value.",
            K::NAME_FIELD
        ),
    )
}

/// Decides while the outcome of an announced create is open: the cloud is looked at, whatever else the manifest says.
pub(super) fn settle<K: Kind>(facts: &Facts<K>, record: &Record<K>) -> Plan<K> {
    let Some(intent) = record.creation() else {
        return Plan::unchanged();
    };
    let target = &K::target(&intent.request);
    let being_created = format!("Cluster {target} is being created.");
    // A list or look from before the last send cannot tell what that send did.
    let looked = facts.look_at(target).filter(|look| look.at > intent.announced);
    let plan = match (facts.sighting(target), looked) {
        (Sighting::Present(cluster), _) if seems_ours(facts, intent, cluster) => {
            recognised(facts, record, intent, cluster, looked)
        }
        // Whoever has the name, it was not given by us, and while it is taken our request can only be refused.
        (Sighting::Present(_), Some(_)) => Plan::quietly(Step::Record(RecordChange::ClearIntent(None))),
        (Sighting::LookedAbsent(_) | Sighting::Elsewhere, Some(look)) => absent(facts, record, intent, look),
        _ => Plan::step(Step::Look(target.clone()), Reason::Creating, being_created),
    };
    if plan.pending.is_empty() { plan.pending(vec![planned(PlannedAction::Create, target)]) } else { plan }
}

/// Decides about the cluster that seems to have come of the create. Somebody else may have made it in the same moments, so
/// where a create is given a password, that has to open it.
fn recognised<K: Kind>(
    facts: &Facts<K>,
    record: &Record<K>,
    intent: &CreateIntent<K>,
    cluster: &K::Cluster,
    looked: Option<&Look<K>>,
) -> Plan<K> {
    let target = &K::target(&intent.request);
    let settled = || {
        let credential = facts.seeing(cluster).unwrap_or_default();
        let bound = taken(record, intent, cluster, facts.fixed(cluster), credential);
        let message = format!("Cluster {target} is being created.");
        Plan::step(Step::Record(RecordChange::Settle(bound)), Reason::Creating, message)
    };
    if !is_doubtful(record) {
        return settled();
    }
    let claims = record.password.pending.iter().cloned().collect();
    match proof::in_the_end(facts, cluster, claims) {
        Proof::Ask(step) => Plan::step(
            Step::Database(step),
            Reason::Creating,
            format!("Whether cluster {target} is the one that was asked for is being proved by its password."),
        )
        .about(cluster),
        Proof::NotYet => Plan::standing(
            Reason::Creating,
            format!(
                "The answer to the request to create cluster {target} was lost. There is one that looks like it, which the cloud calls {}. \
                 Whether it is ours, its database tells by the recorded password. Nothing to do but wait.",
                cluster.word()
            ),
        )
        .looking_again(UNTIL_IT_SERVES),
        // What was sent can still take effect once the name is free, so that until then it is not forgotten.
        Proof::Refused if facts.now <= intent.last_effect() => name_taken(facts, target, cluster)
            .looking_again(clock::until(facts.now, intent.last_effect()).unwrap_or_default() + Duration::from_secs(1)),
        Proof::Refused if looked.is_none() => Plan::quietly(Step::Look(target.clone())),
        Proof::Refused => Plan::quietly(Step::Record(RecordChange::ClearIntent(None))),
        // Everything but the password says that it is ours, and only who is bound to it can say how it stands. It is not
        // destroyed before its database was asked, should that become possible.
        Proof::Impossible => settled(),
    }
}

/// Whether the database has still to say whose a cluster is that was taken by its looks.
fn is_doubtful<K: Kind>(record: &Record<K>) -> bool {
    K::CREATED_WITH_PASSWORD && record.password.current.is_none()
}

/// What a record keeps of a cluster that seems to have come of its create.
pub(super) fn taken<K: Kind>(
    record: &Record<K>,
    intent: &CreateIntent<K>,
    cluster: &K::Cluster,
    fixed: K::Fixed,
    credential: &str,
) -> Bound<K> {
    let doubt = is_doubtful(record).then_some(Doubt::Unproved);
    Bound { doubt, ..created_by(&intent.request, cluster, fixed, credential) }
}

fn seems_ours<K: Kind>(facts: &Facts<K>, intent: &CreateIntent<K>, cluster: &K::Cluster) -> bool {
    let claimed = facts.rivals.iter().any(|rival| rival.claims(cluster.id(), cluster.created_at()));
    !claimed && facts.inventory.as_ref().is_none_or(|list| alone(list, intent)) && comes_from(intent, cluster)
}

/// Whether a cluster can be what one of our requests created.
pub(super) fn comes_from<K: Kind>(intent: &CreateIntent<K>, cluster: &K::Cluster) -> bool {
    let in_time = cluster.created_at().timestamp().is_some_and(|moment| intent.covers(moment));
    in_time && K::came_from(cluster, &intent.request)
}

/// Whether there are no two clusters that could have come from our requests: then nobody could tell which did.
pub(super) fn alone<K: Kind>(list: &Inventory<K>, intent: &CreateIntent<K>) -> bool {
    list.by(&K::target(&intent.request)).filter(|cluster| comes_from(intent, cluster)).count() < 2
}

/// Whether the present manifest would send exactly what was sent before. What an edit asks for instead waits until
/// nothing can come of the former request any more.
fn still_wanted<K: Kind>(facts: &Facts<K>, record: &Record<K>, intent: &CreateIntent<K>) -> bool {
    K::NOT_AGAIN_WITHIN.is_zero()
        && facts.managed()
        && facts.account.permits.may_create()
        && !facts.deleting()
        && record.owner.uid == facts.uid()
        && facts.spec().external_id.is_none()
        && K::request(facts).is_ok_and(|request| request == intent.request)
}

/// The look says that nothing came of the create, so far.
fn absent<K: Kind>(facts: &Facts<K>, record: &Record<K>, intent: &CreateIntent<K>, look: &Look<K>) -> Plan<K> {
    let target = &K::target(&intent.request);
    let refused = facts.attempts.trouble.as_ref().filter(|trouble| trouble.kind == TroubleKind::RepeatRefused);
    if refused.is_none() && still_wanted(facts, record, intent) {
        let write = CloudWrite::Deploy { request: intent.request.clone(), again: true };
        return Plan::step(Step::Cloud(write), Reason::Creating, format!("Cluster {target} is being created."));
    }
    let settled = intent.settled_after();
    if facts.now > settled {
        if look.at <= settled {
            return Plan::step(
                Step::Look(target.clone()),
                Reason::Creating,
                format!("Cluster {target} is being created."),
            );
        }
        let refusal = refused.map(|trouble| Refusal {
            kind: RefusalKind::Refused,
            message: trouble.message.clone(),
            fingerprint: refusal_fingerprint(
                facts,
                &CloudWrite::Deploy { request: intent.request.clone(), again: false },
            ),
            at: facts.now,
        });
        return Plan::quietly(Step::Record(RecordChange::ClearIntent(refusal)));
    }
    let wait = clock::until(facts.now, settled).unwrap_or(Duration::from_secs(1));
    Plan::standing(
        Reason::OutcomeUnknown,
        format!("A request to create cluster {target} was sent, and its effect can still appear. The cloud is looked at until that is settled."),
    )
    .looking_again(wait + Duration::from_secs(1))
}
