//! The password of the database's user: announced in the record, set, proved by signing in, promoted, published.
//!
//! How it is set differs from cloud to cloud. What is the same stands here.

use std::time::Duration;

use super::facts::{Facts, Given};
use super::kind::{CloudCluster, Kind};
use super::record::{Bound, Origin, Record};
use super::refusal::quoted;
use super::step::{DatabaseStep, NewPassword, Plan, Step};
use super::waiting;
use crate::api::condition::Reason;
use crate::api::secret::Password;
use crate::api::shared::{PlannedAction, PlannedStep};

/// How often a running cluster without an address is decided about anew, should its list lag behind.
const UNTIL_ADDRESSED: Duration = Duration::from_secs(15);

/// What the password asks for.
#[derive(Debug)]
pub enum PasswordPlan<K: Kind> {
    /// Nothing to do; a note for the message, where there is one.
    Settled(String),
    /// A step, and what the status shows of it.
    Step(Box<Step<K>>, Option<PlannedStep>),
    /// A person is needed, or waited for.
    Held(Box<Plan<K>>),
}

impl<K: Kind> PasswordPlan<K> {
    /// Nothing to do, and nothing to say.
    pub(super) fn settled() -> Self {
        Self::Settled(String::new())
    }

    pub(super) fn held(plan: Plan<K>) -> Self {
        Self::Held(Box::new(plan))
    }

    pub(super) fn step(step: Step<K>) -> Self {
        let changes = step.writes_to_a_cloud();
        let action = PlannedAction::SetPassword;
        let shown = PlannedStep { action, field: None, from: None, to: None, blocked_by: None };
        Self::Step(Box::new(step), changes.then_some(shown))
    }
}

/// A step at the database's own endpoint, if that may be spoken to.
pub(super) fn permitted<K: Kind>(facts: &Facts<K>, plan: PasswordPlan<K>) -> PasswordPlan<K> {
    match (&facts.attempts.database_refused, plan) {
        (Some(why), PasswordPlan::Step(step, _)) if matches!(*step, Step::Database(_)) => {
            PasswordPlan::held(Plan::held(Reason::EndpointNotAllowed, why.clone()))
        }
        (_, plan) => plan,
    }
}

/// What the manifest refers to, is needed, and cannot be had.
pub(super) fn missing<K: Kind>(facts: &Facts<K>, record: &Record<K>) -> Option<PasswordPlan<K>> {
    let current = (record.password.current.is_none()).then_some(&facts.current_password);
    let why = [Some(&facts.wanted_password), current].into_iter().flatten().find_map(|given| match given {
        Given::Missing(why) => Some(why.clone()),
        _ => None,
    })?;
    let waiting = waiting::patiently(facts, Reason::WaitingForPassword, Reason::PasswordMissing, why);
    Some(PasswordPlan::held(waiting))
}

/// Writes the new password to the record before it is set.
pub(super) fn announce<K: Kind>(facts: &Facts<K>, new: NewPassword) -> PasswordPlan<K> {
    match &facts.attempts.password_refused {
        Some(words) => PasswordPlan::held(Plan::held(
            Reason::PasswordMissing,
            format!(
                "The database refused the new password of its user {}: {}. \
                 Put one that it takes into the Secret that the manifest names.",
                facts.manifest.user(facts.record.as_ref()),
                quoted(words)
            ),
        )),
        None => PasswordPlan::step(Step::Database(DatabaseStep::Announce(new))),
    }
}

/// The password of a cluster that was there before its record is its owner's: it is found out, and never changed.
pub(super) fn prove<K: Kind>(facts: &Facts<K>, bound: &Bound<K>, cluster: &K::Cluster) -> PasswordPlan<K> {
    let claims: Vec<Password> =
        facts.published_password.iter().chain(value(&facts.current_password)).cloned().collect();
    let published = facts.reported().is_some_and(|status| status.binding.is_some());
    let lost = claims.is_empty() && published && bound.origin == Origin::Recovered;
    if lost || (facts.attempts.password_unknown() && !claims.is_empty()) {
        return unknown(facts, cluster);
    }
    // What was once written down for a create whose outcome was in doubt may open what came of it.
    let written = facts.record.as_ref().and_then(|record| record.password.pending.clone());
    let claims: Vec<Password> = claims.into_iter().chain(written).collect();
    if claims.is_empty() || facts.attempts.password_unknown() {
        return PasswordPlan::Settled(format!(
            " The password of its user {} is its owner's and not known here, so the connection Secret lacks it: \
             give it with {}.",
            facts.manifest.user(facts.record.as_ref()),
            K::PASSWORD_FIELD
        ));
    }
    at_server(cluster, |address| DatabaseStep::Prove { address, claims })
}

/// Nothing that is known opens the database.
pub(super) fn unknown<K: Kind>(facts: &Facts<K>, cluster: &K::Cluster) -> PasswordPlan<K> {
    PasswordPlan::held(Plan::held(
        Reason::AdminPasswordUnknown,
        format!(
            "None of the known passwords opens cluster {} as its user {}. Give the present one with {}.",
            cluster.title(),
            facts.manifest.user(facts.record.as_ref()),
            K::PASSWORD_FIELD
        ),
    ))
}

/// A step at the cluster's own endpoint, as soon as it has one.
pub(super) fn at_server<K: Kind>(cluster: &K::Cluster, then: impl FnOnce(String) -> DatabaseStep) -> PasswordPlan<K> {
    match cluster.addresses().into_iter().next() {
        Some(address) => PasswordPlan::step(Step::Database(then(address))),
        None => PasswordPlan::held(
            Plan::standing(Reason::Updating, format!("The cloud names no server of cluster {} yet.", cluster.title()))
                .looking_again(UNTIL_ADDRESSED),
        ),
    }
}

/// The password that was given, where one was.
pub(super) fn value(given: &Given) -> Option<&Password> {
    match given {
        Given::Value(password) => Some(password),
        Given::NotAsked | Given::Missing(_) => None,
    }
}
