//! `block`, `merkleblock` and `blocktxn`: a block, whole or in part.

use alloc::vec::Vec;

use super::codec::{MAX_SIZE, put_var_bytes};
use super::{BlockHash, BlockHeader, Error, Hash, List, Reader, TxView};

/// `block`: header 80 · count · transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block<'a> {
    /// Its header.
    pub header: BlockHeader,
    /// Its transactions. Their ids are computed when they are asked for.
    pub transactions: List<'a, TxView<'a>>,
}

impl<'a> Block<'a> {
    /// Decodes a block from the start of `payload`; what stands after it is ignored. No hash is
    /// looked at: whether header and transactions belong together is for the caller.
    pub fn decode(payload: &'a [u8]) -> Result<Self, Error> {
        Self::decode_each(payload, |_| {})
    }

    /// As [`Block::decode`], and hands out the transactions on the way: one walk instead of two, for
    /// who wants each of them once. After an error those that were handed out are void.
    #[inline]
    pub fn decode_each(payload: &'a [u8], visit: impl FnMut(TxView<'a>)) -> Result<Self, Error> {
        let mut reader = Reader::new(payload);
        Ok(Self {
            header: BlockHeader::read(&mut reader)?,
            transactions: List::decode_each(&mut reader, MAX_SIZE, visit)?,
        })
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.header.encode());
        self.transactions.encode(out);
    }
}

/// `merkleblock` (BIP37): header 80 · u32 number of transactions · hashes · flags.
///
/// A tree of which some branches are left out; whether it hangs together is for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MerkleBlock<'a> {
    /// The block's header.
    pub header: BlockHeader,
    /// How many transactions the block has.
    pub transaction_count: u32,
    /// Nodes of the tree, depth first.
    pub hashes: List<'a, Hash>,
    /// One bit a node, the lowest of each byte first: whether it leads to a transaction that matched.
    pub flags: &'a [u8],
}

impl<'a> MerkleBlock<'a> {
    pub(super) fn decode(payload: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(payload);
        Ok(Self {
            header: BlockHeader::read(&mut reader)?,
            transaction_count: reader.u32()?,
            hashes: List::decode(&mut reader, MAX_SIZE)?,
            flags: reader.var_bytes()?,
        })
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.header.encode());
        out.extend_from_slice(&self.transaction_count.to_le_bytes());
        self.hashes.encode(out);
        put_var_bytes(out, self.flags);
    }
}

/// `blocktxn` (BIP152): block 32 · count · transactions. The answer to `getblocktxn`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockTransactions<'a> {
    /// The block.
    pub block: BlockHash,
    /// Those of its transactions that were asked for, in the order in which they were.
    pub transactions: List<'a, TxView<'a>>,
}

impl<'a> BlockTransactions<'a> {
    pub(super) fn decode(payload: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(payload);
        Ok(Self { block: BlockHash(reader.array()?), transactions: List::decode(&mut reader, MAX_SIZE)? })
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.block.0);
        self.transactions.encode(out);
    }
}
