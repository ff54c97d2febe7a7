//! Who wants to know of every request, to count them.

use std::fmt::Debug;

use crate::api::identity::Location;

/// Is told of every request that was sent, and of how it ended.
pub trait Observer: Send + Sync + Debug {
    /// `operation` is a name such as `deploy`; `outcome` is `ok` or [`super::error::CloudError::kind`].
    fn request(&self, location: &Location, operation: &'static str, outcome: &'static str);
}

/// Nobody wants to know.
impl Observer for () {
    fn request(&self, _location: &Location, _operation: &'static str, _outcome: &'static str) {}
}
