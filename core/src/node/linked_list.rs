//! Doubly linked lists through the records of a slab: links are indices, and a list allocates nothing.

/// The index of no record.
pub(super) const NIL: u32 = u32::MAX;

/// The place of a record in one list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    prev: u32,
    next: u32,
}

impl Link {
    /// The link of a record that is in no list.
    pub(super) const NONE: Self = Self { prev: NIL, next: NIL };

    /// Renames the neighbours.
    pub(super) fn rename(&mut self, new_name: impl Fn(u32) -> u32) {
        *self = Self { prev: new_name(self.prev), next: new_name(self.next) };
    }
}

/// A record with as many links as lists that it may be in at the same time.
pub(super) trait Linked {
    fn links(&self) -> &[Link];
    fn links_mut(&mut self) -> &mut [Link];
}

/// A list through link number `N` of its records.
///
/// A record is in at most one list for each of its links. Each method takes the slab's records.
#[derive(Clone, Copy, Debug)]
pub(super) struct List<const N: usize> {
    first: u32,
    last: u32,
}

impl<const N: usize> List<N> {
    pub(super) const EMPTY: Self = Self { first: NIL, last: NIL };

    /// The first record, or [`NIL`].
    pub(super) const fn first(self) -> u32 {
        self.first
    }

    /// The record after this one, or [`NIL`].
    pub(super) fn next<T: Linked>(records: &[T], at: u32) -> u32 {
        records[at as usize].links()[N].next
    }

    pub(super) fn push_back<T: Linked>(&mut self, records: &mut [T], at: u32) {
        records[at as usize].links_mut()[N] = Link { prev: self.last, next: NIL };
        match records.get_mut(self.last as usize) {
            Some(last) => last.links_mut()[N].next = at,
            None => self.first = at,
        }
        self.last = at;
    }

    pub(super) fn push_front<T: Linked>(&mut self, records: &mut [T], at: u32) {
        records[at as usize].links_mut()[N] = Link { prev: NIL, next: self.first };
        match records.get_mut(self.first as usize) {
            Some(first) => first.links_mut()[N].prev = at,
            None => self.last = at,
        }
        self.first = at;
    }

    pub(super) fn remove<T: Linked>(&mut self, records: &mut [T], at: u32) {
        let link = core::mem::replace(&mut records[at as usize].links_mut()[N], Link::NONE);
        match records.get_mut(link.prev as usize) {
            Some(prev) => prev.links_mut()[N].next = link.next,
            None => self.first = link.next,
        }
        match records.get_mut(link.next as usize) {
            Some(next) => next.links_mut()[N].prev = link.prev,
            None => self.last = link.prev,
        }
    }

    /// Renames the ends.
    pub(super) fn rename(&mut self, new_name: impl Fn(u32) -> u32) {
        *self = Self { first: new_name(self.first), last: new_name(self.last) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;

    struct Record([Link; 2]);

    impl Linked for Record {
        fn links(&self) -> &[Link] {
            &self.0
        }

        fn links_mut(&mut self) -> &mut [Link] {
            &mut self.0
        }
    }

    fn contents<const N: usize>(list: List<N>, records: &[Record]) -> Vec<u32> {
        let (mut found, mut at) = (Vec::new(), list.first());
        while at != NIL {
            found.push(at);
            at = List::<N>::next(records, at);
        }
        found
    }

    #[test]
    fn two_lists_through_the_same_records() {
        let mut records: Vec<_> = (0..5).map(|_| Record([Link::NONE; 2])).collect();
        let (mut one, mut two) = (List::<0>::EMPTY, List::<1>::EMPTY);
        for at in 0..5 {
            one.push_back(&mut records, at);
            two.push_front(&mut records, at);
        }
        for at in [0, 2, 4] {
            one.remove(&mut records, at);
        }
        assert_eq!(contents(one, &records), [1, 3]);
        assert_eq!(contents(two, &records), [4, 3, 2, 1, 0]);
        for at in [3, 1] {
            one.remove(&mut records, at);
        }
        assert_eq!(contents(one, &records), vec![0; 0]);
        one.push_front(&mut records, 2);
        one.push_back(&mut records, 0);
        assert_eq!(contents(one, &records), [2, 0]);
    }
}
