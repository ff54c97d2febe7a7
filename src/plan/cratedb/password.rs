//! The password of the user that a cluster is created with: the cloud's API sets it, and the database proves it.

use crate::api::condition::Reason;
use crate::api::cratedb::CrateDBCluster;
use crate::api::secret::Password;
use crate::cloud::cratedb::change::Change;
use crate::cloud::cratedb::wire::Cluster;
use crate::plan::facts::{Facts, Given};
use crate::plan::kind::{CloudCluster, Phase};
use crate::plan::password::{self, PasswordPlan, at_server, permitted, prove, unknown, value};
use crate::plan::record::{Bound, Origin, Record};
use crate::plan::step::{CloudWrite, DatabaseStep, NewPassword, Plan, RecordChange, Step};
use crate::plan::waiting;

/// What the cloud takes, in characters.
const LENGTH: std::ops::RangeInclusive<usize> = 24..=128;

/// The password of a create stands in the record before the request that uses it.
pub(super) fn before_create(facts: &Facts<CrateDBCluster>) -> Result<(), Box<Plan<CrateDBCluster>>> {
    let known = facts.record.as_ref().and_then(|record| record.password.pending.as_ref());
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
    if !matches!(cluster.phase(), Phase::Running | Phase::Changing) {
        return PasswordPlan::settled();
    }
    let wanted = value(&facts.wanted_password);
    // What a create that came to nothing has left behind is not set in a cluster that was there before.
    let announced = |pending: &&Password| bound.origin == Origin::Created || wanted == Some(*pending);
    if let Some(pending) = record.password.pending.as_ref().filter(announced) {
        return permitted(facts, settle(facts, record, cluster, pending));
    }
    if let Some(held) = password::missing(facts, record) {
        return held;
    }
    let Some(wanted) = wanted else {
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
    let untried =
        record.password.current.is_none() && !facts.attempts.password_unknown() && !facts.database_is_out_of_reach();
    if untried && facts.attempts.database_refused.is_none() {
        return at_server(cluster, |address| DatabaseStep::Prove { address, claims: vec![wanted.clone()] });
    }
    password::announce(facts, NewPassword::Given(wanted.clone()))
}

/// From a password that is written down to one that is known to be in force.
fn settle(
    facts: &Facts<CrateDBCluster>,
    record: &Record<CrateDBCluster>,
    cluster: &Cluster,
    pending: &Password,
) -> PasswordPlan<CrateDBCluster> {
    let another = value(&facts.wanted_password).filter(|wanted| *wanted != pending && unfit(wanted).is_none());
    let settled = !record.password_sent || facts.attempts.password_unknown();
    match another {
        // Nobody has set the pending one, so that the one that is in force can stay.
        Some(wanted) if !record.password_sent && record.password.current.as_ref() == Some(wanted) => {
            return PasswordPlan::step(Step::Record(RecordChange::TrustPassword(wanted.clone())));
        }
        // Nor does it open the database, or nobody has set it: another can take its place.
        Some(wanted) if settled => return password::announce(facts, NewPassword::Given(wanted.clone())),
        _ => {}
    }
    if !record.password_sent {
        return PasswordPlan::step(Step::Cloud(CloudWrite::Change(Change::Password)));
    }
    if facts.attempts.password_unknown() {
        return unknown(facts, cluster);
    }
    // The cloud has carried it out, and it is the allow-list that keeps us from asking the database.
    if facts.database_is_shut() && cluster.is_fenced() {
        return PasswordPlan::step(Step::Record(RecordChange::TrustPassword(pending.clone())));
    }
    let mut claims = vec![pending.clone()];
    for claim in another.into_iter().chain(&record.password.current).chain(&facts.published_password) {
        if !claims.contains(claim) {
            claims.push(claim.clone());
        }
    }
    at_server(cluster, |address| DatabaseStep::Prove { address, claims })
}
