//! CrateDB Cloud: its administration API and the SQL endpoint of each cluster.

pub mod catalogue;
pub mod change;
pub mod client;
pub mod database;
mod provider;
pub mod question;
mod refusal;
pub mod wire;
