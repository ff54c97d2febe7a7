//! A Kubernetes operator that keeps managed database clusters in the state their manifests describe.

pub mod api;
pub mod cli;
pub mod clock;
pub mod cloud;
pub mod controller;
mod fingerprint;
pub mod operator;
pub mod plan;
pub mod simulator;
