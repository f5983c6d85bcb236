//! The events that a capture tells of.

use satwire_core::node::{Address, ConnId};

/// Microseconds since 1970-01-01 00:00 UTC. A time before that is 0.
pub type UnixMicros = u64;

/// One thing that happened on one connection. Finer times than a microsecond are rounded down.
///
/// Events come in the order of time. Those of one connection begin with `Opened`; its numbers count from 1 in
/// the order of appearance. Bytes of one direction come in the order of the stream, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CaptureEvent {
    /// A connection appears.
    Opened {
        /// Its name from here on.
        conn: ConnId,
        /// The end that dialled, if it is known: where `adopted` is false, and where the first bytes are its
        /// `version`. Otherwise the end whose bytes came first.
        from: End,
        /// The other end.
        to: End,
        /// When its dial was answered, or it was first seen.
        time: UnixMicros,
        /// Its beginning is not in the capture: what comes first may be the middle of a message.
        adopted: bool,
    },
    /// Bytes of the stream, when they became available to a reader at the other end.
    Bytes {
        /// The connection.
        conn: ConnId,
        /// Which end sent them.
        direction: Direction,
        /// When the packet came that completed the stream up to them.
        time: UnixMicros,
        /// At least one.
        bytes: Vec<u8>,
    },
    /// The capture lacks bytes here that were sent.
    Lost {
        /// The connection.
        conn: ConnId,
        /// Which end sent them.
        direction: Direction,
        /// When the first byte after them came.
        time: UnixMicros,
        /// How many; `None` where the sequence numbers do not tell.
        bytes: Option<u64>,
    },
    /// A whole message, from a file that keeps messages and no bytes around them.
    Message {
        /// The connection.
        conn: ConnId,
        /// Which end sent it.
        direction: Direction,
        /// When the node dealt with it.
        time: UnixMicros,
        /// Its command, as a header carries it.
        command: [u8; 12],
        /// The bytes that follow the header.
        payload: Vec<u8>,
    },
    /// One end said that it is done. Bytes that the other end had sent may still follow.
    Closed {
        /// The connection.
        conn: ConnId,
        /// When.
        time: UnixMicros,
        /// How.
        how: Ended,
    },
}

impl CaptureEvent {
    /// The connection that it concerns.
    pub const fn conn(&self) -> ConnId {
        let (Self::Opened { conn, .. }
        | Self::Bytes { conn, .. }
        | Self::Lost { conn, .. }
        | Self::Message { conn, .. }
        | Self::Closed { conn, .. }) = self;
        *conn
    }

    /// When it happened.
    pub const fn time(&self) -> UnixMicros {
        let (Self::Opened { time, .. }
        | Self::Bytes { time, .. }
        | Self::Lost { time, .. }
        | Self::Message { time, .. }
        | Self::Closed { time, .. }) = self;
        *time
    }
}

/// Which way something went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a stream has two ends")]
pub enum Direction {
    /// From the end that `Opened` calls `from`.
    Forward,
    /// From the end that `Opened` calls `to`.
    Backward,
}

impl Direction {
    /// Both of them.
    pub const BOTH: [Self; 2] = [Self::Forward, Self::Backward];

    /// The other one.
    #[must_use]
    pub const fn reverse(self) -> Self {
        match self {
            Self::Forward => Self::Backward,
            Self::Backward => Self::Forward,
        }
    }
}

/// One end of a connection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a program is known by its address or made the capture")]
pub enum End {
    /// The program at this address. A name is one that Bitcoin Core wrote, of an onion or I2P peer.
    At(Address),
    /// The node that made the capture. Bitcoin Core's files do not name its address.
    Recorder,
}

/// How a connection came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ended {
    /// Everything that was sent this way was said to have been sent (FIN). The other way may go on.
    Finished(Direction),
    /// The end that sends this way broke it off (RST).
    Reset(Direction),
    /// The same two addresses opened another one; its end is not in the capture.
    Replaced,
    /// It was silent the longest when there was no room for another. The part of it that follows, if any, is
    /// adopted under another name.
    Forgotten,
}
