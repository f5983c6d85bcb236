//! The entries of a table by number, and their numbers by address.

use alloc::boxed::Box;
use alloc::vec::Vec;

use hashbrown::HashTable;

use super::AddrPort;
use super::bucket_hash::BucketHash;
use super::entry::Entry;

/// Entries for which memory is taken at once.
const PAGE: usize = 1024;

/// Entries with numbers that stay the same while they are there. They lie in pages, so that a table that grows copies
/// nothing and holds no more than a page in reserve.
#[derive(Clone, Debug)]
pub(super) struct Entries {
    pages: Vec<Box<[Option<Entry>]>>,
    /// Numbers that are free, the next one last.
    free: Vec<u32>,
    len: usize,
    /// Numbers by address. Asked, never iterated.
    index: HashTable<u32>,
    hash: BucketHash,
}

impl Entries {
    pub(super) const fn new(hash: BucketHash) -> Self {
        Self { pages: Vec::new(), free: Vec::new(), len: 0, index: HashTable::new(), hash }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Returns the entry with this number, if there is one.
    pub(super) fn get(&self, id: u32) -> Option<&Entry> {
        get(&self.pages, id)
    }

    pub(super) fn get_mut(&mut self, id: u32) -> Option<&mut Entry> {
        self.pages.get_mut(id as usize / PAGE)?[id as usize % PAGE].as_mut()
    }

    /// Returns the number of an address.
    pub(super) fn find(&self, addr: &AddrPort) -> Option<u32> {
        let is_it = |id: &u32| self.get(*id).is_some_and(|entry| entry.addr == *addr);
        self.index.find(self.hash.of(addr), is_it).copied()
    }

    /// Adds an entry whose address is not there yet. Returns its number.
    pub(super) fn insert(&mut self, entry: Entry) -> u32 {
        debug_assert_eq!(self.find(&entry.addr), None, "the address is there already");
        let Self { pages, index, hash, .. } = self;
        let id = self.free.pop().unwrap_or_else(|| {
            let id = (pages.len() * PAGE) as u32;
            pages.push((0..PAGE).map(|_| None).collect());
            // The lowest is used first.
            self.free.extend((id + 1..id + PAGE as u32).rev());
            id
        });
        let key = hash.of(&entry.addr);
        pages[id as usize / PAGE][id as usize % PAGE] = Some(entry);
        index.insert_unique(key, id, |id| get(pages, *id).map_or(0, |entry| hash.of(&entry.addr)));
        self.len += 1;
        id
    }

    /// Forgets an entry, if it is there.
    pub(super) fn remove(&mut self, id: u32) {
        let Some(entry) = self.get(id) else { return };
        let key = self.hash.of(&entry.addr);
        if let Ok(place) = self.index.find_entry(key, |other| *other == id) {
            place.remove();
        }
        self.pages[id as usize / PAGE][id as usize % PAGE] = None;
        self.free.push(id);
        self.len -= 1;
    }

    /// Returns all entries, in the order of their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Entry)> {
        let slots = self.pages.iter().flatten().enumerate();
        slots.filter_map(|(id, slot)| Some((id as u32, slot.as_ref()?)))
    }

    /// Changes each entry, but not its address.
    pub(super) fn for_each_mut(&mut self, change: impl FnMut(&mut Entry)) {
        self.pages.iter_mut().flatten().flatten().for_each(change);
    }
}

fn get(pages: &[Box<[Option<Entry>]>], id: u32) -> Option<&Entry> {
    pages.get(id as usize / PAGE)?[id as usize % PAGE].as_ref()
}
