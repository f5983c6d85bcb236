//! Many nodes and peers in one virtual clock: the promises hold in every history.
//!
//! ```sh
//! SATWIRE_SIM_SEED=17 cargo test --test simulator seeds              # one history again
//! SATWIRE_SIM_SEEDS=1000000 cargo test --release --test simulator campaign -- --ignored --nocapture
//! ```

use std::panic::{self, AssertUnwindSafe};
use std::time::Instant;

use harness::sim::{Manner, Plan, Sim};
use proptest::prelude::*;

/// Seeds that every run of the tests tries.
const SEEDS: u64 = 40;

fn number(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name}={value} is no number")))
}

/// Runs a seed's plan; a broken promise names the command that repeats it.
fn run(seed: u64) -> harness::sim::Report {
    let report = panic::catch_unwind(AssertUnwindSafe(|| Sim::new(Plan::of_seed(seed)).run()));
    report.unwrap_or_else(|_| {
        panic!("repeat it with SATWIRE_SIM_SEED={seed} cargo test --test simulator seeds")
    })
}

#[test]
fn seeds() {
    let seeds = number("SATWIRE_SIM_SEED").map_or(0..SEEDS, |seed| seed..seed + 1);
    let (mut delivered, mut kept) = (0, 0);
    for seed in seeds.clone() {
        let report = run(seed);
        delivered += report.delivered;
        kept += report.kept;
    }
    if seeds.end - seeds.start > 1 {
        assert!(delivered > 100 && kept > 100, "{delivered} names came, {kept} of them had to");
    }
}

#[test]
fn the_same_seed_gives_the_same_history() {
    for seed in 0..8 {
        assert_eq!(run(seed), run(seed), "seed {seed}");
    }
    assert_ne!(run(1).digest, run(2).digest);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// As `seeds`, with plans that shrink to the smallest that breaks a promise.
    #[test]
    fn plans(
        seed in any::<u64>(),
        nodes in 1..4_u64,
        peers in proptest::collection::vec(proptest::sample::select(&Manner::ALL[..]), 1..8),
        txs in 0..40_u32,
        cuts in 0..6_u32,
        partitions in 0..4_u32,
        sleeps in 0..2_u32,
    ) {
        Sim::new(Plan { seed, nodes, peers, txs, cuts, partitions, sleeps, steps: 1, seconds: 1200 }).run();
    }
}

#[test]
#[ignore = "a campaign: as many seeds as SATWIRE_SIM_SEEDS says"]
fn campaign() {
    let seeds = number("SATWIRE_SIM_SEEDS").unwrap_or(1000);
    let first = number("SATWIRE_SIM_SEED").unwrap_or(0);
    let begin = Instant::now();
    let inputs: u64 = (first..first + seeds).map(|seed| run(seed).inputs).sum();
    let taken = begin.elapsed();
    let an_hour = u128::from(seeds) * 3_600_000 / taken.as_millis().max(1);
    println!("{seeds} seeds, {inputs} inputs in {taken:.1?}: {an_hour} seeds an hour");
}
