//! The findings that an observer tells.

use std::net::SocketAddr;

use satwire_core::node::{Address, ConnId, EventKind};
use satwire_core::peer::Direction;
use satwire_core::{CloseReason, Instant};

use crate::journal::Way;

/// Something that an import tells: what happened, when, and on which connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// When it was captured.
    pub at: Instant,
    /// On which connection.
    pub conn: ConnId,
    /// The finding itself.
    pub what: Found,
}

/// The thing that an import tells.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Found {
    /// A connection appears.
    Connected {
        /// The other end.
        peer: Address,
        /// Our end, if the capture names it.
        us: Option<SocketAddr>,
        /// The side that made it.
        direction: Direction,
        /// Its beginning is not in the capture.
        adopted: bool,
    },
    /// The same as a node tells, with what the recorded node did where a node tells what it does:
    /// [`requested`](satwire_core::node::Announcement::requested) says that the recorded node asked, within
    /// [`NOW`](super::NOW), and `latency` is the time since its `getdata`.
    Event(EventKind),
    /// A whole message, before what follows from it; told if it was [asked for](super::Observer::with_messages).
    Message {
        /// Which way it went.
        way: Way,
        /// Header and payload.
        frame: Vec<u8>,
    },
    /// The capture lacks bytes that were sent.
    Lost {
        /// Which way they went.
        way: Way,
        /// How many, if that is known.
        bytes: Option<u64>,
    },
    /// No message was found in either direction of a connection that is over, or whose capture is: BIP324 encrypts
    /// them, or it is another protocol.
    Opaque {
        /// Bytes that came from the peer.
        received: u64,
        /// Bytes that went to it.
        sent: u64,
    },
    /// Our core would have done something else than the recorded node.
    Difference(Difference),
}

/// A thing that our core would have done otherwise, with the same bytes at the same times.
///
/// It is told of connections whose beginning is in the capture, up to the first loss of bytes from the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Difference {
    /// It would have closed the connection. It is asked no more about this one.
    #[error("satwire would have closed the connection here: {0}")]
    Closes(CloseReason),
    /// It would have asked for other transactions of an inventory at once.
    #[error(
        "of this inventory satwire would have asked for {ours} at once, the recorded node for {theirs}; {both} are the same"
    )]
    Asks {
        /// How many it would have asked for.
        ours: usize,
        /// How many the recorded node asked for.
        theirs: usize,
        /// How many of them are the same.
        both: usize,
    },
}

impl Difference {
    /// Returns a stable word for programs, in snake_case.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Closes(_) => "closes",
            Self::Asks { .. } => "asks",
        }
    }
}
