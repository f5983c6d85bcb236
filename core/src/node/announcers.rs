//! Which peers announced the last transactions, and how these spread.
//!
//! A record stands for one transaction whose body came, under both its ids. It knows of each peer whether it
//! announced the transaction, in one bit. Before the body comes the [requests](super::tx_requests) know that.
//! An id that never becomes a transaction leaves nothing here, so that junk flushes nothing.
//!
//! Until it is told, a record has the times as well: when each announcement came, counted from the first. It is
//! told once, at a stated age, or when the body comes if that is later. The bits stay after that, to know a
//! repeated announcement, until the last so many transactions are others.
//!
//! Peers have slots, which number their bits; the slot of one that is gone is used again. A bit that was set by an
//! earlier owner is never taken for the present one's: bits count in records that are younger than the owner's
//! connection. Of older ones the connection's name is noted.
//!
//! An announcement costs one look-up. Memory: [`BYTES_PER_RECORD`] for each of a stated number of records,
//! reserved at the start; one bit for each (record, peer) above 64 peers, and what waits to be told, no more than
//! [`MAX_EXTRA_BYTES`] in all: then the oldest records are forgotten, told or not.

mod offsets;

#[cfg(test)]
mod tests;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use hashbrown::HashTable;

use self::offsets::Offsets;
use super::slab::Slab;
use super::slots::Group;
use super::{ConnId, ConnMap, Propagation};
use crate::Instant;
use crate::peer::Direction;
use crate::wire::{Txid, Wtxid};

/// Bytes of a record with its two places in the table, which is at most half full.
#[cfg(test)]
const BYTES_PER_RECORD: usize = size_of::<Record>() + 2 * 4 * (size_of::<u32>() + 1) * 8 / 7;

/// Bytes beside the records: bits of peers above the first 64, names, and what waits to be told.
pub(super) const MAX_EXTRA_BYTES: usize = 16 << 20;

/// Bytes of what waits to be told, without its offsets, at most.
const BYTES_PER_PENDING: usize = 2 * size_of::<(Instant, u64, Pending)>();

/// Recent announcements of all peers.
#[derive(Debug)]
pub(super) struct Announcers {
    /// The record with number n is at n modulo the length.
    records: Box<[Record]>,
    /// Numbers of the records that are kept.
    numbers: core::ops::Range<u64>,
    /// Twice the place in `records`, and one more for the second key, by the keyed hashes of both ids. Looked up,
    /// never iterated.
    table: HashTable<u32>,
    /// The transactions that wait to be told, by when each is due and by the number of its record.
    pending: BTreeMap<(Instant, u64), Pending>,
    slots: Slab<Slot>,
    slot_of: ConnMap<u32>,
    /// How many peers have gone.
    departed: u64,
    extra_bytes: usize,
    age: Duration,
}

/// The owner of a slot.
#[derive(Clone, Copy, Debug)]
struct Slot {
    conn: ConnId,
    group: Group,
    /// The number that the next record had when the owner connected.
    since: u64,
}

/// One transaction.
#[derive(Clone, Debug)]
struct Record {
    /// The keyed hashes of its wtxid and its txid; only the one that nobody else has, if another record has one.
    keys: [u64; 2],
    /// When it is due, while it waits to be told.
    due: Option<Instant>,
    /// The bits of the first 64 slots.
    bits: u64,
    more: Option<Box<More>>,
}

/// The part of a record that few have.
#[derive(Clone, Debug, Default)]
struct More {
    /// The bits of further slots, 64 each.
    bits: Vec<u64>,
    /// Connections that are younger than the record, in order.
    by_name: Vec<ConnId>,
}

/// A transaction that waits to be told.
#[derive(Debug)]
struct Pending {
    txid: Txid,
    wtxid: Wtxid,
    first: FirstAnnouncement,
    offsets: Offsets,
}

/// How a transaction was announced first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FirstAnnouncement {
    pub(super) at: Instant,
    pub(super) conn: ConnId,
    pub(super) direction: Direction,
    /// The peer announced as fast as Bitcoin Core lets it, so that it may have held this one back.
    pub(super) congested: bool,
    /// How many peers had gone before.
    pub(super) departed: u64,
}

impl Default for FirstAnnouncement {
    /// That of nothing: no connection has this name.
    fn default() -> Self {
        Self {
            at: Instant::ZERO,
            conn: ConnId(0),
            direction: Direction::Outbound,
            congested: false,
            departed: 0,
        }
    }
}

/// The facts known of a transaction when its body comes.
#[derive(Debug)]
pub(super) struct Body<'a> {
    pub(super) txid: Txid,
    pub(super) wtxid: Wtxid,
    /// The keyed hashes of the two.
    pub(super) keys: [u64; 2],
    pub(super) first: FirstAnnouncement,
    /// Connected peers that announced it, and when; the first among them or not.
    pub(super) announced: &'a [(ConnId, Instant)],
}

impl Announcers {
    /// Keeps the last so many transactions, one at least, and tells each at this age; never at the longest one.
    pub(super) fn new(age: Duration, records: usize) -> Self {
        let records = records.clamp(1, 1 << 30);
        Self {
            records: alloc::vec![Record::NOTHING; records].into_boxed_slice(),
            numbers: 0..0,
            // Twice the room: a table that is at most half full clears out its removed entries in place and never
            // grows.
            table: HashTable::with_capacity(2 * (2 * records + 2)),
            pending: BTreeMap::new(),
            slots: Slab::new(),
            slot_of: ConnMap::new(),
            departed: 0,
            extra_bytes: 0,
            age,
        }
    }

    /// A peer's handshake is done.
    pub(super) fn connected(&mut self, conn: ConnId, group: Group) {
        if !self.slot_of.contains(conn) {
            let since = self.numbers.end;
            self.slot_of.insert(conn, self.slots.insert(Slot { conn, group, since }));
        }
    }

    /// A peer is gone. Its announcements still count.
    pub(super) fn disconnected(&mut self, conn: ConnId) {
        if let Some(slot) = self.slot_of.remove(conn) {
            self.departed += 1;
            self.slots[slot].since = u64::MAX;
            self.slots.remove(slot);
        }
    }

    /// How many peers have gone so far.
    pub(super) const fn departed(&self) -> u64 {
        self.departed
    }

    /// A peer announced an id of which a body came, or is not going to be asked for. Returns whether it is the
    /// first time, as far as is remembered.
    pub(super) fn announced(&mut self, now: Instant, conn: ConnId, key: u64) -> bool {
        let Some(&slot) = self.slot_of.get(conn) else { return false };
        let number = self.find(key).unwrap_or_else(|| self.add([key; 2]));
        let is_new = self.note(number, slot);
        if is_new {
            self.add_time(number, now);
        }
        self.forget_oldest();
        is_new
    }

    /// The body of a transaction came that was announced. If it is new it is told when it has the age.
    pub(super) fn body(&mut self, now: Instant, is_new: bool, body: &Body<'_>) {
        let [wtxid, txid] = body.keys;
        let is_told = !is_new || self.age == Duration::MAX;
        let (number, is_told) = match (self.find(wtxid), self.find(txid)) {
            (Some(number), _) => (number, true),
            (None, None) => (self.add([wtxid, txid]), is_told),
            // Another transaction, with other witnesses, has the txid.
            (None, Some(_)) => (self.add([wtxid; 2]), is_told),
        };
        let mut waiting = (!is_told).then(|| self.wait(number, body));
        for (conn, at) in body.announced {
            let Some(&slot) = self.slot_of.get(*conn) else { continue };
            if self.note(number, slot) {
                match &mut waiting {
                    Some(pending) => pending.add(*at),
                    None => self.add_time(number, *at),
                }
            }
        }
        if let Some(pending) = waiting {
            let due = now.max(pending.first.at + self.age);
            let place = self.place(number);
            self.records[place].due = Some(due);
            self.extra_bytes += BYTES_PER_PENDING + pending.offsets.bytes();
            self.pending.insert((due, number), pending);
        }
        self.forget_oldest();
    }

    /// When the next transaction is to be told.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.pending.first_key_value().map(|((due, _), _)| *due)
    }

    /// The next transaction that is to be told. Each is told once.
    pub(super) fn poll(&mut self, now: Instant) -> Option<Propagation> {
        let (&(due, number), _) = self.pending.first_key_value()?;
        if due > now {
            return None;
        }
        let Pending { txid, wtxid, first, offsets } = self.take_pending(due, number)?;
        let gone_since = self.departed - first.departed;
        Some(Propagation {
            txid,
            wtxid,
            first_at: first.at,
            first_conn: first.conn,
            first_direction: first.direction,
            congested: first.congested,
            announcers: offsets.count(),
            listeners: (self.slots.len() as u64 + gone_since) as u32,
            netgroups: self.groups(number),
            p10: micros(offsets.percentile(10)),
            p50: micros(offsets.percentile(50)),
            p90: micros(offsets.percentile(90)),
            max: micros(offsets.max()),
        })
    }

    // ── steps ───────────────────────────────────────────────────────────────────────────────

    const fn place(&self, number: u64) -> usize {
        (number % self.records.len() as u64) as usize
    }

    /// The number of the record with one of these ids.
    fn find(&self, key: u64) -> Option<u64> {
        let found = *self.table.find(key, |&found| key_of(&self.records, found) == key)?;
        let len = self.records.len() as u64;
        let last = self.numbers.end - 1;
        Some(last - (last % len + len - u64::from(found / 2)) % len)
    }

    fn add(&mut self, keys: [u64; 2]) -> u64 {
        if self.numbers.end - self.numbers.start == self.records.len() as u64 {
            self.forget();
        }
        let number = self.numbers.end;
        self.numbers.end += 1;
        let place = self.place(number);
        self.records[place] = Record { keys, ..Record::NOTHING };
        let records = &self.records;
        for found in entries(place, keys) {
            self.table.insert_unique(key_of(records, found), found, |&other| key_of(records, other));
        }
        number
    }

    /// Notes that the owner of a slot announced it; false if that was noted.
    fn note(&mut self, number: u64, slot: u32) -> bool {
        let place = self.place(number);
        let Slot { conn, since, .. } = self.slots[slot];
        let record = &mut self.records[place];
        let before = record.extra_bytes();
        let is_new = if since <= number { record.set_bit(slot) } else { record.add_name(conn) };
        self.extra_bytes = self.extra_bytes + record.extra_bytes() - before;
        is_new
    }

    /// Notes the first announcement of a transaction that is to be told.
    fn wait(&mut self, number: u64, body: &Body<'_>) -> Pending {
        let Body { txid, wtxid, first, .. } = *body;
        let mut pending = Pending { txid, wtxid, first, offsets: Offsets::new() };
        pending.add(first.at);
        if let Some(&slot) = self.slot_of.get(first.conn) {
            self.note(number, slot);
        }
        pending
    }

    /// Notes when an announcement came, if the transaction waits to be told.
    fn add_time(&mut self, number: u64, at: Instant) {
        let Some(due) = self.records[self.place(number)].due else { return };
        let Some(pending) = self.pending.get_mut(&(due, number)) else { return };
        let before = pending.offsets.bytes();
        pending.add(at);
        self.extra_bytes = self.extra_bytes + pending.offsets.bytes() - before;
    }

    fn take_pending(&mut self, due: Instant, number: u64) -> Option<Pending> {
        let place = self.place(number);
        self.records[place].due = None;
        let pending = self.pending.remove(&(due, number))?;
        self.extra_bytes -= BYTES_PER_PENDING + pending.offsets.bytes();
        Some(pending)
    }

    /// How many different groups of connected peers announced a transaction.
    fn groups(&self, number: u64) -> u32 {
        let record = &self.records[self.place(number)];
        let by_bit = record.slots().filter(|slot| self.slots[*slot].since <= number);
        let by_name = record.names().iter().filter_map(|conn| self.slot_of.get(*conn)).copied();
        let mut groups: Vec<_> = by_bit.chain(by_name).map(|slot| self.slots[slot].group).collect();
        groups.sort_unstable();
        groups.dedup();
        groups.len() as u32
    }

    fn forget_oldest(&mut self) {
        while self.extra_bytes > MAX_EXTRA_BYTES && self.numbers.end - self.numbers.start > 1 {
            self.forget();
        }
    }

    fn forget(&mut self) {
        let number = self.numbers.start;
        self.numbers.start += 1;
        let place = self.place(number);
        if let Some(due) = self.records[place].due {
            self.take_pending(due, number);
        }
        for found in entries(place, self.records[place].keys) {
            if let Ok(entry) = self.table.find_entry(key_of(&self.records, found), |&other| other == found) {
                entry.remove();
            }
        }
        let record = core::mem::replace(&mut self.records[place], Record::NOTHING);
        self.extra_bytes -= record.extra_bytes();
    }
}

impl Pending {
    fn add(&mut self, at: Instant) {
        let offset = at.saturating_duration_since(self.first.at).as_micros();
        self.offsets.add(u32::try_from(offset).unwrap_or(u32::MAX));
    }
}

impl Record {
    const NOTHING: Self = Self { keys: [0; 2], due: None, bits: 0, more: None };

    /// Bytes beside the record itself: of lists twice the length, whatever room they have. The choice of the records
    /// to forget must not depend on that.
    fn extra_bytes(&self) -> usize {
        self.more.as_ref().map_or(0, |more| {
            size_of::<More>() + 2 * (size_of_val(more.bits.as_slice()) + size_of_val(more.by_name.as_slice()))
        })
    }

    fn set_bit(&mut self, slot: u32) -> bool {
        let (word, bit) = (slot as usize / 64, 1 << (slot % 64));
        let word = if let Some(place) = word.checked_sub(1) {
            let bits = &mut self.more.get_or_insert_default().bits;
            if place >= bits.len() {
                bits.resize(place + 1, 0);
            }
            &mut bits[place]
        } else {
            &mut self.bits
        };
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    fn add_name(&mut self, conn: ConnId) -> bool {
        let names = &mut self.more.get_or_insert_default().by_name;
        let Err(place) = names.binary_search(&conn) else { return false };
        names.insert(place, conn);
        true
    }

    fn names(&self) -> &[ConnId] {
        self.more.as_ref().map_or(&[], |more| &more.by_name)
    }

    /// The slots whose bits are set, whoever set them.
    fn slots(&self) -> impl Iterator<Item = u32> {
        let further = self.more.iter().flat_map(|more| more.bits.iter().copied());
        (0..).zip([self.bits].into_iter().chain(further)).flat_map(|(word, bits)| {
            (0..64).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| 64 * word + bit)
        })
    }
}

/// The entries of a record in the table.
fn entries(place: usize, [one, other]: [u64; 2]) -> impl Iterator<Item = u32> {
    let first = 2 * place as u32;
    first..=first + u32::from(one != other)
}

const fn key_of(records: &[Record], entry: u32) -> u64 {
    records[entry as usize / 2].keys[entry as usize % 2]
}

fn micros(micros: u32) -> Duration {
    Duration::from_micros(micros.into())
}
