//! What cannot change once a cluster exists.

use crate::api::shared::PlannedStep;
use crate::api::typedb::{FixedAtCreation, Tier, TypeDBClusterSpec};
use crate::cloud::typedb::wire::Cluster;
use crate::plan::difference::{differing, text};
use crate::plan::status::word;

/// As the cloud reports it, cut to what the schema takes.
pub(super) fn of(cluster: &Cluster) -> FixedAtCreation {
    FixedAtCreation {
        tier: cluster.is_free.map(|free| if free { Tier::Free } else { Tier::Paid }),
        provider: cluster.provider.as_deref().map(word),
        region: cluster.region.as_deref().map(word),
        storage_type: cluster.storage_type.as_deref().map(word),
        server_count: cluster.server_count,
    }
}

/// What is written in the manifest and otherwise in the cloud.
pub(super) fn differences(spec: &TypeDBClusterSpec, there: &FixedAtCreation) -> Vec<PlannedStep> {
    [
        differing("tier", there.tier.map(|tier| tier.to_string()), spec.tier.map(|tier| tier.to_string())),
        differing("provider", there.provider.clone(), spec.provider.clone()),
        differing("region", there.region.clone(), spec.region.clone()),
        differing("storageType", there.storage_type.clone(), spec.storage_type.clone()),
        differing("serverCount", text(there.server_count), text(spec.server_count)),
    ]
    .into_iter()
    .flatten()
    .collect()
}
