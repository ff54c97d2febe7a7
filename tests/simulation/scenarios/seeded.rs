//! A seed draws what people ask for, what goes wrong and when the operator dies. At the end the trouble is over, and
//! everything comes to rest where the manifests want it.
//!
//! `CLUSTERWRIGHT_SEED=n cargo test --test simulation seeded` runs one seed alone. The operator's own random numbers
//! (jitter, generated passwords) are not drawn from the seed, so that a rare order of events may take a few runs to
//! come back.

mod end;
mod story;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::world::on_virtual_time;

/// How many seeds each of the threads below runs.
const SEEDS: u64 = 40;

#[test]
fn even_seeds_come_to_rest() {
    run((0..SEEDS).map(|number| number * 2));
}

#[test]
fn odd_seeds_come_to_rest() {
    run((0..SEEDS).map(|number| number * 2 + 1));
}

fn run(seeds: impl Iterator<Item = u64>) {
    let chosen: Option<u64> = std::env::var("CLUSTERWRIGHT_SEED").ok().map(|seed| seed.parse().unwrap());
    let mut failed = Vec::new();
    for seed in seeds.map(|seed| chosen.unwrap_or(seed)) {
        if catch_unwind(AssertUnwindSafe(|| on_virtual_time(story::tell(seed)))).is_err() {
            failed.push(seed);
        }
        if chosen.is_some() {
            break;
        }
    }
    assert!(failed.is_empty(), "failed; run them alone with CLUSTERWRIGHT_SEED=n: {failed:?}");
}
