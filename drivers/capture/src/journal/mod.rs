//! The native journal: everything that can change a node's state, in order.
//!
//! # Format 1.0
//!
//! ```text
//! journal   "satwire journal\n" · major u8 · minor u8 · blocks · end
//! block     block start · (block 0: prologue) · steps · block end
//! record    kind u8 · length varint · body · check 4
//! ```
//!
//! A *varint* is a number, seven bits a byte, the lowest first, in its shortest form; other integers
//! are little-endian. A body has at most [`MAX_RECORD`] bytes.
//!
//! | kind | record | body |
//! |---|---|---|
//! | 1 | block start | number · time in µs, both varint |
//! | 2 | prologue | program · wall clock · configuration · draws |
//! | 3 | block end | records · bytes of the block up to here, both varint · digest 16, or nothing |
//! | 4 | end | why, u8 |
//! | 128 + n | step | µs since the step before · draws if bit 4 · mark 2 if bit 5 · input number n |
//!
//! **Checks.** A record's check is the CRC-32 (IEEE) of everything in its block up to and with its
//! body, checks left out; block 0 begins with the first byte of the journal. So damage to a record is
//! seen before it is looked into, none can be lost or moved within its block unseen, and the numbers of
//! the blocks do the same for them. The end mark's check covers that record alone, so that whoever
//! writes the bytes can set it after any record. Checks are there against damage: against a forged
//! journal only the limits help, and each field is held to them.
//!
//! **Blocks** are cut by what was recorded and never by a clock: before a step that lies
//! [`BLOCK_TIME`] or more after the block's start, or once the block has [`BLOCK_BYTES`]. *When* bytes
//! reach the disk does not show in them: whole records may be written at any moment, in the middle of
//! a block, since each one is checked. That is why the journal of a replay has the same bytes as the
//! journal that was replayed, and why a killed recorder loses no more than what was not flushed.
//!
//! **Steps.** An input and the random words that were drawn while it was handled are one record, so
//! that none is ever played without the others. The *mark* is the start of the [`Digest`] of what the
//! node said in this step, there if it said anything; a block's end carries the running digest of all
//! that it ever said, if it changed since the last. A mark depends on its own step alone, so that it
//! stays true where others are left out ([`shrink`](crate::shrink)).
//!
//! **What it costs.** A step takes 7 to 9 bytes on top of what was received, 2 more if the node said
//! something, 10 for each random word; a block about 50. Of a gigabyte of dense traffic, two real
//! recordings repeated with other transactions (`cargo bench -p satwire-capture -- 1024`):
//!
//! | | reads of 14 kB | reads of 88 bytes |
//! |---|---|---|
//! | on top of what was received, an input | 19.8 bytes | 10.3 bytes |
//! | and an order or event | 0.4 bytes | 15.9 bytes |
//! | speed with a recorder, to the bare core | 0.87 | 0.79 |
//! | speed of a replay, to the bare core | 0.89 | 0.74 |
//!
//! The core hashes what it receives twice, so a journal must not do so again: hence a CRC and a plain
//! sum where a cryptographic hash would cost a tenth of the speed more.
//!
//! **Versions.** Another major version is refused. A minor version adds kinds, purposes and fields; a
//! reader that meets one it does not know says which, and the version.

mod background;
mod chain;
mod codec;
mod digest;
mod error;
mod player;
mod prologue;
mod reader;
mod record;
mod recorder;
mod source;
mod sum;
mod tape;
mod writer;

use std::fmt;
use std::time::Duration;

pub use self::background::BackgroundFile;
pub use self::digest::{Digest, Digested};
pub use self::error::{Error, ErrorKind};
pub use self::player::{Difference, PlayError, Played, Player, What};
pub use self::prologue::Prologue;
pub use self::reader::{Ending, Entry, Reader};
pub use self::record::{Drawn, Mark, OwnedInput, Record, Step};
pub use self::recorder::Recorder;
pub use self::tape::{Tape, WrongDraw};
pub use self::writer::{EndReason, Ended, Writer};

/// The first 16 bytes of a journal.
pub const MAGIC: &[u8; 16] = b"satwire journal\n";

/// The format that is written here, and the newest that is read.
pub const FORMAT: Version = Version { major: 1, minor: 0 };

/// The longest body of a record, in bytes. An input that does not fit ends a recording.
pub const MAX_RECORD: u64 = 8 << 20;

/// A block is cut before the first step that lies so far after its start.
pub const BLOCK_TIME: Duration = Duration::from_secs(1);

/// A block is cut once it has so many bytes.
pub const BLOCK_BYTES: u64 = 64 << 10;

/// The most that a journal may say for [`Config::remembered_ids`](satwire_core::Config::remembered_ids),
/// whose memory is reserved when the node is made. A node with more cannot be recorded.
pub const MAX_REMEMBERED: usize = 1 << 22;

/// The length of a digest, in bytes.
pub const DIGEST: usize = 16;

/// A version of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// Journals of another major version are not read.
    pub major: u8,
    /// Later minor versions only add.
    pub minor: u8,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The kinds of records, and the numbers of inputs.
mod kind {
    pub(super) const BLOCK_START: u8 = 1;
    pub(super) const PROLOGUE: u8 = 2;
    pub(super) const BLOCK_END: u8 = 3;
    pub(super) const END: u8 = 4;
    pub(super) const STEP: u8 = 0x80;

    /// The bits of a step's kind that number its input.
    pub(super) const INPUT: u8 = 0x0f;
    /// The bit of a step's kind for "words were drawn".
    pub(super) const WITH_DRAWS: u8 = 0x10;
    /// The bit of a step's kind for "the node said something".
    pub(super) const WITH_MARK: u8 = 0x20;

    pub(super) const DIAL: u8 = 0;
    pub(super) const RESOLVED: u8 = 1;
    pub(super) const CONNECTED: u8 = 2;
    pub(super) const ACCEPTED: u8 = 3;
    pub(super) const RECEIVED: u8 = 4;
    pub(super) const CLOSED: u8 = 5;
    pub(super) const TIMEOUT: u8 = 6;
    pub(super) const CLOCK: u8 = 7;
    pub(super) const DISCONNECT: u8 = 8;
    pub(super) const STOP: u8 = 9;
}
