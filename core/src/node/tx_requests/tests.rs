//! Each rule by itself.

use alloc::vec;
use alloc::vec::Vec;

use super::super::recent_ids::IdHash;
use super::super::seen::{BodyFrom, Seen};
use super::*;

pub(super) const HASH: IdHash =
    IdHash::new([0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7344, 0xa409_3822_299f_31d0, 0x082e_fa98_ec4e_6c89]);

pub(super) fn hash(n: u32) -> Hash {
    let mut hash = [7; 32];
    hash[..4].copy_from_slice(&n.to_le_bytes());
    Hash(hash)
}

fn with_key(rank_key: [u64; 2]) -> TxRequests {
    TxRequests::new(rank_key, Seen::new(HASH, 50_000, 5000, 5000), 5000)
}

pub(super) fn tracker() -> TxRequests {
    with_key([3, 5])
}

/// Peers that we dialled have the connections below 1000, those that announce by txid the odd ones.
pub(super) fn from(millis: u64, conn: u64) -> Announcer {
    let first = FirstAnnouncement { at: at(millis), conn: ConnId(conn), ..FirstAnnouncement::default() };
    Announcer { first, preferred: conn < 1000, by_txid: conn % 2 == 1, overloaded: false }
}

pub(super) fn at(millis: u64) -> Instant {
    Instant::from_micros(1000 * millis)
}

/// While there are peers that announce by wtxid.
pub(super) fn announce(tracker: &mut TxRequests, millis: u64, conn: u64, n: u32) -> Outcome {
    let overloaded = tracker.in_flight(ConnId(conn)) >= OVERLOADED;
    announced(tracker, Announcer { overloaded, ..from(millis, conn) }, n, true).outcome
}

fn announced(tracker: &mut TxRequests, from: Announcer, n: u32, wtxid_peers: bool) -> Announced {
    let announcing = tracker.begin(&from, wtxid_peers);
    tracker.announced(&announcing, HASH.keyed(&hash(n)))
}

pub(super) fn requests(tracker: &mut TxRequests, millis: u64) -> Vec<(u64, u32)> {
    let number = |hash: Hash| u32::from_le_bytes(*hash.0.first_chunk().expect("32 bytes"));
    tracker.take_requests(at(millis)).into_iter().map(|(conn, hash)| (conn.0, number(hash))).collect()
}

pub(super) fn failed(tracker: &mut TxRequests, conn: u64, n: u32) -> bool {
    tracker.failed(ConnId(conn), HASH.keyed(&hash(n)))
}

/// A legacy transaction comes from one that we dialled.
pub(super) fn deliver(tracker: &mut TxRequests, n: u32) {
    assert!(tracker.received(HASH.keyed(&hash(n)), HASH.keyed(&hash(n)), BodyFrom::AskedPreferred), "new");
}

#[test]
fn t1_every_announcer_is_asked_once_until_one_delivers() {
    let mut tracker = tracker();
    assert_eq!(announce(&mut tracker, 0, 2, 1), Outcome::Requested);
    for conn in [4, 6, 8] {
        assert_eq!(announce(&mut tracker, 1, conn, 1), Outcome::Candidate);
    }
    let mut asked = vec![2];
    for _ in 0..3 {
        assert_eq!(requests(&mut tracker, 2), []);
        let holder = asked[asked.len() - 1];
        assert!(!failed(&mut tracker, holder, 1));
        // A peer that has failed gains nothing by announcing it again.
        assert_eq!(announce(&mut tracker, 2, holder, 1), Outcome::Repeated);
        let next = requests(&mut tracker, 2);
        assert_eq!(next.len(), 1);
        asked.push(next[0].0);
    }
    let last = asked[3];
    asked.sort_unstable();
    assert_eq!(asked, [2, 4, 6, 8]);
    // When only those are left that have failed, all are forgotten and may announce again.
    assert!(failed(&mut tracker, last, 1));
    assert_eq!((tracker.store.entries.len(), tracker.store.txs.len()), (0, 0));
    assert_eq!(announce(&mut tracker, 3, last, 1), Outcome::Requested);
}

#[test]
fn t2_the_next_is_asked_when_one_fails_or_is_gone() {
    let mut tracker = tracker();
    for conn in [2, 4, 6] {
        announce(&mut tracker, 0, conn, 1);
    }
    failed(&mut tracker, 2, 1);
    let [(second, 1)] = requests(&mut tracker, 60_000)[..] else { panic!("one request") };
    tracker.disconnected(ConnId(second));
    assert_eq!(requests(&mut tracker, 60_000), [(10 - second, 1)]);
    tracker.disconnected(ConnId(10 - second));
    // Only the one that has failed is left: forgotten.
    assert_eq!(tracker.store.txs.len(), 0);
    assert_eq!(announce(&mut tracker, 60_000, 2, 1), Outcome::Requested);
}

#[test]
fn t3_preferred_peers_go_before_others_whoever_announced_first() {
    let mut tracker = tracker();
    for conn in (1000..1020).step_by(2) {
        assert_eq!(announce(&mut tracker, 0, conn, 1), Outcome::Candidate);
    }
    assert_eq!(announce(&mut tracker, 1, 2, 1), Outcome::Requested);
    assert_eq!(announce(&mut tracker, 1, 4, 1), Outcome::Candidate);
    failed(&mut tracker, 2, 1);
    assert_eq!(requests(&mut tracker, 60_000), [(4, 1)]);
    failed(&mut tracker, 4, 1);
    assert!(matches!(requests(&mut tracker, 120_000)[..], [(1000.., 1)]));
}

/// Twenty that announce first and never deliver cost nothing while one that we dialled delivers.
#[test]
fn the_first_announcer_cannot_hold_a_transaction_back() {
    let mut tracker = tracker();
    for n in 0..100 {
        for conn in (1000..1040).step_by(2) {
            assert_eq!(announce(&mut tracker, 0, conn, n), Outcome::Candidate);
        }
        assert_eq!(announce(&mut tracker, 1, 2, n), Outcome::Requested, "{n}");
        deliver(&mut tracker, n);
    }
    assert_eq!(requests(&mut tracker, 10_000), []);
}

#[test]
fn t4_delays_add_up() {
    // A dialled wtxid peer, a dialled txid peer, one that dialled us, and one that did with a txid.
    for (conn, delay) in [(2, 0), (1, 2000), (1000, 2000), (1001, 4000)] {
        let mut tracker = tracker();
        let outcome = announce(&mut tracker, 5, conn, 1);
        if delay == 0 {
            assert_eq!((outcome, tracker.poll_timeout()), (Outcome::Requested, None));
            continue;
        }
        assert_eq!(outcome, Outcome::Candidate);
        assert_eq!(tracker.poll_timeout(), Some(at(5 + delay)));
        assert_eq!(requests(&mut tracker, 4 + delay), []);
        assert_eq!(requests(&mut tracker, 5 + delay), [(conn, 1)]);
        assert_eq!(tracker.poll_timeout(), None);
    }
    // Without peers that announce by wtxid a txid waits for nobody.
    let mut tracker = tracker();
    assert_eq!(announced(&mut tracker, from(0, 1), 1, false).outcome, Outcome::Requested);
}

#[test]
fn t5_above_100_in_flight_announcements_wait() {
    let mut tracker = tracker();
    for n in 0..100 {
        assert_eq!(announce(&mut tracker, 0, 2, n), Outcome::Requested, "{n}");
    }
    assert_eq!(announce(&mut tracker, 0, 2, 100), Outcome::Candidate);
    assert_eq!(tracker.in_flight(ConnId(2)), 100);
    assert_eq!(announce(&mut tracker, 0, 4, 101), Outcome::Requested, "another peer is not concerned");
    // A delay, not a limit.
    assert_eq!(requests(&mut tracker, 1999), []);
    assert_eq!(requests(&mut tracker, 2000), [(2, 100)]);
    assert_eq!(tracker.in_flight(ConnId(2)), 101);
    deliver(&mut tracker, 0);
    assert!(!failed(&mut tracker, 2, 200));
    assert!(failed(&mut tracker, 2, 1));
    assert_eq!(tracker.in_flight(ConnId(2)), 99);
    assert_eq!(announce(&mut tracker, 2000, 2, 102), Outcome::Requested);
}

#[test]
fn t6_of_5001_announcements_5000_are_tracked() {
    let mut tracker = tracker();
    for n in 0..5000 {
        assert_ne!(announce(&mut tracker, 0, 2, n), Outcome::Refused);
    }
    let refused = announced(&mut tracker, from(0, 2), 5000, true);
    assert_eq!(refused, Announced { first: true, has_body: false, outcome: Outcome::Refused });
    assert_eq!(announce(&mut tracker, 0, 2, 4999), Outcome::Repeated);
    assert_eq!(announce(&mut tracker, 0, 4, 5000), Outcome::Requested, "another has room of its own");
    let refused = announced(&mut tracker, from(0, 2), 5000, true);
    assert_eq!(refused, Announced { first: false, has_body: false, outcome: Outcome::Refused });
    // Completed ones count.
    announce(&mut tracker, 0, 4, 0);
    assert!(!failed(&mut tracker, 2, 0));
    assert_eq!(announce(&mut tracker, 0, 2, 5000), Outcome::Refused);
    deliver(&mut tracker, 0);
    assert_eq!(announce(&mut tracker, 0, 2, 5000), Outcome::Candidate);
    // And a new connection starts anew.
    tracker.disconnected(ConnId(2));
    assert_eq!(announce(&mut tracker, 0, 2, 6000), Outcome::Requested);
}

#[test]
fn t7_a_failure_that_fits_nothing_changes_nothing() {
    let mut tracker = tracker();
    assert!(!failed(&mut tracker, 2, 1));
    announce(&mut tracker, 0, 2, 1);
    announce(&mut tracker, 0, 4, 1);
    assert!(!failed(&mut tracker, 6, 1) && !failed(&mut tracker, 2, 2));
    assert_eq!(requests(&mut tracker, 1), []);
    // A late one of a peer that has failed does not end the turn of the next.
    failed(&mut tracker, 2, 1);
    assert_eq!(requests(&mut tracker, 60_000), [(4, 1)]);
    assert!(!failed(&mut tracker, 2, 1));
    assert_eq!(requests(&mut tracker, 60_001), []);
    assert_eq!(tracker.in_flight(ConnId(4)), 1);
}

/// A connection that is over leaves nothing, not even if it were heard of again.
#[test]
fn a_peer_that_is_gone_is_not_mixed_up_with_the_next() {
    let mut tracker = tracker();
    announce(&mut tracker, 0, 2, 1);
    tracker.disconnected(ConnId(2));
    assert_eq!(announce(&mut tracker, 0, 2, 1), Outcome::Requested);
    assert_eq!(announce(&mut tracker, 0, 4, 2), Outcome::Requested);
    assert_eq!((tracker.in_flight(ConnId(2)), tracker.in_flight(ConnId(4))), (1, 1));
    tracker.disconnected(ConnId(2));
    assert_eq!((tracker.in_flight(ConnId(2)), tracker.in_flight(ConnId(4))), (0, 1));
}

#[test]
fn t10_a_settled_transaction_is_asked_of_nobody() {
    let mut tracker = tracker();
    for conn in [2, 4, 1000, 1001, 1] {
        announce(&mut tracker, 0, conn, 1);
    }
    deliver(&mut tracker, 1);
    assert_eq!(requests(&mut tracker, 100_000), []);
    assert_eq!((tracker.poll_timeout(), tracker.in_flight(ConnId(2))), (None, 0));
    for conn in [2, 4, 1000, 1001, 1] {
        assert_eq!(announce(&mut tracker, 100_000, conn, 1), Outcome::Settled);
    }
}

/// The kinds of announcements that a body settles, and that the others are asked at once.
#[test]
fn t11_a_stripped_copy_leaves_the_txid_to_those_that_are_trusted_more() {
    let mut tracker = tracker();
    // One hash as a wtxid by a dialled peer, as a txid by one that dialled us and by one that we dialled.
    for conn in [2, 1001, 1] {
        announce(&mut tracker, 0, conn, 1);
    }
    // Nobody had asked for the body: who announced a wtxid has this one, the others may have another.
    assert!(tracker.received(HASH.keyed(&hash(1)), HASH.keyed(&hash(1)), BodyFrom::NotAsked));
    assert_eq!(announce(&mut tracker, 0, 4, 1), Outcome::Settled);
    assert_eq!(requests(&mut tracker, 2000), [(1, 1)]);
    failed(&mut tracker, 1, 1);
    assert_eq!(requests(&mut tracker, 62_000), [(1001, 1)]);
    // Asked for, from one that dialled us, while one that we dialled has announced it as well.
    announce(&mut tracker, 62_000, 3, 1);
    assert!(tracker.received(HASH.keyed(&hash(2)), HASH.keyed(&hash(1)), BodyFrom::Asked));
    assert_eq!(announce(&mut tracker, 62_000, 1003, 1), Outcome::Settled);
    assert_eq!(requests(&mut tracker, 64_000), [(3, 1)]);
    assert!(tracker.received(HASH.keyed(&hash(3)), HASH.keyed(&hash(1)), BodyFrom::AskedPreferred));
    assert_eq!(announce(&mut tracker, 64_000, 1, 1), Outcome::Settled);
    assert_eq!(tracker.store.entries.len(), 0);
}

#[test]
fn requests_to_one_peer_leave_in_the_order_of_its_announcements() {
    let mut tracker = tracker();
    let order = [7, 3, 9, 1, 8, 2];
    for n in order {
        announce(&mut tracker, 0, 2, n);
    }
    for n in order {
        announce(&mut tracker, 0, 1000, n);
    }
    for n in [1, 2, 3] {
        announce(&mut tracker, 0, 1002, n);
    }
    requests(&mut tracker, 10_000);
    // It fails in yet another order.
    for n in [1, 2, 3, 7, 8, 9] {
        failed(&mut tracker, 2, n);
    }
    let requests = requests(&mut tracker, 60_000);
    assert_eq!(requests.len(), 6);
    let (one, other): (Vec<_>, Vec<_>) = requests.iter().partition(|(conn, _)| *conn == 1000);
    assert_eq!([&one[..], &other[..]].concat(), requests, "grouped by peer");
    let expected = |asked: &[(u64, u32)], order: &[u32]| {
        let asked: Vec<_> = asked.iter().map(|(_, n)| *n).collect();
        let expected: Vec<_> = order.iter().copied().filter(|n| asked.contains(n)).collect();
        assert_eq!(asked, expected);
    };
    expected(&one, &order);
    expected(&other, &[1, 2, 3]);
}

/// Of eight announcers each is asked second about as often.
#[test]
fn equals_are_asked_in_a_random_order() {
    let mut counts = [0_u32; 8];
    let mut tracker = tracker();
    for n in 0..8000 {
        announce(&mut tracker, 0, 100, n);
        for conn in 0..8 {
            announce(&mut tracker, 0, 2 * conn, n);
        }
        failed(&mut tracker, 100, n);
        let [(conn, _)] = requests(&mut tracker, 0)[..] else { panic!("one request") };
        counts[conn as usize / 2] += 1;
        deliver(&mut tracker, n);
    }
    // Six standard deviations: √(8000 · 1/8 · 7/8) is 30.
    assert!(counts.iter().all(|count| count.abs_diff(1000) < 180), "{counts:?}");
    // With another key it is another order.
    let second = |rank_key| {
        let mut tracker = with_key(rank_key);
        for conn in 0..64 {
            announce(&mut tracker, 0, 2 * conn, 1);
        }
        failed(&mut tracker, 0, 1);
        requests(&mut tracker, 0)
    };
    assert_ne!(second([1, 2]), second([1, 3]));
}

/// A delayed candidate whose time has come competes with who announces at that moment.
#[test]
fn a_newcomer_at_the_end_of_anothers_delay_is_no_better() {
    let mut first = 0;
    for n in 0..100 {
        let mut tracker = tracker();
        announce(&mut tracker, 0, 1, n);
        assert_eq!(announce(&mut tracker, 2000, 2, n), Outcome::Candidate);
        let [(conn, _)] = requests(&mut tracker, 2000)[..] else { panic!("one request") };
        first += u32::from(conn == 1);
    }
    assert!((20..80).contains(&first), "{first}");
}

/// Nothing is told of capacities: the same inputs give the same outputs after any history of the memory.
#[test]
fn order_does_not_depend_on_what_was_there_before() {
    let schedule = |tracker: &mut TxRequests| {
        let (mut all, mut asked) = (Vec::new(), Vec::new());
        for conn in (0..40).chain(1000..1040) {
            for n in 0..20 {
                if announce(tracker, 1_000_000, conn, n) == Outcome::Requested {
                    asked.push((conn, n));
                }
            }
        }
        for minute in 1..40 {
            for (conn, n) in asked.drain(..) {
                failed(tracker, conn, n);
            }
            asked = requests(tracker, 1_000_000 + 60_000 * minute);
            all.extend_from_slice(&asked);
        }
        all
    };
    let mut used = tracker();
    for conn in 5000..5100 {
        for n in 100..200 {
            announce(&mut used, 0, conn, n);
        }
    }
    (100..200).for_each(|n| deliver(&mut used, n));
    let expected = schedule(&mut tracker());
    assert_eq!(schedule(&mut used), expected);
    assert!(expected.len() == 20 * 39);
}
