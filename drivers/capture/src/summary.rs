//! The contents of a journal, at a glance.

use std::collections::BTreeMap;
use std::io::Read;
use std::net::SocketAddr;

use satwire_core::node::{ConnId, Purpose};
use satwire_core::peer::Direction;
use satwire_core::wire::Command;
use satwire_core::{Instant, Magic};

use crate::cutter::{Cutter, Piece};
use crate::journal::{Ending, Error, OwnedInput, Prologue, Reader, Record, Step, Version};

/// The contents of a journal, counted without playing it.
///
/// A journal holds what the node was told, not what it said: messages that were sent, and the
/// addresses of connections that the node dialled by itself, show in a replay only.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// The format that the journal names.
    pub format: Version,
    /// The making of the node: program, configuration with the network's magic, wall clock.
    pub prologue: Prologue,
    /// How many files of a journal that is kept in several were read.
    pub files: u32,
    /// The length of what was read, in bytes.
    pub bytes: u64,
    /// Records, the prologue and the digests among them.
    pub records: u64,
    /// Inputs.
    pub steps: u64,
    /// The time of the first input and of the last.
    pub span: Option<(Instant, Instant)>,
    /// Every connection that was opened, by its name.
    pub connections: BTreeMap<ConnId, Connection>,
    /// Connections that were dialled and could not be made.
    pub failed_dials: u64,
    /// How it ends.
    pub ending: Ending,
}

/// The word of a journal on one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Connection {
    /// The side that made it.
    pub direction: Direction,
    /// The other side's address; for a connection that the node dialled only a replay knows it.
    pub addr: Option<SocketAddr>,
    /// When it was opened.
    pub opened: Instant,
    /// Bytes that were read from it.
    pub received: u64,
    /// Messages that came in, by their command; `None` stands for those whose command is malformed.
    pub messages: BTreeMap<Option<Command>, Messages>,
    /// From the first header with another network's magic, or with a length above the limit, on nothing
    /// was counted as messages: here it stood, in bytes of this connection's stream.
    pub broken_at: Option<u64>,
    cutter: Cutter,
}

/// How many messages there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Messages {
    /// Their number; one that did not come to its end counts from its header on.
    pub count: u64,
    /// The bytes of their payloads, as their headers give them.
    pub payload: u64,
}

impl Summary {
    /// Reads a journal to its end, in memory that grows with its connections only.
    ///
    /// Of a damaged journal it is a summary of what comes before the damage, which is told beside it.
    pub fn read<R: Read>(mut reader: Reader<R>) -> (Self, Option<Error>) {
        let mut summary = Self {
            format: reader.format(),
            prologue: reader.prologue().clone(),
            files: 1,
            bytes: 0,
            records: 1,
            steps: 0,
            span: None,
            connections: BTreeMap::new(),
            failed_dials: 0,
            ending: reader.ending(),
        };
        let mut damage = None;
        for entry in &mut reader {
            match entry {
                Ok(entry) => {
                    summary.records += 1;
                    if let Record::Step(step) = entry.record {
                        summary.count(&step);
                    }
                }
                Err(error) => {
                    damage = Some(error);
                    break;
                }
            }
        }
        summary.bytes = reader.offset();
        summary.files = reader.files();
        summary.ending = reader.ending();
        (summary, damage)
    }

    /// All messages that came in, by their command.
    pub fn messages(&self) -> BTreeMap<Option<Command>, Messages> {
        let mut all = BTreeMap::<_, Messages>::new();
        for (command, messages) in self.connections.values().flat_map(|conn| &conn.messages) {
            let total = all.entry(*command).or_default();
            total.count += messages.count;
            total.payload += messages.payload;
        }
        all
    }

    fn count(&mut self, step: &Step) {
        let first = self.span.map_or(step.at, |(first, _)| first);
        self.span = Some((first, step.at));
        self.steps += 1;
        let magic = self.prologue.config.magic;
        match &step.input {
            OwnedInput::Connected(conn) if drew_nonce(step) => {
                self.connections.insert(*conn, Connection::new(magic, Direction::Outbound, None, step.at));
            }
            OwnedInput::Accepted { conn, addr } => {
                let connection = Connection::new(magic, Direction::Inbound, Some(*addr), step.at);
                self.connections.entry(*conn).or_insert(connection);
            }
            OwnedInput::Received(conn, bytes) => {
                if let Some(connection) = self.connections.get_mut(conn) {
                    connection.receive(bytes);
                }
            }
            OwnedInput::Closed(conn, _) if !self.connections.contains_key(conn) => self.failed_dials += 1,
            _ => {}
        }
    }
}

/// A connection that is opened gets a nonce; a report that comes too late does not.
fn drew_nonce(step: &Step) -> bool {
    step.draws.iter().any(|drawn| matches!(drawn.purpose, Purpose::VersionNonce(_)))
}

impl Connection {
    fn new(magic: Magic, direction: Direction, addr: Option<SocketAddr>, opened: Instant) -> Self {
        let (messages, cutter) = (BTreeMap::new(), Cutter::new(magic, 0));
        Self { direction, addr, opened, received: 0, messages, broken_at: None, cutter }
    }

    fn receive(&mut self, mut bytes: &[u8]) {
        while let Some(piece) = self.cutter.next(&mut bytes) {
            if let Piece::Begun(header) = piece {
                let messages = self.messages.entry(header.command()).or_default();
                messages.count += 1;
                messages.payload += u64::from(header.length);
            }
        }
        self.received = self.cutter.taken();
        self.broken_at = self.cutter.broken_at();
    }
}
