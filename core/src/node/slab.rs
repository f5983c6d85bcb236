//! Records by index, whose places are used again.

use alloc::vec::Vec;
use core::ops::{Index, IndexMut};

/// Records by index. The owner knows which indices are in use.
#[derive(Clone, Debug)]
pub(super) struct Slab<T> {
    records: Vec<T>,
    /// Places that are not in use; the last one is used first.
    free: Vec<u32>,
}

impl<T> Slab<T> {
    pub(super) const fn new() -> Self {
        Self { records: Vec::new(), free: Vec::new() }
    }

    /// An empty slab with room for so many.
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self { records: Vec::with_capacity(capacity), free: Vec::new() }
    }

    /// How many are in use.
    pub(super) fn len(&self) -> usize {
        self.records.len() - self.free.len()
    }

    /// Whether so few places are in use that the others are worth giving back.
    pub(super) fn is_sparse(&self) -> bool {
        /// Places too few to be worth it.
        const FEW: usize = 384;
        self.records.len() > 4 * self.len() + FEW
    }

    /// Puts a record into a free place. There must be fewer than 2³² - 1 in use.
    pub(super) fn insert(&mut self, record: T) -> u32 {
        if let Some(at) = self.free.pop() {
            self.records[at as usize] = record;
            at
        } else {
            let len = self.records.len();
            if len == self.records.capacity() {
                // By a quarter, not by doubling: with many peers this is most of the memory.
                self.records.reserve_exact(len / 4 + 16);
            }
            self.records.push(record);
            len as u32
        }
    }

    /// Frees a place that is in use.
    pub(super) fn remove(&mut self, at: u32) {
        self.free.push(at);
    }

    /// Bytes that it holds.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.records.capacity() * size_of::<T>() + self.free.capacity() * size_of::<u32>()
    }

    /// All places, those in use and the others.
    pub(super) fn as_slice(&self) -> &[T] {
        &self.records
    }

    /// All places, those in use and the others, to be changed.
    pub(super) fn places(&mut self) -> &mut [T] {
        &mut self.records
    }
}

impl<T> Index<u32> for Slab<T> {
    type Output = T;

    fn index(&self, at: u32) -> &T {
        &self.records[at as usize]
    }
}

impl<T> IndexMut<u32> for Slab<T> {
    fn index_mut(&mut self, at: u32) -> &mut T {
        &mut self.records[at as usize]
    }
}
