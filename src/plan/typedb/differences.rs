//! What differs between a manifest and its cluster, and what puts it right, in the order in which that is done.

use super::{backup, fixed};
use crate::api::condition::Reason;
use crate::api::identity::Handle;
use crate::api::shared::Power;
use crate::api::typedb::{BackupFrequency, Tier, TypeDBCluster, TypeDBClusterSpec};
use crate::cloud::typedb::change::Change;
use crate::cloud::typedb::wire::Cluster;
use crate::plan::difference::{Difference, Obstacle, differing, text};
use crate::plan::facts::{Facts, Sighting};
use crate::plan::power;
use crate::plan::record::Bound;

/// The word for the newest version, which is asked for at creation and compared with nothing.
const LATEST: &str = "latest";

pub(super) fn of(
    facts: &Facts<TypeDBCluster>,
    bound: Option<&Bound<TypeDBCluster>>,
    cluster: &Cluster,
) -> Vec<Difference<TypeDBCluster>> {
    let spec = &facts.manifest.spec;
    let fixed = fixed::differences(spec, &fixed::of(cluster)).into_iter();
    let changes = [
        storage(spec, cluster),
        machine_type(spec, cluster),
        version(spec, cluster),
        bound.and_then(|bound| backups(spec, bound, cluster)),
        id(facts, cluster),
        power::wanted(facts).and_then(|wanted| power_difference(wanted, cluster)),
    ];
    fixed
        .map(|shown| Difference::blocked(shown, Obstacle::FixedAtCreation))
        .chain(changes.into_iter().flatten())
        .collect()
}

/// Storage is a floor. What the cloud does not tell cannot differ: it would be set again and again.
fn storage(spec: &TypeDBClusterSpec, cluster: &Cluster) -> Option<Difference<TypeDBCluster>> {
    let (wanted, there) = (spec.storage_size_gb?, cluster.storage_size_gb?);
    if there >= wanted {
        return None;
    }
    let shown = differing("storageSizeGB", text(Some(there)), text(Some(wanted)))?;
    Some(Difference::later(shown, Change::Storage { gb: wanted }))
}

/// A cluster that its owner wants free must not begin to cost by an edit of another field.
fn machine_type(spec: &TypeDBClusterSpec, cluster: &Cluster) -> Option<Difference<TypeDBCluster>> {
    let (wanted, there) = (spec.machine_type.clone()?, cluster.machine_type.clone()?);
    let shown = differing("machineType", Some(there), Some(wanted.clone()))?;
    if spec.tier == Some(Tier::Free) {
        return Some(Difference::blocked(shown, Obstacle::NotForFree));
    }
    Some(Difference::later(shown, Change::Machine(wanted)))
}

/// Whether the cloud would take a version back is not known, and what that does to the data even less.
fn version(spec: &TypeDBClusterSpec, cluster: &Cluster) -> Option<Difference<TypeDBCluster>> {
    let wanted = spec.version.clone().filter(|version| version != LATEST)?;
    let there = cluster.version.clone()?;
    let shown = differing("version", Some(there.clone()), Some(wanted.clone()))?;
    if is_older(&wanted, &there) {
        return Some(Difference::blocked(shown, Obstacle::Downgrade));
    }
    Some(Difference::later(shown, Change::Version(wanted)))
}

/// Compared as far as there are numbers: 3.10.0 is newer than 3.9.1. What comes before a release is older than that.
fn is_older(one: &str, other: &str) -> bool {
    let numbers =
        |version: &str| -> Vec<u64> { version.split(['.', '-', '+']).map_while(|part| part.parse().ok()).collect() };
    let rank = |version: &str| (numbers(version), !version.contains('-'));
    let (one, other) = (rank(one), rank(other));
    !one.0.is_empty() && one < other
}

/// The cloud never shows backup settings, so that what was last applied is compared. What somebody else set stays unseen.
fn backups(
    spec: &TypeDBClusterSpec,
    bound: &Bound<TypeDBCluster>,
    cluster: &Cluster,
) -> Option<Difference<TypeDBCluster>> {
    let asked = spec.backup.as_ref()?;
    let is_free = cluster.is_free == Some(true);
    let wanted = backup::configuration(asked);
    let applied = bound.applied.as_ref();
    let never = is_free && asked.frequency == BackupFrequency::Disabled;
    if never || applied.is_some_and(|applied| backup::same(&wanted, applied)) {
        return None;
    }
    let shown = differing("backup", applied.map(backup::words), Some(backup::words(&wanted)))?;
    if is_free {
        return Some(Difference::blocked(shown, Obstacle::NotForFree));
    }
    Some(Difference::later(shown, Change::Backup(wanted)))
}

/// Only an id that is written renames: without one the cluster keeps the one that it has.
fn id(facts: &Facts<TypeDBCluster>, cluster: &Cluster) -> Option<Difference<TypeDBCluster>> {
    let wanted = facts.manifest.spec.cluster_id.clone()?;
    let shown = differing("clusterId", Some(cluster.id.to_string()), Some(wanted.to_string()))?;
    let target = Handle::Id(wanted.clone());
    let is_another =
        matches!(facts.sighting(&target), Sighting::Present(there) if there.created_at != cluster.created_at);
    if is_another || facts.rival_for(&target).is_some() {
        let why = format!(
            "Cluster {} cannot be renamed to {wanted}, for another cluster has that id. Set spec.clusterId back, or give it an id that is free.",
            cluster.id
        );
        return Some(Difference::held(shown, Reason::NameTaken, why));
    }
    Some(Difference::later(shown, Change::Rename(wanted)))
}

/// What it will be when a transition has come to its end is not known before.
fn power_difference(wanted: Power, cluster: &Cluster) -> Option<Difference<TypeDBCluster>> {
    let there = cluster.power()?;
    let shown = differing("power", Some(there.to_string()), Some(wanted.to_string()))?;
    Some(Difference::later(shown, Change::Suspended(wanted == Power::Suspended)))
}
