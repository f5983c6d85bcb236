//! The stage without sockets: the harness's world, and peers that are buffers.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use harness::{World, peer_addr};
use satwire_core::node::{Address, ConnId, Event, Input, Output};
use satwire_core::{Config, IoError};

use crate::stage::{Leave, Peer, Stage};

/// Bytes of a peer that are read in a turn: as a driver does.
const READ: usize = 64 * 1024;

#[derive(Debug)]
pub(crate) struct Memory {
    world: World,
    peers: BTreeMap<ConnId, Peer>,
    events: Vec<Event>,
    /// Addresses where nobody listens.
    refusing: BTreeSet<SocketAddr>,
    /// Addresses that never answer.
    silent: BTreeSet<SocketAddr>,
    /// Connections that are left unread.
    paused: BTreeSet<ConnId>,
    addresses: u8,
    received: u64,
}

impl Memory {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            world: World::new(config),
            peers: BTreeMap::new(),
            events: Vec::new(),
            refusing: BTreeSet::new(),
            silent: BTreeSet::new(),
            paused: BTreeSet::new(),
            addresses: 0,
            received: 0,
        }
    }

    fn new_addr(&mut self) -> SocketAddr {
        self.addresses = self.addresses.wrapping_add(1);
        peer_addr(self.addresses)
    }

    /// One input, and what follows from it: orders are carried out, and peers read.
    fn handle(&mut self, input: Input<'_>) {
        self.world.handle(input);
        self.carry_out();
    }

    fn carry_out(&mut self) {
        loop {
            self.events.extend(self.world.take_events());
            for (conn, peer) in self.peers.iter_mut().filter(|(_, peer)| !peer.deaf) {
                let unsent = self.world.node.transmit(*conn);
                peer.heard.extend_from_slice(unsent);
                let written = unsent.len();
                self.world.node.transmitted(*conn, written);
            }
            let orders = self.world.take_orders();
            if orders.is_empty() {
                return;
            }
            for order in orders {
                match order {
                    Output::Connect { conn, addr } if self.refusing.contains(&addr) => {
                        self.world.handle(Input::Closed(conn, IoError::Refused));
                    }
                    Output::Connect { addr, .. } if self.silent.contains(&addr) => {}
                    Output::Connect { conn, .. } => {
                        self.open(conn);
                        self.world.handle(Input::Connected(conn));
                    }
                    Output::Disconnect(conn) => {
                        if let Some(peer) = self.peers.get_mut(&conn) {
                            peer.over = true;
                        }
                    }
                    other => unreachable!("not in these scenarios: {other:?}"),
                }
            }
        }
    }

    /// The way to and from a peer is ours to walk, not the world's.
    fn open(&mut self, conn: ConnId) {
        self.peers.insert(conn, Peer::default());
        self.world.deaf.insert(conn);
    }
}

impl Stage for Memory {
    fn dial_in(&mut self) -> ConnId {
        let addr = self.new_addr();
        let conn = self.world.node.next_conn();
        self.open(conn);
        self.handle(Input::Accepted { conn, addr });
        conn
    }

    fn dial_out(&mut self) -> ConnId {
        let addr = self.new_addr();
        let conn = self.world.node.next_conn();
        self.handle(Input::Dial(Address::Socket(addr)));
        conn
    }

    fn dial_refused(&mut self) {
        let addr = self.new_addr();
        self.refusing.insert(addr);
        self.handle(Input::Dial(Address::Socket(addr)));
    }

    fn dial_black_hole(&mut self) {
        let addr = self.new_addr();
        self.silent.insert(addr);
        self.handle(Input::Dial(Address::Socket(addr)));
    }

    fn disconnect(&mut self, conn: ConnId) {
        self.handle(Input::Disconnect { conn, redial: true, label: satwire_core::Label::LOCAL });
    }

    fn pause_reading(&mut self, conn: ConnId) {
        self.paused.insert(conn);
    }

    fn resume_reading(&mut self, conn: ConnId) {
        self.paused.remove(&conn);
    }

    fn stop(&mut self) {
        self.handle(Input::Stop);
    }

    fn turn(&mut self) {
        for conn in self.peers.keys().copied().collect::<Vec<_>>() {
            if self.paused.contains(&conn) || !self.world.node.wants_read(conn) {
                continue;
            }
            let peer = self.peer(conn);
            let piece = peer.piece.unwrap_or(READ).min(READ).min(peer.pending.len());
            let bytes: Vec<u8> = peer.pending.drain(..piece).collect();
            if !bytes.is_empty() {
                self.received += bytes.len() as u64;
                self.handle(Input::Received(conn, &bytes));
            }
            let peer = self.peer(conn);
            if peer.pending.is_empty()
                && let Some(leave) = peer.leaves.take()
            {
                let error = if leave == Leave::Reset { IoError::Reset } else { IoError::Ended };
                peer.over = true;
                self.handle(Input::Closed(conn, error));
            }
        }
        // Sockets take their time as well.
        self.world.advance(Duration::from_millis(1));
        self.carry_out();
    }

    fn peer(&mut self, conn: ConnId) -> &mut Peer {
        self.peers.get_mut(&conn).expect("a peer")
    }

    fn events(&self) -> &[Event] {
        &self.events
    }

    fn transcript(&self) -> &str {
        self.world.transcript()
    }

    fn unsent(&self, conn: ConnId) -> usize {
        self.world.node.transmit(conn).len()
    }

    fn reads(&self, conn: ConnId) -> bool {
        self.world.node.wants_read(conn)
    }

    fn received(&self) -> u64 {
        self.received
    }

    fn is_idle(&mut self) -> bool {
        true
    }
}
