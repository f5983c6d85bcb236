//! Packets out of a pcap or pcapng file.
//!
//! Both are read here rather than by a crate: `pcap-file` hands out raw ticks and is between two versions,
//! `pcap-parser` keeps whole blocks, however long, and says no offsets. One packet is held at a time, of at most
//! [`MAX_PACKET`] bytes; blocks that say nothing of packets are passed over unread.

use std::io::{self, Read};

use super::error::{Error, ErrorKind};
use super::event::UnixMicros;
use super::pcap::Pcap;
use super::pcapng::Pcapng;
use crate::journal::Origin;

/// The most that was captured of one packet, in bytes: four times what tcpdump and Wireshark capture.
pub const MAX_PACKET: u32 = 1 << 20;

/// One packet of a file.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "the facts that every format of packets has")]
pub struct Packet<'a> {
    /// When it was captured.
    pub time: UnixMicros,
    /// The kind of header that its bytes begin with, as `LINKTYPE_…` numbers.
    pub link_type: u16,
    /// The bytes that were captured of it.
    pub data: &'a [u8],
    /// How long it was on the wire, in bytes; never less than was captured.
    pub original: u32,
}

/// The facts of a packet, its bytes left out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Front {
    pub(super) time: UnixMicros,
    pub(super) link_type: u16,
    pub(super) original: u32,
}

/// Reads packets one by one.
#[derive(Debug)]
pub struct PacketReader<R> {
    source: Source<R>,
    format: Box<Format>,
    /// The bytes of the current packet.
    data: Vec<u8>,
    /// There was an error or the end.
    done: bool,
}

/// The part that comes after the first four bytes of a file.
#[derive(Debug)]
enum Format {
    Pcap(Pcap),
    Pcapng(Pcapng),
}

/// Whether a file that starts like this is a pcap or a pcapng file.
pub fn is_packets(start: [u8; 4]) -> bool {
    Pcap::is(start) || Pcapng::is(start)
}

impl<R: Read> PacketReader<R> {
    /// Reads the start of a file.
    pub fn new(source: R) -> Result<Self, Error> {
        let mut source = Source::new(source);
        let start = source.array::<4>("the start of a capture")?;
        let format = if Pcap::is(start) {
            Format::Pcap(Pcap::new(start, &mut source)?)
        } else if Pcapng::is(start) {
            Format::Pcapng(Pcapng::new(&mut source)?)
        } else {
            return Err(ErrorKind::Unknown(start.into()).at(0));
        };
        Ok(Self { source, format: Box::new(format), data: Vec::new(), done: false })
    }

    /// Reads the next packet; `None` at the end. After an error there is nothing more.
    pub fn next_packet(&mut self) -> Option<Result<Packet<'_>, Error>> {
        if self.done {
            return None;
        }
        let front = match &mut *self.format {
            Format::Pcap(pcap) => pcap.next(&mut self.source, &mut self.data),
            Format::Pcapng(pcapng) => pcapng.next(&mut self.source, &mut self.data),
        };
        self.done = !matches!(front, Ok(Some(_)));
        let Front { time, link_type, original } = match front {
            Ok(front) => front?,
            Err(error) => return Some(Err(error)),
        };
        let data = &self.data[..];
        Some(Ok(Packet { time, link_type, data, original: original.max(data.len() as u32) }))
    }

    /// Which of the two formats it is.
    pub fn origin(&self) -> Origin {
        match *self.format {
            Format::Pcap(_) => Origin::Pcap,
            Format::Pcapng(_) => Origin::Pcapng,
        }
    }

    /// How many bytes of the file were read.
    pub fn offset(&self) -> u64 {
        self.source.offset
    }
}

/// A source that knows how far it was read.
#[derive(Debug)]
pub(super) struct Source<R> {
    inner: R,
    pub(super) offset: u64,
}

impl<R: Read> Source<R> {
    pub(super) const fn new(inner: R) -> Self {
        Self { inner, offset: 0 }
    }

    /// The next `N` bytes.
    pub(super) fn array<const N: usize>(&mut self, within: &'static str) -> Result<[u8; N], Error> {
        let offset = self.offset;
        match self.array_or_end(within)? {
            Some(array) => Ok(array),
            None => Err(ErrorKind::Ends { within, left: 0, needed: N as u64 }.at(offset)),
        }
    }

    /// The next `N` bytes, or `None` if there is not a single one.
    pub(super) fn array_or_end<const N: usize>(
        &mut self,
        within: &'static str,
    ) -> Result<Option<[u8; N]>, Error> {
        let mut array = [0; N];
        let mut filled = 0;
        while filled < N {
            match self.inner.read(&mut array[filled..]) {
                Ok(0) if filled == 0 => return Ok(None),
                Ok(0) => {
                    return Err(
                        ErrorKind::Ends { within, left: filled as u64, needed: N as u64 }.at(self.offset)
                    );
                }
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(ErrorKind::Io(error).at(self.offset + filled as u64)),
            }
        }
        self.offset += N as u64;
        Ok(Some(array))
    }

    /// Replaces `data` with the next `length` bytes. No more is reserved than there is.
    pub(super) fn fill(
        &mut self,
        data: &mut Vec<u8>,
        length: u32,
        within: &'static str,
    ) -> Result<(), Error> {
        data.clear();
        let needed = u64::from(length);
        let read = (&mut self.inner).take(needed).read_to_end(data);
        self.told(read.map(|read| read as u64), needed, within)
    }

    /// Passes over `length` bytes.
    pub(super) fn skip(&mut self, length: u64, within: &'static str) -> Result<(), Error> {
        let read = io::copy(&mut (&mut self.inner).take(length), &mut io::sink());
        self.told(read, length, within)
    }

    fn told(&mut self, read: io::Result<u64>, needed: u64, within: &'static str) -> Result<(), Error> {
        let offset = self.offset;
        let left = read.map_err(|error| ErrorKind::Io(error).at(offset))?;
        self.offset += left;
        if left < needed { Err(ErrorKind::Ends { within, left, needed }.at(offset)) } else { Ok(()) }
    }
}

/// Numbers as the machine wrote them that made the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    pub(super) fn u16(self, bytes: &[u8], at: usize) -> u16 {
        let bytes = array(bytes, at);
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }

    pub(super) fn u32(self, bytes: &[u8], at: usize) -> u32 {
        let bytes = array(bytes, at);
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }

    pub(super) fn i64(self, bytes: &[u8], at: usize) -> i64 {
        let bytes = array(bytes, at);
        match self {
            Self::Little => i64::from_le_bytes(bytes),
            Self::Big => i64::from_be_bytes(bytes),
        }
    }
}

/// `N` bytes from `at` on; zeros where there are not so many, which callers have seen to.
fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes.get(at..).and_then(<[u8]>::first_chunk).copied().unwrap_or([0; N])
}
