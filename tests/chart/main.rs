//! The Helm chart: as the real Helm renders it, and on a real API server.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy knows test functions, not the helpers that they share"
)]

mod admission;
mod harness;
mod installed;
mod pages;
mod release;
mod rendering;
#[path = "../support/mod.rs"]
mod support;
mod values;
mod watched;
