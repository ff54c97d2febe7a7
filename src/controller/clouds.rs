//! The clouds that there are. Nothing else of the controller names one.

use tokio::task::JoinSet;

use super::run::{self, Surroundings};
use crate::api::account::CloudAccount;
use crate::api::cratedb::CrateDBCluster;
use crate::api::typedb::TypeDBCluster;
use crate::cloud::cratedb;
use crate::cloud::provider::Provider;
use crate::cloud::typedb;
use crate::plan::Kind;

/// Starts what looks after each kind of cluster.
pub(super) fn start(around: &Surroundings, tasks: &mut JoinSet<()>) {
    run::start::<TypeDBCluster>(around, tasks);
    run::start::<CrateDBCluster>(around, tasks);
}

/// A kind of cluster together with the client of its cloud.
pub(crate) trait Managed: Kind {
    type Client: Provider<
            Cluster = Self::Cluster,
            Request = Self::Request,
            Change = Self::Change,
            Catalogue = Self::Catalogue,
            Question = Self::Question,
            Answer = Self::Answer,
        >;

    /// The kind's name in metrics and in the names of records.
    const NAME: &'static str;
}

/// Whether an account is looked after with this kind of cluster. One that names no cloud is looked after all the same, so
/// that somebody says so, but only once.
pub(crate) fn looks_after<K: Managed>(account: &CloudAccount) -> bool {
    account.spec.location().map_or(K::NAME == TypeDBCluster::NAME, |location| location.cloud() == K::CLOUD)
}

impl Managed for CrateDBCluster {
    type Client = cratedb::client::Client;

    const NAME: &'static str = "cratedbcluster";
}

impl Managed for TypeDBCluster {
    type Client = typedb::client::Client;

    const NAME: &'static str = "typedbcluster";
}

#[cfg(test)]
mod tests {
    use kube::CustomResourceExt;
    use serde_json::{Value, json};

    use super::*;

    fn looked_after(cloud: &str, there: Value) -> [bool; 2] {
        let mut spec = json!({"credentials": []});
        spec[cloud] = there;
        let account = CloudAccount::new("cloud", serde_json::from_value(spec).unwrap());
        [looks_after::<TypeDBCluster>(&account), looks_after::<CrateDBCluster>(&account)]
    }

    #[test]
    fn every_account_is_looked_after_by_one_kind() {
        assert_eq!(looked_after("typedbCloud", json!({"team": "acme", "space": "default"})), [true, false]);
        assert_eq!(looked_after("cratedbCloud", json!({"organizationId": "acme"})), [false, true]);
        assert_eq!(looked_after("typedbCloud", Value::Null), [true, false], "it is in no cloud, and that is said once");
    }

    /// Records carry the name, and are looked for by it.
    fn singular<K: CustomResourceExt>() -> Option<String> {
        K::crd().spec.names.singular
    }

    #[test]
    fn a_kind_is_called_as_its_definition_says() {
        assert_eq!(singular::<TypeDBCluster>().as_deref(), Some(TypeDBCluster::NAME));
        assert_eq!(singular::<CrateDBCluster>().as_deref(), Some(CrateDBCluster::NAME));
    }
}
