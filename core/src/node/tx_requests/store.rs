//! The records of the tracker, and their links. The rules are in the parent.
//!
//! An entry stands for one (transaction, peer). It is in the list of its transaction, in the list of its peer, and
//! while it is delayed in a queue. Everything is found through tables that are never iterated.

use alloc::vec;
use alloc::vec::Vec;

use hashbrown::HashTable;

use super::super::linked_list::{Link, Linked, List, NIL};
use super::super::recent_ids::KeyedId;
use super::super::seen::{AnnouncedAs, Settled};
use super::super::slab::Slab;
use super::super::{ConnId, ConnMap};
use crate::Instant;
use crate::wire::Hash;

pub(super) const OF_TX: usize = 0;
pub(super) const OF_PEER: usize = 1;
pub(super) const QUEUE: usize = 2;
/// Link of a [`Tx`] in the list of those for which a peer must be chosen.
pub(super) const UNDECIDED: usize = 0;

/// Where an entry stands. Bitcoin Core's `CANDIDATE` is `Delayed`, `Ready` or `Ranked`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It may not be asked before this time.
    Delayed(Instant),
    /// It may be asked. All of these stand at the front of their transaction's list, before all others.
    Ready,
    /// It may be asked, and was passed over for one with a higher rank.
    Ranked(u64),
    /// It was asked and has not answered.
    Requested,
    /// It was asked and has not delivered.
    Completed,
}

/// One (transaction, peer).
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) links: [Link; 3],
    pub(super) tx: u32,
    pub(super) peer: u32,
    /// When the announcement came.
    pub(super) at: Instant,
    /// Counts all announcements: the order in which a peer made its own.
    pub(super) sequence: u64,
    pub(super) state: State,
    pub(super) preferred: bool,
    pub(super) announced: AnnouncedAs,
    /// Which queue it waits in, and how many delays it was given.
    pub(super) delays: u8,
}

/// A hash that is wanted.
#[derive(Clone, Debug)]
pub(super) struct Tx {
    pub(super) links: [Link; 1],
    pub(super) hash: Hash,
    /// The keyed hash of `hash`.
    pub(super) key: u64,
    /// For which announcements nothing more has to be asked. There are no entries of such.
    pub(super) settled: Settled,
    pub(super) entries: List<OF_TX>,
    /// The entry that was asked, or [`NIL`].
    pub(super) in_flight: u32,
    /// Entries, in whichever state.
    pub(super) total: u32,
    /// Its entries are in the table: it has had more than [`FEW`].
    is_tabled: bool,
    /// A bit for each peer that may have an entry, by its index modulo 64.
    peers: u64,
    /// Entries that are not completed. Never 0 between two calls.
    pub(super) open: u32,
    /// Entries that are ranked.
    pub(super) ranked: u32,
    /// It is in the list of undecided ones. Never while one is in flight; always if none is and one is ready.
    pub(super) undecided: bool,
}

/// Entries of one transaction that are found without a table.
const FEW: u32 = 8;

/// The connection of a place that no peer has.
const NOBODY: ConnId = ConnId(u64::MAX);

/// A peer that has announced something and is there.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    pub(super) conn: ConnId,
    /// In the order in which it announced.
    pub(super) entries: List<OF_PEER>,
    pub(super) total: u32,
    pub(super) in_flight: u32,
}

impl Linked for Entry {
    fn links(&self) -> &[Link] {
        &self.links
    }

    fn links_mut(&mut self) -> &mut [Link] {
        &mut self.links
    }
}

impl Linked for Tx {
    fn links(&self) -> &[Link] {
        &self.links
    }

    fn links_mut(&mut self) -> &mut [Link] {
        &mut self.links
    }
}

#[derive(Debug)]
pub(super) struct Store {
    pub(super) entries: Slab<Entry>,
    pub(super) txs: Slab<Tx>,
    pub(super) peers: Slab<Peer>,
    tx_table: HashTable<u32>,
    /// Entries by transaction and peer, of transactions that have many.
    entry_table: HashTable<u32>,
    peer_table: ConnMap<u32>,
    /// The peer that was found last: the next announcement mostly is its own as well.
    last_peer: u32,
}

/// The place of (transaction, peer) in the table. Keyed, because the transaction's key is; peers are counted,
/// and two of one transaction are never equal: the factor is odd.
const fn entry_key(tx_key: u64, peer: u32) -> u64 {
    tx_key ^ (peer as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The bit of a peer in [`Tx::peers`].
const fn bit(peer: u32) -> u64 {
    1 << (peer % 64)
}

impl Store {
    pub(super) const fn new() -> Self {
        Self {
            entries: Slab::new(),
            txs: Slab::new(),
            peers: Slab::new(),
            tx_table: HashTable::new(),
            entry_table: HashTable::new(),
            peer_table: ConnMap::new(),
            last_peer: NIL,
        }
    }

    pub(super) fn tx(&self, id: KeyedId<'_>) -> Option<u32> {
        self.tx_table.find(id.key, |&tx| self.txs[tx].hash == *id.hash).copied()
    }

    pub(super) fn peer(&self, conn: ConnId) -> Option<u32> {
        match self.peers.as_slice().get(self.last_peer as usize) {
            Some(last) if last.conn == conn => Some(self.last_peer),
            _ => self.peer_table.get(conn).copied(),
        }
    }

    pub(super) fn entry(&self, tx: u32, peer: u32) -> Option<u32> {
        let record = &self.txs[tx];
        if record.peers & bit(peer) == 0 {
            return None;
        }
        if record.is_tabled {
            let is_it = |&at: &u32| self.entries[at].tx == tx && self.entries[at].peer == peer;
            return self.entry_table.find(entry_key(record.key, peer), is_it).copied();
        }
        let mut at = record.entries.first();
        while at != NIL && self.entries[at].peer != peer {
            at = self.next_of_tx(at);
        }
        (at != NIL).then_some(at)
    }

    pub(super) fn conn(&self, entry: u32) -> ConnId {
        self.peers[self.entries[entry].peer].conn
    }

    pub(super) fn hash(&self, entry: u32) -> Hash {
        self.txs[self.entries[entry].tx].hash
    }

    /// The peer, which the next call of [`peer`](Self::peer) finds at once.
    pub(super) fn peer_or_add(&mut self, conn: ConnId) -> u32 {
        if let Some(peer) = self.peer(conn) {
            self.last_peer = peer;
            return peer;
        }
        let peer = self.peers.insert(Peer { conn, entries: List::EMPTY, total: 0, in_flight: 0 });
        self.peer_table.insert(conn, peer);
        self.last_peer = peer;
        peer
    }

    /// Takes out a peer that has no entries.
    pub(super) fn remove_peer(&mut self, peer: u32) {
        self.peer_table.remove(self.peers[peer].conn);
        self.peers[peer].conn = NOBODY;
        self.peers.remove(peer);
    }

    pub(super) fn add_tx(&mut self, id: KeyedId<'_>, settled: Settled) -> u32 {
        let tx = self.txs.insert(Tx {
            links: [Link::NONE],
            hash: *id.hash,
            key: id.key,
            settled,
            entries: List::EMPTY,
            in_flight: NIL,
            total: 0,
            is_tabled: false,
            peers: 0,
            open: 0,
            ranked: 0,
            undecided: false,
        });
        let txs = &self.txs;
        self.tx_table.insert_unique(id.key, tx, |&tx| txs[tx].key);
        tx
    }

    /// Takes out a transaction that has no entries and is not undecided.
    pub(super) fn remove_tx(&mut self, tx: u32) {
        if let Ok(found) = self.tx_table.find_entry(self.txs[tx].key, |&other| other == tx) {
            found.remove();
        }
        self.txs.remove(tx);
    }

    /// Adds an entry; its (transaction, peer) must have none. A delayed one goes to the end of its transaction's
    /// list, a ready one to the front.
    pub(super) fn add_entry(&mut self, entry: Entry) -> u32 {
        let (tx, peer) = (entry.tx, entry.peer);
        let is_delayed = matches!(entry.state, State::Delayed(_));
        let at = self.entries.insert(entry);
        let places = self.entries.places();
        if is_delayed {
            self.txs[tx].entries.push_back(places, at);
        } else {
            self.txs[tx].entries.push_front(places, at);
        }
        let record = &mut self.txs[tx];
        record.total += 1;
        record.peers |= bit(peer);
        let is_full = record.total > FEW && !record.is_tabled;
        let peer = &mut self.peers[peer];
        peer.entries.push_back(places, at);
        peer.total += 1;
        if is_full {
            self.txs[tx].is_tabled = true;
            let mut at = self.txs[tx].entries.first();
            while at != NIL {
                self.put_into_table(at);
                at = self.next_of_tx(at);
            }
        } else if self.txs[tx].is_tabled {
            self.put_into_table(at);
        }
        at
    }

    fn put_into_table(&mut self, at: u32) {
        let (entries, txs) = (&self.entries, &self.txs);
        let key_of = |&at: &u32| entry_key(txs[entries[at].tx].key, entries[at].peer);
        self.entry_table.insert_unique(key_of(&at), at, key_of);
    }

    /// Takes out an entry that is in no queue.
    pub(super) fn remove_entry(&mut self, at: u32) {
        let Entry { tx, peer, .. } = self.entries[at];
        let record = &mut self.txs[tx];
        if record.is_tabled
            && let Ok(found) = self.entry_table.find_entry(entry_key(record.key, peer), |&other| other == at)
        {
            found.remove();
        }
        let places = self.entries.places();
        record.entries.remove(places, at);
        record.total -= 1;
        let peer = &mut self.peers[peer];
        peer.entries.remove(places, at);
        peer.total -= 1;
        self.entries.remove(at);
    }

    pub(super) fn move_to_front(&mut self, at: u32) {
        let list = &mut self.txs[self.entries[at].tx].entries;
        list.remove(self.entries.places(), at);
        list.push_front(self.entries.places(), at);
    }

    pub(super) fn move_to_back(&mut self, at: u32) {
        let list = &mut self.txs[self.entries[at].tx].entries;
        list.remove(self.entries.places(), at);
        list.push_back(self.entries.places(), at);
    }

    pub(super) fn next_of_tx(&self, at: u32) -> u32 {
        List::<OF_TX>::next(self.entries.as_slice(), at)
    }

    /// Whether most places are free, so that [`compact`](Self::compact) gives memory back. Then it costs no more
    /// than what was taken out since.
    pub(super) fn is_sparse(&self) -> bool {
        self.entries.is_sparse() || self.txs.is_sparse()
    }

    /// Moves everything to new places, close together, in an order that depends on nothing but the lists. Returns
    /// the new indices of entries and of transactions, by the old ones.
    pub(super) fn compact(&mut self) -> (Renamed, Renamed) {
        let (entries, txs) = (Slab::with_capacity(self.entries.len()), Slab::with_capacity(self.txs.len()));
        let mut old_entries = core::mem::replace(&mut self.entries, entries);
        let mut old_txs = core::mem::replace(&mut self.txs, txs);
        let mut entries_renamed = Renamed::new(old_entries.places().len());
        let mut txs_renamed = Renamed::new(old_txs.places().len());
        for peer in self.peers.places() {
            let mut at = peer.entries.first();
            while at != NIL {
                let mut entry = old_entries[at].clone();
                if txs_renamed.get(entry.tx) == NIL {
                    txs_renamed.set(entry.tx, self.txs.insert(old_txs[entry.tx].clone()));
                }
                entry.tx = txs_renamed.get(entry.tx);
                entries_renamed.set(at, self.entries.insert(entry));
                at = List::<OF_PEER>::next(old_entries.places(), at);
            }
            peer.entries.rename(|at| entries_renamed.get(at));
        }
        let txs = self.txs.places();
        for tx in &mut *txs {
            tx.entries.rename(|at| entries_renamed.get(at));
            tx.in_flight = entries_renamed.get(tx.in_flight);
            tx.links[UNDECIDED].rename(|at| txs_renamed.get(at));
        }
        self.tx_table = HashTable::with_capacity(txs.len());
        for (at, tx) in (0..).zip(&*txs) {
            self.tx_table.insert_unique(tx.key, at, |&at| txs[at as usize].key);
        }
        let entries = self.entries.places();
        let key_of = |entry: &Entry| entry_key(txs[entry.tx as usize].key, entry.peer);
        self.entry_table = HashTable::new();
        let is_tabled = |entry: &Entry| txs[entry.tx as usize].is_tabled;
        for (at, entry) in (0..).zip(&*entries).filter(|(_, entry)| is_tabled(entry)) {
            self.entry_table.insert_unique(key_of(entry), at, |&at| key_of(&entries[at as usize]));
        }
        for entry in entries {
            entry.links.iter_mut().for_each(|link| link.rename(|at| entries_renamed.get(at)));
        }
        (entries_renamed, txs_renamed)
    }

    /// Bytes that the records and tables hold.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        let tables = self.tx_table.allocation_size() + self.entry_table.allocation_size();
        self.entries.bytes() + self.txs.bytes() + self.peers.bytes() + tables
    }
}

/// New indices by the old ones.
#[derive(Debug)]
pub(super) struct Renamed(Vec<u32>);

impl Renamed {
    fn new(places: usize) -> Self {
        Self(vec![NIL; places])
    }

    fn set(&mut self, old: u32, new: u32) {
        self.0[old as usize] = new;
    }

    /// The new index; [`NIL`] of [`NIL`].
    pub(super) fn get(&self, old: u32) -> u32 {
        self.0.get(old as usize).copied().unwrap_or(NIL)
    }
}
