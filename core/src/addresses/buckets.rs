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
    /// How many places of each bucket the entries of each network hold: a byte each.
    taken: Box<[u64]>,
}

impl Buckets {
    pub(super) fn new(count: u32) -> Self {
        Self {
            slots: vec![EMPTY; (count * BUCKET_SIZE) as usize].into_boxed_slice(),
            taken: vec![0; count as usize].into_boxed_slice(),
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
        self.taken[place.bucket as usize] += one(network);
    }

    /// Takes out the entry of this network that stands at a place.
    pub(super) fn take(&mut self, place: Place, network: AddrNetwork) {
        debug_assert!(self.get(place).is_some(), "the place is empty");
        self.slots[place.index()] = EMPTY;
        self.taken[place.bucket as usize] -= one(network);
    }

    /// Returns the buckets in which an entry of one of these networks stands, in order.
    pub(super) fn with_any(&self, networks: Networks) -> impl Iterator<Item = u32> {
        let all = AddrNetwork::ALL.into_iter().filter(|network| networks.contains(*network));
        let wanted = all.fold(0, |wanted, network| wanted | (0xff * one(network)));
        (0..).zip(&self.taken).filter(move |(_, taken)| **taken & wanted != 0).map(|(bucket, _)| bucket)
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

/// One in the byte of a network.
const fn one(network: AddrNetwork) -> u64 {
    1 << (8 * network as u32)
}
