//! The 24 bytes before each v1 message, and writing a whole message.

use alloc::vec::Vec;

use super::{Command, Hash, sha256d};
use crate::Magic;

/// The longest payload that a message may have, in bytes
/// (Bitcoin Core `src/net.h` `MAX_PROTOCOL_MESSAGE_LENGTH`). A header above it ends the connection.
pub const MAX_PAYLOAD: u32 = 4_000_000;

/// The first 24 bytes of a v1 message: magic 4 · command 12 · length u32 · checksum 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The network's bytes.
    pub magic: Magic,
    /// The command's bytes; see [`Header::command`].
    pub command: [u8; 12],
    /// Bytes of payload after the header. Compare with [`MAX_PAYLOAD`] before trusting it.
    pub length: u32,
    /// The first four bytes of the payload's [`sha256d`].
    pub checksum: [u8; 4],
}

impl Header {
    /// The size of an encoded header, in bytes.
    pub const LEN: usize = 24;

    /// Takes the fields apart. Every 24 bytes are a header; whether it makes sense is for the caller.
    #[inline]
    pub fn decode(bytes: &[u8; Self::LEN]) -> Self {
        let [m0, m1, m2, m3, rest @ ..] = *bytes;
        let [command @ .., l0, l1, l2, l3, c0, c1, c2, c3] = rest;
        Self {
            magic: Magic([m0, m1, m2, m3]),
            command,
            length: u32::from_le_bytes([l0, l1, l2, l3]),
            checksum: [c0, c1, c2, c3],
        }
    }

    /// The 24 bytes.
    pub fn encode(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..4].copy_from_slice(&self.magic.0);
        bytes[4..16].copy_from_slice(&self.command);
        bytes[16..20].copy_from_slice(&self.length.to_le_bytes());
        bytes[20..].copy_from_slice(&self.checksum);
        bytes
    }

    /// The command, or `None` where its bytes are malformed: such a message is dropped.
    #[inline]
    pub fn command(&self) -> Option<Command> {
        Command::from_wire(self.command)
    }

    /// Whether `digest`, the payload's [`sha256d`], starts with the checksum.
    #[inline]
    pub fn matches(&self, digest: &Hash) -> bool {
        digest.0[..4] == self.checksum
    }
}

/// Appends one message: the header, and the payload that `payload` appends after it.
///
/// A payload above [`MAX_PAYLOAD`] is a mistake of the caller: nobody takes such a message.
///
/// ```
/// # use satwire_core::{Network, wire::{Command, Header, encode_frame}};
/// let mut out = Vec::new();
/// encode_frame(&mut out, Network::Main.magic(), Command::VERACK, |_| {});
/// assert_eq!(out.len(), Header::LEN);
/// assert_eq!(out[20..], [0x5d, 0xf6, 0xe0, 0xe2]);
/// ```
pub fn encode_frame(out: &mut Vec<u8>, magic: Magic, command: Command, payload: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.resize(start + Header::LEN, 0);
    payload(out);
    let body = &out[start + Header::LEN..];
    debug_assert!(body.len() <= MAX_PAYLOAD as usize, "{command} of {} bytes", body.len());
    let [c0, c1, c2, c3, ..] = sha256d(body).0;
    let header = Header {
        magic,
        command: command.to_wire(),
        length: u32::try_from(body.len()).unwrap_or(u32::MAX),
        checksum: [c0, c1, c2, c3],
    };
    out[start..start + Header::LEN].copy_from_slice(&header.encode());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Network;

    #[test]
    fn header_round_trips() {
        let mut bytes = Vec::new();
        encode_frame(&mut bytes, Network::Simnet.magic(), Command::SENDTXRCNCL, |out| out.push(9));
        let header = Header::decode(bytes[..Header::LEN].try_into().unwrap());
        assert_eq!(header.encode(), bytes[..Header::LEN]);
        assert_eq!(header.magic, Network::Simnet.magic());
        assert_eq!(header.command(), Some(Command::SENDTXRCNCL));
        assert_eq!(header.length, 1);
        assert!(header.matches(&sha256d(&[9])));
        assert!(!header.matches(&sha256d(&[8])));
    }
}
