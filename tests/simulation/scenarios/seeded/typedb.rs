//! Stories in TypeDB Cloud.

use clusterwright::simulator::typedb::{CredentialChange, NewCluster, Unknowns};
use clusterwright::simulator::{Settings, typedb};
use http::Method;
use rand::RngExt as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use serde_json::{Value, json};

use super::end::{self, Ending};
use super::story::{NAMES, Story, THERE};
use crate::world::manifests::{HERE, cluster, secret_of, with};
use crate::world::{World, in_space, is_ready};

/// Tells the story of a seed to its end.
pub(super) async fn tell(seed: u64) {
    let mut story = Story::of(seed, |random| world(seed, random));
    for namespace in [HERE, THERE] {
        story.world.user().create(secret_of(namespace, "mine", &json!({"password": "first-of-mine"})));
    }
    story.go_on(chapter).await;
    end::come_to_rest(story, Ending { restore, justified }).await;
}

fn world(seed: u64, random: &mut StdRng) -> World {
    let pace: f64 = [4.0, 20.0].choose(random).copied().unwrap_or(1.0);
    World::with(Settings {
        seed,
        speed: pace.try_into().unwrap(),
        typedb: typedb::Settings {
            token_life_seconds: *[300, 3600].choose(random).unwrap(),
            opaque_tokens: random.random(),
            unknowns: Unknowns::drawn(random),
            ..typedb::Settings::default()
        },
        ..Settings::default()
    })
}

fn chapter(story: &mut Story) {
    match story.upto(19) {
        0..=5 => apply(story),
        6..=7 => {
            let place = story.place();
            story.delete(place);
        }
        8..=9 => edit(story),
        10..=12 => story.trouble_the_cloud(&[
            ("*/deploy", Method::POST),
            ("*/deploy", Method::POST),
            ("*/clusters", Method::GET),
            ("*/clusters/*", Method::GET),
            ("*/clusters/*", Method::DELETE),
            ("/v1/signin", Method::POST),
            ("/v1/users/*", Method::PUT),
            ("/api/v1/auth", Method::POST),
        ]),
        13..=14 => story.trouble_the_api_server(),
        15 => story.trouble_the_caches(),
        16..=17 => story.crash(),
        18 => use_the_console(story),
        _ => change_credentials(story),
    }
}

fn apply(story: &mut Story) {
    let (namespace, name) = story.place();
    if story.world.manifest(namespace, name).is_some() {
        return;
    }
    let mut spec = json!({});
    if story.chance(40) {
        spec["deletionPolicy"] = "Delete".into();
    }
    if story.chance(25) {
        spec["clusterId"] = story.one(&NAMES).into();
    }
    if story.chance(10) {
        spec["management"] = "Observed".into();
        spec["externalId"] = story.one(&NAMES).into();
    }
    if story.chance(20) {
        spec["admin"] = json!({"passwordSecretRef": {"name": "mine"}});
    }
    story.apply(&with(cluster(namespace, name), &spec));
}

fn edit(story: &mut Story) {
    let (namespace, name) = story.place();
    if story.world.manifest(namespace, name).is_none() {
        return;
    }
    let patch = match story.upto(5) {
        0 => json!({"spec": {"deletionPolicy": "Delete"}}),
        1 => json!({"spec": {"deletionPolicy": "Retain"}}),
        2 => json!({"metadata": {"annotations": {"clusterwright.dev/paused": "true"}}}),
        3 => json!({"metadata": {"annotations": {"clusterwright.dev/paused": null}}}),
        4 => json!({"spec": {"connectionSecret": {"name": format!("way-into-{name}")}}}),
        _ => json!({"spec": {"admin": {"passwordSecretRef": {"name": "mine"}}}}),
    };
    story.edit(namespace, name, &patch);
    if story.chance(30) {
        let password = format!("mine-{}", story.upto(1_000_000));
        story.note(format_args!("new password in {namespace}"));
        story.world.user().apply(&secret_of(namespace, "mine", &json!({"password": password})));
    }
}

fn use_the_console(story: &mut Story) {
    let id = story.one(&NAMES);
    let name = in_space(id);
    let there = story.world.clusters().iter().any(|view| view.cluster.id.as_str() == id);
    story.tampered.insert(id.to_owned());
    let done = match (there, story.upto(2)) {
        (false, _) => {
            let Value::Object(fields) = json!({"isFree": false}) else { unreachable!() };
            story.world.cloud.seed(NewCluster { fields, ..NewCluster::new(id) }).map(|_| "made")
        }
        (true, 0) => story.world.cloud.remove(&name).map(|()| "removed"),
        (true, 1) => story.world.cloud.recreate(&name).map(|()| "made again"),
        (true, _) => story.world.cloud.set_password(&name, None, "by-hand".into()).map(|()| "given a password"),
    };
    story.note(format_args!("{id} was {done:?} in the console"));
}

fn change_credentials(story: &mut Story) {
    let revoked = story.chance(50);
    story.note(format_args!("credentials revoked: {revoked}"));
    let change =
        CredentialChange { revoked: Some(revoked), expire_tokens: story.chance(50), ..CredentialChange::default() };
    story.world.cloud.change_credential("simulator", change).unwrap();
}

fn restore(world: &World) {
    let restored = CredentialChange { revoked: Some(false), ..CredentialChange::default() };
    world.cloud.change_credential("simulator", restored).unwrap();
}

/// Whether a manifest may come to rest for this reason.
fn justified(story: &Story, manifest: &Value, reason: &str) -> bool {
    let id = end::name_of(manifest, "clusterId");
    let clusters = story.world.clusters();
    let there = clusters.iter().find(|view| view.cluster.id.as_str() == id);
    let tampered = story.tampered.contains(&id);
    let observed = manifest["spec"]["management"] == "Observed";
    match reason {
        "Running" => {
            let same = |created: String| manifest["status"]["createdAt"] == created;
            is_ready(manifest) && there.is_some_and(|view| same(view.cluster.created_at.to_string()))
        }
        "Observed" => observed && there.is_some(),
        "InvalidSpec" | "Vanished" if observed => true,
        // Somebody else's record, or a cluster that an earlier manifest left.
        "ClaimedByAnother" | "NameTaken" => there.is_some() || tampered,
        "RecordedClusterDiffers" => true,
        "Vanished" | "Replaced" | "AdminPasswordUnknown" => tampered,
        _ => false,
    }
}
