//! What a user applies to have clusters in CrateDB Cloud.

use serde_json::{Value, json};

use super::manifests::ACCOUNT;

/// The simulator's first organization.
pub(crate) const ORGANIZATION: &str = "00000000-0000-4000-8000-000000000001";

/// A CloudAccount of the simulator's first organization.
pub(crate) fn account(namespace: &str) -> Value {
    json!({
        "apiVersion": "clusterwright.dev/v1alpha1", "kind": "CloudAccount",
        "metadata": {"name": ACCOUNT, "namespace": namespace},
        "spec": {
            "cratedbCloud": {"organizationId": ORGANIZATION, "endpoint": "https://console.cratedb.cloud"},
            "credentials": [{"secretRef": {"name": ACCOUNT, "idKey": "id", "secretKey": "secret"}}],
            "pollIntervalSeconds": 60,
            "requestsPerMinute": 600,
        },
    })
}

/// A cluster of one node in the project `shop`.
pub(crate) fn cluster(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "clusterwright.dev/v1alpha1", "kind": "CrateDBCluster",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "accountRef": {"name": ACCOUNT}, "project": {"name": "shop", "region": "eks1.eu-west-1.aws"},
            "product": {"name": "cr1", "tier": "default"}, "nodes": 1, "storage": {"sizePerNodeGiB": 32},
        },
    })
}
