//! Draws: how often each address is returned, and that each draw ends.

use alloc::vec::Vec;

use super::super::entry::CERTAIN;
use super::super::{AddrNetwork, Networks};
use super::*;

fn draws(table: &AddrTable, new_only: bool, count: u32) -> BTreeMap<AddrPort, u32> {
    let mut drawn = BTreeMap::new();
    let mut seeds = Draw::new(11);
    for _ in 0..count {
        let info = table.select(new_only, Networks::ALL, NOW, seeds.next()).expect("there is one");
        *drawn.entry(info.addr).or_insert(0) += 1;
    }
    drawn
}

/// Whether a count of a binomial distribution lies within five standard deviations.
fn is_likely(count: u32, draws: u32, chance: f64) -> bool {
    let (n, expected) = (f64::from(draws), f64::from(draws) * chance);
    (f64::from(count) - expected).abs() < 5.0 * (n * chance * (1.0 - chance)).sqrt()
}

/// Bitcoin Core `src/test/addrman_tests.cpp` `addrman_select`.
#[test]
fn d3_one_address_is_found_wherever_it_stands() {
    let mut table = table();
    assert_eq!(table.select(false, Networks::ALL, NOW, 1), None);
    add(&mut table, at("250.1.1.1"), &from("252.2.2.2"));
    for random in 0..100 {
        assert_eq!(table.select(true, Networks::ALL, NOW, random).unwrap().addr, at("250.1.1.1"));
        assert_eq!(table.select(false, Networks::ALL, NOW, random).unwrap().addr, at("250.1.1.1"));
    }
    table.good(&at("250.1.1.1"), NOW);
    assert_eq!(table.select(true, Networks::ALL, NOW, 1), None);
    assert_eq!(table.select(false, Networks::ALL, NOW, 1).unwrap().addr, at("250.1.1.1"));
}

/// One tried address is drawn as often as all new ones together, and in a table each bucket as often as another.
#[test]
fn d3_frequencies() {
    let mut table = table();
    let count = 20_000;
    let tried = at("8.8.8.8");
    add(&mut table, tried, &from("8.8.4.4"));
    table.good(&tried, NOW - DAY);
    // Each in a bucket of its own.
    let mut groups = (1..200).filter(|n| {
        let (at, source) = (nth_of(*n, 1, 1), Source::Addr(nth_of(*n, 1, 1).addr));
        table.new.bucket(table.new_place(&at, &source).bucket).count() == 0 && add(&mut table, at, &source)
    });
    let groups: Vec<u8> = groups.by_ref().take(20).collect();
    let drawn = draws(&table, false, count);
    assert!(is_likely(drawn[&tried], count, 0.5), "{}", drawn[&tried]);
    for n in groups {
        let times = drawn[&nth_of(n, 1, 1)];
        assert!(is_likely(times, count, 0.5 / 20.0), "{n}: {times}");
    }
}

/// The chance of one that failed or was tried lately is lower, as Bitcoin Core's: each miss raises both by a fifth.
#[test]
fn d3_frequencies_of_those_that_failed() {
    let mut table = table();
    let ats = [at("8.8.8.8"), at("9.9.9.9")];
    add(&mut table, ats[0], &from("1.1.1.1"));
    add(&mut table, ats[1], &from("2.2.2.2"));
    assert_eq!(table.new.filled(Networks::ALL).count(), 2);
    let count = 6000;
    let (lately, before) = (NOW - 5, NOW - HOUR);
    for [first, second] in [
        [(0, before), (0, lately)],
        [(0, before), (1, before)],
        [(0, before), (4, before)],
        [(0, lately), (4, lately)],
        [(2, lately), (200, lately)],
    ] {
        for (at, (attempts, last_try)) in ats.iter().zip([first, second]) {
            let id = table.entries.find(at).unwrap();
            let entry = table.entries.get_mut(id).unwrap();
            (entry.attempts, entry.last_try) = (attempts, last_try);
        }
        let chances = ats.map(|at| {
            let id = table.entries.find(&at).unwrap();
            f64::from(table.entries.get(id).unwrap().chance(NOW)) / f64::from(CERTAIN)
        });
        // The sum over the misses before: each draw is of one or the other with the same chance.
        let (mut reached, mut taken, mut factor) = (1.0, 0.0, 1.0_f64);
        while reached > 1e-12 {
            let accepted = chances.map(|chance| (chance * factor).min(1.0) / 2.0);
            taken += reached * accepted[1];
            reached *= 1.0 - accepted[0] - accepted[1];
            factor *= 1.2;
        }
        let times = draws(&table, true, count).get(&ats[1]).copied().unwrap_or(0);
        assert!(is_likely(times, count, taken), "{second:?}: {times} of {count}, chance {taken}");
    }
}

/// The first from a random start on: one after a long gap is drawn more often, as in Bitcoin Core.
#[test]
fn d3_the_next_from_a_random_position_on() {
    let mut table = table();
    let source = from("252.2.2.2");
    let (a, b) = (nth_of(250, 1, 1), nth_of(250, 1, 2));
    assert!(add(&mut table, a, &source) && add(&mut table, b, &source));
    let [first, second] = [a, b].map(|at| table.new_place(&at, &source));
    assert_eq!(first.bucket, second.bucket);
    let gap = (second.position + 64 - first.position) % 64;
    let count = 20_000;
    let drawn = draws(&table, true, count);
    assert!(is_likely(drawn[&b], count, f64::from(gap) / 64.0), "{} after a gap of {gap}", drawn[&b]);
}

/// Bitcoin Core `src/test/addrman_tests.cpp` `addrman_select_by_network`.
#[test]
fn d3_by_network() {
    let mut table = table();
    let source = from("252.2.2.2");
    let onion = at("pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion");
    for n in 0..300 {
        add(&mut table, nth_of(250, 1, n), &source);
    }
    add(&mut table, onion, &source);
    let only = |network| Networks::NONE.with(network);
    for random in 0..200 {
        let drawn = table.select(false, only(AddrNetwork::Onion), NOW, random).unwrap();
        assert_eq!(drawn.addr, onion);
        let drawn = table.select(false, Networks::INTERNET, NOW, random).unwrap();
        assert_ne!(drawn.addr, onion);
        assert_eq!(table.select(false, only(AddrNetwork::I2p), NOW, random), None);
        assert_eq!(table.select(false, Networks::NONE, NOW, random), None);
    }
    table.good(&onion, NOW);
    assert_eq!(table.select(true, only(AddrNetwork::Onion), NOW, 1), None, "it is not new any more");
    assert!(table.select(false, only(AddrNetwork::Onion), NOW, 1).is_some());
}

/// Any table, also of those that failed a hundred times and were tried just now, any word: an answer.
#[test]
fn d3_any_table_gives_an_answer() {
    for seed in 0..200 {
        let mut draw = Draw::new(seed);
        let mut table = table();
        for _ in 0..draw.below(60) {
            let at = nth_of(draw.below(200) as u8 + 1, draw.below(3) as u8, draw.below(9) as u16);
            add(&mut table, at, &Source::Addr(nth_of(draw.below(3) as u8 + 1, 1, 1).addr));
            if draw.below(3) == 0 {
                table.good(&at, NOW - draw.below(2));
            }
            if let Some(entry) = table.entries.find(&at).and_then(|id| table.entries.get_mut(id)) {
                entry.attempts = 100;
                entry.last_try = NOW;
            }
        }
        check(&table);
        for random in [0, 1, u64::MAX, draw.next(), draw.next()] {
            let drawn = table.select(false, Networks::ALL, NOW, random);
            assert_eq!(drawn.is_some(), !table.is_empty(), "table {seed}, word {random}");
        }
    }
}
