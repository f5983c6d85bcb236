//! `ping` and `pong` (BIP31): a nonce there and back.

use alloc::vec::Vec;

use super::{Command, Error, Reader, encode_frame};
use crate::Magic;

/// The nonce of a `ping`. A payload below eight bytes is an error, as in Bitcoin Core.
pub(super) fn decode_ping(payload: &[u8]) -> Result<u64, Error> {
    Reader::new(payload).u64()
}

/// The nonce of a `pong`, `None` where the payload is below eight bytes: such a pong cancels the
/// ping without being an answer (Bitcoin Core `src/net_processing.cpp` `ProcessPong`).
pub(super) fn decode_pong(payload: &[u8]) -> Option<u64> {
    Reader::new(payload).u64().ok()
}

/// Appends a `ping` with this nonce.
pub fn encode_ping(out: &mut Vec<u8>, magic: Magic, nonce: u64) {
    encode_frame(out, magic, Command::PING, |out| out.extend_from_slice(&nonce.to_le_bytes()));
}

/// Appends the `pong` that answers the `ping` with this nonce.
pub fn encode_pong(out: &mut Vec<u8>, magic: Magic, nonce: u64) {
    encode_frame(out, magic, Command::PONG, |out| out.extend_from_slice(&nonce.to_le_bytes()));
}
