//! The alerts, in Prometheus' own tool.

#[cfg(test)]
mod alerts;
#[cfg(test)]
#[path = "../support/programs.rs"]
mod programs;
