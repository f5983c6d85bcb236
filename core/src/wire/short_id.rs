//! Short ids: six bytes for a transaction of a `cmpctblock` (BIP152).

use alloc::vec::Vec;

use sha2::{Digest as _, Sha256};
use siphasher::sip::SipHasher24;

use super::{BlockHeader, Entry, Error, Reader, Wtxid};

/// The low six bytes of the SipHash-2-4 of a wtxid, little-endian; [`ShortIdKey`] makes them.
///
/// Two transactions of a block may have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShortId(pub [u8; 6]);

impl Entry<'_> for ShortId {
    const MIN_LEN: usize = 6;

    #[inline]
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Error> {
        reader.array().map(Self)
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }
}

/// The key that makes the short ids of one `cmpctblock` its own: nobody can choose transactions ahead that will be
/// taken for one another.
#[derive(Clone, Copy, Debug)]
pub struct ShortIdKey {
    hasher: SipHasher24,
}

impl ShortIdKey {
    /// The key: the first 16 bytes of the SHA-256 of the header and the nonce (BIP152).
    pub fn new(header: &BlockHeader, nonce: u64) -> Self {
        let digest: [u8; 32] =
            Sha256::new().chain_update(header.encode()).chain_update(nonce.to_le_bytes()).finalize().into();
        let [k0, k1] = [0, 1].map(|word| u64::from_le_bytes(digest.as_chunks().0[word]));
        Self { hasher: SipHasher24::new_with_keys(k0, k1) }
    }

    /// The short id of a transaction. By wtxid, as version 2 of BIP152 has it: no other is in use.
    ///
    /// ```
    /// use satwire_core::wire::{BlockHeader, ShortId, ShortIdKey, Wtxid};
    ///
    /// let key = ShortIdKey::new(&BlockHeader::decode(&[0; 80]), 7);
    /// assert_eq!(key.short_id(Wtxid([1; 32])), ShortId([244, 0, 160, 4, 136, 28]));
    /// ```
    pub fn short_id(&self, wtxid: Wtxid) -> ShortId {
        let [low @ .., _, _] = self.hasher.hash(&wtxid.0).to_le_bytes();
        ShortId(low)
    }
}
