//! Bytes ⇄ messages: the v1 wire format. No state, no policy.
//!
//! Decoding accepts what Bitcoin Core accepts (trailing bytes, a `version` of 46 bytes), refuses
//! what it refuses (a non-canonical CompactSize, a superfluous witness), and allocates nothing:
//! messages borrow from the payload that they were decoded from, and a [`List`] is read where it lies.
//! For keeping there are owned forms ([`Tx`], [`Version`], `Vec<`[`Inventory`]`>`).
//!
//! Every message of the protocol is a [`Message`]; [`Message::encode`] is the way back. A count is
//! bounded by the protocol's limit and by the bytes after it before anything is read.
//!
//! ```
//! use satwire_core::Network;
//! use satwire_core::wire::{self, Command, Header, Message};
//!
//! let mut bytes = Vec::new();
//! wire::encode_ping(&mut bytes, Network::Main.magic(), 7);
//!
//! let header = Header::decode(bytes[..Header::LEN].try_into().unwrap());
//! assert_eq!((header.magic, header.length), (Network::Main.magic(), 8));
//! assert_eq!(header.command(), Some(Command::PING));
//!
//! let payload = &bytes[Header::LEN..];
//! let digest = wire::sha256d(payload);
//! assert!(header.matches(&digest));
//! assert_eq!(Message::decode(Command::PING, payload, digest), Ok(Message::Ping(7)));
//! ```

mod addr_v2;
mod address;
mod block;
mod block_header;
mod bloom;
mod brief;
mod cfilter;
mod check;
mod codec;
mod command;
mod compact;
mod error;
mod feature;
mod fields;
mod hash;
mod header;
mod inventory;
mod list;
mod message;
mod owned_message;
mod ping;
mod reject;
mod short_id;
mod tx;
mod tx_parts;
mod version;

pub use addr_v2::{AddrV2, ParseAddrV2Error};
pub use address::{AddrEntry, AddrV2Entry, KnownAddress, MAX_ADDRESS, MAX_ADDRESSES};
pub use block::{Block, BlockTransactions, MerkleBlock};
pub use block_header::{BlockHeader, Locator, MAX_HEADERS, MAX_LOCATOR};
pub use bloom::{FilterLoad, MAX_FILTER, MAX_FILTER_ELEMENT, MAX_HASH_FUNCTIONS};
pub use brief::Brief;
pub use cfilter::{
    Filter, FilterCheckpoint, FilterCheckpointRequest, FilterHeaders, FilterRange, MAX_FILTER_HEADERS,
};
pub use check::{MAX_BLOCK_WEIGHT, MAX_MONEY, TxError};
pub use codec::{MAX_SIZE, Reader, compact_size_len, put_compact_size};
pub use command::Command;
pub use compact::{
    BlockTransactionsRequest, CompactBlock, CompactBlockError, IndexGap, MAX_COMPACT_TRANSACTIONS, Prefilled,
    SendCompact,
};
pub use error::Error;
pub use feature::{Feature, MAX_FEATURE_DATA, MAX_FEATURE_ID, MIN_FEATURE_ID, SendReconciliation};
pub use fields::{Field, fields};
pub use hash::{BlockHash, Hash, ParseHashError, Txid, Wtxid, sha256d};
pub use header::{Header, MAX_PAYLOAD, encode_frame};
pub use inventory::{
    InvType, Inventory, InventoryIter, InventoryList, MAX_GETDATA_SENT, MAX_INVENTORY, encode_inventory,
    put_inventory,
};
pub use list::{Entries, Entry, List};
pub use message::Message;
pub use owned_message::OwnedMessage;
pub use ping::{encode_ping, encode_pong};
pub use reject::Reject;
pub use short_id::{ShortId, ShortIdKey};
pub use tx::{Tx, TxView};
pub use tx_parts::{Inputs, Outputs, TxIn, TxOut, Witness, Witnesses};
pub use version::{MAX_USER_AGENT, NetAddress, ServiceName, Services, Version};
