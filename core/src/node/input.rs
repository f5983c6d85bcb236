//! What goes into a node, and what comes out.

use alloc::string::String;
use core::fmt;
use core::net::SocketAddr;

use super::{Address, Event, TargetId};
use crate::{IoError, WallClock};

/// Names one connection of one [`Node`](super::Node): made, in the making, or refused. They are counted from 1
/// and never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub u64);

impl fmt::Display for ConnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c{}", self.0)
    }
}

/// A fact, or a wish of the application. Plain data: a log of inputs can be replayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// Keep a connection to this address from now on. It becomes the next [`TargetId`].
    Dial(Address),
    /// The answer to [`Output::Resolve`]; no address at all where the name could not be resolved.
    Resolved(TargetId, &'a [SocketAddr]),
    /// The connection that [`Output::Connect`] asked for is open.
    Connected(ConnId),
    /// A connection came in from `addr`. It is to be called `conn`, which must be
    /// [`Node::next_conn`](super::Node::next_conn) at this moment: with another name it is ignored.
    Accepted {
        /// Its name from now on.
        conn: ConnId,
        /// Where it comes from.
        addr: SocketAddr,
    },
    /// Bytes were read.
    Received(ConnId, &'a [u8]),
    /// The connection ended, or could not be made; not reported for those that
    /// [`Output::Disconnect`] ended.
    Closed(ConnId, IoError),
    /// Time has passed. To be given once per wake-up, after its reads.
    Timeout,
    /// The wall clock was set, or the machine has slept: the new offset.
    Clock(WallClock),
    /// Close this connection. Its address is dialled again.
    Disconnect(ConnId),
    /// Close all connections and make no more.
    Stop,
}

/// An order to the driver, or news for the application: what a [`Machine`](crate::Machine) gives out, whose events
/// are `E`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output<E = Event> {
    /// Look up the addresses of a name, answer with [`Input::Resolved`].
    Resolve {
        /// What to answer for.
        target: TargetId,
        /// The name.
        host: String,
        /// The port that the addresses are to have.
        port: u16,
    },
    /// Open a connection, answer with [`Input::Connected`] or [`Input::Closed`].
    Connect {
        /// Its name from now on.
        conn: ConnId,
        /// Where to.
        addr: SocketAddr,
    },
    /// [`Node::transmit`](super::Node::transmit) has something to write for this connection, which it had not before.
    Transmit(ConnId),
    /// Close this connection at once, in the making or made, and say no more of it.
    Disconnect(ConnId),
    /// News.
    Event(E),
}

impl<E> Output<E> {
    /// Turns an event into what `f` makes of it, and leaves an order as it is: for a machine around another one.
    pub fn map_event<T>(self, f: impl FnOnce(E) -> T) -> Output<T> {
        match self {
            Self::Resolve { target, host, port } => Output::Resolve { target, host, port },
            Self::Connect { conn, addr } => Output::Connect { conn, addr },
            Self::Transmit(conn) => Output::Transmit(conn),
            Self::Disconnect(conn) => Output::Disconnect(conn),
            Self::Event(event) => Output::Event(f(event)),
        }
    }
}
