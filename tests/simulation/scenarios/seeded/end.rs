//! How a story ends: the trouble is over, and everything comes to rest.

use clusterwright::simulator::typedb::CredentialChange;
use serde_json::Value;

use super::story::Story;
use crate::world::{World, condition, is_current, is_ready, reason_of};

/// Longer than any rule waits: refusals an hour, and then a create.
const LONG_ENOUGH: u64 = 80 * 60;
/// In which nothing is written any more.
const AT_REST: u64 = 660;

pub(super) async fn come_to_rest(mut story: Story) {
    let outcome = rest(&mut story).await;
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

async fn rest(story: &mut Story) -> Result<(), String> {
    let world = &mut story.world;
    world.cloud.clear_faults();
    world.cloud.freshen_lists();
    world.api.clear_faults();
    for kind in ["Secret", "TypeDBCluster", "CloudAccount"] {
        world.api.thaw(kind);
    }
    let restored = CredentialChange { revoked: Some(false), ..CredentialChange::default() };
    world.cloud.change_credential("simulator", restored).map_err(|_| "there is a credential")?;
    world.stay_alive();
    world.pass(LONG_ENOUGH).await;
    world.api.clear_log();
    let before = world.asked(|row| row.effect.is_some()).len();
    world.pass(AT_REST).await;
    for manifest in world.user().list("TypeDBCluster") {
        justified(story, &manifest)?;
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
    for (id, passwords) in world.ledger.ways_in() {
        let mut opened = story.tampered.contains(&id);
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
fn justified(story: &Story, manifest: &Value) -> Result<(), String> {
    let metadata = &manifest["metadata"];
    let name = format!("{}/{}", metadata["namespace"], metadata["name"]);
    let reason = reason_of(manifest);
    let wrong = |why: &str| {
        Err(format!("{name} ({}) is {reason}: {}; {why}", manifest["spec"], condition(manifest, "Ready")["message"]))
    };
    if !is_current(manifest) {
        return wrong("its status speaks of an older generation");
    }
    let id = [&manifest["spec"]["externalId"], &manifest["spec"]["clusterId"], &metadata["name"]]
        .into_iter()
        .find_map(Value::as_str)
        .unwrap_or_default();
    let clusters = story.world.clusters();
    let there = clusters.iter().find(|view| view.cluster.id.as_str() == id);
    let tampered = story.tampered.contains(id);
    let paused = metadata["annotations"]["clusterwright.dev/paused"] == "true";
    let deleting = !metadata["deletionTimestamp"].is_null();
    let is_so = match reason {
        _ if deleting => paused || tampered,
        "Running" => {
            let open = there.is_some_and(|view| manifest["status"]["createdAt"] == view.cluster.created_at.to_string());
            is_ready(manifest) && open
        }
        "Observed" => manifest["spec"]["management"] == "Observed" && there.is_some(),
        "InvalidSpec" | "Vanished" if manifest["spec"]["management"] == "Observed" => true,
        "Paused" => paused,
        // Somebody else's record, or a cluster that an earlier manifest left.
        "ClaimedByAnother" | "NameTaken" => there.is_some() || tampered,
        "RecordedClusterDiffers" => true,
        "Vanished" | "Replaced" | "AdminPasswordUnknown" => tampered,
        _ => false,
    };
    if is_so { Ok(()) } else { wrong("that is not where it should come to rest") }
}
