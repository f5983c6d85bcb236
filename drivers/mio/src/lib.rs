//! Runs [`satwire_core`] on [`mio`]: one thread, readiness events.
//!
//! A [`Driver`] owns a [`Machine`](satwire_core::Machine), most often a [`Node`](satwire_core::Node), its sockets and
//! the clock. It holds no protocol: it carries out what the machine orders, tells it what happened and when, and hands
//! its events on. The owner calls [`Driver::turn`] in a loop:
//!
//! ```
//! use std::hash::{BuildHasher, Hasher, RandomState};
//! use std::io;
//!
//! use satwire_core::node::{Address, EventKind, Purpose};
//! use satwire_core::{Config, Network};
//! use satwire_mio::Driver;
//!
//! fn main() -> io::Result<()> {
//!     // Random words of the operating system. With the crate `rand`: `FromRng(rand::rng())`.
//!     let random = |_: Purpose| RandomState::new().build_hasher().finish();
//!     let mut driver = Driver::new(Config::new(Network::Simnet), random)?;
//!     driver.dial(Address::Socket("127.0.0.1:18555".parse().map_err(io::Error::other)?));
//!     let mut events = Vec::new();
//!     let mut is_over = false;
//!     while !is_over {
//!         driver.turn(None, &mut events)?;
//!         for event in events.drain(..) {
//!             println!("{:?}", event.kind);
//!             is_over |= matches!(event.kind, EventKind::DialFailed { .. } | EventKind::Disconnected(_));
//!         }
//!     }
//!     Ok(())
//! }
//! ```
//!
//! It ends with its connection; without the condition the address is dialled again.
//!
//! - **One turn** waits for readiness or the next deadline, reads at most 64 KiB of each readable connection, and does
//!   what is due only after its reads, so that neither can a busy peer starve the others nor does a process that slept
//!   cut peers whose answers wait in the socket.
//! - **Events of a turn** are all that its reads caused: if each of them is full of the shortest messages, 2,730 events
//!   of some 150 bytes for each connection.
//! - **Commands** go through [`Driver::input`]; from another thread, through a channel of your own and
//!   [`Driver::waker`].
//! - **A peer that is too fast for you** is left unread with [`Driver::pause_reading`]; the others go on.
//! - **Names** are looked up in at most eight threads at a time, each target once.
//!
//! The turn itself is [`satwire_std::Turn`]; waiting and waking is what this crate adds.

// They panic where nothing can be written.
#![deny(clippy::print_stderr, clippy::print_stdout)]

mod driver;
mod socket;

pub use driver::Driver;
pub use satwire_std::{Notice, Totals};
