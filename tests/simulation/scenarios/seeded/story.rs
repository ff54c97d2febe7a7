//! What a seed makes happen.

use std::collections::BTreeSet;
use std::time::Duration;

use clusterwright::simulator::typedb::{CredentialChange, NewCluster, Unknowns};
use clusterwright::simulator::{Fault, FaultKind, Settings, Status, typedb};
use http::Method;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

use super::end;
use crate::apiserver::{self, Requests, Trouble};
use crate::world::manifests::{HERE, cluster, secret_of, with};
use crate::world::{World, in_space};

/// The second namespace.
pub(super) const THERE: &str = "elsewhere";
/// Names of manifests, and ids of clusters: few enough to get into each other's way.
const NAMES: [&str; 4] = ["alpha", "beta", "gamma", "delta"];
const KINDS: [&str; 4] = ["Secret", "TypeDBCluster", "CloudAccount", "Event"];

/// How much happens.
const CHAPTERS: usize = 24;

/// One seed's story so far.
pub(super) struct Story {
    pub(super) seed: u64,
    pub(super) world: World,
    random: StdRng,
    /// The clusters at which somebody has been busy in the console.
    pub(super) tampered: BTreeSet<String>,
    pub(super) log: Vec<String>,
}

/// Tells the story of a seed to its end.
pub(super) async fn tell(seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let pace: f64 = [4.0, 20.0].choose(&mut random).copied().unwrap_or(1.0);
    let settings = Settings {
        seed,
        speed: pace.try_into().unwrap(),
        typedb: typedb::Settings {
            token_life_seconds: *[300, 3600].choose(&mut random).unwrap(),
            opaque_tokens: random.random(),
            unknowns: Unknowns::drawn(&mut random),
            ..typedb::Settings::default()
        },
        ..Settings::default()
    };
    let mut world = World::with(settings);
    world.user().create_namespace(THERE);
    world.open_account(THERE);
    for namespace in [HERE, THERE] {
        world.user().create(secret_of(namespace, "mine", &json!({"password": "first-of-mine"})));
    }
    world.start();
    let mut story = Story { seed, world, random, tampered: BTreeSet::new(), log: Vec::new() };
    for _ in 0..CHAPTERS {
        story.chapter();
        let seconds = story.upto(120);
        story.world.pass(seconds).await;
    }
    end::come_to_rest(story).await;
}

impl Story {
    fn upto(&mut self, most: u64) -> u64 {
        self.random.random_range(0..=most)
    }

    fn one<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> &'a T {
        choices.choose(&mut self.random).unwrap()
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.random.random_range(0..100) < percent
    }

    fn place(&mut self) -> (&'static str, &'static str) {
        (self.one(&[HERE, HERE, THERE]), self.one(&NAMES))
    }

    fn note(&mut self, what: impl std::fmt::Display) {
        self.log.push(format!("{} {what}", self.world.clock.now()));
    }

    fn chapter(&mut self) {
        match self.upto(19) {
            0..=5 => self.apply(),
            6..=7 => self.delete(),
            8..=9 => self.edit(),
            10..=12 => self.trouble_the_cloud(),
            13..=14 => self.trouble_the_api_server(),
            15 => self.trouble_the_caches(),
            16..=17 => self.crash(),
            18 => self.use_the_console(),
            _ => self.change_credentials(),
        }
    }

    fn apply(&mut self) {
        let (namespace, name) = self.place();
        if self.world.manifest(namespace, name).is_some() {
            return;
        }
        let mut spec = json!({});
        if self.chance(40) {
            spec["deletionPolicy"] = "Delete".into();
        }
        if self.chance(25) {
            spec["clusterId"] = self.one(&NAMES).into();
        }
        if self.chance(10) {
            spec["management"] = "Observed".into();
            spec["externalId"] = self.one(&NAMES).into();
        }
        if self.chance(20) {
            spec["admin"] = json!({"passwordSecretRef": {"name": "mine"}});
        }
        self.note(format_args!("apply {namespace}/{name} {spec}"));
        self.world.apply(&with(cluster(namespace, name), &spec));
    }

    fn delete(&mut self) {
        let (namespace, name) = self.place();
        if self.world.manifest(namespace, name).is_some() {
            self.note(format_args!("delete {namespace}/{name}"));
            self.world.delete(namespace, name);
        }
    }

    fn edit(&mut self) {
        let (namespace, name) = self.place();
        if self.world.manifest(namespace, name).is_none() {
            return;
        }
        let patch = match self.upto(5) {
            0 => json!({"spec": {"deletionPolicy": "Delete"}}),
            1 => json!({"spec": {"deletionPolicy": "Retain"}}),
            2 => json!({"metadata": {"annotations": {"clusterwright.dev/paused": "true"}}}),
            3 => json!({"metadata": {"annotations": {"clusterwright.dev/paused": null}}}),
            4 => json!({"spec": {"connectionSecret": {"name": format!("way-into-{name}")}}}),
            _ => json!({"spec": {"admin": {"passwordSecretRef": {"name": "mine"}}}}),
        };
        self.note(format_args!("edit {namespace}/{name} {patch}"));
        self.world.edit(namespace, name, &patch);
        if self.chance(30) {
            let password = format!("mine-{}", self.upto(1_000_000));
            self.note(format_args!("new password in {namespace}"));
            self.world.user().apply(&secret_of(namespace, "mine", &json!({"password": password})));
        }
    }

    fn trouble_the_cloud(&mut self) {
        if self.chance(15) {
            let seconds = self.upto(90);
            self.note(format_args!("lists stand still for {seconds} s"));
            return self.world.cloud.freeze_lists(Some(Duration::from_secs(seconds)));
        }
        let millis = self.upto(80_000);
        let html = Some("<html>no</html>".to_owned());
        let status = Status::try_from(*[429, 500, 502, 503, 504].choose(&mut self.random).unwrap()).unwrap();
        let retry_after = self.chance(50).then(|| self.upto(60));
        let kind = match self.upto(5) {
            0 => FaultKind::Latency { millis },
            1 => FaultKind::Answer { status, retry_after, body: None, content_type: None },
            2 => FaultKind::Answer { status, retry_after: None, body: html, content_type: None },
            3 => FaultKind::Truncated,
            _ => FaultKind::Cut,
        };
        let (path, method) = *[
            ("*/deploy", Method::POST),
            ("*/deploy", Method::POST),
            ("*/clusters", Method::GET),
            ("*/clusters/*", Method::GET),
            ("*/clusters/*", Method::DELETE),
            ("/v1/signin", Method::POST),
            ("/v1/users/*", Method::PUT),
            ("/api/v1/auth", Method::POST),
        ]
        .each_ref()
        .choose(&mut self.random)
        .unwrap();
        let times = 1 + u32::try_from(self.upto(3)).unwrap();
        let fault = Fault::new(*path, kind).method(method).times(times);
        let fault = if self.chance(50) { fault.after_effect() } else { fault };
        self.note(format_args!("{fault:?}"));
        self.world.fault(fault);
    }

    fn trouble_the_api_server(&mut self) {
        let kind = self.one(&KINDS);
        let delay = Duration::from_millis(self.upto(25_000));
        let troubles =
            [Trouble::Status(409), Trouble::Status(500), Trouble::Status(503), Trouble::Cut, Trouble::Delay(delay)];
        let trouble = *troubles.choose(&mut self.random).unwrap();
        let requests = if self.chance(70) { Requests::writes() } else { Requests::all() };
        let times = 1 + usize::try_from(self.upto(3)).unwrap();
        let fault = apiserver::Fault::new(requests.of(kind), trouble).times(times);
        let fault = if self.chance(50) { fault.after_effect() } else { fault };
        self.note(format_args!("{fault:?}"));
        self.world.api.inject(fault);
    }

    fn trouble_the_caches(&mut self) {
        let kind = self.one(&KINDS[..3]);
        match self.upto(3) {
            0 => self.world.api.drop_watches(),
            1 => {
                self.world.api.compact();
                self.world.api.drop_watches();
            }
            2 => {
                self.note(format_args!("{kind} freezes"));
                self.world.api.freeze(kind);
            }
            _ => KINDS[..3].iter().for_each(|kind| self.world.api.thaw(kind)),
        }
    }

    fn crash(&mut self) {
        if self.chance(50) {
            self.note("crash");
            return self.world.start();
        }
        // It runs until it dies in the midst of something; the next crash, or the end, has it start again.
        let passes = usize::try_from(self.upto(150)).unwrap();
        self.note(format_args!("crash, and again after {passes} passes"));
        self.world.start_until(Some(passes));
    }

    fn use_the_console(&mut self) {
        let id = self.one(&NAMES);
        let name = in_space(id);
        let there = self.world.clusters().iter().any(|view| view.cluster.id.as_str() == id);
        self.tampered.insert(id.to_owned());
        let done = match (there, self.upto(2)) {
            (false, _) => {
                let Value::Object(fields) = json!({"isFree": false}) else { unreachable!() };
                self.world.cloud.seed(NewCluster { fields, ..NewCluster::new(id) }).map(|_| "made")
            }
            (true, 0) => self.world.cloud.remove(&name).map(|()| "removed"),
            (true, 1) => self.world.cloud.recreate(&name).map(|()| "made again"),
            (true, _) => self.world.cloud.set_password(&name, None, "by-hand".into()).map(|()| "given a password"),
        };
        self.note(format_args!("{id} was {done:?} in the console"));
    }

    fn change_credentials(&mut self) {
        let revoked = self.chance(50);
        self.note(format_args!("credentials revoked: {revoked}"));
        let change =
            CredentialChange { revoked: Some(revoked), expire_tokens: self.chance(50), ..CredentialChange::default() };
        self.world.cloud.change_credential("simulator", change).unwrap();
    }
}
