//! The rules of Bitcoin Core's address manager, and ours, each with its id where it has one.

extern crate std;

mod asmap;
mod buckets;
mod collisions;
mod dialling;
mod discovery;
mod get_addr;
mod groups;
mod history;
mod model;
mod receipt;
mod saved;
mod seeding;
mod select;
mod world;

use alloc::collections::BTreeMap;
use alloc::format;
use core::net::Ipv4Addr;

use super::buckets::{NEW_BUCKETS, TRIED_BUCKETS};
use super::{AddrPort, AddrTable, Counts, Draw, NetGroups, NetworkCounts, Source};
use crate::wire::{AddrV2, KnownAddress, Services};

const NOW: u32 = 1_795_363_088;
const MINUTE: u32 = 60;
const HOUR: u32 = 60 * MINUTE;
const DAY: u32 = 24 * HOUR;

const KEY: [u64; 2] = [0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7344];
const FULL_NODE: Services = Services(1 | 1 << 3);

fn table() -> AddrTable {
    AddrTable::new(KEY, NetGroups::default())
}

fn addr(text: &str) -> AddrV2 {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn at(text: &str) -> AddrPort {
    AddrPort { addr: addr(text), port: 8333 }
}

fn from(text: &str) -> Source {
    Source::Addr(addr(text))
}

/// The nth address of a /16.
fn nth_of(first: u8, second: u8, n: u16) -> AddrPort {
    let [c, d] = n.to_be_bytes();
    AddrPort { addr: AddrV2::Ipv4(Ipv4Addr::new(first, second, c, d)), port: 8333 }
}

/// An address as a peer tells it, seen at a time.
fn told_at(at: AddrPort, time: u32) -> KnownAddress {
    KnownAddress { time, services: FULL_NODE, addr: at.addr, port: at.port }
}

fn told(at: AddrPort) -> KnownAddress {
    told_at(at, NOW)
}

/// Adds an address that a source tells of, without a penalty.
fn add(table: &mut AddrTable, at: AddrPort, source: &Source) -> bool {
    table.add(&told(at), source, 0, NOW, 0)
}

/// Panics if the table does not agree with itself (Bitcoin Core `src/addrman.cpp` `CheckAddrman`).
fn check(table: &AddrTable) {
    let mut counts = NetworkCounts::default();
    let mut places = BTreeMap::new();
    for bucket in 0..NEW_BUCKETS {
        for (place, id) in table.new.bucket(bucket) {
            *places.entry(id).or_insert(0_u8) += 1;
            let entry = table.entries.get(id).unwrap_or_else(|| panic!("{place:?} has no entry"));
            assert!(!entry.is_tried, "{} is in both tables", entry.addr);
            assert_eq!(table.new_place_in(bucket, &entry.addr), place, "{}", entry.addr);
        }
    }
    let mut tried = 0;
    for bucket in 0..TRIED_BUCKETS {
        for (place, id) in table.tried.bucket(bucket) {
            tried += 1;
            let entry = table.entries.get(id).unwrap_or_else(|| panic!("{place:?} has no entry"));
            assert!(entry.is_tried && entry.last_success != 0, "{}", entry.addr);
            assert_eq!(table.tried_place(&entry.addr), place, "{}", entry.addr);
        }
    }
    let mut numbers = 0;
    for (id, entry) in table.entries.iter() {
        numbers += 1;
        assert_eq!(table.entries.find(&entry.addr), Some(id), "{}", entry.addr);
        let Counts { new, tried } = counts.of_mut(entry.network());
        if entry.is_tried {
            *tried += 1;
            assert_eq!(entry.places, 0, "{}", entry.addr);
        } else {
            *new += 1;
            assert!((1..=8).contains(&entry.places), "{}", entry.addr);
            assert_eq!(places.get(&id), Some(&entry.places), "{}", entry.addr);
        }
    }
    assert_eq!(numbers, table.len());
    assert_eq!(tried, counts.total().tried);
    assert_eq!(counts, table.counts, "counts by network");
    assert!(table.collisions.len() <= 10, "{} collisions", table.collisions.len());
    for id in &table.collisions {
        assert!(table.entries.get(*id).is_some_and(|entry| !entry.is_tried), "collision {id}");
    }
}

/// A name for a message: the seed of what is drawn.
fn seed(n: u64) -> alloc::string::String {
    format!("seed {n}")
}

#[test]
fn numbers_below_a_range_are_spread_over_it() {
    let mut draw = Draw::new(7);
    let mut seen = [0; 10];
    for _ in 0..10_000 {
        seen[draw.below(10) as usize] += 1;
    }
    assert!(seen.iter().all(|count| (850..1150).contains(count)), "{seen:?}");
    assert_eq!(draw.below(0), 0);
    assert_eq!(draw.below(1), 0);
}
