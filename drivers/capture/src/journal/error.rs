//! The faults of a journal, and their places.

use std::io;

use super::{FORMAT, MAX_RECORD, Version};

/// A journal that cannot be read further: what is wrong, and at which byte.
#[derive(Debug, thiserror::Error)]
#[error("byte {offset}: {kind}")]
#[non_exhaustive]
pub struct Error {
    /// Where the offending part starts, in bytes from the start of the journal.
    pub offset: u64,
    /// The fault.
    #[source]
    pub kind: ErrorKind,
}

/// A fault of a journal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The source could not be read.
    #[error("cannot be read: {0}")]
    Io(io::Error),
    /// It starts with something else.
    #[error("not a satwire journal: starts with \"{}\", expected \"satwire journal\\n\"", .0.escape_ascii())]
    NotAJournal(Vec<u8>),
    /// A format that this version of the program does not read.
    #[error("journal format {0}, expected 1.x to {newest}.x", newest = FORMAT.major)]
    Format(Version),
    /// A record, or a part of one, that this version of the program does not know.
    #[error("unknown {what} {code} in a journal of format {format}, this program knows up to {FORMAT}")]
    Unknown {
        /// The unknown thing.
        what: &'static str,
        /// Its number.
        code: u64,
        /// The format that the journal names.
        format: Version,
    },
    /// It ends before anything can be made of it.
    #[error("the journal ends, expected {expected}")]
    Ends {
        /// The record that should have come.
        expected: &'static str,
    },
    /// A record that claims more than [`MAX_RECORD`].
    #[error("a record that claims {0} bytes, expected at most {MAX_RECORD}")]
    TooLong(u64),
    /// The bytes do not match their check: damaged.
    #[error("damaged: check {found:08x}, expected {expected:08x}")]
    Check {
        /// The checksum after the record.
        found: u32,
        /// The checksum of its bytes, and of those before it in its block.
        expected: u32,
    },
    /// A number in more bytes than it needs, or above 64 bits.
    #[error("a number in a longer form than its value needs, or above 64 bits")]
    Varint,
    /// A record that ends inside one of its fields.
    #[error("a record that ends inside its {field}: {needed} bytes expected, {left} left")]
    Short {
        /// The field.
        field: &'static str,
        /// Bytes that it takes.
        needed: u64,
        /// Bytes that the record has left.
        left: u64,
    },
    /// Bytes after the last field of a record, or after the end mark.
    #[error("bytes after {0}, expected none")]
    Trailing(&'static str),
    /// A field with a value that it cannot have.
    #[error("{field} is {found}, expected {expected}")]
    Value {
        /// The field.
        field: &'static str,
        /// The value that it has.
        found: u64,
        /// The values that it may have.
        expected: String,
    },
    /// A field that must be there.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A field that does not have the form of what it is.
    #[error("{0} is malformed")]
    Malformed(&'static str),
    /// A text that is not UTF-8.
    #[error("{0} is not UTF-8 text")]
    Text(&'static str),
    /// A file of a journal that is kept in several, where another one belongs.
    #[error("file {found} of a journal that is kept in several, expected file {expected}")]
    Part {
        /// The number of the file.
        found: u32,
        /// The number of the file that belongs there.
        expected: u32,
    },
    /// The next file by its number, of another journal.
    #[error("file {0} is of another journal: it does not go on where the file before it ends")]
    Strange(u32),
    /// A record where another one belongs.
    #[error("found {found}, expected {expected}")]
    Order {
        /// The value that stands there.
        found: &'static str,
        /// The value that belongs there.
        expected: &'static str,
    },
}

impl ErrorKind {
    /// A field whose value must be at most `most`.
    pub(super) fn above(field: &'static str, found: u64, most: u64) -> Self {
        Self::Value { field, found, expected: format!("at most {most}") }
    }

    /// A field whose value must be another.
    pub(super) fn not(field: &'static str, found: u64, expected: u64) -> Self {
        Self::Value { field, found, expected: expected.to_string() }
    }

    pub(super) const fn at(self, offset: u64) -> Error {
        Error { offset, kind: self }
    }
}
