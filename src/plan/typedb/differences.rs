//! What differs between a manifest and its cluster.

use super::fixed;
use super::request::backup_configuration;
use crate::api::shared::{PlannedStep, Power};
use crate::api::typedb::{BackupFrequency, TypeDBCluster, TypeDBClusterSpec};
use crate::cloud::typedb::change::Change;
use crate::cloud::typedb::wire::{BackupConfiguration, Cluster};
use crate::plan::difference::{Difference, Obstacle, differing, text};
use crate::plan::record::Bound;

/// Every difference between what is written in the manifest and the cluster. Storage is a floor.
pub(super) fn of(
    spec: &TypeDBClusterSpec,
    bound: Option<&Bound<TypeDBCluster>>,
    cluster: &Cluster,
) -> Vec<Difference<TypeDBCluster>> {
    let id = spec.cluster_id.as_ref().map(ToString::to_string);
    let version = spec.version.clone().filter(|version| version != "latest");
    let storage = spec.storage_size_gb.filter(|floor| cluster.storage_size_gb.is_none_or(|there| there < *floor));
    let fixed = fixed::differences(spec, &fixed::of(cluster)).into_iter();
    let changes = [
        differing("clusterId", Some(cluster.id.to_string()), id),
        differing("version", cluster.version.clone(), version),
        differing("machineType", cluster.machine_type.clone(), spec.machine_type.clone()),
        differing("storageSizeGB", text(cluster.storage_size_gb), text(storage)),
    ];
    let changes = changes.into_iter().flatten().map(|shown| Difference::blocked(shown, Obstacle::NotCarriedOut));
    let backup = bound.and_then(|bound| backup_difference(spec, bound, cluster));
    fixed
        .map(|shown| Difference::blocked(shown, Obstacle::FixedAtCreation))
        .chain(changes)
        .chain(backup.map(|shown| Difference::blocked(shown, Obstacle::NotTold)))
        .chain(power(spec, cluster))
        .collect()
}

/// What it will be when a transition has come to its end is not known before.
fn power(spec: &TypeDBClusterSpec, cluster: &Cluster) -> Option<Difference<TypeDBCluster>> {
    let wanted = spec.common.power?;
    let there = cluster.power()?;
    let shown = differing("power", Some(there.to_string()), Some(wanted.to_string()))?;
    Some(Difference::later(shown, Change::Suspended(wanted == Power::Suspended)))
}

/// The cloud never shows backup settings, so that what was last applied is compared. What somebody else set stays unseen.
fn backup_difference(spec: &TypeDBClusterSpec, bound: &Bound<TypeDBCluster>, cluster: &Cluster) -> Option<PlannedStep> {
    let backup = spec.backup.as_ref()?;
    let never = cluster.is_free == Some(true) && backup.frequency == BackupFrequency::Disabled;
    let wanted = backup_configuration(backup);
    let applied = bound.applied.as_ref();
    let same = applied.is_some_and(|applied| {
        applied.frequency == wanted.frequency
            && (wanted.retention_days.is_none() || applied.retention_days == wanted.retention_days)
    });
    if never || same {
        return None;
    }
    differing("backup", applied.map(backup_text), Some(backup_text(&wanted)))
}

fn backup_text(backup: &BackupConfiguration) -> String {
    let days = backup.retention_days.map(|days| format!(", kept for {days} days")).unwrap_or_default();
    format!("{}{days}", backup.frequency)
}
