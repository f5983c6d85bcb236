//! Each rule by itself, the bounds, and random schedules against a naive model.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use super::*;

const AGE: Duration = Duration::from_secs(30);

fn at(millis: u64) -> Instant {
    Instant::from_micros(1000 * millis)
}

/// With so many peers, each two of them in one group.
fn with_peers(peers: u64) -> Announcers {
    let mut announcers = Announcers::new(AGE, 100);
    (1..=peers).for_each(|conn| connect(&mut announcers, conn));
    announcers
}

fn connect(announcers: &mut Announcers, conn: u64) {
    let [.., high, low] = (conn / 2).to_be_bytes();
    announcers.connected(ConnId(conn), Group::of(IpAddr::from([high, low, 0, 1])));
}

/// A keyed hash: anything that is spread.
fn key(n: u64) -> u64 {
    (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn txid(n: u64) -> Txid {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&n.to_le_bytes());
    Txid(bytes)
}

fn wtxid(n: u64) -> Wtxid {
    Wtxid(txid(n).0)
}

/// The body of a transaction with these two ids came; these had announced it.
fn body(announcers: &mut Announcers, now: Instant, ids: [u64; 2], heard: &[(u64, Instant)]) {
    let announced: Vec<_> = heard.iter().map(|(conn, at)| (ConnId(*conn), *at)).collect();
    let (conn, at) = *announced.iter().min_by_key(|(_, at)| *at).expect("somebody announced it");
    let first =
        FirstAnnouncement { at, conn, departed: announcers.departed(), ..FirstAnnouncement::default() };
    let body =
        Body { txid: txid(ids[1]), wtxid: wtxid(ids[0]), keys: ids.map(key), first, announced: &announced };
    announcers.body(now, true, &body);
}

#[test]
fn a_repeated_announcement_is_known_before_and_after_it_is_told() {
    let mut announcers = with_peers(200);
    body(&mut announcers, at(0), [1, 11], &[(1, at(0))]);
    for conn in 1..=200 {
        for id in [1, 11] {
            let is_new = conn > 1 && id == 1;
            assert_eq!(announcers.announced(at(conn), ConnId(conn), key(id)), is_new, "{conn}");
        }
    }
    assert!(announcers.poll(at(30_000)).is_some());
    assert!(!announcers.announced(at(40_000), ConnId(130), key(11)));
    assert!(!announcers.announced(at(40_000), ConnId(201), key(11)), "not a peer");
}

#[test]
fn each_transaction_is_told_once_at_its_age() {
    let mut announcers = with_peers(12);
    assert_eq!(announcers.poll_timeout(), None);
    body(&mut announcers, at(250), [1, 11], &[(1, at(100)), (2, at(200))]);
    for conn in 3..=10 {
        announcers.announced(at(100 * conn), ConnId(conn), key(11));
    }
    body(&mut announcers, at(1500), [2, 2], &[(2, at(1500))]);
    announcers.disconnected(ConnId(12));
    assert_eq!(announcers.poll_timeout(), Some(at(30_100)));
    assert_eq!(announcers.poll(at(30_099)), None);
    let expected = Propagation {
        txid: txid(11),
        wtxid: wtxid(1),
        first_at: at(100),
        first_conn: ConnId(1),
        first_direction: Direction::Outbound,
        congested: false,
        announcers: 10,
        listeners: 12,
        netgroups: 6,
        p10: Duration::ZERO,
        p50: Duration::from_millis(400),
        p90: Duration::from_millis(800),
        max: Duration::from_millis(900),
    };
    assert_eq!(announcers.poll(at(30_100)), Some(expected));
    assert_eq!((announcers.poll(at(30_100)), announcers.poll_timeout()), (None, Some(at(31_500))));
    let told = announcers.poll(at(60_000)).expect("another");
    assert_eq!((told.wtxid, told.announcers, told.listeners), (wtxid(2), 1, 12));
    assert_eq!((announcers.poll(at(60_000)), announcers.poll_timeout()), (None, None));
    // Nothing more is told of it, and no times are kept.
    announcers.announced(at(70_000), ConnId(11), key(1));
    assert_eq!((announcers.poll_timeout(), announcers.extra_bytes), (None, 0));
}

#[test]
fn a_body_that_comes_late_is_told_at_once() {
    let mut announcers = with_peers(3);
    body(&mut announcers, at(45_000), [1, 1], &[(2, at(1000)), (3, at(2000))]);
    assert_eq!(announcers.poll_timeout(), Some(at(45_000)));
    let told = announcers.poll(at(45_000)).expect("told");
    assert_eq!((told.first_at, told.first_conn, told.max), (at(1000), ConnId(2), Duration::from_secs(1)));
}

/// The first may be gone when the body comes; it counts all the same, and those that have gone could have announced.
#[test]
fn the_first_counts_when_it_is_gone() {
    let mut announcers = with_peers(4);
    let first = FirstAnnouncement { conn: ConnId(1), congested: true, ..FirstAnnouncement::default() };
    announcers.disconnected(ConnId(1));
    let body =
        Body { txid: txid(1), wtxid: wtxid(1), keys: [key(1); 2], first, announced: &[(ConnId(2), at(50))] };
    announcers.body(at(60), true, &body);
    let told = announcers.poll(at(30_000)).expect("told");
    assert_eq!((told.announcers, told.listeners, told.netgroups), (2, 4, 1));
    assert!(told.congested && told.max == Duration::from_millis(50));
}

/// A second body with the same txid keeps to its own wtxid; one that is not new is not told.
#[test]
fn other_witnesses_are_another_transaction() {
    let mut announcers = with_peers(3);
    body(&mut announcers, at(0), [1, 9], &[(1, at(0))]);
    body(&mut announcers, at(0), [2, 9], &[(2, at(0))]);
    body(&mut announcers, at(0), [1, 9], &[(3, at(0))]);
    assert!(!announcers.announced(at(0), ConnId(3), key(9)));
    assert!(announcers.announced(at(0), ConnId(3), key(2)));
    let told: Vec<_> = core::iter::from_fn(|| announcers.poll(at(30_000))).collect();
    let told: Vec<_> = told.iter().map(|told| (told.wtxid, told.txid, told.announcers)).collect();
    assert_eq!(told, [(wtxid(1), txid(9), 2), (wtxid(2), txid(9), 2)]);
}

/// The owner of a slot that is used again has announced nothing yet.
#[test]
fn a_slot_that_is_used_again_is_empty() {
    let mut announcers = with_peers(1);
    body(&mut announcers, at(0), [1, 1], &[(1, at(0))]);
    for conn in 2..100 {
        announcers.disconnected(ConnId(conn - 1));
        connect(&mut announcers, conn);
        assert!(announcers.announced(at(0), ConnId(conn), key(1)), "{conn}");
        assert!(!announcers.announced(at(0), ConnId(conn), key(1)), "{conn}");
    }
    assert_eq!(announcers.slots.as_slice().len(), 1);
    let told = announcers.poll(at(30_000)).expect("told");
    assert_eq!((told.announcers, told.listeners, told.netgroups), (99, 99, 1));
}

/// Memory is bounded whatever is announced: the oldest go, and the number of bytes is as it says.
#[test]
fn memory_is_bounded() {
    const RECORDS: u64 = 1000;
    const PEERS: u64 = 200_000;
    const { assert!(BYTES_PER_RECORD <= 150) };
    let mut announcers = Announcers::new(AGE, RECORDS as usize);
    let reserved = announcers.table.allocation_size();
    assert!(reserved <= 4 * RECORDS as usize * BYTES_PER_RECORD);
    (1..=PEERS).for_each(|conn| connect(&mut announcers, conn));
    let mut kept = BTreeSet::new();
    for n in 1..=3000 {
        body(&mut announcers, at(n), [2 * n, 2 * n + 1], &[(PEERS, at(n)), (n, at(n))]);
        for conn in 1..=n % 100 {
            announcers.announced(at(n + conn), ConnId(conn), key(2 * n));
        }
        if n % 100 == 0 {
            let records: usize = announcers.records.iter().map(Record::extra_bytes).sum();
            let waiting = announcers.pending.values().map(|pending| pending.offsets.bytes());
            assert_eq!(
                records + waiting.map(|bytes| bytes + BYTES_PER_PENDING).sum::<usize>(),
                announcers.extra_bytes
            );
            assert!(announcers.extra_bytes <= MAX_EXTRA_BYTES);
        }
        kept.insert(announcers.numbers.end - announcers.numbers.start);
    }
    let last = kept.last().copied();
    assert!(last < Some(RECORDS) && last > Some(200), "the bits of {PEERS} peers are the limit: {last:?}");
    assert_eq!(announcers.table.allocation_size(), reserved, "it does not grow");
    assert!(announcers.announced(at(5000), ConnId(1), key(2)), "forgotten");
    assert!(!announcers.announced(at(5000), ConnId(PEERS), key(6000)));
}

/// The rules once more, without slots.
#[derive(Default)]
struct Model {
    records: Vec<Kept>,
}

struct Kept {
    keys: BTreeSet<u64>,
    by: BTreeSet<u64>,
    /// Until it is told.
    times: Option<Vec<Instant>>,
    first: Instant,
    due: Instant,
}

impl Model {
    const LIMIT: usize = 40;

    fn find(&mut self, key: u64) -> Option<&mut Kept> {
        self.records.iter_mut().find(|kept| kept.keys.contains(&key))
    }

    fn add(&mut self, kept: Kept) {
        self.records.push(kept);
        if self.records.len() > Self::LIMIT {
            self.records.remove(0);
        }
    }

    fn announced(&mut self, now: Instant, conn: u64, key: u64) -> bool {
        let Some(kept) = self.find(key) else {
            let (keys, by) = (BTreeSet::from([key]), BTreeSet::from([conn]));
            self.add(Kept { keys, by, times: None, first: now, due: now });
            return true;
        };
        let is_new = kept.by.insert(conn);
        if is_new && let Some(times) = &mut kept.times {
            times.push(now);
        }
        is_new
    }

    fn body(&mut self, now: Instant, [wtxid, txid]: [u64; 2], heard: &[(u64, Instant)]) {
        if self.find(wtxid).is_none() {
            let mut keys = BTreeSet::from([wtxid]);
            if self.find(txid).is_none() {
                keys.insert(txid);
            }
            let (first_conn, first) = *heard.iter().min_by_key(|(_, at)| *at).expect("somebody");
            let by = BTreeSet::from([first_conn]);
            self.add(Kept { keys, by, times: Some(Vec::from([first])), first, due: now.max(first + AGE) });
        }
        let kept = self.find(wtxid).expect("added");
        for (conn, at) in heard {
            if kept.by.insert(*conn)
                && let Some(times) = &mut kept.times
            {
                times.push(*at);
            }
        }
    }

    fn poll(&mut self, now: Instant) -> Vec<(Instant, u32, [Duration; 4])> {
        let mut due: Vec<_> = (0..).zip(&mut self.records).filter(|(_, kept)| kept.times.is_some()).collect();
        due.retain(|(_, kept)| kept.due <= now);
        due.sort_by_key(|(number, kept)| (kept.due, *number));
        let told = due.into_iter().map(|(_, kept): (u64, &mut Kept)| {
            let mut times = kept.times.take().expect("not told");
            times.sort_unstable();
            let rank = |percent: usize| times[(times.len() * percent).div_ceil(100) - 1];
            let offset = |percent| rank(percent).saturating_duration_since(kept.first);
            (kept.first, times.len() as u32, [10, 50, 90, 100].map(offset))
        });
        told.collect()
    }
}

/// SplitMix64.
fn below(state: &mut u64, n: u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut word = *state;
    word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    (word ^ word >> 31) % n
}

#[test]
fn the_records_and_a_naive_model_agree_on_random_schedules() {
    for schedule in 0..200 {
        let mut state = schedule;
        let (mut announcers, mut model) = (Announcers::new(AGE, Model::LIMIT), Model::default());
        let mut peers: Vec<u64> = (1..=2 + below(&mut state, 90)).collect();
        let mut last = peers.len() as u64;
        let mut now = Instant::ZERO;
        for conn in &peers {
            connect(&mut announcers, *conn);
        }
        for step in 0..600 {
            let place = below(&mut state, peers.len() as u64) as usize;
            // Three ids of each: two wtxids, and their txid; of some all are one.
            let tx = 3 * (below(&mut state, 20) + now.as_micros() / 60_000_000 * 10);
            let ids = [tx + below(&mut state, 8) / 7, if tx.is_multiple_of(2) { tx } else { tx + 2 }];
            match below(&mut state, 40) {
                0..=1 => {
                    announcers.disconnected(ConnId(peers[place]));
                    last += 1;
                    peers[place] = last;
                    connect(&mut announcers, last);
                }
                2..=5 => {
                    let mut heard = Vec::from([(peers[place], now)]);
                    for _ in 0..below(&mut state, 70) {
                        let conn = peers[below(&mut state, peers.len() as u64) as usize];
                        if !heard.iter().any(|(other, _)| *other == conn) {
                            let before = now.as_micros().saturating_sub(below(&mut state, 60_000_000));
                            heard.push((conn, Instant::from_micros(before)));
                        }
                    }
                    body(&mut announcers, now, ids, &heard);
                    model.body(now, ids, &heard);
                }
                6..=8 => now = now + Duration::from_millis(below(&mut state, 12_000)),
                _ => {
                    now = now + Duration::from_micros(below(&mut state, 100_000));
                    let id = ids[below(&mut state, 2) as usize];
                    let heard = announcers.announced(now, ConnId(peers[place]), key(id));
                    assert_eq!(heard, model.announced(now, peers[place], id), "{schedule}, {step}");
                }
            }
            for (first_at, count, ranks) in model.poll(now) {
                let told = announcers.poll(now).expect("to be told");
                assert_eq!((told.first_at, told.announcers), (first_at, count), "{schedule}, {step}");
                if count as usize <= offsets::EXACT {
                    assert_eq!([told.p10, told.p50, told.p90, told.max], ranks, "{schedule}, {step}");
                }
            }
            assert_eq!(announcers.poll(now), None, "{schedule}, {step}");
        }
    }
}
