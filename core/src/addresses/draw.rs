//! One random word, expanded: a decision that needs many numbers draws one from outside.

/// The numbers that follow from one random word: SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom
/// number generators", OOPSLA 2014). A journal grows by one word for each decision.
#[derive(Clone, Debug)]
pub(super) struct Draw(u64);

impl Draw {
    pub(super) const fn new(random: u64) -> Self {
        Self(random)
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// Returns a number below `range`, 0 if that is 0. The bias is below 2⁻³² for ranges of 32 bits.
    pub(super) const fn below(&mut self, range: u32) -> u32 {
        ((self.next() as u128 * range as u128) >> 64) as u32
    }
}

/// Puts the first `n` of `items` into random order, each drawn from all that are left: a shuffle that stops early.
pub(super) fn shuffle_first<T>(items: &mut [T], n: usize, draw: &mut Draw) {
    for i in 0..n.min(items.len()) {
        items.swap(i, i + draw.below((items.len() - i) as u32) as usize);
    }
}
