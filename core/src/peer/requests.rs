//! The requests made of a peer, and until when it may answer each.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::collections::btree_map::{BTreeMap, Entry};
use alloc::vec::Vec;
use core::time::Duration;

use crate::Instant;
use crate::wire::{InvType, Inventory};

/// Requests that ran out of time but may still be answered; the oldest make room for new ones.
pub(super) const LATE_KEPT: usize = 1000;

/// The requests to one peer, keyed as they were announced (`tx` or `wtx`, without a witness flag).
#[derive(Debug, Default)]
pub(super) struct Requests {
    /// Those that may still be answered.
    sent: BTreeMap<Inventory, Sent>,
    /// The order in which they were sent, and so of their deadlines. Answered ones are passed over; the
    /// first is never answered yet.
    order: VecDeque<(Sent, Inventory)>,
    /// Those that ran out of time, oldest first. Answered ones are passed over. Boxed because most peers have
    /// none.
    #[expect(clippy::box_collection, reason = "a queue takes four times as much of each connection")]
    late: Option<Box<VecDeque<(Sent, Inventory)>>>,
    /// How many are neither answered nor late.
    waiting: usize,
    /// The turn of the next one.
    turn: u64,
}

/// When a request was sent. No two are equal: the same may be asked twice at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sent {
    at: Instant,
    turn: u64,
}

/// The outcome of a wish to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// It is to be asked for now.
    New,
    /// It was asked for, and is waited for.
    UnderWay,
    /// It is not waited for, and there is no room.
    Full,
}

impl Requests {
    /// Makes room for so many more.
    pub(super) fn reserve(&mut self, more: usize) {
        self.order.reserve(more);
    }

    /// How many are waited for.
    pub(super) const fn len(&self) -> usize {
        self.waiting
    }

    /// Notes a request, if fewer than `max` are waited for.
    pub(super) fn ask(&mut self, now: Instant, item: Inventory, max: usize) -> Asked {
        let item = announced_form(item);
        let sent = Sent { at: now, turn: self.turn };
        let has_room = self.waiting < max;
        match self.sent.entry(item) {
            Entry::Occupied(earlier) if is_waiting(&self.order, *earlier.get()) => return Asked::UnderWay,
            _ if !has_room => return Asked::Full,
            Entry::Occupied(mut late) => {
                late.insert(sent);
            }
            Entry::Vacant(vacant) => {
                vacant.insert(sent);
            }
        }
        self.turn += 1;
        self.waiting += 1;
        self.order.push_back((sent, item));
        Asked::New
    }

    /// Takes an answer: how long ago we asked for it, if we did.
    pub(super) fn answered(&mut self, now: Instant, item: Inventory) -> Option<Duration> {
        let sent = self.sent.remove(&announced_form(item))?;
        self.waiting -= usize::from(is_waiting(&self.order, sent));
        if self.sent.is_empty() {
            // Nothing is under way: give the memory back.
            *self = Self::default();
        }
        while self.order.front().is_some_and(|(sent, item)| self.sent.get(item) != Some(sent)) {
            self.order.pop_front();
        }
        if self.order.len() > 2 * self.waiting + FEW {
            // After one that is not answered, answered ones must not pile up.
            self.order.retain(|(sent, item)| self.sent.get(item) == Some(sent));
        }
        give_back(&mut self.order);
        Some(now.saturating_duration_since(sent.at))
    }

    /// When the oldest request runs out of time.
    pub(super) fn deadline(&self, timeout: Duration) -> Option<Instant> {
        self.order.front().map(|(sent, _)| sent.at + timeout)
    }

    /// Takes out what has run out of time, in the order in which it was asked.
    pub(super) fn expire(&mut self, now: Instant, timeout: Duration) -> Vec<Inventory> {
        let mut expired = Vec::new();
        if self.deadline(timeout).is_none_or(|deadline| deadline > now) {
            return expired;
        }
        let mut late = self.late.take().unwrap_or_default();
        while let Some(&(sent, item)) = self.order.front() {
            if sent.at + timeout > now {
                break;
            }
            self.order.pop_front();
            if self.sent.get(&item) == Some(&sent) {
                expired.push(item);
                self.waiting -= 1;
                late.push_back((sent, item));
            }
        }
        while late.len() > LATE_KEPT {
            if let Some((sent, item)) = late.pop_front()
                && self.sent.get(&item) == Some(&sent)
            {
                self.sent.remove(&item);
            }
        }
        give_back(&mut self.order);
        give_back(&mut late);
        self.late = (!late.is_empty()).then_some(late);
        expired
    }

    /// Requests under way, in the order in which it was asked.
    pub(super) fn waiting(&self) -> impl Iterator<Item = Inventory> {
        self.order.iter().filter(|(sent, item)| self.sent.get(item) == Some(sent)).map(|(_, item)| *item)
    }
}

/// Whether it is waited for: its deadline is ahead.
fn is_waiting(order: &VecDeque<(Sent, Inventory)>, sent: Sent) -> bool {
    order.front().is_some_and(|(oldest, _)| oldest.turn <= sent.turn)
}

/// Entries too few to be worth tidying.
const FEW: usize = 64;

/// Gives back the memory of a queue that is mostly empty; half of what is left is room to grow.
fn give_back<T>(queue: &mut VecDeque<T>) {
    if queue.capacity() > 4 * queue.len() + FEW {
        queue.shrink_to(2 * queue.len());
    }
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
