//! One direction of a connection, cut into messages by somebody who only looks on.

use satwire_core::Magic;
use satwire_core::wire::{Header, MAX_PAYLOAD};

/// Cuts the bytes of one direction of a connection into messages of the v1 transport, however they were read. It judges
/// nothing but the magic and the length: whoever looks on sees what the node passes over, too.
///
/// It holds the message that has not come whole: its header, and of its payload no more than it was told to keep.
///
/// ```
/// use satwire_capture::{Piece, Cutter};
/// use satwire_core::{Network, wire};
///
/// let mut stream = Vec::new();
/// wire::encode_ping(&mut stream, Network::Main.magic(), 7);
/// let mut cutter = Cutter::new(Network::Main.magic(), 1024);
/// let mut whole = Vec::new();
/// for mut read in stream.chunks(10) {
///     while let Some(piece) = cutter.next(&mut read) {
///         if let Piece::Whole(message) = piece {
///             whole.push(message.to_vec());
///         }
///     }
/// }
/// assert_eq!(whole, [stream]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cutter {
    magic: Magic,
    keep: usize,
    /// The header, and what is kept of the payload.
    message: Vec<u8>,
    stage: Stage,
    /// Bytes of the stream that were taken.
    taken: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Header,
    /// So many bytes of the payload are still to come.
    Payload(u32),
    /// So many bytes are still to come of a message that nobody saw begin.
    Rest(u32),
    /// The message was handed out.
    Done,
    /// No messages any more, from this byte of the stream on.
    Broken(u64),
}

/// A finding of [`Cutter::next`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Piece<'a> {
    /// A header came, and a payload of its length is to follow.
    Begun(Header),
    /// A message came to its end: these are its header and the part of its payload that was to be kept.
    Whole(&'a [u8]),
}

/// Room that is kept from one message to the next.
const ROOM: usize = 4096;

impl Cutter {
    /// Starts at the first byte of a stream of this network. Of each payload the first `keep` bytes are kept.
    pub const fn new(magic: Magic, keep: usize) -> Self {
        Self { magic, keep, message: Vec::new(), stage: Stage::Header, taken: 0 }
    }

    /// Takes bytes of the stream up to the next finding, and moves `bytes` after them. `None` if they are used up.
    ///
    /// After a header with another magic or a length above [`MAX_PAYLOAD`] there are no findings.
    pub fn next(&mut self, bytes: &mut &[u8]) -> Option<Piece<'_>> {
        if self.stage == Stage::Done {
            self.stage = Stage::Header;
            self.message.clear();
            self.message.shrink_to(ROOM);
        }
        if let Stage::Rest(left) = self.stage {
            let left = left - self.take(bytes, left as usize).len() as u32;
            self.stage = if left > 0 { Stage::Rest(left) } else { Stage::Header };
        }
        match self.stage {
            Stage::Header => {
                let start = self.taken - self.message.len() as u64;
                let missing = Header::LEN - self.message.len();
                let taken = self.take(bytes, missing);
                self.message.extend_from_slice(taken);
                let header = self.message.first_chunk().map(Header::decode)?;
                if header.magic != self.magic || header.length > MAX_PAYLOAD {
                    self.stage = Stage::Broken(start);
                    self.message = Vec::new();
                    self.take(bytes, usize::MAX);
                    return None;
                }
                self.stage = Stage::Payload(header.length);
                Some(Piece::Begun(header))
            }
            Stage::Payload(left) => {
                let taken = self.take(bytes, left as usize);
                let room = (Header::LEN + self.keep).saturating_sub(self.message.len());
                self.message.extend_from_slice(&taken[..taken.len().min(room)]);
                let left = left - taken.len() as u32;
                if left > 0 {
                    self.stage = Stage::Payload(left);
                    return None;
                }
                self.stage = Stage::Done;
                Some(Piece::Whole(&self.message))
            }
            Stage::Rest(_) | Stage::Done | Stage::Broken(_) => {
                self.take(bytes, usize::MAX);
                None
            }
        }
    }

    /// Goes on with a stream of which the beginning was seen elsewhere: what had come of a header, and how many bytes are
    /// to come of a payload, as [`Cutter::unfinished`] says.
    pub fn resumed(magic: Magic, keep: usize, header: &[u8], payload: u32) -> Self {
        let header = &header[..header.len().min(Header::LEN)];
        let stage = if payload == 0 { Stage::Header } else { Stage::Rest(payload) };
        let message = if payload == 0 { header.to_vec() } else { Vec::new() };
        Self { stage, taken: message.len() as u64, message, ..Self::new(magic, keep) }
    }

    /// Returns what has come of a header that is not whole, and how many bytes are to come of a payload.
    pub fn unfinished(&self) -> (&[u8], u32) {
        match self.stage {
            Stage::Header => (&self.message, 0),
            Stage::Payload(left) | Stage::Rest(left) => (&[], left),
            Stage::Done | Stage::Broken(_) => (&[], 0),
        }
    }

    /// Bytes of the stream that were taken.
    pub const fn taken(&self) -> u64 {
        self.taken
    }

    /// The byte of the stream from which on it has no messages, if there is one.
    pub const fn broken_at(&self) -> Option<u64> {
        match self.stage {
            Stage::Broken(at) => Some(at),
            _ => None,
        }
    }

    fn take<'a>(&mut self, bytes: &mut &'a [u8], most: usize) -> &'a [u8] {
        let (taken, rest) = bytes.split_at(most.min(bytes.len()));
        *bytes = rest;
        self.taken += taken.len() as u64;
        taken
    }
}

#[cfg(test)]
mod tests {
    use satwire_core::Network;
    use satwire_core::wire::{Command, encode_frame};

    use super::*;

    fn stream() -> Vec<u8> {
        let mut stream = Vec::new();
        for len in [0, 8, 3000, 1] {
            let payload = vec![len as u8; len];
            let command = Command::new("any");
            encode_frame(&mut stream, Network::Main.magic(), command, |out| out.extend_from_slice(&payload));
        }
        stream
    }

    /// Returns what is found in reads of this size: the lengths of the headers, and the messages.
    fn found(cutter: &mut Cutter, stream: &[u8], size: usize) -> (Vec<u32>, Vec<Vec<u8>>) {
        let (mut begun, mut whole) = (Vec::new(), Vec::new());
        for mut read in stream.chunks(size) {
            while let Some(piece) = cutter.next(&mut read) {
                match piece {
                    Piece::Begun(header) => begun.push(header.length),
                    Piece::Whole(message) => whole.push(message.to_vec()),
                }
            }
            assert!(read.is_empty());
        }
        assert_eq!(cutter.taken(), stream.len() as u64);
        (begun, whole)
    }

    #[test]
    fn cuts_do_not_matter_and_no_more_is_kept_than_was_wanted() {
        let stream = stream();
        for size in [1, 7, 23, 24, 25, 100, stream.len()] {
            let mut cutter = Cutter::new(Network::Main.magic(), 100);
            let (begun, whole) = found(&mut cutter, &stream, size);
            assert_eq!(begun, [0, 8, 3000, 1]);
            assert_eq!(whole.iter().map(Vec::len).collect::<Vec<_>>(), [24, 32, 124, 25], "{size}");
            assert!(cutter.message.capacity() <= ROOM);
            let mut cutter = Cutter::new(Network::Main.magic(), 4000);
            assert_eq!(found(&mut cutter, &stream, size).1.concat(), stream);
        }
    }

    #[test]
    fn another_network_or_a_length_that_cannot_be_ends_it() {
        let good = stream();
        let mut long = good[..24].to_vec();
        long[16..20].copy_from_slice(&(MAX_PAYLOAD + 1).to_le_bytes());
        for bad in [&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], &long] {
            for size in [1, 5, 1000] {
                let mut cutter = Cutter::new(Network::Main.magic(), 4000);
                let (_, whole) = found(&mut cutter, &[&good, bad, &good].concat(), size);
                assert_eq!((whole.len(), cutter.broken_at()), (4, Some(good.len() as u64)));
            }
        }
    }
}
