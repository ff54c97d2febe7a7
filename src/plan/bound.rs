//! A manifest with a cluster: is it still there, does it match, and is the way into it in order?

use std::time::Duration;

use super::binding::{claimed, forget, record_differs};
use super::connection::{self, Connection};
use super::facts::{Facts, Inventory, Look, Reach, Sighting, Stake};
use super::kind::{Change, CloudCluster, Difference, Kind, Phase};
use super::password::PasswordPlan;
use super::record::{Bound, Origin, Record};
use super::refusal::still_refused;
use super::step::{CloudWrite, DatabaseStep, Plan, RecordChange, Step, Verdict};
use super::{change, serving, waiting};
use crate::api::condition::Reason;
use crate::api::identity::{ClusterId, CreatedAt, Handle};
use crate::api::shared::{MAX_PLANNED_STEPS, PlannedStep};

/// How often a cluster in transition is decided about anew, should its list lag behind.
const IN_TRANSITION: Duration = Duration::from_secs(15);

/// Said of every edit that would change a running cluster.
pub(super) const NOT_CARRIED_OUT: &str = "this version of clusterwright does not change running clusters";

/// Decides for a manifest whose record is bound to a cluster.
pub(super) fn plan<K: Kind>(facts: &Facts<K>, reach: &Reach, bound: &Bound<K>) -> Plan<K> {
    let Some(record) = &facts.record else {
        return Plan::unchanged();
    };
    let id = &bound.identity.id;
    if let Some(rival) = facts.rivals.iter().find(|rival| rival.claims(id, bound.identity.created_at)) {
        return claimed(rival);
    }
    if let Some(other) = facts.spec().external_id.as_ref().filter(|other| *other != id) {
        let why = format!("spec.externalId is {other}");
        let differs = || record_differs(facts, record, &why, &format!("set spec.externalId: {id}"));
        return forget(facts, record).unwrap_or_else(differs);
    }
    let target = Handle::Id(id.clone());
    match facts.sighting(&target) {
        Sighting::Present(cluster) if cluster.created_at() == bound.identity.created_at => {
            present(facts, reach, record, bound, cluster)
        }
        Sighting::Present(_cluster) if looked(facts, bound).is_none() => Plan::quietly(Step::Look(target)),
        Sighting::Present(_) if forget(facts, record).is_none() && !known_gone(bound) => {
            Plan::quietly(Step::Record(RecordChange::Gone))
        }
        Sighting::Present(cluster) => forget(facts, record).unwrap_or_else(|| replaced(bound, cluster)),
        Sighting::LookedAbsent(look) => absent(facts, reach, record, bound, look),
        Sighting::Unlisted | Sighting::Elsewhere | Sighting::Unknown => Plan::quietly(Step::Look(target)),
    }
}

/// A look at the bound cluster's id that is as new as the list.
pub(super) fn looked<'a, K: Kind>(facts: &'a Facts<K>, bound: &Bound<K>) -> Option<&'a Look<K>> {
    let listed = facts.inventory.as_ref().and_then(|inventory| inventory.at);
    facts.look_at(&Handle::Id(bound.identity.id.clone())).filter(|look| listed.is_none_or(|at| look.at >= at))
}

fn replaced<K: Kind>(bound: &Bound<K>, cluster: &K::Cluster) -> Plan<K> {
    let id = cluster.id();
    Plan::held(
        Reason::Replaced,
        format!(
            "Cluster {id} is another database than the recorded one: it was created at {} instead of {}. Nothing is written to it. \
             To take it set the annotation clusterwright.dev/forget: {id} and spec.externalId: {id}.",
            cluster.created_at(),
            bound.identity.created_at
        ),
    )
}

fn absent<K: Kind>(facts: &Facts<K>, reach: &Reach, record: &Record<K>, bound: &Bound<K>, look: &Look<K>) -> Plan<K> {
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
fn known_gone<K: Kind>(bound: &Bound<K>) -> bool {
    bound.gone.is_some_and(|gone| gone.told)
}

/// A clause that names the cluster that was created at the same moment, should there be one under another id.
pub(super) fn renamed<K: Kind>(list: &Inventory<K>, bound: &Bound<K>) -> Option<String> {
    // Where the cloud chooses the ids they never change.
    if !K::NOT_AGAIN_WITHIN.is_zero() {
        return None;
    }
    let twin = list.created_at(bound.identity.created_at)?;
    Some(format!("; cluster {} was created at the same moment, so it may have been renamed", twin.id()))
}

fn present<K: Kind>(
    facts: &Facts<K>,
    reach: &Reach,
    record: &Record<K>,
    bound: &Bound<K>,
    cluster: &K::Cluster,
) -> Plan<K> {
    if !bound.seen_by.contains(&reach.credential) {
        return Plan::quietly(Step::Record(RecordChange::SeenBy(reach.credential.clone())));
    }
    if bound.gone.is_some() {
        return Plan::quietly(Step::Record(RecordChange::Found));
    }
    let differences = K::differences(facts, Some(bound), cluster);
    if let Some(intent) = record.change() {
        let pending = differences.into_iter().map(|difference| difference.shown).collect();
        return change::follow(facts, intent, cluster).pending(pending).about(cluster).noting_differences();
    }
    let way_in = K::way_in(facts, record, bound, cluster);
    let (first, later): (Vec<_>, Vec<_>) = differences.into_iter().partition(|difference| difference.first);
    let mut work = Work::new(facts, record, cluster);
    work.take(first);
    let way_in = work.take_password(way_in);
    work.take(later);
    let plan = match work.due(facts, bound) {
        // The connection Secret waits for the password alone: what else there is to do may take long.
        Some(due) if matches!(due.next, Some(Step::Database(_) | Step::Record(_))) => {
            return due.about(cluster).noting_differences();
        }
        Some(due) => due,
        None => standing(facts, cluster, &work, way_in).pending(work.shown),
    };
    let plan = published(facts, record, bound, cluster, plan.about(cluster).noting_differences());
    serving::probing(facts, record, cluster, plan)
}

/// What there is to do about a cluster: all of it as the status shows it, and the first of it that can be done now.
struct Work<'a, K: Kind> {
    facts: &'a Facts<K>,
    record: &'a Record<K>,
    cluster: &'a K::Cluster,
    shown: Vec<PlannedStep>,
    next: Option<(Step<K>, Reason)>,
    /// The proof of a password for which the database could not be reached: only suspending waits for it.
    unproved: Option<(Step<K>, Reason)>,
    /// How the manifest stands by what the cloud refused.
    refused: Option<Plan<K>>,
}

impl<'a, K: Kind> Work<'a, K> {
    fn new(facts: &'a Facts<K>, record: &'a Record<K>, cluster: &'a K::Cluster) -> Self {
        Self { facts, record, cluster, shown: Vec::new(), next: None, unproved: None, refused: None }
    }

    fn take(&mut self, differences: Vec<Difference<K>>) {
        for Difference { mut shown, change, .. } in differences {
            if let Some(change) = change.filter(|_| shown.blocked_by.is_none()) {
                self.consider(&mut shown, change);
            }
            self.shown.push(shown);
        }
    }

    /// A change that was refused is skipped, and keeps nothing after it from being done.
    fn consider(&mut self, shown: &mut PlannedStep, change: K::Change) {
        let waits_for = match self.cluster.phase() {
            Phase::Suspended if !change.wakes() => Some("it waits for the cluster to be resumed"),
            Phase::Failed => Some("the cluster could not be created"),
            _ => None,
        };
        if waits_for.is_some() {
            shown.blocked_by = waits_for.map(str::to_owned);
            return;
        }
        let reason = change.reason();
        let write = CloudWrite::Change(change);
        match still_refused(self.facts, Some(self.record), &write) {
            Some(refused) => {
                shown.blocked_by = Some("the cloud refused it".to_owned());
                self.refused.get_or_insert(refused);
            }
            None => {
                self.next.get_or_insert((Step::Cloud(write), reason));
            }
        }
    }

    /// The password's step takes its place in the order; what else there is to say of the password comes back.
    fn take_password(&mut self, way_in: PasswordPlan<K>) -> PasswordPlan<K> {
        let PasswordPlan::Step(step, shown) = way_in else { return way_in };
        match (*step, shown) {
            (Step::Cloud(CloudWrite::Change(change)), Some(mut shown)) => {
                self.consider(&mut shown, change);
                self.shown.push(shown);
            }
            (step, shown) => {
                self.shown.extend(shown);
                let proves = matches!(step, Step::Database(DatabaseStep::Prove { .. }));
                let out_of_reach = proves && self.facts.database_is_out_of_reach();
                let place = if out_of_reach { &mut self.unproved } else { &mut self.next };
                place.get_or_insert((step, Reason::Updating));
            }
        }
        PasswordPlan::settled()
    }

    /// The step that is to be taken now, unless the cloud is busy with the cluster.
    fn due(&mut self, facts: &Facts<K>, bound: &Bound<K>) -> Option<Plan<K>> {
        let (step, reason) = match (self.next.take(), self.unproved.take()) {
            (Some((_, Reason::Suspending)) | None, Some(proof)) => proof,
            (next, _) => next?,
        };
        let shown = std::mem::take(&mut self.shown);
        // Whatever is asked for now would be refused.
        if let (true, Some(operation)) = (step.writes_to_a_cloud(), self.cluster.busy()) {
            let waiting = match self.cluster.phase() {
                Phase::Changing(_) => change::waiting(facts, bound, self.cluster, &operation),
                _ => in_transition(facts, self.cluster, transition(self.cluster)),
            };
            return Some(waiting.pending(shown));
        }
        let message = format!("{}.", step.summary());
        Some(Plan::step(step, reason, message).pending(shown))
    }
}

/// The same, with the connection Secret written where that is due.
fn published<K: Kind>(
    facts: &Facts<K>,
    record: &Record<K>,
    bound: &Bound<K>,
    cluster: &K::Cluster,
    standing: Plan<K>,
) -> Plan<K> {
    let connection = Connection::of(facts, record, cluster);
    let publishable = can_be_connected_to(facts, record, bound, cluster);
    if publishable && facts.attempts.connection_conflict.is_none() && connection::due(facts, &connection) {
        // Who waits for Ready goes on to read the Secret, so it comes first.
        let early = standing.is_done() && !waiting::settled(facts);
        // What is put off by this step may be kept from being done, and then that is what is said.
        let verdict = if early || standing.next.is_some() { Verdict::Unchanged } else { standing.verdict };
        return Plan { next: Some(Step::Publish(connection)), verdict, ..standing };
    }
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
fn can_be_connected_to<K: Kind>(facts: &Facts<K>, record: &Record<K>, bound: &Bound<K>, cluster: &K::Cluster) -> bool {
    let password_is_ours = bound.origin == Origin::Created;
    serving::serves(facts, cluster) && (record.password.current.is_some() || !password_is_ours)
}

/// How a manifest stands by its cluster, when nothing is to be done.
fn standing<K: Kind>(facts: &Facts<K>, cluster: &K::Cluster, work: &Work<'_, K>, way_in: PasswordPlan<K>) -> Plan<K> {
    let name = cluster.title();
    match cluster.phase() {
        Phase::Running | Phase::Changing(_) if serving::serves(facts, cluster) => match (&work.refused, way_in) {
            (Some(refused), _) => refused.clone(),
            (None, PasswordPlan::Held(plan)) => *plan,
            (None, _) if !work.shown.is_empty() => blocked(&work.shown),
            (None, PasswordPlan::Settled(note)) => {
                Plan::standing(Reason::Running, format!("Cluster {name} runs as asked for.{note}"))
            }
            (None, PasswordPlan::Step(..)) => Plan::unchanged(),
        },
        Phase::Suspended => match (&work.refused, facts.manifest.wants_suspended()) {
            (Some(refused), _) => refused.clone(),
            (None, Some(true)) => {
                Plan::standing(Reason::Suspended, format!("Cluster {name} is suspended as asked for."))
            }
            (None, _) => Plan::held(
                Reason::NotRunning,
                format!("Cluster {name} is suspended in the cloud. Resume it in the cloud's console."),
            ),
        },
        _ => in_transition(facts, cluster, transition(cluster)),
    }
}

/// What this version does not carry out, and how to come to rest all the same.
fn blocked<K: Kind>(pending: &[PlannedStep]) -> Plan<K> {
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
    } else if pending.iter().all(|step| is(step, &["version", "machineType", "storageSizeGB", "product.name"])) {
        "Set the manifest back, or make the change in the cloud's console"
    } else {
        "Set the manifest back"
    };
    let why = pending.iter().find_map(|step| step.blocked_by.as_deref()).unwrap_or(NOT_CARRIED_OUT);
    Plan::held(
        Reason::ChangeUnsupported,
        format!("The manifest asks to change {}, and {why}. {way_out}.", edits.join(", ")),
    )
}

/// The cloud does something to the cluster, or its database does not serve.
fn transition<K: Kind>(cluster: &K::Cluster) -> Plan<K> {
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
        Phase::Changing(_) => waiting(Reason::Updating),
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
fn in_transition<K: Kind>(facts: &Facts<K>, cluster: &K::Cluster, plan: Plan<K>) -> Plan<K> {
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
        let factory = K::FACTORY_PASSWORD.is_some()
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
    plan.pending(pending).about(cluster).noting_differences()
}

impl<K: Kind> Plan<K> {
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
    pub(super) fn claims(&self, id: &ClusterId, created: CreatedAt) -> bool {
        self.target == Handle::Id(id.clone()) && self.stake == Stake::Claims(created)
    }
}
