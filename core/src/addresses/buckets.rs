//! The buckets of a table: a fixed number of places, each empty or with the number of an entry.

use alloc::boxed::Box;
use alloc::vec;

use super::{AddrNetwork, Networks};

/// Buckets of the new table (Bitcoin Core `src/addrman_impl.h`).
pub(super) const NEW_BUCKETS: u32 = 1024;
/// Buckets of the tried table.
pub(super) const TRIED_BUCKETS: u32 = 256;
/// Places in a bucket.
pub(super) const BUCKET_SIZE: u32 = 64;

const EMPTY: u32 = u32::MAX;

/// Where in a table an entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) bucket: u32,
    pub(super) position: u32,
}

impl Place {
    const fn index(self) -> usize {
        (self.bucket * BUCKET_SIZE + self.position) as usize
    }
}

/// The new or the tried table.
#[derive(Clone, Debug)]
pub(super) struct Buckets {
    slots: Box<[u32]>,
    /// How many places of each bucket the entries of each network hold.
    taken: Box<[[u8; AddrNetwork::COUNT]]>,
    /// The buckets in which entries of each network stand.
    filled: [BucketSet; AddrNetwork::COUNT],
}

impl Buckets {
    pub(super) fn new(count: u32) -> Self {
        Self {
            slots: vec![EMPTY; (count * BUCKET_SIZE) as usize].into_boxed_slice(),
            taken: vec![[0; AddrNetwork::COUNT]; count as usize].into_boxed_slice(),
            filled: [BucketSet::EMPTY; AddrNetwork::COUNT],
        }
    }

    /// Returns the entry at a place.
    pub(super) fn get(&self, place: Place) -> Option<u32> {
        Some(self.slots[place.index()]).filter(|id| *id != EMPTY)
    }

    /// Puts an entry of this network into an empty place.
    pub(super) fn put(&mut self, place: Place, id: u32, network: AddrNetwork) {
        debug_assert_eq!(self.get(place), None, "the place is taken");
        self.slots[place.index()] = id;
        self.taken[place.bucket as usize][network as usize] += 1;
        self.filled[network as usize].insert(place.bucket);
    }

    /// Takes out the entry of this network that stands at a place.
    pub(super) fn take(&mut self, place: Place, network: AddrNetwork) {
        debug_assert!(self.get(place).is_some(), "the place is empty");
        self.slots[place.index()] = EMPTY;
        let left = &mut self.taken[place.bucket as usize][network as usize];
        *left -= 1;
        if *left == 0 {
            self.filled[network as usize].remove(place.bucket);
        }
    }

    /// Returns the buckets in which an entry of one of these networks stands.
    pub(super) fn filled(&self, networks: Networks) -> BucketSet {
        let wanted = AddrNetwork::ALL.into_iter().filter(|network| networks.contains(*network));
        wanted.fold(BucketSet::EMPTY, |set, network| set.or(&self.filled[network as usize]))
    }

    /// Returns the entries of a bucket in the order of their positions.
    pub(super) fn bucket(&self, bucket: u32) -> impl Iterator<Item = (Place, u32)> {
        self.bucket_from(bucket, 0)
    }

    /// Returns the entries of a bucket from a position on, and round.
    pub(super) fn bucket_from(&self, bucket: u32, start: u32) -> impl Iterator<Item = (Place, u32)> {
        (0..BUCKET_SIZE).filter_map(move |step| {
            let place = Place { bucket, position: (start + step) % BUCKET_SIZE };
            Some((place, self.get(place)?))
        })
    }
}

/// A set of buckets of one table, a bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BucketSet([u64; NEW_BUCKETS as usize / 64]);

impl BucketSet {
    const EMPTY: Self = Self([0; NEW_BUCKETS as usize / 64]);

    const fn insert(&mut self, bucket: u32) {
        self.0[bucket as usize / 64] |= 1 << (bucket % 64);
    }

    const fn remove(&mut self, bucket: u32) {
        self.0[bucket as usize / 64] &= !(1 << (bucket % 64));
    }

    fn or(mut self, other: &Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(word, other)| *word |= other);
        self
    }

    /// Returns how many there are.
    pub(super) fn count(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    /// Returns the nth of them, counted from 0.
    pub(super) fn nth(&self, mut n: u32) -> Option<u32> {
        for (i, word) in (0..).zip(self.0) {
            let ones = word.count_ones();
            if n < ones {
                let rest = (0..n).fold(word, |word, _| word & (word - 1));
                return Some(64 * i + rest.trailing_zeros());
            }
            n -= ones;
        }
        None
    }
}
