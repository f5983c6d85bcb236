//! One peer of ours and the other end of its stream.

use std::sync::Arc;
use std::time::Duration;

use bitcoin::p2p::message::NetworkMessage;
use satwire_core::peer::{ConnectionConfig, Direction, Event};
use satwire_core::wire::Inventory;
use satwire_core::{CloseReason, Config, Instant, Peer, WallClock};

use crate::{Hello, NETWORK, Sent, decode_frames, message};

/// A [`Peer`] and, in the test, whoever is at the other end of its stream.
#[derive(Debug)]
pub struct Session {
    /// The peer.
    pub peer: Peer,
    /// The time of the session; only [`Session::advance`] moves it.
    pub now: Instant,
    /// The next nonces of pings.
    pub ping_nonce: u64,
}

impl Session {
    /// The nonce of our own `version` in every session.
    pub const NONCE: u64 = 0x5a5a_0000_0000_0001;

    /// Unix seconds when a session starts.
    pub const UNIX_SECONDS: i64 = 1_795_363_000;

    /// Starts on an open stream.
    pub fn new(direction: Direction, config: Config) -> Self {
        let clock = WallClock { unix_micros_at_zero: Self::UNIX_SECONDS * 1_000_000 };
        let opening = ConnectionConfig::new(direction, Self::NONCE, clock);
        let now = Instant::ZERO;
        Self { peer: Peer::new(Arc::new(config), opening, now), now, ping_nonce: 1000 }
    }

    /// A connection that we made, with the defaults.
    pub fn outbound() -> Self {
        Self::new(Direction::Outbound, Config::new(NETWORK))
    }

    /// A connection that we accepted, with the defaults.
    pub fn inbound() -> Self {
        Self::new(Direction::Inbound, Config::new(NETWORK))
    }

    /// One that we made and that has shaken hands; what we said on the way was heard.
    pub fn ready(hello: &Hello) -> Self {
        let mut session = Self::outbound();
        session.greet(hello);
        session
    }

    /// Lets the other side shake hands. Takes what we said until then, and the first ping.
    ///
    /// # Panics
    /// If the handshake does not succeed.
    pub fn greet(&mut self, hello: &Hello) {
        let events = self.say(&hello.all());
        assert!(matches!(events[..], [Event::Handshake(_)]), "no handshake: {events:?}");
        let events = self.advance(Duration::ZERO);
        assert_eq!(events, [], "a fresh connection has nothing to tell");
        self.heard();
    }

    /// The other side's bytes arrive, in one read.
    pub fn say(&mut self, mut bytes: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.peer.receive(self.now, &mut bytes) {
            events.push(event);
        }
        assert!(bytes.is_empty(), "bytes are used up when there is no event more");
        events
    }

    /// The other side's message arrives.
    pub fn send(&mut self, payload: NetworkMessage) -> Vec<Event> {
        self.say(&message(payload))
    }

    /// Lets time pass and does everything exactly when it is due.
    ///
    /// # Panics
    /// If the peer is not done with an instant when it says so.
    pub fn advance(&mut self, by: Duration) -> Vec<Event> {
        let end = self.now + by;
        let mut events = Vec::new();
        while let Some(due) = self.peer.poll_timeout().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            loop {
                let word = self.ping_nonce;
                let mut drawn = false;
                let event = self.peer.handle_timeout(self.now, || {
                    drawn = true;
                    word
                });
                self.ping_nonce += u64::from(drawn);
                match event {
                    Some(event) => events.push(event),
                    None => break,
                }
            }
            assert!(self.peer.poll_timeout().is_none_or(|next| next > self.now), "due again at once");
        }
        self.now = end;
        events
    }

    /// The other side listens: returns everything that was queued since it last did.
    pub fn heard(&mut self) -> Vec<NetworkMessage> {
        let bytes = self.heard_bytes();
        let readable = |sent| match sent {
            Sent::Message(message) => message,
            Sent::Unreadable { command, .. } => panic!("the bitcoin crate cannot read our {command}"),
        };
        decode_frames(&bytes).into_iter().map(readable).collect()
    }

    /// The commands of what the other side hears.
    pub fn heard_commands(&mut self) -> Vec<String> {
        self.heard().iter().map(|message| message.command().to_string()).collect()
    }

    /// The bytes that the other side hears.
    pub fn heard_bytes(&mut self) -> Vec<u8> {
        let bytes = self.peer.transmit().to_vec();
        self.peer.transmitted(bytes.len());
        bytes
    }

    /// We ask for these.
    pub fn request(&mut self, items: &[Inventory]) {
        self.peer.request(self.now, items.iter().copied());
    }

    /// Whether a ping of the other side gets its pong: the connection lives.
    pub fn answers_ping(&mut self) -> bool {
        self.heard();
        self.send(NetworkMessage::Ping(77));
        self.heard() == [NetworkMessage::Pong(77)]
    }
}

/// The reason in the last of these events, if the connection ended.
pub fn closed(events: &[Event]) -> Option<CloseReason> {
    match events.last() {
        Some(Event::Closed(reason)) => Some(*reason),
        _ => None,
    }
}
