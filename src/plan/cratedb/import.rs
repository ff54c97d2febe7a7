//! A manifest that says what there is.

use super::{GIB, MOST_NETWORKS, fixed, networks};
use crate::api::cratedb::{
    BackupSpec, Channel, CrateDBCluster, CrateDBClusterSpec, DiskType, FREE_PRODUCT, FixedAtCreation, ProductSpec,
    ProjectSpec, StorageSpec,
};
use crate::api::shared::{CommonSpec, PowerPolicy};
use crate::cloud::cratedb::wire::Cluster;
use crate::plan::status::word;

/// What the cloud does not tell stays unwritten, and of a cluster that costs nothing also what only the cloud decides.
pub(super) fn describing(cluster: &Cluster, name: &str, common: CommonSpec) -> CrateDBCluster {
    let FixedAtCreation { cluster_name, project_id, subscription_id, channel, tier, disk_type, username, .. } =
        fixed::of(cluster, None);
    let free = cluster.product_name.as_deref() == Some(FREE_PRODUCT);
    let size = cluster.bytes_per_node().map(|bytes| bytes / GIB).filter(|_| !free);
    let storage = StorageSpec { size_per_node_gib: size, disk_type: disk_type.as_deref().and_then(disk) };
    let networks = cluster.ip_whitelist.as_deref().map(|networks| networks::shown(networks).collect::<Vec<_>>());
    let spec = CrateDBClusterSpec {
        common: CommonSpec {
            deletion_protection: cluster.deletion_protected,
            power: cluster.power().map(PowerPolicy::from).filter(|_| !free),
            ..common
        },
        cluster_name,
        project: project_id.map(|id| ProjectSpec { id: Some(id), ..ProjectSpec::default() }),
        subscription_id,
        product: cluster.product_name.as_deref().map(|name| ProductSpec { name: word(name), tier }),
        nodes: cluster.nodes(),
        version: cluster.crate_version.as_deref().map(word),
        channel: channel.as_deref().and_then(releases),
        storage: Some(storage).filter(|storage| *storage != StorageSpec::default()),
        // A list that was cut would shut somebody out.
        allowed_cidrs: networks.filter(|networks| networks.len() <= MOST_NETWORKS),
        backup: cluster.backup_hours().map(|hours| BackupSpec { hours: hours.into_iter().map(i64::from).collect() }),
        restore_from: None,
        username,
        password_secret_ref: None,
    };
    CrateDBCluster::new(name, spec)
}

/// A word that the schema does not take stays unwritten.
fn releases(word: &str) -> Option<Channel> {
    [Channel::Stable, Channel::Testing, Channel::Nightly].into_iter().find(|channel| channel.as_str() == word)
}

fn disk(word: &str) -> Option<DiskType> {
    [DiskType::Standard, DiskType::Premium].into_iter().find(|disk| disk.as_str() == word)
}
