//! The last ids that were seen.

use std::collections::{HashSet, VecDeque};

use satwire_core::wire::Hash;

/// A set that forgets the oldest. Its table has a random order, which nobody sees.
#[derive(Debug)]
pub(super) struct RecentIds {
    known: HashSet<Hash>,
    order: VecDeque<Hash>,
    most: usize,
}

impl RecentIds {
    pub(super) fn new(most: usize) -> Self {
        Self { known: HashSet::new(), order: VecDeque::new(), most }
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
