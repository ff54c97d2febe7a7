//! The simulator of CrateDB Cloud, through what a client sees of it.

mod access;
mod around;
mod changes;
mod client;
mod console;
mod create;
mod deletion;
mod jobs;
mod openapi;
mod operations;
mod over_http;
mod own_client;
mod snapshots;
mod sql;
mod unknowns;
mod vendor_cli;
