//! The pcapng format: what Wireshark writes.
//!
//! ```text
//! file       sections
//! section    section header · interfaces, packets and other blocks, in any order
//! block      type u32 · length u32 · body, padded to four bytes · length u32
//! ```
//!
//! Each section has its own order of bytes and its own interfaces, each interface its own kind of packets and
//! resolution of time. Source: draft-ietf-opsawg-pcapng.

use std::io::Read;

use super::error::{Error, ErrorKind};
use super::event::UnixMicros;
use super::packets::{Front, MAX_PACKET, Order, Source};

const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const OLD_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;

const IF_TSRESOL: u16 = 9;
const IF_TSOFFSET: u16 = 14;

/// The most interfaces that a section may have.
const MAX_INTERFACES: usize = 1 << 16;

/// The longest block of a section or interface, in bytes: 64 KiB are the longest option.
const MAX_OPTIONS: u32 = 1 << 20;

/// Where in a file one is.
#[derive(Debug)]
pub(super) struct Pcapng {
    order: Order,
    interfaces: Vec<Interface>,
    /// The time of the packet before, for blocks that have none.
    time: UnixMicros,
}

#[derive(Clone, Copy, Debug)]
struct Interface {
    link_type: u16,
    /// 0 for no limit.
    snaplen: u32,
    /// As `if_tsresol`: a power of two if the top bit is set, else of ten.
    resolution: u8,
    /// Seconds that are added.
    offset: i64,
}

impl Pcapng {
    pub(super) fn is(start: [u8; 4]) -> bool {
        start == SECTION.to_le_bytes()
    }

    /// Reads the first section's header; its type was read already.
    pub(super) fn new<R: Read>(source: &mut Source<R>) -> Result<Self, Error> {
        let mut pcapng = Self { order: Order::Little, interfaces: Vec::new(), time: 0 };
        pcapng.section(source)?;
        Ok(pcapng)
    }

    pub(super) fn next<R: Read>(
        &mut self,
        source: &mut Source<R>,
        data: &mut Vec<u8>,
    ) -> Result<Option<Front>, Error> {
        loop {
            let offset = source.offset;
            let Some(kind) = source.array_or_end::<4>("the header of a block")? else { return Ok(None) };
            let kind = self.order.u32(&kind, 0);
            if kind == SECTION {
                self.section(source)?;
                continue;
            }
            let length = source.array::<4>("the header of a block")?;
            let body = Self::body_length(self.order.u32(&length, 0), offset)?;
            let front = match kind {
                INTERFACE => {
                    self.interface(source, body, data, offset)?;
                    None
                }
                ENHANCED_PACKET | OLD_PACKET => Some(self.packet(source, kind, body, data, offset)?),
                SIMPLE_PACKET => Some(self.simple_packet(source, body, data, offset)?),
                _ => {
                    source.skip(u64::from(body), "a block")?;
                    None
                }
            };
            self.end(source, body + 12)?;
            if let Some(front) = front {
                self.time = front.time;
                return Ok(Some(front));
            }
        }
    }

    /// Reads a section's header after its type.
    fn section<R: Read>(&mut self, source: &mut Source<R>) -> Result<(), Error> {
        let offset = source.offset - 4;
        let front = source.array::<20>("the header of a section")?;
        let magic = [Order::Little, Order::Big].map(|order| (order, order.u32(&front, 4)));
        let Some((order, _)) = magic.into_iter().find(|(_, magic)| *magic == 0x1a2b_3c4d) else {
            let found = magic[0].1;
            return Err(ErrorKind::value("the byte order of a section", found, "439041101").at(offset + 8));
        };
        self.order = order;
        self.interfaces.clear();
        let major = order.u16(&front, 8);
        if major != 1 {
            return Err(ErrorKind::value("the version of a pcapng section", major, "1").at(offset + 12));
        }
        let body = Self::body_length(order.u32(&front, 0), offset)?;
        let Some(options) = body.checked_sub(16) else {
            return Err(
                ErrorKind::value("the length of a section header", body + 12, "at least 28").at(offset)
            );
        };
        source.skip(u64::from(options), "the header of a section")?;
        self.end(source, body + 12)
    }

    /// The length of a block's body, of the length that it says.
    fn body_length(length: u32, offset: u64) -> Result<u32, Error> {
        match length.checked_sub(12) {
            Some(body) if body % 4 == 0 => Ok(body),
            _ => {
                let expected = "a multiple of 4, at least 12";
                Err(ErrorKind::value("the length of a block", length, expected).at(offset))
            }
        }
    }

    /// Reads the length at the end of a block.
    fn end<R: Read>(&self, source: &mut Source<R>, length: u32) -> Result<(), Error> {
        let offset = source.offset;
        let again = self.order.u32(&source.array::<4>("the end of a block")?, 0);
        if again == length {
            Ok(())
        } else {
            Err(ErrorKind::value("the length at the end of a block", again, length.to_string()).at(offset))
        }
    }

    fn interface<R: Read>(
        &mut self,
        source: &mut Source<R>,
        body: u32,
        data: &mut Vec<u8>,
        offset: u64,
    ) -> Result<(), Error> {
        if self.interfaces.len() == MAX_INTERFACES {
            let most = format!("at most {MAX_INTERFACES}");
            return Err(
                ErrorKind::value("the number of interfaces", MAX_INTERFACES as u64 + 1, most).at(offset)
            );
        }
        if !(8..=MAX_OPTIONS).contains(&body) {
            let expected = format!("20 to {}", MAX_OPTIONS + 12);
            return Err(
                ErrorKind::value("the length of an interface's block", body + 12, expected).at(offset)
            );
        }
        source.fill(data, body, "the block of an interface")?;
        let (link_type, snaplen) = (self.order.u16(data, 0), self.order.u32(data, 4));
        let mut interface = Interface { link_type, snaplen, resolution: 6, offset: 0 };
        let mut options = &data[8..];
        while options.len() >= 4 {
            let (code, length) = (self.order.u16(options, 0), usize::from(self.order.u16(options, 2)));
            let Some(value) = options.get(4..4 + length) else { break };
            match (code, value) {
                (0, _) => break,
                (IF_TSRESOL, [resolution, ..]) => interface.resolution = *resolution,
                (IF_TSOFFSET, [_, _, _, _, _, _, _, _, ..]) => interface.offset = self.order.i64(value, 0),
                _ => {}
            }
            options = options.get(4 + length.next_multiple_of(4)..).unwrap_or_default();
        }
        self.interfaces.push(interface);
        Ok(())
    }

    /// An enhanced packet, or one of the kind that it replaced: they differ in how they name the interface.
    fn packet<R: Read>(
        &self,
        source: &mut Source<R>,
        kind: u32,
        body: u32,
        data: &mut Vec<u8>,
        offset: u64,
    ) -> Result<Front, Error> {
        let Some(room) = body.checked_sub(20) else {
            return Err(
                ErrorKind::value("the length of a packet's block", body + 12, "at least 32").at(offset)
            );
        };
        let front = source.array::<20>("the header of a packet")?;
        let number = if kind == ENHANCED_PACKET {
            self.order.u32(&front, 0)
        } else {
            u32::from(self.order.u16(&front, 0))
        };
        let interface = self.named(number, offset)?;
        let [high, low, captured, original] = [4, 8, 12, 16].map(|at| self.order.u32(&front, at));
        Self::data(source, captured, room, data, offset)?;
        let time = interface.time(u64::from(high) << 32 | u64::from(low));
        Ok(Front { time, link_type: interface.link_type, original })
    }

    /// A packet without a time: it has that of the one before.
    fn simple_packet<R: Read>(
        &self,
        source: &mut Source<R>,
        body: u32,
        data: &mut Vec<u8>,
        offset: u64,
    ) -> Result<Front, Error> {
        let Some(room) = body.checked_sub(4) else {
            return Err(
                ErrorKind::value("the length of a packet's block", body + 12, "at least 16").at(offset)
            );
        };
        let interface = self.named(0, offset)?;
        let original = self.order.u32(&source.array::<4>("the header of a packet")?, 0);
        let most = if interface.snaplen == 0 { u32::MAX } else { interface.snaplen };
        Self::data(source, original.min(most), room, data, offset)?;
        Ok(Front { time: self.time, link_type: interface.link_type, original })
    }

    fn named(&self, number: u32, offset: u64) -> Result<Interface, Error> {
        self.interfaces.get(number as usize).copied().ok_or_else(|| {
            let known = format!("one of the {} that the section has", self.interfaces.len());
            ErrorKind::value("the interface of a packet", number, known).at(offset)
        })
    }

    /// Reads `captured` bytes of a packet, and passes over what is left of `room`.
    fn data<R: Read>(
        source: &mut Source<R>,
        captured: u32,
        room: u32,
        data: &mut Vec<u8>,
        offset: u64,
    ) -> Result<(), Error> {
        let most = room.min(MAX_PACKET);
        if captured > most {
            let expected = format!("at most {most}");
            return Err(ErrorKind::value("the captured length of a packet", captured, expected).at(offset));
        }
        source.fill(data, captured, "a packet")?;
        source.skip(u64::from(room - captured), "the options of a packet")
    }
}

impl Interface {
    /// When it was, from ticks of this interface. Before 1970 is 0; what is too late is the latest.
    fn time(&self, ticks: u64) -> UnixMicros {
        let ticks = u128::from(ticks) * 1_000_000;
        let exponent = u32::from(self.resolution & 0x7f);
        let micros = if self.resolution & 0x80 == 0 {
            // Of parts below 10^-38 s, 64 bits do not count one microsecond.
            10_u128.checked_pow(exponent).map_or(0, |second| ticks / second)
        } else {
            ticks >> exponent
        };
        let offset = i128::from(self.offset) * 1_000_000;
        let micros = i128::try_from(micros).unwrap_or(i128::MAX).saturating_add(offset);
        u64::try_from(micros.max(0)).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_resolution_and_offset_is_applied() {
        let at = |resolution, offset, ticks| {
            Interface { link_type: 1, snaplen: 0, resolution, offset }.time(ticks)
        };
        assert_eq!(at(6, 0, 1_795_614_895_610_987), 1_795_614_895_610_987);
        assert_eq!(at(9, 0, 1_795_614_895_610_987_654), 1_795_614_895_610_987);
        assert_eq!(at(3, 0, 1_795_614_895_610), 1_795_614_895_610_000);
        assert_eq!(at(0, 0, 1_795_614_895), 1_795_614_895_000_000);
        assert_eq!(at(0x80, 0, 7), 7_000_000);
        assert_eq!(at(0x80 | 0x0a, 0, 1536), 1_500_000);
        assert_eq!(at(0x80 | 127, 0, u64::MAX), 0);
        assert_eq!(at(127, 0, u64::MAX), 0);
        assert_eq!(at(0, 0, u64::MAX), u64::MAX);
        assert_eq!(at(6, 5, 1), 5_000_001);
        assert_eq!(at(6, -5, 6_000_000), 1_000_000);
        assert_eq!(at(6, i64::MIN, 1), 0);
        assert_eq!(at(0, i64::MAX, u64::MAX), u64::MAX);
    }
}
