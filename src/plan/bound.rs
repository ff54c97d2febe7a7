//! A manifest with a cluster: is it still there, does it match, and is the way into it in order?

use std::time::Duration;

use super::binding::{claimed, forget, record_differs};
use super::connection::{self, Connection};
use super::facts::{Facts, Inventory, Look, Reach, Sighting, Stake};
use super::password::{self, PasswordPlan};
use super::record::{Bound, Origin, Record};
use super::step::{Plan, RecordChange, Step, Verdict};
use super::{typedb, waiting};
use crate::api::condition::Reason;
use crate::api::shared::{MAX_PLANNED_STEPS, PlannedStep};
use crate::cloud::typedb::wire::{Cluster, ClusterStatus};

/// How often a cluster in transition is decided about anew, should its list lag behind.
const IN_TRANSITION: Duration = Duration::from_secs(15);

/// Said of every edit that would change a running cluster.
const NOT_CARRIED_OUT: &str = "this version of clusterwright does not change running clusters";

/// Decides for a manifest whose record is bound to a cluster.
pub(super) fn plan(facts: &Facts, reach: &Reach, bound: &Bound) -> Plan {
    let Some(record) = &facts.record else {
        return Plan::unchanged();
    };
    let id = &bound.identity.id;
    if let Some(rival) = facts.rivals.iter().find(|rival| rival.claims(id, bound.identity.created_at)) {
        return claimed(rival);
    }
    if let Some(other) = facts.manifest.spec.common.external_id.as_ref().filter(|other| *other != id) {
        let why = format!("spec.externalId is {other}");
        let differs = || record_differs(facts, record, &why, &format!("set spec.externalId: {id}"));
        return forget(facts, record).unwrap_or_else(differs);
    }
    match facts.sighting(id) {
        Sighting::Present(cluster) if cluster.created_at == bound.identity.created_at => {
            present(facts, reach, record, bound, cluster)
        }
        Sighting::Present(cluster) if looked(facts, bound).is_none() => Plan::quietly(Step::Look(cluster.id.clone())),
        Sighting::Present(_) if forget(facts, record).is_none() && !known_gone(bound) => {
            Plan::quietly(Step::Record(RecordChange::Gone))
        }
        Sighting::Present(cluster) => forget(facts, record).unwrap_or_else(|| replaced(bound, cluster)),
        Sighting::LookedAbsent(look) => absent(facts, reach, record, bound, look),
        Sighting::Unlisted | Sighting::Unknown => Plan::quietly(Step::Look(id.clone())),
    }
}

/// A look at the bound cluster's id that is as new as the list.
pub(super) fn looked<'a>(facts: &'a Facts, bound: &Bound) -> Option<&'a Look> {
    let listed = facts.inventory.as_ref().and_then(|inventory| inventory.at);
    facts.look.as_ref().filter(|look| look.id == bound.identity.id && listed.is_none_or(|at| look.at >= at))
}

fn replaced(bound: &Bound, cluster: &Cluster) -> Plan {
    let id = &cluster.id;
    Plan::held(
        Reason::Replaced,
        format!(
            "Cluster {id} is another database than the recorded one: it was created at {} instead of {}. Nothing is written to it. \
             To take it set the annotation clusterwright.dev/forget: {id} and spec.externalId: {id}.",
            cluster.created_at, bound.identity.created_at
        ),
    )
}

fn absent(facts: &Facts, reach: &Reach, record: &Record, bound: &Bound, look: &Look) -> Plan {
    let id = &bound.identity.id;
    if !bound.seen_by.contains(&look.by) {
        return Plan::held(
            Reason::CredentialsInsufficient,
            format!(
                "The account's present credentials have never seen cluster {id} in {}, so they cannot tell whether it is gone. \
                 Use credentials that can see it.",
                reach.location
            ),
        );
    }
    if let Some(forget) = forget(facts, record) {
        return forget;
    }
    let renamed = facts.inventory.as_ref().and_then(|list| renamed(list, bound));
    if renamed.is_none() && !known_gone(bound) {
        return Plan::quietly(Step::Record(RecordChange::Gone));
    }
    let renamed = renamed.unwrap_or_default();
    Plan::held(
        Reason::Vanished,
        format!(
            "Cluster {id} was there and is gone{renamed}. Nothing is created in its place. To start anew set the annotation \
             clusterwright.dev/forget: {id}, or delete this manifest."
        ),
    )
}

/// Whether the record says that the cluster is gone, and that the manifest said so.
fn known_gone(bound: &Bound) -> bool {
    bound.gone.is_some_and(|gone| gone.told)
}

/// A clause that names the cluster that was created at the same moment, should there be one under another id.
pub(super) fn renamed(list: &Inventory, bound: &Bound) -> Option<String> {
    let twin = list.created_at(bound.identity.created_at)?;
    Some(format!("; cluster {} was created at the same moment, so it may have been renamed", twin.id))
}

fn present(facts: &Facts, reach: &Reach, record: &Record, bound: &Bound, cluster: &Cluster) -> Plan {
    if !bound.seen_by.contains(&reach.credential) {
        return Plan::quietly(Step::Record(RecordChange::SeenBy(reach.credential.clone())));
    }
    if bound.gone.is_some() {
        return Plan::quietly(Step::Record(RecordChange::Found));
    }
    let mut pending = typedb::differences(facts, Some(bound), cluster);
    for step in &mut pending {
        step.blocked_by = Some(NOT_CARRIED_OUT.to_owned());
    }
    let way_in = password::plan(facts, record, bound, cluster);
    if let PasswordPlan::Step(step, shown) = way_in {
        pending.splice(..0, shown);
        let message = format!("{}.", step.summary());
        return Plan::step(*step, Reason::Updating, message).pending(pending).about(cluster).noting_differences();
    }
    let connection = Connection::of(facts, record, cluster);
    let publishable = can_be_connected_to(record, bound, cluster);
    if publishable && facts.attempts.connection_conflict.is_none() && connection::due(facts, &connection) {
        let standing = standing(cluster, pending, way_in);
        // Who waits for Ready goes on to read the Secret, so it comes first.
        let early = standing.is_done() && !waiting::settled(facts);
        let verdict = if early { Verdict::Unchanged } else { standing.verdict };
        return Plan { next: Some(Step::Publish(connection)), verdict, ..standing };
    }
    let standing = standing(cluster, pending, way_in);
    match &facts.attempts.connection_conflict {
        Some(why) if standing.is_done() => {
            let held = Plan::held(Reason::ConnectionSecretConflict, why.clone()).about(cluster);
            Plan { pending: standing.pending, ..held }.looking_again(Duration::from_secs(60))
        }
        _ => standing,
    }
}

/// Whether the connection Secret says something of use. An application that starts when the Secret appears must find
/// the password in it, and one that is suspended must not lose the address that it had.
fn can_be_connected_to(record: &Record, bound: &Bound, cluster: &Cluster) -> bool {
    let password_is_ours = bound.origin == Origin::Created;
    cluster.status == ClusterStatus::Running && (record.password.current.is_some() || !password_is_ours)
}

/// How a manifest stands by its cluster, when nothing is to be done.
fn standing(cluster: &Cluster, pending: Vec<PlannedStep>, way_in: PasswordPlan) -> Plan {
    let id = &cluster.id;
    let plan = match &cluster.status {
        ClusterStatus::Running => match (way_in, pending.is_empty()) {
            (PasswordPlan::Held(plan), _) => *plan,
            (_, false) => unsupported(&pending),
            (PasswordPlan::Settled(note), true) => {
                Plan::standing(Reason::Running, format!("Cluster {id} runs as asked for.{note}"))
            }
            (PasswordPlan::Step(..), true) => Plan::unchanged(),
        },
        ClusterStatus::Suspended => Plan::held(
            Reason::NotRunning,
            format!("Cluster {id} is suspended in the cloud. Resume it in the cloud's console."),
        ),
        in_transition => {
            let (reason, message) = transition(id.as_str(), in_transition);
            Plan::standing(reason, message).looking_again(IN_TRANSITION)
        }
    };
    plan.pending(pending).about(cluster).noting_differences()
}

fn unsupported(pending: &[PlannedStep]) -> Plan {
    let edits: Vec<String> = pending
        .iter()
        .filter_map(|step| {
            let field = step.field.as_deref()?;
            Some(format!(
                "{field} from {} to {}",
                step.from.as_deref().unwrap_or("what is not known"),
                step.to.as_deref().unwrap_or("?")
            ))
        })
        .collect();
    let is = |step: &PlannedStep, fields: &[&str]| step.field.as_deref().is_some_and(|field| fields.contains(&field));
    let way_out = if pending.iter().any(|step| is(step, &["backup"])) {
        "Take spec.backup out of the manifest: the cloud does not tell these settings, so what is set there is not seen"
    } else if pending.iter().all(|step| is(step, &["version", "machineType", "storageSizeGB"])) {
        "Set the manifest back, or make the change in the cloud's console"
    } else {
        "Set the manifest back"
    };
    Plan::held(
        Reason::ChangeUnsupported,
        format!("The manifest asks to change {}, and {NOT_CARRIED_OUT}. {way_out}.", edits.join(", ")),
    )
}

fn transition(id: &str, status: &ClusterStatus) -> (Reason, String) {
    let reason = match status {
        ClusterStatus::Starting => Reason::Creating,
        ClusterStatus::Resuming => Reason::Resuming,
        ClusterStatus::Suspending => Reason::Suspending,
        ClusterStatus::Destroying => Reason::Deleting,
        _ => Reason::Updating,
    };
    let advice = match status {
        ClusterStatus::Other(_) => {
            "That word is not known here: if it stays, look at the cluster in the cloud's console."
        }
        _ => "Nothing to do but wait.",
    };
    (reason, format!("The cloud says that cluster {id} is {status}. {advice}"))
}

/// A cluster that is only looked at.
pub(super) fn observed(facts: &Facts, cluster: &Cluster) -> Plan {
    let mut pending = typedb::differences(facts, None, cluster);
    for step in &mut pending {
        step.blocked_by = Some("management is Observed".to_owned());
    }
    let plan = match &cluster.status {
        ClusterStatus::Running => {
            let bound = facts.record.as_ref().and_then(|record| record.bound.as_ref());
            let factory = bound.is_some_and(|bound| bound.origin == Origin::Created)
                && facts.record.as_ref().is_some_and(|record| record.password.current.is_none());
            let warning = if factory { " Its factory password has not been replaced." } else { "" };
            Plan::standing(Reason::Observed, format!("Cluster {} runs. It is only observed.{warning}", cluster.id))
        }
        _ => standing(cluster, Vec::new(), PasswordPlan::Settled(String::new())),
    };
    plan.pending(pending).about(cluster).noting_differences()
}

impl Plan {
    /// Names the fields that differ, and keeps the list of steps within what the status holds.
    fn noting_differences(mut self) -> Self {
        let fields: Vec<String> = self.pending.iter().filter_map(|step| step.field.clone()).collect();
        if let Verdict::Stands { differs, .. } = &mut self.verdict {
            *differs = fields;
        }
        self.pending.truncate(MAX_PLANNED_STEPS);
        self
    }

    fn is_done(&self) -> bool {
        matches!(&self.verdict, Verdict::Stands { reason: Reason::Running, .. })
    }
}

impl super::facts::Rival {
    /// Whether the other manifest's record is bound to this very database.
    pub(super) fn claims(
        &self,
        id: &crate::api::identity::ClusterId,
        created: crate::api::identity::CreatedAt,
    ) -> bool {
        self.id == *id && self.stake == Stake::Claims(created)
    }
}
