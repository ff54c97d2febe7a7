//! The end of a manifest: the database stays, unless its owner said otherwise, and the manifest goes whatever is broken.

use std::time::Duration;

use super::binding::{adopt, planned};
use super::bound::renamed;
use super::creation::{settle, still_refused};
use super::facts::{AccountStanding, Facts, Reach, Sighting};
use super::guard;
use super::record::{Bound, Origin, Record};
use super::step::{CloudWrite, Plan, RecordChange, Step};
use crate::api::condition::Reason;
use crate::api::shared::PlannedAction;
use crate::cloud::typedb::wire::ClusterStatus;

/// How often a cluster that is being destroyed is looked at.
const WHILE_DESTROYING: Duration = Duration::from_secs(5);

/// Said wherever a deletion waits for something: there is always this way out.
const WAY_OUT: &str = "To let go of the database instead set spec.deletionPolicy: Retain.";

/// Decides for a manifest that is being deleted.
pub(super) fn plan(facts: &Facts) -> Plan {
    if !facts.has_finalizer() {
        return Plan::unchanged();
    }
    if !facts.destroys() || facts.attempts.definition_deleted {
        return release();
    }
    let plan = match &facts.record {
        Some(record) if record.owner.uid != facts.uid() => release(),
        Some(record) if record.creation().is_some() => reaching(facts, |_| settle(facts, record)),
        Some(record) => match &record.bound {
            Some(bound) => reaching(facts, |reach| destroy(facts, reach, record, bound)),
            None => Plan::quietly(Step::Record(RecordChange::Drop)),
        },
        None => match facts.reported_id() {
            Some(id) => reaching(facts, |_| match adopt(facts, id, Origin::Recovered) {
                // What the status names is gone, or is not ours: nothing is left to destroy.
                plan if plan.next.is_none() => release(),
                plan => plan,
            }),
            None => release(),
        },
    };
    guard(facts, plan)
}

fn release() -> Plan {
    Plan::quietly(Step::RemoveFinalizer)
}

/// Goes on where the cloud can be spoken to, with the last good credentials if need be: a namespace is deleted Secrets first.
fn reaching(facts: &Facts, go_on: impl FnOnce(&Reach) -> Plan) -> Plan {
    match (&facts.account.standing, &facts.account.reach) {
        (
            AccountStanding::Connected
            | AccountStanding::Missing
            | AccountStanding::Refused(Reason::CredentialsMissing, _),
            Some(reach),
        ) => go_on(reach),
        (AccountStanding::Unavailable(why), _) => {
            Plan::standing(Reason::CloudUnavailable, format!("The database is to be destroyed. {why} {WAY_OUT}"))
        }
        (AccountStanding::Connecting, _) => Plan::standing(
            Reason::WaitingForAccount,
            format!("The database is to be destroyed once the account is connected. {WAY_OUT}"),
        ),
        (AccountStanding::Missing, None) => Plan::held(
            Reason::AccountNotFound,
            format!(
                "The database is to be destroyed, and its CloudAccount {} is missing. {WAY_OUT}",
                facts.manifest.spec.account_ref.name
            ),
        ),
        (AccountStanding::Refused(reason, why), _) => Plan::held(
            *reason,
            format!("The database is to be destroyed, and its account cannot be used: {why} {WAY_OUT}"),
        ),
        (AccountStanding::Connected, None) => Plan::unchanged(),
    }
}

fn destroy(facts: &Facts, reach: &Reach, record: &Record, bound: &Bound) -> Plan {
    let id = &bound.identity.id;
    if record.location != reach.location {
        return Plan::held(
            Reason::LocationChanged,
            format!(
                "Cluster {id} is to be destroyed, it lives in {}, and the account names {}. {WAY_OUT}",
                record.location, reach.location
            ),
        );
    }
    if facts.rivals.iter().any(|rival| rival.claims(id, bound.identity.created_at)) {
        return release();
    }
    match facts.sighting(id) {
        Sighting::Present(cluster) if cluster.created_at == bound.identity.created_at => {
            if cluster.status == ClusterStatus::Destroying {
                return Plan::standing(Reason::Deleting, format!("Cluster {id} is being destroyed."))
                    .looking_again(WHILE_DESTROYING)
                    .about(cluster);
            }
            let write = CloudWrite::Destroy(bound.identity.clone());
            let pending = vec![planned(PlannedAction::Destroy, id)];
            if let Some(refused) = still_refused(facts, Some(record), &write) {
                return refused.pending(pending).about(cluster);
            }
            Plan::step(Step::Cloud(write), Reason::Deleting, format!("Cluster {id} is being destroyed."))
                .pending(pending)
                .about(cluster)
        }
        Sighting::LookedAbsent(look) if !bound.seen_by.contains(&look.by) => Plan::held(
            Reason::CredentialsInsufficient,
            format!(
                "The account's present credentials have never seen cluster {id}, so they cannot tell whether it is gone. {WAY_OUT}"
            ),
        ),
        Sighting::LookedAbsent(_) | Sighting::Present(_) => {
            match facts.inventory.as_ref().and_then(|list| renamed(list, bound)) {
                Some(clause) => Plan::held(
                    Reason::Vanished,
                    format!(
                        "Cluster {id} was to be destroyed and is gone{clause}. Destroy that one in the cloud's console if it is the one. {WAY_OUT}"
                    ),
                ),
                None => Plan::quietly(Step::Record(RecordChange::Drop)),
            }
        }
        Sighting::Unlisted | Sighting::Unknown => {
            Plan::step(Step::Look(id.clone()), Reason::Deleting, format!("Cluster {id} is being destroyed."))
        }
    }
}
