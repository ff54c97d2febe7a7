//! The password of the database's user `admin`: announced in the record, set, proved by signing in, promoted, published.

use std::time::Duration;

use super::facts::{Facts, Given};
use super::record::{Bound, Origin, Record};
use super::step::{DatabaseStep, NewPassword, Plan, RecordChange, Step};
use super::waiting;
use crate::api::condition::Reason;
use crate::api::secret::Password;
use crate::api::shared::{PlannedAction, PlannedStep};
use crate::cloud::typedb::wire::{Cluster, ClusterStatus};

/// The password of a cluster that the API has just created, as the vendor documents it.
const FACTORY: &str = "password";

/// The first version whose servers have an HTTP API.
const FIRST_WITH_HTTP_API: (u64, u64) = (3, 2);

/// How often a running cluster without an address is decided about anew, should its list lag behind.
const UNTIL_ADDRESSED: Duration = Duration::from_secs(15);

/// What the password asks for.
#[derive(Debug)]
pub(super) enum PasswordPlan {
    /// Nothing to do; a note for the message, where there is one.
    Settled(String),
    /// A step, and what the status shows of it.
    Step(Box<Step>, Option<PlannedStep>),
    /// A person is needed, or waited for.
    Held(Box<Plan>),
}

/// Decides about the password of a cluster that is there.
pub(super) fn plan(facts: &Facts, record: &Record, bound: &Bound, cluster: &Cluster) -> PasswordPlan {
    if cluster.status != ClusterStatus::Running {
        return PasswordPlan::Settled(String::new());
    }
    let speaks_http = has_http_api(facts, cluster);
    // What may be in force already comes first: until it is settled, nobody knows the way in.
    if let Some(pending) = record.password.pending.as_ref().filter(|_| speaks_http) {
        return permitted(facts, set(facts, record, bound, cluster, pending));
    }
    let unneeded = record.password.current.is_some();
    for (given, needless) in [(&facts.wanted_password, false), (&facts.current_password, unneeded)] {
        if let Given::Missing(why) = given
            && !needless
        {
            let (early, late) = (Reason::WaitingForPassword, Reason::PasswordMissing);
            return held(waiting::patiently(facts, early, late, why.clone()));
        }
    }
    if speaks_http {
        permitted(facts, change(facts, record, bound, cluster))
    } else {
        without_http_api(facts, record, bound, cluster)
    }
}

/// A step at the database's own endpoint, if that may be spoken to.
fn permitted(facts: &Facts, plan: PasswordPlan) -> PasswordPlan {
    match (&facts.attempts.database_refused, plan) {
        (Some(why), PasswordPlan::Step(..)) => held(Plan::held(Reason::EndpointNotAllowed, why.clone())),
        (_, plan) => plan,
    }
}

/// From the password that is known to the one that is wanted.
fn change(facts: &Facts, record: &Record, bound: &Bound, cluster: &Cluster) -> PasswordPlan {
    match (&record.password.current, value(&facts.wanted_password)) {
        (Some(current), Some(wanted)) if current == wanted => PasswordPlan::Settled(String::new()),
        (Some(_), None) => PasswordPlan::Settled(String::new()),
        (_, Some(wanted)) => announce(facts, NewPassword::Given(wanted.clone())),
        (None, None) if bound.origin == Origin::Created => announce(facts, NewPassword::Generate),
        (None, None) => prove(facts, bound, cluster),
    }
}

fn announce(facts: &Facts, new: NewPassword) -> PasswordPlan {
    match &facts.attempts.password_refused {
        Some(words) => held(Plan::held(
            Reason::PasswordMissing,
            format!(
                "The database refused the new password of its user admin: \"{words}\". \
                 Put one that it takes into the Secret that spec.admin.passwordSecretRef names."
            ),
        )),
        None => step(Step::Database(DatabaseStep::Announce(new))),
    }
}

/// The password of a cluster that was there before its record is its owner's: it is found out, and never changed.
fn prove(facts: &Facts, bound: &Bound, cluster: &Cluster) -> PasswordPlan {
    let claims: Vec<Password> =
        facts.published_password.iter().chain(value(&facts.current_password)).cloned().collect();
    let published = facts.manifest.status.as_ref().is_some_and(|status| status.common.binding.is_some());
    if facts.attempts.password_unknown || (claims.is_empty() && published && bound.origin == Origin::Recovered) {
        return unknown(cluster);
    }
    if claims.is_empty() {
        return PasswordPlan::Settled(
            " The password of its user admin is its owner's and not known here, so the connection Secret lacks it: \
             give it with spec.admin.currentPasswordSecretRef."
                .to_owned(),
        );
    }
    at_server(cluster, |address| DatabaseStep::Prove { address, claims })
}

fn unknown(cluster: &Cluster) -> PasswordPlan {
    held(Plan::held(
        Reason::AdminPasswordUnknown,
        format!(
            "None of the known passwords opens cluster {} as its user admin. \
             Give the present one with spec.admin.currentPasswordSecretRef.",
            cluster.id
        ),
    ))
}

fn at_server(cluster: &Cluster, then: impl FnOnce(String) -> DatabaseStep) -> PasswordPlan {
    match cluster.servers.first() {
        Some(server) => step(Step::Database(then(server.address.clone()))),
        None => held(
            Plan::standing(Reason::Updating, format!("The cloud names no server of cluster {} yet.", cluster.id))
                .looking_again(UNTIL_ADDRESSED),
        ),
    }
}

fn value(given: &Given) -> Option<&Password> {
    match given {
        Given::Value(password) => Some(password),
        Given::NotAsked | Given::Missing(_) => None,
    }
}

/// Makes a pending password the one in force.
fn set(facts: &Facts, record: &Record, bound: &Bound, cluster: &Cluster, pending: &Password) -> PasswordPlan {
    if facts.attempts.password_unknown {
        return unknown(cluster);
    }
    let candidates = candidates(facts, record, bound);
    at_server(cluster, |address| DatabaseStep::SetPassword { address, candidates, pending: pending.clone() })
}

/// What may open the database besides the pending password, best first.
fn candidates(facts: &Facts, record: &Record, bound: &Bound) -> Vec<Password> {
    let never_changed = bound.origin == Origin::Created && record.password.current.is_none();
    record
        .password
        .current
        .iter()
        .cloned()
        .chain(never_changed.then(|| Password::new(FACTORY)))
        .chain(value(&facts.current_password).cloned())
        .chain(facts.published_password.clone())
        .chain(value(&facts.wanted_password).cloned())
        .collect()
}

/// A server that cannot be asked: what its owner says of the password is taken as it is.
fn without_http_api(facts: &Facts, record: &Record, bound: &Bound, cluster: &Cluster) -> PasswordPlan {
    let wanted = value(&facts.wanted_password);
    match (&record.password.current, value(&facts.current_password)) {
        (current, Some(said)) if current.as_ref() != Some(said) => {
            step(Step::Record(RecordChange::TrustPassword(said.clone())))
        }
        (Some(current), _) if wanted.is_none_or(|wanted| wanted == current) => PasswordPlan::Settled(String::new()),
        (None, None) if bound.origin != Origin::Created && wanted.is_none() => PasswordPlan::Settled(
            " The password of its user admin is not known here, so the connection Secret lacks it.".to_owned(),
        ),
        _ => held(Plan::held(
            Reason::AdminPasswordUnsupported,
            format!(
                "Version {} of cluster {} has no HTTP API through which the password of its user admin could be set. \
                 Set it with the database's own tools, then give it with spec.admin.currentPasswordSecretRef.",
                cluster.version.as_deref().unwrap_or("?"),
                cluster.id
            ),
        )),
    }
}

/// A version that cannot be read is taken for a new one, until the server itself says otherwise. What stands before a
/// server that is still starting may say so as well, so that a version that can be read is believed more.
fn has_http_api(facts: &Facts, cluster: &Cluster) -> bool {
    let numbers = cluster.version.as_deref().and_then(|version| {
        let mut parts = version.split(['.', '-', '+']).map(str::parse::<u64>);
        Some((parts.next()?.ok()?, parts.next()?.ok()?))
    });
    numbers.map_or(!facts.attempts.no_http_api, |numbers| numbers >= FIRST_WITH_HTTP_API)
}

fn held(plan: Plan) -> PasswordPlan {
    PasswordPlan::Held(Box::new(plan))
}

fn step(step: Step) -> PasswordPlan {
    let changes = step.writes_to_a_cloud();
    let action = PlannedAction::SetPassword;
    let shown = PlannedStep { action, field: None, from: None, to: None, blocked_by: None };
    PasswordPlan::Step(Box::new(step), changes.then_some(shown))
}
