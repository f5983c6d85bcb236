//! The answer to one that asks.

use alloc::collections::BTreeSet;

use super::super::{AddrNetwork, AskedAt, GetAddrCache, MAX_GET_ADDR, MAX_GET_ADDR_PERCENT, Networks};
use super::*;

fn filled(count: u32) -> AddrTable {
    let mut table = table();
    let mut n = 0_u32;
    while table.len() < count as usize {
        n += 1;
        let at = nth_of((n % 199) as u8 + 1, (n / 199 % 250) as u8, n as u16);
        add(&mut table, at, &Source::Addr(at.addr));
    }
    table
}

fn answer(table: &AddrTable, random: u64) -> alloc::vec::Vec<KnownAddress> {
    table.get_addr(MAX_GET_ADDR, MAX_GET_ADDR_PERCENT, Networks::ALL, NOW, random)
}

/// Bitcoin Core `src/test/addrman_tests.cpp` `addrman_getaddr`.
#[test]
fn a3_23_percent_and_at_most_1000_without_terrible_ones() {
    assert_eq!(answer(&table(), 1), []);
    assert_eq!(answer(&filled(4), 1).len(), 0, "23 % of 4, rounded down");
    assert_eq!(answer(&filled(5), 1).len(), 1);
    let mut table = filled(2000);
    let told = answer(&table, 1);
    assert_eq!(told.len(), 460);
    let distinct: BTreeSet<_> = told.iter().map(|told| (told.addr, told.port)).collect();
    assert_eq!(distinct.len(), 460);
    assert_ne!(answer(&table, 2), told, "a random choice");
    assert_eq!(answer(&filled(8000), 1).len(), 1000);

    // Half of them terrible.
    let ids: alloc::vec::Vec<u32> = table.entries.iter().map(|(id, _)| id).collect();
    for id in ids.iter().step_by(2) {
        table.entries.get_mut(*id).unwrap().time = NOW - 31 * DAY;
    }
    let told = answer(&table, 1);
    assert_eq!(told.len(), 460);
    assert!(told.iter().all(|told| told.time == NOW));
    for id in ids {
        table.entries.get_mut(id).unwrap().time = NOW - 31 * DAY;
    }
    assert_eq!(answer(&table, 1), []);
    assert_eq!(table.get_addr(9, 100, Networks::NONE.with(AddrNetwork::Onion), NOW, 1), []);
}

/// Each address is told as often as another.
#[test]
fn a3_a_fair_choice() {
    let table = filled(100);
    let mut counts = BTreeMap::new();
    let mut draw = Draw::new(5);
    for _ in 0..2000 {
        for told in answer(&table, draw.next()) {
            *counts.entry(told.addr).or_insert(0_u32) += 1;
        }
    }
    // 460 expected, five standard deviations are 94.
    assert_eq!(counts.len(), 100);
    assert!(counts.values().all(|count| count.abs_diff(460) < 94), "{counts:?}");
}

/// One answer for 21 to 27 hours to all who ask at one address over one network; others get another.
#[test]
fn a3_the_answer_is_the_same_for_21_hours() {
    let mut table = filled(1000);
    let mut cache = GetAddrCache::default();
    let here = AskedAt { network: AddrNetwork::Ipv4, local: Some("8.8.8.8:8333".parse().unwrap()) };
    let elsewhere = AskedAt { local: Some("9.9.9.9:8333".parse().unwrap()), ..here };
    let by_onion = AskedAt { network: AddrNetwork::Onion, ..here };
    assert!(cache.is_due(here, NOW));
    let first = cache.answer(here, &table, NOW, 1).to_vec();
    assert_eq!(first.len(), 230);
    for n in 0..500 {
        add(&mut table, nth_of(200, n as u8, n), &from("3.3.3.3"));
    }
    for time in [NOW, NOW + HOUR, NOW + 21 * HOUR] {
        assert!(!cache.is_due(here, time));
        assert_eq!(cache.answer(here, &table, time, u64::from(time)), first);
    }
    for other in [elsewhere, by_onion] {
        assert!(cache.is_due(other, NOW));
        assert_ne!(cache.answer(other, &table, NOW, 2), first);
    }
    assert!(cache.is_due(here, NOW + 27 * HOUR + 1));
    let later = cache.answer(here, &table, NOW + 27 * HOUR + 1, 9).to_vec();
    assert!(later != first && later.len() > 230);
    assert!(cache.is_due(here, NOW), "the clock was set back: it would be given out for days");
}

#[test]
fn a3_the_time_of_an_answer_is_21_to_27_hours() {
    let table = filled(10);
    for random in 0..200 {
        let mut cache = GetAddrCache::default();
        let asked = AskedAt { network: AddrNetwork::Ipv4, local: None };
        cache.answer(asked, &table, NOW, random);
        assert!(!cache.is_due(asked, NOW + 21 * HOUR) && cache.is_due(asked, NOW + 27 * HOUR), "{random}");
    }
}

#[test]
fn a3_answers_that_are_kept_are_bounded() {
    let table = filled(100);
    let mut cache = GetAddrCache::default();
    for port in 0..1000 {
        let local = Some(([127, 0, 0, 1], port).into());
        cache.answer(AskedAt { network: AddrNetwork::Ipv4, local }, &table, NOW, port.into());
    }
    let is_kept = |port: &u16| {
        let local = Some(([127, 0, 0, 1], *port).into());
        !cache.is_due(AskedAt { network: AddrNetwork::Ipv4, local }, NOW)
    };
    assert_eq!((0..1000).filter(is_kept).count(), 32);
}
