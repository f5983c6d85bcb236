//! The queue of what is told, with inventories held back until it shows what was asked for.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use satwire_core::Instant;
use satwire_core::node::{Announcement, ConnId, EventKind};
use satwire_core::wire::Hash;

use super::finding::{Difference, Finding, Found};

/// How long after an `inv` a `getdata` counts as its answer. Bitcoin Core asks peers that dialled it, and busy ones,
/// two seconds later than others.
pub const NOW: Duration = Duration::from_secs(1);

/// The most that waits after an inventory, in bytes, each finding counted with [`LEAST`] on top.
const MOST: usize = 32 << 20;

/// The bytes that a finding takes at least.
const LEAST: usize = 256;

/// Findings in their order.
#[derive(Debug, Default)]
pub(super) struct Held {
    queue: VecDeque<Slot>,
    /// How many were taken out.
    taken: u64,
    bytes: usize,
    /// Announcements that may still be asked for, by the number of their slot. Its order is random, and nobody sees it.
    open: HashMap<(ConnId, Hash), u64>,
    next: Option<Finding>,
    finished: bool,
}

#[derive(Debug)]
struct Slot {
    finding: Finding,
    bytes: usize,
    inventory: Option<Inventory>,
}

#[derive(Debug)]
struct Inventory {
    /// When it is told.
    until: Instant,
    /// How many of its entries were not asked for.
    left: usize,
    /// The entries that our core would have asked for, if it was asked.
    ours: Option<Vec<Hash>>,
}

impl Held {
    pub(super) fn push(&mut self, finding: Finding, bytes: usize) {
        self.add(finding, bytes, None);
    }

    /// Adds an inventory. `ours` is what our core asks for on account of it.
    pub(super) fn announced(
        &mut self,
        at: Instant,
        conn: ConnId,
        announcements: Vec<Announcement>,
        ours: Option<Vec<Hash>>,
    ) {
        let number = self.taken + self.queue.len() as u64;
        let mut left = 0;
        for announcement in &announcements {
            // A repeated one stands for the last.
            self.open.insert((conn, announcement.item.hash), number);
            left += 1;
        }
        let bytes = announcements.len() * 4 * size_of::<Announcement>();
        let finding = Finding { at, conn, what: Found::Event(EventKind::Announced(announcements)) };
        self.add(finding, bytes, Some(Inventory { until: at + NOW, left, ours }));
    }

    /// The recorded node asks for this now.
    pub(super) fn asked(&mut self, now: Instant, conn: ConnId, hash: &Hash) {
        let Some(number) = self.open.remove(&(conn, *hash)) else { return };
        let Some(place) = number.checked_sub(self.taken) else { return };
        let Some(Slot { finding, inventory: Some(inventory), .. }) = self.queue.get_mut(place as usize)
        else {
            return;
        };
        if inventory.until <= now {
            return;
        }
        if let Found::Event(EventKind::Announced(announcements)) = &mut finding.what {
            for announcement in announcements.iter_mut().filter(|entry| entry.item.hash == *hash) {
                inventory.left -= usize::from(!announcement.requested);
                announcement.requested = true;
            }
        }
    }

    /// Nothing more comes: all that is held may go.
    pub(super) fn finish(&mut self) {
        self.finished = true;
    }

    /// Returns the finding that is told next, if it is certain at this time.
    pub(super) fn pop(&mut self, now: Instant) -> Option<Finding> {
        if let Some(next) = self.next.take() {
            return Some(next);
        }
        let slot = self.queue.front()?;
        let is_open = slot.inventory.as_ref().is_some_and(|inv| inv.left > 0 && inv.until > now);
        if is_open && !self.finished && self.bytes <= MOST {
            return None;
        }
        let Slot { finding, bytes, inventory } = self.queue.pop_front()?;
        let number = self.taken;
        self.taken += 1;
        self.bytes -= bytes;
        if let (Some(inventory), Found::Event(EventKind::Announced(announcements))) =
            (inventory, &finding.what)
        {
            for entry in announcements.iter().filter(|entry| !entry.requested) {
                let key = (finding.conn, entry.item.hash);
                if self.open.get(&key) == Some(&number) {
                    self.open.remove(&key);
                }
            }
            let difference = inventory.ours.and_then(|ours| compare(&ours, announcements));
            self.next =
                difference.map(|difference| Finding { what: Found::Difference(difference), ..finding });
        }
        Some(finding)
    }

    fn add(&mut self, finding: Finding, bytes: usize, inventory: Option<Inventory>) {
        let bytes = bytes + LEAST;
        self.bytes += bytes;
        self.queue.push_back(Slot { finding, bytes, inventory });
    }
}

/// The difference between what our core asks for and what was asked for.
fn compare(ours: &[Hash], announcements: &[Announcement]) -> Option<Difference> {
    let theirs: HashSet<_> =
        announcements.iter().filter(|entry| entry.requested).map(|entry| entry.item.hash).collect();
    let both = ours.iter().filter(|hash| theirs.contains(hash)).count();
    let (ours, theirs) = (ours.len(), theirs.len());
    (both < ours || both < theirs).then_some(Difference::Asks { ours, theirs, both })
}
