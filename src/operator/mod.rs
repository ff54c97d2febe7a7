//! Process concerns: what must be there before the controllers start, their health, and an orderly end.

mod health;
mod kubernetes;
mod permissions;
mod preflight;
mod process;
mod requests;
mod telemetry;

pub(crate) use kubernetes::client;
pub use process::{OperatorError, Settings, run, stop_signal};
pub use telemetry::init as init_telemetry;
