//! Speaking to the clouds: one request at a time, within a budget, with a valid token. Nothing here knows of Kubernetes.
//!
//! A call passes [`budget::Budget`] (how often a location may be asked), its authorization (as whom: a token of
//! [`token::TokenSource`], or a key) and [`transport::Transport`] (one request, one answer), and fails with a
//! [`error::CloudError`] that says what to do. What the clouds differ in lies in a folder for each.

mod authorization;
pub mod budget;
pub mod call;
mod caller;
pub mod cratedb;
pub mod credential;
pub mod database;
pub mod endpoint;
pub mod error;
mod headers;
pub mod keyring;
pub mod observer;
pub mod operation;
pub mod provider;
mod request;
#[cfg(test)]
pub(crate) mod test_support;
pub mod token;
pub mod transport;
pub mod typedb;
