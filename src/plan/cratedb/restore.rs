//! A backup of another cluster that is restored into a new one: found before the cluster is created, and restored once.

use std::time::Duration;

use super::prices;
use super::products::listed;
use super::request::{Instead, invalid};
use crate::api::cratedb::{CrateDBCluster, RestoreSpec, RestoredFrom};
use crate::api::identity::ClusterId;
use crate::api::shared::{PlannedAction, PlannedStep};
use crate::cloud::cratedb::catalogue::Catalogue;
use crate::cloud::cratedb::change::{Change, Restoration};
use crate::cloud::cratedb::question::{Answer, Question};
use crate::cloud::cratedb::wire::{Cluster, Snapshot};
use crate::plan::difference::{Difference, Obstacle};
use crate::plan::facts::Facts;
use crate::plan::record::Bound;
use crate::plan::source::{self, Wanted};
use crate::plan::status::cut;
use crate::plan::step::{Plan, Step};

/// A list of backups is read again after this long, and after this where the one that is asked for is not in it.
const SNAPSHOTS_LAST: Duration = Duration::from_secs(10 * 60);
const MISSING_LASTS: Duration = Duration::from_secs(2 * 60);

/// How many backups a message names.
const NAMED: usize = 5;

/// What is to be restored into the new cluster, which lives in this region; or what is to be done or said before it is
/// created.
pub(super) fn wanted(
    facts: &Facts<CrateDBCluster>,
    catalogue: &Catalogue,
    region: &str,
) -> Result<Option<Restoration>, Instead> {
    let Some(spec) = &facts.manifest.spec.restore_from else { return Ok(None) };
    let source = source_of(facts, spec)?;
    let by = facts.account.reach.as_ref().map(|reach| reach.made_from.clone()).unwrap_or_default();
    let question = Question::Snapshots { cluster: source.clone(), by };
    let Some(Answer::Snapshots(snapshots)) = facts.answer(&question, SNAPSHOTS_LAST) else {
        return Err(Box::new(Plan::quietly(Step::Ask(question))));
    };
    match found(facts, catalogue, region, spec, &source, snapshots.as_deref()) {
        // What is missing in the list may have come meanwhile.
        Err(_) if facts.answer(&question, MISSING_LASTS).is_none() => Err(Box::new(Plan::quietly(Step::Ask(question)))),
        decided => decided.map(Some).map_err(invalid),
    }
}

/// What is to be said while the cluster of which the backup is cannot be known.
pub(super) fn source(facts: &Facts<CrateDBCluster>) -> Result<(), Instead> {
    facts.manifest.spec.restore_from.as_ref().map_or(Ok(()), |spec| source_of(facts, spec).map(drop))
}

fn source_of(facts: &Facts<CrateDBCluster>, spec: &RestoreSpec) -> Result<ClusterId, Instead> {
    let wanted = Wanted {
        external_id: spec.external_id.as_ref(),
        name: spec.name.as_deref(),
        deed: "restore from what is there",
        purpose: "of which a backup is to be restored",
        field: "spec.restoreFrom.name",
    };
    source::id(facts, &wanted)
}

fn found(
    facts: &Facts<CrateDBCluster>,
    catalogue: &Catalogue,
    region: &str,
    spec: &RestoreSpec,
    source: &ClusterId,
    snapshots: Option<&[Snapshot]>,
) -> Result<Restoration, String> {
    let Some(snapshots) = snapshots else {
        return Err(format!(
            "The account's credentials see no cluster {source} of which a backup could be restored. Correct spec.restoreFrom."
        ));
    };
    let known = facts.inventory.as_ref().and_then(|list| list.get(source));
    let title = known.map_or_else(|| source.to_string(), |cluster| cluster.name.clone());
    if let Some(elsewhere) = known.and_then(|known| another_region(known, catalogue, region)) {
        return Err(format!(
            "A backup is restored within its own region only: cluster {title} is in {elsewhere}, and this one is to be in \
             {region}. Correct spec.project or spec.restoreFrom."
        ));
    }
    let Some(snapshot) = snapshots.iter().find(|there| there.snapshot == spec.snapshot) else {
        let newest: Vec<&str> = snapshots.iter().take(NAMED).map(|there| there.snapshot.as_str()).collect();
        return Err(format!(
            "Cluster {title} has no backup {}. Correct spec.restoreFrom.snapshot; the newest are: {}.",
            spec.snapshot,
            listed(&newest)
        ));
    };
    Ok(Restoration {
        source: source.clone(),
        repository: snapshot.repository.clone(),
        snapshot: snapshot.snapshot.clone(),
        tables: tables(spec, snapshot)?,
    })
}

/// Where the cluster is, should that be known and be elsewhere.
fn another_region(cluster: &Cluster, catalogue: &Catalogue, region: &str) -> Option<String> {
    let its = catalogue.projects.iter().find(|project| Some(&project.id) == cluster.project_id.as_ref());
    let there = its.and_then(|project| project.region.clone()).or_else(|| prices::region(cluster))?;
    (!region.is_empty() && there != region).then_some(there)
}

/// The tables that are asked for, where the backup has them all. One that lists none is left to the cloud.
fn tables(spec: &RestoreSpec, snapshot: &Snapshot) -> Result<Vec<String>, String> {
    let asked = spec.tables.clone().unwrap_or_default();
    let unknown = asked.iter().find(|table| !snapshot.tables.is_empty() && !snapshot.tables.contains(table));
    let Some(unknown) = unknown else { return Ok(asked) };
    let known: Vec<&str> = snapshot.tables.iter().take(16).map(String::as_str).collect();
    Err(format!(
        "Backup {} has no table {unknown}. Correct spec.restoreFrom.tables; it has: {}.",
        snapshot.snapshot,
        listed(&known)
    ))
}

/// What the cluster was created for and is not restored yet, unless the manifest no longer asks for it.
pub(super) fn pending<'a>(manifest: &CrateDBCluster, bound: &'a Bound<CrateDBCluster>) -> Option<&'a Restoration> {
    bound.applied.to_restore.as_ref().filter(|_| manifest.spec.restore_from.is_some())
}

/// What is restored was fixed with the create: another manifest for the same cluster does not change that.
pub(super) fn difference(
    manifest: &CrateDBCluster,
    bound: &Bound<CrateDBCluster>,
) -> Option<Difference<CrateDBCluster>> {
    let restoration = pending(manifest, bound)?;
    let asked = manifest.spec.restore_from.as_ref()?;
    let shown = |from: Option<&String>, to: &String| PlannedStep {
        action: PlannedAction::Change,
        field: Some("restoreFrom".to_owned()),
        from: from.cloned(),
        to: Some(to.clone()),
        blocked_by: None,
    };
    if asked.snapshot != restoration.snapshot {
        let shown = shown(Some(&restoration.snapshot), &asked.snapshot);
        return Some(Difference::blocked(shown, Obstacle::FixedAtCreation));
    }
    Some(Difference::later(shown(None, &restoration.snapshot), Change::Restore(restoration.clone())))
}

/// What was restored, as the status has it.
pub(super) fn shown(restoration: &Restoration) -> RestoredFrom {
    RestoredFrom { external_id: restoration.source.clone(), snapshot: cut(&restoration.snapshot, 253) }
}
