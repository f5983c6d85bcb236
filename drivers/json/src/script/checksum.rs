//! The checksum of descriptors (BIP380): eight characters that find any three wrong ones.
//!
//! Our own, because it is these few lines. `miniscript` has it too and brings the whole of `bitcoin`
//! along; the engine of `bech32` wants to be told how errors are corrected, which nobody does here.

/// All characters of a descriptor, in three groups: within a group mistakes are likely.
const GROUPS: &[u8; 95] =
    b"0123456789()[],'/*abcdefgh@:$%{}IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~ijklmnopqrstuvwxyzABCDEFGH`#\"\\ ";

/// The characters of the checksum: those of bech32.
const CHARACTERS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// The generator of the code, times each bit of what is shifted out.
const GENERATOR: [u64; 5] = [0xf5_dee5_1989, 0xa9_fdca_3312, 0x1b_ab10_e32d, 0x37_06b1_677a, 0x64_4d62_6ffd];

/// The place of each character in [`GROUPS`].
const PLACES: [u8; 128] = {
    let mut places = [0; 128];
    let mut place = 0;
    while place < GROUPS.len() {
        places[GROUPS[place] as usize] = place as u8;
        place += 1;
    }
    places
};

/// The checksum of a descriptor. All of its characters must be those that descriptors have.
pub(super) fn of(descriptor: &str) -> String {
    let mut residue = 1;
    for three in descriptor.as_bytes().chunks(3) {
        let mut groups = 0;
        for byte in three {
            let place = PLACES.get(usize::from(*byte)).copied().unwrap_or_default();
            residue = shift_in(residue, place % 32);
            groups = groups * 3 + place / 32;
        }
        residue = shift_in(residue, groups);
    }
    for _ in 0..8 {
        residue = shift_in(residue, 0);
    }
    residue ^= 1;
    (0..8).rev().map(|i| char::from(CHARACTERS[(residue >> (5 * i)) as usize % 32])).collect()
}

/// Multiplies the residue, eight times five bits, by x and adds a value.
fn shift_in(residue: u64, value: u8) -> u64 {
    const TOP: u32 = 35;
    let shifted = (residue & ((1 << TOP) - 1)) << 5 ^ u64::from(value);
    let out = residue >> TOP;
    let bits = (0..GENERATOR.len()).filter(|bit| out >> bit & 1 == 1);
    bits.fold(shifted, |residue, bit| residue ^ GENERATOR[bit])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// BIP380, "Test Vectors", and Bitcoin Core `src/test/descriptor_tests.cpp`.
    #[test]
    fn published_checksums() {
        assert_eq!(of("raw(deadbeef)"), "89f8spxm");
        assert_eq!(
            of(
                "sh(multi(2,[00000000/111'/222]xprvA1RpRA33e1JQ7ifknakTFpgNXPmW2YvmhqLQYMmrj4xJXXWYpDPS3xz7iAxn8L39njGVyuoseXzU6rcxFLJ8HFsTjSyQbLYnMpCqE2VbFWc,xprv9uPDJpEQgRQfDcW7BkF7eTya6RPxXeJCqCJGHuCJ4GiRVLzkTXBAJMu2qaMWPrS7AANYqdq6vcBcBUdJCVVFceUvJFjaPdGZ2y9WACViL4L/0))"
            ),
            "ggrsrxfy"
        );
        assert_eq!(
            of(
                "sh(multi(2,[00000000/111'/222]xpub6ERApfZwUNrhLCkDtcHTcxd75RbzS1ed54G1LkBUHQVHQKqhMkhgbmJbZRkrgZw4koxb5JaHWkY4ALHY2grBGRjaDMzQLcgJvLJuZZvRcEL,xpub68NZiKmJWnxxS6aaHmn81bvJeTESw724CRDs6HbuccFQN9Ku14VQrADWgqbhhTHBaohPX4CjNLf9fq9MYo6oDaPPLPxSb7gwQN3ih19Zm4Y/0))"
            ),
            "tjg09x5t"
        );
    }
}
