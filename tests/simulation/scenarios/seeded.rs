//! A seed draws what people ask for, what goes wrong and when the operator dies. At the end the trouble is over, and
//! everything comes to rest where the manifests want it.
//!
//! `CLUSTERWRIGHT_SEED=n cargo test --test simulation seeded` runs one seed alone, in either cloud, and
//! `CLUSTERWRIGHT_SEEDS=n` so many. The operator's own random numbers
//! (jitter, generated passwords) are not drawn from the seed, so that a rare order of events may take a few runs to
//! come back.

mod cratedb;
mod end;
mod story;
mod typedb;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::world::on_virtual_time;

/// How many seeds of each cloud are run where nobody asks for more: what fits into a minute's patience.
const SEEDS: u64 = 12;

#[test]
fn even_seeds_come_to_rest_in_typedb_cloud() {
    run(0, typedb::tell);
}

#[test]
fn odd_seeds_come_to_rest_in_typedb_cloud() {
    run(1, typedb::tell);
}

#[test]
fn even_seeds_come_to_rest_in_cratedb_cloud() {
    run(0, cratedb::tell);
}

#[test]
fn odd_seeds_come_to_rest_in_cratedb_cloud() {
    run(1, cratedb::tell);
}

/// Runs every other seed, or the one that was asked for.
fn run(first: usize, tell: impl AsyncFn(u64)) {
    let asked = |name| std::env::var(name).ok().map(|number| number.parse::<u64>().unwrap());
    let all = 0..asked("CLUSTERWRIGHT_SEEDS").unwrap_or(SEEDS);
    let seeds: Vec<u64> =
        asked("CLUSTERWRIGHT_SEED").map_or_else(|| all.skip(first).step_by(2).collect(), |one| vec![one]);
    let fails = |seed: &u64| catch_unwind(AssertUnwindSafe(|| on_virtual_time(tell(*seed)))).is_err();
    let failed: Vec<u64> = seeds.into_iter().filter(fails).collect();
    assert!(failed.is_empty(), "failed; run them alone with CLUSTERWRIGHT_SEED=n: {failed:?}");
}
