//! How a story ends: the trouble is over, and everything comes to rest.

use serde_json::Value;

use super::story::Story;
use crate::world::{World, condition, is_current, reason_of};

/// Longer than any rule waits: refusals an hour, and then a create.
const LONG_ENOUGH: u64 = 80 * 60;
/// In which nothing is written any more.
const AT_REST: u64 = 660;

/// What a cloud has of its own at the end of a story.
pub(super) struct Ending {
    /// Gives back what was taken from the operator.
    pub(super) restore: fn(&World),
    /// Whether a manifest that is neither paused nor deleted may come to rest for this reason.
    pub(super) justified: fn(&Story, &Value, &str) -> bool,
}

pub(super) async fn come_to_rest(mut story: Story, ending: Ending) {
    let outcome = rest(&mut story, &ending).await;
    if let Err(why) = outcome {
        let log = story.log.join("\n");
        let history: Vec<String> = tail(&story.world);
        let accounts: Vec<String> =
            story.world.user().list("CloudAccount").iter().map(|account| account["status"].to_string()).collect();
        panic!("seed {}: {why}\n{log}\n{}\n{}", story.seed, history.join("\n"), accounts.join("\n"));
    }
}

/// The last requests to the cloud.
fn tail(world: &World) -> Vec<String> {
    let log = world.asked(|row| row.effect.is_some() || (row.method != "GET" && !row.path.ends_with("/auth")));
    log.iter().map(|row| format!("{} {} {} {:?} {:?}", row.at, row.method, row.path, row.status, row.effect)).collect()
}

async fn rest(story: &mut Story, ending: &Ending) -> Result<(), String> {
    let world = &mut story.world;
    world.cloud.clear_faults();
    world.cloud.freshen_lists();
    world.api.clear_faults();
    for kind in ["Secret", world.kind(), "CloudAccount"] {
        world.api.thaw(kind);
    }
    (ending.restore)(world);
    world.stay_alive();
    world.pass(LONG_ENOUGH).await;
    world.api.clear_log();
    let before = world.asked(|row| row.effect.is_some()).len();
    world.pass(AT_REST).await;
    for manifest in world.user().list(world.kind()) {
        justified(story, ending, &manifest)?;
    }
    let world = &story.world;
    let writes: Vec<_> = world.api.log().into_iter().filter(|entry| entry.verb.writes()).collect();
    if !writes.is_empty() {
        return Err(format!("there is no rest: {writes:#?}"));
    }
    if world.asked(|row| row.effect.is_some()).len() != before {
        return Err("the cloud is still written to".to_owned());
    }
    world.ledger.check_claims();
    world.check_projects().await;
    for (id, passwords) in world.ledger.ways_in() {
        let mut opened = story.tampered.contains(&world.cluster_name(&id));
        for password in &passwords {
            opened |= world.opens(&id, password).await;
        }
        if !opened {
            return Err(format!("no recorded password opens {id}"));
        }
    }
    Ok(())
}

/// Whether a manifest is where it wants to be, or somebody has to do something about it.
fn justified(story: &Story, ending: &Ending, manifest: &Value) -> Result<(), String> {
    let metadata = &manifest["metadata"];
    let name = format!("{}/{}", metadata["namespace"], metadata["name"]);
    let reason = reason_of(manifest);
    let wrong = |why: &str| {
        Err(format!("{name} ({}) is {reason}: {}; {why}", manifest["spec"], condition(manifest, "Ready")["message"]))
    };
    if !is_current(manifest) {
        return wrong("its status speaks of an older generation");
    }
    let paused = metadata["annotations"]["clusterwright.dev/paused"] == "true";
    let protected = manifest["spec"]["deletionProtection"] == true && reason == "DeletionProtected";
    // A word for the means of payment that nobody knows is taken for a marketplace.
    let held = protected || reason == "DeletionWouldCancelSubscription";
    let is_so = if metadata["deletionTimestamp"].is_null() {
        (paused && reason == "Paused") || (ending.justified)(story, manifest, reason)
    } else {
        let tampered =
            ["clusterId", "clusterName"].iter().any(|field| story.tampered.contains(&name_of(manifest, field)));
        paused || held || tampered
    };
    if is_so { Ok(()) } else { wrong("that is not where it should come to rest") }
}

/// The name, or the id where that is chosen by us, of a manifest's cluster.
pub(super) fn name_of(manifest: &Value, field: &str) -> String {
    let given = [&manifest["spec"]["externalId"], &manifest["spec"][field], &manifest["metadata"]["name"]];
    given.into_iter().find_map(Value::as_str).unwrap_or_default().to_owned()
}
