//! The end of a manifest: the database stays, unless its owner said otherwise, and the manifest goes whatever is broken.

use std::time::Duration;

use super::binding::{adopt, is_borrowed, planned};
use super::bound::{looked, still_listed, suspect, witnessed};
use super::change;
use super::conditions::whole_seconds;
use super::creation::settle;
use super::facts::{AccountStanding, Facts, Reach, Sighting};
use super::kind::{CloudCluster, Kind, Phase};
use super::permits::withheld;
use super::record::{Bound, Intent, Origin, Record};
use super::refusal::unless_refused;
use super::step::{CloudWrite, Plan, RecordChange, Step, Verdict};
use super::{guard, proof, rename};
use crate::api::account::Permission;
use crate::api::condition::Reason;
use crate::api::identity::{ClusterId, Handle};
use crate::api::shared::PlannedAction;
use crate::clock;

/// How often a cluster that is being destroyed is looked at.
const WHILE_DESTROYING: Duration = Duration::from_secs(5);

/// Between two requests to destroy the same cluster lies as much time as the deletion has lasted before, within these.
const BETWEEN_REQUESTS: [Duration; 2] = [Duration::from_secs(30), Duration::from_secs(5 * 60)];

/// Said wherever a deletion waits for something: there is always this way out.
const WAY_OUT: &str = " To let go of the database instead set spec.deletionPolicy: Retain.";

/// Decides for a manifest that is being deleted.
pub(super) fn plan<K: Kind>(facts: &Facts<K>) -> Plan<K> {
    if !facts.has_finalizer() {
        return Plan::unchanged();
    }
    if !facts.destroys() || facts.attempts.definition_deleted {
        return release();
    }
    let plan = match &facts.record {
        Some(record) if record.owner.uid != facts.uid() => release(),
        Some(record) if record.has_cluster() => reaching(facts, |reach| recorded(facts, reach, record)),
        Some(_) => Plan::quietly(Step::Record(RecordChange::Drop)),
        None => match reported(facts) {
            Some(id) if !facts.account.permits.may_adopt() => reaching(facts, |_| told_of(facts, id)),
            Some(id) => reaching(facts, |_| match adopt(facts, id, Origin::Recovered) {
                // It is there, and only a credential that sees it can destroy it.
                plan if plan.stands_at(Reason::CredentialsInsufficient) => plan,
                plan if plan.stands_at(Reason::InventorySuspect) => plan,
                // What the status names is gone, or is not ours: nothing is left to destroy.
                plan if plan.next.is_none() => release(),
                plan => plan,
            }),
            None => release(),
        },
    };
    naming_the_way_out(showing_the_end(facts, guard(facts, plan)))
}

/// The status names a cluster, and nobody can tell whether it is this manifest's. Where it is there it may not be bound to, and
/// where it is not there is nothing left to destroy.
fn told_of<K: Kind>(facts: &Facts<K>, id: &ClusterId) -> Plan<K> {
    let target = Handle::Id(id.clone());
    match facts.own_sighting(&target) {
        Sighting::LookedAbsent(_) if !facts.is_listed(&target) => release(),
        Sighting::Unlisted | Sighting::Unknown => Plan::quietly(Step::Look(target)),
        Sighting::Present(_) | Sighting::LookedAbsent(_) | Sighting::Elsewhere => {
            withheld(facts, Permission::Adopt, "bind to what is there")
        }
    }
}

/// The cluster that the status names beyond doubt: without its creation time it could be another of the same id.
fn reported<K: Kind>(facts: &Facts<K>) -> Option<&ClusterId> {
    let status = facts.reported()?;
    status.created_at.as_ref().and(status.external_id.as_ref())
}

/// However a deletion is held up, the plan shows what it comes to.
fn showing_the_end<K: Kind>(facts: &Facts<K>, plan: Plan<K>) -> Plan<K> {
    match facts.record.as_ref().and_then(Record::bound_id) {
        Some(id) if plan.pending.is_empty() && !plan.stands_at(Reason::Deleting) => {
            plan.pending(vec![planned(PlannedAction::Destroy, id)])
        }
        _ => plan,
    }
}

fn naming_the_way_out<K: Kind>(mut plan: Plan<K>) -> Plan<K> {
    if let Verdict::Stands { reason, message, .. } = &mut plan.verdict
        && !matches!(reason, Reason::Deleting | Reason::Creating)
    {
        message.push_str(WAY_OUT);
    }
    plan
}

fn release<K: Kind>() -> Plan<K> {
    Plan::quietly(Step::RemoveFinalizer)
}

/// Goes on where the cloud can be spoken to, with the last good credentials if need be: a namespace is deleted Secrets first.
fn reaching<K: Kind>(facts: &Facts<K>, go_on: impl FnOnce(&Reach) -> Plan<K>) -> Plan<K> {
    match (&facts.account.standing, &facts.account.reach) {
        (
            AccountStanding::Connected
            | AccountStanding::Missing
            | AccountStanding::Refused(Reason::CredentialsMissing | Reason::InvalidSpec, _),
            Some(reach),
        ) => go_on(reach),
        (AccountStanding::Unavailable(why), _) => {
            Plan::standing(Reason::CloudUnavailable, format!("The database is to be destroyed. {why}"))
        }
        (AccountStanding::Connecting, _) => {
            Plan::standing(Reason::WaitingForAccount, "The database is to be destroyed once the account is connected.")
        }
        (AccountStanding::Missing, None) => Plan::held(
            Reason::AccountNotFound,
            format!(
                "The database is to be destroyed, and its CloudAccount {} is missing. Apply it.",
                facts.spec().account_ref.name
            ),
        ),
        (AccountStanding::Refused(reason, why), _) => {
            Plan::held(*reason, format!("The database is to be destroyed, and its account cannot be used: {why}"))
        }
        (AccountStanding::Connected, None) => Plan::unchanged(),
    }
}

fn recorded<K: Kind>(facts: &Facts<K>, reach: &Reach, record: &Record<K>) -> Plan<K> {
    if record.location != reach.location {
        return Plan::held(
            Reason::LocationChanged,
            format!(
                "Cluster {} is to be destroyed. It was recorded in {}, and the account names {}. \
                 Refer to an account of the recorded location.",
                record.target().map(|target| target.to_string()).unwrap_or_default(),
                record.location,
                reach.location
            ),
        );
    }
    if is_borrowed(facts, record) {
        return withheld(facts, Permission::Adopt, "destroy what is there");
    }
    match &record.bound {
        Some(bound) if record.creation().is_none() => destroy(facts, reach, record, bound),
        _ => settle(facts, record),
    }
}

/// Only a credential that has seen the cluster can tell that it is gone.
fn looked_by_one_who_knows<K: Kind>(facts: &Facts<K>, bound: &Bound<K>) -> bool {
    looked(facts, bound).is_some_and(|look| bound.seen_by.contains(&look.by))
}

/// How long it is not asked again after a request, however the cloud calls what it does meanwhile: ever longer.
fn just_asked<K: Kind>(facts: &Facts<K>, record: &Record<K>) -> Option<Duration> {
    let Some(Intent::Destroy { announced, .. }) = &record.intent else { return None };
    let deleted = facts.manifest.meta().deletion_timestamp.as_ref().map(|time| time.0);
    let lasted = deleted.and_then(|deleted| clock::until(deleted, *announced)).unwrap_or_default();
    let [least, most] = BETWEEN_REQUESTS;
    clock::until(facts.now, clock::later(*announced, lasted.clamp(least, most))).filter(|left| !left.is_zero())
}

fn destroy<K: Kind>(facts: &Facts<K>, reach: &Reach, record: &Record<K>, bound: &Bound<K>) -> Plan<K> {
    let id = &bound.identity.id;
    let target = Handle::Id(id.clone());
    if facts.rivals.iter().any(|rival| rival.claims(id, bound.identity.created_at)) {
        return release();
    }
    if let Some(open) = rename::settle(facts, record, bound) {
        return open;
    }
    let name = K::title(bound);
    let being_destroyed = || format!("Cluster {name} is being destroyed.");
    match facts.sighting(&target) {
        Sighting::Present(cluster) if cluster.created_at() == bound.identity.created_at => {
            // Whoever destroys it has to be able to tell that it is gone.
            witnessed(facts, reach, bound, cluster).unwrap_or_else(|| present(facts, record, bound, cluster))
        }
        // A list alone does not prove that another database has the id.
        Sighting::Present(_) if looked(facts, bound).is_none() => {
            Plan::step(Step::Look(target), Reason::Deleting, being_destroyed())
        }
        Sighting::Unlisted | Sighting::Unknown => Plan::step(Step::Look(target), Reason::Deleting, being_destroyed()),
        _ if !looked_by_one_who_knows(facts, bound) => Plan::held(
            Reason::CredentialsInsufficient,
            format!(
                "The account's present credentials have never seen cluster {name}, so they cannot tell whether it is gone."
            ),
        ),
        // The list that is still to come may show it under another id, or many others missing as well.
        _ if still_listed(facts, bound) => {
            Plan::standing(Reason::Deleting, being_destroyed()).looking_again(WHILE_DESTROYING)
        }
        // What was to be destroyed is destroyed under the id that it has.
        _ => rename::followed(facts, bound).unwrap_or_else(|| believed_gone(facts, record, &name)),
    }
}

/// Its record goes, unless too much is missing at once.
fn believed_gone<K: Kind>(facts: &Facts<K>, record: &Record<K>, name: &str) -> Plan<K> {
    // What we have asked to be destroyed is not among what is missing.
    if facts.inventory_is_suspect() && !record.is_destroying() {
        return suspect(facts, name);
    }
    Plan::quietly(Step::Record(RecordChange::Drop))
}

/// As many databases were destroyed here of late as is allowed. One that was asked for already counts among them.
fn in_turn<K: Kind>(facts: &Facts<K>, record: &Record<K>, name: &str) -> Option<Plan<K>> {
    let turn = facts.lately.may_destroy_at(facts.now).filter(|_| !record.is_destroying())?;
    let place = &record.location;
    let message = format!(
        "Cluster {name} is to be destroyed. As many databases were destroyed in {place} as destroyLimit of its CloudAccounts allows, \
         so it waits until {}.",
        whole_seconds(turn)
    );
    Some(Plan::standing(Reason::DestroyLimitReached, message).looking_again(clock::until(facts.now, turn)?))
}

/// The cluster is there: it is destroyed, unless it is protected or something must come first.
fn present<K: Kind>(facts: &Facts<K>, record: &Record<K>, bound: &Bound<K>, cluster: &K::Cluster) -> Plan<K> {
    let id = &bound.identity.id;
    let name = K::title(bound);
    let being_destroyed = format!("Cluster {name} is being destroyed.");
    let wait = (cluster.phase() == Phase::Destroying).then_some(WHILE_DESTROYING);
    if let Some(wait) = wait.or_else(|| just_asked(facts, record)) {
        return Plan::standing(Reason::Deleting, being_destroyed).looking_again(wait).about(cluster);
    }
    let pending = vec![planned(PlannedAction::Destroy, id)];
    if !facts.account.permits.may_delete() {
        return withheld(facts, Permission::Delete, "destroy databases").pending(pending).about(cluster);
    }
    if facts.spec().deletion_protection == Some(true) {
        let why =
            format!("Cluster {name} is not destroyed, for spec.deletionProtection is true. Set it to false to go on.");
        return Plan::held(Reason::DeletionProtected, why).pending(pending).about(cluster);
    }
    // What never becomes anything else is not waited for: it is paid for as well.
    let is_stuck = matches!(cluster.phase(), Phase::Creating | Phase::Unknown) && cluster.busy().is_none();
    if let Some(intent) = record.change().filter(|_| !is_stuck) {
        return change::follow(facts, intent, cluster).pending(pending).about(cluster);
    }
    if let Some(operation) = change::under_way(facts, cluster).filter(|_| !is_stuck) {
        return change::waiting(facts, cluster, &operation).pending(pending).about(cluster);
    }
    let first = proof::before_destroy(facts, record, bound, cluster);
    let first = first.or_else(|| in_turn(facts, record, &name));
    if let Some(first) = first.or_else(|| K::before_destroy(facts, bound, cluster)) {
        return first.pending(pending).about(cluster);
    }
    let write = CloudWrite::Destroy(bound.identity.clone());
    unless_refused(facts, write, Reason::Deleting, being_destroyed).pending(pending).about(cluster)
}
