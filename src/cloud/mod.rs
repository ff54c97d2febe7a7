//! Speaking to the clouds: one request at a time, within a budget, with a valid token. Nothing here knows of Kubernetes.

pub mod typedb;
