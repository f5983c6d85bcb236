//! One message, decoded.

use alloc::vec::Vec;

use super::{
    AddrEntry, AddrV2Entry, Block, BlockHeader, BlockTransactions, BlockTransactionsRequest, Command,
    CompactBlock, Error, Feature, Filter, FilterCheckpoint, FilterCheckpointRequest, FilterHeaders,
    FilterLoad, FilterRange, Hash, InventoryList, List, Locator, MAX_ADDRESSES, MAX_FILTER_ELEMENT,
    MAX_HEADERS, MerkleBlock, Reader, Reject, SendCompact, SendReconciliation, TxView, Version, encode_frame,
    ping,
};
use crate::Magic;
use crate::wire::codec::put_var_bytes;

/// A message, borrowing from its payload.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Message<'a> {
    /// The sender, and what it offers.
    Version(Version),
    /// The handshake is done on the sender's side.
    Verack,
    /// The sender wants transactions announced by wtxid (BIP339).
    Wtxidrelay,
    /// The sender understands `addrv2` (BIP155).
    Sendaddrv2,
    /// Something that the sender can do (BIP434).
    Feature(Feature<'a>),
    /// The sender can reconcile sets of transactions (BIP330).
    Sendtxrcncl(SendReconciliation),
    /// The sender wants blocks announced by `headers` (BIP130).
    Sendheaders,
    /// The sender understands compact blocks (BIP152).
    Sendcmpct(SendCompact),
    /// The least fee rate, in satoshi per 1000 virtual bytes, that the sender wants announced (BIP133).
    Feefilter(i64),
    /// Are you alive? The nonce to answer with.
    Ping(u64),
    /// The answer to the `ping` with this nonce; `None` where the payload is too short to hold one.
    Pong(Option<u64>),
    /// The sender wants addresses of nodes.
    Getaddr,
    /// Nodes that the sender knows of.
    Addr(List<'a, AddrEntry>),
    /// Nodes that the sender knows of, on any network (BIP155).
    Addrv2(List<'a, AddrV2Entry<'a>>),
    /// Objects that the sender has.
    Inv(InventoryList<'a>),
    /// Objects that the sender wants.
    Getdata(InventoryList<'a>),
    /// Objects that the sender was asked for and does not have.
    Notfound(InventoryList<'a>),
    /// A transaction.
    Tx(TxView<'a>),
    /// The sender wants to hear of everything that is not mined yet (BIP35).
    Mempool,
    /// The sender wants headers.
    Getheaders(Locator<'a>),
    /// Headers, each of the block after the one before.
    Headers(List<'a, BlockHeader>),
    /// The sender wants to hear of blocks.
    Getblocks(Locator<'a>),
    /// A block.
    Block(Block<'a>),
    /// A block by short ids (BIP152).
    Cmpctblock(CompactBlock<'a>),
    /// The sender wants transactions of a block (BIP152).
    Getblocktxn(BlockTransactionsRequest<'a>),
    /// Transactions of a block (BIP152).
    Blocktxn(BlockTransactions<'a>),
    /// The sender wants filters of blocks (BIP157).
    Getcfilters(FilterRange),
    /// The filter of a block (BIP157).
    Cfilter(Filter<'a>),
    /// The sender wants headers of filters (BIP157).
    Getcfheaders(FilterRange),
    /// Headers of filters (BIP157).
    Cfheaders(FilterHeaders<'a>),
    /// The sender wants headers of filters, one of a thousand (BIP157).
    Getcfcheckpt(FilterCheckpointRequest),
    /// Headers of filters, one of a thousand (BIP157).
    Cfcheckpt(FilterCheckpoint<'a>),
    /// The sender wants to hear of what passes this filter only (BIP37).
    Filterload(FilterLoad<'a>),
    /// An element to add to the filter, at most [`MAX_FILTER_ELEMENT`] bytes (BIP37).
    Filteradd(&'a [u8]),
    /// The sender takes its filter back (BIP37).
    Filterclear,
    /// The part of a block that passes the filter (BIP37).
    Merkleblock(MerkleBlock<'a>),
    /// An objection of the sender (BIP61).
    Reject(Reject<'a>),
    /// A message of any other command, as it is.
    Other {
        /// Its name.
        command: Command,
        /// Its payload.
        payload: &'a [u8],
    },
}

impl<'a> Message<'a> {
    /// Decodes the payload of `command`, whose [`sha256d`](super::sha256d) is `digest`: the frame's
    /// checksum needed it, and for a transaction it is the wtxid, so that nobody hashes twice.
    ///
    /// Bytes after the message are ignored, as Bitcoin Core does; after a `feature` they are an error.
    #[expect(
        clippy::inline_always,
        reason = "moving the message through memory costs more than most of them do"
    )]
    #[inline(always)]
    pub fn decode(command: Command, payload: &'a [u8], digest: Hash) -> Result<Self, Error> {
        // The busy ones, here so that they are decoded where they are wanted; compared as a whole, which a
        // pattern is not.
        if command == Command::TX {
            TxView::decode_hashed(payload, digest).map(Self::Tx)
        } else if command == Command::INV {
            InventoryList::decode(payload).map(Self::Inv)
        } else if command == Command::PING {
            ping::decode_ping(payload).map(Self::Ping)
        } else {
            Self::decode_other(command, payload)
        }
    }

    fn decode_other(command: Command, payload: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(payload);
        Ok(match command {
            Command::PONG => Self::Pong(ping::decode_pong(payload)),
            Command::GETDATA => Self::Getdata(InventoryList::decode(payload)?),
            Command::NOTFOUND => Self::Notfound(InventoryList::decode_unlimited(payload)?),
            Command::FEEFILTER => Self::Feefilter(reader.i64()?),
            Command::VERSION => Self::Version(Version::decode(payload)?),
            Command::VERACK => Self::Verack,
            Command::WTXIDRELAY => Self::Wtxidrelay,
            Command::SENDADDRV2 => Self::Sendaddrv2,
            Command::FEATURE => Self::Feature(Feature::decode(payload)?),
            Command::SENDTXRCNCL => Self::Sendtxrcncl(SendReconciliation::decode(payload)?),
            Command::SENDHEADERS => Self::Sendheaders,
            Command::SENDCMPCT => Self::Sendcmpct(SendCompact::decode(payload)?),
            Command::GETADDR => Self::Getaddr,
            Command::ADDR => Self::Addr(List::decode(&mut reader, MAX_ADDRESSES)?),
            Command::ADDRV2 => Self::Addrv2(List::decode(&mut reader, MAX_ADDRESSES)?),
            Command::MEMPOOL => Self::Mempool,
            Command::GETHEADERS => Self::Getheaders(Locator::decode(payload)?),
            Command::HEADERS => Self::Headers(List::decode(&mut reader, MAX_HEADERS)?),
            Command::GETBLOCKS => Self::Getblocks(Locator::decode(payload)?),
            Command::BLOCK => Self::Block(Block::decode(payload)?),
            Command::CMPCTBLOCK => Self::Cmpctblock(CompactBlock::decode(payload)?),
            Command::GETBLOCKTXN => Self::Getblocktxn(BlockTransactionsRequest::decode(payload)?),
            Command::BLOCKTXN => Self::Blocktxn(BlockTransactions::decode(payload)?),
            Command::GETCFILTERS => Self::Getcfilters(FilterRange::decode(payload)?),
            Command::CFILTER => Self::Cfilter(Filter::decode(payload)?),
            Command::GETCFHEADERS => Self::Getcfheaders(FilterRange::decode(payload)?),
            Command::CFHEADERS => Self::Cfheaders(FilterHeaders::decode(payload)?),
            Command::GETCFCHECKPT => Self::Getcfcheckpt(FilterCheckpointRequest::decode(payload)?),
            Command::CFCHECKPT => Self::Cfcheckpt(FilterCheckpoint::decode(payload)?),
            Command::FILTERLOAD => Self::Filterload(FilterLoad::decode(payload)?),
            Command::FILTERADD => Self::Filteradd(reader.limited_bytes(MAX_FILTER_ELEMENT)?),
            Command::FILTERCLEAR => Self::Filterclear,
            Command::MERKLEBLOCK => Self::Merkleblock(MerkleBlock::decode(payload)?),
            Command::REJECT => Self::Reject(Reject::decode(payload)?),
            _ => Self::Other { command, payload },
        })
    }

    /// The name of the message.
    pub const fn command(&self) -> Command {
        match self {
            Self::Version(_) => Command::VERSION,
            Self::Verack => Command::VERACK,
            Self::Wtxidrelay => Command::WTXIDRELAY,
            Self::Sendaddrv2 => Command::SENDADDRV2,
            Self::Feature(_) => Command::FEATURE,
            Self::Sendtxrcncl(_) => Command::SENDTXRCNCL,
            Self::Sendheaders => Command::SENDHEADERS,
            Self::Sendcmpct(_) => Command::SENDCMPCT,
            Self::Feefilter(_) => Command::FEEFILTER,
            Self::Ping(_) => Command::PING,
            Self::Pong(_) => Command::PONG,
            Self::Getaddr => Command::GETADDR,
            Self::Addr(_) => Command::ADDR,
            Self::Addrv2(_) => Command::ADDRV2,
            Self::Inv(_) => Command::INV,
            Self::Getdata(_) => Command::GETDATA,
            Self::Notfound(_) => Command::NOTFOUND,
            Self::Tx(_) => Command::TX,
            Self::Mempool => Command::MEMPOOL,
            Self::Getheaders(_) => Command::GETHEADERS,
            Self::Headers(_) => Command::HEADERS,
            Self::Getblocks(_) => Command::GETBLOCKS,
            Self::Block(_) => Command::BLOCK,
            Self::Cmpctblock(_) => Command::CMPCTBLOCK,
            Self::Getblocktxn(_) => Command::GETBLOCKTXN,
            Self::Blocktxn(_) => Command::BLOCKTXN,
            Self::Getcfilters(_) => Command::GETCFILTERS,
            Self::Cfilter(_) => Command::CFILTER,
            Self::Getcfheaders(_) => Command::GETCFHEADERS,
            Self::Cfheaders(_) => Command::CFHEADERS,
            Self::Getcfcheckpt(_) => Command::GETCFCHECKPT,
            Self::Cfcheckpt(_) => Command::CFCHECKPT,
            Self::Filterload(_) => Command::FILTERLOAD,
            Self::Filteradd(_) => Command::FILTERADD,
            Self::Filterclear => Command::FILTERCLEAR,
            Self::Merkleblock(_) => Command::MERKLEBLOCK,
            Self::Reject(_) => Command::REJECT,
            Self::Other { command, .. } => *command,
        }
    }

    /// Appends the whole message, header and payload.
    ///
    /// A message that was decoded with no bytes after it comes out as it went in, but for the fields of a
    /// `version` that were absent or have several forms: a negative time, any way to say yes.
    /// No limit of a list is looked at: who builds a message keeps to them.
    ///
    /// ```
    /// use satwire_core::Network;
    /// use satwire_core::wire::{BlockHash, List, Locator, Message};
    /// let (mut buffer, mut out) = (Vec::new(), Vec::new());
    /// let hashes = List::build(&mut buffer, [BlockHash([7; 32])]);
    /// let message = Message::Getheaders(Locator { version: 70016, hashes, stop: BlockHash([0; 32]) });
    /// message.encode(&mut out, Network::Main.magic());
    /// assert_eq!(out.len(), 24 + 4 + 1 + 32 + 32);
    /// ```
    pub fn encode(&self, out: &mut Vec<u8>, magic: Magic) {
        encode_frame(out, magic, self.command(), |out| self.encode_payload(out));
    }

    /// Appends the body of the message, without its header.
    pub fn encode_payload(&self, out: &mut Vec<u8>) {
        match self {
            Self::Verack
            | Self::Wtxidrelay
            | Self::Sendaddrv2
            | Self::Sendheaders
            | Self::Getaddr
            | Self::Mempool
            | Self::Filterclear
            | Self::Pong(None) => {}
            Self::Version(version) => version.encode_payload(out),
            Self::Feature(feature) => feature.encode(out),
            Self::Sendtxrcncl(reconciliation) => reconciliation.encode(out),
            Self::Sendcmpct(compact) => compact.encode(out),
            Self::Feefilter(rate) => out.extend_from_slice(&rate.to_le_bytes()),
            Self::Ping(nonce) | Self::Pong(Some(nonce)) => out.extend_from_slice(&nonce.to_le_bytes()),
            Self::Addr(list) => list.encode(out),
            Self::Addrv2(list) => list.encode(out),
            Self::Inv(list) | Self::Getdata(list) | Self::Notfound(list) => list.encode(out),
            Self::Tx(tx) => out.extend_from_slice(tx.as_bytes()),
            Self::Getheaders(locator) | Self::Getblocks(locator) => locator.encode(out),
            Self::Headers(list) => list.encode(out),
            Self::Block(block) => block.encode(out),
            Self::Cmpctblock(block) => block.encode(out),
            Self::Getblocktxn(request) => request.encode(out),
            Self::Blocktxn(transactions) => transactions.encode(out),
            Self::Getcfilters(range) | Self::Getcfheaders(range) => range.encode(out),
            Self::Cfilter(filter) => filter.encode(out),
            Self::Cfheaders(headers) => headers.encode(out),
            Self::Getcfcheckpt(request) => request.encode(out),
            Self::Cfcheckpt(checkpoint) => checkpoint.encode(out),
            Self::Filterload(load) => load.encode(out),
            Self::Filteradd(element) => put_var_bytes(out, element),
            Self::Merkleblock(block) => block.encode(out),
            Self::Reject(reject) => reject.encode(out),
            Self::Other { payload, .. } => out.extend_from_slice(payload),
        }
    }
}
