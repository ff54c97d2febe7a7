//! Which cluster a manifest is about: the recorded one, an existing one that it adopts or observes, or one still to be created.

use std::collections::BTreeSet;

use super::drift::Settings;
use super::facts::{AccountFacts, Facts, Reach, Rival, Sighting, Stake};
use super::kind::{CloudCluster, Kind};
use super::permits::withheld;
use super::record::{Bound, Intent, Origin, Record};
use super::step::{Plan, RecordChange, Step};
use super::{bound, change, creation, rename, standing};
use crate::api::account::Permission;
use crate::api::annotation;
use crate::api::condition::Reason;
use crate::api::identity::{ClusterId, Handle, Identity};
use crate::api::shared::{PlannedAction, PlannedStep};

/// Decides for a manifest that is not being deleted, and whose account reaches the cloud.
pub(super) fn plan<K: Kind>(facts: &Facts<K>) -> Plan<K> {
    let Some(reach) = &facts.account.reach else {
        return Plan::unchanged();
    };
    if !facts.managed() {
        return observe(facts);
    }
    match &facts.record {
        Some(record) if record.location != reach.location && record.has_cluster() => elsewhere(facts, record, reach),
        Some(record) if record.creation().is_some() => creation::settle(facts, record),
        Some(Record { bound: None, intent: Some(Intent::Change(intent)), .. }) => change::settle_unbound(facts, intent),
        Some(record) if record.owner.uid != facts.uid() => inherited(facts, record),
        Some(record) if record.forgotten.is_some() && facts.annotation(annotation::FORGET).is_none() => {
            Plan::quietly(Step::Record(RecordChange::ClearForgotten))
        }
        Some(record) if is_borrowed(facts, record) => withheld(facts, Permission::Adopt, "look after what is there"),
        Some(Record { bound: Some(bound), .. }) => bound::plan(facts, reach, bound),
        _ => unbound(facts),
    }
}

/// Whether the cluster was adopted through one account, and another namespace's is named now, which does not permit that: what
/// one's own credentials may only look at, others' must not be made to change.
pub(super) fn is_borrowed<K: Kind>(facts: &Facts<K>, record: &Record<K>) -> bool {
    let account = facts.account_name();
    let adopted = record.bound.as_ref().is_some_and(|bound| bound.origin != Origin::Created);
    let through_another = record.account.as_ref() != Some(&account) && account.namespace != record.owner.namespace;
    adopted && through_another && !facts.account.permits.may_adopt()
}

/// The recorded cluster lives where the account does not reach.
fn elsewhere<K: Kind>(facts: &Facts<K>, record: &Record<K>, reach: &Reach) -> Plan<K> {
    if let Some(forget) = forget(facts, record) {
        return forget;
    }
    let there = &record.location;
    let account = &facts.spec().account_ref.name;
    let way_back = format!("refer to an account of {there}");
    if record.owner.uid != facts.uid() {
        return record_differs(facts, record, &format!("CloudAccount {account} names {}", reach.location), &way_back);
    }
    let id = record.target().map(|target| target.to_string()).unwrap_or_default();
    Plan::held(
        Reason::LocationChanged,
        format!(
            "Cluster {id} was recorded in {there}, and CloudAccount {account} names {}. To go on with it {way_back}; \
             to let go of it and start anew set the annotation {}: {id}.",
            reach.location,
            annotation::FORGET
        ),
    )
}

/// A manifest of this name, but another one, had the recorded cluster.
fn inherited<K: Kind>(facts: &Facts<K>, record: &Record<K>) -> Plan<K> {
    let Some(bound) = &record.bound else {
        return Plan::quietly(Step::Record(RecordChange::Rebind));
    };
    if let Some(forget) = forget(facts, record) {
        return forget;
    }
    let recorded = &bound.identity.id;
    let differs = |why: &str| record_differs(facts, record, why, &format!("set spec.externalId: {recorded}"));
    if let Some(rival) = facts.rival_for(&Handle::Id(recorded.clone())) {
        return claimed(facts, rival);
    }
    if !may_inherit(facts, record, bound) {
        return record_differs(
            facts,
            record,
            "its namespace was another one of this name, with credentials other than these",
            "use the account's former credentials",
        );
    }
    let differences = facts.manifest.fixed_differences(&bound.fixed);
    match &facts.spec().external_id {
        Some(id) if id == recorded => Plan::quietly(Step::Record(RecordChange::Rebind)),
        Some(id) => differs(&format!("spec.externalId is {id}")),
        None if !facts.manifest.is_about(bound) => {
            differs(&format!("this manifest is about {}", facts.manifest.wanted()))
        }
        None => match differences.first().and_then(|step| step.field.clone()) {
            Some(field) => differs(&format!("its {field} is another than spec.{field}")),
            None => Plan::quietly(Step::Record(RecordChange::Rebind)),
        },
    }
}

/// Whoever gets the name of a deleted namespace must not get its databases' passwords with it. One who holds credentials
/// that have seen the cluster had the way in before.
fn may_inherit<K: Kind>(facts: &Facts<K>, record: &Record<K>, bound: &Bound<K>) -> bool {
    let same_namespace = record.owner.namespace_uid == facts.namespace_uid;
    let AccountFacts { reach, permits, .. } = &facts.account;
    same_namespace || (permits.may_adopt() && reach.as_ref().is_some_and(|reach| reach.has_seen(bound)))
}

/// Whether a manifest that adopts a cluster takes over what the record of another one, which claims it no longer, knows of
/// the way into it: freely within a namespace, and between namespaces through the same account, where that permits it.
#[must_use]
pub fn may_take_over<K: Kind>(facts: &Facts<K>, record: &Record<K>, bound: &Bound<K>) -> bool {
    if record.owner.namespace == facts.owner().namespace {
        return may_inherit(facts, record, bound);
    }
    let AccountFacts { reach, permits, .. } = &facts.account;
    let same_account = record.account.as_ref() == Some(&facts.account_name());
    same_account && permits.may_adopt() && reach.as_ref().is_some_and(|reach| reach.has_seen(bound))
}

pub(super) fn record_differs<K: Kind>(facts: &Facts<K>, record: &Record<K>, why: &str, way_back: &str) -> Plan<K> {
    let id = record.target().map(|target| target.to_string()).unwrap_or_default();
    Plan::held(
        Reason::RecordedClusterDiffers,
        format!(
            "A manifest named {} has had cluster {id} in {}, and {why}. Nothing is changed or destroyed. \
             To take that cluster back {way_back}; to let go of it and start anew set the annotation {}: {id}.",
            facts.owner().name,
            record.location,
            annotation::FORGET
        ),
    )
}

/// The recorded cluster is let go of where the annotation names it and was not honoured before. One that may still come
/// into being is not.
pub(super) fn forget<K: Kind>(facts: &Facts<K>, record: &Record<K>) -> Option<Plan<K>> {
    let asked = facts.annotation(annotation::FORGET)?;
    let named = record.target().is_some_and(|recorded| recorded.to_string() == asked);
    let settled = record.creation().is_none_or(|intent| facts.now > intent.settled_after());
    (named && settled && record.forgotten.as_deref() != Some(asked))
        .then(|| Plan::quietly(Step::Record(RecordChange::Forget(asked.to_owned()))))
}

/// Nothing is recorded: an existing cluster is adopted, or a new one created.
fn unbound<K: Kind>(facts: &Facts<K>) -> Plan<K> {
    // Without a record, an id in the status counts as externalId would. With one, the record knows better.
    let reported = if facts.record.is_none() { facts.reported_id() } else { None };
    // One that was only observed has never published a way in, and nobody has changed its password here.
    let published = facts.reported().is_some_and(|status| status.binding.is_some());
    let origin = if facts.spec().external_id.is_some() && !published { Origin::Adopted } else { Origin::Recovered };
    match (&facts.spec().external_id, reported) {
        // What the manifest names may be what its cluster was called before it was renamed.
        (_, Some(id)) => adopt(facts, &rename::listed_id(facts, None).unwrap_or_else(|| id.clone()), origin),
        (Some(id), None) => adopt(facts, id, Origin::Adopted),
        (None, None) => creation::plan(facts),
    }
}

/// Whether the status speaks of this cluster, so that another database of its id is not taken for it.
fn is_told_of<K: Kind>(facts: &Facts<K>, id: &ClusterId, origin: Origin) -> bool {
    origin == Origin::Recovered || (facts.record.is_none() && facts.reported_id() == Some(id))
}

/// Binds the manifest to a cluster that exists.
pub(super) fn adopt<K: Kind>(facts: &Facts<K>, id: &ClusterId, origin: Origin) -> Plan<K> {
    if !facts.account.permits.may_adopt() {
        return withheld(facts, Permission::Adopt, "bind to what is there");
    }
    let target = Handle::Id(id.clone());
    if let Some(rival) = facts.rival_for(&target) {
        return claimed(facts, rival);
    }
    match facts.own_sighting(&target) {
        Sighting::Present(cluster) if is_told_of(facts, id, origin) && !as_reported(facts, cluster) => Plan::held(
            Reason::Replaced,
            format!(
                "Cluster {id} is another database than the one that this manifest had: it was created at {}. \
                 Nothing is written to it. To take it delete this manifest and apply it again with spec.externalId: {id}.",
                cluster.created_at()
            ),
        ),
        Sighting::Present(cluster) => {
            let bound = bind(facts, cluster, origin);
            Plan::step(
                Step::Record(RecordChange::Adopt(bound)),
                Reason::Creating,
                format!("Cluster {id} is being adopted."),
            )
            .pending(vec![planned(PlannedAction::Adopt, id)])
        }
        Sighting::LookedAbsent(_) | Sighting::Elsewhere if origin == Origin::Recovered && !facts.is_listed(&target) => {
            if facts.inventory_is_suspect() {
                return bound::suspect(facts, id.as_str());
            }
            Plan::held(
                Reason::Vanished,
                format!(
                    "Cluster {id}, which this manifest had, is gone, and no record of it is left. \
                 Nothing is created in its place: delete the manifest and apply it again to start anew."
                ),
            )
        }
        Sighting::LookedAbsent(_) | Sighting::Elsewhere => {
            let place = facts.account.reach.as_ref().map(|reach| reach.location.to_string()).unwrap_or_default();
            let seen = format!("The account's credentials see no cluster {id} in {place}.");
            // Others see what this manifest had: it is not the manifest that is wrong.
            if origin == Origin::Recovered {
                let message =
                    format!("{seen} This manifest had it, and others see it still: use credentials that can see it.");
                return Plan::held(Reason::CredentialsInsufficient, message);
            }
            let ways = "Correct spec.externalId, remove it to create a cluster, or use credentials that can see it.";
            Plan::held(Reason::InvalidSpec, format!("{seen} {ways}"))
        }
        Sighting::Unlisted | Sighting::Unknown => Plan::quietly(Step::Look(target)),
    }
}

fn as_reported<K: Kind>(facts: &Facts<K>, cluster: &K::Cluster) -> bool {
    let reported = facts.reported().and_then(|status| status.created_at.as_ref());
    reported.is_none_or(|moment| *moment == cluster.created_at().to_string())
}

/// What a record keeps of a cluster that one of our requests created.
#[must_use]
pub fn created_by<K: Kind>(request: &K::Request, cluster: &K::Cluster, fixed: K::Fixed, credential: &str) -> Bound<K> {
    Bound { applied: K::applied(request), ..bound_to(cluster, fixed, Origin::Created, Some(credential)) }
}

/// What a record keeps of a cluster when it is bound, through the credential that sees it.
fn bound_to<K: Kind>(cluster: &K::Cluster, fixed: K::Fixed, origin: Origin, credential: Option<&str>) -> Bound<K> {
    Bound {
        identity: Identity { id: cluster.id().clone(), created_at: cluster.created_at() },
        former_ids: BTreeSet::new(),
        origin,
        doubt: None,
        fixed,
        seen_by: credential.map(str::to_owned).into_iter().collect(),
        applied: K::Applied::default(),
        settings: Settings::new(),
        gone: None,
    }
}

fn bind<K: Kind>(facts: &Facts<K>, cluster: &K::Cluster, origin: Origin) -> Bound<K> {
    bound_to(cluster, facts.fixed(cluster), origin, facts.seeing(cluster))
}

/// Reports on a cluster without claiming it.
fn observe<K: Kind>(facts: &Facts<K>) -> Plan<K> {
    let here =
        |record: &&Record<K>| facts.account.reach.as_ref().is_some_and(|reach| reach.location == record.location);
    let own =
        |record: &&Record<K>| record.owner.namespace_uid == facts.namespace_uid || facts.account.permits.may_adopt();
    let bound = facts.record.as_ref().filter(here).filter(own).and_then(|record| record.bound.as_ref());
    let is_former = |id: &&ClusterId| bound.is_some_and(|bound| bound.former_ids.contains(*id));
    let named = facts.spec().external_id.as_ref().filter(|id| !is_former(id));
    let known = named.or(bound.map(|bound| &bound.identity.id)).cloned();
    let is_own = bound.is_some_and(|bound| known.as_ref() == Some(&bound.identity.id));
    if !is_own && !facts.account.permits.may_adopt() {
        return withheld(facts, Permission::Adopt, "observe what is there");
    }
    let target = known.map_or_else(|| facts.manifest.wanted(), Handle::Id);
    let renamed = if facts.is_listed(&target) { None } else { rename::listed_id(facts, bound) };
    let target = renamed.map_or(target, Handle::Id);
    match facts.own_sighting(&target) {
        Sighting::Present(cluster) => standing::observed(facts, cluster),
        Sighting::LookedAbsent(_) if facts.reported_id().is_some() && !facts.is_listed(&target) => Plan::held(
            Reason::Vanished,
            format!("Cluster {target} was there and is gone. It is only observed, so nothing is done."),
        ),
        Sighting::LookedAbsent(_) | Sighting::Elsewhere => {
            let place = facts.account.reach.as_ref().map(|reach| reach.location.to_string()).unwrap_or_default();
            Plan::held(
                Reason::InvalidSpec,
                format!(
                    "The account's credentials see no cluster {target} in {place} to observe. Correct spec.externalId, or use \
                     credentials that can see it."
                ),
            )
        }
        Sighting::Unlisted | Sighting::Unknown => Plan::quietly(Step::Look(target)),
    }
}

/// Somebody else's manifest has the cluster. Whose it is, is told only to those who may know what there is.
pub(super) fn claimed<K: Kind>(facts: &Facts<K>, rival: &Rival) -> Plan<K> {
    let Rival { namespace, name, target, stake } = rival;
    if is_hidden(facts, rival) {
        let message =
            format!("A manifest in another namespace manages cluster {target}. Give this one another cluster.");
        return Plan::held(Reason::ClaimedByAnother, message);
    }
    let how = match stake {
        Stake::Claims(_) => "manages",
        Stake::Creates => "is creating",
        Stake::EarlierNewcomer => "asked earlier for",
    };
    Plan::held(
        Reason::ClaimedByAnother,
        format!(
            "{} {name} in namespace {namespace} {how} cluster {target}. Remove one of the two manifests, or give one of them another cluster.",
            K::kind(&())
        ),
    )
}

/// Whether nothing may be told of another manifest.
pub(super) fn is_hidden<K: Kind>(facts: &Facts<K>, rival: &Rival) -> bool {
    !facts.account.permits.may_adopt() && rival.namespace != facts.owner().namespace
}

/// A pending step about a whole cluster.
pub(super) fn planned(action: PlannedAction, id: &impl ToString) -> PlannedStep {
    PlannedStep { action, field: None, from: None, to: Some(id.to_string()), blocked_by: None }
}
