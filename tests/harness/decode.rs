//! Our bytes, read by somebody else.

use bitcoin::consensus::deserialize_partial;
use bitcoin::p2p::message::{NetworkMessage, RawNetworkMessage};

use crate::MAGIC;

/// One message that we sent, as the `bitcoin` crate reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It reads it.
    Message(NetworkMessage),
    /// It does not; the command and the size of the payload are what is left to say.
    Unreadable {
        /// The command, as text.
        command: String,
        /// Bytes of payload.
        bytes: usize,
    },
}

impl Sent {
    /// The name of the message.
    pub fn command(&self) -> String {
        match self {
            Self::Message(message) => message.command().to_string(),
            Self::Unreadable { command, .. } => command.clone(),
        }
    }
}

/// Takes whole frames apart.
///
/// # Panics
/// If they are not whole, are of another network, or have a wrong checksum: we never send such.
pub fn decode_frames(bytes: &[u8]) -> Vec<Sent> {
    decode_frames_of(MAGIC.to_bytes(), bytes)
}

/// As [`decode_frames`], for a network with this magic.
///
/// # Panics
/// As [`decode_frames`].
pub fn decode_frames_of(magic: [u8; 4], mut bytes: &[u8]) -> Vec<Sent> {
    let mut sent = Vec::new();
    while !bytes.is_empty() {
        let header = bytes.first_chunk::<24>().expect("we sent less than a header");
        assert_eq!(header[..4], magic, "we sent a frame of another network");
        let length = u32::from_le_bytes([header[16], header[17], header[18], header[19]]) as usize;
        let (frame, rest) = bytes.split_at_checked(24 + length).expect("we sent part of a frame");
        bytes = rest;
        sent.push(match deserialize_partial::<RawNetworkMessage>(frame) {
            Ok((message, used)) => {
                assert_eq!(used, frame.len(), "bytes after our {}", message.command());
                Sent::Message(message.into_payload())
            }
            Err(bitcoin::consensus::encode::Error::InvalidChecksum { .. }) => {
                panic!("we sent a wrong checksum")
            }
            Err(_) => {
                let command = String::from_utf8_lossy(&header[4..16]).trim_end_matches('\0').to_owned();
                Sent::Unreadable { command, bytes: length }
            }
        });
    }
    sent
}
