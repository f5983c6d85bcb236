//! Bytes ⇄ messages: the v1 wire format. No state, no policy.
//!
//! Decoding accepts what Bitcoin Core accepts (trailing bytes, a `version` of 46 bytes), refuses
//! what it refuses (a non-canonical CompactSize, a superfluous witness), and allocates nothing:
//! messages borrow from the payload that they were decoded from. What someone keeps has an owned
//! form ([`Tx`], [`Version`], `Vec<`[`Inventory`]`>`).
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

mod codec;
mod command;
mod hash;
mod header;
mod inventory;
mod message;
mod ping;
mod tx;
mod version;

pub use codec::{Error, MAX_SIZE, Reader, compact_size_len, put_compact_size};
pub use command::Command;
pub use hash::{Hash, Txid, Wtxid, sha256d};
pub use header::{Header, MAX_PAYLOAD, encode_frame};
pub use inventory::{
    InvType, Inventory, InventoryIter, InventoryList, MAX_GETDATA_SENT, MAX_INVENTORY, encode_inventory,
};
pub use message::Message;
pub use ping::{encode_ping, encode_pong};
pub use tx::{Input, Inputs, Output, Outputs, Tx, TxView, Witness, Witnesses};
pub use version::{MAX_USER_AGENT, NetAddress, ServiceName, Services, Version};
