//! What every seed's story has in common, whichever cloud it is about.

use std::collections::BTreeSet;
use std::time::Duration;

use clusterwright::simulator::{Fault, FaultKind, Status};
use http::Method;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::Value;

use crate::apiserver::{self, Requests, Trouble};
use crate::world::World;
use crate::world::manifests::HERE;

/// The second namespace.
pub(super) const THERE: &str = "elsewhere";
/// Names of manifests, and of clusters: few enough to get into each other's way.
pub(super) const NAMES: [&str; 4] = ["alpha", "beta", "gamma", "delta"];

/// How much happens.
const CHAPTERS: usize = 24;

/// One seed's story so far.
pub(super) struct Story {
    pub(super) seed: u64,
    pub(super) world: World,
    random: StdRng,
    /// The clusters at which somebody has been busy in the console, by their names.
    pub(super) tampered: BTreeSet<String>,
    pub(super) log: Vec<String>,
}

impl Story {
    /// A story of a seed in the world that `made` draws. The operator is at work.
    pub(super) fn of(seed: u64, made: impl FnOnce(&mut StdRng) -> World) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let mut world = made(&mut random);
        world.user().create_namespace(THERE);
        world.open_account(THERE);
        world.start();
        Self { seed, world, random, tampered: BTreeSet::new(), log: Vec::new() }
    }

    /// Lets everything happen.
    pub(super) async fn go_on(&mut self, chapter: fn(&mut Self)) {
        for _ in 0..CHAPTERS {
            chapter(self);
            let seconds = self.upto(120);
            self.world.pass(seconds).await;
        }
    }

    pub(super) fn upto(&mut self, most: u64) -> u64 {
        self.random.random_range(0..=most)
    }

    pub(super) fn one<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> &'a T {
        choices.choose(&mut self.random).unwrap()
    }

    pub(super) fn chance(&mut self, percent: u32) -> bool {
        self.random.random_range(0..100) < percent
    }

    /// Where a manifest is, or is to be.
    pub(super) fn place(&mut self) -> (&'static str, &'static str) {
        (self.one(&[HERE, HERE, THERE]), self.one(&NAMES))
    }

    /// Where a manifest is; anywhere, where there is none.
    pub(super) fn inhabited_place(&mut self) -> (&'static str, &'static str) {
        let everywhere = [HERE, THERE].into_iter().flat_map(|namespace| NAMES.map(|name| (namespace, name)));
        let inhabited: Vec<_> =
            everywhere.filter(|(namespace, name)| self.world.manifest(namespace, name).is_some()).collect();
        inhabited.choose(&mut self.random).copied().unwrap_or((HERE, NAMES[0]))
    }

    pub(super) fn note(&mut self, what: impl std::fmt::Display) {
        self.log.push(format!("{} {what}", self.world.clock.now()));
    }

    /// The kinds of what the operator reads and writes.
    fn kinds(&self) -> [&'static str; 4] {
        ["Secret", self.world.kind(), "CloudAccount", "Event"]
    }

    pub(super) fn apply(&mut self, manifest: &Value) {
        let (namespace, name) = (&manifest["metadata"]["namespace"], &manifest["metadata"]["name"]);
        self.note(format_args!("apply {namespace}/{name} {}", manifest["spec"]));
        self.world.apply(manifest);
    }

    pub(super) fn edit(&mut self, namespace: &str, name: &str, patch: &Value) {
        self.note(format_args!("edit {namespace}/{name} {patch}"));
        self.world.edit(namespace, name, patch);
    }

    pub(super) fn delete(&mut self, (namespace, name): (&str, &str)) {
        if self.world.manifest(namespace, name).is_some() {
            self.note(format_args!("delete {namespace}/{name}"));
            self.world.delete(namespace, name);
        }
    }

    /// Something goes wrong with one of these requests to the cloud.
    pub(super) fn trouble_the_cloud(&mut self, requests: &[(&'static str, Method)]) {
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
        let (path, method) = requests.choose(&mut self.random).unwrap();
        let times = 1 + u32::try_from(self.upto(3)).unwrap();
        let fault = Fault::new(*path, kind).method(method).times(times);
        let fault = if self.chance(50) { fault.after_effect() } else { fault };
        self.note(format_args!("{fault:?}"));
        self.world.fault(fault);
    }

    pub(super) fn trouble_the_api_server(&mut self) {
        let kind = self.one(&self.kinds());
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

    pub(super) fn trouble_the_caches(&mut self) {
        let kind = self.one(&self.kinds()[..3]);
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
            _ => self.kinds()[..3].iter().for_each(|kind| self.world.api.thaw(kind)),
        }
    }

    pub(super) fn crash(&mut self) {
        if self.chance(50) {
            self.note("crash");
            return self.world.start();
        }
        // It runs until it dies in the midst of something; the next crash, or the end, has it start again.
        let passes = usize::try_from(self.upto(150)).unwrap();
        self.note(format_args!("crash, and again after {passes} passes"));
        self.world.start_until(Some(passes));
    }
}
