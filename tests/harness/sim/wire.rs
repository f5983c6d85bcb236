//! Wires: bytes that take their time, wait for a node that does not want to read, or are lost.

use std::mem;

use satwire_core::IoError;
use satwire_core::node::{ConnId, Input};

use super::meter::{READ, most_unsent};
use super::{Actor, Happening, SECOND, Sim};

/// A flooder's own writes are not taken while so much of them waits to be read.
const FLOODED: usize = 16 << 10;

/// A connection. Its two ends are a node that dialled, and a node or a peer.
#[derive(Debug)]
pub(super) struct Wire {
    pub(super) dialler: (usize, ConnId),
    pub(super) end: End,
    pub(super) open: bool,
    /// Nothing arrives before.
    pub(super) silent_until: u64,
    latency: u64,
    /// When the last bytes on their way arrive, each way: nothing overtakes.
    last: [u64; 2],
    /// The bytes that have arrived and were not read yet, each way.
    held: [Vec<u8>; 2],
}

/// The other end of a connection that was dialled.
#[derive(Debug)]
pub(super) enum End {
    Node(usize, ConnId),
    Peer(Box<Actor>),
}

impl Wire {
    pub(super) const fn new(dialler: (usize, ConnId), end: End, latency: u64) -> Self {
        let held = [Vec::new(), Vec::new()];
        Self { dialler, end, open: true, silent_until: 0, latency, last: [0; 2], held }
    }

    fn node_at(&self, at_dialler: bool) -> Option<(usize, ConnId)> {
        match self.end {
            _ if at_dialler => Some(self.dialler),
            End::Node(node, conn) => Some((node, conn)),
            End::Peer(_) => None,
        }
    }
}

impl Sim {
    /// Writes some of what a node has to write, and the rest a little later.
    pub(super) fn write(&mut self, node: usize, conn: ConnId) {
        let Some(&wire) = self.by_conn.get(&(node, conn)) else { return };
        let unsent = self.unsent(node, conn);
        let link = &mut self.wires[wire];
        if unsent == 0 || !link.open {
            return;
        }
        let slow = match &mut link.end {
            End::Peer(actor) => actor.reads(self.now, &mut self.chance),
            End::Node(..) => None,
        };
        let (most, again) = slow.unwrap_or_else(|| {
            let most = if self.chance.once_in(4) { 1 + self.chance.below(unsent as u64) } else { u64::MAX };
            (most as usize, self.now + self.chance.below(SECOND / 5))
        });
        let taken = unsent.min(most);
        let to_dialler = link.dialler != (node, conn);
        let bytes = self.nodes[node].node().transmit(conn)[..taken].to_vec();
        self.nodes[node].transmitted(conn, taken);
        self.send(wire, to_dialler, bytes);
        if taken < unsent {
            self.arrange(again, Happening::Write { node, conn });
        }
        self.read(wire, !to_dialler);
    }

    /// How many bytes wait to be written.
    fn unsent(&self, node: usize, conn: ConnId) -> usize {
        let node = self.nodes[node].node();
        let (unsent, most) = (node.transmit(conn).len(), most_unsent(node.config()));
        assert!(unsent <= most, "{unsent} bytes wait for {conn}; it may be {most}");
        unsent
    }

    pub(super) fn send(&mut self, wire: usize, to_dialler: bool, bytes: Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let link = &mut self.wires[wire];
        let last = &mut link.last[usize::from(to_dialler)];
        *last = (*last).max(self.now + link.latency).max(link.silent_until);
        let at = *last;
        self.arrange(at, Happening::Arrive { wire, at_dialler: to_dialler, bytes });
    }

    pub(super) fn arrive(&mut self, wire: usize, at_dialler: bool, bytes: &[u8]) {
        let link = &mut self.wires[wire];
        if !link.open {
            return;
        }
        if let (End::Peer(actor), false) = (&mut link.end, at_dialler) {
            let said = actor.receive(bytes, &mut self.chance);
            return self.send(wire, true, said);
        }
        link.held[usize::from(at_dialler)].extend_from_slice(bytes);
        self.read(wire, at_dialler);
    }

    /// Hands on what has arrived for a node, as long as it wants to read.
    fn read(&mut self, wire: usize, at_dialler: bool) {
        let Some((node, conn)) = self.wires[wire].node_at(at_dialler) else { return };
        // Meanwhile nothing arrives: all that is said takes its time.
        let mut held = mem::take(&mut self.wires[wire].held[usize::from(at_dialler)]);
        let mut rest = &held[..];
        while !rest.is_empty() && self.wires[wire].open {
            if !self.nodes[node].node().wants_read(conn) {
                self.pauses += 1;
                break;
            }
            // A read may end anywhere.
            let most = rest.len().min(READ);
            let len = if self.chance.once_in(2) { most } else { 1 + self.chance.below(most as u64) as usize };
            let (part, after) = rest.split_at(len);
            rest = after;
            self.tell(node, Input::Received(conn, part));
            self.unsent(node, conn);
        }
        if self.wires[wire].open {
            let read = held.len() - rest.len();
            held.drain(..read);
            self.wires[wire].held[usize::from(at_dialler)] = held;
        }
    }

    /// A flooder has its turn.
    pub(super) fn flood(&mut self, wire: usize) {
        let link = &mut self.wires[wire];
        let End::Peer(actor) = &mut link.end else { return };
        if !link.open {
            return;
        }
        let next = self.now + self.chance.below(100 * SECOND);
        if link.silent_until <= self.now && link.held[1].len() < FLOODED {
            let said = actor.flood(self.now, self.plan.flood, &mut self.chance);
            self.send(wire, true, said);
        }
        self.arrange(next, Happening::Flood { wire });
    }

    /// A connection ends for both.
    pub(super) fn cut(&mut self, wire: usize) {
        let dialler = self.wires[wire].dialler;
        self.lose(wire);
        for (node, conn) in self.wires[wire].node_at(false).into_iter().chain([dialler]) {
            self.by_conn.remove(&(node, conn));
            self.tell(node, Input::Closed(conn, IoError::Reset));
        }
    }

    /// A node has closed its end.
    pub(super) fn hang_up(&mut self, node: usize, conn: ConnId) {
        let Some(wire) = self.by_conn.remove(&(node, conn)) else { return };
        self.lose(wire);
        let at_dialler = self.wires[wire].dialler != (node, conn);
        if let Some((node, conn)) = self.wires[wire].node_at(at_dialler) {
            self.by_conn.remove(&(node, conn));
            self.tell(node, Input::Closed(conn, IoError::Ended));
        }
    }

    /// Nothing arrives any more, and what has arrived is not read.
    fn lose(&mut self, wire: usize) {
        self.wires[wire].open = false;
        self.wires[wire].held = [Vec::new(), Vec::new()];
        self.promises.retain(|promise| promise.wire != wire);
    }
}
