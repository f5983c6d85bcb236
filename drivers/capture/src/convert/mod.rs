//! Captures that others made: packets of tcpdump and Wireshark, files of Bitcoin Core. Read, observed, and written.
//!
//! [`Opened::open`] takes any capture and any journal. A capture becomes a [`Story`] of
//! [`Observation`](crate::journal::Observation)s, from the point of view of one end, which is what its journal holds: an
//! [`Observer`] tells what they mean, [`Contents`] counts them, [`export`] writes them as files of others.
//!
//! ```text
//! pcap, pcapng, Core's files ── Capture ── Import ─┐
//! journal of an import ────────────────────────────┼─ Story ─┬─ Observer, Contents
//! journal of our own ── Player (for an export) ────┘         └─ Writer (journal), PacketWriter, CoreDatWriter
//! ```
//!
//! [`Capture::open`] takes a file or a folder, finds out by its content what it is, and hands out
//! [`CaptureEvent`]s one by one, in the order of time. Nothing here knows what a message means:
//! [`Framing`](framing::Framing) finds where messages begin, also after bytes that the capture lacks.
//!
//! | room | from | to |
//! |---|---|---|
//! | [`decompress`] | gzip, zstd, plain | bytes |
//! | [`packets`] | bytes of a pcap or pcapng file | packets |
//! | [`link`] | a packet | a TCP segment |
//! | [`reassembly`] | segments | [`CaptureEvent`]s |
//! | [`core_dat`] | `msgs_recv.dat`, `msgs_sent.dat` | [`CaptureEvent`]s |
//! | [`framing`] | bytes and losses of a connection | messages |
//! | [`Import`] | [`CaptureEvent`]s | observations: who is us, what we are, when it began |
//!
//! Files are hostile: nothing is reserved because a file claims it, and each room names its bound. In all, a
//! capture of packets is read in about [`reassembly::HELD`] bytes, and what its decompressor takes
//! ([`decompress::WINDOW`]); a folder of Bitcoin Core in about 20 kB a file.

mod contents;
pub mod core_dat;
pub mod decompress;
mod error;
mod event;
pub mod export;
pub mod framing;
mod genesis;
mod import;
pub mod link;
mod observer;
pub mod packets;
mod part;
mod pcap;
mod pcapng;
mod played;
pub mod reassembly;
mod source;
mod story;
mod survey;
mod us;

#[cfg(test)]
mod tests;

pub use self::contents::{Contents, Counted, LOSSES, Loss};
pub use self::error::{Error, ErrorKind};
pub use self::event::{CaptureEvent, Direction, End, Ended, UnixMicros};
pub use self::import::{Import, ImportOptions};
pub use self::observer::{
    Difference, Finding, Found, HELD, NOW, OVER, Observer, PATIENCE, REMEMBERED, play_import,
};
pub use self::source::{Capture, Losses};
pub use self::story::{Lost, Opened, Source, Story, StoryError};
pub use self::survey::Survey;
pub use self::us::{NAMELESS_V4, NAMELESS_V6, Us};
