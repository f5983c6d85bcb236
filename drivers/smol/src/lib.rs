//! Runs [`satwire_core`] on [smol](https://docs.rs/smol): a stream of events, and a handle for commands.
//!
//! A [`Driver`] owns a [`Machine`](satwire_core::Machine), most often a [`Node`](satwire_core::Node), its sockets and
//! the clock. It holds no protocol: it carries out what the machine orders, tells it what happened and when, and hands
//! its events on:
//!
//! ```
//! use std::hash::{BuildHasher, Hasher, RandomState};
//! use std::net::AddrParseError;
//!
//! use satwire_core::node::{Address, EventKind, Purpose};
//! use satwire_core::{Config, Network};
//! use satwire_smol::Driver;
//! use smol::stream::StreamExt as _;
//!
//! fn main() -> Result<(), AddrParseError> {
//!     // Random words of the operating system. With the crate `rand`: `FromRng(rand::rng())`.
//!     let random = |_: Purpose| RandomState::new().build_hasher().finish();
//!     let mut driver = Driver::new(Config::new(Network::Simnet), random);
//!     driver.dial(Address::Socket("127.0.0.1:18555".parse()?));
//!     smol::block_on(async {
//!         while let Some(news) = driver.next().await {
//!             match news {
//!                 Ok(event) => {
//!                     println!("{:?}", event.kind);
//!                     // The stream ends after that. Without it the address is dialled again.
//!                     if let EventKind::DialFailed { .. } | EventKind::Disconnected(_) = event.kind {
//!                         driver.stop();
//!                     }
//!                 }
//!                 Err(notice) => eprintln!("{notice}"),
//!             }
//!         }
//!     });
//!     Ok(())
//! }
//! ```
//!
//! - **Only polling makes progress.** An owner that does not take the events stops the reading, and then the
//!   peers: at most what one read of 64 KiB caused waits to be taken. A peer has its answers before its
//!   news are told; what they mean for others (a request to the next announcer, a connection to close)
//!   comes as the events are taken.
//! - **A future of the next event can be dropped** at any time, and nothing is lost. Dropping the driver
//!   closes all connections.
//! - **One turn** asks each readable connection for at most 64 KiB, and does what is due only after
//!   its reads, so that neither can a busy peer starve the others nor does a process that slept cut
//!   peers whose answers wait in the socket. Then the executor has its turn; in every twelfth one the
//!   reactor is asked about everybody, however much there is to read.
//! - **Commands** go through [`Driver::input`]; from another task or thread through a [`Handle`], which takes at most
//!   1024 that are not carried out yet, and says when the driver is gone.
//! - **A peer that is too fast for you** is left unread with [`Driver::pause_reading`]; the others go on.
//! - **Names** are looked up in at most eight threads at a time, each target once.
//!
//! The turn itself is [`satwire_std::Turn`]; waiting and waking is what this crate adds.
//!
//! All connections are one future and not a task each, but every socket has its own waker, so a wake-up
//! costs what is ready and not what is connected. The driver is `Send` if its machine is. It needs
//! `async-io`'s reactor, which starts by itself, and no particular executor.

// They panic where nothing can be written.
#![deny(clippy::print_stderr, clippy::print_stdout)]

mod bells;
mod driver;
mod handle;
mod socket;

pub use driver::Driver;
pub use handle::{Handle, HandleError};
pub use satwire_std::{Notice, Totals};
