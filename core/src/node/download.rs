//! Whom to ask for which transaction: one announcer at a time, until one delivers.
//!
//! The rules of Bitcoin Core's `src/txrequest.h`: whom we dialled goes before who dialled us. Anybody may dial
//! us, as often as there are slots; if they came first because they announced first, they could announce
//! everything, deliver nothing, and have each transaction wait a minute for each of them.

use alloc::vec::Vec;

use hashbrown::HashTable;

use super::recent_ids::{IdHash, RecentIds};
use super::{Announcement, ConnId, ConnMap};
use crate::peer::Direction;
use crate::wire::{Hash, Inventory, Tx};

/// Which transactions are wanted, who has them, and which were seen.
///
/// A transaction is named by the hash under which it was announced, txid or wtxid; a legacy
/// transaction has one name for both.
#[derive(Debug)]
pub(super) struct Download {
    hash: IdHash,
    /// Looked up, never iterated: its order depends on the key.
    wanted: HashTable<Wanted>,
    /// The peers that have announced something and are not gone.
    named: ConnMap<Announcer>,
    known: RecentIds,
    /// Names that were announced and are neither wanted nor known: nobody delivered them, or nobody was asked.
    missed: RecentIds,
    max_announcements: usize,
    /// Lists of announcers that are not in use, to be used again.
    spare: Vec<Vec<ConnId>>,
}

/// Spare lists that are kept.
const MAX_SPARE: usize = 64;

/// Places of a table that is small enough to be kept, however empty it is.
const FEW: usize = 1024;

/// A peer that has announced something.
#[derive(Clone, Copy, Debug)]
struct Announcer {
    direction: Direction,
    /// How many entries of `wanted` name it.
    entries: usize,
}

/// A transaction that somebody was asked for.
#[derive(Debug)]
struct Wanted {
    name: Hash,
    /// Who announced it: those that were asked, in the order in which they were; then those that we dialled,
    /// then those that dialled us, in the order in which they announced it.
    announcers: Vec<ConnId>,
    /// How many of them were asked. The last of those is the one that may still answer.
    asked: usize,
}

impl Wanted {
    fn holder(&self) -> Option<ConnId> {
        self.announcers.get(self.asked.checked_sub(1)?).copied()
    }

    /// Adds an announcer. Before the list grows, those that are gone are taken out: who comes again and
    /// again finds it no longer than there are connections. `direction_of` knows those that are there.
    fn add(
        &mut self,
        conn: ConnId,
        direction: Direction,
        direction_of: impl Fn(ConnId) -> Option<Direction>,
    ) {
        if self.announcers.len() == self.announcers.capacity() {
            let is_there = |announcer: &&ConnId| direction_of(**announcer).is_some();
            self.asked = self.announcers[..self.asked].iter().filter(is_there).count();
            self.announcers.retain(|announcer| is_there(&announcer));
        }
        let mut place = self.announcers.len();
        if direction == Direction::Outbound {
            let is_dialled = |announcer: &&ConnId| direction_of(**announcer) == Some(Direction::Outbound);
            place = self.asked + self.announcers[self.asked..].iter().take_while(is_dialled).count();
        }
        self.announcers.insert(place, conn);
    }
}

impl Download {
    pub(super) fn new(key: [u64; 4], max_announcements: usize, remembered_ids: usize) -> Self {
        let hash = IdHash::new(key);
        Self {
            hash,
            wanted: HashTable::new(),
            named: ConnMap::new(),
            known: RecentIds::new(hash, remembered_ids),
            missed: RecentIds::new(hash, max_announcements.min(remembered_ids)),
            max_announcements,
            spare: Vec::new(),
        }
    }

    /// `conn` announced these: what each means, in their order. Those that are `requested` are to be
    /// asked of it now.
    pub(super) fn announced(
        &mut self,
        conn: ConnId,
        direction: Direction,
        items: &[Inventory],
    ) -> Vec<Announcement> {
        let mut entries = self.named.get(conn).map_or(0, |announcer| announcer.entries);
        let direction_of = |conn| self.named.get(conn).map(|announcer| announcer.direction);
        let announced = |item: &Inventory| {
            let hash = self.hash.of(&item.hash);
            let has_room = entries < self.max_announcements;
            let (first, requested) =
                if let Some(wanted) = self.wanted.find_mut(hash, |wanted| wanted.name == item.hash) {
                    if has_room && !wanted.announcers.contains(&conn) {
                        wanted.add(conn, direction, direction_of);
                        entries += 1;
                    }
                    (false, false)
                } else if self.known.contains(hash) {
                    (false, false)
                } else if has_room {
                    entries += 1;
                    let first = !self.missed.contains(hash);
                    let mut announcers = self.spare.pop().unwrap_or_default();
                    announcers.push(conn);
                    let wanted = Wanted { name: item.hash, announcers, asked: 1 };
                    self.wanted.insert_unique(hash, wanted, |wanted| self.hash.of(&wanted.name));
                    (first, true)
                } else {
                    (self.missed.insert(hash), false)
                };
            Announcement { item: *item, first, requested }
        };
        let announcements = items.iter().map(announced).collect();
        self.named.insert(conn, Announcer { direction, entries });
        announcements
    }

    /// `conn` did not deliver what it was asked for: who is to be asked instead, if there is anybody.
    /// The others are asked in the order of the list; `is_there` tells who still can be.
    pub(super) fn failed(
        &mut self,
        conn: ConnId,
        hash: Hash,
        is_there: impl Fn(ConnId) -> bool,
    ) -> Option<ConnId> {
        let wanted = self.wanted.find_mut(self.hash.of(&hash), |wanted| wanted.name == hash)?;
        if wanted.holder() != Some(conn) {
            return None;
        }
        let next = wanted.announcers[wanted.asked..].iter().position(|&announcer| is_there(announcer));
        if let Some(skipped) = next {
            wanted.asked += skipped + 1;
            wanted.holder()
        } else {
            self.forget(hash);
            self.missed.insert(self.hash.of(&hash));
            None
        }
    }

    /// A transaction came, from whomever; false if it is known already.
    pub(super) fn arrived(&mut self, tx: &Tx) -> bool {
        let names = [tx.wtxid().into(), tx.txid().into()];
        let [is_new, _] = names.map(|name| {
            self.forget(name);
            self.known.insert(self.hash.of(&name))
        });
        is_new
    }

    /// `conn` is gone. What it was asked for must be [`failed`](Self::failed) as well; where it only
    /// waits to be asked it is passed over when its turn comes.
    pub(super) fn gone(&mut self, conn: ConnId) {
        self.named.remove(conn);
    }

    fn forget(&mut self, name: Hash) {
        let Ok(entry) = self.wanted.find_entry(self.hash.of(&name), |wanted| wanted.name == name) else {
            return;
        };
        let (Wanted { mut announcers, .. }, _) = entry.remove();
        for announcer in announcers.drain(..) {
            // A peer that is gone is not counted any more.
            if let Some(announcer) = self.named.get_mut(announcer) {
                announcer.entries -= 1;
            }
        }
        if self.wanted.num_buckets() > 16 * self.wanted.len() + FEW {
            // Many peers at once may have made it large: it must not stay so for ever.
            self.wanted.shrink_to(2 * self.wanted.len(), |wanted| self.hash.of(&wanted.name));
        }
        if self.spare.len() < MAX_SPARE {
            self.spare.push(announcers);
        }
    }
}
