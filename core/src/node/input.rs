//! The inputs of a node, and its outputs.

use alloc::string::String;
use core::fmt;
use core::net::SocketAddr;

use super::{Address, Event};
use crate::peer::SendError;
use crate::wire::{Command, Inventory};
use crate::{IoError, Label, WallClock};

/// Names one connection of one [`Node`](super::Node): made, in the making, or refused. They are counted from 1
/// and never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a number")]
pub struct ConnId(pub u64);

impl fmt::Display for ConnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c{}", self.0)
    }
}

/// Names one [`Address`] that a [`Node`](super::Node) keeps a connection to. They are counted from 0 in the
/// order in which they were added, and never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a number")]
pub struct TargetId(pub u32);

/// A fact that the driver reports, or a command of the application. Plain data: a log of inputs can be
/// replayed.
///
/// An input never fails. One that can't be carried out, because the driver or the application got something
/// wrong, changes nothing and is told as [`EventKind::InputRefused`](super::EventKind::InputRefused).
///
/// It may grow only with a new major version: a journal that leaves one out is no longer the run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a journal has every input")]
pub enum Input<'a> {
    /// Keep a connection to this address from now on, redialled whenever it ends. A new address becomes the
    /// next [`TargetId`]; one that is a target already stays the same one
    /// ([`Node::target`](super::Node::target)).
    Dial(Address),
    /// Forget this target: it is dialled no more. A connection to it that is open stays open.
    RemoveTarget(TargetId),
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
    /// Close this connection, made or in the making.
    Disconnect {
        /// The connection.
        conn: ConnId,
        /// Whether the target that it leads to is dialled again; if not, the target is removed.
        redial: bool,
        /// The reason, as [`CloseReason::Local`](crate::CloseReason::Local) tells it. Without a reason of your
        /// own: [`Label::LOCAL`].
        label: Label,
    },
    /// Send this message. It must be [`Peer::is_ready`](crate::Peer::is_ready): before the handshake is done
    /// it is refused. See [`Peer::send`](crate::Peer::send) for what else is.
    ///
    /// It is queued however much waits to be written: how fast a peer reads is not in a journal, so it must not
    /// decide anything. Look at the length of [`Node::transmit`](crate::Node::transmit) before you send much.
    Send {
        /// The connection.
        conn: ConnId,
        /// The name of the message.
        command: Command,
        /// Its body, encoded.
        payload: &'a [u8],
    },
    /// Ask the peer for these, in this order, with `getdata`. For transactions that are not asked for
    /// automatically ([`Config::request_transactions`](crate::Config)), and for whatever else it may have.
    Request {
        /// The connection.
        conn: ConnId,
        /// Objects to ask for. Transactions by the type that the peer announces them with.
        items: &'a [Inventory],
    },
    /// Close all connections and make no more.
    Stop,
}

/// An order to the driver, or news for the application: what a [`Machine`](crate::Machine) gives out, whose events
/// are `E`.
///
/// It may grow only with a new major version: a driver that passes over an order no longer runs the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a driver carries out every output")]
pub enum Output<E = Event> {
    /// Look up the addresses of a name, answer with [`Input::Resolved`].
    Resolve {
        /// The target to answer for.
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

/// Why an [`Input`] was refused. Nothing has changed by it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// [`Input::Accepted`] with another name than [`Node::next_conn`](super::Node::next_conn) gives.
    #[error(
        "an accepted connection was called {got}, its name is {expected}: ask Node::next_conn before each"
    )]
    WrongConn {
        /// The name that it was given.
        got: ConnId,
        /// The name that it would have had.
        expected: ConnId,
    },
    /// A connection that this node never had.
    #[error("{0} is no connection of this node: names come from Output::Connect and Node::next_conn")]
    UnknownConn(ConnId),
    /// A command for a connection that is over.
    #[error("{0} is over")]
    ConnectionOver(ConnId),
    /// [`Input::Received`] or a command for a connection that is still in the making.
    #[error("{0} is not open yet: Input::Connected comes first")]
    NotConnected(ConnId),
    /// [`Input::Connected`] for a connection that is open.
    #[error("{0} is open already")]
    AlreadyConnected(ConnId),
    /// [`Input::Send`] for what the connection can't send.
    #[error("{command} can't be sent on {conn}: {error}")]
    NotSent {
        /// The connection.
        conn: ConnId,
        /// The message.
        command: Command,
        /// Why not.
        error: SendError,
    },
    /// [`Input::Request`] for more than may be under way, or before the handshake is done.
    #[error("{refused} requests refused on {conn}: the handshake is not done, or too many are under way")]
    NotRequested {
        /// The connection.
        conn: ConnId,
        /// How many of the items were not asked for: the last ones.
        refused: usize,
    },
    /// A target that this node does not have, or no longer.
    #[error("there is no target {}", .0.0)]
    UnknownTarget(TargetId),
    /// [`Input::Dial`] for an address of Tor, I2P or CJDNS.
    #[error("{0} can't be dialled: only addresses of IPv4 and IPv6 and names can")]
    NetworkNotDialled(Address),
    /// A command after [`Input::Stop`].
    #[error("the node was stopped")]
    Stopped,
}

impl InputError {
    /// Returns the connection that it is about, as the input named it; of [`InputError::UnknownConn`] there never was
    /// one.
    pub const fn conn(&self) -> Option<ConnId> {
        match self {
            Self::UnknownConn(conn)
            | Self::ConnectionOver(conn)
            | Self::NotConnected(conn)
            | Self::AlreadyConnected(conn)
            | Self::NotSent { conn, .. }
            | Self::NotRequested { conn, .. } => Some(*conn),
            // Another connection has the name that was given.
            Self::WrongConn { .. } => None,
            Self::UnknownTarget(_) | Self::NetworkNotDialled(_) | Self::Stopped => None,
        }
    }
}
