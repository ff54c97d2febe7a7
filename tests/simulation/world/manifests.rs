//! What a user applies.

use serde_json::{Value, json};

/// The namespace of most manifests.
pub(crate) const HERE: &str = "default";

/// The name of the account, and of the Secret with its credentials, in every namespace.
pub(crate) const ACCOUNT: &str = "cloud";

/// A CloudAccount of the simulator's space `default`.
pub(crate) fn account(namespace: &str) -> Value {
    json!({
        "apiVersion": "clusterwright.dev/v1alpha1", "kind": "CloudAccount",
        "metadata": {"name": ACCOUNT, "namespace": namespace},
        "spec": {
            "typedbCloud": {"team": "acme", "space": "default", "endpoint": "https://cloud.typedb.com"},
            "credentials": [{"secretRef": {"name": ACCOUNT, "idKey": "id", "secretKey": "secret"}}],
            "pollIntervalSeconds": 60,
            "requestsPerMinute": 600,
        },
    })
}

/// The Secret with the simulator's credentials.
pub(crate) fn credentials(namespace: &str, secret: &str) -> Value {
    secret_of(namespace, ACCOUNT, &json!({"id": "simulator", "secret": secret}))
}

/// A Secret with these texts.
pub(crate) fn secret_of(namespace: &str, name: &str, texts: &Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": {"name": name, "namespace": namespace}, "stringData": texts,
    })
}

/// A small paid cluster of this name.
pub(crate) fn cluster(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "clusterwright.dev/v1alpha1", "kind": "TypeDBCluster",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "accountRef": {"name": ACCOUNT}, "tier": "Paid", "provider": "gcp", "region": "europe-west2",
            "machineType": "c2d-highcpu-2", "storageSizeGB": 20,
            "backup": {"frequency": "Daily", "retentionDays": 7},
        },
    })
}

/// `object` with `patch` merged into its spec.
pub(crate) fn with(mut object: Value, patch: &Value) -> Value {
    for (field, value) in patch.as_object().into_iter().flatten() {
        object["spec"][field] = value.clone();
    }
    object
}
