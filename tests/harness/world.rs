//! A node, and in the test everybody whom it knows.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bitcoin::p2p::message::NetworkMessage;
use satwire_core::node::{Address, ConnId, Event, EventKind, Input, InputError, Output};
use satwire_core::{CloseReason, Config, Instant, Node, WallClock};

use crate::{Hello, NETWORK, Script, Sent, Transcript, config, decode_frames, message};

/// The address of the `n`-th peer. It is for documentation, so no packet ever goes there.
pub fn peer_addr(n: u8) -> SocketAddr {
    (Ipv4Addr::new(203, 0, 113, n), NETWORK.default_port()).into()
}

/// A [`Node`] without a network: the test is the driver, and all peers.
///
/// Outputs are drained after each input. Bytes to be sent are taken at once, unless the connection
/// is among the [`World::deaf`].
#[derive(Debug)]
pub struct World {
    /// The node.
    pub node: Node<Transcript<Script>>,
    /// The time of the world; only [`World::advance`] moves it.
    pub now: Instant,
    /// Connections whose other side never reads.
    pub deaf: BTreeSet<ConnId>,
    /// Events that the test has not taken yet.
    events: Vec<Event>,
    /// Orders that the test has not taken yet.
    orders: Vec<Output>,
    /// The bytes that each peer was sent and has not listened to.
    sent: BTreeMap<ConnId, Vec<u8>>,
}

impl Default for World {
    fn default() -> Self {
        Self::new(config(|config| config.remembered_ids = 1000))
    }
}

impl World {
    /// A world with such a node.
    pub fn new(config: Config) -> Self {
        Self::with_script(config, Script::default())
    }

    /// A world with such a node, and these random words.
    pub fn with_script(config: Config, script: Script) -> Self {
        let clock = WallClock { unix_micros_at_zero: 1_795_363_000_000_000 };
        Self {
            node: Node::new(config, clock, Transcript::new(script)),
            now: Instant::ZERO,
            deaf: BTreeSet::new(),
            events: Vec::new(),
            orders: Vec::new(),
            sent: BTreeMap::new(),
        }
    }

    /// One input, and what follows from it.
    pub fn handle(&mut self, input: Input<'_>) {
        self.node.handle(self.now, input);
        while let Some(output) = self.node.poll() {
            match output {
                Output::Transmit(conn) => self.write(conn),
                Output::Event(event) => self.events.push(event),
                order => self.orders.push(order),
            }
        }
    }

    fn write(&mut self, conn: ConnId) {
        if !self.deaf.contains(&conn) {
            let bytes = self.node.transmit(conn);
            let len = bytes.len();
            self.sent.entry(conn).or_default().extend_from_slice(bytes);
            self.node.transmitted(conn, len);
        }
    }

    // ── connections ─────────────────────────────────────────────────────────────────────────

    /// Dials an address and opens the connection that the node asks for.
    pub fn dial(&mut self, addr: SocketAddr) -> ConnId {
        let conn = self.node.next_conn();
        self.handle(Input::Dial(Address::Socket(addr)));
        assert_eq!(self.take_orders(), [Output::Connect { conn, addr }]);
        self.handle(Input::Connected(conn));
        conn
    }

    /// Opens a connection from an address.
    pub fn accept(&mut self, addr: SocketAddr) -> ConnId {
        let conn = self.node.next_conn();
        self.handle(Input::Accepted { conn, addr });
        conn
    }

    /// Dials the `n`-th peer, and shakes hands with it. Our messages on the way, the first ping as well, are heard
    /// already.
    pub fn peer(&mut self, n: u8, hello: &Hello) -> ConnId {
        let conn = self.dial(peer_addr(n));
        self.greet(conn, hello);
        conn
    }

    /// The other side of `conn` shakes hands, and answers the first ping.
    ///
    /// # Panics
    /// If the handshake does not succeed.
    pub fn greet(&mut self, conn: ConnId, hello: &Hello) {
        self.say(conn, &hello.all());
        let done = self
            .take_events()
            .into_iter()
            .any(|event| event.conn == Some(conn) && matches!(event.kind, EventKind::Handshake(_)));
        assert!(done, "no handshake on {conn}");
        self.advance(Duration::ZERO);
        self.answer_pings(conn);
        self.take_events();
    }

    /// Answers the pings that `conn` was sent, and drops everything else that it was.
    pub fn answer_pings(&mut self, conn: ConnId) {
        for heard in self.heard(conn) {
            if let NetworkMessage::Ping(nonce) = heard {
                self.send(conn, NetworkMessage::Pong(nonce));
            }
        }
    }

    // ── bytes ───────────────────────────────────────────────────────────────────────────────

    /// Bytes arrive on `conn`, in one read.
    pub fn say(&mut self, conn: ConnId, bytes: &[u8]) {
        self.handle(Input::Received(conn, bytes));
    }

    /// A message arrives on `conn`.
    pub fn send(&mut self, conn: ConnId, payload: NetworkMessage) {
        self.say(conn, &message(payload));
    }

    /// The other side of `conn` listens: returns what it was sent since it last did.
    pub fn heard(&mut self, conn: ConnId) -> Vec<NetworkMessage> {
        let readable = |sent| match sent {
            Sent::Message(message) => message,
            Sent::Unreadable { command, .. } => panic!("the bitcoin crate cannot read our {command}"),
        };
        decode_frames(&self.heard_bytes(conn)).into_iter().map(readable).collect()
    }

    /// The same, as bytes.
    pub fn heard_bytes(&mut self, conn: ConnId) -> Vec<u8> {
        self.sent.remove(&conn).unwrap_or_default()
    }

    // ── time ────────────────────────────────────────────────────────────────────────────────

    /// Lets time pass and does everything exactly when it is due.
    ///
    /// # Panics
    /// If the node is not done with an instant when it says so.
    pub fn advance(&mut self, by: Duration) {
        let end = self.now + by;
        while let Some(due) = self.node.poll_timeout().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.handle(Input::Timeout);
            let next = self.node.poll_timeout();
            assert!(
                next.is_none_or(|next| next > self.now),
                "due again at once: {next:?}, now {:?}",
                self.now
            );
        }
        self.now = end;
    }

    // ── what came out ───────────────────────────────────────────────────────────────────────

    /// The events since the last call.
    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Returns the events on `conn` since the last call; those of others are dropped.
    pub fn take_events_of(&mut self, conn: ConnId) -> Vec<EventKind> {
        let events = self.take_events().into_iter();
        events.filter(|event| event.conn == Some(conn)).map(|event| event.kind).collect()
    }

    /// The inputs that were refused since the last call, and why; other events are dropped.
    pub fn take_refusals(&mut self) -> Vec<InputError> {
        let refusal = |event: Event| match event.kind {
            EventKind::InputRefused(error) => Some(*error),
            _ => None,
        };
        self.take_events().into_iter().filter_map(refusal).collect()
    }

    /// Orders since the last call: look up, connect, disconnect.
    pub fn take_orders(&mut self) -> Vec<Output> {
        std::mem::take(&mut self.orders)
    }

    /// Why `conn` ended, if it did since events were last taken.
    pub fn closed(&self, conn: ConnId) -> Option<CloseReason> {
        self.events.iter().find_map(|event| match event.kind {
            EventKind::Disconnected(reason) if event.conn == Some(conn) => Some(reason),
            _ => None,
        })
    }

    /// Everything that happened, in lines.
    pub fn transcript(&self) -> &str {
        self.node.environment().text()
    }
}
