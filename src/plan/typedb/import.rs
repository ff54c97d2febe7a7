//! A manifest that says what there is.

use super::fixed;
use crate::api::shared::{CommonSpec, PowerPolicy};
use crate::api::typedb::{Admin, FixedAtCreation, TypeDBCluster, TypeDBClusterSpec};
use crate::cloud::typedb::wire::Cluster;
use crate::plan::status::word;

/// What the cloud never shows stays unwritten, and so does the id: whoever renames the cluster in the console goes on.
pub(super) fn describing(cluster: &Cluster, name: &str, common: CommonSpec) -> TypeDBCluster {
    let FixedAtCreation { tier, provider, region, storage_type, server_count } = fixed::of(cluster);
    let spec = TypeDBClusterSpec {
        common: CommonSpec { power: cluster.power().map(PowerPolicy::from), ..common },
        cluster_id: None,
        tier,
        version: cluster.version.as_deref().map(word),
        provider,
        region,
        machine_type: cluster.machine_type.as_deref().map(word),
        storage_type,
        storage_size_gb: cluster.storage_size_gb,
        server_count,
        backup: None,
        admin: Admin::default(),
    };
    TypeDBCluster::new(name, spec)
}
