//! TypeDB Cloud: its administration API and the API of each cluster's own servers.

pub mod wire;
