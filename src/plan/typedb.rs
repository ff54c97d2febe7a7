//! What is TypeDB Cloud's own: the request of a create, what is fixed by it, and which edits would change a running cluster.

use std::collections::BTreeMap;

use super::facts::Facts;
use super::record::Bound;
use super::step::CloudWrite;
use crate::api::annotation;
use crate::api::identity::Identity;
use crate::api::shared::{PlannedAction, PlannedStep};
use crate::api::typedb::{Backup, BackupFrequency, FixedAtCreation, Tier, TypeDBClusterSpec};
use crate::cloud::typedb::wire::{BackupConfiguration, Cluster, ClusterDeploy};
use crate::fingerprint::Fingerprint;

/// The least that the cloud offers; what a manifest that names no size gets.
const DEFAULT_STORAGE_GB: i64 = 10;

/// The request that creates the manifest's cluster. `Err` names the fields that it lacks.
///
/// The schema asks for them; a manifest that came in before the schema, or past it, still gets an answer.
pub(super) fn deploy_request(facts: &Facts) -> Result<ClusterDeploy, Vec<&'static str>> {
    let spec = &facts.manifest.spec;
    let (Some(tier), Some(provider), Some(region), Some(machine_type)) =
        (spec.tier, spec.provider.clone(), spec.region.clone(), spec.machine_type.clone())
    else {
        return Err(missing(spec));
    };
    let storage_type = spec.storage_type.clone().or_else(|| usual_storage_type(&provider).map(str::to_owned));
    Ok(ClusterDeploy {
        id: facts.wanted_id(),
        server_count: spec.server_count.unwrap_or(1),
        storage_size_gb: spec.storage_size_gb.unwrap_or(DEFAULT_STORAGE_GB),
        storage_type: storage_type.ok_or_else(|| vec!["storageType"])?,
        provider,
        region,
        machine_type,
        is_free: tier == Tier::Free,
        version: spec.version.clone().unwrap_or_else(|| "latest".to_owned()),
        backup_configuration: spec.backup.as_ref().map(backup_configuration),
    })
}

fn missing(spec: &TypeDBClusterSpec) -> Vec<&'static str> {
    [
        ("tier", spec.tier.is_none()),
        ("provider", spec.provider.is_none()),
        ("region", spec.region.is_none()),
        ("machineType", spec.machine_type.is_none()),
    ]
    .into_iter()
    .filter_map(|(name, absent)| absent.then_some(name))
    .collect()
}

/// The one storage type that the vendor documents for each provider.
fn usual_storage_type(provider: &str) -> Option<&'static str> {
    match provider {
        "gcp" => Some("standard-rwo"),
        "aws" => Some("gp2-csi"),
        _ => None,
    }
}

fn backup_configuration(backup: &Backup) -> BackupConfiguration {
    let frequency = match backup.frequency {
        BackupFrequency::Disabled => "disabled",
        BackupFrequency::Hourly => "hourly",
        BackupFrequency::Daily => "daily",
    };
    BackupConfiguration { frequency: frequency.to_owned(), retention_days: backup.retention_days }
}

/// What cannot change about a cluster, as the cloud reports it.
pub(super) fn fixed(cluster: &Cluster) -> FixedAtCreation {
    FixedAtCreation {
        tier: cluster.is_free.map(|free| if free { Tier::Free } else { Tier::Paid }),
        provider: cluster.provider.clone(),
        region: cluster.region.clone(),
        storage_type: cluster.storage_type.clone(),
        server_count: cluster.server_count,
    }
}

/// Whether the cluster has everything that is fixed at creation as it was asked for.
pub(super) fn came_from(cluster: &Cluster, request: &ClusterDeploy) -> bool {
    cluster.id == request.id
        && cluster.is_free == Some(request.is_free)
        && cluster.provider.as_ref() == Some(&request.provider)
        && cluster.region.as_ref() == Some(&request.region)
        && cluster.storage_type.as_ref() == Some(&request.storage_type)
        && cluster.server_count == Some(request.server_count)
}

/// The names of the fields that are written in the manifest, fixed at creation, and otherwise in the cloud.
pub(super) fn fixed_differences(spec: &TypeDBClusterSpec, there: &FixedAtCreation) -> Vec<PlannedStep> {
    [
        difference("tier", there.tier.map(|tier| tier.to_string()), spec.tier.map(|tier| tier.to_string())),
        difference("provider", there.provider.clone(), spec.provider.clone()),
        difference("region", there.region.clone(), spec.region.clone()),
        difference("storageType", there.storage_type.clone(), spec.storage_type.clone()),
        difference("serverCount", text(there.server_count), text(spec.server_count)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Every difference between what is written in the manifest and the cluster. Storage is a floor.
pub(super) fn differences(facts: &Facts, bound: Option<&Bound>, cluster: &Cluster) -> Vec<PlannedStep> {
    let spec = &facts.manifest.spec;
    let id = spec.cluster_id.as_ref().map(ToString::to_string);
    let version = spec.version.clone().filter(|version| version != "latest");
    let storage = spec.storage_size_gb.filter(|floor| cluster.storage_size_gb.is_none_or(|there| there < *floor));
    let mut found = fixed_differences(spec, &fixed(cluster));
    found.extend(
        [
            difference("clusterId", Some(cluster.id.to_string()), id),
            difference("version", cluster.version.clone(), version),
            difference("machineType", cluster.machine_type.clone(), spec.machine_type.clone()),
            difference("storageSizeGB", text(cluster.storage_size_gb), text(storage)),
            bound.and_then(|bound| backup_difference(spec, bound, cluster)),
        ]
        .into_iter()
        .flatten(),
    );
    found
}

/// The cloud never shows backup settings, so that what was last applied is compared. What somebody else set stays unseen.
fn backup_difference(spec: &TypeDBClusterSpec, bound: &Bound, cluster: &Cluster) -> Option<PlannedStep> {
    let backup = spec.backup.as_ref()?;
    let never = cluster.is_free == Some(true) && backup.frequency == BackupFrequency::Disabled;
    let wanted = backup_configuration(backup);
    let applied = bound.backup.as_ref();
    let same = applied.is_some_and(|applied| {
        applied.frequency == wanted.frequency
            && (wanted.retention_days.is_none() || applied.retention_days == wanted.retention_days)
    });
    if never || same {
        return None;
    }
    difference("backup", applied.map(backup_text), Some(backup_text(&wanted)))
}

fn backup_text(backup: &BackupConfiguration) -> String {
    let days = backup.retention_days.map(|days| format!(", kept for {days} days")).unwrap_or_default();
    format!("{}{days}", backup.frequency)
}

fn text(number: Option<i64>) -> Option<String> {
    number.map(|number| number.to_string())
}

fn difference(field: &str, from: Option<String>, to: Option<String>) -> Option<PlannedStep> {
    let wanted = to?;
    (from.as_ref() != Some(&wanted)).then(|| PlannedStep {
        action: PlannedAction::Change,
        field: Some(field.to_owned()),
        from,
        to: Some(wanted),
        blocked_by: None,
    })
}

/// What was asked, with which credential and amid which other clusters. A refusal stands while this stays the same.
#[must_use]
pub fn refusal_fingerprint(facts: &Facts, write: &CloudWrite) -> String {
    let asked = match write {
        CloudWrite::Deploy { request, .. } => serde_json::to_string(request).unwrap_or_default(),
        CloudWrite::Destroy(Identity { id, created_at }) => format!("{id} {}", created_at.epoch_millis()),
    };
    // The cloud promises no order of its list.
    let clusters: BTreeMap<_, _> = facts
        .inventory
        .iter()
        .flat_map(|inventory| &inventory.clusters)
        .map(|cluster| (&cluster.id, cluster.created_at.epoch_millis()))
        .collect();
    let start = Fingerprint::default()
        .part(asked)
        .part(facts.account.reach.as_ref().map_or("", |reach| &reach.made_from))
        .part(facts.annotation(annotation::RECONCILE_AT).unwrap_or_default());
    clusters.into_iter().fold(start, |all, (id, created)| all.part(id.as_str()).part(created.to_be_bytes())).finish()
}
