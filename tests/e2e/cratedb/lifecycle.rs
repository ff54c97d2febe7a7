//! From `kubectl apply` to a database that answers, and to its end.

use super::paid;
use crate::harness::CrateWorld as World;

#[tokio::test]
async fn a_cluster_is_created_and_its_connection_secret_opens_the_database() {
    let world = World::new("crate-create").await;
    world.until_account("cratedb", "Connected").await;
    world.apply("analytics", paid()).await;
    world.kubectl(&["wait", "cdb/analytics", "--for=condition=Ready", "--timeout=60s"]).await;
    world.until_ready("analytics").await;
    world.way_in("analytics").await;
    assert_eq!(world.cloud.actions().await, ["projectCreated", "created"]);
    world.finish().await;
}
