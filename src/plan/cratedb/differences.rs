//! What differs between a manifest and its cluster, and what puts it right, in the order in which that is done.

use super::{GIB, fixed, networks};
use crate::api::cratedb::{CrateDBCluster, CrateDBClusterSpec};
use crate::api::shared::Power;
use crate::cloud::cratedb::change::Change;
use crate::cloud::cratedb::wire::Cluster;
use crate::plan::difference::{Difference, Obstacle, differing, text};
use crate::plan::facts::Facts;
use crate::plan::record::Bound;

pub(super) fn of(
    facts: &Facts<CrateDBCluster>,
    bound: Option<&Bound<CrateDBCluster>>,
    cluster: &Cluster,
) -> Vec<Difference<CrateDBCluster>> {
    let spec = &facts.manifest.spec;
    let seen = fixed::of(cluster, facts.catalogue.as_ref().map(|read| &read.catalogue));
    let there = bound.map_or_else(|| seen.clone(), |bound| fixed::completed(seen.clone(), &bound.fixed));
    let fixed =
        fixed::differences(spec, &there).into_iter().map(|shown| Difference::blocked(shown, Obstacle::FixedAtCreation));
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

fn protection(spec: &CrateDBClusterSpec, cluster: &Cluster) -> Option<Difference<CrateDBCluster>> {
    let wanted = spec.common.deletion_protection?;
    let there = cluster.deletion_protected?;
    let shown = differing("deletionProtection", Some(there.to_string()), Some(wanted.to_string()))?;
    Some(Difference::first(shown, Change::DeletionProtection(wanted)))
}

fn allow_list(spec: &CrateDBClusterSpec, cluster: &Cluster) -> Option<Difference<CrateDBCluster>> {
    let wanted = networks::wanted(spec.allowed_cidrs.as_ref()?);
    // What the cloud does not tell cannot differ: it would be set again and again.
    let there = cluster.ip_whitelist.as_ref()?;
    if networks::same(&wanted, there) {
        return None;
    }
    let (from, to) = (networks::words(there), networks::words(&wanted));
    let shown = differing("allowedCidrs", Some(from), Some(to))?;
    Some(Difference::first(shown, Change::AllowList(wanted)))
}

/// Storage is a floor: a disk grows and never shrinks.
fn storage(spec: &CrateDBClusterSpec, cluster: &Cluster) -> Option<Difference<CrateDBCluster>> {
    let wanted = spec.storage.as_ref()?.size_per_node_gib?;
    let there = cluster.bytes_per_node()?;
    if there >= wanted * GIB {
        return None;
    }
    let shown = differing("storage.sizePerNodeGiB", text(Some(there / GIB)), text(Some(wanted)))?;
    Some(Difference::later(shown, Change::Storage { bytes_per_node: wanted * GIB }))
}

fn product(spec: &CrateDBClusterSpec, cluster: &Cluster) -> Option<Difference<CrateDBCluster>> {
    let wanted = spec.product.as_ref()?.name.clone();
    Some(Difference::blocked(
        differing("product.name", cluster.product_name.clone(), Some(wanted))?,
        Obstacle::NotCarriedOut,
    ))
}

fn nodes(spec: &CrateDBClusterSpec, cluster: &Cluster) -> Option<Difference<CrateDBCluster>> {
    let wanted = spec.nodes?;
    let shown = differing("nodes", text(Some(cluster.nodes()?)), text(Some(wanted)))?;
    Some(Difference::later(shown, Change::Nodes { product_unit: wanted - 1 }))
}

fn version(spec: &CrateDBClusterSpec, cluster: &Cluster) -> Option<Difference<CrateDBCluster>> {
    let shown = differing("version", cluster.crate_version.clone(), spec.version.clone())?;
    Some(Difference::blocked(shown, Obstacle::NotCarriedOut))
}

/// The cloud suspends only some products, and says of each cluster whether it can be.
fn power(spec: &CrateDBClusterSpec, cluster: &Cluster) -> Option<Difference<CrateDBCluster>> {
    let wanted = spec.common.power?;
    let there = if cluster.is_suspended() { Power::Suspended } else { Power::Running };
    let shown = differing("power", Some(there.to_string()), Some(wanted.to_string()))?;
    if wanted == Power::Suspended && cluster.allow_suspend == Some(false) {
        return Some(Difference::blocked(shown, Obstacle::CannotBeSuspended));
    }
    Some(Difference::later(shown, Change::Suspended(wanted == Power::Suspended)))
}
