//! What a cloud shows of a cluster, and of what it does to it. Data only, so that decisions read it without the client.

use jiff::Timestamp;

/// What a look at one cluster found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<C> {
    pub cluster: Option<C>,
    /// There is no such cluster here, and yet the cloud says that its name is in use.
    pub taken: bool,
    /// What the cluster is doing or did last, newest first; empty in a cloud that does not tell.
    pub operations: Vec<Operation>,
}

impl<C> Found<C> {
    /// A cluster, or none, about whose doings nothing is told.
    #[must_use]
    pub fn just(cluster: Option<C>) -> Self {
        Self { cluster, taken: false, operations: Vec::new() }
    }
}

/// Something that a cloud does to a cluster after the request for it was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    pub id: String,
    /// The cloud's own word for what is done.
    pub kind: String,
    pub state: OperationState,
    /// The cloud's own word for that.
    pub word: String,
    /// What the cloud says about it.
    pub message: Option<String>,
    pub started: Timestamp,
}

/// How far an operation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationState {
    Running,
    /// A word that was not known when this was written.
    Unknown,
    Succeeded,
    Failed,
}
