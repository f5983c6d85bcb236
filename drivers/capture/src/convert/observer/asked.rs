//! The requests of the recorded node, and their times.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use satwire_core::Instant;
use satwire_core::node::ConnId;
use satwire_core::wire::{InvType, Inventory};

/// The most requests that are remembered, in all, about 200 bytes each. Beyond them the oldest are forgotten.
const MOST: usize = 1 << 18;

/// The requests of transactions. A request that was not answered in time is told once, and may be answered still.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// By connection and item. The order of the inner tables is random, and nobody sees it.
    sent: BTreeMap<ConnId, HashMap<Inventory, Sent>>,
    /// By age; also such as were answered or repeated.
    order: VecDeque<(Sent, ConnId, Inventory)>,
    /// Those of them that were told as not answered.
    late: VecDeque<(Sent, ConnId, Inventory)>,
    turn: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sent {
    at: Instant,
    turn: u64,
}

impl Asked {
    /// Notes a request.
    pub(super) fn ask(&mut self, at: Instant, conn: ConnId, item: Inventory) {
        let (sent, item) = (Sent { at, turn: self.turn }, announced_form(item));
        self.turn += 1;
        self.sent.entry(conn).or_default().insert(item, sent);
        self.order.push_back((sent, conn, item));
        while self.order.len() + self.late.len() > MOST {
            let oldest = self.late.pop_front().or_else(|| self.order.pop_front());
            let Some((sent, conn, item)) = oldest else { break };
            if self.is_current(sent, conn, item) {
                self.remove(conn, item);
            }
        }
    }

    /// Takes an answer: how long ago it was asked for, if it was.
    pub(super) fn answered(&mut self, at: Instant, conn: ConnId, item: Inventory) -> Option<Duration> {
        let sent = self.remove(conn, announced_form(item))?;
        Some(at.saturating_duration_since(sent.at))
    }

    /// When the oldest request runs out of time, at the latest.
    pub(super) fn deadline(&mut self, timeout: Duration) -> Option<Instant> {
        while let Some(&(sent, conn, item)) = self.order.front() {
            if self.is_current(sent, conn, item) {
                return Some(sent.at + timeout);
            }
            self.order.pop_front();
        }
        None
    }

    /// Takes out one that has run out of time.
    pub(super) fn expire(&mut self) -> Option<(ConnId, Inventory)> {
        let (sent, conn, item) = self.order.pop_front()?;
        self.late.push_back((sent, conn, item));
        Some((conn, item))
    }

    /// Takes out what a connection that ends leaves without an answer, in the order in which it was asked.
    pub(super) fn end(&mut self, conn: ConnId) -> Vec<Inventory> {
        let of_it = self.sent.remove(&conn).unwrap_or_default();
        let mut left: Vec<_> = of_it.into_iter().map(|(item, sent)| (sent.turn, item)).collect();
        left.sort_unstable();
        left.into_iter().map(|(_, item)| item).collect()
    }

    fn is_current(&self, sent: Sent, conn: ConnId, item: Inventory) -> bool {
        self.sent.get(&conn).and_then(|of_it| of_it.get(&item)) == Some(&sent)
    }

    fn remove(&mut self, conn: ConnId, item: Inventory) -> Option<Sent> {
        let of_it = self.sent.get_mut(&conn)?;
        let sent = of_it.remove(&item);
        if of_it.is_empty() {
            self.sent.remove(&conn);
        }
        sent
    }
}

/// The type under which an item is announced: a `getdata` and its `notfound` carry a flag more.
pub(super) const fn announced_form(item: Inventory) -> Inventory {
    let inv_type = match item.inv_type {
        InvType::WITNESS_TX => InvType::TX,
        other => other,
    };
    Inventory { inv_type, hash: item.hash }
}
