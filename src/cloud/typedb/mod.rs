//! TypeDB Cloud: its administration API and the API of each cluster's own servers.

pub mod change;
pub mod client;
pub mod creation;
pub mod database;
pub mod exchange;
mod provider;
mod refusal;
#[cfg(test)]
mod test_support;
pub mod wire;
