//! Runs [`satwire_core`] on [`mio`]: one thread, readiness events.
//!
//! A [`Driver`] owns a [`Node`](satwire_core::Node), its sockets and the clock. It holds no
//! protocol: it carries out what the node orders, tells it what happened and when, and hands its
//! events on. The owner calls [`Driver::turn`] in a loop:
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
//! What holds for each turn: it waits for readiness or the next deadline, reads at most 64 KiB of each
//! readable connection, and does what is due only after its reads, so that neither can a busy peer
//! starve the others nor does a process that slept cut peers whose answers wait in the socket. It tells what
//! all its reads caused: if each of them is full of the shortest messages, 2,730 events of some 150 bytes for
//! each connection.

mod driver;
mod socket;

pub use driver::Driver;
pub use satwire_std::{Notice, Totals};
