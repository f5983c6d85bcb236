//! The pcap format: what tcpdump writes.
//!
//! ```text
//! file    magic u32 · major u16 · minor u16 · zone i32 · accuracy u32 · longest u32 · link type u32 · records
//! record  seconds u32 · fraction u32 · captured u32 · original u32 · the packet
//! ```
//!
//! Source: draft-ietf-opsawg-pcap.

use std::io::Read;

use super::error::{Error, ErrorKind};
use super::packets::{Front, MAX_PACKET, Order, Source};

const MICROS: u32 = 0xa1b2_c3d4;
const NANOS: u32 = 0xa1b2_3c4d;

/// How the records of a file are written.
#[derive(Debug)]
pub(super) struct Pcap {
    order: Order,
    nanos: bool,
    link_type: u16,
}

impl Pcap {
    pub(super) fn is(start: [u8; 4]) -> bool {
        kind(start).is_some()
    }

    /// Reads what comes before the records; `start` was read already.
    pub(super) fn new<R: Read>(start: [u8; 4], source: &mut Source<R>) -> Result<Self, Error> {
        let (order, nanos) = kind(start).ok_or_else(|| ErrorKind::Unknown(start.into()).at(0))?;
        let rest = source.array::<20>("the header of a pcap file")?;
        let major = order.u16(&rest, 0);
        if major != 2 {
            return Err(ErrorKind::value("the version of a pcap file", major, "2").at(4));
        }
        // The upper half says how long a checksum after each frame is.
        let link_type = order.u32(&rest, 16) as u16;
        Ok(Self { order, nanos, link_type })
    }

    pub(super) fn next<R: Read>(
        &self,
        source: &mut Source<R>,
        data: &mut Vec<u8>,
    ) -> Result<Option<Front>, Error> {
        let offset = source.offset;
        let Some(record) = source.array_or_end::<16>("the header of a packet")? else { return Ok(None) };
        let [seconds, fraction, captured, original] = [0, 4, 8, 12].map(|at| self.order.u32(&record, at));
        if captured > MAX_PACKET {
            let most = format!("at most {MAX_PACKET}");
            return Err(ErrorKind::value("the captured length of a packet", captured, most).at(offset));
        }
        source.fill(data, captured, "a packet")?;
        let micros = if self.nanos { fraction / 1000 } else { fraction };
        let time = u64::from(seconds) * 1_000_000 + u64::from(micros);
        Ok(Some(Front { time, link_type: self.link_type, original }))
    }
}

/// The order of bytes, and whether times are in nanoseconds.
fn kind(start: [u8; 4]) -> Option<(Order, bool)> {
    [Order::Little, Order::Big].into_iter().find_map(|order| match order.u32(&start, 0) {
        MICROS => Some((order, false)),
        NANOS => Some((order, true)),
        _ => None,
    })
}
