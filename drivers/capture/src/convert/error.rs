//! The faults that a capture can have, and where.

use std::io;
use std::path::PathBuf;

/// A capture that cannot be read further: which file, at which byte, what is wrong.
#[derive(Debug, thiserror::Error)]
#[error("{}byte {offset}: {kind}", .file.as_ref().map(|file| format!("{}: ", file.display())).unwrap_or_default())]
#[non_exhaustive]
pub struct Error {
    /// The file, where there is one.
    pub file: Option<PathBuf>,
    /// Where the offending part starts, in bytes from the start of the file; of what was compressed, in bytes
    /// after it was decompressed.
    pub offset: u64,
    /// The fault.
    #[source]
    pub kind: ErrorKind,
}

/// A fault of a capture.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The source could not be read or decompressed.
    #[error("cannot be read: {0}")]
    Io(io::Error),
    /// It starts like nothing that is read here.
    #[error("no capture: starts with \"{}\", expected a satwire journal, a pcap or pcapng file, or Bitcoin Core's msgs_recv.dat or msgs_sent.dat", .0.escape_ascii())]
    Unknown(Vec<u8>),
    /// A satwire journal, which [`journal::Reader`](crate::journal::Reader) reads.
    #[error("a satwire journal, expected a capture of another program")]
    Journal,
    /// A folder without Bitcoin Core's files, also in the folders in it.
    #[error("a folder without msgs_recv.dat or msgs_sent.dat, expected Bitcoin Core's message_capture")]
    EmptyFolder,
    /// It ends in the middle of something.
    #[error("the file ends in {within}: {left} of {needed} bytes")]
    Ends {
        /// The part that is not whole.
        within: &'static str,
        /// How many bytes of it there are.
        left: u64,
        /// How many there should be.
        needed: u64,
    },
    /// A number that cannot be: the file is damaged, or something else.
    #[error("{field} is {found}, expected {expected}")]
    Value {
        /// The name of the number.
        field: &'static str,
        /// Its value.
        found: u64,
        /// The values that it may have.
        expected: String,
    },
    /// A packet of a kind of network that is not read here.
    #[error(
        "packets of link type {0}, expected Ethernet (1), loopback (0, 108), raw IP (12, 14, 101, 228, 229) or Linux cooked (113, 276)"
    )]
    LinkType(u16),
    /// The name of a message is not printable text with zeros after it.
    #[error("a message named \"{}\", expected printable text and zeros", .0.escape_ascii())]
    Command([u8; 12]),
}

impl ErrorKind {
    pub(super) fn value(field: &'static str, found: impl Into<u64>, expected: impl Into<String>) -> Self {
        Self::Value { field, found: found.into(), expected: expected.into() }
    }

    pub(super) const fn at(self, offset: u64) -> Error {
        Error { file: None, offset, kind: self }
    }
}

impl Error {
    pub(super) fn in_file(self, file: impl Into<PathBuf>) -> Self {
        Self { file: Some(file.into()), ..self }
    }
}
