//! The password of the database's user `admin`: announced in the record, set, proved by signing in, promoted, published.

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

/// Said of a database whose password is its owner's.
const NOT_KNOWN: &str = " The password of its user admin is its owner's and not known here, so the connection Secret lacks it: \
                         give it with spec.admin.currentPasswordSecretRef.";

/// What the password asks for.
#[derive(Debug)]
pub(super) enum PasswordPlan {
    /// Nothing to do; a note for the message, where there is one.
    Settled(String),
    Step(Box<Step>, PlannedStep),
    /// A person is needed, or waited for.
    Held(Box<Plan>),
}

/// Decides about the password of a cluster that is there.
pub(super) fn plan(facts: &Facts, record: &Record, bound: &Bound, cluster: &Cluster) -> PasswordPlan {
    if cluster.status != ClusterStatus::Running {
        return PasswordPlan::Settled(String::new());
    }
    let wanted = match &facts.wanted_password {
        Given::Missing(why) => {
            return held(waiting::patiently(facts, Reason::WaitingForPassword, Reason::PasswordMissing, why.clone()));
        }
        Given::Value(password) => Some(password),
        Given::NotAsked => None,
    };
    if let Given::Missing(why) = &facts.current_password
        && record.password.current.is_none()
    {
        return held(waiting::patiently(facts, Reason::WaitingForPassword, Reason::PasswordMissing, why.clone()));
    }
    if !has_http_api(facts, cluster) {
        return without_http_api(facts, record, bound, cluster, wanted);
    }
    if let Some(refused) = &facts.attempts.database_refused {
        return if needs_change(facts, record, bound, wanted).is_some() {
            held(Plan::held(Reason::EndpointNotAllowed, refused.clone()))
        } else {
            PasswordPlan::Settled(String::new())
        };
    }
    let asked = wanted.is_some() || facts.current_password != Given::NotAsked;
    let ours = bound.origin == Origin::Created || record.password.current.is_some();
    if facts.attempts.password_unknown && record.password.pending.is_some() && !asked && !ours {
        return PasswordPlan::Settled(NOT_KNOWN.to_owned());
    }
    if let Some(pending) = &record.password.pending {
        return match hearsay(facts, record, bound, wanted) {
            Some(said) if said != pending => announce(said.clone()),
            Some(_) => set(facts, cluster, pending, Vec::new()),
            None => set(facts, cluster, pending, candidates(facts, record, bound, wanted)),
        };
    }
    match needs_change(facts, record, bound, wanted) {
        Some(new) => step(Step::Database(DatabaseStep::Announce(new))),
        None if record.password.current.is_none() => PasswordPlan::Settled(NOT_KNOWN.to_owned()),
        None => PasswordPlan::Settled(String::new()),
    }
}

/// The password to announce; `None` where the one in force may stay.
fn needs_change(facts: &Facts, record: &Record, bound: &Bound, wanted: Option<&Password>) -> Option<NewPassword> {
    match (&record.password.current, wanted) {
        (Some(current), Some(wanted)) => (current != wanted).then(|| NewPassword::Given(wanted.clone())),
        (Some(_), None) => None,
        (None, Some(wanted)) => Some(NewPassword::Given(wanted.clone())),
        (None, None) => match (bound.origin, &facts.current_password, &facts.published_password) {
            (Origin::Created, _, _) => Some(NewPassword::Generate),
            // What is said to be the password is announced as well: signing in with it is its proof.
            (_, Given::Value(current), _) => Some(NewPassword::Given(current.clone())),
            (Origin::Recovered, _, Some(published)) => Some(NewPassword::Given(published.clone())),
            _ => None,
        },
    }
}

/// What somebody says the password is, of a database whose password we may not change: it is tried, and nothing is set.
/// While it is nothing but a claim, another claim may take its place.
fn hearsay<'a>(facts: &'a Facts, record: &Record, bound: &Bound, wanted: Option<&Password>) -> Option<&'a Password> {
    if bound.origin == Origin::Created || record.password.current.is_some() || wanted.is_some() {
        return None;
    }
    match (&facts.current_password, &facts.published_password) {
        (Given::Value(said), _) | (_, Some(said)) => Some(said),
        _ => None,
    }
}

fn announce(password: Password) -> PasswordPlan {
    step(Step::Database(DatabaseStep::Announce(NewPassword::Given(password))))
}

fn set(facts: &Facts, cluster: &Cluster, pending: &Password, candidates: Vec<Password>) -> PasswordPlan {
    if facts.attempts.password_unknown {
        return held(Plan::held(
            Reason::AdminPasswordUnknown,
            format!(
                "None of the known passwords opens cluster {} as its user admin. Give the present one with spec.admin.currentPasswordSecretRef.",
                cluster.id
            ),
        ));
    }
    let Some(server) = cluster.servers.first() else {
        return PasswordPlan::Settled(String::new());
    };
    step(Step::Database(DatabaseStep::SetPassword {
        address: server.address.clone(),
        candidates,
        pending: pending.clone(),
    }))
}

/// What may open the database besides the pending password, best first.
fn candidates(facts: &Facts, record: &Record, bound: &Bound, wanted: Option<&Password>) -> Vec<Password> {
    let never_changed = bound.origin == Origin::Created && record.password.current.is_none();
    let given = match &facts.current_password {
        Given::Value(password) => Some(password.clone()),
        _ => None,
    };
    record
        .password
        .current
        .iter()
        .cloned()
        .chain(never_changed.then(|| Password::new(FACTORY)))
        .chain(given)
        .chain(facts.published_password.clone())
        .chain(wanted.cloned())
        .collect()
}

/// A server that cannot be asked: what its owner says of the password is taken as it is.
fn without_http_api(
    facts: &Facts,
    record: &Record,
    bound: &Bound,
    cluster: &Cluster,
    wanted: Option<&Password>,
) -> PasswordPlan {
    let said = match &facts.current_password {
        Given::Value(password) => Some(password),
        _ => None,
    };
    match (&record.password.current, said) {
        (current, Some(said)) if current.as_ref() != Some(said) => {
            step(Step::Record(RecordChange::TrustPassword(said.clone())))
        }
        (Some(current), _) if wanted.is_none_or(|wanted| wanted == current) => PasswordPlan::Settled(String::new()),
        (None, None) if bound.origin == Origin::Adopted && wanted.is_none() => {
            PasswordPlan::Settled(NOT_KNOWN.to_owned())
        }
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
    let shown = PlannedStep { action: PlannedAction::SetPassword, field: None, from: None, to: None, blocked_by: None };
    PasswordPlan::Step(Box::new(step), shown)
}
