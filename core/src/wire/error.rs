//! The faults of a payload.

/// Why a payload is not the message that its command says.
///
/// The same payload gives the same error on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The payload ends inside a field.
    #[error("payload ends early: a field of {needed} bytes, {left} left")]
    Truncated {
        /// Bytes that the field takes; with what stands after it, where both are read in one step.
        needed: u64,
        /// Bytes that are left in the payload.
        left: usize,
    },
    /// A CompactSize in a longer form than its value needs.
    #[error("non-canonical CompactSize: {value} in {len} bytes")]
    NonCanonical {
        /// The value that was encoded.
        value: u64,
        /// Bytes that its encoding took.
        len: u8,
    },
    /// A CompactSize above [`MAX_SIZE`](super::MAX_SIZE).
    #[error("size {0} is above 33554432")]
    SizeTooLarge(u64),
    /// More entries than the protocol allows: the one mistake of a list that ends a connection.
    #[error("{count} entries, at most {limit} are allowed")]
    TooManyEntries {
        /// Entries that the message claims.
        count: u64,
        /// Entries that the protocol allows.
        limit: u64,
    },
    /// More entries than the bytes after the count can hold.
    #[error("{count} entries of at least {entry} bytes claimed, {left} bytes left")]
    CountBeyondPayload {
        /// Entries that the message claims.
        count: u64,
        /// Least encoded size of one entry, in bytes.
        entry: usize,
        /// Bytes that are left in the payload.
        left: usize,
    },
    /// A user agent above [`MAX_USER_AGENT`](super::MAX_USER_AGENT) bytes.
    #[error("user agent of {0} bytes, at most 256 are allowed")]
    UserAgentTooLong(u64),
    /// A field of bytes that is longer than the protocol allows.
    #[error("{length} bytes, at most {limit} are allowed")]
    TooLong {
        /// Bytes that the field claims.
        length: u64,
        /// Bytes that the protocol allows.
        limit: u64,
    },
    /// An address of an `addrv2` whose network has addresses of another length (BIP155).
    #[error("address of {length} bytes in network {network}, whose addresses have {expected}")]
    AddressLength {
        /// The network's number.
        network: u8,
        /// Bytes that the address claims.
        length: u64,
        /// Bytes that an address of this network has.
        expected: u64,
    },
    /// The index of a transaction in a block, or their number, above 65,535 (BIP152).
    #[error("transaction {0} of a block, at most 65535 can be named")]
    IndexTooLarge(u64),
    /// A `feature` whose id does not have 4 to 80 bytes (BIP434).
    #[error("feature id of {0} bytes, 4 to 80 are allowed")]
    FeatureIdLength(u64),
    /// Bytes after a message in which none are tolerated: `feature` (BIP434).
    #[error("{0} bytes after the message")]
    TrailingBytes(usize),
    /// A transaction in segwit form whose witness stacks are all empty.
    #[error("superfluous witness record")]
    SuperfluousWitness,
    /// A transaction whose flag byte has other bits than the witness bit; the value without it.
    #[error("unknown transaction optional data: flag {0:#04x}")]
    UnknownTxFlag(u8),
}
