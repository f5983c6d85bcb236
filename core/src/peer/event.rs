//! The events that one connection tells its owner.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::wire::{
    Command, Hash, Inventory, MAX_PAYLOAD, OwnedMessage, Reject, Tx, TxError, Txid, Version, Wtxid,
};
use crate::{CloseReason, Fault};

/// An event on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The handshake is done: everything else comes between this and `Closed`. Only `Ignored` and `Rejected` may come
    /// before it.
    Handshake(Box<Negotiated>),
    /// A `pong` answered our `ping`.
    Pong {
        /// The time between them.
        rtt: Duration,
        /// The shortest such time on this connection.
        min: Duration,
    },
    /// The least fee rate, in satoshi per 1000 virtual bytes, that the peer wants announced.
    Feefilter(u64),
    /// Announced by the peer: entries of an `inv`, in their order, without those that it may not
    /// announce (transactions under the id that was not agreed on, types of `getdata` only).
    Inv(Vec<Inventory>),
    /// A transaction.
    Tx {
        /// The transaction.
        tx: Tx,
        /// How long ago we asked this peer for it; `None` if we did not.
        latency: Option<Duration>,
    },
    /// A transaction that can never be mined, or that cannot come alone: no honest peer relays it.
    InvalidTx {
        /// Its txid.
        txid: Txid,
        /// Its wtxid.
        wtxid: Wtxid,
        /// Its size in bytes.
        bytes: u32,
        /// The rule that it breaks.
        error: TxError,
        /// How long ago we asked this peer for it; `None` if we did not.
        latency: Option<Duration>,
    },
    /// A message of a command in [`Config::deliver`](crate::Config::deliver). It was decoded without an error.
    Message(OwnedMessage),
    /// Objects that we asked for and the peer does not have.
    Notfound(Vec<Inventory>),
    /// Objects that we asked for and got no answer to in time. The answer may still come.
    Unanswered(Vec<Inventory>),
    /// The peer says what it does not like, as btcd does before it hangs up. At any stage; nothing follows from
    /// it.
    Rejected(Box<Rejection>),
    /// A message that was not read, or was dropped.
    Ignored {
        /// Its command; `?` stands for each byte that is not printable.
        command: Command,
        /// The bytes of its payload.
        bytes: u32,
        /// Why.
        because: IgnoredReason,
    },
    /// The connection is over: close the stream.
    Closed(CloseReason),
}

/// The outcome of the handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Negotiated {
    /// The peer's `version`, as it came. [`Version::user_agent()`] is its name as it may be shown.
    pub version: Version,
    /// The lower of both protocol versions.
    pub common_version: i32,
    /// The peer announces transactions by wtxid (BIP339).
    pub wtxidrelay: bool,
    /// The peer understands `addrv2` (BIP155).
    pub addrv2: bool,
    /// The peer's clock minus ours when its `version` came, in seconds.
    pub time_offset: i64,
}

impl Negotiated {
    /// A handshake with a peer of this `version`, without features and with clocks that agree.
    pub const fn new(version: Version, common_version: i32) -> Self {
        Self { version, common_version, wtxidrelay: false, addrv2: false, time_offset: 0 }
    }
}

/// A `reject` (BIP61). The texts are what is printable ASCII of those that were sent, at most 1 KiB.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rejection {
    /// The command of the message that is refused.
    pub command: String,
    /// The kind of reason: see [`Reject::code`].
    pub code: u8,
    /// The reason in words.
    pub reason: String,
    /// The block or transaction that is refused, if it is one.
    pub hash: Option<Hash>,
}

impl From<Reject<'_>> for Rejection {
    fn from(reject: Reject<'_>) -> Self {
        let printable = |text: &[u8]| {
            text.iter().filter(|byte| matches!(byte, b' '..=b'~')).copied().map(char::from).collect()
        };
        Self {
            command: printable(reject.command),
            code: reject.code,
            reason: printable(reject.reason),
            hash: reject.hash,
        }
    }
}

/// Why a message was not read, or was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IgnoredReason {
    /// Nothing but `version` is read before it.
    #[error("before version")]
    BeforeVersion,
    /// Nothing but the handshake's messages is read before `verack`.
    #[error("before verack")]
    BeforeVerack,
    /// The handshake had it already.
    #[error("duplicate")]
    Duplicate,
    /// We have no use for it.
    #[error("unhandled")]
    Unhandled,
    /// It is malformed.
    #[error("malformed: {0}")]
    Malformed(#[from] Fault),
    /// A `notfound` with more entries than we can have asked for: Bitcoin Core reads none of them.
    #[error("more entries than can have been asked for")]
    TooManyEntries,
    /// A transaction that can never be mined, or that cannot come alone.
    #[error("invalid transaction: {0}")]
    InvalidTx(TxError),
    /// A transaction that came before.
    #[error("known already")]
    AlreadyKnown,
    /// One transaction more that nobody asked for than a peer may send in a minute.
    #[error("not asked for, as too many before it")]
    TooManyUnrequested,
}

impl IgnoredReason {
    /// Returns a stable word for programs, in snake_case.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::BeforeVersion => "before_version",
            Self::BeforeVerack => "before_verack",
            Self::Duplicate => "duplicate",
            Self::Unhandled => "unhandled",
            Self::Malformed(_) => "malformed",
            Self::TooManyEntries => "too_many_entries",
            Self::InvalidTx(_) => "invalid_tx",
            Self::AlreadyKnown => "already_known",
            Self::TooManyUnrequested => "too_many_unrequested",
        }
    }
}

/// Why a message was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// Before `verack` nothing but the handshake is said.
    #[error("the handshake is not done")]
    NotReady,
    /// The connection is over.
    #[error("the connection is over")]
    Closed,
    /// The handshake and the answers to pings are the peer's own business.
    #[error("it belongs to the handshake or the keepalive, which are not the application's")]
    Reserved,
    /// Longer than any message may be.
    #[error("{length} bytes of payload, at most {MAX_PAYLOAD} can be sent")]
    TooLong {
        /// Bytes of the payload.
        length: usize,
    },
    /// The other side does not read what was sent before.
    #[error("{unsent} bytes wait to be written, more than max_unsent")]
    Unsent {
        /// Bytes that wait.
        unsent: usize,
    },
}
