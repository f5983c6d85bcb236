//! Places for things, numbered, used again.

use alloc::vec::Vec;
use core::ops::{Index, IndexMut};

/// The number of no place.
pub(super) const NONE: u32 = u32::MAX;

/// Things in numbered places. A place that is given back is the next to be used. When none is used the memory is
/// given back, unless it is little.
#[derive(Debug)]
pub(super) struct Slab<T> {
    places: Vec<Option<T>>,
    free: Vec<u32>,
}

/// Places that are kept, however few are used.
const FEW: usize = 1024;

impl<T> Slab<T> {
    /// Puts a thing into a free place. There are fewer than 2³² − 1: each takes bytes that a peer has sent.
    pub(super) fn insert(&mut self, thing: T) -> u32 {
        if let Some(place) = self.free.pop() {
            self.places[place as usize] = Some(thing);
            return place;
        }
        let place = self.places.len() as u32;
        assert!(place < NONE, "as many places as there are numbers");
        self.places.push(Some(thing));
        place
    }

    /// Gives a place back.
    pub(super) fn remove(&mut self, place: u32) -> Option<T> {
        let thing = self.places.get_mut(place as usize)?.take()?;
        self.free.push(place);
        if self.free.len() == self.places.len() {
            self.places.clear();
            self.free.clear();
            self.places.shrink_to(FEW);
            self.free.shrink_to(FEW);
        }
        Some(thing)
    }

    pub(super) fn get(&self, place: u32) -> Option<&T> {
        self.places.get(place as usize)?.as_ref()
    }
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { places: Vec::new(), free: Vec::new() }
    }
}

impl<T> Index<u32> for Slab<T> {
    type Output = T;

    fn index(&self, place: u32) -> &T {
        self.places[place as usize].as_ref().expect("a place in use")
    }
}

impl<T> IndexMut<u32> for Slab<T> {
    fn index_mut(&mut self, place: u32) -> &mut T {
        self.places[place as usize].as_mut().expect("a place in use")
    }
}
