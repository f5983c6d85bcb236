//! The native journal: everything that can change a node's state, in order.
//!
//! # Format 2.0
//!
//! ```text
//! journal   "satwire journal\n" · major u8 · minor u8 · blocks · end
//! block     block start · (block 0: prologue) · steps · block end
//! record    kind u8 · length varint · body · check 4
//! fields    (number varint · length varint · value), by ascending number
//! ```
//!
//! A *varint* is a number, seven bits a byte, the lowest first, in its shortest form; other integers
//! are little-endian. A body has at most [`MAX_RECORD`] bytes.
//!
//! | kind | record | body |
//! |---|---|---|
//! | 1 | block start | number · time in µs, both varint |
//! | 2 | prologue | fields: 1 program, 2 wall clock, 3 configuration (fields), 4 draws, 5 options, 6 origin, 7 continuation |
//! | 3 | block end | records · bytes of the block up to here, both varint · digest 16, or nothing |
//! | 4 | end | why, u8 |
//! | 5 | observation | number of what was observed, varint · µs since the record before · connection, varint · its own fields |
//! | 64 to 127 | none yet | may be passed over |
//! | 128 + bits | step | input number n, varint · µs since the last step · draws if bit 0 · mark 2 if bit 1 · its fields |
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
//! that none is ever played without the others. An observation
//! ([`Environment::observe`](satwire_core::node::Environment::observe)) stands among the words. The *mark* is the start of the [`Digest`] of what the
//! node said in this step, there if it said anything; a block's end carries the running digest of all
//! that it ever said, if it changed since the last. A mark depends on its own step alone, so that it
//! stays true where others are left out ([`shrink`](crate::shrink)).
//!
//! **Costs.** A step takes 8 to 10 bytes on top of what was received, 2 more if the node said
//! something, 10 for each random word; a block about 50. Of a gigabyte of dense traffic, two real
//! recordings repeated with other transactions (`cargo bench -p satwire-capture -- 1024`, measured with format 1.0,
//! whose steps were one byte shorter):
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
//! **Several files.** A journal may be kept in files, one after the other: `FILE.000001`, `FILE.000002` and so on
//! ([`file_name`]). A file ends with a whole block and the end mark 5; the next one begins like a
//! journal. Its prologue has no draws, the wall clock as it was set then, and a *continuation*: the
//! number of the file, the time of the last step before it, the digest of all before it, and of each open connection its
//! address, what it had negotiated, and how much was to come of a message that was under way. Files after one another
//! (also in one stream) are one journal: a [`Reader`] goes on from one to the next, says which is missing, and its records
//! are numbered through; a [`Player`] plays them as if they were one. A file without those before it cannot be played, since
//! the node's state is not in it: it is [observed](crate::convert::Opened::open). Where a file ends is said by
//! [`Recorder::in_files_of`] and by what was recorded, so that a replay that is recorded is cut at the same places.
//!
//! **Imports.** The journal of a capture that another program made names its origin in the prologue and has
//! observations instead of steps: connections, the bytes of both directions, losses. No node played it, so there are no
//! draws, marks and digests, and a [`Player`] refuses it: [`convert`](crate::convert) reads it.
//!
//! # Versions: what is promised
//!
//! A journal of format 1.0 or 2.x is read by every later program of this house. 2.0 is what is written; to carry an
//! old journal over, record its replay.
//!
//! A *minor* version only adds: numbers of inputs, purposes of draws, I/O errors and ends, fields of the prologue
//! and of the configuration, kinds of record. No number is used twice, and none changes its meaning. A reader that is
//! older than a journal does this with what it does not know:
//!
//! - **An input, a purpose, an error, an end, a kind of record below 64 or from 128 on** cannot be played. It is an
//!   error that gives its number and the byte at which its record stands. The records before it are read.
//! - **A kind of record from 64 to 127** is passed over.
//! - **A field of the prologue or the configuration** is passed over and noted ([`Prologue::unknown`]). A writer
//!   leaves out a field by which the node acts as one that has no such field. So what is noted may make a replay
//!   differ, which shows in the marks; what is not there cannot.
//!
//! By the same rule a reader that is *newer* than a journal gives a field that is not there the value under which the
//! node acts as nodes did before there was the field, which need not be its default: without `inbound_per_address`, for
//! one, there is no such limit. The sixteen fields of format 1.0 are always written; one that is missing all the same
//! has the default of the reader's [`Config`](satwire_core::Config), and without the network's magic a prologue is
//! refused.
//!
//! **Marks and digests** stay comparable: what an old journal can hold is encoded as it ever was, a new event gets a
//! new number. They compare what the node *does*, though, and a later core may do something else with the same inputs.
//! Then a replay names the first record that differs, and that is no fault of the journal.
//!
//! # Format 1.0
//!
//! It differs in three things. The kind of a step is 128 + its input's number, with bit 4 for draws and bit 5 for a
//! mark, so that the body starts with the time. The prologue is program · wall clock · 16, and the values of so many
//! fields of the configuration · draws; texts have their length before them. Input 8 has a connection and nothing else,
//! and means that its target is dialled again.

mod background;
mod chain;
mod codec;
mod config;
mod continuation;
mod digest;
mod error;
mod event;
mod files;
mod input;
mod kind;
mod observation;
mod player;
mod prologue;
mod reader;
mod record;
mod recorder;
mod rotation;
mod sink;
mod source;
mod sum;
mod tape;
mod writer;

use std::fmt;
use std::time::Duration;

pub use self::background::BackgroundFile;
#[cfg(test)]
pub(crate) use self::background::Disk;
pub use self::continuation::{Carried, Continuation, MAX_CARRIED};
pub use self::digest::{Digest, Digested};
pub use self::error::{Error, ErrorKind};
pub use self::files::{Files, file_name, file_number, files_of};
pub use self::input::OwnedInput;
pub use self::observation::{Close, Observation, Observed, Origin, Way};
pub use self::player::{Difference, PlayError, Played, Player, What};
pub use self::prologue::{Prologue, Unknown};
pub use self::reader::{Ending, Entry, Reader};
pub use self::record::{Drawn, Mark, Record, Step};
pub use self::recorder::Recorder;
pub use self::sink::Sink;
pub use self::tape::{Tape, WrongDraw};
pub use self::writer::{EndReason, Ended, Writer};

/// The first 16 bytes of a journal.
pub const MAGIC: &[u8; 16] = b"satwire journal\n";

/// The format that is written here, and the newest that is read.
pub const FORMAT: Version = Version::V2_0;

/// The longest body of a record, in bytes. An input that does not fit ends a recording.
pub const MAX_RECORD: u64 = 8 << 20;

/// A block is cut before the first step that lies so far after its start.
pub const BLOCK_TIME: Duration = Duration::from_secs(1);

/// A block is cut once it has so many bytes.
pub const BLOCK_BYTES: u64 = 64 << 10;

/// The most that a journal may say for [`Config::remembered_ids`](satwire_core::Config::remembered_ids),
/// whose memory is reserved when the node is made. A node with more cannot be recorded.
pub const MAX_REMEMBERED: usize = 1 << 22;

/// The most [options](Prologue::options) of a prologue.
pub const MAX_OPTIONS: usize = 256;

/// The length of a digest, in bytes.
pub const DIGEST: usize = 16;

/// A version of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_structs, reason = "a value")]
pub struct Version {
    /// Journals of a later major version are not read.
    pub major: u8,
    /// Later minor versions only add.
    pub minor: u8,
}

impl Version {
    /// The first with numbers that have room to grow.
    pub const V2_0: Self = Self { major: 2, minor: 0 };
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}
