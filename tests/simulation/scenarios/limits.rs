//! A cloud that has been asked too often.

use clusterwright::simulator::{Fault, FaultKind, Settings, Status};
use jiff::SignedDuration;

use crate::world::World;
use crate::world::manifests::{ACCOUNT, HERE, cluster};

fn too_many(retry_after: u64) -> FaultKind {
    let status = Status::try_from(429).unwrap();
    FaultKind::Answer { status, retry_after: Some(retry_after), body: None, content_type: None }
}

#[tokio::test(start_paused = true)]
async fn a_closed_minute_is_kept_by_two_hundred_manifests() {
    let mut world = World::with(Settings { speed: 4.0.try_into().unwrap(), ..Settings::default() });
    world.user().merge("CloudAccount", HERE, ACCOUNT, &serde_json::json!({"spec": {"requestsPerMinute": 6000}}));
    world.start();
    let names: Vec<String> = (0..200).map(|number| format!("c{number}")).collect();
    for name in &names[..20] {
        world.apply(&cluster(HERE, name));
    }
    world.pass(1).await;
    // From now on the cloud says when to come back, and each answer names the same moment.
    let closed = world.clock.now();
    for left in (1..=60).rev() {
        if left == 60 {
            for name in &names[20..] {
                world.apply(&cluster(HERE, name));
            }
        }
        world.cloud.clear_faults();
        world.fault(Fault::new("/api/*", too_many(left)));
        world.pass(1).await;
    }
    world.cloud.clear_faults();
    let during = world.asked(|row| row.status == Some(429)).len();
    assert!((1..=32).contains(&during), "{during} requests were sent while the cloud was closed");
    let late =
        world.asked(|row| row.status == Some(429) && row.at.duration_since(closed) > SignedDuration::from_secs(2));
    assert!(late.is_empty(), "{late:#?}");
    for name in &names {
        world.ready(name).await;
    }
    assert_eq!(world.clusters().len(), 200);
    let effects = world.deploys().iter().filter(|row| row.effect.is_some()).count();
    assert_eq!(effects, 200);
    world.ledger.check_claims();
}
