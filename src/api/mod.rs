//! The kinds that people write, as types and schema rules, without behaviour.

pub mod account;
pub mod condition;
pub mod identity;
pub mod schema;
pub mod secret;
pub mod shared;
pub mod typedb;

/// The API group of all kinds.
pub const GROUP: &str = "clusterwright.dev";

/// Annotations by which a person steers the operator on one object.
pub mod annotation {
    /// `"true"` stops all writes to the cloud; status still follows.
    pub const PAUSED: &str = "clusterwright.dev/paused";
    /// Any new value makes the operator try again at once.
    pub const RECONCILE_AT: &str = "clusterwright.dev/reconcile-at";
    /// The id of the recorded cluster that a manifest of this name shall no longer be bound to.
    pub const FORGET: &str = "clusterwright.dev/forget";
}

/// On a cluster exactly while its manifest's removal must destroy a database first.
pub const FINALIZER: &str = "clusterwright.dev/destroy";

/// The name under which the operator owns fields, reports Events and calls itself.
pub const MANAGER: &str = "clusterwright";
