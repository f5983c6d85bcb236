//! The first look at a capture: of which network it is, and what our node said of itself.

use std::collections::BTreeMap;

use satwire_core::Magic;
use satwire_core::node::ConnId;
use satwire_core::wire::{Command, Header, Message, Services, sha256d};

use super::event::{CaptureEvent, Direction, UnixMicros};
use super::framing::{Framed, Framing};
use super::genesis::network_of;
use super::import::ImportOptions;
use super::us::Ends;
use super::{Capture, Error};
use crate::journal::Origin;

/// The facts to be known before the first record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// When the capture begins.
    pub(super) zero: UnixMicros,
    /// The network.
    pub(super) magic: Option<Magic>,
    /// The services and the user agent of our recorded `version`.
    pub(super) ours: Option<(Services, String)>,
}

/// A connection, until our `version` is found.
struct Link {
    ours: Direction,
    framing: Framing,
}

impl Survey {
    /// The most that is looked at, in bytes of all connections, and held.
    pub const MOST: u64 = 64 << 20;

    /// Reads a capture as far as it takes. An error after the first event is told by who reads it all.
    pub(super) fn of(capture: Capture, options: ImportOptions) -> Result<Self, Error> {
        let mut survey = Self::default();
        if capture.origin() == Origin::CoreDat {
            survey.magic = options.magic;
        }
        let mut links = BTreeMap::new();
        let mut first = true;
        let mut left = Self::MOST;
        for event in capture {
            let event = match event {
                Ok(event) => event,
                Err(_) if !first => continue,
                Err(error) => return Err(error),
            };
            if first {
                survey.zero = event.time();
                first = false;
            }
            left = left.saturating_sub(cost(&event));
            survey.event(event, &mut links, options);
            if left == 0 || survey.ours.is_some() && survey.magic.is_some() {
                break;
            }
        }
        Ok(survey)
    }

    fn event(&mut self, event: CaptureEvent, links: &mut BTreeMap<ConnId, Link>, options: ImportOptions) {
        let mut framed = Vec::new();
        let (conn, direction) = match event {
            CaptureEvent::Opened { conn, from, to, adopted, .. } => {
                let ends = Ends::of(&from, &to, adopted, options.us);
                let ours = if ends.from_is_us { Direction::Forward } else { Direction::Backward };
                links.insert(conn, Link { ours, framing: Framing::new(adopted, None) });
                return;
            }
            CaptureEvent::Bytes { conn, direction, time, bytes } => {
                let Some(link) = links.get_mut(&conn) else { return };
                link.framing.bytes(direction, time, &bytes, &mut framed);
                self.magic = self.magic.or(link.framing.magic());
                (conn, direction)
            }
            CaptureEvent::Lost { conn, direction, time, bytes } => {
                let Some(link) = links.get_mut(&conn) else { return };
                return link.framing.lost(direction, time, bytes, &mut framed);
            }
            CaptureEvent::Message { conn, direction, command, payload, .. } => {
                if links.get(&conn).is_some_and(|link| link.ours == direction)
                    && command == Command::VERSION.to_wire()
                {
                    self.version(&payload);
                }
                self.magic = self.magic.or_else(|| network_of(command, &payload));
                return;
            }
            CaptureEvent::Closed { conn, .. } => {
                links.remove(&conn);
                return;
            }
        };
        if links.get(&conn).is_none_or(|link| link.ours != direction) {
            return;
        }
        for framed in framed {
            if let Framed::Message { frame, .. } = &framed
                && framed.header().is_some_and(|header| header.command() == Some(Command::VERSION))
            {
                self.version(&frame[Header::LEN..]);
            }
        }
    }

    fn version(&mut self, payload: &[u8]) {
        if let Ok(Message::Version(version)) = Message::decode(Command::VERSION, payload, sha256d(&[])) {
            self.ours.get_or_insert((version.services, version.user_agent()));
        }
    }
}

fn cost(event: &CaptureEvent) -> u64 {
    let bytes = match event {
        CaptureEvent::Bytes { bytes, .. } => bytes.len(),
        CaptureEvent::Message { payload, .. } => payload.len(),
        _ => 0,
    };
    bytes as u64 + 256
}
