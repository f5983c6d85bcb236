//! `inv`, `getdata` and `notfound`: lists of what there is, what is wanted, what is missing.

use alloc::vec::Vec;
use core::fmt;

use super::codec::MAX_SIZE;
use super::{Command, Error, Hash, Reader, encode_frame, put_compact_size};
use crate::Magic;

/// Entries that one such message may hold; one more ends the connection
/// (Bitcoin Core `src/net_processing.cpp` `MAX_INV_SZ`). Of a `notfound` Bitcoin Core takes any number, and
/// above 5016 heeds none; btcd's limit is this one.
pub const MAX_INVENTORY: u64 = 50_000;

/// Entries that we send in one `getdata` (Bitcoin Core `src/net_processing.cpp` `MAX_GETDATA_SZ`).
pub const MAX_GETDATA_SENT: usize = 1000;

/// The subject of an inventory entry: the type field, four bytes on the wire.
///
/// The constants are those of Bitcoin Core's `src/protocol.h` `GetDataMsg`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InvType(pub u32);

impl InvType {
    /// A transaction by txid; asked for like this it comes without witnesses.
    pub const TX: Self = Self(1);
    /// A block.
    pub const BLOCK: Self = Self(2);
    /// A block as `merkleblock`; only in `getdata` (BIP37).
    pub const FILTERED_BLOCK: Self = Self(3);
    /// A block as `cmpctblock`; only in `getdata` (BIP152).
    pub const CMPCT_BLOCK: Self = Self(4);
    /// A transaction by wtxid (BIP339).
    pub const WTX: Self = Self(5);
    /// A transaction by txid, with witnesses; only in `getdata` (BIP144).
    pub const WITNESS_TX: Self = Self(Self::TX.0 | Self::WITNESS_FLAG);
    /// A block with witnesses; only in `getdata` (BIP144).
    pub const WITNESS_BLOCK: Self = Self(Self::BLOCK.0 | Self::WITNESS_FLAG);

    const WITNESS_FLAG: u32 = 1 << 30;

    /// Whether it names a transaction, by either id.
    pub const fn is_tx(self) -> bool {
        matches!(self, Self::TX | Self::WTX | Self::WITNESS_TX)
    }
}

impl fmt::Display for InvType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::TX => f.write_str("tx"),
            Self::BLOCK => f.write_str("block"),
            Self::FILTERED_BLOCK => f.write_str("filtered_block"),
            Self::CMPCT_BLOCK => f.write_str("cmpct_block"),
            Self::WTX => f.write_str("wtx"),
            Self::WITNESS_TX => f.write_str("witness_tx"),
            Self::WITNESS_BLOCK => f.write_str("witness_block"),
            Self(other) => write!(f, "{other:#x}"),
        }
    }
}

impl fmt::Debug for InvType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InvType({self})")
    }
}

/// One entry: type u32 · hash 32, 36 bytes on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Inventory {
    /// The kind of object that the hash names.
    pub inv_type: InvType,
    /// The hash.
    pub hash: Hash,
}

impl Inventory {
    /// The size of an encoded entry, in bytes.
    pub const LEN: usize = 36;

    #[inline]
    fn decode(bytes: &[u8; Self::LEN]) -> Self {
        let [a, b, c, d, hash @ ..] = *bytes;
        Self { inv_type: InvType(u32::from_le_bytes([a, b, c, d])), hash: Hash(hash) }
    }
}

/// The entries of a payload, where they lie: CompactSize count, then that many entries. In an `inv` and a
/// `getdata` there are at most [`MAX_INVENTORY`]; a `notfound` has no limit but its length, as in Bitcoin Core
/// (`src/net_processing.cpp` `ProcessMessage`).
///
/// It comes from decoding only. To send such entries: [`put_inventory`] for a body, [`encode_inventory`] for a whole
/// message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct InventoryList<'a> {
    entries: &'a [[u8; Inventory::LEN]],
}

impl<'a> InventoryList<'a> {
    pub(super) fn decode(payload: &'a [u8]) -> Result<Self, Error> {
        Self::decode_limited(payload, MAX_INVENTORY)
    }

    /// As a `notfound` has them.
    pub(super) fn decode_unlimited(payload: &'a [u8]) -> Result<Self, Error> {
        Self::decode_limited(payload, MAX_SIZE)
    }

    fn decode_limited(payload: &'a [u8], limit: u64) -> Result<Self, Error> {
        let mut reader = Reader::new(payload);
        let count = reader.compact_size()?;
        if count > limit {
            return Err(Error::TooManyEntries { count, limit });
        }
        let left = reader.left();
        let entries = left.get(..count as usize * Inventory::LEN).ok_or(Error::CountBeyondPayload {
            count,
            entry: Inventory::LEN,
            left: left.len(),
        })?;
        Ok(Self { entries: entries.as_chunks().0 })
    }

    /// Returns the count at the start of `payload` if it is above `limit`: such a list is judged before its
    /// entries are there. Nine bytes are always enough.
    pub(crate) fn excess(payload: &[u8], limit: u64) -> Option<u64> {
        Reader::new(payload).compact_size().ok().filter(|count| *count > limit)
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        put_compact_size(out, self.len() as u64);
        out.extend_from_slice(self.entries.as_flattened());
    }

    /// How many entries there are.
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries, in their order on the wire.
    pub fn iter(&self) -> InventoryIter<'a> {
        InventoryIter { entries: self.entries.iter() }
    }

    /// The entries, copied.
    pub fn to_vec(&self) -> Vec<Inventory> {
        self.entries.iter().map(Inventory::decode).collect()
    }
}

impl<'a> IntoIterator for &InventoryList<'a> {
    type Item = Inventory;
    type IntoIter = InventoryIter<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a> IntoIterator for InventoryList<'a> {
    type Item = Inventory;
    type IntoIter = InventoryIter<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Debug for InventoryList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Iterator over the entries of an [`InventoryList`].
#[derive(Clone, Debug)]
pub struct InventoryIter<'a> {
    entries: core::slice::Iter<'a, [u8; Inventory::LEN]>,
}

impl Iterator for InventoryIter<'_> {
    type Item = Inventory;

    #[inline]
    fn next(&mut self) -> Option<Inventory> {
        self.entries.next().map(Inventory::decode)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.entries.size_hint()
    }
}

impl ExactSizeIterator for InventoryIter<'_> {}

/// Appends an `inv`, `getdata` or `notfound` (`command` says which) of at most [`MAX_INVENTORY`]
/// entries; what goes beyond is left out.
pub fn encode_inventory<I>(out: &mut Vec<u8>, magic: Magic, command: Command, entries: I)
where
    I: IntoIterator<Item = Inventory, IntoIter: ExactSizeIterator>,
{
    encode_frame(out, magic, command, |out| put_inventory(out, entries));
}

/// Appends the body of an `inv`, `getdata` or `notfound`: the count, and at most [`MAX_INVENTORY`] entries; further
/// ones are cut.
pub fn put_inventory<I>(out: &mut Vec<u8>, entries: I)
where
    I: IntoIterator<Item = Inventory, IntoIter: ExactSizeIterator>,
{
    let entries = entries.into_iter();
    let count = entries.len().min(MAX_INVENTORY as usize);
    put_compact_size(out, count as u64);
    out.reserve(count * Inventory::LEN);
    for entry in entries.take(count) {
        out.extend_from_slice(&entry.inv_type.0.to_le_bytes());
        out.extend_from_slice(&entry.hash.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Network;
    use crate::wire::Header;
    use alloc::vec;

    fn entry(n: u8) -> Inventory {
        Inventory { inv_type: InvType::WTX, hash: Hash([n; 32]) }
    }

    #[test]
    fn round_trip() {
        let mut bytes = Vec::new();
        encode_inventory(
            &mut bytes,
            Network::Main.magic(),
            Command::INV,
            (0..3).map(entry).collect::<Vec<_>>(),
        );
        let list = InventoryList::decode(&bytes[Header::LEN..]).unwrap();
        assert_eq!((list.len(), list.is_empty()), (3, false));
        assert!(list.iter().eq((0..3).map(entry)));
        // Bytes after the last entry are ignored, as everywhere (G2).
        let longer = [&bytes[Header::LEN..], b"more"].concat();
        assert_eq!(InventoryList::decode(&longer).unwrap(), list);
    }

    /// F7: the count alone decides, before an entry is there.
    #[test]
    fn f7_counts_are_limited() {
        let payload = |count: u32| [&[0xfe][..], &count.to_le_bytes()].concat();
        assert_eq!(
            InventoryList::decode(&payload(0x1_0000)),
            Err(Error::TooManyEntries { count: 0x1_0000, limit: 50_000 })
        );
        let mut full = vec![0xfd];
        full.extend_from_slice(&50_000_u16.to_le_bytes());
        assert_eq!(
            InventoryList::decode(&full),
            Err(Error::CountBeyondPayload { count: 50_000, entry: 36, left: 0 })
        );
        full.resize(3 + 50_000 * 36, 0);
        assert_eq!(InventoryList::decode(&full).unwrap().len(), 50_000);
    }
}
