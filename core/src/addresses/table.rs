//! The table itself: which address stands where, and what happened to it.

use alloc::vec::Vec;

use super::bucket_hash::BucketHash;
use super::buckets::{Buckets, NEW_BUCKETS, Place, TRIED_BUCKETS};
use super::counts::NetworkCounts;
use super::entries::Entries;
use super::entry::Entry;
use super::{AddrInfo, AddrPort, Draw, NetGroups, Networks, Source};
use crate::wire::{KnownAddress, Services};

/// Places of the new table that one address may hold.
pub(super) const PLACES_PER_ADDRESS: u8 = 8;
/// Addresses that may wait for the place of another in the tried table.
const MAX_COLLISIONS: usize = 10;

/// When the first block was made.
const GENESIS: u32 = 1_231_006_505;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;

/// The addresses of nodes, and how it went with them: Bitcoin Core's `AddrMan`.
///
/// An address that somebody told of stands in the *new* table, in one of 64 buckets that the group of the teller
/// reaches, and in up to 8 of them. An address that we were connected to stands in the *tried* table, in one of 8
/// buckets that its own group reaches. So one who holds one network group fills 1/16 of what is new and 1/32 of what
/// is tried, whatever he tells.
///
/// Times are Unix seconds. Chance follows from the random word that the caller gives: one for each
/// decision. A full table has 81,920 addresses and takes at most 12 MB; see [`AddrTable::MAX_BYTES`].
///
/// ```
/// use satwire_core::addresses::{AddrTable, NetGroups, Networks, Source};
/// use satwire_core::wire::{KnownAddress, Services};
///
/// let (now, told_by) = (1_795_363_088, Source::Addr("8.8.4.4".parse()?));
/// let mut table = AddrTable::new([1, 2], NetGroups::default());
/// let told = KnownAddress { time: now, services: Services::NETWORK, addr: "8.8.8.8".parse()?, port: 8333 };
/// assert!(table.add(&told, &told_by, AddrTable::GOSSIP_PENALTY, now, 3));
/// let drawn = table.select(false, Networks::ALL, now, 4).expect("there is one");
/// assert_eq!(drawn.addr.to_string(), "8.8.8.8:8333");
/// # Ok::<(), satwire_core::wire::ParseAddrV2Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct AddrTable {
    pub(super) groups: NetGroups,
    pub(super) hash: BucketHash,
    pub(super) entries: Entries,
    pub(super) new: Buckets,
    pub(super) tried: Buckets,
    pub(super) counts: NetworkCounts,
    /// Entries that wait for a place in the tried table that another one holds, in the order in which they came.
    pub(super) collisions: Vec<u32>,
    /// When any address was last good.
    last_good: u32,
}

impl AddrTable {
    /// The most that a table takes, in bytes: 81,920 entries, the index by address while it grows, and the buckets.
    pub const MAX_BYTES: usize = 12_000_000;

    /// Seconds that the time of an address is put back when somebody else than itself tells of it: 2 h (Bitcoin Core
    /// `src/net_processing.cpp` `ProcessAddrs`).
    pub const GOSSIP_PENALTY: u32 = 2 * 60 * 60;

    /// Returns an empty table. The key, two random words, decides where addresses go: nobody else may know it.
    pub fn new(key: [u64; 2], groups: NetGroups) -> Self {
        let hash = BucketHash::new(key);
        Self {
            groups,
            hash,
            entries: Entries::new(hash),
            new: Buckets::new(NEW_BUCKETS),
            tried: Buckets::new(TRIED_BUCKETS),
            counts: NetworkCounts::default(),
            collisions: Vec::new(),
            last_good: 1,
        }
    }

    /// Returns how many addresses there are.
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns whether there is no address.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns how addresses are grouped.
    pub const fn groups(&self) -> &NetGroups {
        &self.groups
    }

    /// Returns how many addresses of each network there are: Bitcoin Core's `getaddrmaninfo`.
    pub const fn counts(&self) -> &NetworkCounts {
        &self.counts
    }

    /// Returns how many addresses of these networks are not so bad that they may be forgotten. Looks at all of them.
    pub fn usable(&self, networks: Networks, now: u32) -> usize {
        let is_usable = |entry: &&Entry| networks.contains(entry.network()) && !entry.is_terrible(now);
        self.entries.iter().map(|(_, entry)| entry).filter(is_usable).count()
    }

    /// Returns what is known of an address.
    pub fn find(&self, addr: &AddrPort) -> Option<AddrInfo> {
        self.entry(self.entries.find(addr)?)
    }

    /// Returns all addresses, in an order that tells nothing: Bitcoin Core's `getnodeaddresses`, without limit.
    pub fn entries(&self) -> impl Iterator<Item = AddrInfo> {
        self.entries.iter().map(|(_, entry)| AddrInfo::new(entry))
    }

    /// Takes an address that `source` told of. Its time is put back by `time_penalty` seconds, unless the source tells
    /// of itself. `random` decides whether an address that is known takes one more place. Returns whether it took one;
    /// an address that is not routable never does.
    pub fn add(
        &mut self,
        told: &KnownAddress,
        source: &Source,
        time_penalty: u32,
        now: u32,
        random: u64,
    ) -> bool {
        let penalty = if *source == Source::Addr(told.addr) { 0 } else { time_penalty };
        let addr = AddrPort { addr: told.addr, port: told.port };
        if !self.groups.is_routable(&addr.addr) {
            return false;
        }
        let known = self.entries.find(&addr);
        if let Some(entry) = known.and_then(|id| self.entries.get_mut(id))
            && !takes_one_more(entry, told, penalty, now, random)
        {
            return false;
        }
        let place = self.new_place(&addr, source);
        if let Some(holder) = self.new.get(place) {
            if Some(holder) == known {
                return false;
            }
            let gives_way = |entry: &Entry| entry.is_terrible(now) || (entry.places > 1 && known.is_none());
            if !self.entries.get(holder).is_some_and(gives_way) {
                return false;
            }
            self.clear_new(place);
        }
        let id = known.unwrap_or_else(|| {
            let entry = Entry {
                addr,
                source: *source,
                services: told.services,
                time: told.time.saturating_sub(penalty),
                last_success: 0,
                last_try: 0,
                last_counted: 0,
                attempts: 0,
                places: 0,
                is_tried: false,
            };
            self.counts.of_mut(entry.network()).new += 1;
            self.entries.insert(entry)
        });
        self.put_new(place, id);
        true
    }

    /// Notes that we try to connect. A failure is counted only with `count_failure`, which is to be false while we may
    /// be offline ourselves (see [`counts_failures`](super::counts_failures)), and only once after each success with
    /// anybody.
    pub fn attempt(&mut self, addr: &AddrPort, count_failure: bool, now: u32) {
        let last_good = self.last_good;
        let Some(entry) = self.known_mut(addr) else { return };
        entry.last_try = now;
        if count_failure && entry.last_counted < last_good {
            entry.last_counted = now;
            entry.attempts = entry.attempts.saturating_add(1);
        }
    }

    /// Notes that a handshake with an address that we dialled is done: it moves to the tried table. If its place there
    /// is taken it waits, and the other is to be tested first: see [`AddrTable::select_collision`]. Returns whether it
    /// moved.
    pub fn good(&mut self, addr: &AddrPort, now: u32) -> bool {
        self.last_good = now;
        let Some(id) = self.entries.find(addr) else { return false };
        let Some(place) = self.note_success(id, now) else { return false };
        if self.tried.get(place).is_some() {
            if self.collisions.len() < MAX_COLLISIONS && !self.collisions.contains(&id) {
                self.collisions.push(id);
            }
            return false;
        }
        self.make_tried(id, place);
        true
    }

    /// Notes at the end of a connection that the address was there until now. Never to be called earlier: the times
    /// that we tell others would show whom we are connected to.
    pub fn connected(&mut self, addr: &AddrPort, now: u32) {
        let Some(entry) = self.known_mut(addr) else { return };
        if i64::from(now) - i64::from(entry.time) > 20 * MINUTE {
            entry.time = now;
        }
    }

    /// Notes what the address itself said of its services. Gossip only adds to them.
    pub fn set_services(&mut self, addr: &AddrPort, services: Services) {
        if let Some(entry) = self.known_mut(addr) {
            entry.services = services;
        }
    }

    /// Returns an address of the tried table whose place another one waits for, by random choice: it is to be dialled
    /// by a feeler, and stays if it answers.
    pub fn select_collision(&self, random: u64) -> Option<AddrInfo> {
        let nth = Draw::new(random).below(self.collisions.len() as u32);
        let waiting = self.entries.get(*self.collisions.get(nth as usize)?)?;
        self.entry(self.tried.get(self.tried_place(&waiting.addr))?)
    }

    /// Decides about the addresses that wait for a place of the tried table. To be called before each feeler.
    ///
    /// The one that has the place keeps it if it was good in the last 4 hours, or is connected now. It loses it if it
    /// was tried in the last 4 hours and had 60 s to answer, or if it could not be tried for 40 minutes.
    pub fn resolve_collisions(&mut self, is_connected: &dyn Fn(&AddrPort) -> bool, now: u32) {
        let since = |time: u32| i64::from(now) - i64::from(time);
        for id in self.collisions.clone() {
            let Some(waiting) = self.entries.get(id) else { continue };
            let last_success = waiting.last_success;
            let held_by = self.tried.get(self.tried_place(&waiting.addr));
            let replace = match held_by.and_then(|holder| self.entries.get_mut(holder)) {
                None => Some(true),
                Some(holder) if is_connected(&holder.addr) => {
                    holder.succeeded(now);
                    Some(false)
                }
                Some(holder) if since(holder.last_success) < 4 * HOUR => Some(false),
                Some(holder) if since(holder.last_try) < 4 * HOUR => {
                    (since(holder.last_try) > MINUTE).then_some(true)
                }
                Some(_) => (since(last_success) > 40 * MINUTE).then_some(true),
            };
            if replace.is_some() {
                self.forget_collision(id);
            }
            if replace == Some(true) {
                self.last_good = now;
                if let Some(place) = self.note_success(id, now) {
                    self.make_tried(id, place);
                }
            }
        }
    }

    /// Takes back what was noted for a time that has not come: the clock was set, or was wrong when the table was
    /// saved. An address that was last tried next year would not be tried until then. A time before the first block
    /// changes nothing: it is that of a machine that does not know the time yet.
    pub fn clock_set(&mut self, now: u32) {
        if now < GENESIS {
            return;
        }
        self.last_good = self.last_good.min(now);
        self.entries.for_each_mut(|entry| {
            for time in [&mut entry.last_success, &mut entry.last_try, &mut entry.last_counted] {
                *time = now.min(*time);
            }
        });
    }

    pub(super) fn entry(&self, id: u32) -> Option<AddrInfo> {
        self.entries.get(id).map(AddrInfo::new)
    }

    fn known_mut(&mut self, addr: &AddrPort) -> Option<&mut Entry> {
        let id = self.entries.find(addr)?;
        self.entries.get_mut(id)
    }

    pub(super) fn new_place(&self, addr: &AddrPort, source: &Source) -> Place {
        self.new_place_in(self.hash.new_bucket(&self.groups, addr, source), addr)
    }

    pub(super) fn new_place_in(&self, bucket: u32, addr: &AddrPort) -> Place {
        Place { bucket, position: self.hash.position(false, bucket, addr) }
    }

    pub(super) fn tried_place(&self, addr: &AddrPort) -> Place {
        let bucket = self.hash.tried_bucket(&self.groups, addr);
        Place { bucket, position: self.hash.position(true, bucket, addr) }
    }

    /// Puts an entry into an empty place of the new table.
    pub(super) fn put_new(&mut self, place: Place, id: u32) {
        if let Some(entry) = self.entries.get_mut(id) {
            entry.places += 1;
            self.new.put(place, id, entry.network());
        }
    }

    /// Empties a place of the new table, and forgets the entry there if it has no other.
    fn clear_new(&mut self, place: Place) {
        let Some(id) = self.new.get(place) else { return };
        let Some(entry) = self.entries.get_mut(id) else { return };
        let network = entry.network();
        self.new.take(place, network);
        entry.places -= 1;
        if entry.places == 0 {
            self.counts.of_mut(network).new -= 1;
            self.forget_collision(id);
            self.entries.remove(id);
        }
    }

    fn forget_collision(&mut self, id: u32) {
        self.collisions.retain(|waiting| *waiting != id);
    }

    /// Notes a success. Returns the place in the tried table that the entry should have, unless it has it.
    fn note_success(&mut self, id: u32, now: u32) -> Option<Place> {
        let entry = self.entries.get_mut(id)?;
        entry.succeeded(now);
        if entry.is_tried {
            return None;
        }
        let addr = entry.addr;
        Some(self.tried_place(&addr))
    }

    /// Moves an entry from all its places in the new table to this one in the tried table. The entry there goes back
    /// to the new table.
    fn make_tried(&mut self, id: u32, place: Place) {
        let Some(entry) = self.entries.get(id) else { return };
        let (addr, source, network, mut places) = (entry.addr, entry.source, entry.network(), entry.places);
        let first = self.hash.new_bucket(&self.groups, &addr, &source);
        for n in 0..NEW_BUCKETS {
            if places == 0 {
                break;
            }
            let place = self.new_place_in((first + n) % NEW_BUCKETS, &addr);
            if self.new.get(place) == Some(id) {
                self.new.take(place, network);
                places -= 1;
            }
        }
        self.counts.of_mut(network).new -= 1;
        if let Some(evicted) = self.tried.get(place) {
            self.back_to_new(evicted, place);
        }
        self.forget_collision(id);
        self.put_tried(place, id);
    }

    /// Puts an entry that stands nowhere into an empty place of the tried table.
    pub(super) fn put_tried(&mut self, place: Place, id: u32) {
        if let Some(entry) = self.entries.get_mut(id) {
            entry.places = 0;
            entry.is_tried = true;
            let network = entry.network();
            self.tried.put(place, id, network);
            self.counts.of_mut(network).tried += 1;
        }
    }

    /// Moves an entry from the tried to the new table, whatever stands there.
    fn back_to_new(&mut self, id: u32, from: Place) {
        let Some(entry) = self.entries.get_mut(id) else { return };
        entry.is_tried = false;
        let (addr, source, network) = (entry.addr, entry.source, entry.network());
        self.tried.take(from, network);
        self.counts.of_mut(network).tried -= 1;
        self.counts.of_mut(network).new += 1;
        let place = self.new_place(&addr, &source);
        self.clear_new(place);
        self.put_new(place, id);
    }
}

/// Takes what is new about an entry that is known. Returns whether it may take one more place: one that holds n
/// places does so with a chance of 2⁻ⁿ.
fn takes_one_more(entry: &mut Entry, told: &KnownAddress, penalty: u32, now: u32, random: u64) -> bool {
    let told_time = i64::from(told.time);
    let interval = if i64::from(now) - told_time < 24 * HOUR { HOUR } else { 24 * HOUR };
    if i64::from(entry.time) < told_time - interval - i64::from(penalty) {
        entry.time = told.time.saturating_sub(penalty);
    }
    entry.services = entry.services | told.services;
    told.time > entry.time
        && !entry.is_tried
        && entry.places < PLACES_PER_ADDRESS
        && Draw::new(random).below(1 << entry.places) == 0
}
