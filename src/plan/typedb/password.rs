//! The password of the user `admin`, which only the database itself can change.

use crate::api::condition::Reason;
use crate::api::secret::Password;
use crate::api::typedb::TypeDBCluster;
use crate::cloud::typedb::wire::{Cluster, ClusterStatus};
use crate::plan::facts::Facts;
use crate::plan::password::{self, PasswordPlan, announce, at_server, permitted, prove, unknown, value};
use crate::plan::record::{Bound, Origin, Record};
use crate::plan::step::{DatabaseStep, NewPassword, Plan, RecordChange, Step};

/// The password of a cluster that the API has just created, as the vendor documents it.
const FACTORY: &str = "password";

/// The first version whose servers have an HTTP API.
const FIRST_WITH_HTTP_API: (u64, u64) = (3, 2);

/// Decides about the password of a cluster that is there.
pub(super) fn plan(
    facts: &Facts<TypeDBCluster>,
    record: &Record<TypeDBCluster>,
    bound: &Bound<TypeDBCluster>,
    cluster: &Cluster,
) -> PasswordPlan<TypeDBCluster> {
    if cluster.status != ClusterStatus::Running {
        return PasswordPlan::settled();
    }
    let speaks_http = has_http_api(facts, cluster);
    // What may be in force already comes first: until it is settled, nobody knows the way in.
    if let Some(pending) = record.password.pending.as_ref().filter(|_| speaks_http) {
        return permitted(facts, set(facts, record, bound, cluster, pending));
    }
    if let Some(held) = password::missing(facts, record) {
        return held;
    }
    if speaks_http {
        permitted(facts, change(facts, record, bound, cluster))
    } else {
        without_http_api(facts, record, bound, cluster)
    }
}

/// From the password that is known to the one that is wanted.
fn change(
    facts: &Facts<TypeDBCluster>,
    record: &Record<TypeDBCluster>,
    bound: &Bound<TypeDBCluster>,
    cluster: &Cluster,
) -> PasswordPlan<TypeDBCluster> {
    match (&record.password.current, value(&facts.wanted_password)) {
        (Some(current), Some(wanted)) if current == wanted => PasswordPlan::settled(),
        (Some(_), None) => PasswordPlan::settled(),
        (_, Some(wanted)) => announce(facts, NewPassword::Given(wanted.clone())),
        (None, None) if bound.origin == Origin::Created => announce(facts, NewPassword::Generate),
        (None, None) => prove(facts, bound, cluster),
    }
}

/// Makes a pending password the one in force.
fn set(
    facts: &Facts<TypeDBCluster>,
    record: &Record<TypeDBCluster>,
    bound: &Bound<TypeDBCluster>,
    cluster: &Cluster,
    pending: &Password,
) -> PasswordPlan<TypeDBCluster> {
    if facts.attempts.password_unknown() {
        return unknown(facts, cluster);
    }
    let candidates = candidates(facts, record, bound);
    at_server(cluster, |address| DatabaseStep::SetPassword { address, candidates, pending: pending.clone() })
}

/// What may open the database besides the pending password, best first.
fn candidates(
    facts: &Facts<TypeDBCluster>,
    record: &Record<TypeDBCluster>,
    bound: &Bound<TypeDBCluster>,
) -> Vec<Password> {
    let never_changed = bound.origin == Origin::Created && record.password.current.is_none();
    record
        .password
        .current
        .iter()
        .cloned()
        // A clone may have the users of its source.
        .chain(facts.source_password.clone().filter(|_| never_changed))
        .chain(never_changed.then(|| Password::new(FACTORY)))
        .chain(value(&facts.current_password).cloned())
        .chain(facts.published_password.clone())
        .chain(value(&facts.wanted_password).cloned())
        .collect()
}

/// A server that cannot be asked: what its owner says of the password is taken as it is.
fn without_http_api(
    facts: &Facts<TypeDBCluster>,
    record: &Record<TypeDBCluster>,
    bound: &Bound<TypeDBCluster>,
    cluster: &Cluster,
) -> PasswordPlan<TypeDBCluster> {
    let wanted = value(&facts.wanted_password);
    match (&record.password.current, value(&facts.current_password)) {
        (current, Some(said)) if current.as_ref() != Some(said) => {
            PasswordPlan::step(Step::Record(RecordChange::TrustPassword(said.clone())))
        }
        (Some(current), _) if wanted.is_none_or(|wanted| wanted == current) => PasswordPlan::settled(),
        (None, None) if bound.origin != Origin::Created && wanted.is_none() => PasswordPlan::Settled(
            " The password of its user admin is not known here, so the connection Secret lacks it.".to_owned(),
        ),
        _ => PasswordPlan::held(Plan::held(
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
fn has_http_api(facts: &Facts<TypeDBCluster>, cluster: &Cluster) -> bool {
    let numbers = cluster.version.as_deref().and_then(|version| {
        let mut parts = version.split(['.', '-', '+']).map(str::parse::<u64>);
        Some((parts.next()?.ok()?, parts.next()?.ok()?))
    });
    numbers.map_or(!facts.attempts.password_unsupported, |numbers| numbers >= FIRST_WITH_HTTP_API)
}
