//! What there is around the clusters of an organization.

use super::wire::{CrateVersion, Product, Project, Readable, Region, Subscription};

/// What clusters can be made from, and what they share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    pub projects: Vec<Project>,
    pub subscriptions: Vec<Subscription>,
    pub products: Vec<Product>,
    pub regions: Vec<Region>,
    /// The newest versions of each channel: stable, testing and nightly.
    pub stable: Readable<CrateVersion>,
    pub testing: Readable<CrateVersion>,
    pub nightly: Readable<CrateVersion>,
    /// Read by somebody who administers the organization: no cluster of it is hidden from them.
    pub administered: bool,
}
