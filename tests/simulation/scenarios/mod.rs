//! What happens, and what must come of it.

mod changes;
mod clones;
mod crashes;
mod cratedb;
mod credentials;
mod drift;
mod limits;
mod lives;
mod lost;
mod renames;
mod replicas;
mod reviewed;
mod rivals;
mod seeded;
mod takeover;
mod tenants;
mod trouble;
mod waiting;
mod watched;
