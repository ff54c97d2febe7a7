//! The simulator of both clouds, through what a client sees of it. What is CrateDB Cloud's is in a folder of its own.

#![expect(clippy::unwrap_used, clippy::panic, reason = "clippy knows test functions, not the helpers that they share")]

mod access;
mod client;
mod console;
mod cratedb;
mod data_plane;
mod deploy;
mod faults;
mod lifecycle;
mod over_http;
mod own_client;
mod update;
