//! The request that creates a manifest's cluster.

use super::{backup, clone, wanted_id};
use crate::api::typedb::{Tier, TypeDBCluster, TypeDBClusterSpec};
use crate::cloud::typedb::creation::NewCluster;
use crate::cloud::typedb::wire::ClusterDeploy;
use crate::plan::creation::lacking;
use crate::plan::facts::Facts;
use crate::plan::step::Plan;

/// The least that the cloud offers; what a manifest that names no size gets.
const DEFAULT_STORAGE_GB: i64 = 10;

/// The request that creates the manifest's cluster, or what is to be done or said instead.
pub(super) fn of(facts: &Facts<TypeDBCluster>) -> Result<NewCluster, Box<Plan<TypeDBCluster>>> {
    if let Some(from) = &facts.manifest.spec.clone_from {
        return clone::of(facts, from);
    }
    let deploy = deploy(&facts.manifest).map_err(|missing| lacking(facts, &missing))?;
    Ok(NewCluster { deploy, clone_of: None })
}

/// An empty cluster. `Err` names the fields that the manifest lacks.
fn deploy(manifest: &TypeDBCluster) -> Result<ClusterDeploy, Vec<&'static str>> {
    let spec = &manifest.spec;
    let (Some(tier), Some(provider), Some(region), Some(machine_type)) =
        (spec.tier, spec.provider.clone(), spec.region.clone(), spec.machine_type.clone())
    else {
        return Err(missing(spec));
    };
    let storage_type = spec.storage_type.clone().or_else(|| usual_storage_type(&provider).map(str::to_owned));
    Ok(ClusterDeploy {
        id: wanted_id(manifest),
        server_count: spec.server_count.unwrap_or(1),
        storage_size_gb: spec.storage_size_gb.unwrap_or(DEFAULT_STORAGE_GB),
        storage_type: storage_type.ok_or_else(|| vec!["storageType"])?,
        provider,
        region,
        machine_type,
        is_free: tier == Tier::Free,
        version: spec.version.clone().unwrap_or_else(|| "latest".to_owned()),
        backup_configuration: spec.backup.as_ref().map(backup::configuration),
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
