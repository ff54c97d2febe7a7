//! The password of the user that a cluster is created with: the cloud's API sets it, and the database proves it.

use crate::api::condition::Reason;
use crate::api::cratedb::CrateDBCluster;
use crate::api::secret::Password;
use crate::cloud::cratedb::change::Change;
use crate::cloud::cratedb::wire::Cluster;
use crate::plan::facts::{Facts, Given, TroubleKind};
use crate::plan::kind::{CloudCluster, Phase};
use crate::plan::password::{self, PasswordPlan, at_server, permitted, prove, unknown, value};
use crate::plan::record::{Bound, Record};
use crate::plan::step::{CloudWrite, DatabaseStep, NewPassword, Plan, RecordChange, Step};
use crate::plan::waiting;

/// What the cloud takes, in characters.
const LENGTH: std::ops::RangeInclusive<usize> = 24..=128;

/// The password of a create stands in the record before the request that uses it.
pub(super) fn before_create(
    facts: &Facts<CrateDBCluster>,
    record: Option<&Record<CrateDBCluster>>,
) -> Result<(), Box<Plan<CrateDBCluster>>> {
    let known = record.and_then(|record| record.password.pending.as_ref());
    let new = match &facts.wanted_password {
        Given::Missing(why) => {
            let (early, late) = (Reason::WaitingForPassword, Reason::PasswordMissing);
            return Err(Box::new(waiting::patiently(facts, early, late, why.clone())));
        }
        Given::Value(wanted) => match unfit(wanted) {
            Some(held) => return Err(Box::new(held)),
            None if known == Some(wanted) => return Ok(()),
            None => NewPassword::Given(wanted.clone()),
        },
        Given::NotAsked if known.is_some() => return Ok(()),
        Given::NotAsked => NewPassword::Generate,
    };
    Err(Box::new(Plan::quietly(Step::Database(DatabaseStep::Announce(new)))))
}

fn unfit(wanted: &Password) -> Option<Plan<CrateDBCluster>> {
    let length = wanted.expose().chars().count();
    (!LENGTH.contains(&length)).then(|| {
        Plan::held(
            Reason::PasswordMissing,
            format!(
                "The password in the Secret that spec.passwordSecretRef names has {length} characters, and the cloud takes {} to {}. \
                 Put another one there.",
                LENGTH.start(),
                LENGTH.end()
            ),
        )
    })
}

/// Decides about the password of a cluster that is there.
pub(super) fn plan(
    facts: &Facts<CrateDBCluster>,
    record: &Record<CrateDBCluster>,
    bound: &Bound<CrateDBCluster>,
    cluster: &Cluster,
) -> PasswordPlan<CrateDBCluster> {
    if !matches!(cluster.phase(), Phase::Running | Phase::Changing(_)) {
        return PasswordPlan::settled();
    }
    if let Some(pending) = &record.password.pending {
        let instead = value(&facts.wanted_password).filter(|wanted| *wanted != pending && unfit(wanted).is_none());
        return match instead {
            // Nobody has set the pending one, so that another can take its place.
            Some(wanted) if !record.password_sent => password::announce(facts, NewPassword::Given(wanted.clone())),
            _ => permitted(facts, settle(facts, record, cluster, pending)),
        };
    }
    if let Some(held) = password::missing(facts, record) {
        return held;
    }
    let Some(wanted) = value(&facts.wanted_password) else {
        return match &record.password.current {
            Some(_) => PasswordPlan::settled(),
            None => permitted(facts, prove(facts, bound, cluster)),
        };
    };
    if record.password.current.as_ref() == Some(wanted) {
        return PasswordPlan::settled();
    }
    if let Some(held) = unfit(wanted) {
        return PasswordPlan::held(held);
    }
    // What an adopted cluster has already is not set once more, where the database can be asked.
    let untried = record.password.current.is_none() && !facts.attempts.password_unknown && !unreachable(facts);
    if untried && facts.attempts.database_refused.is_none() {
        return at_server(cluster, |address| DatabaseStep::Prove { address, claims: vec![wanted.clone()] });
    }
    password::announce(facts, NewPassword::Given(wanted.clone()))
}

/// From a password that is written down to one that is known to be in force. What the manifest gives may be the one that
/// was there before.
fn settle(
    facts: &Facts<CrateDBCluster>,
    record: &Record<CrateDBCluster>,
    cluster: &Cluster,
    pending: &Password,
) -> PasswordPlan<CrateDBCluster> {
    if !record.password_sent {
        return PasswordPlan::step(Step::Cloud(CloudWrite::Change(Change::Password)));
    }
    if facts.attempts.password_unknown {
        return unknown(facts, cluster);
    }
    // The cloud has carried it out, and it is the allow-list that keeps us from asking the database.
    if unreachable(facts) && !cluster.ip_whitelist.is_empty() {
        return PasswordPlan::step(Step::Record(RecordChange::TrustPassword(pending.clone())));
    }
    let given = value(&facts.wanted_password).filter(|wanted| *wanted != pending);
    let claims = std::iter::once(pending).chain(given).cloned().collect();
    at_server(cluster, |address| DatabaseStep::Prove { address, claims })
}

/// Whether the last attempt to speak to the database came to nothing.
fn unreachable(facts: &Facts<CrateDBCluster>) -> bool {
    facts.attempts.trouble.as_ref().is_some_and(|trouble| trouble.kind == TroubleKind::DatabaseUnreachable)
}
