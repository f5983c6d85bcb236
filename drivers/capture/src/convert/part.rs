//! A later file of a journal that is kept in several, without those before it: as observations.
//!
//! The state of the node when the file began is not known, so nobody can play it. The bytes that came are there: they
//! are told as those of connections which were adopted, with what they had negotiated. A journal does not hold what the
//! node said, where it dialled to, or that it closed a connection by itself.

use std::collections::{BTreeMap, VecDeque};
use std::io::Read;

use satwire_core::node::{Address, ConnId, Purpose};
use satwire_core::peer::Direction;
use satwire_core::{Instant, IoError, WallClock};

use crate::journal::{
    Close, Ending, Error, Observation, Observed, OwnedInput, Prologue, Reader, Record, Step, Version, Way,
};

/// Reads a file from its beginning, and those after it.
#[derive(Debug)]
pub(super) struct Part<R> {
    reader: Reader<R>,
    open: BTreeMap<ConnId, Unfinished>,
    queue: VecDeque<Observation>,
    /// The clock at the start, and as it was set last: a capture has one.
    started: WallClock,
    clock: WallClock,
    last: Instant,
}

/// The message that was under way when the file began.
#[derive(Debug, Default)]
struct Unfinished {
    /// The bytes that had come of its header.
    header: Vec<u8>,
    /// Bytes of its payload that are to come.
    payload: usize,
}

impl<R: Read> Part<R> {
    pub(super) fn new(reader: Reader<R>) -> Self {
        let clock = reader.prologue().clock;
        let mut part = Self {
            open: BTreeMap::new(),
            queue: VecDeque::new(),
            started: clock,
            clock,
            last: Instant::ZERO,
            reader,
        };
        part.adopt();
        part
    }

    pub(super) const fn prologue(&self) -> &Prologue {
        self.reader.prologue()
    }

    pub(super) const fn format(&self) -> Version {
        self.reader.format()
    }

    pub(super) const fn ending(&self) -> Ending {
        self.reader.ending()
    }

    /// Tells the connections that were open.
    fn adopt(&mut self) {
        let Some(continuation) = self.reader.prologue().continuation.clone() else { return };
        let at = continuation.at;
        for carried in continuation.connections {
            let conn = carried.conn;
            self.opened(at, conn, carried.addr.into(), carried.direction, true);
            if let Some(negotiated) = carried.negotiated {
                self.push(at, conn, Observed::Negotiated(negotiated));
            }
            let unfinished = Unfinished { header: carried.header, payload: carried.payload as usize };
            self.open.insert(conn, unfinished);
        }
    }

    fn opened(&mut self, at: Instant, conn: ConnId, peer: Address, direction: Direction, adopted: bool) {
        self.open.insert(conn, Unfinished::default());
        self.push(at, conn, Observed::Opened { peer, us: None, direction, adopted });
    }

    fn push(&mut self, at: Instant, conn: ConnId, what: Observed) {
        let step = self.clock.unix_micros_at_zero.saturating_sub(self.started.unix_micros_at_zero);
        self.last = self.last.max(Instant::from_micros(at.as_micros().saturating_add_signed(step)));
        self.queue.push_back(Observation { at: self.last, conn, what });
    }

    fn step(&mut self, step: Step) {
        // A connection that is opened gets a nonce; one that is refused, or reported too late, does not.
        let drew_nonce = step.draws.iter().any(|drawn| matches!(drawn.purpose, Purpose::VersionNonce(_)));
        let at = step.at;
        match step.input {
            OwnedInput::Connected(conn) if drew_nonce => {
                let unknown = Address::Name { host: "unknown".into(), port: 0 };
                self.opened(at, conn, unknown, Direction::Outbound, false);
            }
            OwnedInput::Accepted { conn, addr } if drew_nonce => {
                self.opened(at, conn, addr.into(), Direction::Inbound, false);
            }
            OwnedInput::Received(conn, bytes) => {
                let Some(unfinished) = self.open.get_mut(&conn) else { return };
                let skipped = unfinished.payload.min(bytes.len());
                unfinished.payload -= skipped;
                let mut told = std::mem::take(&mut unfinished.header);
                told.extend_from_slice(&bytes[skipped..]);
                if !told.is_empty() {
                    self.push(at, conn, Observed::Bytes(Way::Received, told));
                }
            }
            OwnedInput::Closed(conn, error) => {
                let close = if error == IoError::Ended {
                    Close::Finished(Way::Received)
                } else {
                    Close::Reset(Way::Received)
                };
                self.closed(at, conn, close);
            }
            OwnedInput::Disconnect { conn, .. } => self.closed(at, conn, Close::Finished(Way::Sent)),
            OwnedInput::Stop => {
                for conn in self.open.keys().copied().collect::<Vec<_>>() {
                    self.closed(at, conn, Close::Finished(Way::Sent));
                }
            }
            OwnedInput::Clock(clock) => self.clock = clock,
            _ => {}
        }
    }

    fn closed(&mut self, at: Instant, conn: ConnId, close: Close) {
        if self.open.remove(&conn).is_some() {
            self.push(at, conn, Observed::Closed(close));
        }
    }
}

impl<R: Read> Iterator for Part<R> {
    type Item = Result<Observation, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(observation) = self.queue.pop_front() {
                return Some(Ok(observation));
            }
            match self.reader.next()? {
                Ok(entry) => {
                    if let Record::Step(step) = entry.record {
                        self.step(step);
                    }
                }
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
