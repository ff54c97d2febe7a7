//! Stories in CrateDB Cloud.

use clusterwright::api::identity::ClusterId;
use clusterwright::cloud::cratedb::wire::OperationKind;
use clusterwright::simulator::Settings;
use clusterwright::simulator::cratedb::{self, Failure, KeyChange, NewCluster, Unknowns};
use http::Method;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::end::{self, Ending};
use super::story::{NAMES, Story, THERE};
use crate::world::cratedb::cluster;
use crate::world::manifests::{HERE, secret_of, with};
use crate::world::{Vendor, World, is_ready};

/// Tells the story of a seed to its end.
pub(super) async fn tell(seed: u64) {
    let mut story = Story::of(seed, |random| world(seed, random));
    for namespace in [HERE, THERE] {
        story.world.user().create(secret_of(namespace, "mine", &json!({"password": mine(0)})));
    }
    story.go_on(chapter).await;
    end::come_to_rest(story, Ending { restore, justified }).await;
}

fn world(seed: u64, random: &mut StdRng) -> World {
    let pace: f64 = [4.0, 20.0].choose(random).copied().unwrap_or(1.0);
    let cratedb = cratedb::Settings { unknowns: Unknowns::drawn(random), ..cratedb::Settings::default() };
    let settings = Settings { seed, speed: pace.try_into().unwrap(), cratedb, ..Settings::default() };
    World::of(Vendor::CrateDb, settings)
}

fn mine(number: u64) -> String {
    format!("a-password-of-my-own-number-{number}")
}

fn chapter(story: &mut Story) {
    match story.upto(21) {
        0..=3 => apply(story),
        4..=5 => {
            let place = story.inhabited_place();
            story.delete(place);
        }
        6..=11 => edit(story),
        12..=14 => story.trouble_the_cloud(&[
            ("/api/v2/organizations/*/clusters/", Method::POST),
            ("/api/v2/organizations/*/clusters/", Method::POST),
            ("/api/v2/organizations/*/clusters/", Method::GET),
            ("/api/v2/organizations/*/projects/", Method::GET),
            ("/api/v2/projects/", Method::POST),
            ("/api/v2/clusters/name/*", Method::HEAD),
            ("/api/v2/clusters/*", Method::GET),
            ("/api/v2/clusters/*", Method::PUT),
            ("/api/v2/clusters/*", Method::PUT),
            ("/api/v2/clusters/*", Method::PATCH),
            ("/api/v2/clusters/*", Method::DELETE),
            ("/_sql", Method::POST),
        ]),
        15..=16 => story.trouble_the_api_server(),
        17 => story.trouble_the_caches(),
        18..=19 => story.crash(),
        20 => use_the_console(story),
        _ => change_credentials(story),
    }
}

fn apply(story: &mut Story) {
    let (namespace, name) = story.place();
    if story.world.manifest(namespace, name).is_some() {
        return;
    }
    let mut spec = json!({"project": {"name": story.one(&["shop", "lab"]), "region": "eks1.eu-west-1.aws"}});
    if story.chance(60) {
        spec["deletionPolicy"] = "Delete".into();
    }
    if story.chance(25) {
        spec["clusterName"] = story.one(&NAMES).into();
    }
    if story.chance(30) {
        spec["nodes"] = (1 + story.upto(2)).into();
    }
    if story.chance(20) {
        spec["allowedCidrs"] = json!([{"cidr": "10.0.0.0/8", "description": "here"}]);
    }
    if story.chance(10) {
        spec["power"] = "Suspended".into();
    }
    if story.chance(10) {
        spec["deletionProtection"] = true.into();
    }
    if story.chance(20) {
        spec["passwordSecretRef"] = json!({"name": "mine"});
    }
    story.apply(&with(cluster(namespace, name), &spec));
}

fn edit(story: &mut Story) {
    let (namespace, name) = story.inhabited_place();
    if story.world.manifest(namespace, name).is_none() {
        return;
    }
    let patch = match story.upto(11) {
        0 => json!({"spec": {"deletionPolicy": "Delete"}}),
        1 => json!({"spec": {"deletionPolicy": "Retain"}}),
        2 => json!({"metadata": {"annotations": {"clusterwright.dev/paused": "true"}}}),
        3 => json!({"metadata": {"annotations": {"clusterwright.dev/paused": null}}}),
        4 => json!({"spec": {"nodes": 1 + story.upto(3)}}),
        5 => json!({"spec": {"storage": {"sizePerNodeGiB": 32 + story.upto(32)}}}),
        6 => {
            json!({"spec": {"allowedCidrs": if story.chance(50) { json!([]) } else { json!([{"cidr": "192.0.2.0/24"}]) }}})
        }
        7 => json!({"spec": {"power": story.one(&["Running", "Suspended"])}}),
        8 => json!({"spec": {"product": {"name": story.one(&["cr1", "cr2"])}}}),
        9 => json!({"spec": {"backup": {"hours": [story.upto(23)]}}}),
        10 => json!({"spec": {"deletionProtection": story.chance(30)}}),
        _ => json!({"spec": {"passwordSecretRef": {"name": "mine"}}}),
    };
    story.edit(namespace, name, &patch);
    if story.chance(30) {
        let password = mine(story.upto(1_000_000));
        story.note(format_args!("new password in {namespace}"));
        story.world.user().apply(&secret_of(namespace, "mine", &json!({"password": password})));
    }
}

/// What people do past the operator: mostly what it takes for drift, and sometimes what only a person can mend.
fn use_the_console(story: &mut Story) {
    let name = story.one(&NAMES);
    let there = story.world.cloud.cratedb().clusters().into_iter().find(|view| view.cluster.name == name);
    let Some(id) = there.map(|view| view.cluster.id) else {
        story.tampered.insert(name.to_owned());
        let made = story.world.cloud.cratedb().seed(NewCluster::new(name));
        return story.note(format_args!("{name} was made in the console: {made:?}"));
    };
    let (what, body) = match story.upto(7) {
        0 => ("scale", json!({"product_unit": story.upto(4)})),
        1 => ("storage", json!({"disk_size_per_node_bytes": 80_i64 << 30})),
        2 => ("ip-restrictions", json!({"ip_whitelist": [{"cidr": "198.51.100.0/24", "description": "console"}]})),
        3 => {
            story.world.cloud.cratedb().fail_next(Failure::of(OperationKind::Scale));
            ("scale", json!({"product_unit": story.upto(4)}))
        }
        _ => return tamper(story, name, &id),
    };
    let done = story.world.cloud.cratedb().act(&id, what, &body).is_ok();
    story.note(format_args!("{what} of {name} in the console: {body} {done}"));
}

fn tamper(story: &mut Story, name: &str, id: &ClusterId) {
    story.tampered.insert(name.to_owned());
    let word = match story.upto(3) {
        0 => story.world.cloud.cratedb().remove(id).map(|()| "removed"),
        1 => story.world.cloud.cratedb().act(id, "suspend", &json!({"suspended": true})).map(|()| "suspended"),
        2 => {
            let protected = json!({"deletion_protected": true});
            story.world.cloud.cratedb().act(id, "deletion-protection", &protected).map(|()| "protected")
        }
        _ => story.world.cloud.cratedb().set_password(id, SecretString::from(mine(99))).map(|()| "given a password"),
    };
    story.note(format_args!("{name} was {word:?} in the console"));
}

fn change_credentials(story: &mut Story) {
    let active = story.chance(50);
    story.note(format_args!("key active: {active}"));
    let change = KeyChange { active: Some(active), ..KeyChange::default() };
    story.world.cloud.cratedb().change_key("simulator", change).unwrap();
}

fn restore(world: &World) {
    let change = KeyChange { active: Some(true), ..KeyChange::default() };
    world.cloud.cratedb().change_key("simulator", change).unwrap();
}

/// Whether a manifest may come to rest for this reason.
fn justified(story: &Story, manifest: &Value, reason: &str) -> bool {
    let name = end::name_of(manifest, "clusterName");
    let clusters = story.world.cloud.cratedb().clusters();
    let there = clusters.iter().find(|view| view.cluster.name == name);
    let tampered = story.tampered.contains(&name);
    match reason {
        "Running" | "Suspended" => {
            let same = there.is_some_and(|view| manifest["status"]["externalId"] == view.cluster.id.as_str());
            let suspended = manifest["spec"]["power"] == "Suspended";
            is_ready(manifest) && same && suspended == (reason == "Suspended")
        }
        // Somebody else's record, or a cluster that an earlier manifest left.
        "ClaimedByAnother" | "NameTaken" => there.is_some() || tampered,
        "RecordedClusterDiffers" => true,
        "Vanished" | "NotRunning" | "AdminPasswordUnknown" => tampered,
        _ => false,
    }
}
