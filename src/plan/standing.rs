//! How a manifest stands by its cluster, when nothing is to be done.

use std::time::Duration;

use super::change;
use super::difference::Obstacle;
use super::facts::Facts;
use super::kind::{CloudCluster, Kind, Phase};
use super::password::PasswordPlan;
use super::power;
use super::record::Origin;
use super::serving;
use super::step::Plan;
use super::work::Work;
use crate::api::condition::Reason;
use crate::api::shared::{PlannedStep, Power};

/// How often a cluster in transition is decided about anew, should its list lag behind.
const IN_TRANSITION: Duration = Duration::from_secs(15);

/// How a manifest stands by its cluster, when nothing is to be done.
pub(super) fn standing<K: Kind>(
    facts: &Facts<K>,
    cluster: &K::Cluster,
    work: &Work<'_, K>,
    way_in: PasswordPlan<K>,
) -> Plan<K> {
    let name = cluster.title();
    let asked = match power::asked(facts) {
        Ok(asked) => asked,
        Err(why) => return Plan::held(Reason::InvalidSpec, why),
    };
    let outlook = asked.outlook();
    match cluster.phase() {
        Phase::Running | Phase::Changing if serving::serves(facts, cluster) => match (&work.refused, way_in) {
            (Some(refused), _) => refused.clone(),
            (None, PasswordPlan::Held(plan)) => *plan,
            (None, _) if !work.blocked.is_empty() => blocked(&work.blocked),
            (None, PasswordPlan::Settled(note)) => {
                Plan::standing(Reason::Running, format!("Cluster {name} runs as asked for{outlook}.{note}"))
            }
            (None, PasswordPlan::Step(..)) => Plan::unchanged(),
        },
        Phase::Suspended => match (&work.refused, asked.power) {
            (Some(refused), _) => refused.clone(),
            // What a resume would not mend either is not waited for.
            (None, Some(Power::Suspended)) if !work.blocked.is_empty() => blocked(&work.blocked),
            (None, Some(Power::Suspended)) => {
                Plan::standing(Reason::Suspended, format!("Cluster {name} is suspended as asked for{outlook}."))
            }
            (None, _) => Plan::held(
                Reason::NotRunning,
                format!(
                    "Cluster {name} is suspended in the cloud. Resume it in the cloud's console, or set spec.power: Running."
                ),
            ),
        },
        _ => in_transition(facts, cluster, transition(cluster)),
    }
}

/// What nothing puts right, and how to come to rest all the same. What has the same cause is said together.
fn blocked<K: Kind>(blocked: &[(Obstacle, PlannedStep)]) -> Plan<K> {
    let alike = blocked.chunk_by(|(one, _), (other, _)| one == other);
    let sentences = alike.filter_map(|alike| {
        let (obstacle, _) = alike.first()?;
        let edits: Vec<String> = alike.iter().filter_map(|(_, step)| edit(step)).collect();
        let (edits, why) = (edits.join(", "), obstacle.why());
        Some(format!("The manifest asks to change {edits}, and {why}. Set the manifest back."))
    });
    Plan::held(Reason::ChangeUnsupported, sentences.collect::<Vec<_>>().join(" "))
}

fn edit(step: &PlannedStep) -> Option<String> {
    let from = step.from.as_deref().unwrap_or("what is not known");
    Some(format!("{} from {from} to {}", step.field.as_ref()?, step.to.as_deref().unwrap_or("?")))
}

/// The cloud does something to the cluster, or its database does not serve.
pub(super) fn transition<K: Kind>(cluster: &K::Cluster) -> Plan<K> {
    let (name, word) = (cluster.title(), cluster.word());
    let waiting = |reason| {
        let advice = "Nothing to do but wait.";
        Plan::standing(reason, format!("The cloud says that cluster {name} is {word}. {advice}"))
    };
    match cluster.phase() {
        Phase::Creating => waiting(Reason::Creating),
        Phase::Resuming => waiting(Reason::Resuming),
        Phase::Suspending => waiting(Reason::Suspending),
        Phase::Destroying => waiting(Reason::Deleting),
        Phase::Changing => waiting(Reason::Updating),
        Phase::Failed => Plan::held(
            Reason::OperationFailed,
            format!(
                "The cloud failed to create cluster {name}. Look at it in the cloud's console; \
                 to start anew destroy it there, and set the annotation clusterwright.dev/forget: {}.",
                cluster.id()
            ),
        ),
        Phase::Unknown => Plan::standing(
            Reason::Updating,
            format!(
                "The cloud says that cluster {name} is {word}. \
                 That word is not known here: if it stays, look at the cluster in the cloud's console."
            ),
        ),
        Phase::Running | Phase::Suspended => Plan::standing(
            Reason::DatabaseUnavailable,
            format!("The cloud says that cluster {name} is {word}. If that lasts, look at it in the cloud's console."),
        ),
    }
}

/// The same with the cloud's own words for what it does, where it has any, and with another look at them in time.
pub(super) fn in_transition<K: Kind>(facts: &Facts<K>, cluster: &K::Cluster, plan: Plan<K>) -> Plan<K> {
    if cluster.busy().is_none() {
        return plan.looking_again(IN_TRANSITION);
    }
    change::told(facts, cluster, plan)
}

/// A cluster that is only looked at.
pub(super) fn observed<K: Kind>(facts: &Facts<K>, cluster: &K::Cluster) -> Plan<K> {
    let mut pending: Vec<PlannedStep> =
        K::differences(facts, None, cluster).into_iter().map(|difference| difference.shown).collect();
    for step in &mut pending {
        step.blocked_by = Some("management is Observed".to_owned());
    }
    let plan = if serving::serves(facts, cluster) {
        let bound = facts.record.as_ref().and_then(|record| record.bound.as_ref());
        let factory = !K::CREATED_WITH_PASSWORD
            && bound.is_some_and(|bound| bound.origin == Origin::Created)
            && facts.record.as_ref().is_some_and(|record| record.password.current.is_none());
        let warning = if factory { " Its factory password has not been replaced." } else { "" };
        Plan::standing(Reason::Observed, format!("Cluster {} runs. It is only observed.{warning}", cluster.title()))
    } else if cluster.phase() == Phase::Suspended {
        Plan::held(
            Reason::NotRunning,
            format!("Cluster {} is suspended in the cloud. It is only observed.", cluster.title()),
        )
    } else {
        in_transition(facts, cluster, transition(cluster))
    };
    serving::probing(facts, cluster, plan.pending(pending).about(cluster).noting_differences())
}
