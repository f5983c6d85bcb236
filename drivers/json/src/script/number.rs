//! Numbers in scripts: little-endian, of at most four bytes, with the sign in the highest bit.

use super::ops::{OP_0, OP_1, OP_16, OP_PUSHDATA1, OP_PUSHDATA2, OP_PUSHDATA4, Op};

/// The longest number that an opcode takes, in bytes.
pub(super) const MAX_NUMBER: usize = 4;

/// The number that these bytes are; none for more than [`MAX_NUMBER`]. Any encoding does: zero has
/// several, and one of them is negative.
pub(super) fn decode(bytes: &[u8]) -> Option<i32> {
    let mut padded = [0; MAX_NUMBER];
    padded.get_mut(..bytes.len())?.copy_from_slice(bytes);
    let Some(highest) = bytes.len().checked_sub(1) else { return Some(0) };
    let is_negative = padded[highest] & 0x80 != 0;
    padded[highest] &= 0x7f;
    let absolute = i32::from_le_bytes(padded);
    Some(if is_negative { -absolute } else { absolute })
}

/// The positive number that an opcode pushes, if it does so in the shortest form there is
/// (Bitcoin Core `src/script/solver.cpp` `GetScriptNumber`). Zero is none: no count of keys is zero.
pub(super) fn count(op: &Op<'_>) -> Option<u32> {
    let number = match op.code {
        OP_1..=OP_16 => i32::from(op.code - OP_1 + 1),
        OP_0 => return None,
        ..=OP_PUSHDATA4 if is_shortest_push(op) && is_shortest(op.push) => decode(op.push)?,
        _ => return None,
    };
    u32::try_from(number).ok().filter(|number| *number > 0)
}

/// Whether no byte of the number could be left out.
fn is_shortest(number: &[u8]) -> bool {
    match number {
        // A last byte without a value is there for its sign only, if the bit in front is taken.
        [.., before, last] => last & 0x7f != 0 || before & 0x80 != 0,
        [last] => last & 0x7f != 0,
        [] => true,
    }
}

/// Whether no shorter opcode pushes the same (Bitcoin Core `src/script/script.cpp`
/// `CheckMinimalPush`).
fn is_shortest_push(op: &Op<'_>) -> bool {
    match op.push {
        [] => op.code == OP_0,
        // These have opcodes of their own.
        [1..=16 | 0x81] => false,
        push => match push.len() {
            len @ ..=75 => usize::from(op.code) == len,
            76..=255 => op.code == OP_PUSHDATA1,
            256..=65_535 => op.code == OP_PUSHDATA2,
            _ => true,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bitcoin Core `src/script/script.h` `CScriptNum`; the values of `src/test/script_tests.cpp`
    /// and BIP62.
    #[test]
    fn numbers_have_their_sign_in_the_highest_bit() {
        for (bytes, number) in [
            (&[][..], 0),
            (&[0x00], 0),
            (&[0x80], 0),
            (&[0, 0, 0, 0x80], 0),
            (&[0x01], 1),
            (&[0x81], -1),
            (&[0x7f], 127),
            (&[0xff], -127),
            (&[0x80, 0x00], 128),
            (&[0x80, 0x80], -128),
            (&[0xff, 0x00], 255),
            (&[0xff, 0x80], -255),
            (&[0xee, 0xee], -28_398),
            (&[0x20, 0xa1, 0x07], 500_000),
            (&[0xff, 0xff, 0xff, 0x7f], i32::MAX),
            (&[0xff, 0xff, 0xff, 0xff], -i32::MAX),
        ] {
            assert_eq!(decode(bytes), Some(number), "{bytes:02x?}");
        }
        assert_eq!(decode(&[0; 5]), None);
    }

    #[test]
    fn counts_are_positive_and_short() {
        let count_of = |code, push: &[u8]| count(&Op { code, push });
        assert_eq!((count_of(OP_1, &[]), count_of(OP_16, &[])), (Some(1), Some(16)));
        assert_eq!((count_of(1, &[17]), count_of(2, &[0xff, 0])), (Some(17), Some(255)));
        for (code, push) in [
            (OP_0, &[][..]),
            (0x4f, &[]),
            (0x50, &[]),
            (0x61, &[]),
            (1, &[16]),
            (1, &[0x81]),
            (1, &[0x91]),
            (1, &[0]),
            (2, &[17, 0]),
            (2, &[0, 0x80]),
            (OP_PUSHDATA1, &[17]),
            (OP_PUSHDATA1, &[]),
            (5, &[1, 1, 1, 1, 1]),
        ] {
            assert_eq!(count_of(code, push), None, "{code:02x} {push:02x?}");
        }
    }
}
