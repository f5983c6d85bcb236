//! When announcements came, counted from the first: exact while they are few, in classes of 1 % when many.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

/// Announcements that are kept one by one.
pub(super) const EXACT: usize = 64;

/// Classes for each power of two. The middle of a class is less than 1/128 off its ends.
const CLASSES: u32 = 64;

/// Classes for all offsets of 32 bits: below 64 each has its own.
const ALL: usize = ((32 - CLASSES.ilog2() + 1) * CLASSES) as usize;

/// Offsets in microseconds: those above 2³² µs (71 minutes) count as that.
#[derive(Clone, Debug)]
pub(super) struct Offsets {
    /// All, in ascending order; empty when there are [classes](Self::classes).
    exact: Vec<u32>,
    /// How many of each class; `None` up to [`EXACT`].
    classes: Option<Box<[u32]>>,
    count: u32,
    max: u32,
}

impl Offsets {
    pub(super) const fn new() -> Self {
        Self { exact: Vec::new(), classes: None, count: 0, max: 0 }
    }

    pub(super) const fn count(&self) -> u32 {
        self.count
    }

    pub(super) fn add(&mut self, offset: u32) {
        self.count += 1;
        self.max = self.max.max(offset);
        if let Some(classes) = &mut self.classes {
            classes[class_of(offset)] += 1;
            return;
        }
        if self.exact.len() == EXACT {
            let mut classes = vec![0; ALL].into_boxed_slice();
            for offset in core::mem::take(&mut self.exact).into_iter().chain([offset]) {
                classes[class_of(offset)] += 1;
            }
            self.classes = Some(classes);
            return;
        }
        // Time does not go back: mostly at the end.
        let place = self.exact.partition_point(|other| *other <= offset);
        self.exact.insert(place, offset);
    }

    /// The offset by which so many of a hundred had announced (nearest rank): exact up to [`EXACT`]
    /// announcements, within 1 % above. 0 of none.
    pub(super) fn percentile(&self, percent: u32) -> u32 {
        let rank = (u64::from(self.count) * u64::from(percent)).div_ceil(100).max(1);
        let Some(classes) = &self.classes else {
            return self.exact.get(rank as usize - 1).copied().unwrap_or(0);
        };
        let mut below = 0;
        let class = classes.iter().position(|count| {
            below += u64::from(*count);
            below >= rank
        });
        class.map_or(self.max, |class| middle_of(class).min(self.max))
    }

    pub(super) const fn max(&self) -> u32 {
        self.max
    }

    /// Bytes on the heap, at most, but for the least room of a list; twice its length, whatever room it has.
    pub(super) fn bytes(&self) -> usize {
        4 * (2 * self.exact.len() + self.classes.as_ref().map_or(0, |classes| classes.len()))
    }
}

/// Below 64 the offset itself; above, 64 classes for each power of two.
const fn class_of(offset: u32) -> usize {
    let Some(power) = offset.checked_ilog2() else { return 0 };
    let Some(shift) = power.checked_sub(CLASSES.ilog2()) else { return offset as usize };
    (shift * CLASSES + (offset >> shift)) as usize
}

const fn middle_of(class: usize) -> u32 {
    let class = class as u32;
    let Some(shift) = (class / CLASSES).checked_sub(1) else { return class };
    ((CLASSES + class % CLASSES) << shift) + ((1 << shift) >> 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_within_one_percent() {
        let mut last = 0;
        for offset in (0..100_000).chain((100_000..u32::MAX).step_by(9973)).chain([u32::MAX]) {
            let class = class_of(offset);
            assert!(class == last || class >= last && class < ALL, "{offset}");
            last = class;
            assert!(u64::from(offset.abs_diff(middle_of(class))) * 100 <= u64::from(offset), "{offset}");
        }
        assert_eq!(last, ALL - 1);
    }

    #[test]
    fn percentiles_are_the_nearest_ranks() {
        for count in [1, 2, 3, 10, 63, 64, 65, 100, 5000_u32] {
            let mut offsets = Offsets::new();
            let value = |n: u32| n * n * 7;
            (0..count).for_each(|n| offsets.add(value(n)));
            assert_eq!((offsets.count(), offsets.max()), (count, value(count - 1)));
            for percent in [1, 10, 50, 90, 99, 100] {
                let expected = value((count * percent).div_ceil(100) - 1);
                let found = offsets.percentile(percent);
                let tolerance = if count as usize > EXACT { expected / 100 } else { 0 };
                assert!(found.abs_diff(expected) <= tolerance, "{percent} of {count}: {found}, {expected}");
            }
        }
        assert_eq!(Offsets::new().percentile(50), 0);
    }
}
