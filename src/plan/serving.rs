//! Whether a database serves: as the cloud sees it, and where it cannot tell, as the database itself answers.

use std::time::Duration;

use super::facts::Facts;
use super::kind::{CloudCluster, Kind};
use super::step::{DatabaseStep, Plan, Step, Verdict};
use super::waiting;
use crate::clock;

/// The least time between two questions to one database.
const BETWEEN_PROBES: Duration = Duration::from_secs(60);

/// How long an answer counts.
const PROBE_LASTS: Duration = Duration::from_secs(3 * 60);

/// Whether the database was last seen serving.
pub(super) fn serves<K: Kind>(facts: &Facts<K>, cluster: &K::Cluster) -> bool {
    let answered = facts.probe.is_some_and(|probe| probe.serves && facts.is_recent(probe.at, PROBE_LASTS));
    cluster.serves().unwrap_or(answered)
}

/// The same plan, with the question to the database where the cloud cannot tell and the last answer has grown old.
pub(super) fn probing<K: Kind>(facts: &Facts<K>, cluster: &K::Cluster, plan: Plan<K>) -> Plan<K> {
    if plan.next.is_some() || cluster.serves().is_some() {
        return plan;
    }
    let Some(address) = cluster.addresses().into_iter().next() else {
        return plan;
    };
    let due = facts.probe.map(|probe| clock::later(probe.at, BETWEEN_PROBES));
    if let Some(due) = due.filter(|due| facts.now < *due) {
        return plan.looking_again(clock::until(facts.now, due).unwrap_or(BETWEEN_PROBES));
    }
    // After a restart nothing is known yet, and what was said stands.
    let news = facts.probe.is_some() || !waiting::settled(facts);
    let verdict = if news { plan.verdict } else { Verdict::Unchanged };
    Plan { next: Some(Step::Database(DatabaseStep::Probe { address })), verdict, ..plan }
}
