//! `feature` and `sendtxrcncl`: what else a peer can do, said before `verack`.

use alloc::vec::Vec;

use super::codec::put_var_bytes;
use super::{Error, Reader};

/// The shortest id of a feature, in bytes (BIP434).
pub const MIN_FEATURE_ID: u64 = 4;

/// The longest id of a feature, in bytes (BIP434).
pub const MAX_FEATURE_ID: u64 = 80;

/// The longest data of a feature, in bytes (BIP434).
pub const MAX_FEATURE_DATA: u64 = 512;

/// `feature` (BIP434): id · data, and nothing after them.
///
/// The only message of which a malformed one ends the connection at once (Bitcoin Core
/// `src/net_processing.cpp`), and the only one after which no bytes are tolerated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feature<'a> {
    /// Its name, 4 to 80 bytes; by convention ASCII, but any bytes are accepted.
    pub id: &'a [u8],
    /// The data that comes with it, at most 512 bytes.
    pub data: &'a [u8],
}

impl<'a> Feature<'a> {
    pub(super) fn decode(payload: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(payload);
        let len = reader.compact_size()?;
        if !(MIN_FEATURE_ID..=MAX_FEATURE_ID).contains(&len) {
            return Err(Error::FeatureIdLength(len));
        }
        let feature = Self { id: reader.bytes(len)?, data: reader.limited_bytes(MAX_FEATURE_DATA)? };
        match reader.left().len() {
            0 => Ok(feature),
            left => Err(Error::TrailingBytes(left)),
        }
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        put_var_bytes(out, self.id);
        put_var_bytes(out, self.data);
    }
}

/// `sendtxrcncl` (BIP330): u32 version · u64 salt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendReconciliation {
    /// The version of reconciliation; 1 is the first.
    pub version: u32,
    /// The sender's half of the salt of short ids.
    pub salt: u64,
}

impl SendReconciliation {
    pub(super) fn decode(payload: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(payload);
        Ok(Self { version: reader.u32()?, salt: reader.u64()? })
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.version.to_le_bytes());
        out.extend_from_slice(&self.salt.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn feature(id: usize, data: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        Feature { id: &vec![0xff; id], data: &vec![7; data] }.encode(&mut bytes);
        bytes
    }

    /// H13, as in Bitcoin Core's `test/functional/p2p_bip434_feature.py`.
    #[test]
    fn h13_feature_is_strict() {
        for (id, data) in [(4, 0), (80, 0), (4, 512), (80, 512)] {
            let bytes = feature(id, data);
            let decoded = Feature::decode(&bytes).unwrap();
            assert_eq!((decoded.id.len(), decoded.data.len()), (id, data));
        }
        for id in [0, 3, 81] {
            assert_eq!(Feature::decode(&feature(id, 1)), Err(Error::FeatureIdLength(id as u64)));
        }
        assert_eq!(Feature::decode(&feature(4, 513)), Err(Error::TooLong { length: 513, limit: 512 }));
        let mut bytes = feature(10, 10);
        bytes.push(0);
        assert_eq!(Feature::decode(&bytes), Err(Error::TrailingBytes(1)));
        for len in 0..bytes.len() - 1 {
            assert!(matches!(Feature::decode(&bytes[..len]), Err(Error::Truncated { .. })), "{len}");
        }
    }
}
