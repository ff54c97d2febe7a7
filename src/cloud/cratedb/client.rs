//! Typed calls of CrateDB Cloud's administration API. They decide nothing.

mod around;
mod clusters;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::refusal::refusal;
use crate::api::identity::Endpoint;
use crate::cloud::authorization::Authorization;
use crate::cloud::budget::Budget;
use crate::cloud::caller::Caller;
use crate::cloud::credential::Credential;
use crate::cloud::error::CloudError;
use crate::cloud::observer::Observer;
use crate::cloud::request::url;
use crate::cloud::transport::Transport;

/// CrateDB Cloud in one organization, as one key. Clones share connections and budget.
///
/// A call for which no connection came about is made once more; nothing else is repeated. A write is answered
/// before it is done: [`Client::operations`] tells how far it is, and until then a cluster shows its old values.
#[derive(Clone, Debug)]
pub struct Client {
    caller: Arc<Caller>,
    endpoint: Endpoint,
    organization: String,
}

impl Client {
    /// Makes no call yet. The budget is the location's; the key acts as the user that owns it.
    #[must_use]
    pub fn new(
        transport: Arc<dyn Transport>,
        budget: Budget,
        key: Credential,
        endpoint: Endpoint,
        organization: &str,
    ) -> Self {
        let organization = organization.to_owned();
        let caller = Caller::new(transport, budget, Authorization::Key(key), refusal);
        Self { caller: Arc::new(caller), endpoint, organization }
    }

    /// Tells `observer` of every request.
    #[must_use]
    pub fn with_observer(self, observer: Arc<dyn Observer>) -> Self {
        let caller = Arc::unwrap_or_clone(self.caller).with_observer(observer);
        Self { caller: Arc::new(caller), ..self }
    }

    /// The URL of something in the API, whose paths end in a slash.
    fn url(&self, path: &[&str]) -> Result<String, CloudError> {
        url(&self.endpoint, &[&["api", "v2"], path].concat()).map(|url| url + "/")
    }

    /// The URL of something that the organization has.
    fn of_organization(&self, what: &str) -> Result<String, CloudError> {
        self.url(&["organizations", &self.organization, what])
    }
}
