//! The beginning of a journal's later file: what it must know of the files before it.

use std::net::SocketAddr;

use satwire_core::Instant;
use satwire_core::node::ConnId;
use satwire_core::peer::{Direction, Negotiated};
use satwire_core::wire::{Command, Header, Message, sha256d};

use super::codec::{Fields, put_bytes, put_signed, put_socket, put_varint};
use super::input::take_conn;
use super::{DIGEST, ErrorKind};

/// The most connections that a file is begun with. A recorder with more leaves out the youngest.
pub const MAX_CARRIED: usize = 4096;

/// The place of a file in a journal that is kept in several, and the connections that were open when it began.
///
/// With the files before it the file is played as if there were one. Alone it is observed, and these are the facts
/// that its bytes do not tell.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Continuation {
    /// The number of the file; the first, which has no continuation, is 1.
    pub part: u32,
    /// The time of the last step before it.
    pub at: Instant,
    /// The digest of everything that the node said before it.
    pub digest: [u8; DIGEST],
    /// The connections that were open, at most [`MAX_CARRIED`], by ascending name.
    pub connections: Vec<Carried>,
}

/// A connection that was open when a file began.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Carried {
    /// Its name.
    pub conn: ConnId,
    /// The other side's address.
    pub addr: SocketAddr,
    /// The side that made it.
    pub direction: Direction,
    /// The outcome of its handshake, if that was done.
    pub negotiated: Option<Box<Negotiated>>,
    /// The part that had come of the header of a message, less than a header.
    pub header: Vec<u8>,
    /// The bytes that were to come of the payload of a message whose beginning is in the file before.
    pub payload: u32,
}

const INBOUND: u8 = 1;
const READY: u8 = 2;

const WTXIDRELAY: u8 = 1;
const ADDRV2: u8 = 2;

impl Continuation {
    /// Appends part · time · digest · connections.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        put_varint(out, u64::from(self.part));
        put_varint(out, self.at.as_micros());
        out.extend_from_slice(&self.digest);
        for connection in self.connections.iter().take(MAX_CARRIED) {
            connection.encode(out);
        }
    }

    pub(super) fn take(fields: &mut Fields<'_>) -> Result<Self, ErrorKind> {
        let part = fields.u32("number of a file")?;
        if part < 2 {
            let expected = "at least 2".to_owned();
            return Err(ErrorKind::Value { field: "number of a file", found: part.into(), expected });
        }
        let at = Instant::from_micros(fields.varint("time before a file")?);
        let digest = fields.array("digest before a file")?;
        let mut connections: Vec<Carried> = Vec::new();
        while fields.left() > 0 {
            if connections.len() == MAX_CARRIED {
                return Err(ErrorKind::above(
                    "number of open connections",
                    MAX_CARRIED as u64 + 1,
                    MAX_CARRIED as u64,
                ));
            }
            let connection = Carried::take(fields)?;
            if connections.last().is_some_and(|last| last.conn >= connection.conn) {
                return Err(ErrorKind::Malformed("the order of open connections"));
            }
            connections.push(connection);
        }
        Ok(Self { part, at, digest, connections })
    }
}

impl Carried {
    /// Appends conn · flags · address · header so far · payload to come · what was negotiated.
    fn encode(&self, out: &mut Vec<u8>) {
        put_varint(out, self.conn.0);
        let inbound = if self.direction == Direction::Inbound { INBOUND } else { 0 };
        out.push(inbound | if self.negotiated.is_some() { READY } else { 0 });
        put_socket(out, &self.addr);
        put_bytes(out, &self.header);
        put_varint(out, u64::from(self.payload));
        if let Some(negotiated) = &self.negotiated {
            put_negotiated(out, negotiated);
        }
    }

    fn take(fields: &mut Fields<'_>) -> Result<Self, ErrorKind> {
        let conn = take_conn(fields)?;
        let flags = fields.byte("flags of a connection")?;
        if flags > INBOUND | READY {
            return Err(ErrorKind::above("flags of a connection", flags.into(), (INBOUND | READY).into()));
        }
        let addr = fields.socket()?;
        let header = fields.bytes("start of a header")?;
        if header.len() >= Header::LEN {
            let most = Header::LEN as u64 - 1;
            return Err(ErrorKind::above("length of the start of a header", header.len() as u64, most));
        }
        let header = header.to_vec();
        let payload = fields.u32("rest of a payload")?;
        let negotiated = if flags & READY == 0 { None } else { Some(Box::new(take_negotiated(fields)?)) };
        let direction = if flags & INBOUND == 0 { Direction::Outbound } else { Direction::Inbound };
        Ok(Self { conn, addr, direction, negotiated, header, payload })
    }
}

/// Appends the peer's `version` · common version · features · time offset.
pub(super) fn put_negotiated(out: &mut Vec<u8>, negotiated: &Negotiated) {
    // A test compares the fields with the struct's.
    let Negotiated { version, common_version, wtxidrelay, addrv2, time_offset, .. } = negotiated;
    let mut payload = Vec::new();
    Message::Version(version.clone()).encode_payload(&mut payload);
    put_bytes(out, &payload);
    put_signed(out, i64::from(*common_version));
    out.push(if *wtxidrelay { WTXIDRELAY } else { 0 } | if *addrv2 { ADDRV2 } else { 0 });
    put_signed(out, *time_offset);
}

pub(super) fn take_negotiated(fields: &mut Fields<'_>) -> Result<Negotiated, ErrorKind> {
    let payload = fields.bytes("version")?;
    let Ok(Message::Version(version)) = Message::decode(Command::VERSION, payload, sha256d(payload)) else {
        return Err(ErrorKind::Malformed("the version of a peer"));
    };
    let common_version = fields.signed("common version")?;
    let common_version =
        i32::try_from(common_version).map_err(|_| ErrorKind::Malformed("the common version"))?;
    let features = fields.byte("features of a peer")?;
    if features > WTXIDRELAY | ADDRV2 {
        return Err(ErrorKind::above("features of a peer", features.into(), (WTXIDRELAY | ADDRV2).into()));
    }
    let mut negotiated = Negotiated::new(version, common_version);
    negotiated.wtxidrelay = features & WTXIDRELAY != 0;
    negotiated.addrv2 = features & ADDRV2 != 0;
    negotiated.time_offset = fields.signed("time offset")?;
    Ok(negotiated)
}
