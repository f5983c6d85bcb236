//! A short name that the application gives, for a reason of its own.

use core::fmt;

/// A name of 1 to 23 characters out of `a`-`z`, `0`-`9` and `_`: a reason of the application's own, in the
/// form in which [`CloseReason::as_str`](crate::CloseReason::as_str) gives the others. It is `Copy` and
/// allocates nothing.
///
/// ```
/// use satwire_core::Label;
/// const SLOW: Label = Label::new("too_slow").unwrap();
/// assert_eq!(SLOW.as_str(), "too_slow");
/// assert_eq!(Label::new("Too slow"), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label {
    bytes: [u8; Self::MAX_LEN],
    len: u8,
}

impl Label {
    /// The most characters of a label.
    pub const MAX_LEN: usize = 23;

    /// `local`: the application gave no reason.
    pub const LOCAL: Self = Self::new("local").expect("of this form");

    /// Returns the label that reads `text`, or `None` if `text` is not of the form that the type describes.
    pub const fn new(text: &str) -> Option<Self> {
        let text = text.as_bytes();
        if text.is_empty() || text.len() > Self::MAX_LEN {
            return None;
        }
        let mut bytes = [0; Self::MAX_LEN];
        let mut i = 0;
        while i < text.len() {
            if !matches!(text[i], b'a'..=b'z' | b'0'..=b'9' | b'_') {
                return None;
            }
            bytes[i] = text[i];
            i += 1;
        }
        Some(Self { bytes, len: text.len() as u8 })
    }

    /// Returns the text.
    pub const fn as_str(&self) -> &str {
        let (text, _) = self.bytes.split_at(self.len as usize);
        match core::str::from_utf8(text) {
            Ok(text) => text,
            Err(_) => "",
        }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_form_of_the_other_reasons() {
        for text in ["a", "no_blocks_2", "abcdefghijklmnopqrstuvw"] {
            assert_eq!(Label::new(text).map(|label| label.as_str().len()), Some(text.len()), "{text}");
        }
        for text in ["", "abcdefghijklmnopqrstuvwx", "A", "a b", "a\n", "ä", "a-b"] {
            assert_eq!(Label::new(text), None, "{text}");
        }
    }
}
