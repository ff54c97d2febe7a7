//! The sizes of a cluster: its disks, the product that its nodes are, and their number. The three have to fit each other.

use super::GIB;
use super::products::{check_disks, check_nodes, offered, tier};
use super::request::CATALOGUE_LASTS;
use crate::api::condition::Reason;
use crate::api::cratedb::{CrateDBCluster, CrateDBClusterSpec, FREE_PRODUCT, FixedAtCreation};
use crate::api::shared::PlannedStep;
use crate::cloud::cratedb::catalogue::Catalogue;
use crate::cloud::cratedb::change::Change;
use crate::cloud::cratedb::wire::{Cluster, Product};
use crate::plan::difference::{Difference, differing, text};
use crate::plan::facts::Facts;
use crate::plan::step::Step;

type Edit = (PlannedStep, Change);

/// What differs, in the order in which it is put right. Where the product changes, nothing is sent before all three are
/// known to fit.
pub(super) fn differences(
    facts: &Facts<CrateDBCluster>,
    fixed: &FixedAtCreation,
    cluster: &Cluster,
) -> Vec<Difference<CrateDBCluster>> {
    let spec = &facts.manifest.spec;
    let product = product(spec, cluster);
    let mut edits: Vec<Edit> =
        [storage(spec, cluster), product.clone(), nodes(spec, cluster)].into_iter().flatten().collect();
    let Some((_, Change::Product { name })) = product else {
        return each(edits, Difference::later);
    };
    let to_be_surveyed = |shown, _| Difference::after(shown, Step::Survey);
    let Some(read) = facts.catalogue.as_ref().filter(|read| facts.is_recent(read.at, CATALOGUE_LASTS)) else {
        return each(edits, to_be_surveyed);
    };
    let list = PriceList { catalogue: &read.catalogue, fixed };
    match list.fitting(&name, spec, cluster) {
        Ok(wanted) => {
            edits.sort_by_key(|(_, change)| list.turn(change, wanted, cluster));
            each(edits, Difference::later)
        }
        Err(_) if facts.is_outdated(read.at) => each(edits, to_be_surveyed),
        Err(why) => each(edits, |shown, _| Difference::held(shown, Reason::InvalidSpec, why.clone())),
    }
}

fn each(
    edits: Vec<Edit>,
    difference: impl Fn(PlannedStep, Change) -> Difference<CrateDBCluster>,
) -> Vec<Difference<CrateDBCluster>> {
    edits.into_iter().map(|(shown, change)| difference(shown, change)).collect()
}

/// Storage is a floor: a disk grows and never shrinks.
fn storage(spec: &CrateDBClusterSpec, cluster: &Cluster) -> Option<Edit> {
    let wanted = spec.storage.as_ref()?.size_per_node_gib?;
    let there = cluster.bytes_per_node()?;
    if there >= wanted * GIB {
        return None;
    }
    let shown = differing("storage.sizePerNodeGiB", text(Some(there / GIB)), text(Some(wanted)))?;
    Some((shown, Change::Storage { bytes_per_node: wanted * GIB }))
}

/// What the cloud does not tell cannot differ: it would be set again and again.
fn product(spec: &CrateDBClusterSpec, cluster: &Cluster) -> Option<Edit> {
    let (name, there) = (spec.product.as_ref()?.name.clone(), cluster.product_name.clone()?);
    let shown = differing("product.name", Some(there), Some(name.clone()))?;
    Some((shown, Change::Product { name }))
}

fn nodes(spec: &CrateDBClusterSpec, cluster: &Cluster) -> Option<Edit> {
    let wanted = spec.nodes?;
    let shown = differing("nodes", text(Some(cluster.nodes()?)), text(Some(wanted)))?;
    Some((shown, Change::Nodes { product_unit: wanted - 1 }))
}

/// What the organization can buy where the cluster is.
struct PriceList<'a> {
    catalogue: &'a Catalogue,
    fixed: &'a FixedAtCreation,
}

impl<'a> PriceList<'a> {
    fn offered(&self, name: &str) -> Result<&'a Product, String> {
        let region = self.fixed.region.as_deref().unwrap_or_default();
        offered(self.catalogue, name, tier(self.fixed.tier.as_deref()), region)
    }

    /// The product of this name, with which the cluster's disks and nodes will be possible as they are or shall be; or what
    /// is wrong with it.
    fn fitting(&self, name: &str, spec: &CrateDBClusterSpec, cluster: &Cluster) -> Result<&'a Product, String> {
        if [Some(name), cluster.product_name.as_deref()].contains(&Some(FREE_PRODUCT)) {
            return Err(format!(
                "A cluster of the product {FREE_PRODUCT} can neither become one of another product, nor be made from one. \
                 Set spec.product.name back, or create another cluster."
            ));
        }
        let wanted = self.offered(name)?;
        let disks = spec.storage.as_ref().and_then(|storage| storage.size_per_node_gib).map(|size| size * GIB);
        if let Some(bytes) = disks.max(cluster.bytes_per_node()) {
            check_disks(wanted, bytes).map_err(|wrong| {
                format!("{wrong} A disk never shrinks: correct spec.product.name or spec.storage.sizePerNodeGiB.")
            })?;
        }
        if let Some(nodes) = spec.nodes.or_else(|| cluster.nodes()) {
            check_nodes(wanted, nodes).map_err(|wrong| format!("{wrong} Correct spec.product.name or spec.nodes."))?;
        }
        Ok(wanted)
    }

    /// Storage, product, nodes. What does not fit the product that is there comes after its change, and what keeps the new
    /// one from being possible comes before.
    fn turn(&self, change: &Change, wanted: &Product, cluster: &Cluster) -> u8 {
        let there = || cluster.product_name.as_ref().and_then(|name| self.offered(name).ok());
        let possible_now = |bytes| there().is_none_or(|product| check_disks(product, bytes).is_ok());
        let possible_then = |nodes| check_nodes(wanted, nodes).is_ok();
        match change {
            Change::Storage { bytes_per_node } if possible_now(*bytes_per_node) => 0,
            Change::Nodes { .. } if !cluster.nodes().is_none_or(possible_then) => 1,
            Change::Product { .. } => 2,
            Change::Storage { .. } => 3,
            _ => 4,
        }
    }
}
