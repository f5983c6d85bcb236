//! One message, decoded.

use super::{Command, Error, Hash, InventoryList, TxView, Version, ping};
use crate::wire::Reader;

/// A message, borrowing from its payload.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Message<'a> {
    /// Who speaks, and what it offers.
    Version(Version),
    /// The handshake is done on the sender's side.
    Verack,
    /// The sender wants transactions announced by wtxid (BIP339).
    Wtxidrelay,
    /// The sender understands `addrv2` (BIP155).
    Sendaddrv2,
    /// Are you alive? The nonce to answer with.
    Ping(u64),
    /// The answer to the `ping` with this nonce; `None` where the payload is too short to hold one.
    Pong(Option<u64>),
    /// What the sender has.
    Inv(InventoryList<'a>),
    /// What the sender wants.
    Getdata(InventoryList<'a>),
    /// What the sender was asked for and does not have.
    Notfound(InventoryList<'a>),
    /// The least fee rate, in satoshi per 1000 virtual bytes, that the sender wants announced (BIP133).
    Feefilter(i64),
    /// A transaction.
    Tx(TxView<'a>),
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
    /// Bytes behind the message are ignored, as Bitcoin Core does.
    pub fn decode(command: Command, payload: &'a [u8], digest: Hash) -> Result<Self, Error> {
        Ok(match command {
            Command::TX => Self::Tx(TxView::decode_hashed(payload, digest)?),
            Command::INV => Self::Inv(InventoryList::decode(payload)?),
            Command::PING => Self::Ping(ping::decode_ping(payload)?),
            Command::PONG => Self::Pong(ping::decode_pong(payload)),
            Command::GETDATA => Self::Getdata(InventoryList::decode(payload)?),
            Command::NOTFOUND => Self::Notfound(InventoryList::decode(payload)?),
            Command::FEEFILTER => Self::Feefilter(Reader::new(payload).i64()?),
            Command::VERSION => Self::Version(Version::decode(payload)?),
            Command::VERACK => Self::Verack,
            Command::WTXIDRELAY => Self::Wtxidrelay,
            Command::SENDADDRV2 => Self::Sendaddrv2,
            _ => Self::Other { command, payload },
        })
    }
}
