//! The outputs of a node: orders and events in one queue, shown to the environment as they are queued.

use alloc::collections::VecDeque;

use super::{ConnId, Environment, Event, EventKind, Output};
use crate::Instant;
use crate::peer::Peer;

/// The queue of outputs, the time at which they happen, and the environment that watches.
#[derive(Debug)]
pub(super) struct Outlet<E> {
    pub(super) environment: E,
    /// When the input came that is being handled.
    pub(super) now: Instant,
    outputs: VecDeque<Output>,
}

impl<E: Environment> Outlet<E> {
    pub(super) const fn new(environment: E) -> Self {
        Self { environment, now: Instant::ZERO, outputs: VecDeque::new() }
    }

    /// Queues an order or an event.
    pub(super) fn push(&mut self, output: Output) {
        self.environment.output(self.now, &output);
        self.outputs.push_back(output);
    }

    /// Queues an event.
    pub(super) fn emit(&mut self, conn: impl Into<Option<ConnId>>, kind: EventKind) {
        self.push(Output::Event(Event::new(self.now, conn.into(), kind)));
    }

    /// Queues an event, if there is one.
    pub(super) fn tell(&mut self, conn: impl Into<Option<ConnId>>, kind: Option<EventKind>) {
        if let Some(kind) = kind {
            self.emit(conn, kind);
        }
    }

    /// Queues word for the driver that there is something to write. The environment does not see it: how far a
    /// write gets never steers the protocol.
    pub(super) fn transmit(&mut self, conn: ConnId) {
        self.outputs.push_back(Output::Transmit(conn));
    }

    /// Shows the environment what `peer` has queued after its first `before` unsent bytes.
    pub(super) fn show_queued(&mut self, conn: ConnId, peer: &Peer, before: usize) {
        if let Some(queued) = peer.queued().get(before..)
            && !queued.is_empty()
        {
            self.environment.queued(self.now, conn, queued);
        }
    }

    /// Takes the next output.
    pub(super) fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }
}
