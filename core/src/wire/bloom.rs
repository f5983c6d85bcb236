//! `filterload` and `filteradd`: what a light client wants to hear of (BIP37).
//!
//! Nobody offers that by default any more: who is sent one of these without having offered it ends
//! the connection (BIP111).

use alloc::vec::Vec;

use super::codec::put_var_bytes;
use super::{Error, Reader};

/// The largest filter, in bytes; more ends the connection
/// (Bitcoin Core `src/common/bloom.h` `MAX_BLOOM_FILTER_SIZE`).
pub const MAX_FILTER: u64 = 36_000;

/// The most hash functions of a filter; more end the connection
/// (Bitcoin Core `src/common/bloom.h` `MAX_HASH_FUNCS`).
pub const MAX_HASH_FUNCTIONS: u64 = 50;

/// The largest element that `filteradd` may add, in bytes; more ends the connection
/// (Bitcoin Core `src/script/script.h` `MAX_SCRIPT_ELEMENT_SIZE`).
pub const MAX_FILTER_ELEMENT: u64 = 520;

/// `filterload`: filter · u32 number of hash functions · u32 tweak · u8 flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilterLoad<'a> {
    /// The filter's bits, at most [`MAX_FILTER`] bytes.
    pub filter: &'a [u8],
    /// How many hash functions, at most [`MAX_HASH_FUNCTIONS`].
    pub hash_functions: u32,
    /// The number that makes them differ from those of other filters.
    pub tweak: u32,
    /// How the filter grows by what it matches.
    pub flags: u8,
}

impl<'a> FilterLoad<'a> {
    pub(super) fn decode(payload: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(payload);
        let load = Self {
            filter: reader.limited_bytes(MAX_FILTER)?,
            hash_functions: reader.u32()?,
            tweak: reader.u32()?,
            flags: reader.u8()?,
        };
        let count = u64::from(load.hash_functions);
        if count > MAX_HASH_FUNCTIONS {
            return Err(Error::TooManyEntries { count, limit: MAX_HASH_FUNCTIONS });
        }
        Ok(load)
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        put_var_bytes(out, self.filter);
        out.extend_from_slice(&self.hash_functions.to_le_bytes());
        out.extend_from_slice(&self.tweak.to_le_bytes());
        out.push(self.flags);
    }
}
