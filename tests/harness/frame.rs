//! Frames, well-formed and otherwise.

use bitcoin::consensus::serialize;
use bitcoin::hashes::{Hash as _, sha256d};
use bitcoin::p2p::message::{NetworkMessage, RawNetworkMessage};
use satwire_core::Network;

/// The network of all tests.
pub const NETWORK: Network = Network::Regtest;

/// Its first four bytes, as the `bitcoin` crate knows them.
pub const MAGIC: bitcoin::p2p::Magic = bitcoin::p2p::Magic::REGTEST;

/// A well-formed message, encoded by the `bitcoin` crate.
pub fn message(message: NetworkMessage) -> Vec<u8> {
    serialize(&RawNetworkMessage::new(MAGIC, message))
}

/// A frame whose every field can be wrong.
#[derive(Clone, Debug)]
pub struct Frame {
    magic: [u8; 4],
    command: [u8; 12],
    length: Option<u32>,
    checksum: Option<[u8; 4]>,
    payload: Vec<u8>,
}

impl Frame {
    /// A correct frame of this command, which has at most twelve bytes.
    pub fn new(command: &str, payload: impl Into<Vec<u8>>) -> Self {
        let mut bytes = [0; 12];
        bytes[..command.len()].copy_from_slice(command.as_bytes());
        Self {
            magic: MAGIC.to_bytes(),
            command: bytes,
            length: None,
            checksum: None,
            payload: payload.into(),
        }
    }

    /// With another network's bytes.
    #[must_use]
    pub fn magic(mut self, magic: [u8; 4]) -> Self {
        self.magic = magic;
        self
    }

    /// With these twelve bytes for a command.
    #[must_use]
    pub fn command(mut self, command: [u8; 12]) -> Self {
        self.command = command;
        self
    }

    /// With a header that claims this length.
    #[must_use]
    pub fn length(mut self, length: u32) -> Self {
        self.length = Some(length);
        self
    }

    /// With a checksum that does not match.
    #[must_use]
    pub fn wrong_checksum(mut self) -> Self {
        self.checksum = Some(self.right_checksum().map(|byte| !byte));
        self
    }

    /// The bytes on the wire.
    pub fn bytes(&self) -> Vec<u8> {
        let length =
            self.length.unwrap_or_else(|| u32::try_from(self.payload.len()).expect("a short payload"));
        let checksum = self.checksum.unwrap_or_else(|| self.right_checksum());
        [&self.magic, &self.command[..], &length.to_le_bytes(), &checksum, &self.payload].concat()
    }

    fn right_checksum(&self) -> [u8; 4] {
        let [a, b, c, d, ..] = sha256d::Hash::hash(&self.payload).to_byte_array();
        [a, b, c, d]
    }
}
