//! `getcfilters`, `cfilter`, `getcfheaders`, `cfheaders`, `getcfcheckpt` and `cfcheckpt`: filters of
//! whole blocks (BIP157).

use alloc::vec::Vec;

use super::codec::{MAX_SIZE, put_var_bytes};
use super::{BlockHash, Error, Hash, List, Reader};

/// Hashes that one `cfheaders` may hold (BIP157; Bitcoin Core `src/net_processing.cpp`
/// `MAX_GETCFHEADERS_SIZE`).
pub const MAX_FILTER_HEADERS: u64 = 2000;

/// `getcfilters` and `getcfheaders`: u8 type · u32 first height · last block 32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilterRange {
    /// The type of filter; 0 is the basic one (BIP158).
    pub filter_type: u8,
    /// The height of the first block that is wanted.
    pub start_height: u32,
    /// The last block that is wanted: less than 1000 blocks on for filters, less than 2000 for headers.
    pub stop: BlockHash,
}

impl FilterRange {
    pub(super) fn decode(payload: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(payload);
        Ok(Self { filter_type: reader.u8()?, start_height: reader.u32()?, stop: BlockHash(reader.array()?) })
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.filter_type);
        out.extend_from_slice(&self.start_height.to_le_bytes());
        out.extend_from_slice(&self.stop.0);
    }
}

/// `getcfcheckpt`: u8 type · last block 32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilterCheckpointRequest {
    /// The type of filter.
    pub filter_type: u8,
    /// The block up to which headers are wanted.
    pub stop: BlockHash,
}

impl FilterCheckpointRequest {
    pub(super) fn decode(payload: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(payload);
        Ok(Self { filter_type: reader.u8()?, stop: BlockHash(reader.array()?) })
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.filter_type);
        out.extend_from_slice(&self.stop.0);
    }
}

/// `cfilter`: u8 type · block 32 · filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filter<'a> {
    /// The type of filter.
    pub filter_type: u8,
    /// The block.
    pub block: BlockHash,
    /// The filter, in the form of its type.
    pub filter: &'a [u8],
}

impl<'a> Filter<'a> {
    pub(super) fn decode(payload: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(payload);
        Ok(Self { filter_type: reader.u8()?, block: BlockHash(reader.array()?), filter: reader.var_bytes()? })
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.filter_type);
        out.extend_from_slice(&self.block.0);
        put_var_bytes(out, self.filter);
    }
}

/// `cfheaders`: u8 type · last block 32 · header before the first 32 · hashes of filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilterHeaders<'a> {
    /// The type of filter.
    pub filter_type: u8,
    /// The last block.
    pub stop: BlockHash,
    /// The header of the filter before the first of these.
    pub previous: Hash,
    /// The hash of each filter, at most [`MAX_FILTER_HEADERS`]: with the header before it, it gives
    /// its header.
    pub hashes: List<'a, Hash>,
}

impl<'a> FilterHeaders<'a> {
    pub(super) fn decode(payload: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(payload);
        Ok(Self {
            filter_type: reader.u8()?,
            stop: BlockHash(reader.array()?),
            previous: Hash(reader.array()?),
            hashes: List::decode(&mut reader, MAX_FILTER_HEADERS)?,
        })
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.filter_type);
        out.extend_from_slice(&self.stop.0);
        out.extend_from_slice(&self.previous.0);
        self.hashes.encode(out);
    }
}

/// `cfcheckpt`: u8 type · last block 32 · headers of filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilterCheckpoint<'a> {
    /// The type of filter.
    pub filter_type: u8,
    /// The last block.
    pub stop: BlockHash,
    /// The header of the filter of each thousandth block. The protocol gives no limit.
    pub headers: List<'a, Hash>,
}

impl<'a> FilterCheckpoint<'a> {
    pub(super) fn decode(payload: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(payload);
        Ok(Self {
            filter_type: reader.u8()?,
            stop: BlockHash(reader.array()?),
            headers: List::decode(&mut reader, MAX_SIZE)?,
        })
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.filter_type);
        out.extend_from_slice(&self.stop.0);
        self.headers.encode(out);
    }
}
