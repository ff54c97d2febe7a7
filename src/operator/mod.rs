//! Process concerns: what must be there before the controllers start, who of several leads, health, and an orderly end.

mod health;
mod kubernetes;
mod lease;
mod permissions;
mod preflight;
mod process;
mod replica;
mod requests;
mod said;
mod telemetry;

pub(crate) use kubernetes::client;
pub use lease::{Identity, LEASE, Loss, Term, until_vacant};
pub use process::{OperatorError, Settings, run, stop_signal};
pub use replica::{Candidacy, run as run_replica};
pub use telemetry::init as init_telemetry;
