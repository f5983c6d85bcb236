//! The state that is kept from one run to the next, as one string of bytes.
//!
//! | Part | Bytes |
//! |---|---|
//! | `satwadr1` | 8: the last is the version |
//! | magic of the network | 4 |
//! | key of the table | 16: two u64 |
//! | SHA-256 of the asmap, zeros without one | 32 |
//! | numbers of new and of tried addresses | 8: two u32 |
//! | new addresses, then tried ones | each: time u32, services CompactSize, address, source, last success u32, last try u32, attempts u8 |
//! | 1024 buckets of new addresses | each: their number u8, the place of each in the list above u32 |
//! | anchors | their number u8, the addresses |
//! | addresses to be left alone | their number u16, each: address without port, times in a row u8, the last three u32, until u32 |
//! | SHA-256 of all before | 32 |
//!
//! Numbers are little-endian. An address is its network (BIP155) u8, as many bytes as it has there, and the port u16,
//! big-endian; a source has no port, and network 0 with 10 bytes is a DNS seed.

use alloc::vec::Vec;

use sha2::{Digest as _, Sha256};

use super::back_off::{Avoided, BackOff, MAX_AVOIDED};
use super::buckets::{BUCKET_SIZE, NEW_BUCKETS, TRIED_BUCKETS};
use super::entry::Entry;
use super::saved_parts::{
    MAX_ENTRY, put_addr, put_addr_port, put_entry, read_addr, read_addr_port, read_entry,
};
use super::table::PLACES_PER_ADDRESS;
use super::{AddrPort, AddrTable, NetGroups};
use crate::Magic;
use crate::wire::{self, Reader};

/// The longest saved state, in bytes; one that is longer is refused before it is looked at.
pub const MAX_SAVED_BYTES: usize = 8_000_000;

/// Peers that are dialled first at the next start (Bitcoin Core `src/net.cpp` `MAX_BLOCK_RELAY_ONLY_ANCHORS`).
pub const MAX_ANCHORS: usize = 2;

const SIGNATURE: &[u8; 7] = b"satwadr";
const VERSION: u8 = b'1';
const CHECKSUM: usize = 32;

/// All that a node remembers of addresses.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Addresses {
    /// The addresses.
    pub table: AddrTable,
    /// The outbound peers that had been there for longest, to be dialled first at the next start. Of more than
    /// [`MAX_ANCHORS`] the first are saved. Take them out once they are dialled: a start that fails shall not begin
    /// with them again.
    pub anchors: Vec<AddrPort>,
    /// The addresses that sent us away.
    pub back_off: BackOff,
}

/// Why bytes are not what [`Addresses::encode`] made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SavedError {
    /// Longer than [`MAX_SAVED_BYTES`].
    #[error("saved addresses have at most {limit} bytes, and these are {bytes}")]
    TooLong {
        /// Their number.
        bytes: usize,
        /// The most that is allowed.
        limit: usize,
    },
    /// Too short to be whole.
    #[error("saved addresses that end after {0} bytes: the rest was not written")]
    Cut(usize),
    /// They begin with something else.
    #[error("no saved addresses: they begin with `satwadr`")]
    NotAddresses,
    /// A later version wrote them.
    #[error("saved addresses of version `{}`, and only `1` is known", .0.escape_ascii())]
    Version(u8),
    /// The checksum is that of other bytes.
    #[error("saved addresses whose checksum is wrong: they were changed, or not written to their end")]
    Checksum,
    /// They belong to another network.
    #[error("saved addresses of the network {found}, and this is {expected}")]
    WrongNetwork {
        /// The network that they belong to.
        found: Magic,
        /// Ours.
        expected: Magic,
    },
    /// The checksum is right, and a part is not what it should be.
    #[error("saved addresses that make no sense: {0}")]
    Malformed(#[from] wire::Error),
    /// The checksum is right, and the parts do not agree with each other.
    #[error("saved addresses whose parts do not agree")]
    Inconsistent,
}

impl Addresses {
    /// Returns an empty memory. The key, two random words, decides where addresses go in the table.
    pub fn new(key: [u64; 2], groups: NetGroups) -> Self {
        Self { table: AddrTable::new(key, groups), anchors: Vec::new(), back_off: BackOff::default() }
    }

    /// Returns all of it as bytes, at most [`MAX_SAVED_BYTES`], to be kept in a file. They hold the key of the table,
    /// so others should not read them.
    pub fn encode(&self, magic: Magic) -> Vec<u8> {
        let table = &self.table;
        let mut out = Vec::with_capacity(4096 + table.len() * (MAX_ENTRY + 4));
        out.extend_from_slice(SIGNATURE);
        out.push(VERSION);
        out.extend_from_slice(&magic.0);
        for word in table.hash.key() {
            out.extend_from_slice(&word.to_le_bytes());
        }
        out.extend_from_slice(&table.groups.version());
        let counts = table.counts.total();
        out.extend_from_slice(&counts.new.to_le_bytes());
        out.extend_from_slice(&counts.tried.to_le_bytes());
        self.put_entries(&mut out);
        self.put_back_off(&mut out);
        let checksum = Sha256::digest(&out);
        out.extend_from_slice(&checksum);
        out
    }

    fn put_entries(&self, out: &mut Vec<u8>) {
        let table = &self.table;
        // Which of the new addresses an entry is, by its number.
        let mut places = Vec::new();
        let new = table.entries.iter().filter(|(_, entry)| !entry.is_tried);
        for (place, (id, entry)) in (0_u32..).zip(new) {
            places.resize(id as usize + 1, 0);
            places[id as usize] = place;
            put_entry(out, entry);
        }
        for (_, entry) in table.entries.iter().filter(|(_, entry)| entry.is_tried) {
            put_entry(out, entry);
        }
        for bucket in 0..NEW_BUCKETS {
            out.push(table.new.bucket(bucket).count() as u8);
            for (_, id) in table.new.bucket(bucket) {
                out.extend_from_slice(&places[id as usize].to_le_bytes());
            }
        }
    }

    fn put_back_off(&self, out: &mut Vec<u8>) {
        let anchors = &self.anchors[..self.anchors.len().min(MAX_ANCHORS)];
        out.push(anchors.len() as u8);
        for anchor in anchors {
            put_addr_port(out, anchor);
        }
        out.extend_from_slice(&(self.back_off.avoided.len() as u16).to_le_bytes());
        for (addr, avoided) in &self.back_off.avoided {
            put_addr(out, addr);
            out.push(avoided.times);
            for time in avoided.last.into_iter().chain([avoided.until]) {
                out.extend_from_slice(&time.to_le_bytes());
            }
        }
    }

    /// Reads what [`Addresses::encode`] made for this network. Addresses that are grouped otherwise now, by another
    /// asmap, are put where they belong. Addresses that are not routable any more are left out. Call
    /// [`AddrTable::clock_set`] then: the clock may have been wrong.
    ///
    /// # Errors
    /// If the bytes are not whole, or not of this network. Nothing of them is used then.
    pub fn decode(bytes: &[u8], magic: Magic, groups: NetGroups) -> Result<Self, SavedError> {
        let mut reader = Reader::new(checked(bytes)?);
        let found = Magic(reader.array()?);
        if found != magic {
            return Err(SavedError::WrongNetwork { found, expected: magic });
        }
        let key = [reader.u64()?, reader.u64()?];
        let is_grouped_alike = reader.array()? == groups.version();
        let mut addresses = Self::new(key, groups);
        addresses.table.read(&mut reader, is_grouped_alike)?;
        addresses.read_back_off(&mut reader)?;
        if reader.left().is_empty() { Ok(addresses) } else { Err(SavedError::Inconsistent) }
    }

    fn read_back_off(&mut self, reader: &mut Reader<'_>) -> Result<(), SavedError> {
        let anchors = usize::from(reader.u8()?);
        if anchors > MAX_ANCHORS {
            return Err(SavedError::Inconsistent);
        }
        for _ in 0..anchors {
            self.anchors.push(read_addr_port(reader)?);
        }
        let avoided = usize::from(u16::from_le_bytes(reader.array()?));
        if avoided > MAX_AVOIDED {
            return Err(SavedError::Inconsistent);
        }
        for _ in 0..avoided {
            let addr = read_addr(reader)?;
            let times = reader.u8()?;
            let last = [reader.u32()?, reader.u32()?, reader.u32()?];
            self.back_off.avoided.insert(addr, Avoided { times, last, until: reader.u32()? });
        }
        Ok(())
    }
}

/// Returns what lies between the version and the checksum, if that is right.
fn checked(bytes: &[u8]) -> Result<&[u8], SavedError> {
    let limit = MAX_SAVED_BYTES;
    if bytes.len() > limit {
        return Err(SavedError::TooLong { bytes: bytes.len(), limit });
    }
    let cut = SavedError::Cut(bytes.len());
    let begin = &bytes[..bytes.len().min(SIGNATURE.len())];
    if begin != &SIGNATURE[..begin.len()] {
        return Err(SavedError::NotAddresses);
    }
    let (version, rest) = bytes.get(SIGNATURE.len()..).and_then(<[u8]>::split_first).ok_or(cut)?;
    if *version != VERSION {
        return Err(SavedError::Version(*version));
    }
    let end = rest.len().checked_sub(CHECKSUM).ok_or(cut)?;
    let (content, checksum) = rest.split_at(end);
    if Sha256::digest(&bytes[..bytes.len() - CHECKSUM])[..] != *checksum {
        return Err(SavedError::Checksum);
    }
    Ok(content)
}

impl AddrTable {
    /// Fills an empty table. In one that is grouped as it was, new addresses keep their places.
    fn read(&mut self, reader: &mut Reader<'_>, is_grouped_alike: bool) -> Result<(), SavedError> {
        let (new, tried) = (reader.u32()?, reader.u32()?);
        if new > NEW_BUCKETS * BUCKET_SIZE || tried > TRIED_BUCKETS * BUCKET_SIZE {
            return Err(SavedError::Inconsistent);
        }
        // The numbers of new addresses, `None` for what is not taken.
        let mut ids = Vec::new();
        for _ in 0..new {
            ids.push(self.insert_saved(read_entry(reader)?));
        }
        for _ in 0..tried {
            let entry = read_entry(reader)?;
            let place = self.tried_place(&entry.addr);
            // One whose place is taken, after a change of groups, is lost, as in Bitcoin Core.
            if entry.last_success != 0
                && self.tried.get(place).is_none()
                && let Some(id) = self.insert_saved(entry)
            {
                self.put_tried(place, id);
            }
        }
        for bucket in 0..NEW_BUCKETS {
            let count = reader.u8()?;
            if u32::from(count) > BUCKET_SIZE {
                return Err(SavedError::Inconsistent);
            }
            for _ in 0..count {
                let id = *ids.get(reader.u32()? as usize).ok_or(SavedError::Inconsistent)?;
                if let Some(id) = id {
                    self.put_saved(id, is_grouped_alike.then_some(bucket));
                }
            }
        }
        self.drop_without_place(&ids);
        Ok(())
    }

    /// Adds an entry without a place, if it is routable and not there yet.
    fn insert_saved(&mut self, entry: Entry) -> Option<u32> {
        let is_taken = self.groups.is_routable(&entry.addr.addr) && self.entries.find(&entry.addr).is_none();
        is_taken.then(|| self.entries.insert(entry))
    }

    /// Gives a new address a place, if it is free: in this bucket, or in the one that its first source leads to.
    fn put_saved(&mut self, id: u32, bucket: Option<u32>) {
        let Some(entry) = self.entries.get(id) else { return };
        let (addr, source, places) = (entry.addr, entry.source, entry.places);
        let place = match bucket {
            Some(bucket) => self.new_place_in(bucket, &addr),
            None => self.new_place(&addr, &source),
        };
        if places < PLACES_PER_ADDRESS && self.new.get(place).is_none() {
            self.put_new(place, id);
        }
    }

    /// Counts new addresses that have a place, and forgets the others.
    fn drop_without_place(&mut self, ids: &[Option<u32>]) {
        for id in ids.iter().flatten() {
            match self.entries.get(*id) {
                Some(entry) if entry.places > 0 => self.counts.of_mut(entry.network()).new += 1,
                _ => self.entries.remove(*id),
            }
        }
    }
}
