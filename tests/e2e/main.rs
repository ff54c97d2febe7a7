//! End to end: the real program against a real API server, with the simulator as a process of its own.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "clippy knows test functions, not the helpers that they share"
)]

mod accounts;
mod adopt;
mod cratedb;
mod credentials;
mod drift;
mod gitops;
mod harness;
mod holds;
mod import;
mod kills;
mod layout;
mod lifecycle;
mod managers;
mod metrics;
mod permissions;
mod power;
mod process;
mod refusals;
mod replicas;
mod retain;
mod schema;
#[path = "../support/mod.rs"]
mod support;
mod tenants;
mod typedb_changes;
