//! The last ids that were seen.

use std::collections::{BTreeSet, VecDeque};

use satwire_core::wire::Hash;

/// A set that forgets the oldest.
#[derive(Debug)]
pub(super) struct RecentIds {
    known: BTreeSet<Hash>,
    order: VecDeque<Hash>,
    most: usize,
}

impl RecentIds {
    pub(super) const fn new(most: usize) -> Self {
        Self { known: BTreeSet::new(), order: VecDeque::new(), most }
    }

    /// Adds an id; false if it was there.
    pub(super) fn insert(&mut self, id: Hash) -> bool {
        let is_new = self.known.insert(id);
        if is_new {
            self.order.push_back(id);
            if self.order.len() > self.most
                && let Some(oldest) = self.order.pop_front()
            {
                self.known.remove(&oldest);
            }
        }
        is_new
    }
}
