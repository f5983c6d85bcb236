//! The content of a capture, at a glance.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use satwire_core::node::{Address, ConnId};
use satwire_core::peer::Direction as Side;
use satwire_core::wire::{Command, Header};
use satwire_core::{Instant, Magic};

use super::HELD;
use super::event::Direction;
use super::framing::{Framed, Framing};
use super::import::framing_magic;
use super::story::{Story, StoryError};
use crate::Messages;
use crate::journal::{Observation, Observed, Way};

/// The most losses that are told one by one.
pub const LOSSES: usize = 1000;

/// The contents of a capture, counted. Both directions are in it.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Contents {
    /// The time of the first observation and of the last.
    pub span: Option<(Instant, Instant)>,
    /// Every connection, by its name.
    pub connections: BTreeMap<ConnId, Counted>,
    /// The missing parts: the first [`LOSSES`].
    pub losses: Vec<Loss>,
    held: usize,
    magic: Option<Magic>,
}

/// One connection of a capture.
#[derive(Debug)]
#[non_exhaustive]
pub struct Counted {
    /// The other end.
    pub peer: Address,
    /// Our end, if the capture names it.
    pub us: Option<SocketAddr>,
    /// The side that made it.
    pub direction: Side,
    /// Its beginning is not in the capture.
    pub adopted: bool,
    /// When it was opened, or seen first.
    pub opened: Instant,
    /// Bytes that came from the peer, and that went to it.
    pub bytes: [u64; 2],
    /// Whole messages of each [`Way`], by their command; `None` stands for those whose command is malformed.
    pub messages: [BTreeMap<Option<Command>, Messages>; 2],
    framing: Framing,
    held: usize,
}

/// Something that is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loss {
    /// Of which connection.
    pub conn: ConnId,
    /// Which way it went.
    pub way: Way,
    /// When the first byte after it came.
    pub at: Instant,
    /// How many bytes, if that is known.
    pub bytes: Option<u64>,
}

impl Counted {
    /// Whether no message was found in either direction: it is encrypted (BIP324), or no Bitcoin.
    pub fn is_opaque(&self) -> bool {
        self.framing.is_opaque()
    }
}

impl Contents {
    /// Reads a capture to its end, in memory that grows with its connections, by at most [`HELD`] for messages that are
    /// not whole. The part that could not be read is told beside it.
    pub fn read(story: &mut Story) -> (Self, Vec<StoryError>) {
        let mut contents = Self { magic: framing_magic(story.prologue()), ..Self::default() };
        let mut errors = Vec::new();
        for observation in story {
            match observation {
                Ok(observation) => contents.count(observation),
                Err(error) => errors.push(error),
            }
        }
        (contents, errors)
    }

    /// All messages that went this way, by their command.
    pub fn messages(&self, way: Way) -> BTreeMap<Option<Command>, Messages> {
        let mut all = BTreeMap::<_, Messages>::new();
        for (command, messages) in self.connections.values().flat_map(|conn| &conn.messages[way as usize]) {
            let total = all.entry(*command).or_default();
            total.count += messages.count;
            total.payload += messages.payload;
        }
        all
    }

    fn count(&mut self, observation: Observation) {
        let Observation { at, conn, what } = observation;
        let first = self.span.map_or(at, |(first, _)| first);
        self.span = Some((first, at));
        match what {
            Observed::Opened { peer, us, direction, adopted } => {
                let framing = Framing::new(adopted, self.magic);
                let (bytes, messages) = ([0; 2], [BTreeMap::new(), BTreeMap::new()]);
                let counted =
                    Counted { peer, us, direction, adopted, opened: at, bytes, messages, framing, held: 0 };
                self.connections.insert(conn, counted);
            }
            Observed::Bytes(way, bytes) => {
                self.frame(conn, way, |counted, direction, framed| {
                    counted.bytes[way as usize] += bytes.len() as u64;
                    counted.framing.bytes(direction, at.as_micros(), &bytes, framed);
                });
                if self.held > HELD {
                    self.frame(conn, way, |counted, direction, framed| {
                        counted.framing.lost(direction, at.as_micros(), None, framed);
                    });
                }
            }
            Observed::Lost(way, bytes) => {
                if self.losses.len() < LOSSES {
                    self.losses.push(Loss { conn, way, at, bytes });
                }
                self.frame(conn, way, |counted, direction, framed| {
                    counted.framing.lost(direction, at.as_micros(), bytes, framed);
                });
            }
            Observed::Negotiated(_) | Observed::Closed(_) => {}
        }
    }

    fn frame(
        &mut self,
        conn: ConnId,
        way: Way,
        change: impl FnOnce(&mut Counted, Direction, &mut Vec<Framed>),
    ) {
        let Some(counted) = self.connections.get_mut(&conn) else { return };
        let direction = if way == Way::Received { Direction::Forward } else { Direction::Backward };
        let mut framed = Vec::new();
        change(counted, direction, &mut framed);
        let held = counted.framing.held();
        self.held = self.held - counted.held + held;
        counted.held = held;
        for header in framed.iter().filter_map(Framed::header) {
            counted.add(way, &header);
        }
    }
}

impl Counted {
    fn add(&mut self, way: Way, header: &Header) {
        let messages = self.messages[way as usize].entry(header.command()).or_default();
        messages.count += 1;
        messages.payload += u64::from(header.length);
    }
}
