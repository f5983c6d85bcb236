//! The steps of a scenario, wherever it is played.

use bitcoin::p2p::message::NetworkMessage;
use harness::{Hello, Sent, decode_frames, message};
use satwire_core::CloseReason;
use satwire_core::node::{ConnId, Event, EventKind};

/// A node, its network, and scripted peers, which are known by the node's name for their connection.
pub(crate) trait Stage {
    /// A peer dials the node, which has told of it when this returns.
    fn dial_in(&mut self) -> ConnId;
    /// The node dials a peer; they are connected when this returns.
    fn dial_out(&mut self) -> ConnId;
    /// The node dials an address that refuses.
    fn dial_refused(&mut self);
    /// The node dials an address that never answers.
    fn dial_black_hole(&mut self);
    /// The node is to close a connection.
    fn disconnect(&mut self, conn: ConnId);
    /// The driver is to leave a connection unread.
    fn pause_reading(&mut self, conn: ConnId);
    /// The driver is to read it again.
    fn resume_reading(&mut self, conn: ConnId);
    /// The node is to close all.
    fn stop(&mut self);
    /// Peers write and read what they can, then the node has a turn, or what its owner takes for one.
    fn turn(&mut self);
    /// A peer's side.
    fn peer(&mut self, conn: ConnId) -> &mut Peer;
    /// The events so far.
    fn events(&self) -> &[Event];
    /// The doings of the node, in lines.
    fn transcript(&self) -> &str;
    /// Bytes that the node has for this peer and could not write.
    fn unsent(&self, conn: ConnId) -> usize;
    /// Whether the node reads this peer.
    fn reads(&self, conn: ConnId) -> bool;
    /// Bytes that the node has read.
    fn received(&self) -> u64;
    /// Whether the node is idle: left alone for a while, it does nothing.
    fn is_idle(&mut self) -> bool;
}

/// A scripted peer: what it wants to do with its end of the connection.
#[derive(Debug, Default)]
pub(crate) struct Peer {
    /// Bytes that it could not write yet.
    pub(crate) pending: Vec<u8>,
    /// It writes so much in a turn, if not all.
    pub(crate) piece: Option<usize>,
    /// Bytes that it has read.
    pub(crate) heard: Vec<u8>,
    /// It does not read.
    pub(crate) deaf: bool,
    /// How it leaves, when it has said all.
    pub(crate) leaves: Option<Leave>,
    /// The node has closed the connection.
    pub(crate) over: bool,
}

/// A way to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leave {
    /// Says that it will say no more, and still listens.
    HalfClose,
    /// Closes.
    Close,
    /// Closes with a reset.
    Reset,
}

impl Peer {
    /// Takes the next whole message that it has read.
    fn next_message(&mut self) -> Option<Sent> {
        let length = self.heard.get(16..20)?;
        let length = 24 + u32::from_le_bytes(length.try_into().expect("four bytes")) as usize;
        if self.heard.len() < length {
            return None;
        }
        let frame: Vec<u8> = self.heard.drain(..length).collect();
        decode_frames(&frame).pop()
    }
}

impl dyn Stage + '_ {
    /// Gives turns until it is so.
    pub(crate) fn until(&mut self, what: &str, mut done: impl FnMut(&mut dyn Stage) -> bool) {
        let mut turns = 0;
        let start = std::time::Instant::now();
        while !done(self) {
            turns += 1;
            // Turns in memory are quick, those on sockets may wait.
            let out_of_patience = turns > 100_000 || start.elapsed().as_secs() > 20;
            assert!(!out_of_patience, "in vain waited for {what}:\n{}", self.transcript());
            self.turn();
        }
    }

    /// A peer says something, as soon as it can.
    pub(crate) fn say(&mut self, conn: ConnId, bytes: &[u8]) {
        self.peer(conn).pending.extend_from_slice(bytes);
    }

    /// A peer sends a message, as soon as it can.
    pub(crate) fn send(&mut self, conn: ConnId, payload: NetworkMessage) {
        self.say(conn, &message(payload));
    }

    /// Waits until a peer has read a message of this command; what came before is dropped.
    pub(crate) fn hear(&mut self, conn: ConnId, command: &str) -> NetworkMessage {
        let mut found = None;
        self.until(command, |stage| {
            while found.is_none()
                && let Some(sent) = stage.peer(conn).next_message()
            {
                match sent {
                    Sent::Message(message) if message.command().to_string() == command => {
                        found = Some(message);
                    }
                    _ => {}
                }
            }
            found.is_some()
        });
        found.expect("found")
    }

    /// Shakes hands with a peer, and pings it once.
    pub(crate) fn greet(&mut self, conn: ConnId) {
        self.say(conn, &Hello::default().all());
        let NetworkMessage::Ping(nonce) = self.hear(conn, "ping") else { unreachable!("a ping") };
        self.send(conn, NetworkMessage::Pong(nonce));
        self.until_told(conn, |kind| matches!(kind, EventKind::Pong { .. }));
    }

    /// A peer asks for a sign of life, and gets it.
    pub(crate) fn ping(&mut self, conn: ConnId, nonce: u64) {
        self.send(conn, NetworkMessage::Ping(nonce));
        assert_eq!(self.hear(conn, "pong"), NetworkMessage::Pong(nonce));
    }

    /// Waits until the node has told this of a connection.
    pub(crate) fn until_told(&mut self, conn: ConnId, wanted: impl Fn(&EventKind) -> bool) {
        self.until("an event", |stage| {
            stage.events().iter().any(|event| event.conn == Some(conn) && wanted(&event.kind))
        });
    }

    /// Waits until the node has given up a connection, and why it did.
    pub(crate) fn until_over(&mut self, conn: ConnId) -> CloseReason {
        let reason = |event: &Event| match event.kind {
            EventKind::Disconnected(reason) if event.conn == Some(conn) => Some(reason),
            _ => None,
        };
        self.until("the end", |stage| stage.events().iter().any(|event| reason(event).is_some()));
        self.events().iter().find_map(reason).expect("it is over")
    }

    /// A peer leaves, once it has said all.
    pub(crate) fn leave(&mut self, conn: ConnId, how: Leave) -> CloseReason {
        self.peer(conn).leaves = Some(how);
        self.until_over(conn)
    }

    /// Waits until so many dials have failed.
    pub(crate) fn until_failed(&mut self, dials: usize) {
        let failed = |event: &&Event| matches!(event.kind, EventKind::DialFailed { .. });
        self.until("failed dials", |stage| stage.events().iter().filter(failed).count() >= dials);
    }
}
