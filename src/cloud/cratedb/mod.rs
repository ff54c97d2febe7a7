//! CrateDB Cloud: its administration API and the SQL endpoint of each cluster.

pub mod client;
pub mod database;
mod refusal;
pub mod wire;
