//! Double SHA-256, and the hashes that name things.

use alloc::vec::Vec;
use core::cmp::Ordering;
use core::fmt;
use core::str::FromStr;

use sha2::block_api::compress256;

use super::{Entry, Error, Reader};

/// Bytes that SHA-256 takes at a time.
const BLOCK: usize = 64;

/// The state that SHA-256 starts from (FIPS 180-4 §5.3.3).
const START: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// SHA-256 of the SHA-256 of `bytes`: the checksum of a message, and the name of a transaction.
#[inline]
pub fn sha256d(bytes: &[u8]) -> Hash {
    let mut state = START;
    let (blocks, tail) = bytes.as_chunks::<BLOCK>();
    if !blocks.is_empty() {
        compress256(&mut state, blocks);
    }
    finish(state, tail, bytes.len())
}

/// [`sha256d`] of parts that lie apart, as if they stood one after the other: only what straddles
/// the end of a part is copied.
pub(crate) fn sha256d_parts(parts: &[&[u8]]) -> Hash {
    let mut state = START;
    let mut pending = [0; BLOCK];
    let mut filled = 0;
    let mut len = 0;
    for part in parts {
        len += part.len();
        let (head, rest) = part.split_at(if filled == 0 { 0 } else { part.len().min(BLOCK - filled) });
        pending[filled..filled + head.len()].copy_from_slice(head);
        filled += head.len();
        if filled == BLOCK {
            compress256(&mut state, &[pending]);
            filled = 0;
        }
        if filled == 0 {
            let (blocks, tail) = rest.as_chunks::<BLOCK>();
            if !blocks.is_empty() {
                compress256(&mut state, blocks);
            }
            pending[..tail.len()].copy_from_slice(tail);
            filled = tail.len();
        }
    }
    finish(state, &pending[..filled], len)
}

/// Pads the last bytes of `len` in all (FIPS 180-4 §5.1.1), and hashes the result once more.
#[inline]
fn finish(mut state: [u32; 8], tail: &[u8], len: usize) -> Hash {
    let mut last = [[0; BLOCK]; 2];
    let flat = last.as_flattened_mut();
    flat[..tail.len()].copy_from_slice(tail);
    flat[tail.len()] = 0x80;
    // One marker byte and eight of length must fit after the tail.
    let used = if tail.len() + 9 <= BLOCK { 1 } else { 2 };
    last[used - 1][BLOCK - 8..].copy_from_slice(&(8 * len as u64).to_be_bytes());
    compress256(&mut state, &last[..used]);

    let mut block = [0; BLOCK];
    put_state(&mut block, &state);
    block[32] = 0x80;
    block[BLOCK - 8..].copy_from_slice(&256_u64.to_be_bytes());
    let mut state = START;
    compress256(&mut state, &[block]);
    let mut hash = [0; 32];
    put_state(&mut hash, &state);
    Hash(hash)
}

/// Writes a state to the front of `out`, as SHA-256 gives it.
fn put_state(out: &mut [u8], state: &[u32; 8]) {
    for (bytes, word) in out.as_chunks_mut().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
}

/// Four words that are in the order in which the bytes are: hashes nearly always differ in the first.
#[inline]
fn words(bytes: &[u8; 32]) -> [u64; 4] {
    let mut words = [0; 4];
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks().0) {
        *word = u64::from_be_bytes(*bytes);
    }
    words
}

/// Declares a 32-byte hash with the display order of the field.
macro_rules! hash {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// The bytes are in wire order, the order in which SHA-256 gives them; `Display` shows
        /// them reversed, as Bitcoin programs print them.
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name(pub [u8; 32]);

        /// By the bytes in wire order.
        impl Ord for $name {
            #[inline]
            fn cmp(&self, other: &Self) -> Ordering {
                words(&self.0).cmp(&words(&other.0))
            }
        }

        impl PartialOrd for $name {
            #[inline]
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

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

        /// Reads what `Display` shows: 64 hexadecimal digits, of either case.
        impl FromStr for $name {
            type Err = ParseHashError;

            fn from_str(text: &str) -> Result<Self, ParseHashError> {
                parse(text).map(Self)
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
    /// The hash of a block's header.
    BlockHash
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

/// Why a text is not a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a hash has 64 hexadecimal digits")]
pub struct ParseHashError;

fn parse(text: &str) -> Result<[u8; 32], ParseHashError> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return Err(ParseHashError) };
    let pairs: &[[u8; 2]; 32] = pairs.try_into().map_err(|_| ParseHashError)?;
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().rev().zip(pairs) {
        for digit in pair {
            let digit = char::from(*digit).to_digit(16).ok_or(ParseHashError)?;
            *byte = *byte << 4 | digit as u8;
        }
    }
    Ok(bytes)
}

/// In a list: the 32 bytes.
impl Entry<'_> for Hash {
    const MIN_LEN: usize = 32;

    #[inline]
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Error> {
        reader.array().map(Self)
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }
}

/// In a list: the 32 bytes.
impl Entry<'_> for BlockHash {
    const MIN_LEN: usize = 32;

    #[inline]
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Error> {
        reader.array().map(Self)
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }
}

impl From<BlockHash> for Hash {
    fn from(hash: BlockHash) -> Self {
        Self(hash.0)
    }
}

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
    use sha2::{Digest as _, Sha256};

    #[test]
    fn empty_payload_has_the_known_checksum() {
        assert_eq!(sha256d(&[]).0[..4], [0x5d, 0xf6, 0xe0, 0xe2]);
        assert_eq!(sha256d_parts(&[b"a", b"", b"bc"]), sha256d(b"abc"));
    }

    /// Every length around the ends of blocks, against `sha2`'s own padding, and in all cuts in three.
    #[test]
    fn equals_sha2_at_every_length_and_cut() {
        let bytes: Vec<u8> = (0..200_u8).collect();
        for len in 0..bytes.len() {
            let whole = &bytes[..len];
            let expected: [u8; 32] = Sha256::digest(Sha256::digest(whole)).into();
            assert_eq!(sha256d(whole).0, expected, "{len} bytes");
            for first in 0..=len {
                for second in [first, (first + 4).min(len), (first + 60).min(len), len] {
                    let parts = [&whole[..first], &whole[first..second], &whole[second..]];
                    assert_eq!(sha256d_parts(&parts).0, expected, "{len} bytes cut at {first}, {second}");
                }
            }
        }
    }

    #[test]
    fn hashes_are_shown_reversed() {
        let mut bytes = [0; 32];
        bytes[0] = 0xab;
        let text = Txid(bytes).to_string();
        assert!(text.starts_with("0000") && text.ends_with("00ab"), "{text}");
        assert_eq!((text.parse(), text.to_uppercase().parse()), (Ok(Txid(bytes)), Ok(Txid(bytes))));
        for wrong in ["", "ab", &text[2..], &text.replace('a', "g"), &text.replace('a', "+")] {
            assert_eq!(wrong.parse::<Txid>(), Err(ParseHashError), "{wrong}");
        }
    }
}
