//! Who wants to know of what is sent to a cloud, to count it.

use std::fmt::Debug;
use std::time::Duration;

/// Is told of what is done as one account.
pub trait Observer: Send + Sync + Debug {
    /// A request was sent. `operation` is a name such as `deploy`; `outcome` is `ok` or [`super::error::CloudError::kind`].
    fn request(&self, operation: &'static str, outcome: &'static str);

    /// A request has waited so long for its turn in the location's budget.
    fn waited(&self, wait: Duration);

    /// There is an access token, which can be used for this long.
    fn token(&self, life: Duration);
}

/// Nobody wants to know.
impl Observer for () {
    fn request(&self, _operation: &'static str, _outcome: &'static str) {}
    fn waited(&self, _wait: Duration) {}
    fn token(&self, _life: Duration) {}
}
