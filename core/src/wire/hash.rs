//! Double SHA-256, and the hashes that name things.

use core::fmt;

use sha2::{Digest as _, Sha256};

/// SHA-256 of the SHA-256 of `bytes`: the checksum of a message, and the name of a transaction.
pub fn sha256d(bytes: &[u8]) -> Hash {
    Hash(Sha256::digest(Sha256::digest(bytes)).into())
}

/// [`sha256d`] of parts that lie apart, as if they stood one behind the other.
pub(crate) fn sha256d_parts(parts: &[&[u8]]) -> Hash {
    let mut inner = Sha256::new();
    for part in parts {
        inner.update(part);
    }
    Hash(Sha256::digest(inner.finalize()).into())
}

/// Declares a 32-byte hash with the display order of the field.
macro_rules! hash {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// The bytes are in wire order, the order in which SHA-256 gives them; `Display` shows
        /// them reversed, as Bitcoin programs print them.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 32]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut text = [0; 64];
                for (pair, byte) in text.chunks_exact_mut(2).zip(self.0.iter().rev()) {
                    pair[0] = HEX[usize::from(byte >> 4)];
                    pair[1] = HEX[usize::from(byte & 15)];
                }
                f.pad(core::str::from_utf8(&text).unwrap_or_default())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    };
}

hash! {
    /// A double SHA-256 of anything: a checksum's digest, an entry of an inventory.
    Hash
}

hash! {
    /// The hash of a transaction without its witnesses.
    Txid
}

hash! {
    /// The hash of a transaction with its witnesses; equal to the txid where there are none (BIP141).
    Wtxid
}

const HEX: &[u8; 16] = b"0123456789abcdef";

impl From<Txid> for Hash {
    fn from(txid: Txid) -> Self {
        Self(txid.0)
    }
}

impl From<Wtxid> for Hash {
    fn from(wtxid: Wtxid) -> Self {
        Self(wtxid.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString as _;

    #[test]
    fn empty_payload_has_the_known_checksum() {
        assert_eq!(sha256d(&[]).0[..4], [0x5d, 0xf6, 0xe0, 0xe2]);
        assert_eq!(sha256d_parts(&[b"a", b"", b"bc"]), sha256d(b"abc"));
    }

    #[test]
    fn hashes_are_shown_reversed() {
        let mut bytes = [0; 32];
        bytes[0] = 0xab;
        let text = Txid(bytes).to_string();
        assert!(text.starts_with("0000") && text.ends_with("00ab"), "{text}");
    }
}
