//! What differs between a manifest and its cluster, and what puts it right, in the order in which that is done.

use super::{GIB, fixed, networks};
use crate::api::cratedb::{CrateDBCluster, CrateDBClusterSpec};
use crate::api::shared::{PlannedStep, Power};
use crate::cloud::cratedb::change::Change;
use crate::cloud::cratedb::wire::{AllowedCidr, Cluster};
use crate::plan::difference::{differing, text};
use crate::plan::facts::Facts;
use crate::plan::kind::Difference;
use crate::plan::record::Bound;
use crate::plan::standing::NOT_CARRIED_OUT;

pub(super) fn of(
    facts: &Facts<CrateDBCluster>,
    bound: Option<&Bound<CrateDBCluster>>,
    cluster: &Cluster,
) -> Vec<Difference<CrateDBCluster>> {
    let spec = &facts.manifest.spec;
    let seen = fixed::of(cluster, facts.catalogue.as_ref().map(|read| &read.catalogue));
    let there = bound.map_or_else(|| seen.clone(), |bound| fixed::completed(seen.clone(), &bound.fixed));
    let fixed = fixed::differences(spec, &there).into_iter().map(|shown| blocked(shown, "it is fixed at creation"));
    let changes = [
        protection(spec, cluster),
        allow_list(spec, cluster),
        storage(spec, cluster),
        product(spec, cluster),
        nodes(spec, cluster),
        version(spec, cluster),
        power(spec, cluster),
    ];
    fixed.chain(changes.into_iter().flatten()).collect()
}

fn blocked(shown: PlannedStep, why: &str) -> Difference<CrateDBCluster> {
    Difference { shown: PlannedStep { blocked_by: Some(why.to_owned()), ..shown }, change: None, first: false }
}

fn first(shown: PlannedStep, change: Change) -> Difference<CrateDBCluster> {
    Difference { shown, change: Some(change), first: true }
}

fn later(shown: PlannedStep, change: Change) -> Difference<CrateDBCluster> {
    Difference { shown, change: Some(change), first: false }
}

fn protection(spec: &CrateDBClusterSpec, cluster: &Cluster) -> Option<Difference<CrateDBCluster>> {
    let wanted = spec.common.deletion_protection?;
    let there = cluster.deletion_protected?;
    let shown = differing("deletionProtection", Some(there.to_string()), Some(wanted.to_string()))?;
    Some(first(shown, Change::DeletionProtection(wanted)))
}

fn allow_list(spec: &CrateDBClusterSpec, cluster: &Cluster) -> Option<Difference<CrateDBCluster>> {
    let wanted: Vec<AllowedCidr> = spec
        .allowed_cidrs
        .as_ref()?
        .iter()
        .map(|network| AllowedCidr {
            cidr: networks::normalised(&network.cidr),
            description: network.description.clone().unwrap_or_default(),
        })
        .collect();
    // What the cloud does not tell cannot differ: it would be set again and again.
    let there = cluster.ip_whitelist.as_ref()?;
    if networks::same(&wanted, there) {
        return None;
    }
    let (from, to) = (networks::words(there), networks::words(&wanted));
    let shown = differing("allowedCidrs", Some(from), Some(to))?;
    Some(first(shown, Change::AllowList(wanted)))
}

/// Storage is a floor: a disk grows and never shrinks.
fn storage(spec: &CrateDBClusterSpec, cluster: &Cluster) -> Option<Difference<CrateDBCluster>> {
    let wanted = spec.storage.as_ref()?.size_per_node_gib?;
    let there = cluster.bytes_per_node()?;
    if there >= wanted * GIB {
        return None;
    }
    let shown = differing("storage.sizePerNodeGiB", text(Some(there / GIB)), text(Some(wanted)))?;
    Some(later(shown, Change::Storage { bytes_per_node: wanted * GIB }))
}

fn product(spec: &CrateDBClusterSpec, cluster: &Cluster) -> Option<Difference<CrateDBCluster>> {
    let wanted = spec.product.as_ref()?.name.clone();
    Some(blocked(differing("product.name", cluster.product_name.clone(), Some(wanted))?, NOT_CARRIED_OUT))
}

fn nodes(spec: &CrateDBClusterSpec, cluster: &Cluster) -> Option<Difference<CrateDBCluster>> {
    let wanted = spec.nodes?;
    let shown = differing("nodes", text(Some(cluster.nodes()?)), text(Some(wanted)))?;
    Some(later(shown, Change::Nodes { product_unit: wanted - 1 }))
}

fn version(spec: &CrateDBClusterSpec, cluster: &Cluster) -> Option<Difference<CrateDBCluster>> {
    let shown = differing("version", cluster.crate_version.clone(), spec.version.clone())?;
    Some(blocked(shown, NOT_CARRIED_OUT))
}

/// The cloud suspends only some products, and says of each cluster whether it can be.
fn power(spec: &CrateDBClusterSpec, cluster: &Cluster) -> Option<Difference<CrateDBCluster>> {
    let wanted = spec.power?;
    let there = if cluster.is_suspended() { Power::Suspended } else { Power::Running };
    let shown = differing("power", Some(there.to_string()), Some(wanted.to_string()))?;
    if wanted == Power::Suspended && cluster.allow_suspend == Some(false) {
        return Some(blocked(shown, "the cloud does not suspend clusters of this product"));
    }
    Some(later(shown, Change::Suspended(wanted == Power::Suspended)))
}
