//! Many nodes and peers in one virtual clock: the promises hold in every history.
//!
//! ```sh
//! SATWIRE_SIM_SEED=17 cargo test --test simulator seeds              # one history again
//! SATWIRE_SIM_SEEDS=1000000 cargo test --release --test simulator campaign -- --ignored --nocapture
//! ```

use std::panic::{self, AssertUnwindSafe};
use std::time::Instant;

use harness::Counting;
use harness::sim::{Manner, Plan, Report, Sim};
use proptest::prelude::*;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Seeds that every run of the tests tries.
const SEEDS: u64 = 40;

fn number(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name}={value} is no number")))
}

fn run_plan(plan: Plan) -> Report {
    Sim::metered(plan, Counting::live).run()
}

/// Runs a seed's plan; a broken promise names the command that repeats it.
fn run(seed: u64) -> Report {
    let report = panic::catch_unwind(AssertUnwindSafe(|| run_plan(Plan::of_seed(seed))));
    report.unwrap_or_else(|_| {
        panic!("repeat it with SATWIRE_SIM_SEED={seed} cargo test --test simulator seeds")
    })
}

#[test]
fn seeds() {
    let seeds = number("SATWIRE_SIM_SEED").map_or(0..SEEDS, |seed| seed..seed + 1);
    let (mut delivered, mut kept, mut pauses) = (0, 0, 0);
    for seed in seeds.clone() {
        let report = run(seed);
        delivered += report.delivered;
        kept += report.kept;
        pauses += report.pauses;
    }
    if seeds.end - seeds.start > 1 {
        assert!(delivered > 100 && kept > 100, "{delivered} names came, {kept} of them had to");
        assert!(pauses > 100, "only {pauses} times bytes had to wait to be read");
    }
}

/// Nobody but two peers that ask and announce: a lot, and for hours. Then each limit is reached, and what
/// is held comes near enough to what may be that it would not stay below without one of them.
#[test]
fn floods() {
    let mut fullest = 0;
    for (seed, flood, seconds) in [(0, 100, 1800), (2, 100, 1800), (0, 6, 3 * 3600)] {
        let (nodes, peers) = (1, vec![Manner::Floods; 2]);
        let report = run_plan(Plan { seed, nodes, peers, flood, seconds, ..Plan::QUIET });
        assert!(report.pauses > 0, "reading never paused");
        fullest = fullest.max(report.fullest);
    }
    assert!(fullest > 300, "only {fullest} thousandths of what may be held");
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
        flood in 1..6_u32,
    ) {
        run_plan(Plan { seed, nodes, peers, txs, cuts, partitions, sleeps, steps: 1, flood, seconds: 1200 });
    }
}

#[test]
#[ignore = "a campaign: as many seeds as SATWIRE_SIM_SEEDS says"]
fn campaign() {
    let seeds = number("SATWIRE_SIM_SEEDS").unwrap_or(1000);
    let first = number("SATWIRE_SIM_SEED").unwrap_or(0);
    let begin = Instant::now();
    let (mut inputs, mut fullest) = (0, 0);
    for seed in first..first + seeds {
        let report = run(seed);
        inputs += report.inputs;
        fullest = fullest.max(report.fullest);
    }
    let taken = begin.elapsed();
    let an_hour = u128::from(seeds) * 3_600_000 / taken.as_millis().max(1);
    println!("{seeds} seeds, {inputs} inputs in {taken:.1?}: {an_hour} seeds an hour");
    println!("at most {fullest} thousandths of what a node may hold");
}
