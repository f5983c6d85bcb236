//! The first announcers of transactions that have not come yet.

use std::collections::{HashMap, VecDeque};

use satwire_core::node::{Announcement, ConnId};
use satwire_core::wire::{Hash, Tx};

/// First announcers that are remembered until their transaction comes.
const REMEMBERED: usize = 10_000;

/// First announcers, of the latest [`REMEMBERED`] ids.
#[derive(Debug, Default)]
pub(super) struct Announcers {
    first: HashMap<Hash, ConnId>,
    /// In which order, the oldest in front.
    remembered: VecDeque<Hash>,
}

impl Announcers {
    pub(super) fn note(&mut self, conn: Option<ConnId>, announcements: &[Announcement]) {
        let Some(conn) = conn else { return };
        for announcement in announcements.iter().filter(|announcement| announcement.first) {
            self.first.insert(announcement.item.hash, conn);
            self.remembered.push_back(announcement.item.hash);
        }
        while self.remembered.len() > REMEMBERED {
            if let Some(hash) = self.remembered.pop_front() {
                self.first.remove(&hash);
            }
        }
    }

    /// The first announcer of this transaction; to be asked once.
    pub(super) fn take(&mut self, tx: &Tx) -> Option<ConnId> {
        let by_wtxid = self.first.remove(&tx.wtxid().into());
        by_wtxid.or_else(|| self.first.remove(&tx.txid().into()))
    }
}
