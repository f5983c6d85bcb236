//! The last transaction ids: a keyed hash of 32-byte ids, and a bounded memory of them.

use alloc::boxed::Box;
use alloc::vec;

use hashbrown::HashTable;

use crate::wire::Hash;

/// A keyed 64-bit hash of 32-byte ids: who does not know the key cannot make two ids collide.
///
/// The sum of two products of keyed words is the NH hash of UMAC (Black, Halevi, Krawczyk, Krovetz,
/// Rogaway, CRYPTO '99): for any two ids, one key in 2⁶⁴ makes the 128-bit sums equal. Folding to 64
/// bits and one multiplication spread it over the bits that a table looks at.
#[derive(Clone, Copy, Debug)]
pub(super) struct IdHash {
    key: [u64; 4],
}

impl IdHash {
    pub(super) const fn new(key: [u64; 4]) -> Self {
        Self { key }
    }

    /// The id with its keyed hash.
    pub(super) fn keyed(self, id: &Hash) -> KeyedId<'_> {
        KeyedId { hash: id, key: self.of(id) }
    }

    pub(super) fn of(self, id: &Hash) -> u64 {
        let mut words = [0; 4];
        for ((word, bytes), key) in words.iter_mut().zip(id.0.as_chunks::<8>().0).zip(self.key) {
            *word = u64::from_le_bytes(*bytes).wrapping_add(key);
        }
        let product = |a: u64, b: u64| u128::from(a) * u128::from(b);
        let sum = product(words[0], words[1]).wrapping_add(product(words[2], words[3]));
        let folded = (sum >> 64) as u64 ^ sum as u64;
        (folded ^ folded >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

/// An id and its keyed hash, computed once for all tables that it is looked up in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeyedId<'a> {
    pub(super) hash: &'a Hash,
    pub(super) key: u64,
}

/// The last ids that were seen, each as its 64-bit keyed hash with what is known of it; the memory is reserved at
/// the start.
#[derive(Debug)]
pub(super) struct RecentIds<T = ()> {
    /// The hashes in the order in which they came; the next one replaces the oldest.
    ring: Box<[u64]>,
    values: Box<[T]>,
    next: usize,
    /// Places in `ring`. Looked up, never iterated.
    index: HashTable<u32>,
}

impl<T: Clone + Default> RecentIds<T> {
    /// Remembers the last `capacity` ids, at least one.
    pub(super) fn new(hash: IdHash, capacity: usize) -> Self {
        let capacity = capacity.clamp(1, u32::MAX as usize);
        let mut known = Self {
            ring: vec![0; capacity].into_boxed_slice(),
            values: vec![T::default(); capacity].into_boxed_slice(),
            next: 0,
            // Twice the room, and a place for the one that comes before the oldest goes: a table that is at most
            // half full clears out its removed entries in place and never grows.
            index: HashTable::with_capacity(2 * (capacity + 1)),
        };
        // It starts full, of ids that nothing has. Each later one takes the place of the oldest, and all the memory
        // that there will ever be is in use from the first moment.
        for n in 0..capacity {
            let mut nobody = [0xff; 32];
            nobody[..8].copy_from_slice(&(n as u64).to_le_bytes());
            known.put(hash.of(&Hash(nobody)), T::default());
        }
        known
    }

    /// Whether the id with this keyed hash is among them.
    pub(super) fn contains(&self, hash: u64) -> bool {
        self.place(hash).is_some()
    }

    /// Returns the facts known of the id with this keyed hash, if it is among them.
    pub(super) fn get(&self, hash: u64) -> Option<&T> {
        self.place(hash).map(|place| &self.values[place])
    }

    /// Returns the facts known of the id with this keyed hash, to be changed.
    pub(super) fn get_mut(&mut self, hash: u64) -> Option<&mut T> {
        self.place(hash).map(|place| &mut self.values[place])
    }

    /// Remembers the id with this keyed hash, which is not among them, in place of the oldest.
    pub(super) fn insert(&mut self, hash: u64, value: T) {
        let place = self.next as u32;
        let oldest = self.ring[self.next];
        if let Ok(entry) = self.index.find_entry(oldest, |&found| found == place) {
            entry.remove();
        }
        self.put(hash, value);
    }

    fn place(&self, hash: u64) -> Option<usize> {
        self.index.find(hash, |&place| self.ring[place as usize] == hash).map(|&place| place as usize)
    }

    /// Writes the next place, which is in the index no more.
    fn put(&mut self, hash: u64, value: T) {
        self.ring[self.next] = hash;
        self.values[self.next] = value;
        let ring = &self.ring;
        self.index.insert_unique(hash, self.next as u32, |&place| ring[place as usize]);
        self.next = (self.next + 1) % self.ring.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u64; 4] =
        [0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7344, 0xa409_3822_299f_31d0, 0x082e_fa98_ec4e_6c89];

    fn id(n: u32) -> u64 {
        let mut bytes = [0; 32];
        bytes[7..11].copy_from_slice(&n.to_le_bytes());
        IdHash::new(KEY).of(&Hash(bytes))
    }

    #[test]
    fn remembers_exactly_the_last_ones() {
        let mut known = RecentIds::new(IdHash::new(KEY), 100);
        let allocated = known.index.allocation_size();
        for n in 0..5000 {
            assert_eq!(known.get(id(n)), None, "{n} is new");
            known.insert(id(n), n);
            assert_eq!(known.get(id(n)), Some(&n), "{n} is known");
            if let Some(forgotten) = n.checked_sub(100) {
                assert!(known.contains(id(forgotten + 1)), "{n}");
                assert!(!known.contains(id(forgotten)), "{n}");
            }
        }
        assert_eq!((known.index.len(), known.index.allocation_size()), (100, allocated));
    }

    #[test]
    fn the_key_matters() {
        let hash = |key| IdHash::new(key).of(&Hash([7; 32]));
        for i in 0..4 {
            let mut other = KEY;
            other[i] ^= 1 << 40;
            assert_ne!(hash(KEY), hash(other), "word {i}");
        }
    }
}
