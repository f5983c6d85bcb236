//! A node whose memory is measured, and the most that it may be.

use std::collections::BTreeSet;
use std::mem;

use satwire_core::node::{ConnId, Input, Output};
use satwire_core::wire::{Header, Inventory};
use satwire_core::{Config, Instant, Node, Peer, WallClock};

use super::Auditor;

/// The most that one read brings. Each message of a simulation fits into so much.
pub(super) const READ: usize = 4096;

/// A message with one entry of an inventory.
const SINGLE: usize = Header::LEN + 1 + Inventory::LEN;

/// Requests that ran out of time and may still be answered, as many as one peer has
/// (`core/src/peer/requests.rs`).
const LATE_KEPT: usize = 1000;

/// Entries of a queue of requests that are not worth tidying (there too).
const FEW: usize = 64;

/// The most bytes that may wait to be written to one peer.
pub(super) fn most_unsent(config: &Config) -> usize {
    let ping = Header::LEN + 8;
    // One read, with the beginning of a message that was kept of the one before, is answered in as many
    // bytes: a ping by a pong, a getdata by a notfound, an inv by a getdata. Where others fail to deliver,
    // what this one has announced is asked of it, name by name.
    config.max_unsent + 2 * READ + config.max_announcements * SINGLE + ping
}

/// The most that a connection may cost while it is open.
fn most_of_peer(config: &Config) -> usize {
    // Its entries in the node's tables, and what its `version` said until its `verack` comes.
    let itself = mem::size_of::<Peer>() + 1024;
    // At most half of it was written already; a vector doubles.
    let outbox = 4 * most_unsent(config);
    let inbox = 2 * READ;
    // Each by its name, with when it was sent, in a tree whose nodes are at least five elevenths full; and in
    // a queue that doubles, which up to twice as many that were answered still stand in.
    let request = mem::size_of::<(Inventory, Instant, u64)>();
    let tree = 5 * (config.max_announcements + LATE_KEPT) * request / 2;
    let queues = 2 * (2 * config.max_announcements + FEW + config.max_announcements + LATE_KEPT) * request;
    let requests = tree + queues;
    itself + outbox + inbox + requests
}

/// The most that what a peer has announced may cost; the node's table of names keeps its room when the
/// peer is gone.
fn most_of_names(config: &Config) -> usize {
    // A name, how far we are with it, a list of who has it, and the table's own byte.
    let place = mem::size_of::<Inventory>() + mem::size_of::<(Vec<ConnId>, usize)>();
    // A table doubles when more than half of its places are in use, and seven of eight can be.
    let table = 5 * place;
    // No list is made for less than four.
    let list = 4 * mem::size_of::<ConnId>();
    config.max_announcements * (table + list)
}

/// The most that a node may cost beside its connections: what it has to say after one read, in a queue that
/// doubles, and its targets, connections in the making, spare lists, and who is gone but still in a list.
fn most_of_node() -> usize {
    2 * (2 * READ / SINGLE) * mem::size_of::<Output>() + (16 << 10)
}

/// A node, and how many bytes it holds.
#[derive(Debug)]
pub(super) struct Metered {
    node: Node<Auditor>,
    live: fn() -> isize,
    /// With what its auditor holds.
    held: isize,
    /// Held by the node that has nothing to do yet.
    made: isize,
    open: BTreeSet<ConnId>,
    /// Connections that were open at once, at most.
    most_open: usize,
    /// The most that was held of what may be, in thousandths.
    fullest: u32,
}

impl Metered {
    /// Makes the node. `live` tells how many bytes the thread has in use.
    pub(super) fn new(config: Config, auditor: Auditor, live: fn() -> isize) -> Self {
        let before = live();
        let node = Node::new(config, WallClock::default(), auditor);
        let made = live() - before;
        Self { node, live, held: made, made, open: BTreeSet::new(), most_open: 0, fullest: 0 }
    }

    pub(super) const fn node(&self) -> &Node<Auditor> {
        &self.node
    }

    /// The most of what it may hold that it held, in thousandths.
    pub(super) const fn fullest(&self) -> u32 {
        self.fullest
    }

    pub(super) fn handle(&mut self, now: Instant, input: Input<'_>) {
        let begun = match input {
            Input::Connected(conn) | Input::Accepted { conn, .. } => Some(conn),
            Input::Closed(conn, _) => {
                self.open.remove(&conn);
                None
            }
            _ => None,
        };
        let before = (self.live)();
        self.node.handle(now, input);
        self.held += (self.live)() - before;
        // It may have refused it, or given it up before.
        if let Some(conn) = begun.filter(|conn| self.node.wants_read(*conn)) {
            self.open.insert(conn);
            self.most_open = self.most_open.max(self.open.len());
        }
    }

    /// The next order. News are dropped: nobody but the auditor listens.
    pub(super) fn order(&mut self) -> Option<Output> {
        let before = (self.live)();
        let order = loop {
            match self.node.poll() {
                Some(Output::Event(_)) => {}
                order => break order,
            }
        };
        self.held += (self.live)() - before;
        if let Some(Output::Disconnect(conn)) = order {
            self.open.remove(&conn);
        }
        order
    }

    pub(super) fn transmitted(&mut self, conn: ConnId, n: usize) {
        let before = (self.live)();
        self.node.transmitted(conn, n);
        self.held += (self.live)() - before;
    }

    /// Panics if it holds more than it may.
    pub(super) fn check(&mut self) {
        let config = self.node.config();
        let may =
            most_of_node() + self.open.len() * most_of_peer(config) + self.most_open * most_of_names(config);
        let does = self.held - self.made - self.node.environment().held();
        assert!(
            does <= may.cast_signed(),
            "{does} bytes are held for {} connections; it may be {may}",
            self.open.len()
        );
        self.fullest = self.fullest.max((does.max(0).cast_unsigned() * 1000 / may) as u32);
    }
}
