//! Signatures as inputs carry them: DER, and a byte after it that says what was signed.

/// The longest a signature gets: two numbers of 33 bytes, their headers, and the byte after.
const MAX_SIGNATURE: usize = 73;

/// Takes a push that has the form of a signature apart: the DER, and the name of what was signed.
/// None for anything else (Bitcoin Core `src/script/interpreter.cpp` `CheckSignatureEncoding` with
/// `SCRIPT_VERIFY_STRICTENC`: BIP66, and a type that is defined).
pub(super) fn parts(push: &[u8]) -> Option<(&[u8], &'static str)> {
    let (&hash_type, der) = push.split_last()?;
    (push.len() <= MAX_SIGNATURE && is_der(der)).then_some((der, name(hash_type)?))
}

fn name(hash_type: u8) -> Option<&'static str> {
    Some(match hash_type {
        0x01 => "ALL",
        0x02 => "NONE",
        0x03 => "SINGLE",
        0x81 => "ALL|ANYONECANPAY",
        0x82 => "NONE|ANYONECANPAY",
        0x83 => "SINGLE|ANYONECANPAY",
        _ => return None,
    })
}

/// A sequence (30) of two integers and nothing else. Lengths above 127 would have another form, and
/// no signature is that long.
fn is_der(der: &[u8]) -> bool {
    let [0x30, len, integers @ ..] = der else { return false };
    usize::from(*len) == integers.len() && integer(integers).and_then(integer).is_some_and(<[u8]>::is_empty)
}

/// The rest after an integer (02) that is not negative and has no byte too many.
fn integer(der: &[u8]) -> Option<&[u8]> {
    let [0x02, len, rest @ ..] = der else { return None };
    let (value, after) = rest.split_at_checked(usize::from(*len))?;
    match value {
        [] | [0x80..=0xff, ..] | [0, 0..=0x7f, ..] => None,
        _ => Some(after),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shortest there is.
    const SHORTEST: [u8; 9] = [0x30, 6, 2, 1, 1, 2, 1, 1, 1];

    #[test]
    fn each_type_that_is_defined_has_its_name() {
        for (hash_type, name) in [
            (0x01, Some("ALL")),
            (0x02, Some("NONE")),
            (0x03, Some("SINGLE")),
            (0x81, Some("ALL|ANYONECANPAY")),
            (0x82, Some("NONE|ANYONECANPAY")),
            (0x83, Some("SINGLE|ANYONECANPAY")),
            (0x00, None),
            (0x04, None),
            (0x41, None),
            (0x80, None),
            (0x84, None),
        ] {
            let mut push = SHORTEST;
            push[8] = hash_type;
            assert_eq!(parts(&push), name.map(|name| (&SHORTEST[..8], name)), "{hash_type:02x}");
        }
    }

    /// The rules of BIP66, each broken once.
    #[test]
    fn anything_else_is_no_signature() {
        assert!(parts(&SHORTEST).is_some());
        for (place, value) in
            [(0, 0x31), (1, 5), (1, 7), (2, 3), (3, 0), (3, 2), (4, 0x80), (5, 3), (6, 0), (6, 2), (7, 0x80)]
        {
            let mut push = SHORTEST;
            push[place] = value;
            assert_eq!(parts(&push), None, "{place}: {value:02x}");
        }
        for len in 0..SHORTEST.len() {
            assert_eq!(parts(&SHORTEST[..len]), None);
        }
        let signature = |r: &[u8], s: &[u8]| {
            let integer = |value: &[u8]| [&[2, value.len() as u8], value].concat();
            let integers = [integer(r), integer(s)].concat();
            [&[0x30, integers.len() as u8], &integers[..], &[1]].concat()
        };
        let high = |len: usize| [&[0][..], &vec![0x80; len - 1]].concat();
        for (r, s, good) in [
            // A zero in front of a bit that would be taken for a sign belongs there, else it does not.
            (high(33), high(33), true),
            (vec![0, 0x7f], vec![1], false),
            (vec![1], vec![0, 0x7f], false),
            // Zero itself is one byte.
            (vec![0], vec![0], true),
            (vec![0, 0], vec![0], false),
            // 73 bytes in all are the most, however they are divided.
            (vec![1; 64], vec![1; 2], true),
            (vec![1; 65], vec![1; 2], false),
        ] {
            let push = signature(&r, &s);
            assert_eq!(parts(&push).is_some(), good, "{} bytes", push.len());
        }
    }
}
