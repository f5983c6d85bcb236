//! Why a connection ended.

use core::fmt;
use core::time::Duration;

use crate::wire::{self, Command, MAX_PAYLOAD};
use crate::{Label, Magic, Network};

/// Why a connection ended, or was never made.
///
/// `Display` is a sentence with the offending value; [`CloseReason::as_str`] a stable name for
/// programs. No I/O error is inside, so that a replay ends with the same reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CloseReason {
    /// A message that starts with other bytes than our network's.
    #[error("message starts with {got}, expected {expected}: {}", speaker(*got))]
    WrongMagic {
        /// The bytes that the message starts with.
        got: Magic,
        /// Our network's bytes.
        expected: Magic,
    },
    /// A header that claims more than [`MAX_PAYLOAD`].
    #[error("header claims {length} bytes of payload, at most {MAX_PAYLOAD} are allowed")]
    PayloadTooLong {
        /// The length that the header claims.
        length: u32,
    },
    /// A list with more entries than the protocol allows.
    #[error("{command} with {count} entries, at most {limit} are allowed")]
    TooManyEntries {
        /// The command of the message.
        command: Command,
        /// The count that it claims.
        count: u64,
        /// The count that is allowed.
        limit: u64,
    },
    /// More malformed messages than are tolerated.
    #[error("{count} malformed messages, the last one: {last}")]
    TooManyMalformed {
        /// How many there were.
        count: u8,
        /// The fault of the last.
        last: Fault,
    },
    /// A `version` below the least that we speak with this side.
    #[error("protocol version {version} is below {least}")]
    ObsoleteVersion {
        /// The version that the peer speaks.
        version: i32,
        /// The least that we accept.
        least: i32,
    },
    /// A message after `verack` that must come before it (BIP155, BIP339).
    #[error("{0} after verack, it must come before")]
    LateFeature(Command),
    /// A transaction, or the announcement of one, although our `version` says that we take none (BIP37).
    #[error("{0} of a transaction, although our version asks for none")]
    UnwantedTx(Command),
    /// The peer's `version` carries a nonce of ours.
    #[error("connected to ourselves")]
    SelfConnection,
    /// Every inbound slot is taken.
    #[error("all {slots} inbound slots are taken")]
    NoSlot {
        /// How many there are.
        slots: usize,
    },
    /// This address has all the inbound slots that one may have.
    #[error("one address may have {limit} inbound slots")]
    NoSlotForAddress {
        /// How many it may have.
        limit: usize,
    },
    /// The addresses with the same first 16 bits (IPv4) or 32 bits (IPv6) have all the inbound slots that they
    /// may have together.
    #[error("addresses of one group, /16 of IPv4 or /32 of IPv6, may have {limit} inbound slots")]
    NoSlotForGroup {
        /// How many they may have.
        limit: usize,
    },
    /// Every inbound slot was taken, and this connection was worth less than a newcomer.
    #[error("made room for a newcomer: all {slots} inbound slots are taken")]
    Evicted {
        /// How many there are.
        slots: usize,
    },
    /// The connection was not open in time.
    #[error("not connected within {0:?}")]
    ConnectTimeout(Duration),
    /// No `version` or no `verack` in time.
    #[error("handshake not finished within {0:?}")]
    HandshakeTimeout(Duration),
    /// No `pong` in time; of a peer that knows none (BIP31), nothing at all.
    #[error("no pong within {0:?}")]
    PingTimeout(Duration),
    /// The driver lost the connection, or could not make it.
    #[error("{0}")]
    Io(IoError),
    /// The application asked for it, with this reason.
    #[error("closed by us{}", Because(*.0))]
    Local(Label),
}

/// The protocol that starts a message like this.
fn speaker(got: Magic) -> &'static str {
    match &got.0 {
        b"HTTP" => "the peer speaks HTTP: it is a web server, or the RPC port of a node",
        b"SSH-" => "the peer speaks SSH",
        _ if Network::from_magic(got).is_some() => "the peer is on another network",
        _ => {
            "the peer is on a network of its own, or speaks another protocol, such as the encrypted one of BIP324"
        }
    }
}

/// `: too_slow`, or nothing where no reason was given.
struct Because(Label);

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == Label::LOCAL { Ok(()) } else { write!(f, ": {}", self.0) }
    }
}

impl CloseReason {
    /// A stable word for programs, in snake_case; of [`CloseReason::Local`] the label itself.
    pub const fn as_str(&self) -> &str {
        match self {
            Self::WrongMagic { .. } => "wrong_magic",
            Self::PayloadTooLong { .. } => "payload_too_long",
            Self::TooManyEntries { .. } => "too_many_entries",
            Self::TooManyMalformed { .. } => "too_many_malformed",
            Self::ObsoleteVersion { .. } => "obsolete_version",
            Self::LateFeature(_) => "late_feature",
            Self::UnwantedTx(_) => "unwanted_tx",
            Self::SelfConnection => "self_connection",
            Self::NoSlot { .. } => "no_slot",
            Self::NoSlotForAddress { .. } => "no_slot_for_address",
            Self::NoSlotForGroup { .. } => "no_slot_for_group",
            Self::Evicted { .. } => "evicted",
            Self::ConnectTimeout(_) => "connect_timeout",
            Self::HandshakeTimeout(_) => "handshake_timeout",
            Self::PingTimeout(_) => "ping_timeout",
            Self::Io(error) => error.as_str(),
            Self::Local(label) => label.as_str(),
        }
    }
}

/// How the driver lost a connection, or failed to make it: what of an I/O error is the same on
/// every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum IoError {
    /// The peer closed the stream.
    #[error("closed by the peer")]
    Ended,
    /// The peer reset the connection.
    #[error("reset by the peer")]
    Reset,
    /// Nobody listens there.
    #[error("connection refused")]
    Refused,
    /// The network gave up waiting.
    #[error("timed out in the network")]
    TimedOut,
    /// No way to that address.
    #[error("network or host unreachable")]
    Unreachable,
    /// The name has no address.
    #[error("name not resolved")]
    NotResolved,
    /// Anything else.
    #[error("input/output error")]
    Other,
    /// The system has no more sockets to give.
    #[error("out of file descriptors: raise the limit (ulimit -n)")]
    NoDescriptors,
}

impl IoError {
    /// All of them, in the order of their declaration.
    pub const ALL: [Self; 8] = [
        Self::Ended,
        Self::Reset,
        Self::Refused,
        Self::TimedOut,
        Self::Unreachable,
        Self::NotResolved,
        Self::Other,
        Self::NoDescriptors,
    ];

    /// A stable word for programs, in snake_case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ended => "stream_ended",
            Self::Reset => "reset",
            Self::Refused => "refused",
            Self::TimedOut => "timed_out",
            Self::Unreachable => "unreachable",
            Self::NotResolved => "not_resolved",
            Self::Other => "io_error",
            Self::NoDescriptors => "no_descriptors",
        }
    }
}

/// The fault of a malformed message. It is dropped; the connection survives a few of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The payload does not match the header's checksum.
    #[error("wrong checksum")]
    Checksum,
    /// The command's bytes are not a name.
    #[error("malformed command")]
    Command,
    /// The payload is longer than any valid message of its command; it was skipped.
    #[error("{length} bytes of payload, at most {limit} make sense")]
    Length {
        /// The length that the header claims.
        length: u32,
        /// The longest valid form.
        limit: u32,
    },
    /// The payload is not what the command says.
    #[error(transparent)]
    Payload(#[from] wire::Error),
}
