//! Bytes as hexadecimal text, both ways.

use std::fmt;

use serde::{Serialize, Serializer};

/// Bytes in hexadecimal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hex<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        // A piece at a time: a transaction may have megabytes.
        let mut piece = [0; 256];
        for bytes in self.0.chunks(piece.len() / 2) {
            for (pair, byte) in piece.chunks_exact_mut(2).zip(bytes) {
                pair[0] = DIGITS[usize::from(byte >> 4)];
                pair[1] = DIGITS[usize::from(byte & 15)];
            }
            f.write_str(str::from_utf8(&piece[..bytes.len() * 2]).unwrap_or_default())?;
        }
        Ok(())
    }
}

impl Serialize for Hex<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Why text is not bytes in hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotHex {
    /// There is nothing, and Bitcoin Core does not take that for no bytes.
    Empty,
    /// The first byte that is no digit, and how many digits stand before it.
    NoDigit { at: usize, byte: u8 },
    /// Half a byte is left over.
    Odd { digits: usize },
}

impl fmt::Display for NotHex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("no hex digits at all"),
            Self::NoDigit { at, byte } => {
                write!(f, "'{}' at position {} is no hex digit", byte.escape_ascii(), at + 1)
            }
            Self::Odd { digits } => write!(f, "{digits} hex digits: a byte takes two"),
        }
    }
}

/// Reads hexadecimal digits of either case and nothing else, as Bitcoin Core's
/// `src/util/strencodings.cpp` `IsHex`; the bytes replace what `bytes` held.
pub(crate) fn decode(text: &[u8], bytes: &mut Vec<u8>) -> Result<(), NotHex> {
    bytes.clear();
    bytes.reserve(text.len() / 2);
    let (pairs, rest) = text.as_chunks::<2>();
    for pair in pairs {
        let (high, low) = (DIGIT[usize::from(pair[0])], DIGIT[usize::from(pair[1])]);
        if high | low > 15 {
            break;
        }
        bytes.push(high << 4 | low);
    }
    if bytes.len() == pairs.len() && rest.is_empty() && !text.is_empty() {
        return Ok(());
    }
    let wrong = text.iter().zip(0..).find(|(byte, _)| !byte.is_ascii_hexdigit());
    Err(match wrong {
        Some((&byte, at)) => NotHex::NoDigit { at, byte },
        None if text.is_empty() => NotHex::Empty,
        None => NotHex::Odd { digits: text.len() },
    })
}

/// What each byte stands for as a digit; 255 for nothing.
const DIGIT: [u8; 256] = {
    let mut table = [u8::MAX; 256];
    let mut value = 0;
    while value < 16 {
        table["0123456789abcdef".as_bytes()[value] as usize] = value as u8;
        table["0123456789ABCDEF".as_bytes()[value] as usize] = value as u8;
        value += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_has_no_seams() {
        let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(1000).collect();
        let text = Hex(&bytes).to_string();
        assert_eq!(text.len(), 2 * bytes.len());
        for (i, byte) in bytes.iter().enumerate() {
            assert_eq!(text[2 * i..][..2], format!("{byte:02x}"));
        }
        assert_eq!(serde_json::to_string(&Hex(&[])).unwrap(), "\"\"");
        let mut back = vec![1, 2, 3];
        for text in [text.to_uppercase(), text] {
            assert_eq!(decode(text.as_bytes(), &mut back), Ok(()));
            assert_eq!(back, bytes);
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (text, expected) in [
            (&b""[..], "no hex digits at all"),
            (b"abc", "3 hex digits: a byte takes two"),
            (b"0x00", "'x' at position 2 is no hex digit"),
            (b"00 ", "' ' at position 3 is no hex digit"),
            (b"g", "'g' at position 1 is no hex digit"),
            (b"00\xff0", "'\\xff' at position 3 is no hex digit"),
            (b"0000\n0", "'\\n' at position 5 is no hex digit"),
        ] {
            assert_eq!(decode(text, &mut Vec::new()).unwrap_err().to_string(), expected);
        }
    }
}
