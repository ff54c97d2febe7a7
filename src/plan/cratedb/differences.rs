//! What differs between a manifest and its cluster, and what puts it right, in the order in which that is done.

use super::{backups, fixed, networks, restore, sizes, versions};
use crate::api::cratedb::{CrateDBCluster, CrateDBClusterSpec};
use crate::api::shared::Power;
use crate::cloud::cratedb::change::Change;
use crate::cloud::cratedb::wire::Cluster;
use crate::plan::difference::{Difference, Obstacle, differing};
use crate::plan::facts::Facts;
use crate::plan::power;
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
    let restore = bound.and_then(|bound| restore::difference(&facts.manifest, bound));
    let first = [protection(spec, cluster), allow_list(spec, cluster)];
    let sizes = sizes::differences(facts, &there, cluster);
    let power = power::wanted(facts).and_then(|wanted| power_difference(wanted, cluster));
    let last = [versions::difference(facts, &there, cluster), backups::difference(spec, cluster), power];
    let changes = first.into_iter().flatten().chain(restore).chain(sizes).chain(last.into_iter().flatten());
    fixed.chain(changes).collect()
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

/// The cloud suspends only some products, and says of each cluster whether it can be.
fn power_difference(wanted: Power, cluster: &Cluster) -> Option<Difference<CrateDBCluster>> {
    let there = if cluster.is_suspended() { Power::Suspended } else { Power::Running };
    let shown = differing("power", Some(there.to_string()), Some(wanted.to_string()))?;
    if wanted == Power::Suspended && cluster.allow_suspend == Some(false) {
        return Some(Difference::blocked(shown, Obstacle::CannotBeSuspended));
    }
    Some(Difference::later(shown, Change::Suspended(wanted == Power::Suspended)))
}
