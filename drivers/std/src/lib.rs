//! The decisions of every driver of [`satwire_core`] on an operating system, made once: so that all of
//! them tell the same of the same peers.
//!
//! - [`Turn`]: everything that a driver does but waiting, for any [`Machine`](satwire_core::Machine) and over any
//!   [`Runtime`] that makes [`Socket`]s;
//! - [`Clock`]: the core's timeline, and whether the wall clock was set;
//! - [`read`], [`write`](fn@write), [`accept`], [`listen`], [`look_up`]: sockets, with what they say in the core's
//!   words ([`io_error`]);
//! - [`READ`], [`ACCEPTS`], [`ACCEPT_PAUSE`]: how much is done in a turn.
//!
//! There is no event loop in here, and no protocol. The examples are drivers for loops that have no crate
//! of their own.

// They panic where nothing can be written.
#![deny(clippy::print_stderr, clippy::print_stdout)]

mod clock;
mod notice;
mod resolver;
mod socket;
mod sockets;
mod turn;

use std::time::Duration;

pub use clock::Clock;
pub use notice::Notice;
pub use socket::{Readiness, Runtime, Socket};
pub use sockets::{accept, io_error, listen, look_up, read, write};
pub use turn::Turn;

/// Bytes read of one connection in one turn, and the size of the buffer that all share.
pub const READ: usize = 64 * 1024;

/// Connections accepted of one listener in one turn.
pub const ACCEPTS: usize = 64;

/// How long a listener is left alone when the system has no more sockets to give.
pub const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// The bytes that have gone over all connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Totals {
    /// Bytes read.
    pub received: u64,
    /// Bytes written.
    pub sent: u64,
}
