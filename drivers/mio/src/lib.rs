//! Runs [`satwire_core`] on [`mio`]: one thread, readiness events.
//!
//! A [`Driver`] owns a [`Machine`](satwire_core::Machine), most often a [`Node`](satwire_core::Node), its sockets and
//! the clock. It holds no protocol: it carries out what the machine orders, tells it what happened and when, and hands
//! its events on. The owner calls [`Driver::turn`] in a loop:
//!
//! ```no_run
//! use satwire_core::node::{Address, FromRng};
//! use satwire_core::{Config, Network};
//! use satwire_mio::Driver;
//! # fn operating_system_rng() -> impl rand_core::Rng { chacha20::ChaCha12Rng::from_seed([0; 32]) }
//! # use rand_core::SeedableRng;
//!
//! let mut driver = Driver::new(Config::new(Network::Simnet), FromRng(operating_system_rng()))?;
//! driver.dial(Address::Socket("127.0.0.1:18555".parse().expect("an address")));
//! let mut events = Vec::new();
//! loop {
//!     driver.turn(None, &mut events)?;
//!     for event in events.drain(..) {
//!         println!("{:?}", event.kind);
//!     }
//! }
//! # #[expect(unreachable_code)]
//! # Ok::<(), std::io::Error>(())
//! ```
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
