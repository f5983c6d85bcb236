//! The ration of addresses that a peer has.

use alloc::vec::Vec;
use core::time::Duration;

use super::super::{AddrTokens, may_know_addresses};
use super::*;
use crate::Instant;

fn admitted(tokens: &mut AddrTokens, now: Instant, count: u32) -> usize {
    let mut entries: Vec<u32> = (0..count).collect();
    let dropped = tokens.admit(now, &mut entries, 7);
    assert_eq!(entries.len() + dropped, count as usize);
    entries.len()
}

fn after(seconds: u64) -> Instant {
    Instant::ZERO + Duration::from_secs(seconds)
}

/// Bitcoin Core `p2p_addr_relay` `rate_limit_tests`.
#[test]
fn a1_one_at_first_then_one_in_ten_seconds() {
    let mut tokens = AddrTokens::new(Instant::ZERO);
    assert_eq!(admitted(&mut tokens, Instant::ZERO, 600), 1);
    assert_eq!(admitted(&mut tokens, after(9), 600), 0);
    assert_eq!(admitted(&mut tokens, after(10), 600), 1);
    assert_eq!(admitted(&mut tokens, after(110), 600), 10, "100 s are 10 more");
    assert_eq!(admitted(&mut tokens, after(114), 600), 0);
    assert_eq!(admitted(&mut tokens, after(120), 600), 1, "nothing of it is lost");
    // Time that goes back brings nothing.
    assert_eq!(admitted(&mut tokens, after(100), 600), 0);
    assert_eq!(admitted(&mut tokens, after(129), 600), 0);
}

#[test]
fn a1_at_most_1000_by_waiting_and_1000_more_by_getaddr() {
    let mut tokens = AddrTokens::new(Instant::ZERO);
    tokens.get_addr_sent();
    assert_eq!(admitted(&mut tokens, Instant::ZERO, 2000), 1001);
    assert_eq!(admitted(&mut tokens, after(1_000_000), 2000), 1000);
    tokens.get_addr_sent();
    assert_eq!(admitted(&mut tokens, after(1_000_000), 10), 10);
    assert_eq!(admitted(&mut tokens, after(2_000_000), 5000), 1000);
    assert_eq!(admitted(&mut tokens, Instant::MAX, 5000), 1000);
    // Tokens from getaddr come above those from waiting, and stay.
    let mut tokens = AddrTokens::new(Instant::ZERO);
    assert_eq!(admitted(&mut tokens, after(20_000), 0), 0);
    tokens.get_addr_sent();
    assert_eq!(admitted(&mut tokens, after(40_000), 5000), 2000);
    for _ in 0..100 {
        tokens.get_addr_sent();
    }
    assert_eq!(admitted(&mut tokens, after(40_000), 1000), 1000);
}

/// Of too many a random choice is taken, in which each place of the message has the same chance.
#[test]
fn a1_no_place_in_the_message_is_better() {
    let mut counts = [0_u32; 20];
    for random in 0..10_000 {
        let mut tokens = AddrTokens::new(Instant::ZERO);
        let mut entries: Vec<usize> = (0..20).collect();
        assert_eq!(tokens.admit(Instant::ZERO, &mut entries, random), 19);
        counts[entries[0]] += 1;
    }
    assert!(counts.iter().all(|count| count.abs_diff(500) < 110), "{counts:?}");
}

/// A flood of junk: what is taken of it is bounded by time, and each address that is taken costs a few hashes.
#[test]
fn d20_a_flood_of_addresses() {
    let mut table = table();
    let mut tokens = AddrTokens::new(Instant::ZERO);
    tokens.get_addr_sent();
    let mut draw = Draw::new(9);
    let mut taken = 0;
    // A thousand full messages in ten seconds.
    for message in 0..1000_u64 {
        let now = Instant::ZERO + Duration::from_millis(10 * message);
        let mut entries: Vec<KnownAddress> =
            (0..1000_u16).map(|n| told(nth_of(draw.below(200) as u8 + 1, n as u8, message as u16))).collect();
        tokens.admit(now, &mut entries, draw.next());
        taken += entries.len();
        for entry in entries {
            table.add(&entry, &from("3.3.3.3"), AddrTable::GOSSIP_PENALTY, NOW, draw.next());
        }
    }
    assert_eq!(taken, 1001);
    assert!(table.len() <= 1001);
    check(&table);
}

#[test]
fn nodes_that_serve_blocks_know_addresses() {
    assert!(may_know_addresses(Services::NETWORK) && may_know_addresses(Services::NETWORK_LIMITED));
    assert!(!may_know_addresses(Services::NONE) && !may_know_addresses(Services::WITNESS | Services::P2P_V2));
}
