//! The content of another program's capture: the records of an import.
//!
//! A journal of our own holds inputs, and what was said to them comes out of a replay. A capture of others holds both
//! directions, and nothing says what made its node speak. So its journal holds what was observed, and it is read by a
//! [`convert::Observer`](crate::convert::Observer), never by a node.

use std::fmt;
use std::net::SocketAddr;

use satwire_core::Instant;
use satwire_core::node::{Address, ConnId};
use satwire_core::peer::{Direction, Negotiated};

use super::ErrorKind;
use super::codec::{Fields, put_address, put_socket, put_varint};
use super::continuation::{put_negotiated, take_negotiated};
use super::input::{Unsupported, take_conn};

/// The kind of file that an import was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Origin {
    /// A pcap file.
    Pcap,
    /// A pcapng file.
    Pcapng,
    /// Bitcoin Core's message files. They hold messages without headers; the import gives them some.
    CoreDat,
}

impl Origin {
    /// All of them; the place of each, from 1 on, is its number in a journal.
    const ALL: [Self; 3] = [Self::Pcap, Self::Pcapng, Self::CoreDat];

    /// Returns a stable word for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pcap => "pcap",
            Self::Pcapng => "pcapng",
            Self::CoreDat => "dat",
        }
    }

    pub(super) fn number(self) -> u64 {
        Self::ALL.iter().position(|other| *other == self).map_or(0, |place| place as u64 + 1)
    }

    pub(super) fn take(fields: &mut Fields<'_>) -> Result<Self, ErrorKind> {
        let number = fields.varint("origin")?;
        let place = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        place.and_then(|place| Self::ALL.get(place)).copied().ok_or(fields.unknown("origin", number))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Something that a capture shows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "all of a record")]
pub struct Observation {
    /// When.
    pub at: Instant,
    /// On which connection. They are counted from 1, in the order in which they were opened.
    pub conn: ConnId,
    /// The observation itself.
    pub what: Observed,
}

/// The thing that a capture shows, from the point of view of one end.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Observed {
    /// A connection appears.
    Opened {
        /// The other end.
        peer: Address,
        /// Our end, if the capture names it.
        us: Option<SocketAddr>,
        /// The side that made it.
        direction: Direction,
        /// Its beginning is not in the capture: what comes first may be the middle of a message.
        adopted: bool,
    },
    /// The terms that both ends had agreed on when a connection without its beginning was adopted, if that is known.
    Negotiated(Box<Negotiated>),
    /// Bytes of the stream: at least one.
    Bytes(Way, Vec<u8>),
    /// Bytes that were sent and are not in the capture: how many, if that is known.
    Lost(Way, Option<u64>),
    /// The connection came to its end. Bytes that the other end had sent may still follow.
    Closed(Close),
}

/// Which way something went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a connection has two directions")]
pub enum Way {
    /// From the peer to us.
    Received,
    /// From us to the peer.
    Sent,
}

impl Way {
    /// Both of them.
    pub const BOTH: [Self; 2] = [Self::Received, Self::Sent];

    /// Returns `in` or `out`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Received => "in",
            Self::Sent => "out",
        }
    }
}

/// How a connection came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Close {
    /// The end that sends this way said that it is done.
    Finished(Way),
    /// The end that sends this way broke it off.
    Reset(Way),
    /// Its end is not in the capture: the same addresses opened another one, or it was forgotten for want of room.
    Unseen,
}

impl Close {
    /// All of them; the place of each is its number in a journal.
    const ALL: [Self; 5] = [
        Self::Finished(Way::Received),
        Self::Finished(Way::Sent),
        Self::Reset(Way::Received),
        Self::Reset(Way::Sent),
        Self::Unseen,
    ];
}

const OPENED: u64 = 0;
const RECEIVED: u64 = 1;
const SENT: u64 = 2;
const LOST_RECEIVED: u64 = 3;
const LOST_SENT: u64 = 4;
const CLOSED: u64 = 5;
const NEGOTIATED: u64 = 6;

const INBOUND: u8 = 1;
const ADOPTED: u8 = 2;
const NAMES_US: u8 = 4;

impl Observed {
    /// Its number in a journal.
    pub(super) const fn number(&self) -> u64 {
        match self {
            Self::Opened { .. } => OPENED,
            Self::Bytes(Way::Received, _) => RECEIVED,
            Self::Bytes(Way::Sent, _) => SENT,
            Self::Lost(Way::Received, _) => LOST_RECEIVED,
            Self::Lost(Way::Sent, _) => LOST_SENT,
            Self::Closed(_) => CLOSED,
            Self::Negotiated(_) => NEGOTIATED,
        }
    }

    /// Appends its fields, up to the bytes that were captured.
    pub(super) fn put_fields(&self, out: &mut Vec<u8>) -> Result<(), Unsupported> {
        match self {
            Self::Opened { peer, us, direction, adopted } => {
                let inbound = if *direction == Direction::Inbound { INBOUND } else { 0 };
                let adopted = if *adopted { ADOPTED } else { 0 };
                out.push(inbound | adopted | if us.is_some() { NAMES_US } else { 0 });
                put_address(out, peer)?;
                if let Some(us) = us {
                    put_socket(out, us);
                }
            }
            Self::Negotiated(negotiated) => put_negotiated(out, negotiated),
            Self::Bytes(..) => {}
            Self::Lost(_, bytes) => bytes.iter().for_each(|bytes| put_varint(out, *bytes)),
            Self::Closed(close) => {
                let place = Close::ALL.iter().position(|other| other == close).ok_or(Unsupported)?;
                out.push(place as u8);
            }
        }
        Ok(())
    }

    /// The bytes that were captured.
    pub(super) fn bytes(&self) -> &[u8] {
        if let Self::Bytes(_, bytes) = self { bytes } else { &[] }
    }
}

/// An observation's body: number · time since the record before · connection · fields.
pub(super) fn take_observation(fields: &mut Fields<'_>, last: Instant) -> Result<Observation, ErrorKind> {
    let number = fields.varint("number of an observation")?;
    let delta = fields.at_most("time", u64::MAX - last.as_micros())?;
    let at = Instant::from_micros(last.as_micros() + delta);
    let conn = take_conn(fields)?;
    let what = match number {
        OPENED => {
            let flags = fields.byte("flags of a connection")?;
            if flags > INBOUND | ADOPTED | NAMES_US {
                return Err(ErrorKind::above("flags of a connection", flags.into(), 7));
            }
            let peer = fields.address()?;
            let us = if flags & NAMES_US == 0 { None } else { Some(fields.socket()?) };
            let direction = if flags & INBOUND == 0 { Direction::Outbound } else { Direction::Inbound };
            Observed::Opened { peer, us, direction, adopted: flags & ADOPTED != 0 }
        }
        NEGOTIATED => Observed::Negotiated(Box::new(take_negotiated(fields)?)),
        RECEIVED => Observed::Bytes(Way::Received, fields.rest().into()),
        SENT => Observed::Bytes(Way::Sent, fields.rest().into()),
        LOST_RECEIVED | LOST_SENT => {
            let bytes = if fields.left() == 0 { None } else { Some(fields.varint("number of lost bytes")?) };
            Observed::Lost(if number == LOST_RECEIVED { Way::Received } else { Way::Sent }, bytes)
        }
        CLOSED => {
            let code = fields.byte("end of a connection")?;
            let close = Close::ALL.get(usize::from(code));
            Observed::Closed(*close.ok_or(fields.unknown("end of a connection", u64::from(code)))?)
        }
        other => return Err(fields.unknown("observation", other)),
    };
    fields.end()?;
    Ok(Observation { at, conn, what })
}
