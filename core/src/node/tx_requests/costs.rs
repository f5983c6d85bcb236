//! Tests of the cost: steps and memory.

use super::tests::{announce, deliver, failed, requests, tracker};
use super::*;

/// Bytes for each (hash, peer), at most: its record with a quarter of room to grow, its places in the table and in
/// the order of ranks.
const BYTES_PER_ENTRY: usize = size_of::<Entry>() * 5 / 4 + IN_TABLE + 40;

/// Bytes for each hash in addition, at most.
const BYTES_PER_TX: usize = size_of::<super::store::Tx>() * 5 / 4 + IN_TABLE;

/// An index and a tag, in a table that is at least 7/16 full; and an index in the list of free places.
const IN_TABLE: usize = 5 * 16 / 7 + 1 + 8;

/// Work that took seconds to minutes with lists: a million steps here are as many, not their square.
#[test]
fn many_announcers_cost_no_more_than_their_number() {
    const PEERS: u64 = 50_000;
    let mut tracker = tracker();
    for _ in 0..3 {
        for conn in 0..PEERS {
            announce(&mut tracker, 0, 2 * conn, 1);
        }
    }
    requests(&mut tracker, 2000);
    for conn in 0..PEERS {
        failed(&mut tracker, 2 * conn, 1);
        requests(&mut tracker, 2000);
    }
    assert_eq!(tracker.store.entries.len(), 0);
    // All of them gone at once, each with what was asked of it.
    for conn in 0..PEERS {
        announce(&mut tracker, 0, 2 * conn, 1);
        announce(&mut tracker, 0, 2 * conn, 2);
    }
    for conn in 0..PEERS {
        tracker.disconnected(ConnId(2 * conn));
        requests(&mut tracker, 2000);
    }
    assert_eq!((tracker.store.entries.len(), tracker.ranked.len()), (0, 0));
}

/// Memory: no more than stated, in the worst mix of states, and given back.
#[test]
fn memory_is_bounded_and_given_back() {
    const HASHES: u32 = 200;
    const PEERS: u64 = 600;
    const { assert!(BYTES_PER_ENTRY <= 150 && BYTES_PER_TX <= 150) };
    let bound = |tracker: &TxRequests| {
        let places = tracker.store.entries.len() * BYTES_PER_ENTRY + tracker.store.txs.len() * BYTES_PER_TX;
        places + PEERS as usize * 64 + 4096
    };
    let bytes = |tracker: &TxRequests| tracker.store.bytes() + tracker.ranked.len() * 40;
    let mut tracker = tracker();
    for conn in 0..PEERS {
        for n in 0..HASHES {
            announce(&mut tracker, 0, 2 * conn, n);
        }
        assert!(bytes(&tracker) <= bound(&tracker), "{} > {}", bytes(&tracker), bound(&tracker));
    }
    // Everybody but one has been passed over.
    requests(&mut tracker, 2000);
    for n in 0..HASHES {
        failed(&mut tracker, 0, n);
    }
    requests(&mut tracker, 60_000);
    assert!(tracker.ranked.len() as u64 >= 100 * (PEERS - 2), "{}", tracker.ranked.len());
    assert!(bytes(&tracker) <= bound(&tracker), "{} > {}", bytes(&tracker), bound(&tracker));
    let peak = bytes(&tracker);
    // One transaction that never comes does not keep the memory of the others.
    for n in 1..HASHES {
        deliver(&mut tracker, n);
    }
    assert!(bytes(&tracker) * 20 < peak, "{} of {peak}", bytes(&tracker));
    for conn in 0..PEERS {
        tracker.disconnected(ConnId(2 * conn));
    }
    assert_eq!(tracker.store.entries.len(), 0);
    // One peer may take its 5000 and no more.
    let one_peer = 5000 * (BYTES_PER_ENTRY + BYTES_PER_TX);
    assert!(one_peer < 1_450_000, "{one_peer}");
}
