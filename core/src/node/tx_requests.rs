//! Which transactions are wanted, who announced them, and whom to ask next.
//!
//! The rules of Bitcoin Core's `src/txrequest.h`. Each *announcement* of a transaction by a peer goes through
//! these states:
//!
//! ```text
//!              its time comes          chosen               no answer, or "not found"
//!   Delayed ───────────────▶ Ready ─────────────▶ Requested ─────────────────────────▶ Completed
//! ```
//!
//! - A transaction is named by the hash under which it was announced, txid or wtxid.
//! - At most one announcement of a hash is *Requested* at a time.
//! - Among those that are *Ready* a preferred peer goes first; among equals chance decides, by a keyed hash of
//!   peer and transaction, so that nobody can arrange to be first.
//! - A *Completed* one is not asked again. When all announcements of a hash are Completed, all are forgotten.
//! - When the transaction is [settled](TxRequests::settled) under a hash, all its announcements are forgotten.
//! - When a peer [is gone](TxRequests::gone), its announcements are forgotten, and what it was asked for is free
//!   for others at once.
//! - A peer has at most so many announcements in all states; further ones are dropped (Core: 5000).
//!
//! Requests to one peer are to leave in the order in which it announced: sort them by their
//! [sequence](Request::sequence). Time limits of requests are kept where the answers arrive, by
//! [`Peer`](crate::Peer), which reports them through [`TxRequests::failed`].
//!
//! **Costs.** An announcement takes 56 bytes, and 32 more where more than [`FEW`] announced the same hash; a hash
//! takes 64. Adding, choosing and removing take constant time, or time that grows with the logarithm of the
//! number of announcers. The tables are looked up and never iterated, except to count.

use alloc::boxed::Box;
use alloc::collections::{BTreeSet, BinaryHeap};
use alloc::vec::Vec;
use core::time::Duration;

use hashbrown::HashTable;

use super::recent_ids::IdHash;
use super::slab::{NONE, Slab};
use super::{ConnId, ConnMap};
use crate::Instant;
use crate::wire::Hash;

/// A peer that is not preferred waits, so that one that is has the time to announce the same
/// (Core `NONPREF_PEER_TX_DELAY`).
const NOT_PREFERRED: Duration = Duration::from_secs(2);

/// A txid waits while somebody announces by wtxid, so that a transaction is not fetched under both ids
/// (Core `TXID_RELAY_DELAY`).
const BY_TXID: Duration = Duration::from_secs(2);

/// A peer that has much under way waits (Core `OVERLOADED_PEER_TX_DELAY`).
const OVERLOADED: Duration = Duration::from_secs(2);

/// How much is much (Core `MAX_PEER_TX_REQUEST_IN_FLIGHT`). It is no limit.
const IN_FLIGHT: usize = 100;

/// Announcers of one hash that are looked through one by one. More are indexed.
const FEW: u32 = 16;

/// What delays the announcements of a peer. The delays add up (Core `AddTxAnnouncement`).
#[derive(Clone, Copy, Debug)]
pub(super) struct Delays {
    /// We dialled the peer.
    pub(super) preferred: bool,
    /// It announces by txid, and another peer announces by wtxid.
    pub(super) by_txid: bool,
    /// Requests to it that are under way.
    pub(super) in_flight: usize,
}

impl Delays {
    /// When an announcement that comes `now` may be asked for.
    pub(super) fn ready_at(self, now: Instant) -> Instant {
        let delay = |applies, by| if applies { by } else { Duration::ZERO };
        now + delay(!self.preferred, NOT_PREFERRED)
            + delay(self.by_txid, BY_TXID)
            + delay(self.in_flight >= IN_FLIGHT, OVERLOADED)
    }
}

/// What became of an announcement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tracked {
    /// The peer is to be asked now: the announcement is Requested.
    Ask {
        /// Nobody had announced the hash.
        first: bool,
    },
    /// It waits for its time, or for another's answer.
    Waits {
        /// Nobody had announced the hash.
        first: bool,
    },
    /// The peer has announced it before.
    Again,
    /// The peer has as many announcements as it may have.
    Full,
}

/// A peer that is to be asked now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) conn: ConnId,
    pub(super) hash: Hash,
    /// The place of the announcement among all: requests to one peer leave in this order.
    pub(super) sequence: u64,
}

/// All announcements that are not forgotten.
#[derive(Debug)]
pub(super) struct TxRequests {
    hasher: IdHash,
    salt: u64,
    max_announcements: u32,
    txs: Slab<Tx>,
    by_hash: HashTable<u32>,
    announcements: Slab<Announcement>,
    peers: ConnMap<Announcer>,
    /// Delayed announcements, by time and sequence.
    delayed: BTreeSet<(Instant, u64, u32)>,
    sequence: u64,
}

/// A peer that has announced something and is not gone.
#[derive(Clone, Copy, Debug)]
struct Announcer {
    /// The last of its announcements, the head of their list.
    head: u32,
    count: u32,
    in_flight: u32,
}

/// A hash that was announced.
#[derive(Debug)]
struct Tx {
    hash: Hash,
    /// The last of its announcements, the head of their list.
    head: u32,
    count: u32,
    completed: u32,
    /// The one that is Requested, or [`NONE`].
    requested: u32,
    crowd: Option<Box<Crowd>>,
}

/// The announcements of a hash that many have announced.
#[derive(Debug, Default)]
struct Crowd {
    /// All of them, by peer.
    by_peer: HashTable<u32>,
    /// Those that are Ready, the best on top, with the sequence that tells whether a place was used again.
    /// Others are passed over.
    ready: BinaryHeap<(Rank, u64, u32)>,
}

/// Who goes first: preferred, then chance.
type Rank = (bool, u64);

#[derive(Clone, Copy, Debug)]
struct Announcement {
    conn: ConnId,
    sequence: u64,
    ready_at: Instant,
    tx: u32,
    /// Its neighbours in the list of the hash, and in that of the peer.
    of_tx: Links,
    of_peer: Links,
    state: State,
    preferred: bool,
}

#[derive(Clone, Copy, Debug)]
struct Links {
    next: u32,
    previous: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Delayed,
    Ready,
    Requested,
    Completed,
}

impl TxRequests {
    pub(super) fn new(hasher: IdHash, salt: u64, max_announcements: usize) -> Self {
        Self {
            hasher,
            salt,
            max_announcements: u32::try_from(max_announcements).unwrap_or(u32::MAX),
            txs: Slab::default(),
            by_hash: HashTable::new(),
            announcements: Slab::default(),
            peers: ConnMap::new(),
            delayed: BTreeSet::new(),
            sequence: 0,
        }
    }

    /// `conn` announced `hash`, and may be asked for it from `ready_at` on.
    pub(super) fn announced(
        &mut self,
        conn: ConnId,
        hash: Hash,
        preferred: bool,
        ready_at: Instant,
        now: Instant,
    ) -> Tracked {
        let found = self.find(&hash);
        if found.is_some_and(|tx| self.announcement_of(tx, conn).is_some()) {
            return Tracked::Again;
        }
        if self.peers.get(conn).is_some_and(|peer| peer.count >= self.max_announcements) {
            return Tracked::Full;
        }
        if self.max_announcements == 0 {
            return Tracked::Full;
        }
        let first = found.is_none();
        let tx = found.unwrap_or_else(|| self.add_tx(hash));
        let state = if ready_at <= now { State::Ready } else { State::Delayed };
        let new = self.add(tx, conn, preferred, ready_at, state);
        if state == State::Delayed {
            self.delayed.insert((ready_at, self.announcements[new].sequence, new));
        } else if self.txs[tx].requested == NONE {
            // Of those that were Ready before, none is left.
            self.ask(new);
            return Tracked::Ask { first };
        } else {
            self.enlist(new);
        }
        Tracked::Waits { first }
    }

    /// Whether anybody has announced `hash`, as far as it is not forgotten.
    pub(super) fn contains(&self, hash: &Hash) -> bool {
        self.find(hash).is_some()
    }

    /// How many requests to a peer are under way.
    pub(super) fn in_flight(&self, conn: ConnId) -> usize {
        self.peers.get(conn).map_or(0, |peer| peer.in_flight as usize)
    }

    /// When the next Delayed announcement becomes Ready.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.delayed.first().map(|(at, ..)| *at)
    }

    /// Makes Ready what has become so by `now`. Returns the peers that are to be asked now.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Request> {
        let mut txs = Vec::new();
        while let Some(&(at, _, index)) = self.delayed.first()
            && at <= now
        {
            self.delayed.pop_first();
            self.announcements[index].state = State::Ready;
            self.enlist(index);
            txs.push(self.announcements[index].tx);
        }
        // All are Ready before any is chosen: it must not matter whose time came first.
        txs.into_iter().filter_map(|tx| self.choose(tx)).collect()
    }

    /// `conn` was asked for `hash` and has not delivered it. Returns the peer that is to be asked now.
    pub(super) fn failed(&mut self, conn: ConnId, hash: &Hash) -> Option<Request> {
        let tx = self.find(hash)?;
        let index = self.announcement_of(tx, conn)?;
        match self.announcements[index].state {
            State::Completed => return None,
            State::Requested => self.release(index),
            State::Delayed => self.undelay(index),
            State::Ready => {}
        }
        self.announcements[index].state = State::Completed;
        self.txs[tx].completed += 1;
        self.choose_or_forget(tx)
    }

    /// The transaction need not be asked for under `hash` any more.
    pub(super) fn settled(&mut self, hash: &Hash) {
        if let Some(tx) = self.find(hash) {
            self.forget(tx);
        }
    }

    /// The transaction need not be asked for under `hash` of peers that are not preferred. Returns the peer that
    /// is to be asked now.
    pub(super) fn settled_of_inbound(&mut self, hash: &Hash) -> Option<Request> {
        let tx = self.find(hash)?;
        let of_inbound = self.of_tx(tx).filter(|index| !self.announcements[*index].preferred);
        for index in of_inbound.collect::<Vec<_>>() {
            self.remove(index);
        }
        self.choose_or_forget(tx)
    }

    /// `conn` is gone. Returns what it was asked for, in the order in which it announced it, each with the peer
    /// that is to be asked instead.
    pub(super) fn gone(&mut self, conn: ConnId) -> Vec<(Hash, Option<Request>)> {
        let Some(peer) = self.peers.get(conn) else { return Vec::new() };
        let mut next = peer.head;
        let mut requested = Vec::new();
        while next != NONE {
            let index = next;
            next = self.announcements[index].of_peer.next;
            let Announcement { tx, state, .. } = self.announcements[index];
            let hash = self.txs[tx].hash;
            self.remove(index);
            let instead = self.choose_or_forget(tx);
            if state == State::Requested {
                requested.push((hash, instead));
            }
        }
        self.peers.remove(conn);
        // The list began with the last.
        requested.reverse();
        requested
    }

    // ── choosing ────────────────────────────────────────────────────────────────────────────

    /// Chooses whom to ask, if nobody is being asked and somebody may be.
    fn choose(&mut self, tx: u32) -> Option<Request> {
        if self.txs[tx].requested != NONE {
            return None;
        }
        let index = self.best(tx)?;
        self.ask(index);
        let Announcement { conn, sequence, .. } = self.announcements[index];
        Some(Request { conn, hash: self.txs[tx].hash, sequence })
    }

    fn choose_or_forget(&mut self, tx: u32) -> Option<Request> {
        if self.txs[tx].completed == self.txs[tx].count {
            self.forget(tx);
            return None;
        }
        self.choose(tx)
    }

    /// The best of those that are Ready.
    fn best(&mut self, tx: u32) -> Option<u32> {
        if self.txs[tx].crowd.is_none() {
            let ready = self.of_tx(tx).filter(|index| self.announcements[*index].state == State::Ready);
            return ready.max_by_key(|index| self.rank(*index));
        }
        while let Some((_, sequence, index)) = self.txs[tx].crowd.as_mut()?.ready.pop() {
            if self.is_ready(index, sequence) {
                return Some(index);
            }
        }
        None
    }

    fn is_ready(&self, index: u32, sequence: u64) -> bool {
        let found = self.announcements.get(index);
        found.is_some_and(|found| found.sequence == sequence && found.state == State::Ready)
    }

    fn rank(&self, index: u32) -> Rank {
        let announcement = &self.announcements[index];
        let hash = self.hasher.of(&self.txs[announcement.tx].hash);
        // The finaliser of SplitMix64: every bit of the result depends on every bit of what goes in.
        let mut mixed =
            (hash ^ self.salt).wrapping_add(announcement.conn.0.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (announcement.preferred, mixed ^ mixed >> 31)
    }

    fn ask(&mut self, index: u32) {
        let Announcement { tx, conn, .. } = self.announcements[index];
        self.announcements[index].state = State::Requested;
        self.txs[tx].requested = index;
        if let Some(peer) = self.peers.get_mut(conn) {
            peer.in_flight += 1;
        }
    }

    /// Takes back that a peer is being asked.
    fn release(&mut self, index: u32) {
        let Announcement { tx, conn, .. } = self.announcements[index];
        self.txs[tx].requested = NONE;
        if let Some(peer) = self.peers.get_mut(conn) {
            peer.in_flight -= 1;
        }
    }

    fn undelay(&mut self, index: u32) {
        let Announcement { ready_at, sequence, .. } = self.announcements[index];
        self.delayed.remove(&(ready_at, sequence, index));
    }

    // ── lists ───────────────────────────────────────────────────────────────────────────────

    fn find(&self, hash: &Hash) -> Option<u32> {
        let txs = &self.txs;
        self.by_hash.find(self.hasher.of(hash), |tx| txs[*tx].hash == *hash).copied()
    }

    fn of_tx(&self, tx: u32) -> impl Iterator<Item = u32> {
        let mut next = self.txs[tx].head;
        core::iter::from_fn(move || {
            let index = next;
            next = self.announcements.get(index)?.of_tx.next;
            Some(index)
        })
    }

    /// The announcement of this hash by this peer.
    fn announcement_of(&self, tx: u32, conn: ConnId) -> Option<u32> {
        match &self.txs[tx].crowd {
            None => self.of_tx(tx).find(|index| self.announcements[*index].conn == conn),
            Some(crowd) => {
                let by = |index: &u32| self.announcements[*index].conn == conn;
                crowd.by_peer.find(conn_hash(conn), by).copied()
            }
        }
    }

    fn add_tx(&mut self, hash: Hash) -> u32 {
        let tx =
            self.txs.insert(Tx { hash, head: NONE, count: 0, completed: 0, requested: NONE, crowd: None });
        let (txs, hasher) = (&self.txs, self.hasher);
        self.by_hash.insert_unique(hasher.of(&hash), tx, |tx| hasher.of(&txs[*tx].hash));
        tx
    }

    /// Adds an announcement to the lists of its hash and its peer.
    fn add(&mut self, tx: u32, conn: ConnId, preferred: bool, ready_at: Instant, state: State) -> u32 {
        self.sequence += 1;
        if self.peers.get(conn).is_none() {
            self.peers.insert(conn, Announcer { head: NONE, count: 0, in_flight: 0 });
        }
        let of_peer = self.peers.get(conn).map_or(NONE, |peer| peer.head);
        let of_tx = self.txs[tx].head;
        let index = self.announcements.insert(Announcement {
            conn,
            sequence: self.sequence,
            ready_at,
            tx,
            of_tx: Links { next: of_tx, previous: NONE },
            of_peer: Links { next: of_peer, previous: NONE },
            state,
            preferred,
        });
        if of_tx != NONE {
            self.announcements[of_tx].of_tx.previous = index;
        }
        if of_peer != NONE {
            self.announcements[of_peer].of_peer.previous = index;
        }
        self.txs[tx].head = index;
        self.txs[tx].count += 1;
        if let Some(peer) = self.peers.get_mut(conn) {
            peer.head = index;
            peer.count += 1;
        }
        self.index(tx, index);
        index
    }

    /// Takes an announcement out of all lists.
    fn remove(&mut self, index: u32) {
        match self.announcements[index].state {
            State::Delayed => self.undelay(index),
            State::Requested => self.release(index),
            State::Completed => self.txs[self.announcements[index].tx].completed -= 1,
            State::Ready => {}
        }
        let Announcement { conn, tx, of_tx, .. } = self.announcements[index];
        match of_tx.previous {
            NONE => self.txs[tx].head = of_tx.next,
            previous => self.announcements[previous].of_tx.next = of_tx.next,
        }
        if of_tx.next != NONE {
            self.announcements[of_tx.next].of_tx.previous = of_tx.previous;
        }
        self.txs[tx].count -= 1;
        if let Some(crowd) = &mut self.txs[tx].crowd
            && let Ok(entry) = crowd.by_peer.find_entry(conn_hash(conn), |other| *other == index)
        {
            entry.remove();
        }
        self.remove_of_peer(index);
        self.tidy(tx);
    }

    /// Takes an announcement out of its peer's list, and gives its place back.
    fn remove_of_peer(&mut self, index: u32) {
        let Announcement { conn, of_peer, .. } = self.announcements[index];
        if of_peer.previous != NONE {
            self.announcements[of_peer.previous].of_peer.next = of_peer.next;
        }
        if of_peer.next != NONE {
            self.announcements[of_peer.next].of_peer.previous = of_peer.previous;
        }
        if let Some(peer) = self.peers.get_mut(conn) {
            if of_peer.previous == NONE {
                peer.head = of_peer.next;
            }
            peer.count -= 1;
        }
        self.announcements.remove(index);
    }

    /// Forgets a hash and all its announcements.
    fn forget(&mut self, tx: u32) {
        let hash = self.hasher.of(&self.txs[tx].hash);
        if let Ok(entry) = self.by_hash.find_entry(hash, |other| *other == tx) {
            entry.remove();
        }
        let mut next = self.txs[tx].head;
        while next != NONE {
            let index = next;
            next = self.announcements[index].of_tx.next;
            match self.announcements[index].state {
                State::Delayed => self.undelay(index),
                State::Requested => self.release(index),
                State::Ready | State::Completed => {}
            }
            self.remove_of_peer(index);
        }
        self.txs.remove(tx);
        if self.by_hash.is_empty() {
            // A burst is no reason to keep its memory.
            self.by_hash = HashTable::new();
        }
    }

    // ── crowds ──────────────────────────────────────────────────────────────────────────────

    /// Adds an announcement to the index of its hash, which begins when there are more than a few.
    fn index(&mut self, tx: u32, index: u32) {
        if self.txs[tx].crowd.is_none() && self.txs[tx].count > FEW {
            let mut crowd = Crowd::default();
            for index in self.of_tx(tx) {
                let Announcement { conn, sequence, state, .. } = self.announcements[index];
                self.insert_by_peer(&mut crowd, index, conn);
                // The new one is enlisted by its caller.
                if state == State::Ready && sequence != self.sequence {
                    crowd.ready.push((self.rank(index), sequence, index));
                }
            }
            self.txs[tx].crowd = Some(Box::new(crowd));
        } else if let Some(mut crowd) = self.txs[tx].crowd.take() {
            self.insert_by_peer(&mut crowd, index, self.announcements[index].conn);
            self.txs[tx].crowd = Some(crowd);
        }
    }

    fn insert_by_peer(&self, crowd: &mut Crowd, index: u32, conn: ConnId) {
        crowd
            .by_peer
            .insert_unique(conn_hash(conn), index, |other| conn_hash(self.announcements[*other].conn));
    }

    /// Adds an announcement that is Ready to those that may be chosen.
    fn enlist(&mut self, index: u32) {
        let Announcement { tx, sequence, .. } = self.announcements[index];
        if self.txs[tx].crowd.is_some() {
            let rank = self.rank(index);
            if let Some(crowd) = &mut self.txs[tx].crowd {
                crowd.ready.push((rank, sequence, index));
            }
        }
    }

    /// Takes out of a crowd's heap what is there for nothing, once that is the larger part.
    fn tidy(&mut self, tx: u32) {
        let count = self.txs[tx].count as usize;
        let Some(mut crowd) = self.txs[tx].crowd.take() else { return };
        if crowd.ready.len() > 2 * count + FEW as usize {
            crowd.ready.retain(|(_, sequence, index)| self.is_ready(*index, *sequence));
        }
        self.txs[tx].crowd = Some(crowd);
    }
}

/// Connections are counted, so neighbours differ in the lower bits; the upper seven are the lower ones again.
const fn conn_hash(conn: ConnId) -> u64 {
    conn.0 ^ conn.0 << 57
}
