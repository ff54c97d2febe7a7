//! The decisions about clusters in CrateDB Cloud: what the general rules give there, and what is its own.

mod binding;
mod changes;
mod creation;
mod deletion;
pub(crate) mod fixture;
mod following;
mod generators;
mod kinds;
mod model;
mod orphans;
mod password;
mod properties;
mod request;
mod restore;
mod sizes;
mod standing;
mod versions;
