//! What is asked of a cloud, as far as it differs who may ask for it.

use std::fmt::Debug;

use crate::api::identity::{ClusterId, Handle};
use crate::cloud::error::CloudError;

/// What is asked, and of which cluster: rights differ by both.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deed {
    kind: Kind,
    of: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    List,
    Look,
    Survey,
    Question,
    Write,
}

impl Deed {
    /// Reads the list of clusters.
    #[must_use]
    pub fn list() -> Self {
        Self { kind: Kind::List, of: String::new() }
    }

    /// Looks for one cluster.
    #[must_use]
    pub fn look(target: &Handle) -> Self {
        Self { kind: Kind::Look, of: target.to_string() }
    }

    /// Reads what there is around the clusters.
    #[must_use]
    pub fn survey() -> Self {
        Self { kind: Kind::Survey, of: String::new() }
    }

    /// Asks one question besides.
    #[must_use]
    pub fn question(question: &impl Debug) -> Self {
        Self { kind: Kind::Question, of: format!("{question:?}") }
    }

    /// Writes; `subject` says what, and to which cluster where there is one.
    #[must_use]
    pub fn write(subject: &str, cluster: Option<&ClusterId>) -> Self {
        Self { kind: Kind::Write, of: format!("{subject} {}", cluster.map_or("", ClusterId::as_str)) }
    }

    pub(super) fn is_list(&self) -> bool {
        self.kind == Kind::List
    }

    /// Whether this says only that one credential is of no use for it, so that the next is tried. To one who may not see
    /// the whole place, a cloud may say that there is no such place.
    pub(super) fn is_refused_by(&self, error: &CloudError) -> bool {
        match error {
            CloudError::Unauthenticated { .. } | CloudError::Forbidden { .. } => true,
            CloudError::NotFound { .. } => self.kind == Kind::List,
            _ => false,
        }
    }

    /// Whether an answer proves that the cloud knows whose credential it was: not every question is asked of the cloud, and
    /// some it answers to everybody.
    pub(super) fn proves(&self) -> bool {
        !matches!(self.kind, Kind::Survey | Kind::Question)
    }
}
