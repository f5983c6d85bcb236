//! The facts that a recorder notes of open connections, for the files that it begins while they are.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use satwire_core::Instant;
use satwire_core::node::{ConnId, EventKind, Input, Output};
use satwire_core::peer::{Direction, Negotiated};

use super::continuation::{Carried, Continuation, MAX_CARRIED};
use super::{DIGEST, Prologue};
use crate::cutter::Cutter;

/// When another file is begun, and what it begins with.
#[derive(Debug)]
pub(super) struct Rotation {
    /// Bytes of a file from which on another one is begun.
    size: u64,
    part: u32,
    /// The facts that all files give of the node, with the wall clock as it is set.
    prologue: Prologue,
    connections: BTreeMap<ConnId, Open>,
}

#[derive(Debug)]
struct Open {
    addr: SocketAddr,
    direction: Direction,
    negotiated: Option<Box<Negotiated>>,
    cutter: Cutter,
}

impl Rotation {
    pub(super) const fn new(size: u64, prologue: Prologue) -> Self {
        Self { size, part: 1, prologue, connections: BTreeMap::new() }
    }

    /// Whether a file of so many bytes is followed by another.
    pub(super) const fn is_due(&self, bytes: u64) -> bool {
        bytes >= self.size
    }

    /// The beginning of the next file.
    pub(super) fn next(&mut self, at: Instant, digest: [u8; DIGEST]) -> Prologue {
        self.part += 1;
        let connections = self.connections.iter().take(MAX_CARRIED).map(|(conn, open)| open.carried(*conn));
        let continuation = Continuation { part: self.part, at, digest, connections: connections.collect() };
        Prologue { continuation: Some(Box::new(continuation)), ..self.prologue.clone() }
    }

    /// Takes what the node is told.
    pub(super) fn input(&mut self, input: &Input<'_>) {
        match *input {
            Input::Received(conn, mut bytes) => {
                if let Some(open) = self.connections.get_mut(&conn) {
                    while open.cutter.next(&mut bytes).is_some() {}
                }
            }
            Input::Clock(clock) => self.prologue.clock = clock,
            _ => {}
        }
    }

    /// Takes what the node tells.
    pub(super) fn output(&mut self, output: &Output) {
        let Output::Event(event) = output else { return };
        let Some(conn) = event.conn else { return };
        match &event.kind {
            EventKind::Connected { addr, direction } => {
                let cutter = Cutter::new(self.prologue.config.magic, 0);
                let open = Open { addr: *addr, direction: *direction, negotiated: None, cutter };
                self.connections.insert(conn, open);
            }
            EventKind::Handshake(negotiated) => {
                if let Some(open) = self.connections.get_mut(&conn) {
                    open.negotiated = Some(negotiated.clone());
                }
            }
            EventKind::Disconnected(_) => {
                self.connections.remove(&conn);
            }
            _ => {}
        }
    }
}

impl Open {
    fn carried(&self, conn: ConnId) -> Carried {
        let Self { addr, direction, negotiated, cutter } = self;
        let (header, payload) = cutter.unfinished();
        let negotiated = negotiated.clone();
        Carried { conn, addr: *addr, direction: *direction, negotiated, header: header.to_vec(), payload }
    }
}
