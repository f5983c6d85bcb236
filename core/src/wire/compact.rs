//! `sendcmpct`, `cmpctblock` and `getblocktxn`: blocks by short ids (BIP152).

use alloc::vec::Vec;

use super::{
    BlockHash, BlockHeader, Entry, Error, List, MAX_SIZE, Reader, ShortId, ShortIdKey, TxView,
    put_compact_size,
};

/// The most transactions that a `cmpctblock` can name
/// (Bitcoin Core `src/blockencodings.h`: "indexes overflowed 16 bits").
pub const MAX_COMPACT_TRANSACTIONS: u64 = 0xffff;

/// `sendcmpct`: u8 announce · u64 version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendCompact {
    /// 1: announce blocks by `cmpctblock` at once; 0: only on request. More is an offence
    /// (Bitcoin Core `src/net_processing.cpp`), but for the caller to judge.
    pub announce: u8,
    /// The version of short ids; only 2, made of wtxids, is in use.
    pub version: u64,
}

impl SendCompact {
    pub(super) fn decode(payload: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(payload);
        Ok(Self { announce: reader.u8()?, version: reader.u64()? })
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.announce);
        out.extend_from_slice(&self.version.to_le_bytes());
    }
}

/// `cmpctblock`: header 80 · u64 nonce · short ids · prefilled transactions.
///
/// Decoding refuses what Bitcoin Core's `src/blockencodings.h` cannot read, and drops; what it can
/// read and punishes is found by [`CompactBlock::check`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompactBlock<'a> {
    /// The block's header.
    pub header: BlockHeader,
    /// With the header it is the key of the short ids.
    pub nonce: u64,
    /// The transactions that are not here, in the block's order.
    pub short_ids: List<'a, ShortId>,
    /// The transactions that are here, in the block's order.
    pub prefilled: List<'a, Prefilled<'a>>,
}

impl<'a> CompactBlock<'a> {
    pub(super) fn decode(payload: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(payload);
        let block = Self {
            header: BlockHeader::read(&mut reader)?,
            nonce: reader.u64()?,
            short_ids: List::decode(&mut reader, MAX_SIZE)?,
            prefilled: List::decode(&mut reader, MAX_SIZE)?,
        };
        let count = (block.short_ids.len() + block.prefilled.len()) as u64;
        if count > MAX_COMPACT_TRANSACTIONS {
            return Err(Error::IndexTooLarge(count));
        }
        Ok(block)
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.header.encode());
        out.extend_from_slice(&self.nonce.to_le_bytes());
        self.short_ids.encode(out);
        self.prefilled.encode(out);
    }

    /// The prefilled transactions with their places in the block, counted from 0.
    pub fn prefilled_at(&self) -> impl Iterator<Item = (u32, TxView<'a>)> + use<'a> {
        self.prefilled.iter().scan(0, |next, prefilled| {
            // At most 65,535 entries of at most 65,536 each.
            let index: u32 = *next + u32::from(prefilled.gap);
            *next = index + 1;
            Some((index, prefilled.tx))
        })
    }

    /// The key that turns a transaction that is at hand into the [`ShortId`] that it would have here.
    pub fn short_id_key(&self) -> ShortIdKey {
        ShortIdKey::new(&self.header, self.nonce)
    }

    /// Finds what no honest sender makes, and what ends the connection with Bitcoin Core
    /// (`src/blockencodings.cpp` `InitData`, `READ_STATUS_INVALID`). Its cap of 100,000 transactions
    /// cannot be reached with indexes of 16 bits.
    pub fn check(&self) -> Result<(), CompactBlockError> {
        if self.header.is_null() {
            return Err(CompactBlockError::NullHeader);
        }
        if self.short_ids.is_empty() && self.prefilled.is_empty() {
            return Err(CompactBlockError::Empty);
        }
        for (before, (index, tx)) in (0..).zip(self.prefilled_at()) {
            if tx.inputs().len() == 0 && tx.outputs().len() == 0 {
                return Err(CompactBlockError::NullTransaction { index });
            }
            // The places before it are taken by short ids and by those that were prefilled before.
            let limit = self.short_ids.len() as u32 + before;
            if index > limit.min(u32::from(u16::MAX)) {
                return Err(CompactBlockError::IndexOutOfRange { index, limit });
            }
        }
        Ok(())
    }
}

/// The fault in the structure of a `cmpctblock`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CompactBlockError {
    /// The header has no target.
    #[error("null header")]
    NullHeader,
    /// Neither short ids nor transactions.
    #[error("no transactions")]
    Empty,
    /// A prefilled transaction without inputs and outputs.
    #[error("transaction {index} is empty")]
    NullTransaction {
        /// Its place in the block.
        index: u32,
    },
    /// A prefilled transaction after the end of the block, as far as it is filled so far.
    #[error("transaction {index} prefilled, the last place so far is {limit}")]
    IndexOutOfRange {
        /// Its place in the block.
        index: u32,
        /// The last place that it could have.
        limit: u32,
    },
}

/// A transaction that a `cmpctblock` carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefilled<'a> {
    /// How many places of the block lie between the one prefilled before and this one; see
    /// [`CompactBlock::prefilled_at`].
    pub gap: u16,
    /// The transaction.
    pub tx: TxView<'a>,
}

impl<'a> Entry<'a> for Prefilled<'a> {
    const MIN_LEN: usize = 1 + TxView::MIN_LEN;

    #[inline]
    fn decode(reader: &mut Reader<'a>) -> Result<Self, Error> {
        Ok(Self { gap: IndexGap::decode(reader)?.0, tx: TxView::read(reader)? })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        IndexGap(self.gap).encode(out);
        self.tx.encode(out);
    }
}

/// `getblocktxn`: block 32 · count · indexes, each as its distance from the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockTransactionsRequest<'a> {
    /// The block.
    pub block: BlockHash,
    /// Which of its transactions are wanted, as it is on the wire; see [`Self::indexes`].
    pub gaps: List<'a, IndexGap>,
}

impl<'a> BlockTransactionsRequest<'a> {
    pub(super) fn decode(payload: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(payload);
        let block = BlockHash(reader.array()?);
        let mut next = 0;
        let mut excess = None;
        let gaps = List::decode_each(&mut reader, MAX_SIZE, |gap: IndexGap| {
            let index = next + u64::from(gap.0);
            if index > u64::from(u16::MAX) {
                excess.get_or_insert(index);
            }
            next = index + 1;
        })?;
        excess.map_or(Ok(Self { block, gaps }), |index| Err(Error::IndexTooLarge(index)))
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.block.0);
        self.gaps.encode(out);
    }

    /// The places of the transactions in the block, counted from 0, rising.
    pub fn indexes(&self) -> impl Iterator<Item = u16> + use<'a> {
        self.gaps.iter().scan(0, |next, gap| {
            let index: u32 = *next + u32::from(gap.0);
            *next = index + 1;
            // `decode` has seen that none is above it.
            u16::try_from(index).ok()
        })
    }
}

/// How many places of a block lie between one that is named and the next: a CompactSize, at most 65,535
/// (Bitcoin Core `src/blockencodings.h` `DifferenceFormatter`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexGap(pub u16);

impl Entry<'_> for IndexGap {
    const MIN_LEN: usize = 1;

    #[inline]
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let gap = reader.compact_size()?;
        u16::try_from(gap).map(Self).map_err(|_| Error::IndexTooLarge(gap))
    }

    fn encode(&self, out: &mut Vec<u8>) {
        put_compact_size(out, u64::from(self.0));
    }
}
