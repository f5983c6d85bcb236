//! Which transactions are wanted, from whom, and whom to ask next.
//!
//! The rules of Bitcoin Core's `src/txrequest.h`, with the delays of `src/node/txdownloadman.h`. It tracks an
//! *entry* for each hash and each peer that announced it, txid or wtxid:
//!
//! ```text
//! announced ─→ candidate ── its time has come, and it is the best ─→ requested ─→ completed
//!                                                                        └─ delivered: the hash is settled
//! ```
//!
//! - At most one entry of a hash is requested at a time.
//! - Of the candidates whose time has come the preferred ones (whom we dialled) go first; among equals a keyed
//!   hash of transaction and peer decides, which nobody can guess. The first announcer gains nothing but the
//!   time until a better one announces.
//! - A completed entry is not asked again, however often that peer announces the hash. It is forgotten with the
//!   peer, with the transaction, or when all entries of that hash are completed.
//! - A peer has at most so many entries, completed ones included; further announcements are dropped (Core: 5000).
//! - A candidate waits [`DELAY`] for each of these: its peer is not preferred; it is a txid, and there are peers
//!   that announce by wtxid (so that the same transaction is not fetched under both ids); its peer had
//!   [`OVERLOADED`] requests in flight when the message came. That is a delay and no limit.
//! - Requests to one peer at one time have the order in which it announced the hashes.
//!
//! This knows no timeouts of requests: [`Peer`](crate::Peer) keeps them, and says so through
//! [`failed`](TxRequests::failed).
//!
//! # Costs
//!
//! An announcement and a settled entry cost the same however many there are. Choosing among many candidates costs
//! the logarithm of their number, once for each candidate. All delays are multiples of one, so three queues keep
//! the delayed ones in order. Memory: at most [`BYTES_PER_ENTRY`] for each (hash, peer) and [`BYTES_PER_TX`] for
//! each hash, given back when most of it is unused.

mod announced;
#[cfg(test)]
mod costs;
mod rank;
mod store;

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::time::Duration;

pub(super) use self::announced::{Announced, Announcer, Announcing, Outcome};
use self::rank::rank;
use self::store::{Entry, QUEUE, State, Store, UNDECIDED};
use super::ConnId;
use super::announcers::FirstAnnouncement;
use super::linked_list::{Link, List, NIL};
use super::recent_ids::KeyedId;
use super::seen::{AnnouncedAs, BodyFrom, Known, Seen, Settled};
use crate::Instant;
use crate::wire::Hash;

/// One delay of a candidate. Bitcoin Core has three of the same length: `NONPREF_PEER_TX_DELAY`,
/// `TXID_RELAY_DELAY`, `OVERLOADED_PEER_TX_DELAY`.
pub(super) const DELAY: Duration = Duration::from_secs(2);

/// Requests in flight to one peer from which on its further announcements are delayed (Bitcoin Core
/// `MAX_PEER_TX_REQUEST_IN_FLIGHT`).
pub(super) const OVERLOADED: usize = 100;

/// Which transactions are wanted, from whom, and whom to ask next.
#[derive(Debug)]
pub(super) struct TxRequests {
    store: Store,
    seen: Seen,
    /// Delayed entries by their number of delays, each queue in the order of its times.
    queues: [List<QUEUE>; 3],
    /// Transactions for which a peer must be chosen.
    undecided: List<UNDECIDED>,
    /// Entries that were passed over: of each transaction those of the highest rank first.
    ranked: BTreeSet<(u32, Reverse<u64>, u32)>,
    rank_key: [u64; 2],
    entries_per_peer: u32,
    sequence: u64,
}

impl TxRequests {
    /// `rank_key` decides among equals: nobody else may know it.
    pub(super) fn new(rank_key: [u64; 2], seen: Seen, entries_per_peer: u32) -> Self {
        Self {
            store: Store::new(),
            seen,
            queues: [List::EMPTY; 3],
            undecided: List::EMPTY,
            ranked: BTreeSet::new(),
            rank_key,
            entries_per_peer,
            sequence: 0,
        }
    }

    /// A peer is about to announce. `wtxid_peers`: there are peers that announce by wtxid.
    pub(super) fn begin(&mut self, from: &Announcer, wtxid_peers: bool) -> Announcing {
        self.undelay(from.first.at);
        let delays = [!from.preferred, from.by_txid && wtxid_peers, from.overloaded];
        let delays = delays.into_iter().map(u8::from).sum();
        let state = match delays {
            0 => State::Ready,
            _ => State::Delayed(from.first.at + DELAY * u32::from(delays)),
        };
        Announcing {
            first: from.first,
            peer: self.store.peer_or_add(from.first.conn),
            preferred: from.preferred,
            announced: AnnouncedAs::new(from.by_txid, from.preferred),
            delays,
            state,
        }
    }

    /// The peer that has [begun](Self::begin) announced a hash.
    pub(super) fn announced(&mut self, from: &Announcing, id: KeyedId<'_>) -> Announced {
        let Announcing { peer, announced, .. } = *from;
        let known_tx = self.store.tx(id);
        let known = match known_tx {
            Some(tx) => Known { settled: self.store.txs[tx].settled, announced: true },
            None => self.seen.find(id.key),
        };
        let settled = known.settled;
        let has_body = settled != Settled::NOTHING;
        let first = !known.announced && !has_body;
        if first {
            self.seen.announced(id.key, from.first);
        }
        if settled.contains(announced) {
            return Announced { first, has_body, outcome: Outcome::Settled };
        }
        if known_tx.is_some_and(|tx| self.store.entry(tx, peer).is_some()) {
            return Announced { first, has_body, outcome: Outcome::Repeated };
        }
        let total = self.store.peers[peer].total;
        if total >= self.entries_per_peer || self.store.entries.len() >= NIL as usize {
            return Announced { first, has_body, outcome: Outcome::Refused };
        }
        let tx = known_tx.unwrap_or_else(|| self.store.add_tx(id, settled));
        let at = self.store.add_entry(Entry {
            links: [Link::NONE; 3],
            tx,
            peer,
            at: from.first.at,
            sequence: self.sequence,
            state: from.state,
            preferred: from.preferred,
            announced,
            delays: from.delays,
        });
        self.sequence += 1;
        self.store.txs[tx].open += 1;
        let mut outcome = Outcome::Candidate;
        if from.delays > 0 {
            self.queues[usize::from(from.delays) - 1].push_back(self.store.entries.places(), at);
        } else if self.store.txs[tx].in_flight == NIL && self.is_only_ready(tx, at) {
            self.decided(tx);
            self.request(at);
            outcome = Outcome::Requested;
        }
        Announced { first, has_body, outcome }
    }

    /// Requests that are due now: grouped by peer, those of one peer in the order in which it announced
    /// it. To be called after all that one input has led to; what it returns counts as asked.
    #[must_use = "these count as asked"]
    pub(super) fn take_requests(&mut self, now: Instant) -> Vec<(ConnId, Hash)> {
        self.undelay(now);
        let mut chosen = Vec::new();
        while self.undecided.first() != NIL {
            let tx = self.undecided.first();
            self.decided(tx);
            if let Some(at) = self.choose(tx) {
                self.request(at);
                chosen.push((self.store.conn(at), self.store.entries[at].sequence, at));
            }
        }
        chosen.sort_unstable();
        chosen.into_iter().map(|(conn, _, at)| (conn, self.store.hash(at))).collect()
    }

    /// When the first delayed candidate may be asked: [`take_requests`](Self::take_requests) is due then.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let times = self.queues.iter().filter_map(|queue| self.ready_at(queue.first()));
        times.min()
    }

    /// A peer said that it has not what it announced (`notfound`), did not deliver it in time, or sent something
    /// of that name that [settles](Settled) nothing. Returns whether the hash is forgotten: nobody is left to ask.
    ///
    /// A hash that it has not announced, or has completed already, changes nothing.
    pub(super) fn failed(&mut self, conn: ConnId, id: KeyedId<'_>) -> bool {
        let Some(tx) = self.store.tx(id) else { return false };
        let Some(peer) = self.store.peer(conn) else { return false };
        let Some(at) = self.store.entry(tx, peer) else { return false };
        self.close(at);
        // Ready ones stand before all others.
        self.store.move_to_back(at);
        let forgotten = self.store.txs[tx].open == 0;
        if forgotten {
            self.forget(tx);
            self.give_back();
        }
        forgotten
    }

    /// A body came. The entries that it settles are forgotten, and what was requested for it is free to be asked of
    /// others. Returns whether it is new: no body with this wtxid is remembered.
    ///
    /// Of a peer that was asked for it and sent what settles nothing under that id (it can never be mined), say
    /// [`failed`](Self::failed) as well.
    pub(super) fn received(&mut self, wtxid: KeyedId<'_>, txid: KeyedId<'_>, from: BodyFrom) -> bool {
        let is_new = self.seen.received(wtxid.key, txid.key, from);
        let settled = Settled::txid(from);
        if wtxid.hash == txid.hash {
            self.settle(wtxid, Settled::WTXID.and(settled));
        } else {
            self.settle(wtxid, Settled::WTXID);
            if settled != Settled::NOTHING {
                self.settle(txid, settled);
            }
        }
        self.give_back();
        is_new
    }

    /// A connection is over: its entries are forgotten, and what it was asked for is free to be asked of others.
    pub(super) fn disconnected(&mut self, conn: ConnId) {
        let Some(peer) = self.store.peer(conn) else { return };
        while self.store.peers[peer].entries.first() != NIL {
            let at = self.store.peers[peer].entries.first();
            let tx = self.store.entries[at].tx;
            self.close(at);
            self.store.remove_entry(at);
            if self.store.txs[tx].open == 0 {
                self.forget(tx);
            }
        }
        self.store.remove_peer(peer);
        self.give_back();
    }

    /// A peer announced a hash that is not asked for automatically. Returns whether nobody did before.
    pub(super) fn announced_first(&mut self, id: KeyedId<'_>, first: FirstAnnouncement) -> bool {
        let known = self.seen.find(id.key);
        let is_first = !known.announced && known.settled == Settled::NOTHING;
        if is_first {
            self.seen.announced(id.key, first);
        }
        is_first
    }

    /// How this hash was announced first, as far as that is remembered.
    pub(super) fn first(&self, id: KeyedId<'_>) -> Option<FirstAnnouncement> {
        self.seen.first(id.key)
    }

    /// The connected peers that announced this hash, of which no body has settled everything, and when.
    pub(super) fn announcers(&self, id: KeyedId<'_>) -> impl Iterator<Item = (ConnId, Instant)> {
        let first = self.store.tx(id).map_or(NIL, |tx| self.store.txs[tx].entries.first());
        let is_one = |at: &u32| *at != NIL;
        let next = move |at: &u32| Some(self.store.next_of_tx(*at)).filter(is_one);
        core::iter::successors(Some(first).filter(is_one), next)
            .map(|at| (self.store.conn(at), self.store.entries[at].at))
    }

    /// Whether a body with this wtxid is remembered.
    pub(super) fn has_body(&self, wtxid: KeyedId<'_>) -> bool {
        self.seen.settled(wtxid.key).contains(AnnouncedAs::Wtxid)
    }

    /// How many requests to this peer are in flight.
    pub(super) fn in_flight(&self, conn: ConnId) -> usize {
        self.store.peer(conn).map_or(0, |peer| self.store.peers[peer].in_flight as usize)
    }

    // ── steps ───────────────────────────────────────────────────────────────────────────────

    /// Forgets these announcements of this hash.
    fn settle(&mut self, id: KeyedId<'_>, settled: Settled) {
        let Some(tx) = self.store.tx(id) else { return };
        self.store.txs[tx].settled = self.store.txs[tx].settled.and(settled);
        let mut at = self.store.txs[tx].entries.first();
        while at != NIL {
            let next = self.store.next_of_tx(at);
            if settled.contains(self.store.entries[at].announced) {
                self.close(at);
                self.store.remove_entry(at);
            }
            at = next;
        }
        if self.store.txs[tx].open == 0 {
            self.forget(tx);
        }
    }

    /// Makes candidates ready whose time has come.
    fn undelay(&mut self, now: Instant) {
        for queue in 0..self.queues.len() {
            loop {
                let at = self.queues[queue].first();
                if self.ready_at(at).is_none_or(|time| time > now) {
                    break;
                }
                self.queues[queue].remove(self.store.entries.places(), at);
                self.store.entries[at].state = State::Ready;
                self.store.move_to_front(at);
                self.undecide(self.store.entries[at].tx);
            }
        }
    }

    fn ready_at(&self, at: u32) -> Option<Instant> {
        if at == NIL {
            return None;
        }
        match self.store.entries[at].state {
            State::Delayed(time) => Some(time),
            _ => None,
        }
    }

    /// Notes that a peer must be chosen, if none is in flight.
    fn undecide(&mut self, tx: u32) {
        if self.store.txs[tx].in_flight == NIL && !self.store.txs[tx].undecided {
            self.store.txs[tx].undecided = true;
            self.undecided.push_back(self.store.txs.places(), tx);
        }
    }

    fn decided(&mut self, tx: u32) {
        if self.store.txs[tx].undecided {
            self.store.txs[tx].undecided = false;
            self.undecided.remove(self.store.txs.places(), tx);
        }
    }

    /// The best entry that may be asked for a transaction.
    fn choose(&mut self, tx: u32) -> Option<u32> {
        let mut at = self.store.txs[tx].entries.first();
        if self.is_ready(at) && self.is_only_ready(tx, at) {
            return Some(at);
        }
        while self.is_ready(at) {
            let rank = self.rank(at);
            self.store.entries[at].state = State::Ranked(rank);
            self.store.txs[tx].ranked += 1;
            self.ranked.insert((tx, Reverse(rank), at));
            at = self.store.next_of_tx(at);
        }
        self.best_ranked(tx)
    }

    fn is_ready(&self, at: u32) -> bool {
        at != NIL && self.store.entries[at].state == State::Ready
    }

    /// Whether the ready entry at the front of the list has no competitor.
    fn is_only_ready(&self, tx: u32, first: u32) -> bool {
        self.store.txs[tx].ranked == 0 && !self.is_ready(self.store.next_of_tx(first))
    }

    fn best_ranked(&self, tx: u32) -> Option<u32> {
        if self.store.txs[tx].ranked == 0 {
            return None;
        }
        self.ranked.range((tx, Reverse(u64::MAX), 0)..).next().map(|&(_, _, at)| at)
    }

    /// The higher one is asked first.
    fn rank(&self, at: u32) -> u64 {
        let entry = &self.store.entries[at];
        rank(self.rank_key, self.store.txs[entry.tx].key, self.store.conn(at), entry.preferred)
    }

    /// Marks a ready or ranked entry as requested.
    fn request(&mut self, at: u32) {
        self.unrank(at);
        let entry = &mut self.store.entries[at];
        entry.state = State::Requested;
        self.store.txs[entry.tx].in_flight = at;
        self.store.peers[entry.peer].in_flight += 1;
    }

    fn unrank(&mut self, at: u32) {
        let entry = &self.store.entries[at];
        if let State::Ranked(rank) = entry.state {
            self.ranked.remove(&(entry.tx, Reverse(rank), at));
            self.store.txs[entry.tx].ranked -= 1;
        }
    }

    /// Marks an entry as completed, whatever it was.
    fn close(&mut self, at: u32) {
        let Entry { tx, peer, state, delays, .. } = self.store.entries[at];
        match state {
            State::Completed => return,
            State::Delayed(_) => {
                self.queues[usize::from(delays) - 1].remove(self.store.entries.places(), at);
            }
            State::Ready => {}
            State::Ranked(_) => self.unrank(at),
            State::Requested => {
                self.store.txs[tx].in_flight = NIL;
                self.store.peers[peer].in_flight -= 1;
                self.undecide(tx);
            }
        }
        self.store.entries[at].state = State::Completed;
        self.store.txs[tx].open -= 1;
    }

    /// Takes out a transaction whose entries are all completed.
    fn forget(&mut self, tx: u32) {
        self.decided(tx);
        while self.store.txs[tx].entries.first() != NIL {
            self.store.remove_entry(self.store.txs[tx].entries.first());
        }
        self.store.remove_tx(tx);
    }

    /// After a burst, when most places are free: lets go of them.
    fn give_back(&mut self) {
        if self.store.is_sparse() {
            self.compact();
        }
    }

    fn compact(&mut self) {
        let (entries, txs) = self.store.compact();
        self.queues.iter_mut().for_each(|queue| queue.rename(|at| entries.get(at)));
        self.undecided.rename(|at| txs.get(at));
        let ranked = core::mem::take(&mut self.ranked);
        self.ranked = ranked.into_iter().map(|(tx, rank, at)| (txs.get(tx), rank, entries.get(at))).collect();
    }
}
