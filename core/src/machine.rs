//! The trait of whatever a driver runs.

use crate::Instant;
use crate::node::{ConnId, Environment, Event, Input, Node, Output};

/// A state machine over connections, as a driver sees it: [`Node`], or something around it or instead of it.
///
/// A driver needs nothing else, so that whatever implements this runs on every driver, in a replay and in a simulation.
/// The [driver contract](crate#the-driver-contract) is the driver's half; these are the machine's promises:
///
/// - Only [`Machine::handle`] and [`Machine::transmitted`] change what the other methods return, and
///   [`Machine::poll`] takes one output out.
/// - Inputs never fail. An input about a connection that is unknown or over is ignored.
/// - [`Output::Transmit`] is given once when a connection that is open has something to write, and again only
///   after [`Machine::transmitted`] has said that all of it was written.
/// - [`Output::Connect`] and [`Input::Accepted`] use up [`Machine::next_conn`]. A name is never used again.
/// - Each [`Input::Timeout`] moves [`Machine::poll_timeout`] past the time at which it was given; otherwise a driver
///   spins.
///
/// This machine counts what a node tells, and tells the sum as well:
///
/// ```
/// use satwire_core::node::{ConnId, Environment, Event, EventKind, Input, Node, Output};
/// use satwire_core::{Instant, Machine};
///
/// struct Counting<E> {
///     node: Node<E>,
///     transactions: u64,
/// }
///
/// impl<E: Environment> Machine for Counting<E> {
///     type Event = (u64, Event);
///
///     fn handle(&mut self, now: Instant, input: Input<'_>) {
///         self.node.handle(now, input);
///     }
///
///     fn poll(&mut self) -> Option<Output<Self::Event>> {
///         Some(self.node.poll()?.map_event(|event| {
///             self.transactions += u64::from(matches!(event.kind, EventKind::Tx { .. }));
///             (self.transactions, event)
///         }))
///     }
///
///     fn poll_timeout(&self) -> Option<Instant> {
///         self.node.poll_timeout()
///     }
///
///     fn transmit(&self, conn: ConnId) -> &[u8] {
///         self.node.transmit(conn)
///     }
///
///     fn transmitted(&mut self, conn: ConnId, n: usize) {
///         self.node.transmitted(conn, n);
///     }
///
///     fn wants_read(&self, conn: ConnId) -> bool {
///         self.node.wants_read(conn)
///     }
///
///     fn next_conn(&self) -> ConnId {
///         self.node.next_conn()
///     }
/// }
/// ```
pub trait Machine {
    /// The events that the machine tells the application.
    type Event;

    /// Takes a fact, or a command of the application, and the time at which it came. Time never goes back: a `now`
    /// before an earlier one counts as that one.
    fn handle(&mut self, now: Instant, input: Input<'_>);

    /// Returns the next order or event, in the order in which they came up.
    #[must_use = "it is an order to carry out, or news"]
    fn poll(&mut self) -> Option<Output<Self::Event>>;

    /// Returns the time at which [`Input::Timeout`] is due, if nothing comes in before; `None` if it never is.
    fn poll_timeout(&self) -> Option<Instant>;

    /// Returns the bytes to write to a connection, contiguous; empty for one that is not open.
    fn transmit(&self, conn: ConnId) -> &[u8];

    /// Takes out the first `n` bytes of [`Machine::transmit`]: they were written.
    fn transmitted(&mut self, conn: ConnId, n: usize);

    /// Returns whether a connection is to be read; asked before each read.
    fn wants_read(&self, conn: ConnId) -> bool;

    /// Returns the name that the next connection will have, made or accepted.
    fn next_conn(&self) -> ConnId;
}

impl<E: Environment> Machine for Node<E> {
    type Event = Event;

    fn handle(&mut self, now: Instant, input: Input<'_>) {
        self.handle(now, input);
    }

    fn poll(&mut self) -> Option<Output> {
        self.poll()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.poll_timeout()
    }

    fn transmit(&self, conn: ConnId) -> &[u8] {
        self.transmit(conn)
    }

    fn transmitted(&mut self, conn: ConnId, n: usize) {
        self.transmitted(conn, n);
    }

    fn wants_read(&self, conn: ConnId) -> bool {
        self.wants_read(conn)
    }

    fn next_conn(&self) -> ConnId {
        self.next_conn()
    }
}
