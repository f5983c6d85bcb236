//! What the recorded node asked for, and when.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use satwire_core::Instant;
use satwire_core::node::ConnId;
use satwire_core::wire::{Hash, InvType, Inventory};

/// The most requests that are remembered, in all, about 200 bytes each. Beyond them the oldest are forgotten.
const MOST: usize = 1 << 18;

/// The requests of transactions. What was not answered in time is told once, and may be answered still.
#[derive(Debug, Default)]
pub(super) struct Asked {
    sent: BTreeMap<(ConnId, Inventory), Sent>,
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
        self.sent.insert((conn, item), sent);
        self.order.push_back((sent, conn, item));
        while self.order.len() + self.late.len() > MOST {
            let oldest = self.late.pop_front().or_else(|| self.order.pop_front());
            let Some((sent, conn, item)) = oldest else { break };
            if self.sent.get(&(conn, item)) == Some(&sent) {
                self.sent.remove(&(conn, item));
            }
        }
    }

    /// Takes an answer: how long ago it was asked for, if it was.
    pub(super) fn answered(&mut self, at: Instant, conn: ConnId, item: Inventory) -> Option<Duration> {
        let sent = self.sent.remove(&(conn, announced_form(item)))?;
        Some(at.saturating_duration_since(sent.at))
    }

    /// When the oldest request runs out of time, at the latest.
    pub(super) fn deadline(&mut self, timeout: Duration) -> Option<Instant> {
        while let Some((sent, conn, item)) = self.order.front() {
            if self.sent.get(&(*conn, *item)) == Some(sent) {
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
        let none = Inventory { inv_type: InvType(0), hash: Hash([0; 32]) };
        let of_it = self.sent.range((conn, none)..(ConnId(conn.0.saturating_add(1)), none));
        let mut left: Vec<_> = of_it.map(|((_, item), sent)| (sent.turn, *item)).collect();
        left.sort_unstable();
        for (_, item) in &left {
            self.sent.remove(&(conn, *item));
        }
        left.into_iter().map(|(_, item)| item).collect()
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
