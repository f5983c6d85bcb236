//! Bytes as hexadecimal text, both ways: Bitcoin Core `src/util/strencodings.cpp`.

use std::fmt;

use serde::{Serialize, Serializer};

/// Displays and serializes bytes as lowercase hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper of one value")]
pub struct Hex<'a>(pub &'a [u8]);

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HexError {
    /// There is nothing, and Bitcoin Core does not take that for no bytes.
    #[error("no hex digits at all")]
    Empty,
    /// A byte that is no digit.
    #[error("'{}' at position {} is no hex digit", byte.escape_ascii(), at + 1)]
    NotADigit {
        /// How many digits stand before it.
        at: usize,
        /// The first such byte.
        byte: u8,
    },
    /// Half a byte is left over.
    #[error("{digits} hex digits: a byte takes two")]
    Odd {
        /// How many digits there are.
        digits: usize,
    },
}

/// Returns the bytes that hexadecimal digits stand for, as [`decode_into`] reads them.
///
/// ```
/// use satwire_json::hex::{Hex, decode};
///
/// assert_eq!(decode("00fF")?, [0x00, 0xff]);
/// assert_eq!(Hex(&[0x00, 0xff]).to_string(), "00ff");
/// assert_eq!(decode("0x00").unwrap_err().to_string(), "'x' at position 2 is no hex digit");
/// # Ok::<_, satwire_json::hex::HexError>(())
/// ```
pub fn decode(text: impl AsRef<[u8]>) -> Result<Vec<u8>, HexError> {
    let mut bytes = Vec::new();
    decode_into(text.as_ref(), &mut bytes)?;
    Ok(bytes)
}

/// Replaces what `bytes` holds by the bytes that hexadecimal digits stand for.
///
/// The digits are of either case, and nothing else may stand there: no prefix, no space, no line break (Bitcoin
/// Core `src/util/strencodings.cpp` `IsHex`). Allocates half of the length of the text at most. After an error
/// `bytes` holds what came before it.
pub fn decode_into(text: &[u8], bytes: &mut Vec<u8>) -> Result<(), HexError> {
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
        Some((&byte, at)) => HexError::NotADigit { at, byte },
        None if text.is_empty() => HexError::Empty,
        None => HexError::Odd { digits: text.len() },
    })
}

/// The value of each byte as a digit; 255 for nothing.
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
            assert_eq!(decode_into(text.as_bytes(), &mut back), Ok(()));
            assert_eq!(back, bytes);
        }
    }

    #[test]
    fn mistakes_are_said_with_their_place() {
        for (text, expected) in [
            (&b""[..], "no hex digits at all"),
            (b"abc", "3 hex digits: a byte takes two"),
            (b"0x00", "'x' at position 2 is no hex digit"),
            (b"00 ", "' ' at position 3 is no hex digit"),
            (b"g", "'g' at position 1 is no hex digit"),
            (b"00\xff0", "'\\xff' at position 3 is no hex digit"),
            (b"0000\n0", "'\\n' at position 5 is no hex digit"),
        ] {
            assert_eq!(decode(text).unwrap_err().to_string(), expected);
        }
    }
}
