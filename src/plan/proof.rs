//! Whether a cluster that was taken by its looks is ours. Where a create is given a password, its database can tell.

use std::time::Duration;

use super::binding::forget;
use super::facts::Facts;
use super::kind::{CloudCluster, Kind, Phase};
use super::password::value;
use super::record::{Bound, Doubt, Record};
use super::step::{DatabaseStep, Plan, RecordChange, Step};
use super::waiting::PATIENCE;
use crate::api::annotation;
use crate::api::condition::Reason;
use crate::api::secret::Password;

/// For how long a cluster that cannot be asked yet is waited for, from its creation. No create takes as long.
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// How often such a cluster is decided about anew, should its list lag behind.
pub(super) const UNTIL_IT_SERVES: Duration = Duration::from_secs(15);

/// What its database says of a cluster.
pub(super) enum Proof {
    /// It is to be asked.
    Ask(DatabaseStep),
    /// It cannot be asked yet.
    NotYet,
    /// It opens with none of the passwords that were tried.
    Refused,
    /// Nobody can find out: the operator is kept from it, or there is no database that could be asked.
    Impossible,
}

/// Whether one of these passwords opens the cluster.
pub(super) fn of<K: Kind>(facts: &Facts<K>, cluster: &K::Cluster, claims: Vec<Password>) -> Proof {
    if facts.attempts.password_unknown() { Proof::Refused } else { ask(facts, cluster, claims) }
}

/// The same, where a create is given up for it: a database that has just come up may not know its users yet, so that a denial
/// counts when it has stood for a while.
pub(super) fn in_the_end<K: Kind>(facts: &Facts<K>, cluster: &K::Cluster, claims: Vec<Password>) -> Proof {
    match facts.attempts.denied.filter(|denied| facts.is_recent(denied.since, PATIENCE)) {
        Some(denied) if facts.is_recent(denied.last, UNTIL_IT_SERVES) => Proof::NotYet,
        Some(_) => ask(facts, cluster, claims),
        None => of(facts, cluster, claims),
    }
}

fn ask<K: Kind>(facts: &Facts<K>, cluster: &K::Cluster, claims: Vec<Password>) -> Proof {
    let attempts = &facts.attempts;
    let in_vain = facts.database_trouble().is_some_and(|trouble| !facts.is_recent(trouble.since, PATIENCE));
    if claims.is_empty() || in_vain || attempts.database_refused.is_some() {
        return Proof::Impossible;
    }
    let phase = cluster.phase();
    let address = cluster.addresses().into_iter().next();
    match address.filter(|_| matches!(phase, Phase::Running | Phase::Changing)) {
        Some(address) => Proof::Ask(DatabaseStep::Prove { address, claims }),
        // A creation that failed has left no database, and one that sleeps is woken by nobody before it is known whose it is.
        None if matches!(phase, Phase::Failed | Phase::Suspended) => Proof::Impossible,
        None if is_young(facts, cluster) => Proof::NotYet,
        None => Proof::Impossible,
    }
}

fn is_young<K: Kind>(facts: &Facts<K>, cluster: &K::Cluster) -> bool {
    cluster.created_at().timestamp().is_some_and(|born| facts.is_recent(born, LONGEST))
}

/// What comes before a bound cluster is destroyed, where its database has not yet said that it is ours.
pub(super) fn before_destroy<K: Kind>(
    facts: &Facts<K>,
    record: &Record<K>,
    bound: &Bound<K>,
    cluster: &K::Cluster,
) -> Option<Plan<K>> {
    let doubt = bound.doubt?;
    match (of(facts, cluster, claims(facts, record)), doubt) {
        // Its owner can have it say whose it is.
        (Proof::Impossible, Doubt::Unproved) if cluster.phase() == Phase::Suspended => Some(Plan::held(
            Reason::AdminPasswordUnknown,
            format!(
                "The answer to the request that created cluster {} was lost, and nothing has proved since that the one that is there is ours. \
                 It is suspended, so that its database cannot be asked before it is destroyed: resume it in the cloud's console.",
                cluster.title()
            ),
        )),
        (Proof::Impossible, Doubt::Unproved) => None,
        (Proof::NotYet, Doubt::Unproved) => Some(
            Plan::standing(
                Reason::Deleting,
                format!(
                    "Cluster {} is to be destroyed, once its database has proved that it is ours.",
                    cluster.title()
                ),
            )
            .looking_again(UNTIL_IT_SERVES),
        ),
        (proof, _) => Some(held(facts, bound, cluster, proof)),
    }
}

/// What comes before a bound cluster is changed, where its database has said that it is not ours.
pub(super) fn before_change<K: Kind>(
    facts: &Facts<K>,
    record: &Record<K>,
    bound: &Bound<K>,
    cluster: &K::Cluster,
) -> Option<Plan<K>> {
    let doubt = bound.doubt?;
    match of(facts, cluster, claims(facts, record)) {
        // Where it could not be asked, an allow-list may let us in, so that what is wanted of it does not wait for that.
        Proof::Ask(_) if doubt == Doubt::Unproved && facts.database_trouble().is_some() => None,
        Proof::NotYet | Proof::Impossible if doubt == Doubt::Unproved => None,
        proof => Some(held(facts, bound, cluster, proof)),
    }
}

/// Everything that could open it, with what the manifest gives: whoever knows the way in decides whose it is.
fn claims<K: Kind>(facts: &Facts<K>, record: &Record<K>) -> Vec<Password> {
    let recorded = record.password.pending.iter().chain(&record.password.current);
    let mut claims: Vec<Password> = Vec::new();
    for claim in recorded.chain(value(&facts.wanted_password)) {
        if !claims.contains(claim) {
            claims.push(claim.clone());
        }
    }
    claims
}

/// Asks, notes the refusal, or waits for a person.
fn held<K: Kind>(facts: &Facts<K>, bound: &Bound<K>, cluster: &K::Cluster, proof: Proof) -> Plan<K> {
    match proof {
        Proof::Ask(step) => {
            let message = format!("Whether cluster {} is ours is being proved by its password.", cluster.title());
            let reason = if facts.deleting() { Reason::Deleting } else { Reason::Updating };
            Plan::step(Step::Database(step), reason, message)
        }
        Proof::Refused if bound.doubt == Some(Doubt::Unproved) => Plan::quietly(Step::Record(RecordChange::Disown)),
        Proof::Refused | Proof::NotYet | Proof::Impossible => disowned(facts, bound, cluster),
    }
}

fn disowned<K: Kind>(facts: &Facts<K>, bound: &Bound<K>, cluster: &K::Cluster) -> Plan<K> {
    let asked_to_forget = facts.record.as_ref().and_then(|record| forget(facts, record));
    if let Some(forget) = asked_to_forget.filter(|_| !facts.deleting()) {
        return forget;
    }
    let (id, forget) = (&bound.identity.id, annotation::FORGET);
    // While it is deleted, how to let go of a database is said of every hold.
    let let_go =
        if facts.deleting() { String::new() } else { format!("; to let go of it set the annotation {forget}: {id}") };
    Plan::held(
        Reason::AdminPasswordUnknown,
        format!(
            "The answer to the request that created cluster {} was lost, and the recorded password does not open the one that is there, \
             so it may be somebody else's. Nothing is changed or destroyed. If it is yours, give the password of its user {} with {}{let_go}.",
            cluster.title(),
            facts.manifest.user(facts.record.as_ref()),
            K::PASSWORD_FIELD
        ),
    )
}
