//! What we asked a peer for, and until when it may answer.

use alloc::collections::VecDeque;
use alloc::collections::btree_map::{BTreeMap, Entry};
use alloc::vec::Vec;
use core::time::Duration;

use crate::Instant;
use crate::wire::{InvType, Inventory};

/// Requests that ran out of time but may still be answered; the oldest make room for new ones.
const LATE_KEPT: usize = 1000;

/// The requests to one peer, keyed as they were announced (`tx` or `wtx`, without a witness flag).
#[derive(Debug, Default)]
pub(super) struct Requests {
    /// When each was sent, for those that may still be answered.
    sent: BTreeMap<Inventory, Instant>,
    /// The order in which they were sent, and so of their deadlines. The first is never answered yet.
    order: VecDeque<(Instant, Inventory)>,
    /// Those that ran out of time, oldest first. Answered ones are passed over.
    late: VecDeque<Inventory>,
}

impl Requests {
    /// Makes room for so many more.
    pub(super) fn reserve(&mut self, more: usize) {
        self.order.reserve(more);
    }

    /// Notes a request; false if the same is under way.
    pub(super) fn ask(&mut self, now: Instant, item: Inventory) -> bool {
        let item = announced_form(item);
        match self.sent.entry(item) {
            Entry::Vacant(vacant) => {
                vacant.insert(now);
            }
            Entry::Occupied(mut sent) => {
                if is_waiting(&self.order, *sent.get()) {
                    return false;
                }
                sent.insert(now);
            }
        }
        self.order.push_back((now, item));
        true
    }

    /// Takes an answer: how long ago we asked for it, if we did.
    pub(super) fn answered(&mut self, now: Instant, item: Inventory) -> Option<Duration> {
        let sent = self.sent.remove(&announced_form(item))?;
        if self.sent.is_empty() {
            // Nothing is under way: give the memory back.
            *self = Self::default();
        }
        while self.order.front().is_some_and(|(sent, item)| self.sent.get(item) != Some(sent)) {
            self.order.pop_front();
        }
        Some(now.saturating_duration_since(sent))
    }

    /// When the oldest request runs out of time.
    pub(super) fn deadline(&self, timeout: Duration) -> Option<Instant> {
        self.order.front().map(|(sent, _)| *sent + timeout)
    }

    /// Takes out what has run out of time, in the order in which it was asked.
    pub(super) fn expire(&mut self, now: Instant, timeout: Duration) -> Vec<Inventory> {
        let mut expired = Vec::new();
        while let Some(&(sent, item)) = self.order.front() {
            if sent + timeout > now {
                break;
            }
            self.order.pop_front();
            if self.sent.get(&item) == Some(&sent) {
                expired.push(item);
                self.late.push_back(item);
            }
        }
        while self.late.len() > LATE_KEPT {
            if let Some(item) = self.late.pop_front()
                && self.sent.get(&item).is_some_and(|sent| !is_waiting(&self.order, *sent))
            {
                self.sent.remove(&item);
            }
        }
        expired
    }

    /// What is under way, in the order in which it was asked.
    pub(super) fn waiting(&self) -> impl Iterator<Item = Inventory> {
        self.order.iter().filter(|(sent, item)| self.sent.get(item) == Some(sent)).map(|(_, item)| *item)
    }
}

/// Whether what was sent then is under way, its deadline ahead.
fn is_waiting(order: &VecDeque<(Instant, Inventory)>, sent: Instant) -> bool {
    order.front().is_some_and(|(oldest, _)| *oldest <= sent)
}

/// The type under which an item is announced: a `getdata` and its `notfound` carry a flag more.
pub(crate) const fn announced_form(item: Inventory) -> Inventory {
    let inv_type = match item.inv_type {
        InvType::WITNESS_TX => InvType::TX,
        InvType::WITNESS_BLOCK => InvType::BLOCK,
        other => other,
    };
    Inventory { inv_type, hash: item.hash }
}
