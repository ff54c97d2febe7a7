//! The pure decisions, row by row: each rule about a database as a table, and properties over arbitrary facts.

#[cfg(test)]
mod account;
#[cfg(test)]
mod adoption;
#[cfg(test)]
mod bound;
#[cfg(test)]
mod changes;
#[cfg(test)]
mod connection;
#[cfg(test)]
mod cratedb;
#[cfg(test)]
mod creation;
#[cfg(test)]
mod deletion;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod gist;
mod import;
#[cfg(test)]
mod kinds;
#[cfg(test)]
#[path = "../support/kstatus.rs"]
mod kstatus;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod model;
#[cfg(test)]
mod observed;
#[cfg(test)]
mod orphans;
#[cfg(test)]
mod password;
mod power;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod renaming;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod standing;
mod tenants;
#[cfg(test)]
mod waiting;
#[cfg(test)]
mod world;
