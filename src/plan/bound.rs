//! A manifest with a cluster: is it still there, does it match, and is the way into it in order?

use std::time::Duration;

use super::binding::{claimed, forget, record_differs};
use super::conditions::whole_seconds;
use super::connection::{self, Connection};
use super::drift::{self, Sorted};
use super::facts::{Facts, Look, Reach, Sighting, Stake};
use super::kind::{CloudCluster, Kind};
use super::record::{Bound, Origin, Record};
use super::standing::standing;
use super::step::{Plan, RecordChange, Step, Verdict};
use super::work::Work;
use super::{change, power, proof, rename, serving, waiting};
use crate::api::annotation;
use crate::api::condition::Reason;
use crate::api::identity::{ClusterId, CreatedAt, Handle};
use crate::api::shared::{MAX_PLANNED_STEPS, OnVanished};
use crate::clock;

/// How soon it is decided anew while the list still shows what a look did not find.
const UNTIL_LISTED: Duration = Duration::from_secs(5);

/// Decides for a manifest whose record is bound to a cluster.
pub(super) fn plan<K: Kind>(facts: &Facts<K>, reach: &Reach, bound: &Bound<K>) -> Plan<K> {
    let Some(record) = &facts.record else {
        return Plan::unchanged();
    };
    let id = &bound.identity.id;
    if let Some(rival) = facts.rivals.iter().find(|rival| rival.claims(id, bound.identity.created_at)) {
        return claimed(facts, rival);
    }
    if let Some(other) =
        facts.spec().external_id.as_ref().filter(|other| *other != id && !bound.former_ids.contains(other))
    {
        let why = format!("spec.externalId is {other}");
        let differs = || record_differs(facts, record, &why, &format!("set spec.externalId: {id}"));
        return forget(facts, record).unwrap_or_else(differs);
    }
    let target = Handle::Id(id.clone());
    if let Some(plan) = rename::settle(facts, record, bound) {
        return showing(facts, bound, plan);
    }
    let not_here = |plan: Plan<K>| rename::followed(facts, bound).unwrap_or(plan);
    match facts.sighting(&target) {
        Sighting::Present(cluster) if cluster.created_at() == bound.identity.created_at => {
            present(facts, reach, record, bound, cluster)
        }
        Sighting::Present(_) if looked(facts, bound).is_none() => Plan::quietly(Step::Look(target)),
        Sighting::Present(_) if still_listed(facts, bound) => Plan::unchanged().looking_again(UNTIL_LISTED),
        Sighting::Present(_) if forget(facts, record).is_none() && !known_gone(bound) => {
            not_here(Plan::quietly(Step::Record(RecordChange::Gone)))
        }
        Sighting::Present(cluster) => not_here(forget(facts, record).unwrap_or_else(|| replaced(bound, cluster))),
        Sighting::LookedAbsent(look) => not_here(absent(facts, reach, record, bound, look)),
        Sighting::Unlisted | Sighting::Elsewhere | Sighting::Unknown => Plan::quietly(Step::Look(target)),
    }
}

/// Whether the list, which is older than the look that did not find the cluster, still shows it. Only the next one tells
/// whether it has another id since, and whether many others are missing as well.
pub(super) fn still_listed<K: Kind>(facts: &Facts<K>, bound: &Bound<K>) -> bool {
    let listed = facts.inventory.as_ref().and_then(|list| list.get(&bound.identity.id));
    listed.is_some_and(|cluster| cluster.created_at() == bound.identity.created_at)
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
            "Cluster {} is another database than the recorded one: it was created at {} instead of {}. Nothing is written to it. \
             To take it set the annotation clusterwright.dev/forget: {id} and spec.externalId: {id}.",
            K::title(bound),
            cluster.created_at(),
            bound.identity.created_at
        ),
    )
}

fn absent<K: Kind>(facts: &Facts<K>, reach: &Reach, record: &Record<K>, bound: &Bound<K>, look: &Look<K>) -> Plan<K> {
    let id = &bound.identity.id;
    if !bound.seen_by.contains(&look.by) {
        return never_seen(reach, bound);
    }
    if let Some(forget) = forget(facts, record) {
        return forget;
    }
    if still_listed(facts, bound) && !known_gone(bound) {
        return Plan::unchanged().looking_again(UNTIL_LISTED);
    }
    let recreates = facts.spec().on_vanished == OnVanished::Recreate;
    if facts.inventory_is_suspect() && (recreates || !known_gone(bound)) {
        return suspect(facts, &K::title(bound));
    }
    if !known_gone(bound) {
        return Plan::quietly(Step::Record(RecordChange::Gone));
    }
    if recreates && let Some(plan) = recreate(facts, bound) {
        return plan;
    }
    let recreate = match (facts.spec().on_vanished, &facts.spec().external_id) {
        (OnVanished::Hold, _) => "set spec.onVanished: Recreate, or ",
        (OnVanished::Recreate, Some(_)) => "remove spec.externalId, which names it, or ",
        (OnVanished::Recreate, None) => "",
    };
    Plan::held(
        Reason::Vanished,
        format!(
            "Cluster {} was there and is gone. Nothing is created in its place. To start anew {recreate}set the annotation \
             clusterwright.dev/forget: {id}; or delete this manifest.",
            K::title(bound)
        ),
    )
}

/// Too much is missing at once to be believed.
pub(super) fn suspect<K: Kind>(facts: &Facts<K>, title: &str) -> Plan<K> {
    let place = facts.account.reach.as_ref().map(|reach| reach.location.to_string()).unwrap_or_default();
    Plan::held(
        Reason::InventorySuspect,
        format!(
            "More clusters of {place} are missing at once than is believed, {title} among them, so none is taken for gone. \
             Find out why. Should they be gone, set the annotation {}: <the present time, RFC 3339> on CloudAccount {}.",
            annotation::ACCEPT_MISSING,
            facts.spec().account_ref.name
        ),
    )
}

/// The cluster is gone, and its manifest says that a new one takes its place: in its turn, and where nothing forbids it.
fn recreate<K: Kind>(facts: &Facts<K>, bound: &Bound<K>) -> Option<Plan<K>> {
    if facts.paused() || facts.spec().external_id.is_some() {
        return None;
    }
    let Some(turn) = facts.lately.may_recreate_at(facts.now) else {
        let message = format!("Cluster {} was there and is gone. A new one is created in its place.", K::title(bound));
        return Some(Plan::step(Step::Record(RecordChange::Recreate), Reason::Creating, message));
    };
    let message = format!(
        "Cluster {} was there and is gone. onVanished: Recreate acts on one cluster in each location and hour, so a new one is created \
         after {}.",
        K::title(bound),
        whole_seconds(turn)
    );
    Some(Plan::held(Reason::Vanished, message).looking_again(clock::until(facts.now, turn)?))
}

fn never_seen<K: Kind>(reach: &Reach, bound: &Bound<K>) -> Plan<K> {
    Plan::held(
        Reason::CredentialsInsufficient,
        format!(
            "The account's present credentials have never seen cluster {} in {}, so they cannot tell whether it is gone. \
             Use credentials that can see it.",
            K::title(bound),
            reach.location
        ),
    )
}

/// What comes first while it is not known whether the credential in use sees the cluster: later it may have to tell that
/// the cluster is gone. Where another looks in its place, for it may not, that one will look then, too.
pub(super) fn witnessed<K: Kind>(
    facts: &Facts<K>,
    reach: &Reach,
    bound: &Bound<K>,
    cluster: &K::Cluster,
) -> Option<Plan<K>> {
    let target = Handle::Id(bound.identity.id.clone());
    match facts.own_look_at(&target) {
        Some(look) if look.shows(cluster) && !bound.seen_by.contains(&look.by) => {
            Some(Plan::quietly(Step::Record(RecordChange::SeenBy(look.by.clone()))))
        }
        None if !reach.credentials.first().is_some_and(|in_use| bound.seen_by.contains(in_use)) => {
            Some(Plan::quietly(Step::Look(target)))
        }
        _ if reach.has_seen(bound) => None,
        _ => match facts.own_sighting(&target) {
            Sighting::LookedAbsent(_) => Some(never_seen(reach, bound)),
            _ => Some(Plan::quietly(Step::Look(target))),
        },
    }
}

/// Whether the record says that the cluster is gone, and that the manifest said so.
fn known_gone<K: Kind>(bound: &Bound<K>) -> bool {
    bound.gone.is_some_and(|gone| gone.told)
}

/// The same about the cluster under its recorded id, where it is there.
fn showing<K: Kind>(facts: &Facts<K>, bound: &Bound<K>, plan: Plan<K>) -> Plan<K> {
    match facts.sighting(&Handle::Id(bound.identity.id.clone())) {
        Sighting::Present(cluster) if cluster.created_at() == bound.identity.created_at => {
            let differences = K::differences(facts, Some(bound), cluster);
            let pending = differences.into_iter().map(|difference| difference.shown).collect();
            plan.pending(pending).about(cluster).noting_differences()
        }
        _ => plan,
    }
}

fn present<K: Kind>(
    facts: &Facts<K>,
    reach: &Reach,
    record: &Record<K>,
    bound: &Bound<K>,
    cluster: &K::Cluster,
) -> Plan<K> {
    if let Some(first) = witnessed(facts, reach, bound, cluster) {
        return first;
    }
    if bound.gone.is_some() {
        return Plan::quietly(Step::Record(RecordChange::Found));
    }
    let Sorted { differences, news, in_force } = drift::sort(facts, bound, K::differences(facts, Some(bound), cluster));
    let barrier = match record.change() {
        Some(intent) => Some(change::follow(facts, intent, cluster)),
        None => proof::before_change(facts, record, bound, cluster),
    };
    if let Some(first) = barrier {
        let pending = differences.into_iter().map(|difference| difference.shown).collect();
        return first.pending(pending).about(cluster).noting_differences();
    }
    let in_transition = cluster.phase().in_transition();
    if let Some((settings, drifts)) = news.filter(|_| !in_transition && change::under_way(facts, cluster).is_none()) {
        return Plan::quietly(Step::Record(RecordChange::Noted { settings, drifts }));
    }
    let way_in = K::way_in(facts, record, bound, cluster);
    let (first, later): (Vec<_>, Vec<_>) = differences.into_iter().partition(|difference| difference.first);
    let mut work = Work::new(facts, cluster);
    work.take(first);
    let way_in = work.take_password(way_in);
    work.take(later);
    let plan = match work.due() {
        // The connection Secret waits for the password alone: what else there is to do may take long.
        Some(due) if matches!(due.next, Some(Step::Database(_) | Step::Record(_))) => {
            return due.about(cluster).noting_differences();
        }
        Some(due) => due,
        None => standing(facts, cluster, &work, way_in).pending(work.shown),
    };
    let plan = published(facts, record, bound, cluster, plan.about(cluster).noting_differences());
    let plan = power::watching_the_clock(facts, serving::probing(facts, cluster, plan));
    match in_force {
        Some(settings) if !in_transition && plan.next.is_none() => {
            let noted = RecordChange::Noted { settings, drifts: Vec::new() };
            Plan { next: Some(Step::Record(noted)), ..plan }
        }
        _ => plan,
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
    let connection = match Connection::of(facts, record, cluster) {
        Ok(connection) => connection,
        Err(why) if standing.is_done() => {
            return Plan { pending: standing.pending, ..Plan::held(Reason::InvalidSpec, why).about(cluster) };
        }
        Err(_) => return standing,
    };
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
/// the password in it and the data in the database, and one that is suspended must not lose the address that it had.
fn can_be_connected_to<K: Kind>(facts: &Facts<K>, record: &Record<K>, bound: &Bound<K>, cluster: &K::Cluster) -> bool {
    let password_is_ours = bound.origin == Origin::Created;
    let complete = !facts.manifest.awaits_data(bound);
    complete && serving::serves(facts, cluster) && (record.password.current.is_some() || !password_is_ours)
}

impl<K: Kind> Plan<K> {
    /// Names the fields that differ, and keeps the list of steps within what the status holds.
    pub(super) fn noting_differences(mut self) -> Self {
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
