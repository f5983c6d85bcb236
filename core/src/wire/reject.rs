//! `reject`: what the sender does not like (BIP61).
//!
//! Bitcoin Core sends none since 0.20; btcd sends one before it disconnects.

use alloc::vec::Vec;

use super::codec::put_var_bytes;
use super::{Error, Hash, Reader};

/// `reject`: command · u8 code · reason · hash 32, the last only about a block or a transaction.
///
/// The texts have no limit but the payload's: Bitcoin Core used to refuse more than 12 and 111 bytes,
/// btcd sends reasons of any length. Strip them of control characters before they are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reject<'a> {
    /// The command of the message that is refused.
    pub command: &'a [u8],
    /// The kind of reason: 0x01 malformed, 0x10 invalid, 0x11 obsolete, 0x12 duplicate, 0x40 nonstandard,
    /// 0x41 dust, 0x42 fee too low, 0x43 checkpoint.
    pub code: u8,
    /// The reason in words.
    pub reason: &'a [u8],
    /// The block or transaction that is refused, where 32 bytes are there.
    pub hash: Option<Hash>,
}

impl<'a> Reject<'a> {
    pub(super) fn decode(payload: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(payload);
        Ok(Self {
            command: reader.var_bytes()?,
            code: reader.u8()?,
            reason: reader.var_bytes()?,
            hash: reader.array().ok().map(Hash),
        })
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        put_var_bytes(out, self.command);
        out.push(self.code);
        put_var_bytes(out, self.reason);
        if let Some(hash) = self.hash {
            out.extend_from_slice(&hash.0);
        }
    }
}
