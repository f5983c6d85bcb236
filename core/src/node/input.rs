//! The inputs of a node, and its outputs.

use alloc::string::String;
use core::fmt;
use core::net::SocketAddr;

use super::{Address, Event};
use crate::peer::SendError;
use crate::wire::{Command, Inventory};
use crate::{IoError, Label, WallClock};

/// Names one connection of one [`Node`](super::Node): made, in the making, or refused. They are counted from 1
/// and never used again. `Display` writes the first as `c1`.
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
    /// Forget this target: it is dialled no more. A connection to it that is open stays open; one in the making is
    /// called off, and told as [`EventKind::DialFailed`](super::EventKind::DialFailed) with [`Label::LOCAL`].
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
    /// Close this connection, made or in the making. One that is open is told as
    /// [`EventKind::Disconnected`](super::EventKind::Disconnected), one in the making as
    /// [`EventKind::DialFailed`](super::EventKind::DialFailed), both with
    /// [`CloseReason::Local`](crate::CloseReason::Local). A connection that is over stays so.
    Disconnect {
        /// The connection.
        conn: ConnId,
        /// Whether the target that it leads to is dialled again, as after any other end: a name in the making goes on
        /// with its next address. If not, the target is removed, and `retry` of a `DialFailed` is
        /// [`Duration::MAX`](core::time::Duration::MAX).
        redial: bool,
        /// The reason, as [`CloseReason::Local`](crate::CloseReason::Local) tells it. Without a reason of your
        /// own: [`Label::LOCAL`].
        label: Label,
    },
    /// Send this message. It is refused before [`EventKind::Handshake`](super::EventKind::Handshake); if it belongs to
    /// the handshake or the keepalive (`version`, `verack`, `wtxidrelay`, `sendaddrv2`, `sendtxrcncl`, `ping`, `pong`);
    /// and above [`MAX_PAYLOAD`](crate::wire::MAX_PAYLOAD) bytes.
    ///
    /// It is queued however much waits to be written: how fast a peer reads is not in a journal, so it must not
    /// decide anything. Look at the length of [`Node::transmit`](crate::Node::transmit) before you send much.
    ///
    /// This asks for headers after the handshake. The driver, and the other side, are not shown:
    ///
    /// ```
    /// use satwire_core::node::{EventKind, Input};
    /// use satwire_core::wire::{BlockHash, Command, List, Locator, Message};
    /// use satwire_core::{Config, Network};
    /// # use satwire_core::node::Output;
    /// # use satwire_core::peer::{ConnectionConfig, Direction, Event};
    /// # use satwire_core::wire::{BlockHeader, Hash};
    /// # use satwire_core::{Instant, Node, Peer, WallClock};
    ///
    /// let mut config = Config::new(Network::Regtest);
    /// config.deliver = [Command::HEADERS].into();
    /// let genesis: BlockHash = "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206".parse()?;
    /// # let (now, clock) = (Instant::ZERO, WallClock::default());
    /// # let mut node = Node::new(config.clone(), clock, |_| 1);
    /// # config.deliver = [Command::GETHEADERS].into();
    /// # let opening = ConnectionConfig::new(Direction::Outbound, 2, clock);
    /// # let mut remote = Peer::new(config.into(), opening, now);
    /// # let conn = node.next_conn();
    /// # node.handle(now, Input::Accepted { conn, addr: "127.0.0.1:50000".parse()? });
    /// # let mut received = 0;
    /// # for _ in 0..3 {
    /// #     let bytes = remote.transmit().to_vec();
    /// #     remote.transmitted(bytes.len());
    /// #     node.handle(now, Input::Received(conn, &bytes));
    /// #     while let Some(output) = node.poll() {
    /// #         let event = match output {
    /// #             Output::Event(event) => event,
    /// #             Output::Transmit(conn) => {
    /// #                 let mut bytes = node.transmit(conn);
    /// #                 let written = bytes.len();
    /// #                 while let Some(event) = remote.receive(now, &mut bytes) {
    /// #                     let Event::Message(asked) = event else { continue };
    /// #                     assert_eq!(asked.command(), Command::GETHEADERS);
    /// #                     let header = BlockHeader {
    /// #                         version: 1, previous: genesis, merkle_root: Hash([0; 32]), time: 0, bits: 0, nonce: 0,
    /// #                     };
    /// #                     let mut buffer = Vec::new();
    /// #                     remote.send(now, &Message::Headers(List::build(&mut buffer, [header])))?;
    /// #                 }
    /// #                 node.transmitted(conn, written);
    /// #                 continue;
    /// #             }
    /// #             _ => unreachable!("nothing is dialled"),
    /// #         };
    /// // … and for each event of the node, on the connection `conn`:
    /// match event.kind {
    ///     EventKind::Handshake(_) => {
    ///         let (mut buffer, mut payload) = (Vec::new(), Vec::new());
    ///         let hashes = List::build(&mut buffer, [genesis]);
    ///         let question = Message::Getheaders(Locator { version: 70016, hashes, stop: BlockHash([0; 32]) });
    ///         question.encode_payload(&mut payload);
    ///         node.handle(now, Input::Send { conn, command: question.command(), payload: &payload });
    ///     }
    ///     EventKind::Message(message) => {
    ///         if let Message::Headers(headers) = message.message()? {
    ///             assert!(headers.iter().all(|header| header.previous == genesis));
    ///             received += headers.len();
    ///         }
    ///     }
    ///     _ => {}
    /// }
    /// #     }
    /// # }
    /// # assert_eq!(received, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    Send {
        /// The connection.
        conn: ConnId,
        /// The name of the message.
        command: Command,
        /// Its body, as [`Message::encode_payload`](crate::wire::Message::encode_payload) writes it. It is not looked
        /// at.
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
    /// Close all connections and make no more. Connections in the making are called off and not told.
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
        /// The command of the message.
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
            // Of a wrong name: it may be that of another connection.
            Self::WrongConn { .. } | Self::UnknownTarget(_) | Self::NetworkNotDialled(_) | Self::Stopped => {
                None
            }
        }
    }
}
