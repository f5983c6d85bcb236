//! The Bitcoin peer-to-peer protocol as a pure state machine: **bytes and time go in, messages and events come
//! out**. It has no sockets, no clock, no randomness of its own, no threads and no `std`. The same inputs give
//! the same outputs, byte for byte, on every machine.
//!
//! # Three floors
//!
//! Each floor works without the ones above it.
//!
//! | floor | it is | for |
//! |---|---|---|
//! | [`wire`] | the codec: bytes ⇄ messages, without state | tools that have frames already |
//! | [`Peer`] | one connection: framing, handshake, keepalive, requests; see [`peer`] | your own loop, one connection |
//! | [`Node`] | many connections: dialling, slots, requests for transactions; see [`node`] | a monitor, a crawler |
//!
//! Beside them [`addresses`] keeps the addresses of other nodes and decides whom to dial when. [`Node`] does not run it
//! yet.
//!
//! By itself a node listens: it asks for each announced transaction, and it relays and serves nothing. The
//! application adds the rest with commands: [`Input::Send`](node::Input::Send) sends any message but those of the
//! handshake and the keepalive, [`Input::Request`](node::Input::Request) asks for what the application chooses, and
//! [`Config::deliver`] names the messages that are handed to it.
//!
//! With the feature `bitcoin` (off by default) transactions, ids, headers and networks convert to and from
//! the types of the `bitcoin` crate, version 0.32.
//!
//! # The driver contract
//!
//! A driver owns the sockets and the clock, and knows no protocol. It runs a [`Machine`], such as a [`Node`], and
//! repeats four steps:
//!
//! 1. **Drain.** Call [`Machine::poll`] until it returns `None`, and carry out each output:
//!    - [`Resolve`](node::Output::Resolve): look the name up. Answer once, with
//!      [`Input::Resolved`](node::Input::Resolved); without addresses if there are none.
//!    - [`Connect`](node::Output::Connect): begin to connect. Answer with
//!      [`Input::Connected`](node::Input::Connected) or [`Input::Closed`](node::Input::Closed).
//!    - [`Transmit`](node::Output::Transmit): write [`Machine::transmit`] until the socket takes no more, and report
//!      each number of bytes with [`Machine::transmitted`]. Go on when the socket is writable again. This output
//!      comes again only after everything was written.
//!    - [`Disconnect`](node::Output::Disconnect): drop the socket at once. Report no `Closed` for it.
//!    - [`Event`](node::Output::Event): hand it to the application.
//! 2. **Wait** until a socket is ready, or until [`Machine::poll_timeout`]. Ask for that time after each drain: any
//!    input may move it.
//! 3. **Read** each socket that is ready, a bounded amount, if [`Machine::wants_read`] is true. Read the clock after
//!    the socket, and give [`Input::Received`](node::Input::Received) with that time.
//! 4. **Tell the time.** If the time of `poll_timeout` has come, give [`Input::Timeout`](node::Input::Timeout), once,
//!    after all sockets that were ready have been read.
//!
//! Inputs may be given in the middle of a drain. Inputs never fail. One that makes no sense, such as bytes before
//! `Connected`, changes nothing and is told as [`InputRefused`](node::EventKind::InputRefused).
//!
//! Connections:
//!
//! - A connection is named by its [`ConnId`](node::ConnId), which is never used again. Inputs about a connection
//!   that is over are ignored, so a driver may learn late. [`ConnMap`](node::ConnMap) keeps what a driver has of each.
//! - A connection that came in is named [`Machine::next_conn`] and given with
//!   [`Input::Accepted`](node::Input::Accepted). If there is no room for it, `Disconnect` follows.
//! - The node measures how long connecting takes, and gives up by itself.
//! - Set `TCP_NODELAY` on each socket: messages are small, and round trips are measured and answers waited for.
//! - A peer that does not read what we answer is not read: `wants_read` turns false. A write may turn it true again.
//!   No output says so. With level-triggered readiness, stop asking for readability meanwhile. With edge-triggered
//!   readiness, remember it and look again after each write.
//!
//! Time:
//!
//! - Why reads come before the time: a process that slept must not cut peers whose answers wait in the socket.
//!   Where the system names only some of the ready sockets at a time, read every socket before `Timeout`.
//! - How far a write gets never steers the protocol.
//! - [`Input::Clock`](node::Input::Clock) reports that the wall clock was set. Compare it with the monotonic clock
//!   at each wake-up.
//! - A look-up has no deadline but the resolver's own. Until it is answered, that name is not dialled again.
//!
//! Beginning and end:
//!
//! - Random numbers come from an [`Environment`](node::Environment): a closure, or
//!   [`FromRng`](node::FromRng). Two nodes that draw the same numbers take each other for themselves.
//! - [`Input::Stop`](node::Input::Stop) ends all connections in that call. Unwritten bytes are lost. Listeners
//!   are the driver's to close.
//!
//! The crate `satwire-std` holds what drivers on an operating system share: the clock, the meaning of I/O errors,
//! listening, accepting, looking up names, and the turn itself.
//!
//! Here is a whole driver, for a network that is two buffers and a clock that is a number. The other side is a
//! bare [`Peer`]:
//!
//! ```
//! use satwire_core::node::{Address, ConnId, EventKind, Input, Output};
//! use satwire_core::peer::{ConnectionConfig, Direction, Event};
//! use satwire_core::{Config, Instant, Network, Node, Peer, WallClock};
//!
//! let config = Config::new(Network::Regtest);
//! let clock = WallClock { unix_micros_at_zero: 1_795_363_088_000_000 };
//! let mut now = Instant::ZERO;
//! let mut random = 0; // Nobody guesses here. Elsewhere: random numbers.
//! let mut node = Node::new(config.clone(), clock, |_| { random += 1; random });
//! node.handle(now, Input::Dial(Address::Socket("127.0.0.1:18444".parse()?)));
//!
//! let connection = ConnectionConfig::new(Direction::Inbound, 99, clock);
//! let mut remote = Peer::new(config.into(), connection, now);
//! let mut socket: Option<ConnId> = None;
//! let mut events = Vec::new();
//!
//! while events.len() < 3 {
//!     // 1. Drain. Connecting succeeds at once, and what is written is read at once.
//!     while let Some(output) = node.poll() {
//!         match output {
//!             Output::Connect { conn, .. } => {
//!                 socket = Some(conn);
//!                 node.handle(now, Input::Connected(conn));
//!             }
//!             Output::Transmit(conn) => {
//!                 let mut bytes = node.transmit(conn);
//!                 let written = bytes.len();
//!                 while let Some(event) = remote.receive(now, &mut bytes) {
//!                     assert!(matches!(event, Event::Handshake(_)));
//!                 }
//!                 node.transmitted(conn, written);
//!             }
//!             Output::Event(event) => events.push(event.kind),
//!             _ => unreachable!("no names and no disconnects here"),
//!         }
//!     }
//!     // 2. Wait: nothing is ready here but what the other side has to say, and time.
//!     let conn = socket.expect("the node dials first of all");
//!     if remote.transmit().is_empty() {
//!         now = node.poll_timeout().expect("there is always a next ping").max(now);
//!     }
//!     // 3. Read.
//!     if node.wants_read(conn) {
//!         let bytes = remote.transmit().to_vec();
//!         node.handle(now, Input::Received(conn, &bytes));
//!         remote.transmitted(bytes.len());
//!     }
//!     // 4. Tell the time.
//!     node.handle(now, Input::Timeout);
//! }
//! assert!(matches!(events[0], EventKind::Connected { .. }));
//! assert!(matches!(events[1], EventKind::Handshake(_)));
//! assert!(matches!(events[2], EventKind::Pong { .. }));
//! # Ok::<(), core::net::AddrParseError>(())
//! ```

#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;

pub mod addresses;
#[cfg(feature = "bitcoin")]
mod bitcoin;
mod close_reason;
mod config;
mod label;
mod machine;
mod network;
pub mod node;
pub mod peer;
mod routable;
mod time;
#[expect(clippy::exhaustive_structs, reason = "the protocol fixes the shape of a message")]
pub mod wire;

#[cfg(feature = "bitcoin")]
pub use self::bitcoin::ConversionError;
pub use close_reason::{CloseReason, Fault, IoError};
pub use config::{Config, PROTOCOL_VERSION, user_agent};
pub use label::Label;
pub use machine::Machine;
pub use network::{Magic, Network};
pub use node::Node;
pub use peer::Peer;
pub use time::{Instant, WallClock};
