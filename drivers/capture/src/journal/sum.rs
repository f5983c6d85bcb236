//! A running sum that costs next to nothing.

/// Two words through which every byte goes, in turns of eight.
///
/// It is no cryptographic hash, which would cost a tenth of the speed of a replay: it is to notice that a
/// program says something else than it did, and nobody is there to forge that. For given bytes no two sums
/// become the same, so what differed once differs from there on. A multiplier spreads each bit to those above
/// it, a turn brings them down again; two words with other multipliers and turns do not agree on what cancels
/// out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sum([u64; 2]);

const MULTIPLIERS: [u64; 2] = [0x9e37_79b9_7f4a_7c15, 0xc2b2_ae3d_27d4_eb4f];

impl Default for Sum {
    /// Of nothing. Zero would stay zero, however many zeros are added.
    fn default() -> Self {
        Self(MULTIPLIERS.map(|multiplier| !multiplier))
    }
}

impl Sum {
    /// Takes a value of another sum.
    pub(super) fn chain(&mut self, value: [u8; 16]) {
        for word in value.as_chunks().0 {
            self.add(u64::from_le_bytes(*word));
        }
    }

    /// Takes all bytes of an item. Where one ends and the next starts counts as well.
    pub(super) fn update(&mut self, item: &[u8]) {
        let (words, rest) = item.as_chunks();
        for word in words {
            self.add(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.add(u64::from_le_bytes(last));
        self.add(item.len() as u64);
    }

    /// The sum of everything so far.
    pub(super) fn value(self) -> [u8; 16] {
        let Self([a, b]) = self;
        let mut value = [0; 16];
        value[..8].copy_from_slice(&mixed(a ^ b.rotate_left(32)).to_le_bytes());
        value[8..].copy_from_slice(&mixed(b).to_le_bytes());
        value
    }

    fn add(&mut self, word: u64) {
        let Self([a, b]) = *self;
        self.0 = [
            (a ^ word).wrapping_mul(MULTIPLIERS[0]).rotate_left(32),
            (b ^ word).wrapping_mul(MULTIPLIERS[1]).rotate_left(23),
        ];
    }
}

/// Each bit of the word in all bits of the result: the finish of `MurmurHash3`.
const fn mixed(mut word: u64) -> u64 {
    word = (word ^ word >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    word = (word ^ word >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    word ^ word >> 33
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn sum(items: &[&[u8]]) -> [u8; 16] {
        let mut sum = Sum::default();
        for item in items {
            sum.update(item);
        }
        sum.value()
    }

    /// Every bit of the sum depends on every bit of the items.
    #[test]
    fn each_bit_matters() {
        let mut item: Vec<_> = (0..61).map(|byte: u8| byte.wrapping_mul(37)).collect();
        let whole = sum(&[&item, b"next"]);
        let mut seen = BTreeSet::from([whole]);
        let mut flips = [0_u32; 128];
        for bit in 0..8 * item.len() {
            item[bit / 8] ^= 1 << (bit % 8);
            let other = sum(&[&item, b"next"]);
            assert!(seen.insert(other), "bit {bit}");
            assert_ne!(other[..2], whole[..2], "bit {bit} in the mark");
            for (place, flips) in flips.iter_mut().enumerate() {
                *flips += u32::from((other[place / 8] ^ whole[place / 8]) >> (place % 8) & 1);
            }
            item[bit / 8] ^= 1 << (bit % 8);
        }
        // 488 tosses of a coin: five sigma are 55.
        assert!(flips.iter().all(|flips| (189..=299).contains(flips)), "{flips:?}");
    }

    #[test]
    fn order_and_ends_of_items_matter() {
        let sums = [
            sum(&[b"one item", b"another!"]),
            sum(&[b"another!", b"one item"]),
            sum(&[b"one itemanother!"]),
            sum(&[b"one item", b"another!", b""]),
            sum(&[b"", b"one item", b"another!"]),
            sum(&[b"one item", b"another!\0"]),
            sum(&[b"one ite", b"manother!"]),
            sum(&[]),
            sum(&[b""]),
            sum(&[b"", b""]),
            sum(&[b"\0"]),
        ];
        assert_eq!(BTreeSet::from(sums).len(), sums.len());
    }

    /// The highest bit of a word stays alone in a product: what undoes it in one half does not in the other.
    #[test]
    fn no_second_change_takes_the_first_back() {
        let whole = sum(&[&[0; 24]]);
        for first in 0..64 {
            for second in 0..64 {
                let mut item = [0; 24];
                item[..8].copy_from_slice(&(1_u64 << first).to_le_bytes());
                item[8..16].copy_from_slice(&(1_u64 << second).to_le_bytes());
                let other = sum(&[&item]);
                assert_ne!(other, whole, "bits {first} and {second}");
                assert_ne!(other[..8], whole[..8], "bits {first} and {second}");
            }
        }
    }
}
