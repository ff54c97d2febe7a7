//! Speaking to the clouds: one request at a time, within a budget, with a valid token. Nothing here knows of Kubernetes.
//!
//! A call passes [`budget::Budget`] (how often a location may be asked), [`token::TokenSource`] (as whom) and
//! [`transport::Transport`] (one request, one answer), and fails with a [`error::CloudError`] that says what to do.

pub mod budget;
pub mod cratedb;
pub mod credential;
pub mod endpoint;
pub mod error;
mod headers;
pub mod observer;
#[cfg(test)]
pub(crate) mod test_support;
pub mod token;
pub mod transport;
pub mod typedb;
