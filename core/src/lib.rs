//! The Bitcoin peer-to-peer protocol as a pure state machine: **bytes and time in, messages and
//! events out**. No sockets, no clock, no randomness of its own, no threads, no `std`: the same inputs
//! give the same outputs, byte for byte, on every machine.
//!
//! There are three floors, and you may stop at any:
//!
//! - [`wire`]: bytes ⇄ messages. No state.
//! - [`Peer`]: one connection. Framing, handshake, ping and pong, requests. See [`peer`].
//! - [`Node`]: many connections. Whom to dial, whom to ask for which transaction. See [`node`].
//!
//! Peer and node listen: they ask for transactions and for nothing else, relay nothing, and serve nothing.
//! Whoever wants to say more has the messages in [`wire`].
//!
//! # The driver contract
//!
//! A driver holds sockets and a clock, and no protocol. It repeats:
//!
//! 1. **drain** [`Node::poll`] and carry out each order: resolve, connect, disconnect; on
//!    [`Output::Transmit`](node::Output::Transmit), which comes once until all is written, write
//!    [`Node::transmit`] as far as the socket takes it and say how far with [`Node::transmitted`], and
//!    again whenever the socket takes more. It never comes for a connection in the making. Inputs may be
//!    given in the midst of it;
//! 2. **wait** until a socket is ready, at most until [`Node::poll_timeout`], which any input may move;
//! 3. **read** what is ready, a bounded amount of each socket, unless [`Node::wants_read`] is false (a
//!    write may turn it true again); give it to [`Node::handle`] with the time read off the clock *after*
//!    the socket;
//! 4. **tell the time** once, if that has come which `poll_timeout` said:
//!    [`Input::Timeout`](node::Input::Timeout), after the reads of all that was ready, so that a process that
//!    slept does not cut peers whose answers wait in the socket. Where the system names only so many sockets
//!    at a time, that is after a read of every one.
//!
//! Names of connections are never used again and inputs about a connection that is over are ignored,
//! so a driver may learn late; a [`ConnMap`](node::ConnMap) keeps what it has of each. How far a write gets
//! never steers the protocol. The rest of the contract:
//!
//! - No order says that a peer may be read again: who is told that sockets *are* readable must stop asking
//!   while [`Node::wants_read`] is false, who is told that they *became* readable must remember it, and look
//!   again after each write.
//! - A connection that came in is called [`Node::next_conn`] and told with
//!   [`Input::Accepted`](node::Input::Accepted); if there is no room for it, `Disconnect` is ordered.
//! - `Disconnect` means at once: drop the socket, made or still in the making, and report no `Closed` for
//!   it. That a connection takes too long to be made is seen by the node, not by the driver.
//! - `Resolve` is answered once, with a bounded number of addresses, none where the name has none. It has
//!   no deadline but the resolver's own, and without an answer that name is not dialled again.
//! - [`Input::Clock`](node::Input::Clock) is for a wall clock that no longer fits the monotonic one: compare
//!   them at each wake-up.
//! - [`Input::Stop`](node::Input::Stop) ends all connections in that call: what was not written is lost, and
//!   nobody is dialled any more. Listeners are the driver's to close.
//! - Random words come from a [`Environment`](node::Environment): a closure that gives one, or [`FromRng`](node::FromRng).
//!   Two nodes that draw the same words take each other for themselves.
//!
//! What a driver runs is a [`Machine`], of which [`Node`] is one: whatever implements it runs on every driver.
//!
//! On an operating system the crate `satwire-std` has what is the same under every event loop: the turn itself, over a
//! small socket trait, so that a driver has only to wait and to be woken; and its parts, for a loop that is built
//! differently.
//!
//! Here is a whole one, for a network that is two buffers and a clock that is a number. The other side
//! is a bare [`Peer`]:
//!
//! ```
//! use satwire_core::node::{Address, ConnId, EventKind, Input, Output};
//! use satwire_core::peer::{Direction, Event, ConnectionConfig};
//! use satwire_core::{Config, Instant, Network, Node, Peer, WallClock};
//!
//! let config = Config::new(Network::Regtest);
//! let clock = WallClock { unix_micros_at_zero: 1_795_363_088_000_000 };
//! let mut now = Instant::ZERO;
//! let mut word = 0; // Nobody guesses here. Elsewhere: random ones.
//! let mut node = Node::new(config.clone(), clock, |_| { word += 1; word });
//! node.handle(now, Input::Dial(Address::Socket("127.0.0.1:18444".parse()?)));
//!
//! let opening = ConnectionConfig::new(Direction::Inbound, 99, clock);
//! let mut remote = Peer::new(config.into(), opening, now);
//! let mut socket: Option<ConnId> = None;
//! let mut news = Vec::new();
//!
//! while news.len() < 3 {
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
//!             Output::Disconnect(_) | Output::Resolve { .. } => unreachable!("not in this story"),
//!             Output::Event(event) => news.push(event.kind),
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
//! assert!(matches!(news[0], EventKind::Connected { .. }));
//! assert!(matches!(news[1], EventKind::Handshake(_)));
//! assert!(matches!(news[2], EventKind::Pong { .. }));
//! # Ok::<(), core::net::AddrParseError>(())
//! ```

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod close_reason;
mod config;
mod label;
mod machine;
mod network;
pub mod node;
pub mod peer;
mod routable;
mod time;
pub mod wire;

pub use close_reason::{CloseReason, Fault, IoError};
pub use config::{Config, PROTOCOL_VERSION, user_agent};
pub use label::Label;
pub use machine::Machine;
pub use network::{Magic, Network};
pub use node::Node;
pub use peer::Peer;
pub use time::{Instant, WallClock};
