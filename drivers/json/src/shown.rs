//! Values whose JSON is their text.

use std::fmt;

use serde::{Serialize, Serializer};

/// Serializes a value as the text that its `Display` gives, without a copy in between.
///
/// ```
/// use satwire_core::wire::Txid;
/// use satwire_json::Shown;
///
/// assert_eq!(serde_json::to_string(&Shown(Txid([0x2a; 32])))?, format!("\"{}\"", "2a".repeat(32)));
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper of one value")]
pub struct Shown<T>(pub T);

impl<T: fmt::Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}
