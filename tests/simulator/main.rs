//! The simulator of TypeDB Cloud, through what a client sees of it.

mod access;
mod client;
mod console;
mod data_plane;
mod deploy;
mod faults;
mod lifecycle;
mod over_http;
mod update;
