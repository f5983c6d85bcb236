//! Entries as lines: the parts that all forms of output share.

mod figures;
mod human;
mod imported;
mod json;
mod message;
mod message_line;
mod peer_table;
mod propagation_line;

use std::time::Duration;

use satwire_core::node::Output;
use satwire_core::{CloseReason, Instant, IoError};

use self::human::Human;
use self::json::Json;
pub(crate) use self::peer_table::peer_table;
use crate::cli::Format;
use crate::model::Entry;

/// Turns entries into lines, in their order.
#[derive(Debug)]
pub(crate) enum Renderer {
    Json(Json),
    Human(Human),
}

impl Renderer {
    pub(crate) fn new(format: Format) -> Self {
        match format {
            Format::Json => Self::Json(Json::default()),
            Format::Human(look) => Self::Human(Human::new(look)),
        }
    }

    /// A transcript, to be compared with another: lines for people with the time since the start, and with the node's
    /// orders; all that is said is in them, however long they are.
    pub(crate) const fn transcript() -> Self {
        Self::Human(Human::transcript())
    }

    /// The same; `hex` shows the bytes of messages with labels.
    pub(crate) fn with_hex(mut self, hex: bool) -> Self {
        match &mut self {
            Self::Json(json) => json.hex = hex,
            Self::Human(human) => human.hex = hex,
        }
        self
    }

    /// Appends the line of an order to the driver, which only a transcript has.
    pub(crate) fn order<E>(&self, at: Instant, order: &Output<E>, out: &mut Vec<u8>) {
        if let Self::Human(human) = self {
            human.order(at, order, out);
        }
    }

    /// Appends the lines of an entry: one for each transaction in it in JSON, one at all for people.
    pub(crate) fn entry(&mut self, entry: &Entry, out: &mut Vec<u8>) {
        match self {
            Self::Json(json) => json.entry(entry, out),
            Self::Human(human) => human.entry(entry, out),
        }
    }
}

/// A sentence on why a connection ended, with what an operator may want to know besides.
fn why(entry: &Entry, reason: &CloseReason) -> String {
    let hung_up = matches!(reason, CloseReason::Io(IoError::Ended | IoError::Reset));
    let is_ours = entry.connection.as_ref().is_some_and(|connection| !connection.inbound);
    if hung_up && is_ours && !entry.context.ready {
        format!(
            "{reason} before the handshake was done: it may be on another network, have no free slot, or have \
             banned us"
        )
    } else {
        reason.to_string()
    }
}

/// For a terminal that shows nothing but ASCII: one character for one, so that columns stay.
fn ascii(text: &str) -> String {
    let plain = |char| match char {
        '●' => '*',
        '○' => 'o',
        '✗' => 'x',
        '←' => '<',
        '→' => '>',
        '…' => '~',
        'µ' => 'u',
        '≠' => '!',
        other if other.is_ascii() => other,
        _ => '?',
    };
    text.chars().map(plain).collect()
}

/// Whole seconds, rounded up: a wait of half a second is no wait of none.
const fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + (duration.subsec_nanos() > 0) as u64
}

#[cfg(test)]
pub(crate) mod tests;
