//! What differs between the kinds in these tests.

use clusterwright::api::cratedb::CrateDBCluster;
use clusterwright::api::typedb::TypeDBCluster;
use clusterwright::plan::Kind;
use serde_json::{Value, json};

use super::{Simulator, WorldOf};

/// A world of TypeDB Cloud.
pub(crate) type World = WorldOf<TypeDBCluster>;

/// A world of CrateDB Cloud.
pub(crate) type CrateWorld = WorldOf<CrateDBCluster>;

/// A kind that worlds are made of.
pub(crate) trait Tested: Kind {
    /// The name of its account. That of its credentials has `-cloud` in the end.
    const ACCOUNT: &'static str;

    /// The simulator's location, as an account has it.
    fn location(url: &str) -> Value;

    /// Whether a password opens the database at `address`, through the database's own API.
    async fn opens(cloud: &Simulator, address: &str, user: &str, password: &str) -> bool;
}

impl Tested for TypeDBCluster {
    const ACCOUNT: &'static str = "typedb";

    fn location(url: &str) -> Value {
        json!({"typedbCloud": {"team": "acme", "space": "default", "endpoint": url}})
    }

    async fn opens(cloud: &Simulator, address: &str, user: &str, password: &str) -> bool {
        assert_eq!(user, "admin");
        cloud.opens(address, password).await
    }
}

impl Tested for CrateDBCluster {
    const ACCOUNT: &'static str = "cratedb";

    fn location(url: &str) -> Value {
        json!({"cratedbCloud": {"organizationId": Simulator::ORGANIZATION, "endpoint": url}})
    }

    async fn opens(cloud: &Simulator, address: &str, user: &str, password: &str) -> bool {
        cloud.answers_sql(address, user, password).await
    }
}
