//! The kinds that people write, as types and schema rules, without behaviour.

pub mod account;
pub mod condition;
pub mod cratedb;
pub mod identity;
pub mod schema;
pub mod secret;
pub mod shared;
pub mod typedb;

/// What the API server takes for the name of a Secret and most other objects (RFC 1123, a subdomain).
const OBJECT_NAME: &str = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";

/// What the API server takes for a key in a Secret or ConfigMap.
const DATA_KEY: &str = r"^[-._a-zA-Z0-9]+$";

/// The API group of all kinds.
pub const GROUP: &str = "clusterwright.dev";

/// Annotations by which a person steers the operator on one object.
pub mod annotation {
    /// `"true"` stops all writes to the cloud; status still follows.
    pub const PAUSED: &str = "clusterwright.dev/paused";
    /// Any new value makes the operator try again at once.
    pub const RECONCILE_AT: &str = "clusterwright.dev/reconcile-at";
    /// `Running until <RFC 3339>` or `Suspended until <RFC 3339>`: overrules the power schedule until then.
    pub const POWER_OVERRIDE: &str = "clusterwright.dev/power-override";
    /// The id of the recorded cluster that a manifest of this name shall no longer be bound to.
    pub const FORGET: &str = "clusterwright.dev/forget";
    /// The id of the marketplace subscription that ends, for all of its clusters, when this one is destroyed.
    pub const CONFIRM_SUBSCRIPTION_CANCELLATION: &str = "clusterwright.dev/confirm-subscription-cancellation";
}

/// On a cluster exactly while its manifest's removal must destroy a database first.
pub const FINALIZER: &str = "clusterwright.dev/destroy";

/// The name under which the operator owns fields, reports Events and calls itself.
pub const MANAGER: &str = "clusterwright";
