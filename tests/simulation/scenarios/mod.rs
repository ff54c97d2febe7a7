//! What happens, and what must come of it.

mod crashes;
mod cratedb;
mod credentials;
mod limits;
mod lives;
mod lost;
mod replicas;
mod reviewed;
mod rivals;
mod seeded;
mod takeover;
mod tenants;
mod trouble;
mod waiting;
mod watched;
