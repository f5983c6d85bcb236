//! The rules once more, without any thought of cost, and random schedules on which both must agree.

extern crate std;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::time::Duration;
use std::{env, eprintln, panic};

use super::super::announcers::FirstAnnouncement;
use super::super::recent_ids::IdHash;
use super::super::seen::{AnnouncedAs, BodyFrom, Seen};
use super::store::State as StoreState;
use super::{Announced, Announcer, DELAY, Outcome, TxRequests, rank};
use crate::Instant;
use crate::node::ConnId;
use crate::wire::Hash;

const RANK_KEY: [u64; 2] = [17, 19];
const ID_KEY: [u64; 4] =
    [0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7344, 0xa409_3822_299f_31d0, 0x082e_fa98_ec4e_6c89];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Candidate(Instant),
    Requested,
    Completed,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    at: Instant,
    state: State,
    sequence: u64,
    preferred: bool,
    announced: AnnouncedAs,
}

#[derive(Default)]
struct Model {
    entries: BTreeMap<(Hash, ConnId), Entry>,
    /// Hashes that were announced or that came.
    known: BTreeSet<Hash>,
    /// Bodies, by their wtxids.
    bodies: BTreeSet<Hash>,
    /// Txids for which nothing more is asked of peers that dialled us, and of those that we dialled.
    txids: BTreeSet<Hash>,
    preferred_txids: BTreeSet<Hash>,
    entries_per_peer: u32,
    sequence: u64,
}

impl Model {
    fn of_hash(&self, hash: Hash) -> impl Iterator<Item = (ConnId, Entry)> {
        self.entries
            .iter()
            .filter(move |((other, _), _)| *other == hash)
            .map(|((_, conn), entry)| (*conn, *entry))
    }

    fn count(&self, conn: ConnId, is_counted: impl Fn(&Entry) -> bool) -> u32 {
        let of_peer = |((_, other), entry): &(&(Hash, ConnId), &Entry)| *other == conn && is_counted(entry);
        self.entries.iter().filter(of_peer).count() as u32
    }

    fn is_requested(&self, hash: Hash) -> bool {
        self.of_hash(hash).any(|(_, entry)| entry.state == State::Requested)
    }

    fn announced(&mut self, from: Announcer, hash: Hash, wtxid_peers: bool) -> Announced {
        let first = self.known.insert(hash);
        let FirstAnnouncement { conn, at: now, .. } = from.first;
        let has_body =
            [&self.bodies, &self.txids, &self.preferred_txids].iter().any(|ids| ids.contains(&hash));
        let announced = AnnouncedAs::new(from.by_txid, from.preferred);
        if self.is_settled(hash, announced) {
            return Announced { first, has_body, outcome: Outcome::Settled };
        }
        if self.entries.contains_key(&(hash, conn)) {
            return Announced { first, has_body, outcome: Outcome::Repeated };
        }
        if self.count(conn, |_| true) >= self.entries_per_peer {
            return Announced { first, has_body, outcome: Outcome::Refused };
        }
        let mut time = now;
        if !from.preferred {
            time = time + DELAY;
        }
        if from.by_txid && wtxid_peers {
            time = time + DELAY;
        }
        if from.overloaded {
            time = time + DELAY;
        }
        let others = self.of_hash(hash).any(|(_, entry)| match entry.state {
            State::Candidate(time) => time <= now,
            State::Requested => true,
            State::Completed => false,
        });
        let at_once = time == now && !others;
        let state = if at_once { State::Requested } else { State::Candidate(time) };
        let entry = Entry { at: now, state, sequence: self.sequence, preferred: from.preferred, announced };
        self.entries.insert((hash, conn), entry);
        self.sequence += 1;
        Announced { first, has_body, outcome: if at_once { Outcome::Requested } else { Outcome::Candidate } }
    }

    fn take_requests(&mut self, now: Instant, keys: IdHash) -> Vec<(ConnId, Hash)> {
        let hashes: BTreeSet<Hash> = self.entries.keys().map(|(hash, _)| *hash).collect();
        let mut chosen = Vec::new();
        for hash in hashes {
            if self.is_requested(hash) {
                continue;
            }
            let may_be_asked =
                |(_, entry): &(ConnId, Entry)| matches!(entry.state, State::Candidate(time) if time <= now);
            let best = self
                .of_hash(hash)
                .filter(may_be_asked)
                .max_by_key(|(conn, entry)| rank(RANK_KEY, keys.of(&hash), *conn, entry.preferred));
            if let Some((conn, entry)) = best {
                chosen.push((conn, entry.sequence, hash));
                self.entries.get_mut(&(hash, conn)).unwrap().state = State::Requested;
            }
        }
        chosen.sort_unstable();
        chosen.into_iter().map(|(conn, _, hash)| (conn, hash)).collect()
    }

    fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        let times = self.entries.values().filter_map(|entry| match entry.state {
            State::Candidate(time) if time > now => Some(time),
            _ => None,
        });
        times.min()
    }

    fn failed(&mut self, conn: ConnId, hash: Hash) -> bool {
        match self.entries.get_mut(&(hash, conn)) {
            None | Some(Entry { state: State::Completed, .. }) => return false,
            Some(entry) => entry.state = State::Completed,
        }
        self.forget_if_completed(hash);
        self.of_hash(hash).next().is_none()
    }

    fn is_settled(&self, hash: Hash, announced: AnnouncedAs) -> bool {
        match announced {
            AnnouncedAs::Wtxid => self.bodies.contains(&hash),
            AnnouncedAs::Txid => self.txids.contains(&hash),
            AnnouncedAs::PreferredTxid => self.preferred_txids.contains(&hash),
        }
    }

    fn received(&mut self, wtxid: Hash, txid: Hash, from: BodyFrom) -> bool {
        let is_new = self.bodies.insert(wtxid);
        self.known.insert(wtxid);
        if from != BodyFrom::NotAsked {
            self.known.insert(txid);
            self.txids.insert(txid);
        }
        if from == BodyFrom::AskedPreferred {
            self.preferred_txids.insert(txid);
        }
        let mut entries = core::mem::take(&mut self.entries);
        entries.retain(|(hash, _), entry| !self.is_settled(*hash, entry.announced));
        self.entries = entries;
        self.forget_if_completed(wtxid);
        self.forget_if_completed(txid);
        is_new
    }

    fn disconnected(&mut self, conn: ConnId) {
        let hashes: BTreeSet<Hash> = self.entries.keys().map(|(hash, _)| *hash).collect();
        self.entries.retain(|(_, other), _| *other != conn);
        for hash in hashes {
            self.forget_if_completed(hash);
        }
    }

    fn forget_if_completed(&mut self, hash: Hash) {
        if self.of_hash(hash).all(|(_, entry)| entry.state == State::Completed) {
            self.entries.retain(|(other, _), _| *other != hash);
        }
    }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (word ^ word >> 31) % n
    }

    fn chance(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

fn hash(n: u64) -> Hash {
    Hash([n as u8; 32])
}

/// The tracker and the model, told the same.
struct Both {
    tracker: TxRequests,
    model: Model,
    keys: IdHash,
    now: Instant,
}

impl Both {
    fn announce(&mut self, mut from: Announcer, n: u64, wtxid_peers: bool) {
        let hash = hash(n);
        from.first.at = self.now;
        let announcing = self.tracker.begin(&from, wtxid_peers);
        let announced = self.tracker.announced(&announcing, self.keys.keyed(&hash));
        assert_eq!(announced, self.model.announced(from, hash, wtxid_peers));
        let mut announcers: Vec<_> = self.tracker.announcers(self.keys.keyed(&hash)).collect();
        announcers.sort_unstable();
        let expected: Vec<_> = self.model.of_hash(hash).map(|(conn, entry)| (conn, entry.at)).collect();
        assert_eq!(announcers, expected);
    }

    fn failed(&mut self, conn: ConnId, n: u64) {
        let hash = hash(n);
        let forgotten = self.tracker.failed(conn, self.keys.keyed(&hash));
        assert_eq!(forgotten, self.model.failed(conn, hash));
    }

    fn received(&mut self, wtxid: u64, txid: u64, from: BodyFrom) {
        let (wtxid, txid) = (hash(wtxid), hash(txid));
        let is_new = self.tracker.received(self.keys.keyed(&wtxid), self.keys.keyed(&txid), from);
        assert_eq!(is_new, self.model.received(wtxid, txid, from));
    }

    /// The same requests in the same order, and the same state of each entry.
    fn compare(&mut self) {
        let requests = self.tracker.take_requests(self.now);
        assert_eq!(requests, self.model.take_requests(self.now, self.keys));
        assert_eq!(self.tracker.poll_timeout(), self.model.poll_timeout(self.now));
        let store = &self.tracker.store;
        assert_eq!(store.entries.len(), self.model.entries.len());
        let hashes: BTreeSet<_> = self.model.entries.keys().map(|(hash, _)| *hash).collect();
        assert_eq!(store.txs.len(), hashes.len());
        for ((hash, conn), entry) in &self.model.entries {
            let tx = store.tx(self.keys.keyed(hash)).expect("a hash");
            let at = store.entry(tx, store.peer(*conn).expect("a peer")).expect("an entry");
            let is_same = match (store.entries[at].state, entry.state) {
                (StoreState::Delayed(time), State::Candidate(expected)) => time == expected,
                (StoreState::Ready | StoreState::Ranked(_), State::Candidate(time)) => time <= self.now,
                (StoreState::Requested, State::Requested) | (StoreState::Completed, State::Completed) => true,
                _ => false,
            };
            assert!(is_same, "{:?} is {:?}", store.entries[at].state, entry.state);
            let in_flight = self.model.count(*conn, |entry| entry.state == State::Requested);
            assert_eq!(self.tracker.in_flight(*conn), in_flight as usize);
        }
    }
}

const HASHES: u64 = 14;

fn run(schedule: u64) {
    let mut random = Random(schedule);
    let entries_per_peer = 3 + random.below(8) as u32;
    let keys = IdHash::new(ID_KEY);
    let mut both = Both {
        tracker: TxRequests::new(RANK_KEY, Seen::new(keys, 1000, 1000, 1000), entries_per_peer),
        model: Model { entries_per_peer, ..Model::default() },
        keys,
        now: Instant::ZERO,
    };
    let peer = |conn: u64, random: &mut Random| Announcer {
        first: FirstAnnouncement { conn: ConnId(conn), ..FirstAnnouncement::default() },
        preferred: random.chance(2),
        by_txid: random.chance(3),
        overloaded: false,
    };
    let peer_count = 2 + random.below(7);
    let mut peers: Vec<_> = (0..peer_count).map(|n| peer(n, &mut random)).collect();
    for _ in 0..60 {
        let slot = random.below(peer_count) as usize;
        let from = Announcer { overloaded: random.chance(4), ..peers[slot] };
        let hash = random.below(HASHES);
        match random.below(12) {
            0..5 => {
                for n in 0..=random.below(5) {
                    let wtxid_peers = random.chance(2);
                    both.announce(from, (hash + n) % HASHES, wtxid_peers);
                }
            }
            // A notfound, a timeout, or one of either that fits nothing.
            5..8 => {
                for n in 0..=random.below(5) {
                    both.failed(from.first.conn, (hash + n) % HASHES);
                }
            }
            // A delivery: asked for or not, stripped, or of something else.
            8 => {
                let body_from = [BodyFrom::NotAsked, BodyFrom::Asked, BodyFrom::AskedPreferred];
                let txid = if random.chance(2) { hash } else { random.below(HASHES) };
                both.received(hash, txid, body_from[random.below(3) as usize]);
            }
            // Gone, and perhaps back under another name.
            9 => {
                both.tracker.disconnected(from.first.conn);
                both.model.disconnected(from.first.conn);
                peers[slot] = peer(from.first.conn.0 + peer_count, &mut random);
            }
            10 => both.now = both.now + Duration::from_millis(500) * random.below(8) as u32,
            _ => both.tracker.compact(),
        }
        // Mostly after each input, as the owner does; but nothing depends on it.
        if !random.chance(4) {
            both.compare();
        }
    }
    both.compare();
    for n in 0..HASHES {
        both.received(n, n, BodyFrom::AskedPreferred);
    }
    both.compare();
    assert_eq!(both.tracker.store.entries.len(), 0);
}

/// `SATWIRE_SCHEDULES=1000000 cargo test --release -p satwire-core schedules` runs a million.
#[test]
fn the_tracker_and_a_naive_model_agree_on_random_schedules() {
    let count = env::var("SATWIRE_SCHEDULES").ok().and_then(|count| count.parse().ok()).unwrap_or(600);
    for schedule in 0..count {
        if let Err(cause) = panic::catch_unwind(|| run(schedule)) {
            eprintln!("schedule {schedule} of {count}");
            panic::resume_unwind(cause);
        }
    }
}
