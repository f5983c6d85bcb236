//! A capture, as a journal holds it: from the point of view of one end.
//!
//! The meaning of an import:
//! - **Us** is the end that is [named](ImportOptions::us), or the end that made the capture (Bitcoin Core's files), or
//!   the end that dialled, connection by connection.
//! - **The configuration** is what our recorded `version` says: services and user agent; the network is that of the
//!   first message. A folder of Bitcoin Core names none: [`ImportOptions::magic`] does, or the first block that its
//!   `getheaders` go back to.
//! - **The clock** starts with the first thing that the capture shows.
//! - **Nothing is left out.** Bytes are told whoever could make sense of them, and losses where they are.

use std::collections::BTreeMap;
use std::path::Path;

use satwire_core::node::{Address, ConnId};
use satwire_core::peer::Direction as Side;
use satwire_core::wire::{Header, sha256d};
use satwire_core::{Config, Instant, Magic, Network, WallClock};

use super::event::{CaptureEvent, Direction, End, Ended, UnixMicros};
use super::survey::Survey;
use super::us::{Ends, Us};
use super::{Capture, Error, Losses};
use crate::journal::{Close, Observation, Observed, Origin, Prologue, Way};

/// The facts that the user knows of a capture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportOptions {
    /// The end whose point of view is taken.
    pub us: Option<Us>,
    /// The network, where the capture names none. By default it is found, else main.
    pub magic: Option<Magic>,
}

impl ImportOptions {
    /// These.
    pub const fn new(us: Option<Us>, magic: Option<Magic>) -> Self {
        Self { us, magic }
    }
}

/// Reads a capture as observations, in the order of time, as a stream.
///
/// After an `Err` there may be more. It holds what [`Capture`] holds, and 32 bytes a connection.
#[derive(Debug)]
pub struct Import {
    capture: Capture,
    prologue: Prologue,
    us: Option<Us>,
    zero: UnixMicros,
    ours: BTreeMap<ConnId, Direction>,
    named: bool,
}

impl Import {
    /// Opens a capture. It is read twice: first up to where it is known whose it is, at most [`Survey::MOST`] bytes.
    ///
    /// `program` is what the journal is to say of who made it.
    pub fn open(path: &Path, program: &str, options: ImportOptions) -> Result<Self, Error> {
        let survey = Survey::of(Capture::open(path)?, options)?;
        let capture = Capture::open(path)?;
        let clock = WallClock { unix_micros_at_zero: survey.zero.cast_signed() };
        let mut config = Config::new(survey.magic.or(options.magic).unwrap_or(Network::Main.magic()));
        // A fact that is not known is not there.
        config.user_agent = String::new();
        if let Some((services, user_agent)) = survey.ours {
            (config.services, config.user_agent) = (services, user_agent);
        }
        let mut prologue = Prologue::new(program, config, clock);
        prologue.origin = Some(capture.origin());
        let ours = BTreeMap::new();
        Ok(Self { capture, prologue, us: options.us, zero: survey.zero, ours, named: false })
    }

    /// The first record of the journal.
    pub const fn prologue(&self) -> &Prologue {
        &self.prologue
    }

    /// Returns what was left aside so far.
    pub fn losses(&self) -> Losses {
        self.capture.losses()
    }

    /// Whether the end that the user named was met so far.
    pub const fn has_named_end(&self) -> bool {
        self.named
    }

    fn observe(&mut self, event: CaptureEvent) -> Observation {
        let at = Instant::from_micros(event.time().saturating_sub(self.zero));
        let conn = event.conn();
        let ours = self.ours.get(&conn).copied().unwrap_or(Direction::Forward);
        let way = |direction| if direction == ours { Way::Sent } else { Way::Received };
        let what = match event {
            CaptureEvent::Opened { from, to, adopted, .. } => self.opened(conn, from, to, adopted),
            CaptureEvent::Bytes { direction, bytes, .. } => Observed::Bytes(way(direction), bytes),
            CaptureEvent::Lost { direction, bytes, .. } => Observed::Lost(way(direction), bytes),
            CaptureEvent::Message { direction, command, payload, .. } => {
                Observed::Bytes(way(direction), frame(self.prologue.config.magic, command, &payload))
            }
            CaptureEvent::Closed { how, .. } => Observed::Closed(match how {
                Ended::Finished(direction) => Close::Finished(way(direction)),
                Ended::Reset(direction) => Close::Reset(way(direction)),
                Ended::Replaced | Ended::Forgotten => Close::Unseen,
            }),
        };
        Observation { at, conn, what }
    }

    fn opened(&mut self, conn: ConnId, from: End, to: End, adopted: bool) -> Observed {
        let ends = Ends::of(&from, &to, adopted, self.us);
        self.named |= ends.named;
        let ours = if ends.from_is_us { Direction::Forward } else { Direction::Backward };
        self.ours.insert(conn, ours);
        let (us, peer) = if ends.from_is_us { (from, to) } else { (to, from) };
        let us = match us {
            End::At(Address::Socket(addr)) => Some(addr),
            _ => None,
        };
        let peer = match peer {
            End::At(address) => address,
            End::Recorder => Address::Name { host: "recorder".into(), port: 0 },
        };
        let we_dialled = ends.from_is_us == ends.from_dialled;
        let direction = if we_dialled { Side::Outbound } else { Side::Inbound };
        Observed::Opened { peer, us, direction, adopted }
    }
}

impl Iterator for Import {
    type Item = Result<Observation, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let event = self.capture.next()?;
        Some(event.map(|event| self.observe(event)))
    }
}

/// The network that the messages of an import must be of: its own where the import has given them their headers,
/// otherwise that of each connection's first.
pub(super) fn framing_magic(prologue: &Prologue) -> Option<Magic> {
    (prologue.origin == Some(Origin::CoreDat)).then_some(prologue.config.magic)
}

/// A message with the header that its file does not keep.
fn frame(magic: Magic, command: [u8; 12], payload: &[u8]) -> Vec<u8> {
    let digest = sha256d(payload);
    let mut checksum = [0; 4];
    checksum.copy_from_slice(&digest.0[..4]);
    let header = Header { magic, command, length: payload.len() as u32, checksum };
    let mut frame = Vec::with_capacity(Header::LEN + payload.len());
    frame.extend_from_slice(&header.encode());
    frame.extend_from_slice(payload);
    frame
}
