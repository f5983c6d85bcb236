//! Lines for people on what only the captures of other programs have.

use std::fmt;

use satwire_capture::journal::Way;

use super::figures::Count;
use crate::model::EntryKind;

/// The things that a capture lacks, hides, or has otherwise than our core would.
pub(super) struct Imported<'a>(pub(super) &'a EntryKind);

impl fmt::Display for Imported<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            EntryKind::Lost(way, bytes) => {
                let from = if *way == Way::Received { "the peer" } else { "the recorded node" };
                f.write_str("… ")?;
                match bytes {
                    Some(bytes) => Count(*bytes, "byte").fmt(f)?,
                    None => f.write_str("bytes")?,
                }
                write!(f, " from {from} are not in the capture")
            }
            EntryKind::Opaque(received, sent) => {
                let (received, sent) = (Count(*received, "byte"), Count(*sent, "byte"));
                write!(f, "… encrypted (BIP324) or no Bitcoin: {received} in, {sent} out")
            }
            EntryKind::Difference(difference) => write!(f, "≠ {difference}"),
            _ => Ok(()),
        }
    }
}
