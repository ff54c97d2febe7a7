//! CrateDB Cloud: its administration API and the SQL endpoint of each cluster.

pub mod wire;
