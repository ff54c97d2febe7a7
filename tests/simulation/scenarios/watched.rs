//! An operator that is to look after some namespaces, and may not see all of them.

use serde_json::json;

use crate::apiserver::{Fault, Requests, Trouble, Verb};
use crate::world::World;
use crate::world::manifests::{HERE, cluster, with};

const THERE: &str = "elsewhere";

/// What cannot be seen keeps its claims, and keeps nobody waiting.
#[tokio::test(start_paused = true)]
async fn a_namespace_that_may_not_be_listed_holds_up_no_other_and_loses_nothing() {
    let mut world = World::asleep();
    world.user().create_namespace(THERE);
    world.open_account(THERE);
    world.watched = vec![HERE.to_owned(), THERE.to_owned()];
    world.start();
    world.apply(&cluster(THERE, "orders"));
    world.ready_in(THERE, "orders").await;
    world.crash();

    for kind in ["TypeDBCluster", "CrateDBCluster", "CloudAccount"] {
        let lists = Requests::with(&[Verb::List, Verb::Watch]).of(kind).within(THERE);
        world.api.inject(Fault::new(lists, Trouble::Status(403)).always());
    }
    world.start();
    world.apply(&cluster(HERE, "sales"));
    world.ready("sales").await;
    world.apply(&with(cluster(HERE, "heir"), &json!({"externalId": "orders", "backup": null})));
    world.reason("heir", "ClaimedByAnother", 600).await;
    world.pass(3600).await;
    assert_eq!(world.reason_now("heir"), "ClaimedByAnother");

    world.api.clear_faults();
    world.pass(120).await;
    world.delete(THERE, "orders");
    world.ready("heir").await;
    assert_eq!((world.clusters().len(), world.deploys().len()), (2, 2));
    world.audit().await;
}
