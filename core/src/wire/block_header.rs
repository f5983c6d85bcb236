//! `headers`, `getheaders` and `getblocks`: the heads of blocks, and where to look for them.

use alloc::vec::Vec;

use super::{BlockHash, Entry, Error, Hash, List, Reader, put_compact_size, sha256d};

/// Headers that one `headers` may hold; one more ends the connection
/// (Bitcoin Core `src/net_processing.h` `MAX_HEADERS_RESULTS`).
pub const MAX_HEADERS: u64 = 2000;

/// Hashes that a locator may hold; one more ends the connection
/// (Bitcoin Core `src/net_processing.cpp` `MAX_LOCATOR_SZ`).
pub const MAX_LOCATOR: u64 = 101;

/// The head of a block: i32 version · previous block 32 · merkle root 32 · u32 time · u32 bits ·
/// u32 nonce, little-endian, 80 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BlockHeader {
    /// The version, and flags of those who signal by it (BIP9).
    pub version: i32,
    /// The block before this one.
    pub previous: BlockHash,
    /// The root of the tree of transaction ids.
    pub merkle_root: Hash,
    /// When it was made, in Unix seconds, by the miner's word.
    pub time: u32,
    /// The greatest hash that is good enough, in compact form.
    pub bits: u32,
    /// The number that the miner changed until the hash was good enough.
    pub nonce: u32,
}

impl BlockHeader {
    /// The size of an encoded header, in bytes.
    pub const LEN: usize = 80;

    /// Takes the fields apart. Every 80 bytes are a header; whether it has work is for the caller.
    #[inline]
    pub fn decode(bytes: &[u8; Self::LEN]) -> Self {
        Self {
            version: i32::from_le_bytes(at(bytes, 0)),
            previous: BlockHash(at(bytes, 4)),
            merkle_root: Hash(at(bytes, 36)),
            time: u32::from_le_bytes(at(bytes, 68)),
            bits: u32::from_le_bytes(at(bytes, 72)),
            nonce: u32::from_le_bytes(at(bytes, 76)),
        }
    }

    /// The 80 bytes.
    pub fn encode(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..4].copy_from_slice(&self.version.to_le_bytes());
        bytes[4..36].copy_from_slice(&self.previous.0);
        bytes[36..68].copy_from_slice(&self.merkle_root.0);
        bytes[68..72].copy_from_slice(&self.time.to_le_bytes());
        bytes[72..76].copy_from_slice(&self.bits.to_le_bytes());
        bytes[76..].copy_from_slice(&self.nonce.to_le_bytes());
        bytes
    }

    /// The name of the block: the hash of the 80 bytes, computed at each call.
    pub fn hash(&self) -> BlockHash {
        BlockHash(sha256d(&self.encode()).0)
    }

    /// Whether it is no header at all: Bitcoin Core's `src/primitives/block.h` `IsNull`.
    pub const fn is_null(&self) -> bool {
        self.bits == 0
    }

    #[inline]
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        Ok(Self::decode(&reader.array()?))
    }
}

/// `N` bytes from `start` on; both are constants within the header.
#[inline]
fn at<const N: usize>(bytes: &[u8; BlockHeader::LEN], start: usize) -> [u8; N] {
    bytes[start..].first_chunk().copied().unwrap_or([0; N])
}

/// In a `headers` message: the header, and the number of the block's transactions, a CompactSize,
/// whose value nobody looks at (Bitcoin Core `src/net_processing.cpp` `ProcessMessage`): 0 in a list that is
/// built, what was sent in one that was decoded.
impl Entry<'_> for BlockHeader {
    const MIN_LEN: usize = Self::LEN + 1;

    #[inline]
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let header = Self::read(reader)?;
        reader.compact_size()?;
        Ok(header)
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&Self::encode(self));
        put_compact_size(out, 0);
    }
}

/// `getheaders` and `getblocks`: u32 version · locator · stop 32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Locator<'a> {
    /// A protocol version that nobody looks at.
    pub version: u32,
    /// Blocks that the sender has, the last first: the answer starts after the first of them that
    /// the receiver knows. At most [`MAX_LOCATOR`].
    pub hashes: List<'a, BlockHash>,
    /// Where the answer is to end; zero for as far as it goes.
    pub stop: BlockHash,
}

impl<'a> Locator<'a> {
    pub(super) fn decode(payload: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(payload);
        Ok(Self {
            version: reader.u32()?,
            hashes: List::decode(&mut reader, MAX_LOCATOR)?,
            stop: BlockHash(reader.array()?),
        })
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.version.to_le_bytes());
        self.hashes.encode(out);
        out.extend_from_slice(&self.stop.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString as _;

    /// The genesis block of the main network (Bitcoin Core `src/kernel/chainparams.cpp`).
    #[test]
    fn genesis_has_its_hash() {
        let mut merkle_root = [0; 32];
        for (byte, pair) in merkle_root
            .iter_mut()
            .rev()
            .zip(b"4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b".chunks_exact(2))
        {
            *byte = u8::from_str_radix(core::str::from_utf8(pair).unwrap(), 16).unwrap();
        }
        let genesis = BlockHeader {
            version: 1,
            previous: BlockHash([0; 32]),
            merkle_root: Hash(merkle_root),
            time: 1_231_006_505,
            bits: 0x1d00_ffff,
            nonce: 2_083_236_893,
        };
        assert_eq!(
            genesis.hash().to_string(),
            "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"
        );
        assert_eq!(BlockHeader::decode(&genesis.encode()), genesis);
        assert!(!genesis.is_null() && BlockHeader { bits: 0, ..genesis }.is_null());
    }
}
