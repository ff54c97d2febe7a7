//! The pure decisions. `plan` is handed facts and answers what to do next and how the manifest stands.
//!
//! Nothing here does I/O, asks a clock or draws a random number: every rule about a database can be tested as a row of a table.

mod account;
mod binding;
mod bound;
mod change;
mod conditions;
mod connection;
mod cratedb;
mod creation;
mod deletion;
mod difference;
mod drift;
mod facts;
mod import;
mod kind;
mod lately;
mod missing;
mod orphan;
mod password;
mod permits;
mod power;
mod proof;
mod record;
mod refusal;
mod rename;
mod serving;
mod source;
mod standing;
mod status;
mod step;
mod typedb;
mod waiting;
mod work;

pub use account::{Health, account_in_use, account_standing, account_status, account_verdict};
pub use binding::{created_by, may_take_over};
pub use conditions::whole_seconds;
pub use connection::{Connection, Layout, fingerprint as connection_fingerprint};
pub use difference::{Difference, Obstacle, Remedy};
pub use drift::{Applies, Setting, Settings, applies};
pub use facts::{
    AccountFacts, AccountStanding, Answered, Answers, Attempts, Catalogued, Denied, Facts, Given, Inventory, Look,
    Probe, Reach, Rival, Sighting, Source, Stake, Trouble, TroubleKind,
};
pub use import::imported;
pub use kind::{Change, CloudCluster, Data, Kind, Phase};
pub use lately::Lately;
pub use missing::{Missing, Roll};
pub use orphan::{OrphanFacts, OrphanPlan, plan_orphan};
pub use password::PasswordPlan;
pub use permits::{Permits, granted};
pub use record::{
    AccountName, Bound, ChangeIntent, CreateIntent, Doubt, Ending, Gone, Intent, Origin, Owner, PasswordState, Record,
    Refusal, RefusalKind, SEND_WITHIN,
};
pub use refusal::refusal_fingerprint;
pub use status::status;
pub use step::{CloudWrite, DatabaseStep, NewPassword, Plan, RecordChange, Step, Verdict};

use kube::ResourceExt;

use crate::api::FINALIZER;
use crate::api::condition::Reason;
use crate::api::shared::{DeletionPolicy, Management};

/// Decides what is to be done next about one manifest, and how it stands.
#[must_use]
pub fn plan<K: Kind>(facts: &Facts<K>) -> Plan<K> {
    decide(facts).explained()
}

fn decide<K: Kind>(facts: &Facts<K>) -> Plan<K> {
    if looked_after_elsewhere(facts).is_some() {
        return Plan::unchanged();
    }
    if facts.deleting() {
        return deletion::plan(facts);
    }
    if facts.destroys() && !facts.has_finalizer() {
        return Plan::quietly(Step::AddFinalizer);
    }
    if !facts.destroys() && facts.has_finalizer() {
        return Plan::quietly(Step::RemoveFinalizer);
    }
    guard(facts, waiting::for_account(facts).unwrap_or_else(|| binding::plan(facts)))
}

/// A sentence where the operator of another namespace looks after the manifest: then nothing is written, not even a status.
#[must_use]
pub fn looked_after_elsewhere<K: Kind>(facts: &Facts<K>) -> Option<String> {
    let reported = facts.reported()?;
    let (own, other) = (&facts.operator_namespace, reported.operator_namespace.as_deref()?);
    let elsewhere = another_operators(other, own, facts.take_over_from.as_deref());
    if elsewhere.is_some() || other == own {
        return elsewhere;
    }
    // The record of what was sent, and of what would tell its outcome from somebody else's cluster, is not at hand.
    let open = reported.creation.as_ref().filter(|_| facts.record.is_none() && facts.spec().external_id.is_none())?;
    Some(format!(
        "The operator in namespace {other} began to create cluster {}, and what came of it is not known to the one in {own}, \
         so nothing is written. Start the former operator once more and let it finish; or look into the cloud's console, and \
         set spec.externalId to the id of the cluster that is there, or remove status.creation where there is none.",
        open.target
    ))
}

/// A sentence where an object whose status names the operator in namespace `other` is not for the one in `own` to write.
#[must_use]
pub fn another_operators(other: &str, own: &str, take_over_from: Option<&str>) -> Option<String> {
    (other != own && take_over_from != Some(other)).then(|| {
        format!(
            "The operator in namespace {other} looks after this manifest, so the one in {own} writes nothing. Let only one \
             of the two watch this namespace; where the other is gone for good, start this one with --take-over-from {other}."
        )
    })
}

/// Whether the manifest is being deleted, and its database stays whatever else is known of it.
#[must_use]
pub fn is_let_go<K: Kind>(manifest: &K) -> bool {
    let asked = manifest.common();
    let destroys = asked.management == Management::Managed && asked.deletion_policy == DeletionPolicy::Delete;
    let held = manifest.finalizers().iter().any(|finalizer| finalizer == FINALIZER);
    manifest.meta().deletion_timestamp.is_some() && held && !destroys
}

/// The one place that keeps a write from being carried out: observed, paused, or held back after a failure.
fn guard<K: Kind>(facts: &Facts<K>, plan: Plan<K>) -> Plan<K> {
    let Some(step) = plan.next.as_ref().filter(|step| step.speaks_to_a_cloud()) else {
        return plan;
    };
    // It has a pace of its own, and tells how a database is, whatever the cloud's API is at.
    if matches!(step, Step::Database(DatabaseStep::Probe { .. })) {
        return plan;
    }
    if !step.writes_to_a_cloud() {
        return waiting::after_trouble(facts, plan);
    }
    if !facts.managed() {
        return plan.blocked(Reason::Observed, "management is Observed");
    }
    if facts.paused() {
        let message = format!(
            "{} is due, and the annotation clusterwright.dev/paused forbids it. Remove it to go on.",
            step.summary()
        );
        return plan.blocked(Reason::Paused, &message);
    }
    waiting::after_trouble(facts, plan)
}
