//! The alerts, in Prometheus' own tool.

#[cfg(test)]
mod alerts;
#[cfg(test)]
mod dashboard;
#[cfg(test)]
#[path = "../support/programs.rs"]
mod programs;
#[cfg(test)]
mod promtool;
