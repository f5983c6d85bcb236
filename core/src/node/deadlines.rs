//! When something is due: an index, so that a wake-up costs what is due and not all that is waited for.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::Instant;

/// Deadlines, each of one thing, the earliest first. The thing keeps its own, to be able to move it.
#[derive(Debug)]
pub(super) struct Deadlines<K> {
    set: BTreeSet<(Instant, K)>,
}

impl<K: Copy + Ord> Deadlines<K> {
    /// Moves a deadline from `old` to `new`. [`Instant::MAX`] means never, and takes no memory.
    pub(super) fn replace(&mut self, key: K, old: Option<Instant>, new: Option<Instant>) {
        if old == new {
            return;
        }
        if let Some(old) = old {
            self.set.remove(&(old, key));
        }
        if let Some(new) = new
            && new < Instant::MAX
        {
            self.set.insert((new, key));
        }
    }

    /// Returns the earliest deadline.
    pub(super) fn first(&self) -> Option<Instant> {
        self.set.first().map(|(at, _)| *at)
    }

    /// Takes out what is due at `now`, in order. A deadline that comes meanwhile waits for the next
    /// call, so that each call ends.
    pub(super) fn take_due(&mut self, now: Instant) -> Vec<K> {
        let mut due = Vec::new();
        while let Some(&(at, key)) = self.set.first()
            && at <= now
        {
            self.set.pop_first();
            due.push(key);
        }
        due
    }

    /// Forgets all of them.
    pub(super) fn clear(&mut self) {
        self.set.clear();
    }
}

impl<K> Default for Deadlines<K> {
    fn default() -> Self {
        Self { set: BTreeSet::new() }
    }
}
